"""Several steps at once, with the mean value theorem: where a box leads along a word.

Let m be the middle of the box, y where the exact net takes it along the word, and D the product of
the derivatives along the way, each over a box that holds all states there. Then a state x of the
box is taken to y + D·(x − m) + s, where s is what rounding and noise have added since, carried on
by the derivatives. That is intersected with the plain step, which is better for wide boxes, while
this is better for narrow ones: the sizes of D's entries, unlike the product of their sizes, shrink
when the net forgets. (Mean value forms: R. E. Moore, Interval Analysis, 1966, chapter 6.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from reberlstm.certificates.arithmetic import ARITHMETICS
from reberlstm.certificates.boxes import Boxes, BoxNet
from reberlstm.certificates.intervals import Interval, tanh
from reberlstm.certificates.nodes import Level
from reberlstm.certificates.slopes import derivatives, identity
from reberlstm.net.weights import Floats


def follow(net: BoxNet, boxes: Boxes, levels: Sequence[Level]) -> Iterator[Boxes]:
    """The boxes after the first, second, … steps of words, a row for each step of the level.

    Args:
        net: A net of the standard cell, with one-hot inputs.
        boxes: The boxes of all nodes.
        levels: The steps.
    """
    exact = BoxNet(net.weights, ARITHMETICS["real"])
    roots, parents = np.unique(levels[0].parents, return_inverse=True)
    here = boxes[roots]
    middle, reach = _middle_and_reach(here)
    moved = _point(middle)
    slopes, added = identity(len(roots), 2 * net.size), np.zeros_like(middle)
    origin = np.arange(len(roots))
    for number, level in enumerate(levels):
        if number:
            parents = level.parents
        here, moved, origin = here[parents], moved[parents], origin[parents]
        each = np.arange(len(level))
        gates = exact.gates(here, level.symbols)
        after = tanh(exact.memory(gates, here.c))
        slope = derivatives(net.weights, gates, here.c, after)
        slopes = slope.times(slopes[parents])
        error = np.concatenate(net.rounding_error(here, level.symbols), axis=1)
        added = (slope.spread(added[parents]) + error + net.noise) * (1.0 + 2.0**-40)
        moved = exact.step(moved, each, level.symbols)
        around = slopes.spread(reach[origin]) + added
        plain = net.step(here, each, level.symbols)
        here = _intersection(plain, _widened(moved, around))
        yield here


def _middle_and_reach(boxes: Boxes) -> tuple[Floats, Floats]:
    """The middles, (N, 2·H), and how far the boxes reach from there."""
    lo, hi = (np.concatenate(pair, axis=1) for pair in (boxes.ends()[::2], boxes.ends()[1::2]))
    middle = 0.5 * lo + 0.5 * hi
    return middle, np.maximum(hi - middle, middle - lo) * (1.0 + 2.0**-50) + 1e-300


def _point(middle: Floats) -> Boxes:
    h, c = np.split(middle, 2, axis=1)
    return Boxes(Interval(h, h), Interval(c, c))


def _widened(boxes: Boxes, radius: Floats) -> Boxes:
    h, c = np.split(radius, 2, axis=1)
    return Boxes(boxes.h.widen(h), boxes.c.widen(c))


def _intersection(a: Boxes, b: Boxes) -> Boxes:
    return Boxes(
        *(
            Interval(np.maximum(x.lo, y.lo), np.minimum(x.hi, y.hi))
            for x, y in ((a.h, b.h), (a.c, b.c))
        )
    )
