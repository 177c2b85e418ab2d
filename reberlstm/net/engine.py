"""The batch engine: the cells' steps for many words at once, as fast as numpy can.

The reference is `reberlstm.net.cells`; tests hold this to it. What makes it fast:

- State vectors are columns, (D, B), so that a gate of all words is one block of memory.
- A layer is one product ``M @ [h; x]``. M holds the biases and, for few symbols, the table of what
  each adds, so that x is one-hot: a product is cheaper than picking columns.
- ``σ(z) = ½ + ½·tanh(z/2)``, and the ½ is in M, so that one tanh serves all gates.
- Batches are cut into blocks that fit the cache, and in `final_states` a block reads all its
  symbols before the next one begins. Words are sorted by length, so that a block only shrinks.
- Words with the same beginning share its steps, and states that are equal bit by bit
  are one: a net that is saturated, such as a compiled one, soon comes to no new state, and what is
  left is to look up the next one in a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from itertools import cycle
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reberlstm.net import fast
from reberlstm.net.cells.cell import Layer
from reberlstm.net.sparse import Sparse, whole

Array = NDArray[Any]

BLOCK = 65_536
"""Pre-activations of a block: two of them, and the state, are in a cache of the second level."""

FEW_SYMBOLS = 40
"""Up to so many symbols a product with one-hot columns is faster than picking columns."""

MOST_STATES = 4_096
"""State vectors that are told apart before words are followed one by one."""

NEVER_SAME = 8
"""After so many steps, none of which led to a known state vector, the net is not saturated."""

SHARED = 4
"""Words share steps while there are this many times as many words as different steps."""

SHARED_WORK = 100_000
"""From so many pre-activations a step on it takes longer than to find what words share."""

WORTH = 2_000
"""From so many symbols on it is worth to look for state vectors that are the same."""

LONG = 100
"""Symbols of a word that is worth arrays of its own."""

FEW_WORDS = 16
"""Up to so many words the next state is looked up word by word, without numpy."""

WALK = 8_192
"""Words that are looked up at a time, so that they stay in the cache."""

LEAP, MOST_LEAPT = 65_536, 8
"""Entries of the table for several symbols at a time, and how many symbols those are at most."""


class Kernel:
    """The layers of a net, prepared to step columns of state vectors.

    Args:
        layers: The layers, their arrays in the type of numbers that the net runs in.
        table: What each symbol adds to the pre-activations of the first layer, (A, G·H).
    """

    def __init__(self, layers: Sequence[Layer], table: Array) -> None:
        self.symbols, self.dtype = len(table), table.dtype
        self.layers = tuple(
            _Prepared(layer, layer.weight_ih if number else table.T, first=not number)
            for number, layer in enumerate(layers)
        )
        self.block = max(16, BLOCK // max(len(layer.matrix) for layer in self.layers))
        self.rows = sum(len(layer.matrix) for layer in self.layers)
        self._kinds = [layer.cell.name for layer in layers]
        self._comes_back: dict[bytes, bool] = {}

    @cached_property
    def compiled(self) -> fast.Compiled:
        """The same in compiled code, in float32."""
        return fast.Compiled(self._kinds, self.layers)

    def comes_back(self, start: Array) -> bool:
        """Whether a few steps from a state vector (D,) already lead to a known one."""
        key = start.tobytes()
        if key not in self._comes_back:
            memo, state = Memo(self, start), 0
            for step in range(NEVER_SAME):
                if not memo.same:
                    state = memo.row(state)[step % self.symbols]
            self._comes_back[key] = memo.same
        return self._comes_back[key]

    def does_not_come_back(self, start: Array) -> None:
        """Say so, after too many state vectors."""
        self._comes_back[start.tobytes()] = False

    def step(self, states: Array, symbols: NDArray[np.intp]) -> Array:
        """The state vectors (D, B) after one more symbol each, given as numbers (B,)."""
        result = np.empty(states.shape, self.dtype)
        for begin in range(0, states.shape[1], self.block):
            part = slice(begin, begin + self.block)
            running = _Running(self, states[:, part])
            running.read(symbols[part])
            running.store(result[:, part])
        return result

    def run(self, states: Array, symbols: NDArray[np.intp], lengths: NDArray[np.intp]) -> None:
        """Let state vectors (D, B) read words (T, B) of these lengths, longest first, in place."""
        work = self.rows * int(lengths.sum())
        possible = self.dtype == np.float32 and not isinstance(self.layers[0].matrix, Sparse)
        if possible and fast.is_worth(work) and self.compiled.suits(len(lengths)):
            self.compiled.run(states, symbols, lengths)
            return
        for begin in range(0, states.shape[1], self.block):
            part = slice(begin, begin + self.block)
            reading = going_on(lengths[part])
            words: Array = symbols[: len(reading), part].astype(
                _number_type(self.symbols), order="C"
            )
            alone = words.shape[1] == 1 and len(words) >= LONG
            if alone and self._kinds == ["lstm"] and self.layers[0].table is None:
                states[:, begin] = _one_word(self.layers[0], states[:, begin], words[:, 0].tolist())
                continue
            running = None
            for word, count in zip(words, reading.tolist(), strict=True):
                if running is None or count != running.count:
                    if running is not None:
                        running.store(states[:, begin:])
                    running = _Running(self, states[:, begin : begin + count])
                running.read(word[:count])
            if running is not None:
                running.store(states[:, begin:])


def going_on(lengths: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many words, the longest first, have a first symbol, a second one, and so on."""
    longest = int(lengths[0]) if len(lengths) else 0
    return np.searchsorted(-lengths, -np.arange(longest), side="left")


