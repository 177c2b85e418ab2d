"""The known faults of runtimes, each as a reference in which one thing is done differently.

An output that equals that of a faulty reference names the fault. Most are known from threads of
runtimes and converters, which docs/conformance.md lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np

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
    makers = (_orders, _biases, _matrices, _functions, _formulas, _states, _words, _layers)
    found = [fault for make in makers for fault in make(cell)]
    return (*found, *_roundings([name for name in FORMATS if name != dtype]))


Changes = Iterator[Fault]

LETTERS = {"input": "i", "forget": "f", "candidate": "g", "output": "o"}
LETTERS_OF_GRU = {"reset": "r", "update": "z", "candidate": "n"}


def letters(cell: Cell) -> list[str]:
    """The gates as PyTorch's documentation calls them: i, f, g, o or r, z, n."""
    names = LETTERS if "forget" in cell.gates else LETTERS_OF_GRU
    return [names[gate] for gate in cell.gates]


# Weights


def _changed(change: Callable[[str, Floats], Floats], *names: str) -> Reference:
    """The arrays of these names, or all, of every layer are changed."""

    def layer(layer: Layer, number: int) -> Layer:
        arrays = {name: getattr(layer, name) for name in ARRAYS}
        arrays |= {name: change(name, arrays[name]) for name in names or ARRAYS}
        return Layer(layer.cell, **arrays)

    return Reference(layer=layer)


ONLY = {
    "": ARRAYS,
    "in the biases only, ": ("bias_ih", "bias_hh"),
    "in the matrices only, ": ("weight_ih", "weight_hh"),
    "in the input weights and their bias only, ": ("weight_ih", "bias_ih"),
    "in the recurrent weights and their bias only, ": ("weight_hh", "bias_hh"),
    "in the recurrent matrix only, ": ("weight_hh",),
    "in the input matrix only, ": ("weight_ih",),
}


def _orders(cell: Cell) -> Changes:
    number, names = len(cell.gates), letters(cell)
    for where, arrays in ONLY.items():
        for order in list(permutations(range(number)))[1:]:

            def permuted(_: str, array: Floats, order: Sequence[int] = order) -> Floats:
                # The block at place p is taken for gate order[p].
                blocks = np.split(array, number)
                return np.concatenate([blocks[order.index(gate)] for gate in range(number)])

            read, right = (", ".join(names[i] for i in each) for each in (order, range(number)))
            yield Fault(
                "gate-order" if not where else "gate-order-in-part",
                f"{where}gates are read in the order {read}, and the weights have {right}",
                _changed(permuted, *arrays),
            )
    if number > 1:
        yield Fault(
            "gates-interleaved",
            f"row {number}·j + k is read as cell j of gate k, and the weights have gate by gate",
            _changed(
                lambda _, x: x.reshape(-1, number, *x.shape[1:]).swapaxes(0, 1).reshape(x.shape)
            ),
        )


