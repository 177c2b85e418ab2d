"""The known faults of runtimes: each has a name, a sentence, and a reference that has the fault.

They stand by what is done wrong: with weights, formulas, states, words, layers, or numbers. Most
are known from threads of runtimes and converters, which docs/runtime-maintainers.md lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations, product
from typing import Any, TypeAlias

import numpy as np

from reberlstm.certificates.arithmetic import ARITHMETICS, Arithmetic
from reberlstm.conformance.reference import Reference
from reberlstm.conformance.suite import Call
from reberlstm.net.cells import CELLS, Cell, Gates, Layer, State
from reberlstm.net.cells.cell import Floats
from reberlstm.net.cells.lstm import LSTM
from reberlstm.net.net import ARRAYS
from reberlstm.net.numbers import NUMBERS, Numbers


@dataclass(frozen=True, eq=False)
class Fault:
    """A known fault.

    Attributes:
        name: A short name: ``gate-order``. Several faults may share it, and differ in what it says.
        says: What is done wrong, as a sentence without an end.
        reference: A runtime that does it.
        rounds: Whether it is about rounding, so that outputs are only near those of the reference.
        bits: How many bits the hidden states then have; 0 where that is not told.
    """

    name: str
    says: str
    reference: Reference
    rounds: bool = False
    bits: int = 0


Named: TypeAlias = Iterator[tuple[str, str, Reference]]
"""What faults are made of: name, sentence and reference."""


@cache
def faults(kind: str, dtype: str = "float32") -> tuple[Fault, ...]:
    """All known faults of runtimes of a kind of cell that should run in a type of numbers.

    Example:
        >>> known = faults("lstm")
        >>> sum(fault.name == "gate-order" for fault in known)
        23
        >>> known[0].says
        'gates are read in the order i, f, o, g, and the weights have i, f, g, o'
    """
    cell = CELLS[kind]
    parts = (_orders, _biases, _matrices, _functions, _formulas, _states, _words, _layers)
    found = [Fault(*named) for part in parts for named in part(cell)]
    formats = [name for name in ("float32", "float16", "bfloat16") if name != dtype]
    return (*found, *(fault for name in formats for fault in _formats(name)), *_integers())


# Weights

LETTERS = {"lstm": "ifgo", "gru": "rzn", "gru-before": "rzn", "rnn": "n"}
"""The gates as PyTorch's documentation calls them."""


def layers(change: Callable[[Layer], dict[str, Any]]) -> Reference:
    """Some arrays of every layer are others, or its kind of cell is."""
    return Reference(layers=lambda every: [replace(x, **change(x)) for x in every])


def arrays(change: Callable[[Floats], Floats], *names: str) -> Reference:
    """The arrays of these names, or all, are changed."""
    return layers(lambda layer: {name: change(getattr(layer, name)) for name in names or ARRAYS})


def blocks(change: Callable[[dict[str, Floats]], dict[str, Floats]], *names: str) -> Reference:
    """The rows of some gates are others: given by the gates' names, and so returned."""

    def changed(layer: Layer) -> dict[str, Floats]:
        found, gates = {}, layer.cell.gates
        for name in names or ARRAYS:
            own = dict(zip(gates, np.split(getattr(layer, name), len(gates)), strict=True))
            found[name] = np.concatenate(list((own | change(own)).values()))
        return found

    return layers(changed)


def block(gate: str, change: Callable[[Floats], Floats], *names: str) -> Reference:
    """The rows of one gate are changed."""
    return blocks(lambda own: {gate: change(own[gate])}, *names)


MATRICES, BOTH = ("weight_ih", "weight_hh"), ("bias_ih", "bias_hh")
BIASES = {"bias_ih is": BOTH[:1], "bias_hh is": BOTH[1:], "both biases are": BOTH}
PARTS = {
    "": ARRAYS,
    "in the biases only, ": BOTH,
    "in the matrices only, ": MATRICES,
    "in the input weights and their bias only, ": ("weight_ih", "bias_ih"),
    "in the recurrent weights and their bias only, ": ("weight_hh", "bias_hh"),
    "in the recurrent matrix only, ": ("weight_hh",),
    "in the input matrix only, ": ("weight_ih",),
}


