"""The names of version 0.1's module of weights; they live in `reberlstm.net.net` and `readouts`."""

from reberlstm.net.cells import CELLS
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import ACTIVE, LSTMWeights, Scope
from reberlstm.net.readouts import KINDS as HEADS
from reberlstm.net.readouts import TOY_THRESHOLD as PUBLISHED_THRESHOLD
from reberlstm.net.readouts import Head

__all__ = [
    "ACTIVE",
    "GATES",
    "HEADS",
    "PUBLISHED_THRESHOLD",
    "Floats",
    "Head",
    "LSTMWeights",
    "Scope",
]

GATES = {"standard": CELLS["lstm"].gates, "published": CELLS["toy"].gates}