def _number_type(symbols: int) -> type:
    return np.uint8 if symbols <= FEW_SYMBOLS else np.intp


class _Prepared:
    """One layer: its matrix, and the function that makes the new state of its product."""

    def __init__(self, layer: Layer, weight: Array, first: bool) -> None:
        size = self.size = layer.size
        self.gates, order = _KINDS[layer.cell.name]
        # Sparse weights are multiplied alone; the whole array is made of those of other layers.
        sparse = first and isinstance(layer.weight_hh, Sparse)
        weight_hh = layer.weight_hh if sparse else whole(layer.weight_hh)
        rows, tables, recurrent = [], [], []
        for gate, scale, terms in order:
            own = layer.rows(gate)
            # The table of the first layer holds its own bias already.
            bias = np.zeros_like(layer.bias_ih) if first else layer.bias_ih
            bias = bias[own] * ("x" in terms) + layer.bias_hh[own] * ("b" in terms)
            x = weight[own] * ("x" in terms)
            if sparse:
                tables.append(scale * (x + bias[:, np.newaxis]))
                recurrent.append((weight_hh[own], scale * ("h" in terms)))
                continue
            # One-hot columns add up to 1, so that a bias fits into them; else there is a 1 for it.
            x = x + bias[:, np.newaxis] if first else np.c_[x, bias]
            rows.append(scale * np.concatenate([weight_hh[own] * ("h" in terms), x], axis=1))
        dtype = layer.weight_hh.dtype
        self.table: Array | None = None
        self.inner: Any = layer.recurrent_blocks[-1]  # what a GRU of the older kind multiplies last
        if sparse:
            self.table = np.concatenate(tables).astype(dtype)
            self.matrix: Any = Sparse.stacked(*zip(*recurrent, strict=True)).astype(dtype)
            return
        self.matrix = np.concatenate(rows).astype(dtype)
        if first and weight.shape[1] > FEW_SYMBOLS:
            self.table = self.matrix[:, size:]
            self.matrix = self.matrix[:, :size].copy()