def _biases(cell: Cell) -> Changes:
    def zero(_: str, array: Floats) -> Floats:
        return np.zeros_like(array)

    def double(_: str, array: Floats) -> Floats:
        return 2.0 * array

    yield Fault("bias-dropped", "bias_ih is left out", _changed(zero, "bias_ih"))
    yield Fault("bias-dropped", "bias_hh is left out", _changed(zero, "bias_hh"))
    yield Fault("bias-dropped", "both biases are left out", _changed(zero, "bias_ih", "bias_hh"))
    yield Fault("bias-doubled", "bias_ih is added twice", _changed(double, "bias_ih"))
    yield Fault("bias-doubled", "bias_hh is added twice", _changed(double, "bias_hh"))
    both = _changed(double, "bias_ih", "bias_hh")
    yield Fault("bias-doubled", "both biases are added twice", both)

    def one_for_both(name: str) -> Reference:
        def layer(layer: Layer, _: int) -> Layer:
            bias = getattr(layer, name)
            return Layer(layer.cell, layer.weight_ih, layer.weight_hh, bias, bias)

        return Reference(layer=layer)

    for name in ("bias_ih", "bias_hh"):
        yield Fault("bias-taken-twice", f"{name} is taken for both biases", one_for_both(name))
    if len(cell.gates) == 1:
        return
    for number, letter in enumerate(letters(cell)):
        for names in (("bias_ih",), ("bias_hh",), ("bias_ih", "bias_hh")):

            def without(_: str, array: Floats, number: int = number) -> Floats:
                blocks = np.split(array, len(cell.gates))
                blocks[number] = np.zeros_like(blocks[number])
                return np.concatenate(blocks)

            says = f"the part of {' and '.join(names)} for gate {letter} is left out"
            yield Fault("bias-dropped", says, _changed(without, *names))
    if cell.name == "lstm":

        def more(_: str, array: Floats) -> Floats:
            blocks = np.split(array, 4)
            return np.concatenate([blocks[0], blocks[1] + 1.0, *blocks[2:]])

        says = "1 is added to the bias of the forget gate, as for a net that is to be trained"
        yield Fault("forget-bias", says, _changed(more, "bias_ih"))
    if cell.name == "gru":

        def summed(layer: Layer, _: int) -> Layer:
            first, second = layer.bias_ih.copy(), layer.bias_hh.copy()
            rows = layer.rows("candidate")
            first[rows], second[rows] = first[rows] + second[rows], 0.0
            return Layer(layer.cell, layer.weight_ih, layer.weight_hh, first, second)

        says = "the two biases of the candidate are added up, and the reset gate skips bias_hh"
        yield Fault("gru-biases-summed", says, Reference(layer=summed))


def _matrices(cell: Cell) -> Changes:
    number = len(cell.gates)

    def swapped(layer: Layer, _: int) -> Layer:
        return Layer(layer.cell, layer.weight_hh, layer.weight_ih, layer.bias_ih, layer.bias_hh)

    says = "input and recurrent weights are swapped"
    yield Fault("weights-swapped", says, Reference(layer=swapped))

    def both_swapped(layer: Layer, _: int) -> Layer:
        return Layer(layer.cell, layer.weight_hh, layer.weight_ih, layer.bias_hh, layer.bias_ih)

    if cell.name == "gru":
        says = "input and recurrent weights are swapped, and so are their biases"
        yield Fault("weights-swapped", says, Reference(layer=both_swapped))

    def transposed(_: str, array: Floats) -> Floats:
        return np.concatenate([block.T for block in np.split(array, number)])

    def reshaped(_: str, array: Floats) -> Floats:
        return array.reshape(array.shape[::-1]).T

    def by_gate(_: str, array: Floats) -> Floats:
        blocks = np.split(array, number)
        return np.concatenate([block.reshape(block.shape[::-1]).T for block in blocks])

    for what, names in {
        "the recurrent matrices are": ("weight_hh",),
        "the input matrices are": ("weight_ih",),
        "all matrices are": ("weight_ih", "weight_hh"),
    }.items():
        yield Fault("transposed", f"{what} transposed", _changed(transposed, *names))
        if number > 1 or "weight_ih" in names:
            says = f"{what} reshaped where they should be transposed"
            yield Fault("reshaped", says, _changed(reshaped, *names))
        if number > 1 and "weight_ih" in names:
            yield Fault("reshaped", f"{says}, gate by gate", _changed(by_gate, *names))


# Formulas


class _With(Numbers):
    """Numbers with other functions in place of sigmoid, tanh or the mean of a GRU."""

    def __init__(self, **functions: Callable[..., Any]) -> None:
        vars(self).update(functions)


def _clip(low: float, high: float, slope: float, at_zero: float) -> Callable[[Floats], Floats]:
    return lambda z: np.clip(slope * z + at_zero, low, high)