def _orders(cell: Cell) -> Named:
    gates, letters = cell.gates, LETTERS[cell.name]
    for part, names in PARTS.items():
        for order in list(permutations(range(len(gates))))[1:]:

            def read(own: dict[str, Floats], order: Sequence[int] = order) -> dict[str, Floats]:
                # The block at place p is taken for gate order[p].
                return dict(zip([gates[i] for i in order], own.values(), strict=True))

            found = ", ".join(letters[i] for i in order)
            says = f"gates are read in the order {found}, and the weights have {', '.join(letters)}"
            yield "gate-order-in-part" if part else "gate-order", part + says, blocks(read, *names)
    if (number := len(gates)) > 1:
        says = f"row {number}·j + k is read as cell j of gate k, and the weights have gate by gate"
        yield (
            "gates-interleaved",
            says,
            arrays(lambda x: x.reshape(-1, number, *x.shape[1:]).swapaxes(0, 1).reshape(x.shape)),
        )


def _biases(cell: Cell) -> Named:
    for what, names in BIASES.items():
        yield "bias-dropped", f"{what} left out", arrays(np.zeros_like, *names)
        yield "bias-doubled", f"{what} added twice", arrays(lambda x: 2.0 * x, *names)
    says = "is taken for both biases"
    yield "bias-taken-twice", f"bias_ih {says}", layers(lambda x: {"bias_hh": x.bias_ih})
    yield "bias-taken-twice", f"bias_hh {says}", layers(lambda x: {"bias_ih": x.bias_hh})
    for gate, letter in zip(cell.gates, LETTERS[cell.name], strict=True):
        for names in BIASES.values() if len(cell.gates) > 1 else ():
            says = f"the part of {' and '.join(names)} for gate {letter} is left out"
            yield "bias-dropped", says, block(gate, np.zeros_like, *names)
    if cell.name == "lstm":
        says = "1 is added to the bias of the forget gate, as for a net that is to be trained"
        yield "forget-bias", says, block("forget", lambda x: x + 1.0, "bias_ih")
    if cell.name == "gru":

        def summed(layer: Layer) -> dict[str, Floats]:
            moved, rows = np.zeros_like(layer.bias_hh), layer.rows("candidate")
            moved[rows] = layer.bias_hh[rows]
            return {"bias_ih": layer.bias_ih + moved, "bias_hh": layer.bias_hh - moved}

        says = "the two biases of the candidate are added up, and the reset gate skips bias_hh"
        yield "gru-biases-summed", says, layers(summed)


def _matrices(cell: Cell) -> Named:
    def weights(x: Layer) -> dict[str, Floats]:
        return {"weight_ih": x.weight_hh, "weight_hh": x.weight_ih}

    def reshaped(matrix: Floats) -> Floats:
        return matrix.reshape(matrix.shape[::-1]).T

    yield "weights-swapped", "input and recurrent weights are swapped", layers(weights)
    if cell.name == "gru":
        biases = layers(lambda x: {"bias_ih": x.bias_hh, "bias_hh": x.bias_ih})
        says = "input and recurrent weights are swapped, and so are their biases"
        yield "weights-swapped", says, layers(weights).then(biases)
    for what, names in {
        "the recurrent matrices are": MATRICES[1:],
        "the input matrices are": MATRICES[:1],
        "all matrices are": MATRICES,
    }.items():
        turned = blocks(lambda own: {gate: x.T for gate, x in own.items()}, *names)
        yield "transposed", f"{what} transposed", turned
        says = f"{what} reshaped where they should be transposed"
        if len(cell.gates) > 1 or "weight_ih" in names:  # of one square block it is the same
            yield "reshaped", says, arrays(reshaped, *names)
        if len(cell.gates) > 1 and "weight_ih" in names:
            by_gate = blocks(lambda own: {gate: reshaped(x) for gate, x in own.items()}, *names)
            yield "reshaped", f"{says}, gate by gate", by_gate
    nothing = arrays(np.zeros_like, "weight_hh")
    yield "no-recurrence", "recurrent weights are taken to be 0", nothing


# Formulas


class _With(Numbers):
    """Numbers with other functions in place of sigmoid or tanh."""

    def __init__(self, **functions: Callable[..., Any]) -> None:
        vars(self).update(functions)


class _LSTM(LSTM):
    """An LSTM that goes on otherwise once its step is done.

    `kept` is what becomes of the new c; h is made of it, or of the c before, by `output`.
    """

    def __init__(
        self,
        output: Callable[[Floats], Floats] = np.tanh,
        kept: Callable[[Floats], Floats] = lambda c: c,
        early: bool = False,
    ) -> None:
        self.changed = output, kept, early

    def step(self, layer: Layer, a: Any, state: State, math: Any = NUMBERS) -> tuple[Gates, State]:
        output, kept, early = self.changed
        gates, (_, c) = super().step(layer, a, state, math)
        c = kept(c)
        return gates, (gates["output"] * output(state[1] if early else c), c)


