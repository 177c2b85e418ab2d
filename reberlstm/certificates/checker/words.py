"""Where a net is after one word, in bounds that stay narrow when the word is long.

The box of one step after the other widens wherever the net turns, although two runs that differ a
little come together again. So the state is followed in a frame of its own: x = m + G·e, give or
take an error, where e is any vector of numbers in [−1, 1]. The gates are linear in x but for a
remainder that is as small as the square of G, and after each step G is turned by a QR decomposition
such that its columns stay apart (R. J. Lohner, Enclosing the solutions of ordinary initial and
boundary value problems, in Computerarithmetic, 1987). All that rounding here, and in the
arithmetic, may add is part of the error. So the result holds for every order of summation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.checker.document import RejectedError
from reberlstm.certificates.checker.steps import Ends, Steps, cell

Floats = NDArray[np.float64]

UP = 1.0 + 2.0**-30  # more than sums of up to 10⁵ numbers, none negative, can be off by
TINY = 1e-290  # more than a few underflows
MAX_WORK = 4e9  # numbers multiplied on the way, at most
SIGMOID_BEND, TANH_BEND = 0.0963, 0.7699  # the largest second derivatives: 1/(6·√3), 4/(3·√3)


class Form(NamedTuple):
    """Numbers ``middle + slopes @ e``, each give or take its error: (n,), (n, D), (n,)."""

    middle: Floats
    slopes: Floats
    error: Floats

    @property
    def spread(self) -> Floats:
        """How far the numbers may be from their middles."""
        return np.asarray((np.abs(self.slopes).sum(axis=1) + self.error) * UP)

    @property
    def ends(self) -> Ends:
        """The least and the greatest of each."""
        middle, spread = self.middle, self.spread
        low, high = (
            np.nextafter(middle - spread, -math.inf),
            np.nextafter(middle + spread, math.inf),
        )
        return np.where(spread > 0.0, low, middle), np.where(spread > 0.0, high, middle)

    @property
    def size(self) -> Floats:
        """How large each may be."""
        return np.asarray((np.abs(self.middle) + self.spread) * UP)


class FormSums(NamedTuple):
    """Sums of products to which more may be added, see `reberlstm.certificates.checker.steps`."""

    form: Form
    size: Floats
    number: Floats
    lost: Floats


class _Forms:
    """Computing with forms; the formulas are those of `cell`, the bounds those of `Bounds`."""

    def __init__(self, steps: Steps, columns: int) -> None:
        self.bounds, self.columns = steps.bounds, columns
        # What middle and slopes of a sum of products may be off by here, of the sum of all sizes.
        self.sums = 2.0 * (steps.bounds.longest + 18) * 2.0**-53

    def constant(self, x: Floats) -> Form:
        return Form(x, np.zeros((len(x), self.columns)), np.zeros(len(x)))

    def linear(self, weight: Floats, x: Form, bias: Floats) -> FormSums:
        _, _, size, number, lost = self.bounds.linear(weight, x.ends, bias)
        form = Form(weight @ x.middle + bias, weight @ x.slopes, np.abs(weight) @ x.error)
        return FormSums(form, size, number, lost)

    def added(self, parts: Sequence[FormSums]) -> Form:
        forms, sizes, numbers, losses = zip(*parts, strict=True)
        middle, slopes, error = (sum(kind[1:], start=kind[0]) for kind in zip(*forms, strict=True))
        size = sum(sizes)
        if not (np.asarray(size) < 1e305).all():
            raise RejectedError("a sum may overflow float64")
        own = np.where(np.asarray(sum(numbers)) > 0.0, self.sums * size + TINY, 0.0)
        rounding = self.bounds.rounding(size, sum(numbers), sum(losses))
        return Form(middle, slopes, (error + own + rounding) * UP)

    def split(self, sums: FormSums, number: int) -> list[FormSums]:
        split = self.bounds.split
        both = zip(split(sums.form, number), split(sums[1:], number), strict=True)
        return [FormSums(Form(*form), *rest) for form, rest in both]

    def sigmoid(self, z: Form) -> Form:
        with np.errstate(over="ignore"):
            value = 1.0 / (1.0 + np.exp(-z.middle))
        ends = self.bounds.sigmoid(z.ends)
        return self._function(z, value, value * (1.0 - value), SIGMOID_BEND, ends)

    def tanh(self, z: Form) -> Form:
        value = np.tanh(z.middle)
        slope = (1.0 + value) * (1.0 - value)
        return self._function(z, value, slope, TANH_BEND, self.bounds.tanh(z.ends))

    def _function(self, z: Form, value: Floats, slope: Floats, bend: float, ends: Ends) -> Form:
        """By Taylor's theorem; or within the ends, where that says more."""
        bounds, spread = self.bounds, z.spread
        arithmetic = 4.0 * bounds.unit + bounds.kernel + 2.0 * bounds.smallest
        remainder = 0.5 * bend * spread**2 + 2.0**-40 * spread
        error = slope * z.error + remainder + 2.0**-46 * np.abs(value) + arithmetic + TINY
        return _better(Form(value, slope[:, np.newaxis] * z.slopes, error * UP), ends)

    def relu(self, z: Form) -> Form:
        low, high = z.ends
        zero = np.zeros_like(low)
        kept, crossing = low >= 0.0, (low < 0.0) & (high > 0.0)
        half = 0.5 * high
        return Form(
            np.where(kept, z.middle, np.where(crossing, half, zero)),
            np.where(kept[:, np.newaxis], z.slopes, 0.0),
            np.where(kept, z.error, np.where(crossing, half * UP, zero)),
        )

    def product(self, factor: Form, x: Form) -> Form:
        bounds = self.bounds
        form = self._product(factor, x)
        rounding = bounds.unit * form.size + bounds.smallest * (3.0 + x.size)
        return form._replace(error=(form.error + rounding) * UP)

    @staticmethod
    def _product(a: Form, b: Form) -> Form:
        """As computed here: ``a·b`` is linear but for the product of the spreads."""
        slopes = a.middle[:, np.newaxis] * b.slopes + b.middle[:, np.newaxis] * a.slopes
        error = np.abs(a.middle) * b.error + np.abs(b.middle) * a.error + a.spread * b.spread
        error = error + 2.0**-46 * a.size * b.size + TINY
        return Form(a.middle * b.middle, slopes, error * UP)

    def sum(self, x: Form, y: Form) -> Form:
        bounds = self.bounds
        form = self._sum(x, y)
        rounding = bounds.unit * form.size + 3.0 * bounds.smallest
        return form._replace(error=(form.error + rounding) * UP)

    @staticmethod
    def _sum(x: Form, y: Form) -> Form:
        error = x.error + y.error + 2.0**-46 * (x.size + y.size) + TINY
        return Form(x.middle + y.middle, x.slopes + y.slopes, error * UP)

    def mix(self, z: Form, n: Form, h: Form) -> Form:
        """``(1 − z)·n + z·h = n + z·(h − n)``."""
        bounds, minus = self.bounds, Form(-n.middle, -n.slopes, n.error)
        form = self._sum(n, self._product(z, self._sum(h, minus)))
        rounding = (4.0 * bounds.unit + 2.0 * bounds.smallest) * (n.size + h.size)
        rounding = rounding + 8.0 * bounds.smallest
        return form._replace(error=(form.error + rounding) * UP)


