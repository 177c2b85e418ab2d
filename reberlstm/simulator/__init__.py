"""Running nets: one word with everything recorded, and strings by the million."""

from reberlstm.simulator.tracing import Trace, TraceStep, trace

__all__ = ["Trace", "TraceStep", "trace"]
