"""The suite: small compiled nets, and what a runtime is asked of each.

A check is a net and one or more calls. The nets are compiled from machines, so that their memory
stays where it is proved to stay, however long a string is; then every weight is made uneven, so
that no two gates, biases or matrices can be taken for each other unseen. All weights and inputs
are numbers of float32. Three nets are otherwise: the weights of ``count`` are left as they are,
since its gates are to be exactly 1; ``soft`` and ``sums`` show how gates and sums are rounded.

Sizes: ``B`` words of ``T`` steps, ``A`` inputs, ``L`` layers of ``H`` cells.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.compiler import compile
from reberlstm.errors import ConformanceError
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import ARRAYS, Net

KINDS = ("lstm", "gru", "gru-before", "rnn")
"""The kinds of cell that the suite has nets for."""

GAIN = 6.0
"""The gain of the compiled nets: small, so that every gate still shows what it adds up."""

STEPS = 100_000
"""How long the string of the check ``long`` is, if nothing else is said."""

BATCHES = (2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 128, 129, 256, 257)
"""How many words the calls of the check ``batch`` have: bounds of kernels, and one more."""


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a runtime.

    Attributes:
        x: Inputs, shape (B, T, A).
        initial: The initial state, ``(h0,)`` or of an LSTM ``(h0, c0)``, each (L, B, H); None for
            zeros.
        lengths: The length of each word, (B,); None where all have ``T`` steps.
    """

    x: Floats
    initial: tuple[Floats, ...] | None = None
    lengths: NDArray[np.intp] | None = None


@dataclass(frozen=True, eq=False)
class Check:
    """What a runtime is asked of one net.

    Attributes:
        name: ``step``, ``walk`` and so on, see `about`.
        kind: The kind of cell.
        net: The net; it has no heads that are read here.
        calls: The calls, one after the other.
        about: What it is for.
        endures: Whether it is about many steps, for which faults are not simulated.
    """

    name: str
    kind: str
    net: Net
    calls: tuple[Call, ...]
    about: str
    endures: bool = False

    @property
    def has_lengths(self) -> bool:
        """Whether its words have unequal lengths."""
        return self.calls[0].lengths is not None

    @property
    def call_names(self) -> tuple[str, ...]:
        """A name for each call that no other call has."""
        if len(self.calls) == 1:
            return (self.id,)
        if self.name == "batch":
            return tuple(f"{self.id}-{len(call.x)}" for call in self.calls)
        return tuple(f"{self.id}-{number}" for number in range(1, len(self.calls) + 1))

    @property
    def id(self) -> str:
        """A name that no other check has."""
        return f"{self.kind}-{self.name}"


def checks(
    kinds: Sequence[str] = KINDS, steps: int = STEPS, dtype: str = "float32"
) -> tuple[Check, ...]:
    """All checks of these kinds of cell; those of many steps stand last.

    Raises:
        ConformanceError: for another kind or dtype.

    Example:
        >>> [check.name for check in checks(("gru",), steps=100)]
        ['step', 'walk', 'soft', 'square', 'batch', 'again', 'initial', 'lengths', 'layers',
         'initial-layers', 'sums', 'long']
    """
    for kind in kinds:
        if kind not in KINDS:
            raise ConformanceError(f"no kind of cell {kind!r}; there are {', '.join(KINDS)}")
    if dtype not in ("float32", "float64"):
        raise ConformanceError(f"dtype {dtype!r}; choose float32 or float64")
    every = dict.fromkeys(kinds)
    found = [check for kind in every for check in _of_kind(kind, steps, dtype)]
    return tuple(sorted(found, key=lambda check: check.endures))


@cache
def _of_kind(kind: str, steps: int, dtype: str) -> tuple[Check, ...]:
    return tuple(_checks(kind, steps, dtype))


def weights_of(net: Net) -> dict[str, Floats]:
    """The arrays of all layers under the names that `torch.nn.LSTM`, ``GRU`` and ``RNN`` use."""
    return {
        f"{name}_l{number}": getattr(layer, name)
        for number, layer in enumerate(net.layers)
        for name in ARRAYS
    }