SIGMOIDS: dict[str, Callable[[Floats], Floats]] = {
    "hard sigmoid, max(0, min(1, x/5 + ½))": _clip(0.0, 1.0, 0.2, 0.5),
    "hard sigmoid, max(0, min(1, x/6 + ½))": _clip(0.0, 1.0, 1.0 / 6.0, 0.5),
    "hard sigmoid, max(0, min(1, x/4 + ½))": _clip(0.0, 1.0, 0.25, 0.5),
    "hard sigmoid, max(0, min(1, x/2 + ½))": _clip(0.0, 1.0, 0.5, 0.5),
    "step, 1 where x > 0": lambda z: (z > 0).astype(float),
    "fast sigmoid, ½ + ½·x/(1 + |x|)": lambda z: 0.5 + 0.5 * z / (1.0 + np.abs(z)),
    "tanh": np.tanh,
}
TANHS: dict[str, Callable[[Floats], Floats]] = {
    "hard tanh, max(−1, min(1, x))": _clip(-1.0, 1.0, 1.0, 0.0),
    "softsign, x/(1 + |x|)": lambda z: z / (1.0 + np.abs(z)),
    "sigmoid": NUMBERS.sigmoid,
    "relu, max(0, x)": NUMBERS.relu,
    "nothing": lambda z: z,
}


def _functions(cell: Cell) -> Changes:
    gated = len(cell.gates) > 1
    for name, function in SIGMOIDS.items() if gated else ():
        name_of = "hard-sigmoid" if name.startswith("hard") else "other-sigmoid"
        says = f"in place of sigmoid there is {name}"
        yield Fault(name_of, says, Reference(math=_With(sigmoid=function)))
    for name, function in TANHS.items():
        name_of = "hard-tanh" if name.startswith("hard") else "other-tanh"
        says = f"in place of tanh there is {name}"
        yield Fault(name_of, says, Reference(math=_With(tanh=function)))
        if cell.name == "lstm":
            for where, candidate, output in (
                ("candidate", function, np.tanh),
                ("output", np.tanh, function),
            ):
                yield Fault(
                    name_of, f"{says}, at the {where} only", _formula(_LSTM(candidate, output))
                )
    if gated:
        for part in (5, 6, 4, 2):
            hard = _With(sigmoid=_clip(0.0, 1.0, 1.0 / part, 0.5), tanh=_clip(-1.0, 1.0, 1.0, 0.0))
            says = f"in place of sigmoid and tanh there are hard ones, x/{part} + ½ and x, clipped"
            yield Fault("hard-both", says, Reference(math=hard))


class _LSTM(LSTM):
    """An LSTM with other functions where tanh is used, or with parts of its formula changed.

    `gates` is given i, f and o and returns those that are used; `output` is given c and c before.
    """

    def __init__(
        self,
        candidate: Callable[[Floats], Floats] = np.tanh,
        output: Callable[[Floats], Floats] = np.tanh,
        gating: Callable[..., tuple[Floats, Floats, Floats]] = lambda i, f, o: (i, f, o),
        early: bool = False,
        clip: float = np.inf,
    ) -> None:
        self.changed = candidate, output, gating, early, clip

    def step(self, layer: Layer, a: Any, state: State, math: Any = NUMBERS) -> tuple[Gates, State]:
        candidate, output, gating, early, clip = self.changed
        h, before = state
        z = a + math.linear(h, layer.weight_hh, layer.bias_hh)
        i, f, g, o = np.split(z, 4, axis=-1)
        i, f, o = gating(*map(math.sigmoid, (i, f, o)))
        c = np.clip(f * before + i * candidate(g), -clip, clip)
        return {}, (o * output(before if early else c), c)


def _formula(changed: Cell) -> Reference:
    return Reference(cell=lambda _: changed)