class _Running:
    """A block of words on its way: its arrays are made once, and used at every step."""

    def __init__(self, kernel: Kernel, states: Array) -> None:
        self.count = states.shape[1]
        shape = (self.count,) if self.count != 1 else ()  # one word is faster with vectors
        self._state: list[Array] = []
        self._steps: list[Callable[[], object]] = []
        below = None
        for layer in kernel.layers:
            x = np.zeros((layer.matrix.shape[1], *shape), kernel.dtype)
            z, state, step = layer.gates(layer, x[: layer.size], shape)
            if below is None:
                self._read_into(layer, x, z)
            else:
                x[-1] = 1.0
                self._steps.append(partial(np.copyto, x[layer.size : -1], below))
                self._steps.append(partial(layer.matrix.dot, x, z))
            self._steps.append(step)
            self._state += state
            below = state[0]
        for part, given in zip(self._state, self._parts(states), strict=True):
            part[...] = given.reshape(part.shape)

    def _read_into(self, layer: _Prepared, x: Array, z: Array) -> None:
        """How a symbol gets into the first layer."""
        dot, hot = partial(layer.matrix.dot, x, z), x[layer.size :]
        if layer.table is not None:
            table = layer.table

            def read(symbols: Array) -> None:
                dot()
                np.add(z, table.take(symbols, axis=1).reshape(z.shape), out=z)
        elif self.count == 1:

            def read(symbols: Array) -> None:
                hot.fill(0.0)
                hot[symbols[0]] = 1.0
                dot()
        else:
            numbers = np.arange(len(hot), dtype=np.uint8)[:, np.newaxis]

            def read(symbols: Array) -> None:
                np.equal(symbols, numbers, out=hot, casting="unsafe")
                dot()

        self._read = read

    def read(self, symbols: Array) -> None:
        """One symbol for each word."""
        self._read(symbols)
        for step in self._steps:
            step()

    def store(self, states: Array) -> None:
        """Put the state vectors into the first columns."""
        for part, place in zip(self._state, self._parts(states), strict=True):
            place[:, : self.count] = part.reshape(len(part), -1)

    def _parts(self, states: Array) -> Iterator[Array]:
        at = 0
        for part in self._state:
            yield states[at : at + len(part)]
            at += len(part)


# What happens to the product z of a layer. Each function is given h, a part of what is multiplied,
# and makes z, the other parts of the state, and a step without arguments.

Made = tuple[Array, list[Array], Callable[[], None]]


def _lstm(layer: _Prepared, h: Array, shape: tuple[int, ...]) -> Made:
    size = layer.size
    y = np.zeros((5 * size, *shape), h.dtype)  # c, g, f, i, o: (c, g)·(f, i) is one product
    c, o, sigmoids = y[:size], y[4 * size :], y[2 * size :]
    memory, gates = y[: 2 * size], y[2 * size : 4 * size]
    products = np.empty_like(memory)
    kept, new, z = products[:size], products[size:], y[size:]

    def step() -> None:
        _all_gates(z, sigmoids)
        np.multiply(memory, gates, products)
        np.add(kept, new, c)
        np.tanh(c, h)
        np.multiply(h, o, h)

    return z, [h, c], step


def _one_word(layer: _Prepared, state: Array, word: list[int]) -> Array:
    """The state vector (D,) of one LSTM layer after a word, with six calls of numpy a symbol.

    With ``σ = (1 + t)/2``, h is the mean of ``tₒ·tanh c`` and ``tanh c``, both multiplied; c
    is half the sum of ``t_f·c``, ``tᵢ·g``, c and g, which is a product, too.
    """
    size, kind = layer.size, state.dtype
    weights, symbols = layer.matrix[:, :size] / 2, layer.matrix[:, size:]
    dot = np.c_[weights, weights, symbols].dot
    mean = np.tile(np.eye(size, dtype=kind) / 2, 4).dot
    x = np.zeros(2 * size + symbols.shape[1], kind)
    gated, plain, hot = x[:size], x[size : 2 * size], x[2 * size :]
    gated[:] = plain[:] = state[:size]
    turns = np.zeros((2, 7, size), kind)  # t_f·c, tᵢ·g, c, g, t_f, tᵢ, tₒ; c is of the turn before
    turns[0, 2] = state[size:]
    views = [
        (y[3:].ravel(), y[2:4], y[4:6], y[:2], y[:4].ravel(), after[2], y[6])
        for y, after in zip(turns, turns[::-1], strict=True)
    ]
    last = 0
    for symbol, (z, values, gates, products, parts, c, out) in zip(
        word, cycle(views), strict=False
    ):
        hot[last], hot[symbol], last = 0.0, 1.0, symbol
        dot(x, z)
        np.tanh(z, z)
        np.multiply(values, gates, products)
        mean(parts, c)
        np.tanh(c, plain)
        np.multiply(out, plain, gated)
    return np.concatenate([(gated + plain) / 2, turns[len(word) % 2, 2]])