def _checks(kind: str, steps: int, dtype: str) -> Iterator[Check]:
    walk, square, stack, sums = (
        *(_walk_net(kind), _square_net(kind), _stack_net(kind)),
        _sums_net(kind, 2.0**30 if dtype == "float64" else 2.0**12),
    )
    word = _words(walk, 1, 16)

    def check(name: str, about: str, net: Net, *calls: Call, endures: bool = False) -> Check:
        return Check(name, kind, net, calls, about, endures)

    yield check("step", "one step from a zero state", walk, Call(word[:, :1]))
    yield check("walk", "one word of 16 steps", walk, Call(word))
    yield check(
        "soft", "a net whose gates are never open or shut", _soft_net(kind), Call(word[:, :8])
    )
    yield check("square", "a net with as many inputs as cells", square, Call(_words(square, 1, 12)))
    many = [Call(_words(walk, size, 6)) for size in BATCHES]
    yield check("batch", f"2 to {BATCHES[-1]} words in one call", walk, *many)
    yield check("again", "the same call three times", walk, *[Call(_words(walk, 3, 5))] * 3)
    given = [Call(_words(net, 3, 6), initial=_initial(net, 3)) for net in (square, stack)]
    yield check("initial", "an initial state is given", square, given[0])
    unequal = Call(_words(walk, 5, 7), lengths=np.array([4, 1, 7, 2, 5]))
    yield check("lengths", "words of unequal lengths in one call", walk, unequal)
    yield check("layers", "two layers", stack, Call(_words(stack, 2, 8)))
    yield check("initial-layers", "an initial state for two layers", stack, given[1])
    yield check("sums", "sums that need all their digits", sums, Call(_sums_input()))
    if kind == "lstm":
        # A latch lets less unevenness be proved.
        latch = uneven(compile("embedded-reber", memory="latch", gain=GAIN), "memory", 0.1)
        latch = latch.replace(name="lstm-memory")
        words = one_hot(latch, [f"B{bit}BT{'S' * 190}XSE{bit}E" for bit in "TP"])
        yield check("memory", "a bit kept for 195 steps", latch, Call(words), endures=True)
        counter = _counter()
        brackets = Call(one_hot(counter, ["(" * COUNTED + ")" * COUNTED + 20 * "()"]))
        yield check("count", "a counter to 2,100 and back", counter, brackets, endures=True)
    parity = uneven(compile("parity", cell=kind, gain=GAIN), "long").replace(name=f"{kind}-long")
    long = Call(one_hot(parity, [_bits(steps)]))
    yield check("long", f"one word of {steps:,} steps", parity, long, endures=True)


# Nets


def uneven(net: Net, tag: str, size: float = 1.0) -> Net:
    """The net with all weights changed by a few percent of the gain, and two unlike biases.

    What the two biases add up to stays, but for that change; a GRU's candidate keeps its own. Of
    the change of the weights only a part of this `size` is made.
    """
    layers = enumerate(net.layers)
    return net.replace(layers=tuple(_uneven(x, f"{tag} {i}", size) for i, x in layers))


def _uneven(layer: Layer, tag: str, size: float = 1.0) -> Layer:
    arrays = {}
    for name in ARRAYS:
        old = getattr(layer, name)
        first, second = _noise(2 * old.size, f"{tag} {name}").reshape(2, *old.shape)
        arrays[name] = old * (1.0 + 0.05 * size * first) + 0.1 * size * second
    moved = 1.0 + 0.5 * _noise(layer.bias_ih.size, f"{tag} split")
    if layer.cell.name == "gru":
        moved[layer.rows("candidate")] *= 0.1
    arrays["bias_ih"] += moved
    arrays["bias_hh"] -= moved
    return _layer(layer.cell.name, **arrays)


def _layer(kind: str, **arrays: Floats) -> Layer:
    return Layer(CELLS[kind], *(in_float32(name, arrays[name]) for name in ARRAYS))


def in_float32(_: str, array: Any) -> Floats:
    """The nearest numbers of float32, as float64."""
    return np.asarray(array).astype(np.float32).astype(np.float64)


def _noise(number: int, tag: str) -> Floats:
    """Numbers from −1 to 1 that look random and are the same everywhere (R. Weyl's sequence)."""
    golden = (5.0**0.5 - 1.0) / 2.0
    start = zlib.crc32(tag.encode()) / 2.0**32
    n = np.arange(1, number + 1, dtype=np.float64)
    return np.asarray(2.0 * ((start + golden * n**2 % 1.0) % 1.0) - 1.0)


@cache
def _walk_net(kind: str) -> Net:
    return uneven(compile("reber", cell=kind, gain=GAIN), "walk").replace(name=f"{kind}-walk")


@cache
def _soft_net(kind: str) -> Net:
    """The net of the walk with a sixth of its weights: it follows nothing, and shows every sum."""
    net = _walk_net(kind)
    return net.map_arrays(lambda name, x: in_float32(name, x / GAIN)).replace(name=f"{kind}-soft")


@cache
def _square_net(kind: str) -> Net:
    """Tomita's fourth language, with symbols added until there are as many as cells."""
    return _of("square", _square_layer(kind, "square"))


@cache
def _stack_net(kind: str) -> Net:
    return _of("stack", _square_layer(kind, "lower"), _square_layer(kind, "upper"))