def _formulas(cell: Cell) -> Changes:
    if cell.name == "lstm":
        coupled = _LSTM(gating=lambda i, f, o: (i, 1.0 - i, o))
        says = "input and forget gate are coupled, f = 1 − i"
        yield Fault("gates-coupled", says, _formula(coupled))
        coupled = _LSTM(gating=lambda i, f, o: (1.0 - f, f, o))
        says = "input and forget gate are coupled, i = 1 − f"
        yield Fault("gates-coupled", says, _formula(coupled))
        inverted = _LSTM(gating=lambda i, f, o: (i, 1.0 - f, o))
        yield Fault("forget-inverted", "the forget gate erases where it is 1", _formula(inverted))
        yield Fault(
            "output-early", "h is made of the c before the step", _formula(_LSTM(early=True))
        )
        open_ = _LSTM(gating=lambda i, f, o: (i, f, np.ones_like(o)))
        yield Fault("gate-ignored", "the output gate is taken to be 1", _formula(open_))
        open_ = _LSTM(gating=lambda i, f, o: (np.ones_like(i), f, o))
        yield Fault("gate-ignored", "the input gate is taken to be 1", _formula(open_))
        open_ = _LSTM(gating=lambda i, f, o: (i, np.ones_like(f), o))
        yield Fault("gate-ignored", "the forget gate is taken to be 1", _formula(open_))
        clipped = _LSTM(clip=0.5)
        yield Fault("clipped", "the cell state is clipped at ±½", _formula(clipped))
    if cell.name in ("gru", "gru-before"):
        other = {"gru": "before", "gru-before": "after"}[cell.name]
        says = f"the reset gate multiplies {other} the matrix"
        formula_of = CELLS["gru-before" if other == "before" else "gru"]
        yield Fault("gru-reset", says, _formula(formula_of))

        def inverted_mix(share: Any, new: Any, old: Any) -> Any:
            return old + share * (new - old)

        says = "the update gate is inverted, h' = z·n + (1 − z)·h"
        yield Fault("gru-update-inverted", says, Reference(math=_With(mix=inverted_mix)))
    if cell.name == "gru":
        says = "the reset gate multiplies before the matrix, and the update gate is inverted"
        both = Reference(cell=lambda _: CELLS["gru-before"], math=_With(mix=inverted_mix))
        yield Fault("gru-reset", says, both)


# States


def _states(cell: Cell) -> Changes:
    def without(call: Call) -> Call:
        return replace(call, initial=None)

    yield Fault("initial-ignored", "the initial state is ignored", Reference(call=without))
    if len(cell.parts) == 2:

        def zero(number: int) -> Callable[[State, int], State]:
            return lambda state, _: tuple(
                np.zeros_like(part) if i == number else part for i, part in enumerate(state)
            )

        for number, part in enumerate("hc"):
            says = f"the initial {part} is ignored"
            yield Fault("initial-ignored", says, Reference(start=zero(number)))
        swap = Reference(start=lambda state, _: state[::-1])
        yield Fault("initial-swapped", "initial h and c are swapped", swap)

    def first_word(state: State, _: int) -> State:
        return tuple(np.repeat(part[:1], len(part), axis=0) for part in state)

    says = "the initial state of the first word is taken for all words"
    yield Fault("initial-of-first", says, Reference(start=first_word))

    def first_layer(call: Call) -> Call:
        if call.initial is None:
            return call
        parts = tuple(np.repeat(part[:1], len(part), axis=0) for part in call.initial)
        return replace(call, initial=parts)

    says = "the initial state of the first layer is taken for all layers"
    yield Fault("initial-of-first", says, Reference(call=first_layer))

    def upside_down(call: Call) -> Call:
        if call.initial is None:
            return call
        return replace(call, initial=tuple(part[::-1] for part in call.initial))

    says = "the initial states of the layers are taken in reverse"
    yield Fault("initial-swapped", says, Reference(call=upside_down))
    says = "each word of a call begins in the state that the one before it ended in"
    for when in ("always", "zero"):
        yield Fault("state-kept", says, Reference(rows=when))
    says = "each call begins in the state that the one before it ended in"
    for told_apart in (
        lambda net, shape: None,
        lambda net, shape: shape,
        lambda net, shape: (net, shape),
    ):
        yield Fault("state-kept", says, Reference(calls=told_apart))
    says = "recurrent weights are taken to be 0"
    no_recurrence = _changed(lambda _, x: np.zeros_like(x), "weight_hh")
    yield Fault("no-recurrence", says, no_recurrence)


# Words