def _clip(low: float, high: float, slope: float, at_zero: float) -> Callable[[Floats], Floats]:
    return lambda z: np.clip(slope * z + at_zero, low, high)


HARD_TANH = _clip(-1.0, 1.0, 1.0, 0.0)
HARD_SIGMOIDS = {number: _clip(0.0, 1.0, 1.0 / number, 0.5) for number in (5, 6, 4, 2)}
SIGMOIDS: dict[str, Callable[[Floats], Floats]] = {
    **{f"hard sigmoid, max(0, min(1, x/{n} + ½))": x for n, x in HARD_SIGMOIDS.items()},
    "step, 1 where x > 0": lambda z: (z > 0).astype(float),
    "fast sigmoid, ½ + ½·x/(1 + |x|)": lambda z: 0.5 + 0.5 * z / (1.0 + np.abs(z)),
    "tanh": np.tanh,
}
TANHS: dict[str, Callable[[Floats], Floats]] = {
    "hard tanh, max(−1, min(1, x))": HARD_TANH,
    "softsign, x/(1 + |x|)": lambda z: z / (1.0 + np.abs(z)),
    "sigmoid": NUMBERS.sigmoid,
    "relu, max(0, x)": NUMBERS.relu,
    "nothing": lambda z: z,
}


def _functions(cell: Cell) -> Named:
    gated = len(cell.gates) > 1
    for name, function in SIGMOIDS.items() if gated else ():
        sort = "hard" if name.startswith("hard") else "other"
        says = f"in place of sigmoid there is {name}"
        yield f"{sort}-sigmoid", says, Reference(math=_With(sigmoid=function))
    for name, function in TANHS.items():
        sort = "hard" if name.startswith("hard") else "other"
        says, everywhere = f"in place of tanh there is {name}", Reference(math=_With(tanh=function))
        yield f"{sort}-tanh", says, everywhere
        if cell.name == "lstm":
            candidate = everywhere.then(_cell(_LSTM()))
            yield f"{sort}-tanh", f"{says}, at the candidate only", candidate
            yield f"{sort}-tanh", f"{says}, at the output only", _cell(_LSTM(function))
    for number, function in HARD_SIGMOIDS.items() if gated else ():
        says = f"in place of sigmoid and tanh there are hard ones, x/{number} + ½ and x, clipped"
        yield "hard-both", says, Reference(math=_With(sigmoid=function, tanh=HARD_TANH))


def _cell(other: Cell) -> Reference:
    return layers(lambda _: {"cell": other})


def _formulas(cell: Cell) -> Named:
    def minus(gate: str, of: str) -> Reference:  # 1 − σ(z) is σ(−z)
        return blocks(lambda own: {gate: -own[of]})

    if cell.name == "lstm":
        says = "input and forget gate are coupled, "
        yield "gates-coupled", f"{says}f = 1 − i", minus("forget", "input")
        yield "gates-coupled", f"{says}i = 1 − f", minus("input", "forget")
        says = "the forget gate erases where it is 1"
        yield "forget-inverted", says, minus("forget", "forget")
        yield "output-early", "h is made of the c before the step", _cell(_LSTM(early=True))
        for gate in ("output", "input", "forget"):
            large = block(gate, np.zeros_like).then(block(gate, lambda x: x + 1e3, "bias_ih"))
            yield "gate-ignored", f"the {gate} gate is taken to be 1", large
        clipped = _cell(_LSTM(kept=_clip(-0.5, 0.5, 1.0, 0.0)))
        yield "clipped", "the cell state is clipped at ±½", clipped
    if "update" in cell.gates:
        where, other = ("before", "gru-before") if cell.name == "gru" else ("after", "gru")
        says, reset = f"the reset gate multiplies {where} the matrix", _cell(CELLS[other])
        inverted = minus("update", "update")
        yield "gru-reset", says, reset
        if cell.name == "gru":
            yield "gru-reset", f"{says}, and the update gate is inverted", inverted.then(reset)
        says = "the update gate is inverted, h' = z·n + (1 − z)·h"
        yield "gru-update-inverted", says, inverted


# States


def given(part: str, change: Callable[[Any], Any]) -> Reference:
    """The part of a call, `initial` or `lengths`, is another where there is one."""

    def changed(call: Call) -> Call:
        value = getattr(call, part)
        return call if value is None else replace(call, **{part: change(value)})

    return Reference(call=changed)