def _square_layer(kind: str, tag: str) -> Layer:
    layer = compile("tomita-4", cell=kind, gain=GAIN).layers[0]
    more = layer.size - layer.weight_ih.shape[1]
    columns = GAIN * _noise(len(layer.weight_ih) * more, f"{tag} more").reshape(-1, more)
    arrays = {name: getattr(layer, name) for name in ARRAYS}
    arrays["weight_ih"] = np.hstack([layer.weight_ih, columns])
    return _uneven(_layer(kind, **arrays), tag)


def _of(name: str, *layers: Layer) -> Net:
    name = f"{layers[0].cell.name}-{name}"
    alphabet = tuple(str(number) for number in range(layers[0].weight_ih.shape[1]))
    return Net(alphabet=alphabet, layers=layers, heads={}, name=name)


OPEN = 40.0
"""A gate of this bias is exactly 1, and of its negative at most 4e-18, also in float64."""

LANE = 16
"""Numbers that are so far from each other are added one after the other, also by wide kernels."""


def _sums_net(kind: str, large: float) -> Net:
    """Each cell's candidate is tanh ½, where its sum is rounded to enough bits.

    The first adds ``large + ¼ + ¼ − large``, the second, third and fourth the same with 4,096, 256
    and 16; the fifth has a weight of ½, and next to it a large one for an input that is 0; the last
    has the ½ alone.
    """
    rows = np.zeros((6, 4 * LANE))
    for row, size in zip(rows, (large, 4096.0, 256.0, 16.0), strict=False):
        row[::LANE] = size, 0.25, 0.25, -size
    rows[4:, LANE] = 0.5
    rows[4, 1] = 1.25 * large
    return _gates_by_bias("sums", kind, rows)


def _sums_input() -> Floats:
    x = np.zeros((1, 2, 4 * LANE))
    x[:, :, ::LANE] = 1.0
    return x


def _gates_by_bias(name: str, kind: str, candidate: Floats) -> Net:
    """A net without recurrent weights: all gates are open, but that which keeps is shut."""
    cell, (size, inputs) = CELLS[kind], candidate.shape
    weight, bias = (np.zeros((len(cell.gates), size, *x)) for x in ((inputs,), ()))
    weight[cell.gates.index("candidate")] = candidate
    for number, gate in enumerate(cell.gates):
        if gate != "candidate":
            bias[number] = OPEN if gate != cell.keeping else -OPEN
    nothing = np.zeros((bias.size, size))
    layer = _layer(
        kind,
        weight_ih=weight.reshape(-1, inputs),
        weight_hh=nothing,
        bias_ih=bias.ravel(),
        bias_hh=0.0 * bias.ravel(),
    )
    return _of(name, layer)


COUNTED = 2_100
"""So many brackets are open at once: float16 counts to 2,048."""


def _counter() -> Net:
    """Brackets of one kind: c of a cell is how many are open, since its gates are exactly 1."""
    net: Net = compile("dyck-1").replace(name="lstm-count")
    return net.map_arrays(in_float32)


# Inputs


def one_hot(net: Net, words: Any) -> Floats:
    """Words of equal length as inputs, (B, T, A)."""
    number = {symbol: i for i, symbol in enumerate(net.alphabet)}
    symbols = np.array([[number[symbol] for symbol in word] for word in words])
    return np.asarray(np.eye(len(net.alphabet))[symbols])


def _bits(steps: int) -> list[str]:
    """Bits whose parity is odd after each multiple of 64 and of 100 steps.

    So a state that is lost after a round number of steps is not the one that it should be.
    """
    bits, parity = (_noise(steps, "bits") > 0).astype(int).tolist(), 0
    for step in range(1, steps + 1):
        if step % 64 == 0 or step % 100 == 0:
            bits[step - 1] = 1 - parity
        parity ^= bits[step - 1]
    return [str(bit) for bit in bits]


def _words(net: Net, size: int, steps: int) -> Floats:
    """Words of any symbols, all unlike each other from the first few symbols on."""
    inputs = len(net.alphabet)
    noise = _noise(size * steps, f"words {size} {steps}").reshape(size, steps)
    symbols = ((noise + 1.0) / 2.0 * inputs).astype(int)
    number = np.arange(size)
    for place in range(min(steps, 3)):
        if size > 1:
            symbols[:, place] = number // inputs**place % inputs
    return np.asarray(np.eye(inputs)[symbols])


def _initial(net: Net, words: int) -> tuple[Floats, ...]:
    """States that no part, layer or word has in common with another."""
    parts, size = net.layers[0].cell.parts, net.layers[0].size
    shape = (len(parts), len(net.layers), words, size)
    return tuple(in_float32("", 0.9 * _noise(int(np.prod(shape)), "initial")).reshape(shape))
