"""Running a word through a net with everything recorded, and checking many strings."""

from reberlstm.simulator.tracing import Trace, TraceStep, trace

__all__ = ["Trace", "TraceStep", "trace"]