def _states(cell: Cell) -> Named:
    def every(change: Callable[[Floats], Floats]) -> Reference:
        return given("initial", lambda state: tuple(change(part) for part in state))

    ignored = given("initial", lambda _: None)
    yield "initial-ignored", "the initial state is ignored", ignored
    if len(cell.parts) == 2:
        no_h = given("initial", lambda state: (0.0 * state[0], state[1]))
        no_c = given("initial", lambda state: (state[0], 0.0 * state[1]))
        yield "initial-ignored", "the initial h is ignored", no_h
        yield "initial-ignored", "the initial c is ignored", no_c
        exchanged = given("initial", lambda state: state[::-1])
        yield "initial-swapped", "initial h and c are swapped", exchanged
    says = "the initial state of the first"
    first_word = every(lambda part: np.broadcast_to(part[:, :1], part.shape))
    yield "initial-of-first", f"{says} word is taken for all words", first_word
    first_layer = every(lambda part: np.broadcast_to(part[:1], part.shape))
    yield "initial-of-first", f"{says} layer is taken for all layers", first_layer
    says = "the initial states of the layers are taken in reverse"
    yield "initial-swapped", says, every(lambda part: part[::-1])
    says = "each word of a call begins in the state that the one before it ended in"
    for when in ("always", "zero"):
        yield "state-kept", says, Reference(rows=when)
    says = "each call begins in the state that the one before it ended in"
    yield "state-kept", says, Reference(calls=lambda net, shape: None)
    yield "state-kept", says, Reference(calls=lambda net, shape: shape)
    yield "state-kept", says, Reference(calls=lambda net, shape: (net, shape))


# Words


def returned(change: Callable[[Floats], Floats]) -> Reference:
    """The hidden states are returned otherwise."""
    return Reference(returned=lambda hidden, _: change(hidden))


def ended(change: Callable[[Floats, Any], Floats]) -> Reference:
    """The hidden states of a call with lengths are returned otherwise."""
    return Reference(
        returned=lambda hidden, call: (
            hidden if call.lengths is None else change(hidden, call.lengths)
        )
    )


def later(hidden: Floats) -> Floats:
    """Each state a step later; the first is 0."""
    return np.concatenate([np.zeros_like(hidden[:, :1]), hidden[:, :-1]], axis=1)


def _words(cell: Cell) -> Named:
    backwards = Reference(call=lambda call: replace(call, x=call.x[:, ::-1]))
    mirrored = returned(lambda hidden: hidden[:, ::-1])
    says = "words are read from their end, and hidden states are"
    yield "reversed", f"{says} returned in the order of reading", backwards
    yield "reversed", f"{says} put where their symbols are", backwards.then(mirrored)
    yield "reversed", "hidden states are returned in reverse", mirrored

    across = Reference(call=lambda call: Call(call.x.swapaxes(0, 1)))
    says = "the first axis of the input is taken for time, and the second for the words"
    yield "time-first", says, across.then(returned(lambda hidden: hidden.swapaxes(0, 1)))

    def reshaped(call: Call) -> Call:
        words, steps, inputs = call.x.shape
        return Call(call.x.reshape(steps, words, inputs).swapaxes(0, 1))

    says = "the input is reshaped to time first where its axes should be swapped"
    yield "time-first", says, Reference(call=reshaped)
    yield "late", "the state before each step is returned, not that after it", returned(later)
    last = returned(lambda hidden: np.broadcast_to(hidden[:, -1:], hidden.shape))
    yield "last-only", "the last state is returned for every step", last

    ignored = given("lengths", lambda _: None)
    says = "lengths are ignored: steps after the end of a word are run like any other"
    yield "lengths-ignored", says, ignored

    def without_padding(hidden: Floats, lengths: Any) -> Floats:
        begins = (hidden.shape[1] - lengths)[:, np.newaxis]
        return np.where((np.arange(hidden.shape[1]) >= begins)[..., np.newaxis], hidden, 0.0)

    says = "words are taken to stand at the end of their rows, and padding before them"
    yield "lengths-at-end", says, ignored.then(ended(without_padding))
    says = "words are taken to be one step"
    shorter, longer = given("lengths", lambda x: x - 1), given("lengths", lambda x: x + 1)
    yield "lengths-off-by-one", f"{says} shorter than their lengths", shorter
    yield "lengths-off-by-one", f"{says} longer than their lengths", longer
    says = "words are sorted by their lengths, and not put back into their order"
    yield "lengths-sorted", says, ended(lambda hidden, x: hidden[np.argsort(-x, kind="stable")])
    says = "lengths are sorted, and the words are not"
    yield "lengths-sorted", says, given("lengths", lambda x: np.sort(x)[::-1])
    says = "the length of the first word is taken for all words"
    yield "lengths-of-first", says, given("lengths", lambda x: np.full_like(x, x[0]))


# Layers