def _words(cell: Cell) -> Changes:
    def returned(change: Callable[[Floats], Floats]) -> Reference:
        return Reference(returned=lambda hidden, _: change(hidden))

    def backwards(call: Call) -> Call:
        return replace(call, x=call.x[:, ::-1])

    says = "words are read from their end, and hidden states are returned in the order of reading"
    yield Fault("reversed", says, Reference(call=backwards))
    says = "words are read from their end, and hidden states are put where their symbols are"
    again = Reference(call=backwards, returned=lambda hidden, _: hidden[:, ::-1])
    yield Fault("reversed", says, again)
    yield Fault("reversed", "hidden states are returned in reverse", returned(lambda h: h[:, ::-1]))

    def across(call: Call) -> Call:
        return Call(call.x.swapaxes(0, 1))

    says = "the first axis of the input is taken for time, and the second for the words"
    turned = Reference(call=across, returned=lambda hidden, _: hidden.swapaxes(0, 1))
    yield Fault("time-first", says, turned)

    def reshaped(call: Call) -> Call:
        words, steps, inputs = call.x.shape
        return Call(call.x.reshape(steps, words, inputs).swapaxes(0, 1))

    says = "the input is reshaped to time first where its axes should be swapped"
    yield Fault("time-first", says, Reference(call=reshaped))

    def late(hidden: Floats) -> Floats:
        return np.concatenate([np.zeros_like(hidden[:, :1]), hidden[:, :-1]], axis=1)

    yield Fault("late", "the state before each step is returned, not that after it", returned(late))

    def last(hidden: Floats, call: Call) -> Floats:
        return np.broadcast_to(hidden[:, -1:], hidden.shape)

    yield Fault("last-only", "the last state is returned for every step", Reference(returned=last))

    def no_lengths(call: Call) -> Call:
        return replace(call, lengths=None)

    says = "lengths are ignored: steps after the end of a word are run like any other"
    yield Fault("lengths-ignored", says, Reference(call=no_lengths))

    def shorter(by: int) -> Callable[[Call], Call]:
        return lambda call: (
            call if call.lengths is None else replace(call, lengths=call.lengths - by)
        )

    def at_the_end(hidden: Floats, call: Call) -> Floats:
        if call.lengths is None:
            return hidden
        steps = np.arange(hidden.shape[1])
        padding = (hidden.shape[1] - call.lengths)[:, np.newaxis]
        return np.where((steps >= padding)[..., np.newaxis], hidden, 0.0)

    says = "words are taken to stand at the end of their rows, and padding before them"
    yield Fault("lengths-at-end", says, Reference(call=no_lengths, returned=at_the_end))
    says = "words are taken to be one step shorter than their lengths"
    yield Fault("lengths-off-by-one", says, Reference(call=shorter(1)))
    says = "words are taken to be one step longer than their lengths"
    yield Fault("lengths-off-by-one", says, Reference(call=shorter(-1)))

    def sorted_words(call: Call) -> Call:
        if call.lengths is None:
            return call
        order = np.argsort(-call.lengths, kind="stable")
        return replace(call, x=call.x[order], lengths=call.lengths[order])

    says = "words are sorted by their lengths, and not put back into their order"
    yield Fault("lengths-sorted", says, Reference(call=sorted_words))

    def right_lengths(call: Call) -> Call:
        return replace(call, lengths=None if call.lengths is None else np.sort(call.lengths)[::-1])

    says = "lengths are sorted, and the words are not"
    yield Fault("lengths-sorted", says, Reference(call=right_lengths))

    def by_first(call: Call) -> Call:
        if call.lengths is None:
            return call
        return replace(call, lengths=np.full_like(call.lengths, call.lengths[0]))

    says = "the length of the first word is taken for all words"
    yield Fault("lengths-of-first", says, Reference(call=by_first))


# Layers


def _layers(cell: Cell) -> Changes:
    yield Fault("layer-left-out", "the second layer is left out", Reference(layers=lambda x: x[:1]))
    yield Fault("layer-left-out", "the first layer is left out", Reference(layers=lambda x: x[-1:]))
    says = "the layers are run in reverse"
    yield Fault("layers-reversed", says, Reference(layers=lambda x: x[::-1]))
    says = "the weights of the first layer are used for all layers"
    yield Fault("layers-shared", says, Reference(layers=lambda x: [x[0]] * len(x)))
    says = "the weights of the last layer are used for all layers"
    yield Fault("layers-shared", says, Reference(layers=lambda x: [x[-1]] * len(x)))
    says = "the second layer is fed the input again, and not h of the first"
    yield Fault("layer-fed-input", says, Reference(feed=lambda h, c, x: x))
    if len(cell.parts) == 2:
        says = "the second layer is fed c of the first, and not h"
        yield Fault("layer-fed-c", says, Reference(feed=lambda h, c, x: c))

    def late(h: Floats, c: Floats, x: Floats) -> Floats:
        return np.concatenate([np.zeros_like(h[:, :1]), h[:, :-1]], axis=1)

    says = "the second layer is fed h of the first after the step before"
    yield Fault("layer-fed-late", says, Reference(feed=late))
    says = "the sum of its input and h is fed to the second layer, as by a residual net"
    yield Fault("layer-fed-sum", says, Reference(feed=lambda h, c, x: h + x))


