"""The checker's own way along a word: where does a box lead after several steps?

The mean value theorem, as in `reberlstm.certificates.paths`, written a second time and for one word
at a time, with lower and upper ends of every entry: if y is where the exact net takes the middle m
of a box, and D encloses the product of the derivatives on the way, then a state x of the box is
taken to y + D·(x − m), plus what rounding and noise have added since.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reberlstm.certificates.checker_bounds import Bounds, Ends, Floats

BoxEnds = tuple[Floats, ...]


@dataclass(frozen=True)
class Place:
    """Where the states of a box are, some symbols later.

    Attributes:
        box: Bounds of ``h`` and ``c``: least h, greatest h, least c, greatest c, each (H,).
        middle: The same for where the exact net takes the middle of the box.
        slopes: Least and greatest entries of the derivative, (2·H, 2·H), ``h`` before ``c``.
        reach: How far the box reached from its middle, (2·H,).
        added: How far rounding and noise can have led away since, (2·H,).
    """

    box: BoxEnds
    middle: BoxEnds
    slopes: Ends
    reach: Floats
    added: Floats


class Paths:
    """Steps of one net, exactly and on its machine."""

    def __init__(self, bounds: Bounds) -> None:
        self.machine = bounds
        held = bounds.net.replace(
            weight_hh=bounds.u, weight_ih=bounds.w, bias_ih=bounds.bias_ih, bias_hh=bounds.bias_hh
        )
        self.exact = Bounds(held, "real", 0.0, (0.0, 1.0, 1.0))
        size = bounds.net.size
        self.weights = dict(zip(bounds.net.gates, bounds.u.reshape(-1, size, size), strict=True))

    def start(self, box: BoxEnds) -> Place:
        """A box before any symbol."""
        low, high = np.concatenate(box[::2]), np.concatenate(box[1::2])
        middle = np.clip(low + 0.5 * (high - low), low, high)
        reach = _up(np.maximum(high - middle, middle - low))
        h, c = np.split(middle, 2)
        unit = np.eye(len(middle))
        return Place(box, (h, h, c, c), (unit, unit), reach, np.zeros_like(middle))

    def step(self, place: Place, symbol: str) -> Place:
        """One symbol further."""
        slope = self._slope(place.box, symbol)
        slopes = _product(slope, place.slopes)
        error = self.machine.rounding_error(place.box, symbol) + self.machine.noise
        added = _up(_size(slope) @ place.added + error)
        middle = self.exact.step(place.middle, symbol)
        around = _up(_size(slopes) @ place.reach) + added
        by_slope = (
            np.concatenate(middle[::2]) - around,
            np.concatenate(middle[1::2]) + around,
        )
        plain = self.machine.step(place.box, symbol)
        low = np.maximum(np.concatenate(plain[::2]), np.nextafter(by_slope[0], -np.inf))
        high = np.minimum(np.concatenate(plain[1::2]), np.nextafter(by_slope[1], np.inf))
        size = self.machine.net.size
        box = (low[:size], high[:size], low[size:], high[size:])
        return Place(box, middle, slopes, place.reach, added)

    def _slope(self, box: BoxEnds, symbol: str) -> Ends:
        """The derivative of (h', c') in (h, c), on all of the box."""
        gate, _, t = self.exact.parts(box, symbol)
        i, f, g, o = (gate[name] for name in ("input", "forget", "candidate", "output"))
        c = (box[2], box[3])
        c_by_h = _add(
            _add(
                self._rows(_times(c, _bell(f, 0.0)), "forget"),
                self._rows(_times(g, _bell(i, 0.0)), "input"),
            ),
            self._rows(_times(i, _bell(g, -1.0)), "candidate"),
        )
        down = _times(o, _bell(t, -1.0))
        column = (down[0][:, np.newaxis], down[1][:, np.newaxis])
        h_by_h = _add(self._rows(_times(t, _bell(o, 0.0)), "output"), _times(column, c_by_h))
        h_by_c = _times(down, f)
        low, high = (
            np.block([[h_by_h[end], np.diag(h_by_c[end])], [c_by_h[end], np.diag(f[end])]])
            for end in (0, 1)
        )
        return low, high

    def _rows(self, factor: Ends, gate: str) -> Ends:
        """The recurrent weights of a gate, each row times its factor."""
        column = (factor[0][:, np.newaxis], factor[1][:, np.newaxis])
        weight = self.weights[gate]
        return _times(column, (weight, weight))


def _outward(low: Floats, high: Floats) -> Ends:
    """Room for the rounding of a few operations, and for underflow."""
    return (
        low - (2.0**-48 * np.abs(low) + 1e-290),
        high + (2.0**-48 * np.abs(high) + 1e-290),
    )


def _times(a: Ends, b: Ends) -> Ends:
    corners = [x * y for x in a for y in b]
    return _outward(np.minimum.reduce(corners), np.maximum.reduce(corners))


def _add(a: Ends, b: Ends) -> Ends:
    return _outward(a[0] + b[0], a[1] + b[1])


def _bell(s: Ends, least: float) -> Ends:
    """``(s − least)·(1 − s)``: the slope of sigmoid (least 0) or tanh (least −1) at a value s."""
    low, high = ((end - least) * (1.0 - end) for end in s)
    top = 0.5 * (least + 1.0)
    largest = np.where((s[0] <= top) & (s[1] >= top), (top - least) * (1.0 - top), 0.0)
    lowest, highest = np.minimum(low, high), np.maximum(np.maximum(low, high), largest)
    return _outward(lowest, highest)


def _product(a: Ends, b: Ends) -> Ends:
    """All products of two interval matrices, entry by entry and column by column."""
    low, high = (np.empty_like(b[0]) for _ in range(2))
    for column in range(b[0].shape[1]):
        terms = _times(a, (b[0][:, column], b[1][:, column]))
        # A sum of n terms is off by at most n·2⁻⁵³ of the sum of their sizes.
        error = 2.0 * len(b[0]) * 2.0**-53 * _size(terms).sum(axis=1) + 1e-290
        low[:, column] = terms[0].sum(axis=1) - error
        high[:, column] = terms[1].sum(axis=1) + error
    return _outward(low, high)


def _size(a: Ends) -> Floats:
    return np.maximum(np.abs(a[0]), np.abs(a[1]))


def _up(x: Floats) -> Floats:
    """A little more than a number that is not negative: sums of up to 10⁵ terms, and underflow."""
    return x * (1.0 + 2.0**-34) + 1e-290