def _layers(cell: Cell) -> Named:
    yield "layer-left-out", "the second layer is left out", Reference(layers=lambda x: x[:1])
    yield "layer-left-out", "the first layer is left out", Reference(layers=lambda x: x[-1:])
    yield "layers-reversed", "the layers are run in reverse", Reference(layers=lambda x: x[::-1])
    says = "layer are used for all layers"
    of_first = Reference(layers=lambda x: [x[0]] * len(x))
    of_last = Reference(layers=lambda x: [x[-1]] * len(x))
    yield "layers-shared", f"the weights of the first {says}", of_first
    yield "layers-shared", f"the weights of the last {says}", of_last
    says = "the second layer is fed"
    again = Reference(feed=lambda h, c, x: x)
    yield "layer-fed-input", f"{says} the input again, and not h of the first", again
    if len(cell.parts) == 2:
        yield "layer-fed-c", f"{says} c of the first, and not h", Reference(feed=lambda h, c, x: c)
    late = Reference(feed=lambda h, c, x: later(h))
    yield "layer-fed-late", f"{says} h of the first after the step before", late
    says = "the sum of its input and h is fed to the second layer, as by a residual net"
    yield "layer-fed-sum", says, Reference(feed=lambda h, c, x: h + x)


# Numbers


def rounded(values: Floats, bits: int) -> Floats:
    """The values with so many significant bits, to nearest even; no exponent is too large."""
    return Arithmetic("", bits, smallest=2.0**-1000).round(values)


class _Rounding(Numbers):
    """Numbers whose sums have so many bits: after each product, or when all are added up."""

    def __init__(self, bits: int, at_end: bool = False) -> None:
        self.bits, self.at_end = bits, at_end

    def linear(self, x: Any, weight: Any, bias: Any) -> Any:
        if self.at_end:
            return rounded(super().linear(x, weight, bias), self.bits)
        total = np.zeros((*x.shape[:-1], len(weight)))
        for column in range(x.shape[-1]):
            total = rounded(total + x[..., column : column + 1] * weight[:, column], self.bits)
        return rounded(total + bias, self.bits)


def _formats(name: str) -> Iterator[Fault]:
    bits = ARITHMETICS[name].precision
    have = f"have {bits} bits"
    sums, sums_at_end = (Reference(math=_Rounding(bits, at_end)) for at_end in (False, True))
    weights = arrays(lambda array: rounded(array, bits))
    stored = weights.then(Reference(store=lambda s: tuple(rounded(part, bits) for part in s)))
    yield Fault(name, f"sums are kept in {name}: they {have}", sums, rounds=True)
    for says, reference in {
        f"all numbers are {name}: sums, states and weights {have}": stored.then(sums),
        f"all numbers are {name}, but sums are only rounded when they are added up": (
            stored.then(sums_at_end)
        ),
        f"states and weights are kept in {name}, sums are not: they {have}": stored,
    }.items():
        yield Fault(name, says, reference, rounds=True, bits=bits)
    yield Fault(name, f"weights are rounded to {name}", weights)


def _integers() -> Iterator[Fault]:
    for what, names in {"matrices": MATRICES, "matrices and biases": ARRAYS}.items():
        says = (
            f"{what} are rounded to 8 bits without a sign, with a scale and a zero point for each"
        )
        yield Fault("int8", says, arrays(_uint8, *names))
        for (of, axis), levels in product({"matrix": None, "row": 1}.items(), (127.0, 128.0)):
            weights = arrays(_int8(axis, levels), *names)
            says = f"{what} are rounded to int8, with one scale for each {of}"
            yield Fault("int8", says + ", max/128" * (levels == 128.0), weights)
            if levels == 127.0 and names == MATRICES:
                says = f"numbers are rounded to int8 as they are multiplied, scales by {of}"
                yield Fault("int8", says, weights, rounds=True)


def _uint8(array: Floats) -> Floats:
    """Rounded to 0 … 255 with a scale and a zero point, as by many quantizers."""
    low, high = min(array.min(), 0.0), max(array.max(), 0.0)
    scale = (high - low) / 255.0 or 1.0
    zero = np.rint(-low / scale)
    return np.asarray((np.clip(np.rint(array / scale) + zero, 0, 255) - zero) * scale)


def _int8(axis: int | None, levels: float) -> Callable[[Floats], Floats]:
    def change(array: Floats) -> Floats:
        largest = np.abs(array).max(axis=axis if array.ndim == 2 else None, keepdims=True)
        scale = np.where(largest == 0.0, 1.0, largest / levels)
        return np.clip(np.rint(array / scale), -128, 127) * scale

    return change
