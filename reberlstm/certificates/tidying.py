"""Boxes with few decimals: a small file, and room for a checker that rounds differently."""

from __future__ import annotations

import numpy as np

from reberlstm.certificates.boxes import Boxes
from reberlstm.certificates.intervals import Interval
from reberlstm.certificates.proof import Problem
from reberlstm.net.weights import Floats

DIGITS = 4
"""The most digits that the ends of boxes are tried with, beyond the first one of the width."""

ROUNDS = 6
"""How often the rounded boxes may have to grow before more digits are tried."""


def tidied(problem: Problem, boxes: Boxes) -> Boxes:
    """The boxes with as few decimals as keep all but a five-hundredth of the margins.

    Where none will do, the boxes as they are.
    """
    best = problem.proves(boxes)
    if best is None:
        return boxes
    for digits in range(DIGITS):
        rounded = _settled_on_grid(problem, boxes, digits)
        found = problem.proves(rounded)
        if found is not None and all(found[head] >= 0.998 * best[head] for head in found):
            return rounded
    return boxes


def _settled_on_grid(problem: Problem, boxes: Boxes, digits: int) -> Boxes:
    """Rounded outwards, and again where the rounded boxes lead further out."""
    floor = problem.floor
    decimals_h, decimals_c = (_decimals(part, digits, floor) for part in (boxes.h, boxes.c))
    rounded = Boxes(_outwards(boxes.h, decimals_h), _outwards(boxes.c, decimals_c))
    rounded.assign(np.array([0]), boxes[:1])  # the zero vector is a point, and stays one
    for _ in range(ROUNDS):
        image = problem.image(rounded)
        if image is None or image.inside(rounded):
            break
        rows, arrived = image.targets, image.boxes
        further = Boxes(
            _further(arrived.h, rounded.h[rows], decimals_h[rows]),
            _further(arrived.c, rounded.c[rows], decimals_c[rows]),
        )
        rounded.assign(rows, further)
    return rounded


def _decimals(x: Interval, digits: int, floor: float) -> Floats:
    """How many decimals show so many digits more than the first one of the width."""
    with np.errstate(invalid="ignore"):
        width = np.maximum(np.where(np.isfinite(x.width), x.width, 1.0), floor)
    return np.asarray(digits - np.floor(np.log10(width)))


def _further(x: Interval, known: Interval, decimals: Floats) -> Interval:
    """`known`, but where `x` reaches further out, as far as that, rounded."""
    rounded = _outwards(x, decimals)
    return Interval(
        np.where(x.lo < known.lo, rounded.lo, known.lo),
        np.where(x.hi > known.hi, rounded.hi, known.hi),
    )


def _outwards(x: Interval, decimals: Floats) -> Interval:
    """Ends rounded outwards to so many decimals."""
    unit = 10.0**-decimals
    # A tenth of a unit makes up for the division, and leaves a little room.
    return Interval(
        _decimal(np.floor(x.lo / unit - 0.1), decimals),
        _decimal(np.ceil(x.hi / unit + 0.1), decimals),
    )


def _decimal(multiples: Floats, decimals: Floats) -> Floats:
    """``multiples · 10^−decimals``, rounded once, so that few digits are enough to write it."""
    with np.errstate(invalid="ignore"):
        value = np.where(decimals > 0.0, multiples / 10.0**decimals, multiples * 10.0**-decimals)
    return np.asarray(np.where(np.isfinite(multiples), value, multiples) + 0.0)