def _toy(layer: _Prepared, h: Array, shape: tuple[int, ...]) -> Made:
    size = layer.size
    z = np.empty((3 * size, *shape), h.dtype)
    g, f, i = z[:size], z[size : 2 * size], z[2 * size :]

    def step() -> None:
        _all_gates(z, z[size:])
        np.multiply(h, f, h)
        np.multiply(g, i, g)
        np.add(h, g, h)

    return z, [h], step


def _gru(layer: _Prepared, h: Array, shape: tuple[int, ...]) -> Made:
    size = layer.size
    z = np.empty((4 * size, *shape), h.dtype)
    both, r, update = z[: 2 * size], z[:size], z[size : 2 * size]
    again, n = z[2 * size : 3 * size], z[3 * size :]

    def step() -> None:
        _all_gates(both, both)
        np.multiply(r, again, r)
        np.add(n, r, n)
        _mix(n, update, h)

    return z, [h], step


def _gru_before(layer: _Prepared, h: Array, shape: tuple[int, ...]) -> Made:
    size = layer.size
    z = np.empty((3 * size, *shape), h.dtype)
    both, r, update, n = z[: 2 * size], z[:size], z[size : 2 * size], z[2 * size :]

    def step() -> None:
        _all_gates(both, both)
        np.multiply(r, h, r)
        np.add(n, layer.inner.dot(r), n)
        _mix(n, update, h)

    return z, [h], step


def _rnn(layer: _Prepared, h: Array, shape: tuple[int, ...]) -> Made:
    z = np.empty((layer.size, *shape), h.dtype)
    return z, [h], partial(np.tanh, z, h)


def _relu(layer: _Prepared, h: Array, shape: tuple[int, ...]) -> Made:
    z = np.empty((layer.size, *shape), h.dtype)
    return z, [h], partial(np.maximum, z, 0.0, out=h)


def _all_gates(z: Array, sigmoids: Array) -> None:
    np.tanh(z, z)
    np.multiply(sigmoids, 0.5, sigmoids)
    np.add(sigmoids, 0.5, sigmoids)


def _mix(n: Array, update: Array, h: Array) -> None:
    """``h' = n + z·(h − n)``."""
    np.tanh(n, n)
    np.subtract(h, n, h)
    np.multiply(h, update, h)
    np.add(h, n, h)


Order = tuple[tuple[str, float, str], ...]
"""Blocks of rows: of which gate, times what, and what is added up: W x + b, U h, b'."""

_ALL = "xhb"
_LSTM: Order = (
    ("candidate", 1.0, _ALL),
    ("forget", 0.5, _ALL),
    ("input", 0.5, _ALL),
    ("output", 0.5, _ALL),
)
_GRU: Order = (("reset", 0.5, _ALL), ("update", 0.5, _ALL))
_RNN: Order = (("candidate", 1.0, _ALL),)

_KINDS: dict[str, tuple[Callable[[_Prepared, Array, tuple[int, ...]], Made], Order]] = {
    "lstm": (_lstm, _LSTM),
    "toy": (_toy, _LSTM[:3]),
    "gru": (_gru, (*_GRU, ("candidate", 1.0, "hb"), ("candidate", 1.0, "x"))),
    "gru-before": (_gru_before, (*_GRU, ("candidate", 1.0, "xb"))),
    "rnn": (_rnn, _RNN),
    "rnn-relu": (_relu, _RNN),
}


def is_fast(layers: Sequence[Layer]) -> bool:
    """Whether there is a fast step for every layer; another cell is run by its formula."""
    return all(layer.cell.name in _KINDS for layer in layers)


class Ends(NamedTuple):
    """State vectors (D, S), and for each word which of them it ends in, (B,)."""

    states: Array
    of_word: NDArray[np.intp]


