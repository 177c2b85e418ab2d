"""Running the weights: the reference step, one word with everything recorded, and many words."""

from reberlstm.simulator.batch import run_batch
from reberlstm.simulator.step import State, Step, initial, snap_to_vertex, step
from reberlstm.simulator.tracing import Trace, TraceStep, trace

__all__ = [
    "State",
    "Step",
    "Trace",
    "TraceStep",
    "initial",
    "run_batch",
    "snap_to_vertex",
    "step",
    "trace",
]
