"""Readouts: what each state says, as a linear function of ``h``."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from reberlstm.compiler.encoding import Encoding, Special
from reberlstm.compiler.layout import Layout
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import ACTIVE
from reberlstm.net.readouts import Head

ILLEGAL_LOGIT = -30.0
"""The logit of a symbol that may not come next: a probability of 9e-14.

Larger ones would cost digits: in float32 a logit of 30 is known to 1e-6."""

MARGIN = ACTIVE / 2.0
"""``legal``, ``accept`` and ``label`` are this where true and minus this where false."""


def readouts(encoding: Encoding, layout: Layout, labels: tuple[str, ...]) -> dict[str, Head]:
    """The heads of a compiled net; see `reberlstm.net.net.LSTMWeights`."""
    tables = encoding.tables

    def legal(state: int) -> list[float]:
        return [_sign(legal) for legal in tables.legal[state]]

    def accept(state: int) -> list[float]:
        return [_sign(tables.accepting[state])]

    def label(state: int) -> list[float]:
        return [_sign(tables.outputs[state] == label) for label in labels]

    def logits(state: int) -> list[float]:
        if not tables.goes_on[state]:
            # Nothing is asked of them here; halfway, the way to other states is the shortest.
            return [ILLEGAL_LOGIT / 2.0] * len(tables.alphabet)
        return [_logit(chance) for chance in tables.probability[state]]

    heads = {"legal": legal, "accept": accept, "next": logits}
    if labels:
        heads["label"] = label
    return {name: _linear(encoding, layout, value) for name, value in heads.items()}


def _sign(truth: bool) -> float:
    return MARGIN if truth else -MARGIN


def _logit(probability: float) -> float:
    return max(math.log(probability), ILLEGAL_LOGIT) if probability > 0.0 else ILLEGAL_LOGIT


def _linear(encoding: Encoding, layout: Layout, value: Callable[[int], list[float]]) -> Head:
    """The linear map that gives each code the value of its state."""
    values = {code: np.array(value(state)) for code, state in encoding.codes()}
    reference = values[encoding.reference]
    weight: Floats = np.zeros((len(reference), len(layout.cells)))
    for state, cells in layout.cells_of.items():
        weight[:, cells] = ((values[state] - reference) / ACTIVE)[:, np.newaxis]
    if layout.started is not None:
        weight[:, layout.started] = (reference - values[Special.ZERO]) / ACTIVE
    return Head(weight, values[Special.ZERO])