def final_states(
    kernel: Kernel, start: Array, symbols: NDArray[np.intp], lengths: NDArray[np.intp]
) -> Ends:
    """Where words (T, B) of these lengths, the longest first, lead from a state vector (D,).

    Example:
        >>> import reberlstm as rl
        >>> net = rl.compile("parity")
        >>> words = np.array([[1, 1], [1, 0]])
        >>> ends = final_states(net.kernel, net.initial(), words, np.array([2, 1]))
        >>> ends.states.shape[0] == len(net.initial()), len(ends.of_word)
        (True, 2)
    """
    worth = lengths.sum() >= max(WORTH, 4 * NEVER_SAME * kernel.symbols)
    if not worth or not kernel.comes_back(start):
        return _shared(kernel, start, symbols, lengths)
    memo, done, at = Memo(kernel, start), 0, np.zeros(len(lengths), dtype=np.intp)
    while done < len(lengths):
        block = slice(done, done + WALK)
        if not memo.follow(at[block], symbols[:, block], lengths[block]):
            kernel.does_not_come_back(start)
            rest = _shared(kernel, start, symbols[:, done:], lengths[done:])
            at[done:] = len(memo) + rest.of_word
            return Ends(np.concatenate([memo.states, rest.states], axis=1), at)
        done += WALK
    return Ends(memo.states, at)


def _shared(
    kernel: Kernel, start: Array, symbols: NDArray[np.intp], lengths: NDArray[np.intp]
) -> Ends:
    """The same, where words with the same beginning share its steps, as long as many do."""
    levels, at = [start.astype(kernel.dtype)[:, np.newaxis]], np.zeros(len(lengths), dtype=np.intp)
    known = 0  # how many states there are before the last level
    for t, count in enumerate(going_on(lengths).tolist()):
        distinct = None
        if count * kernel.rows >= SHARED_WORK:
            pairs = (at[:count] - known) * kernel.symbols + symbols[t, :count]
            used = np.zeros(levels[-1].shape[1] * kernel.symbols, dtype=bool)
            used[pairs] = True
            distinct = np.flatnonzero(used)
        known += levels[-1].shape[1]
        if distinct is None or len(distinct) * SHARED > count:
            states = np.concatenate(levels, axis=1)
            apart = states.take(at[:count], axis=1)
            kernel.run(apart, symbols[t:, :count], lengths[:count] - t)
            at[:count] = known + np.arange(count)
            return Ends(np.concatenate([states, apart], axis=1), at)
        sources, through = np.divmod(distinct, kernel.symbols)
        levels.append(kernel.step(levels[-1][:, sources], through))
        number = np.empty(len(used), dtype=np.intp)
        number[distinct] = np.arange(len(distinct))
        at[:count] = known + number[pairs]
    return Ends(np.concatenate(levels, axis=1), at)


