"""The reference runtime: the formulas of `reberlstm.net.cells`, unrolled; and what can be changed.

A fault of `reberlstm.conformance.faults` is a reference in which one thing is done differently.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from reberlstm.conformance.suite import Call
from reberlstm.net.cells import Cell, Layer, State
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net
from reberlstm.net.numbers import NUMBERS


def same(value: Any, *_: Any) -> Any:
    """What is not changed."""
    return value


def below(hidden: Floats, *_: Any) -> Floats:
    """What a layer is fed: h of the one below after the same step."""
    return hidden


@dataclass(frozen=True, eq=False)
class Reference:
    """A runtime in float64; what is done otherwise than usual is given by functions.

    Attributes:
        layer: What becomes of a layer's arrays: of the layer and its number.
        layers: Which layers are run, of those that there are.
        cell: What becomes of the formula.
        math: What the formula is evaluated in.
        call: What becomes of what is given: the call.
        start: What becomes of a layer's first state: the parts (B, H), and the layer's number.
        feed: What a layer above reads: h (B, T, H), c (B, T, H) and the input x of the net.
        store: What becomes of a state when it is kept.
        returned: What becomes of the hidden states (B, T, H): they, and the call.
        rows: Whether each word of a call begins in the state that the one before it ended in:
            ``always``, or where no initial state is given (``zero``).
        repeats: Whether after the end of a word its last state is returned, as by Keras, and not
            zeros, as by PyTorch and ONNX; both are right.
        calls: Where a state is kept from call to call: the states that were ended in, by what
            tells them apart, of the net and the shape (L, B, H) of the state; None if it is not.
    """

    layer: Callable[[Layer, int], Layer] = same
    layers: Callable[[Sequence[Layer]], Sequence[Layer]] = same
    cell: Callable[[Cell], Cell] = same
    math: Any = NUMBERS
    call: Callable[[Call], Call] = same
    start: Callable[[State, int], State] = same
    feed: Callable[[Floats, Floats, Floats], Floats] = below
    store: Callable[[State], State] = same
    returned: Callable[[Floats, Call], Floats] = same
    rows: str = ""
    repeats: bool = False
    calls: Callable[[Net, tuple[int, ...]], Hashable] | None = None

    def then(self, other: Reference) -> Reference:
        """What does both otherwise; where only one of two can be done, it is the other's."""
        changes: dict[str, Any] = {}
        for field in fields(self):
            own, more = getattr(self, field.name), getattr(other, field.name)
            if more == field.default:
                changes[field.name] = own
            elif own == field.default or field.name in (
                "cell",
                "math",
                "feed",
                "rows",
                "repeats",
                "calls",
            ):
                changes[field.name] = more
            else:
                changes[field.name] = _chained(own, more)
        return Reference(**changes)

    def run(
        self, net: Net, calls: Sequence[Call], kept: dict[Hashable, Any] | None = None
    ) -> list[Floats]:
        """The hidden states of the last layer (B, T, H) of each call.

        Args:
            net: The net; all its layers are of one size.
            calls: What it is given.
            kept: Where the states are that `calls` keeps, from one run to the next.

        Raises:
            ValueError: where shapes do not fit, as in other runtimes.
        """
        found, kept = [], {} if kept is None else kept
        for call in calls:
            given = self.call(call)
            start = self._start(net, given)
            shape = len(start), *start[0][0].shape
            if self.calls is not None and call.initial is None:
                old_shape, old = kept.get(self.calls(net, shape), ((), start))
                start = old if old_shape == shape else start
            hidden, end = self._words(net, given, start)
            if self.calls is not None:
                kept[self.calls(net, shape)] = shape, end
            found.append(self.returned(hidden, call))
        return found

    def _start(self, net: Net, call: Call) -> list[State]:
        layers = self.layers(net.layers)
        if call.initial is None:
            shape = len(call.x), layers[0].size
            return [tuple(np.zeros(shape) for _ in x.cell.parts) for x in layers]
        return [
            self.start(tuple(part[number] for part in call.initial), number)
            for number in range(len(layers))
        ]

    def _words(self, net: Net, call: Call, start: list[State]) -> tuple[Floats, list[State]]:
        if not self.rows or (self.rows == "zero" and call.initial is not None):
            return self._unroll(net, call, start)
        found, state = [], [tuple(part[:1] for part in parts) for parts in start]
        for x in call.x:
            hidden, state = self._unroll(net, Call(x[np.newaxis]), state)
            found.append(hidden)
        return self._ended(np.concatenate(found), call), state

    def _unroll(self, net: Net, call: Call, start: list[State]) -> tuple[Floats, list[State]]:
        x, ends = call.x, []
        for number, layer in enumerate(self.layers(net.layers)):
            layer, cell = self.layer(layer, number), self.cell(layer.cell)
            a = self.math.linear(x, layer.weight_ih, layer.bias_ih)
            state, states, known = start[number], [], {}
            for t in range(a.shape[1]):
                # A compiled net soon comes to states that it has been in, bit by bit.
                key = (a[:, t].tobytes(), *(part.tobytes() for part in state))
                if key not in known:
                    known[key] = self.store(cell.step(layer, a[:, t], state, self.math)[1])
                state = known[key]
                states.append(state)
            series = [np.stack(part, axis=1) for part in zip(*states, strict=True)]
            at = -1 if call.lengths is None else call.lengths - 1
            ends.append(tuple(part[np.arange(len(part)), at] for part in series))
            x = self.feed(series[0], series[-1], call.x)
        return self._ended(series[0], call), ends

    def _ended(self, hidden: Floats, call: Call) -> Floats:
        """Zeros, or the last state, after the end of each word."""
        if call.lengths is None:
            return hidden
        steps, ends = np.arange(hidden.shape[1]), call.lengths[:, np.newaxis]
        if self.repeats:
            return np.take_along_axis(hidden, np.minimum(steps, ends - 1)[..., np.newaxis], axis=1)
        return np.where((steps < ends)[..., np.newaxis], hidden, 0.0)


def _chained(first: Callable[..., Any], second: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value, *about: second(first(value, *about), *about)
