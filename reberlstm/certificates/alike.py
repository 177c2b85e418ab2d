"""Which last symbols need no boxes of their own: those after which the net stands alike.

A compiled state may have several cells, of which the last symbol tells the active one. Boxes for
each state alone are too wide then, and boxes for each state and last symbol are many: where there
are fifty symbols, fifty times as many as the net has vertices. So the net is run to every state on
every last symbol, and symbols that lead to the same vertex share a box. This only guesses which
boxes to look for; what is found is proved like any other invariant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from reberlstm.certificates.arithmetic import Arithmetic
from reberlstm.certificates.claims import Claim
from reberlstm.certificates.execution import Execution
from reberlstm.net.weights import LSTMWeights

Alike = Mapping[tuple[int, int], int]
"""For a state of the machine and the column of the last symbol the column to say instead."""

GRID = 4.0
"""Vertices are told apart to one over this; active cells are at about 0.76."""


def alike_symbols(weights: LSTMWeights, claim: Claim, arithmetic: Arithmetic) -> Alike | None:
    """The last symbols that may share a box, or None where that would not help.

    It helps where some state has several kinds of last symbols, as many kinds in all as a net with
    one active cell has vertices: one for each cell, zero, and what comes after a violation.
    """
    found = _where_steps_lead(weights, claim, arithmetic)
    first: dict[tuple[int, tuple[tuple[float, ...], ...]], int] = {}
    alike = {}
    for (state, column), places in found.items():
        kind = (state, tuple(sorted(places)))
        alike[state, column] = first.setdefault(kind, column)
    several = len(first) > len({state for state, _ in first})
    return alike if several and len(first) <= weights.size + 2 else None


def _where_steps_lead(
    weights: LSTMWeights, claim: Claim, arithmetic: Arithmetic
) -> dict[tuple[int, int], set[tuple[float, ...]]]:
    """For each state and last symbol the vertices that one word to each state leads to."""
    execution = Execution(weights, arithmetic)
    found: dict[tuple[int, int], set[tuple[float, ...]]] = defaultdict(set)
    points = {0: execution.start()}
    for state in (pending := [0]):
        steps = [step for step in claim.steps[state] if claim.goes_on(step[1])]
        if not steps:
            continue
        columns = np.array([column for column, _ in steps], dtype=np.intp)
        rows = np.zeros(len(steps), dtype=np.intp)
        h, c = execution.step(*points[state], rows, columns)
        for number, (column, target) in enumerate(steps):
            found[target, column].add(tuple(np.rint(GRID * h[number]) + 0.0))
            if target not in points:
                points[target] = h[number : number + 1], c[number : number + 1]
                pending.append(target)
    return found