class Memo:
    """State vectors that are told apart bit by bit, and where each symbol leads from them.

    The row of a state is made by `Kernel.step` on all symbols at once, so that it is always the
    same, whatever words are followed. A saturated net soon comes to no new state.
    """

    def __init__(self, kernel: Kernel, start: Array) -> None:
        self.kernel, self.number = kernel, kernel.symbols
        self._states = [np.array(start, dtype=kernel.dtype)]
        self._known = {self._states[0].tobytes(): 0}
        self._table = np.full(64 * self.number, -1, dtype=np.intp)  # next state · A, or −1
        self._rows: list[list[int] | None] = [None]
        self._every = np.arange(self.number)
        self.same = False  # whether a step has led to a known state
        self._leaps: tuple[int, Array] | None = None  # see `_leap`

    @property
    def states(self) -> Array:
        """All state vectors that are known, (D, S)."""
        return np.stack(self._states, axis=1)

    def __len__(self) -> int:
        return len(self._states)

    def row(self, state: int) -> list[int]:
        """The next state by symbol."""
        found = self._rows[state]
        if found is None:
            wide = np.repeat(self._states[state][:, np.newaxis], self.number, axis=1)
            after = self.kernel.step(wide, self._every)
            found = self._rows[state] = [self._intern(vector) for vector in after.T]
            self._write(slice(state * self.number, (state + 1) * self.number), found)
        return found

    def _intern(self, vector: Array) -> int:
        number = self._known.setdefault(vector.tobytes(), len(self._states))
        if number == len(self._states):
            self._states.append(vector)
            self._rows.append(None)
        else:
            self.same = True
        return number

    def _write(self, pairs: Any, after: Any) -> None:
        needed = len(self._states) * self.number
        if needed > len(self._table):
            more = np.full(max(needed, 2 * len(self._table)) - len(self._table), -1, np.intp)
            self._table = np.concatenate([self._table, more])
        self._table[pairs] = np.asarray(after) * self.number

    @property
    def pays(self) -> bool:
        """Whether not too many states are told apart."""
        return len(self) <= MOST_STATES

    def follow(
        self, at: NDArray[np.intp], symbols: NDArray[np.intp], lengths: NDArray[np.intp]
    ) -> bool:
        """Look words (T, B) up; put where they end into `at`, (B,). False if it does not pay."""
        if len(at) <= FEW_WORDS:
            each = (symbols[:length, i] for i, length in enumerate(lengths))
            return all(self._follow_one(at[i : i + 1], word) for i, word in enumerate(each))
        # Turned round as small numbers, which takes a quarter of the time.
        small = np.uint8 if self.number <= 256 else np.intp
        words = symbols[: int(lengths[0])].T.astype(small, order="C").T
        ids, done = self._leap(words, int(lengths[-1]))  # times A
        every, known = ids, len(self)
        pairs, after = np.empty_like(ids), np.empty_like(ids)
        counts = going_on(lengths).tolist()[done:]
        for word, count in zip(words[done:].copy(), counts, strict=True):
            if count < len(ids):
                ids, pairs, after = ids[:count], pairs[:count], after[:count]
            np.add(word[:count], ids, out=pairs)
            # With "clip" numpy writes into `after` directly.
            while self._table.take(pairs, out=after, mode="clip").min() < 0:
                for state in np.unique(pairs[after < 0] // self.number).tolist():
                    self.row(state)
                    if not self.pays:
                        return False
            ids[:] = after
        at[:] = every // self.number
        if len(self) > known:
            self._leaps = None
        elif self._leaps is None:
            self._leaps = self._several()
        return True

    def _several(self) -> tuple[int, Array]:
        """How many symbols go at a time, and a table for them; one more state is the unknown one.

        The number of several symbols has them as its digits. Entries are times how many there are.
        """
        states, width = len(self), 1
        known = self._table[: states * self.number].reshape(states, -1) // self.number
        one = np.pad(known, ((0, 1), (0, 0)), constant_values=-1)
        one = many = np.where(one < 0, states, one)
        while width < MOST_LEAPT and many.size * self.number <= LEAP:
            many, width = one[many].reshape(states + 1, -1), width + 1
        return width, (many * many.shape[1]).ravel()

    def _leap(self, words: Array, shortest: int) -> tuple[NDArray[np.intp], int]:
        """Where words (T, B) lead, times A, after how many symbols; none if a state is unknown."""
        start = np.zeros(words.shape[1], dtype=np.intp)
        if self._leaps is None:
            return start, 0
        width, table = self._leaps
        done = shortest // width * width
        numbers = words[:done:width].astype(np.uint16)
        for i in range(1, width):
            numbers *= self.number
            numbers += words[i:done:width]
        ids, pairs = start.copy(), start.copy()
        for each in numbers.copy():
            np.add(each, ids, out=pairs)
            table.take(pairs, out=ids, mode="clip")
        ids //= self.number**width
        if ids.max() == len(self):
            return start, 0
        return ids * self.number, done

    def _follow_one(self, at: NDArray[np.intp], word: NDArray[np.intp]) -> bool:
        rows, state = self._rows, 0
        for symbol in word.tolist():
            row = rows[state]
            if row is None:
                row = self.row(state)
                if not self.pays:
                    return False
            state = row[symbol]
        at[0] = state
        return True