# Rounding


def rounded(values: Floats, bits: int) -> Floats:
    """The values with so many significant bits, to nearest even; no exponent is too large."""
    mantissa, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.rint(np.ldexp(mantissa, bits)), exponent - bits))


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


FORMATS = {"float32": 24, "float16": 11, "bfloat16": 8}


def _roundings(formats: Sequence[str]) -> Changes:
    def weights(bits: int) -> Callable[[str, Floats], Floats]:
        return lambda _, array: rounded(array, bits)

    for name in formats:
        bits = FORMATS[name]

        def store(state: State, bits: int = bits) -> State:
            return tuple(rounded(part, bits) for part in state)

        def layer(layer: Layer, _: int, bits: int = bits) -> Layer:
            return Layer(layer.cell, *(rounded(getattr(layer, x), bits) for x in ARRAYS))

        says = f"sums are kept in {name}: they have {bits} bits"
        yield Fault(name, says, Reference(math=_Rounding(bits)), rounds=True)
        says = f"all numbers are {name}: sums, states and weights have {bits} bits"
        all_of_it = Reference(math=_Rounding(bits), store=store, layer=layer)
        yield Fault(name, says, all_of_it, rounds=True, bits=bits)
        says = f"all numbers are {name}, but sums are only rounded when they are added up"
        all_of_it = Reference(math=_Rounding(bits, at_end=True), store=store, layer=layer)
        yield Fault(name, says, all_of_it, rounds=True, bits=bits)
        says = f"states and weights are kept in {name}, sums are not: they have {bits} bits"
        yield Fault(name, says, Reference(store=store, layer=layer), rounds=True, bits=bits)
        yield Fault(name, f"weights are rounded to {name}", _changed(weights(bits)))
    says = "rounded to 8 bits without a sign, with a scale and a zero point for each"
    yield Fault("int8", f"matrices are {says}", _changed(_uint8, "weight_ih", "weight_hh"))
    yield Fault("int8", f"matrices and biases are {says}", _changed(_uint8, *ARRAYS))
    for of, axis in (("matrix", None), ("row", 1)):
        for levels in (127.0, 128.0):
            for names in (("weight_ih", "weight_hh"), ARRAYS):
                change = _int8(axis, levels)
                arrays = "matrices" if len(names) == 2 else "matrices and biases"
                says = f"{arrays} are rounded to int8, with one scale for each {of}"
                says += ", max/128" if levels == 128.0 else ""
                yield Fault("int8", says, _changed(change, *names))
                if levels == 127.0 and len(names) == 2:
                    says = f"numbers are rounded to int8 as they are multiplied, scales by {of}"
                    yield Fault("int8", says, _changed(change, *names), rounds=True)


def _uint8(_: str, array: Floats) -> Floats:
    """Rounded to 0 … 255 with a scale and a zero point, as by many quantizers."""
    low, high = min(array.min(), 0.0), max(array.max(), 0.0)
    scale = (high - low) / 255.0 or 1.0
    zero = np.rint(-low / scale)
    return np.asarray((np.clip(np.rint(array / scale) + zero, 0, 255) - zero) * scale)


def _int8(axis: int | None, levels: float) -> Callable[[str, Floats], Floats]:
    def change(_: str, array: Floats) -> Floats:
        over = axis if array.ndim == 2 else None
        largest = np.abs(array).max(axis=over, keepdims=True)
        scale = np.where(largest == 0.0, 1.0, largest / levels)
        return np.clip(np.rint(array / scale), -128, 127) * scale

    return change
