"""The reference: the formulas of `reberlstm.net.cells`, step by step in float64.

It has no formula of its own. It is not `reberlstm.run`, since that takes words of a net's alphabet,
and a runtime also takes other inputs, initial states and lengths.

A fault of `reberlstm.conformance.faults` is a reference in which one thing is done differently.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from reberlstm.conformance.suite import Call
from reberlstm.net.cells import Layer, State
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net
from reberlstm.net.numbers import NUMBERS

Kept = dict[Hashable, tuple[Floats, ...]]
"""States (L, B, H), for each part one, by what they are kept under."""


def same(value: Any, *_: Any) -> Any:
    """What is not changed."""
    return value


@dataclass(frozen=True, eq=False)
class Reference:
    """A runtime in float64; what it does otherwise than usual is given by functions.

    Attributes:
        call: What becomes of a call.
        layers: What becomes of the layers of a net: their order, arrays and kinds of cell.
        math: What the formulas are evaluated in.
        store: What becomes of a state after a step.
        feed: What a layer above reads: of h (B, T, H), c (B, T, H) and the input x of the net.
        returned: What becomes of the hidden states (B, T, H): of them, and the call.
        rows: Whether each word of a call begins in the state that the one before it ended in:
            ``always``, or where no initial state is given (``zero``).
        repeats: Whether after the end of a word its last state is returned, as by Keras, and not
            zeros, as by PyTorch and ONNX; both are right.
        calls: Where a state is kept from call to call: what it is kept under, of the net and the
            shape (L, B, H) of the state; None if it is not.
    """

    call: Callable[[Call], Call] = same
    layers: Callable[[Sequence[Layer]], Sequence[Layer]] = same
    math: Any = NUMBERS
    store: Callable[[State], State] = same
    feed: Callable[[Floats, Floats, Floats], Floats] = same
    returned: Callable[[Floats, Call], Floats] = same
    rows: str = ""
    repeats: bool = False
    calls: Callable[[Net, tuple[int, ...]], Hashable] | None = None

    def then(self, other: Reference) -> Reference:
        """What does both otherwise; where only one of two can be done, it is the other's."""
        changes: dict[str, Any] = {}
        for field in fields(self):
            own, more = getattr(self, field.name), getattr(other, field.name)
            if field.name in ("call", "layers", "store", "returned"):
                changes[field.name] = _chained(own, more)
            else:
                changes[field.name] = own if more == field.default else more
        return Reference(**changes)

    def run(self, net: Net, calls: Sequence[Call], kept: Kept | None = None) -> list[Floats]:
        """The hidden states of the last layer (B, T, H) of each call.

        Args:
            net: The net; all its layers are of one size.
            calls: What it is given.
            kept: Where the states are that `calls` keeps, from one run to the next.

        Raises:
            ValueError, IndexError, WeightsError: where shapes do not fit, as in other runtimes.
        """
        kept = {} if kept is None else kept
        return [self.returned(self._hidden(net, self.call(x), kept), x) for x in calls]

    def _hidden(self, net: Net, call: Call, kept: Kept) -> Floats:
        layers = self.layers(net.layers)
        shape = len(layers), len(call.x), layers[0].size
        begun = call.initial or tuple(np.zeros(shape) for _ in layers[0].cell.parts)
        if self.calls is not None and call.initial is None:
            old = kept.get(self.calls(net, shape), begun)
            begun = old if old[0].shape == shape else begun
        if self.rows == "always" or (self.rows == "zero" and call.initial is None):
            found, end = [], tuple(part[:, :1] for part in begun)
            for x in call.x:
                hidden, end = self._unroll(layers, Call(x[np.newaxis], end))
                found.append(hidden)
            hidden = np.concatenate(found)
        else:
            hidden, end = self._unroll(layers, replace(call, initial=begun))
        if self.calls is not None:
            kept[self.calls(net, shape)] = end
        return self._ended(hidden, call)

    def _unroll(self, layers: Sequence[Layer], call: Call) -> tuple[Floats, tuple[Floats, ...]]:
        """The hidden states (B, T, H) and the state at the ends of the words, each (L, B, H)."""
        x, ends, words = call.x, [], np.arange(len(call.x))
        assert call.initial is not None, "given by the caller"
        for number, layer in enumerate(layers):
            a = self.math.linear(x, layer.weight_ih, layer.bias_ih)
            state, states, known = tuple(part[number] for part in call.initial), [], {}
            for t in range(a.shape[1]):
                # A compiled net soon comes to states that it has been in, bit by bit.
                key = (a[:, t].tobytes(), *(part.tobytes() for part in state))
                if key not in known:
                    known[key] = self.store(layer.cell.step(layer, a[:, t], state, self.math)[1])
                state = known[key]
                states.append(state)
            series = [np.stack(part, axis=1) for part in zip(*states, strict=True)]
            last = -1 if call.lengths is None else call.lengths - 1
            ends.append([part[words, last] for part in series])
            x = self.feed(series[0], series[-1], call.x)
        return series[0], tuple(np.stack(part) for part in zip(*ends, strict=True))

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