def _better(form: Form, ends: Ends) -> Form:
    """The form, or numbers between the ends where these say clearly more."""
    low, high = ends
    middle = 0.5 * (low + high)
    error = np.nextafter(np.maximum(high - middle, middle - low), math.inf) * UP
    closer = ~((form.error < error) & (form.spread < 2.0 * error))
    return Form(
        np.where(closer, middle, form.middle),
        np.where(closer[:, np.newaxis], 0.0, form.slopes),
        np.where(closer, error, form.error),
    )


def _turned(form: Form) -> Form:
    """The same numbers, and a few more, with an error of nearly 0: in a new frame."""
    count = len(form.middle)
    order = np.argsort(-np.abs(form.slopes).sum(axis=0), kind="stable")
    frame = np.linalg.qr(form.slopes[:, order])[0]
    # A vector v is frame @ (frame⁻¹ @ v), and frame⁻¹ = (1 + E)⁻¹ @ frameᵀ with a small E.
    across = np.abs(frame.T)
    reach = np.abs(frame.T @ form.slopes).sum(axis=1) + across @ form.error
    reach = reach + 2.0 * (count + 4) * 2.0**-53 * (across @ form.spread)
    skew = float(np.abs(frame.T @ frame - np.eye(count)).sum(axis=1).max())
    skew += 4.0 * count * (count + 4) * 2.0**-53
    if not skew < 0.5:
        raise RejectedError("the frame of a state vector is not finite")
    reach = (reach + skew / (1.0 - skew) * reach.max() + TINY) * UP
    slopes = frame * reach
    return Form(form.middle, slopes, 2.0**-51 * np.abs(slopes).sum(axis=1) + TINY)


def after(steps: Steps, word: Sequence[str], frames: bool) -> Ends:
    """Bounds of the state vector after a word, without noise: with or without frames.

    Raises:
        RejectedError: where that is too much work, or a sum may overflow.
    """
    count = len(steps.start)
    if len(word) * count**3 > MAX_WORK and frames:
        raise RejectedError(
            f"{len(word)} symbols through {count} numbers are too many to bound a long run"
        )
    numbers = _Forms(steps, count if frames else 0)
    first = steps.layers[0]
    inputs: dict[str, FormSums] = {}
    state = numbers.constant(steps.start)
    for symbol in word:
        if symbol not in inputs:
            x = numbers.constant(steps.inputs[symbol])
            inputs[symbol] = numbers.linear(first.w, x, first.bias_ih)
        state = _step(steps, numbers, state, inputs[symbol])
        state = _turned(state) if frames else state
    return state.ends


def _step(steps: Steps, numbers: _Forms, state: Form, a: Any) -> Form:
    middles, errors = (steps.split((part, part)) for part in (state.middle, state.error))
    found: list[list[Form]] = []
    at = 0
    for layer, m, e in zip(steps.layers, middles, errors, strict=True):
        parts = []
        for (middle, _), (error, _) in zip(m, e, strict=True):
            parts.append(Form(middle, state.slopes[at : at + layer.size], error))
            at += layer.size
        if found:
            a = numbers.linear(layer.w, found[-1][0], layer.bias_ih)
        again = numbers.linear(layer.u, parts[0], layer.bias_hh)
        found.append(cell(layer, a, again, parts, numbers)[1])
    every = [part for parts in found for part in parts]
    return Form(*(np.concatenate(kind) for kind in zip(*every, strict=True)))
