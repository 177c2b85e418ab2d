"""The engine's loop in compiled code, for float32, where numba is installed: the extra ``fast``.

Sixteen words at a time read all their symbols through all layers. A number of each is one vector of
a processor with AVX-512, and all that belongs to them is in a cache of the first level. The product
is written in LLVM's own language, since its sums have to stay in registers. The rest is Python that
numba compiles. `reberlstm.net.engine.Kernel.run` is the same in numpy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.extras import require

Array = NDArray[Any]

LANES = 16
"""Words at a time."""

ROWS = 6
"""Rows of a product at a time: their sums, a column and a factor fill 15 registers of AVX2."""

START = 2e8
"""Pre-activations: half a second's work of numpy, which is what numba takes to start."""

AT_ONCE = 1_000_000
"""Symbols that are read before Python can notice an interrupt."""

LARGE = 16_384
"""From so many weights on a few words are faster in numpy, which fills no lanes with nothing."""

KINDS = ("lstm", "toy", "gru", "gru-before", "rnn", "rnn-relu")
LSTM, TOY, GRU, GRU_BEFORE, RNN = range(len(KINDS) - 1)

ZERO, HALF, ONE = (np.float32(number) for number in (0.0, 0.5, 1.0))
LIMIT = np.float32(9.8)
P1, P2, P3, P4 = map(np.float32, (1.337971850e-1, 3.494035158e-3, 2.058348871e-5, 1.331907832e-8))
Q1, Q2, Q3, Q4 = map(np.float32, (4.671303375e-1, 2.587107565e-2, 3.283093710e-4, 7.762022859e-7))
"""tanh x ≈ x·P(x²)/Q(x²), where P(0) = Q(0) = 1: the least relative error, 2e-8, up to 9.02."""

_done = 0.0
_sums: Any = None
_permute: Any = None


def is_worth(pre_activations: float) -> bool:
    """Whether to use compiled code, now that there are so many numbers more to make.

    It is used from the time on when this process has made as many as numba takes to start. The
    variable ``REBERLSTM_COMPILED`` of the environment can say ``always`` or ``never``.

    Raises:
        MissingExtraError: for ``always`` without numba.
    """
    global _done
    _done += pre_activations
    wish = os.environ.get("REBERLSTM_COMPILED")
    if wish == "never" or (wish != "always" and _done < START):
        return False
    if _compiled() is None and wish == "always":
        require("numba", extra="fast", purpose="REBERLSTM_COMPILED=always")
    return _compiled() is not None


class Compiled:
    """The layers of a `Kernel`, prepared for the compiled loop.

    Args:
        kinds: The kinds of their cells.
        layers: Its prepared layers.
    """

    def __init__(self, kinds: Sequence[str], layers: Sequence[Any]) -> None:
        plan: list[tuple[int, ...]] = []
        parts: list[Array] = []
        place = 0
        factors, starts = [np.zeros(0, np.float32)], [np.zeros(0, np.float32)]
        table = (
            layers[0].matrix[:, layers[0].size :] if layers[0].table is None else layers[0].table
        )
        for kind, layer in zip(kinds, layers, strict=True):
            size, rows = layer.size, len(layer.matrix)
            # The first layer begins with what a symbol adds, the others with their last column.
            columns = layer.matrix.shape[1] - 1 if plan else size
            x, z = place, place + columns  # what is multiplied, h first; and the product
            more = z + rows + ROWS  # c, or what a GRU of the older kind multiplies last
            place = more + size
            first, start = sum(map(len, factors)), sum(map(len, starts))
            factors.append(_packed(layer.matrix[:, :columns]))
            inner = first + len(factors[-1])
            if kind == "gru-before":
                factors.append(_packed(layer.inner))
            if plan:
                starts.append(layer.matrix[:, -1])
            lanes = (x * LANES, z * LANES, more * LANES)
            plan.append((KINDS.index(kind), size, columns, rows, start, first, inner, *lanes))
            parts += [x + np.arange(size), more + np.arange(size if kind == "lstm" else 0)]
        self._factors = np.concatenate(factors)
        symbols = np.zeros((len(table), max(table.shape[1], LANES)), np.float32)
        symbols[:, : table.shape[1]] = table
        room = np.zeros((place + 1) * LANES, np.float32)
        begin = -room.ctypes.data % 64 // 4  # a vector in two lines of the cache is slow
        self._net = (
            *(np.array(plan, np.intp), np.concatenate(parts).astype(np.intp) * LANES),
            *(self._factors, np.concatenate(starts), symbols, table.shape[1] <= LANES),
            room[begin : begin + place * LANES],
        )

    def suits(self, words: int) -> bool:
        """Whether this is faster than numpy."""
        return words >= LANES // 2 or len(self._factors) <= LARGE

    def run(self, states: Array, symbols: NDArray[Any], lengths: NDArray[np.intp]) -> None:
        """As `Kernel.run`."""
        longest = int(lengths.max(initial=1))
        step = max(AT_ONCE // longest // LANES, 1) * LANES
        for begin in range(0, len(lengths), step):
            part = slice(begin, begin + step)
            read = np.array(symbols[:, part], dtype=np.int32, order="K")
            _compiled()(*self._net, states[:, part], read, lengths[part])


def _whole(rows: int) -> int:
    return -(-rows // ROWS) * ROWS


def _packed(matrix: Array) -> Array:
    """A matrix by groups of rows, and a column of the group after the other, as it is read."""
    rows, columns = matrix.shape
    groups = np.zeros((_whole(rows), columns), np.float32)
    groups[:rows] = matrix
    return groups.reshape(-1, ROWS, columns).transpose(0, 2, 1).ravel()


# What numba compiles: `_compiled` replaces these functions. A row of `work` is LANES numbers.


def _run(
    plan: Any, parts: Any, factors: Any, starts: Any, table: Any, few: bool,
    work: Any, states: Any, symbols: Any, lengths: Any,
) -> None:  # fmt: skip
    word = np.zeros(LANES, np.int32)
    for begin in range(0, len(lengths), LANES):
        count = min(LANES, len(lengths) - begin)
        for part in range(len(parts)):
            for lane in range(count):
                work[parts[part] + lane] = states[part, begin + lane]
        for t in range(lengths[begin] + 1):
            while count and lengths[begin + count - 1] == t:
                count -= 1
                for part in range(len(parts)):
                    states[part, begin + count] = work[parts[part] + count]
            if not count:
                break
            for lane in range(count):
                word[lane] = symbols[t, begin + lane]
            below = 0
            for layer in range(len(plan)):
                kind, size, columns, rows, start, factor, inner, x, z, more = plan[layer]
                n, product = size * LANES, work[z : z + rows * LANES]
                h, other = work[x : x + n], work[more : more + n]
                if layer:
                    _spread(starts[start:], product)
                    work[x + n : z] = work[below : below + z - x - n]
                elif few:
                    _permute(table, rows, word, work, z)
                else:
                    _look_up(table, rows, word, work, z)
                _product(factors, factor, rows, columns, work, x, z)
                if kind == GRU_BEFORE:
                    _reset(product, h, other)
                    _product(factors, inner, size, size, work, more, z + 2 * n)
                _gates(kind, product, h, other)
                below = x


def _spread(biases: Any, z: Any) -> None:
    for row in range(len(z) // LANES):
        for lane in range(LANES):
            z[row * LANES + lane] = biases[row]


def _look_up(table: Any, rows: int, word: Any, work: Any, z: int) -> None:
    for lane in range(LANES):
        for row in range(rows):
            work[z + row * LANES + lane] = table[row, word[lane]]


def _product(factors: Any, first: int, rows: int, columns: int, work: Any, x: int, z: int) -> None:
    for row in range(0, rows, ROWS):
        _sums(factors, first + row * columns, columns, work, x, z + row * LANES)


def _gates(kind: int, z: Any, h: Any, more: Any) -> None:
    """Make h of a product; its blocks of rows are those of the engine."""
    n = len(h)
    first, second, third, fourth = z[:n], z[n : 2 * n], z[2 * n : 3 * n], z[3 * n : 4 * n]
    if kind == LSTM:
        for i in range(n):
            c = _sigmoid(second[i]) * more[i] + _sigmoid(third[i]) * _tanh(first[i])
            more[i] = c
            h[i] = _sigmoid(fourth[i]) * _tanh(c)
    elif kind == TOY:
        for i in range(n):
            h[i] = _sigmoid(second[i]) * h[i] + _sigmoid(third[i]) * _tanh(first[i])
    elif kind == GRU:
        for i in range(n):
            new = _tanh(fourth[i] + _sigmoid(first[i]) * third[i])
            h[i] = new + _sigmoid(second[i]) * (h[i] - new)
    elif kind == GRU_BEFORE:
        for i in range(n):
            new = _tanh(third[i])
            h[i] = new + _sigmoid(second[i]) * (h[i] - new)
    elif kind == RNN:
        for i in range(n):
            h[i] = _tanh(first[i])
    else:
        for i in range(n):
            h[i] = max(first[i], ZERO)


def _reset(z: Any, h: Any, result: Any) -> None:
    """What a GRU of the older kind multiplies last."""
    for i in range(len(h)):
        result[i] = _sigmoid(z[i]) * h[i]


def _sigmoid(half: Any) -> Any:
    """σ of twice the number."""
    return HALF + HALF * _tanh(half)


def _tanh(number: Any) -> Any:
    """Within 3e-7, and exactly ±1 from ±LIMIT on, where the quotient is over 1."""
    x = min(max(number, -LIMIT), LIMIT)
    y = x * x
    over = ((((P4 * y + P3) * y + P2) * y + P1) * y + ONE) * x
    under = (((Q4 * y + Q3) * y + Q2) * y + Q1) * y + ONE
    return min(max(over / under, -ONE), ONE)


@cache
def _compiled() -> Any:
    """`_run` in machine code; None where numba is missing, off, or has no place for its files."""
    try:
        from llvmlite import ir
        from numba import config, njit, types
        from numba.core import cgutils
        from numba.core.registry import cpu_target
        from numba.extending import intrinsic
    except ImportError:
        return None
    if config.DISABLE_JIT:
        return None

    number, place = ir.IntType(32), types.intp
    vector, numbers = ir.VectorType(ir.FloatType(), LANES), ir.VectorType(number, LANES)
    zeros, unknown = ir.Constant(numbers, [0] * LANES), ir.Constant(vector, ir.Undefined)

    def data(context: Any, builder: Any, signature: Any, arguments: Any) -> Iterator[Any]:
        """The arguments, with pointers for arrays."""
        for kind, value in zip(signature.args, arguments, strict=True):
            array = isinstance(kind, types.Array)
            yield context.make_array(kind)(context, builder, value).data if array else value

    def row(builder: Any, array: Any, begin: Any, number: Any, kind: Any = vector) -> Any:
        """A pointer to a row of LANES numbers."""
        at = builder.add(begin, builder.mul(number, number.type(LANES)))
        return builder.bitcast(builder.gep(array, [at]), kind.as_pointer())

    def sums(_: Any, factors: Any, first: Any, columns: Any, work: Any, x: Any, z: Any) -> Any:
        """To ROWS rows add the product of (ROWS, columns) and (columns, LANES)."""

        def make(context: Any, builder: Any, *call: Any) -> Any:
            factors, first, columns, work, x, z = data(context, builder, *call)
            rows = [row(builder, work, z, z.type(i)) for i in range(ROWS)]
            loaded = [builder.load(each, align=4) for each in rows]
            totals = [cgutils.alloca_once_value(builder, value) for value in loaded]
            with cgutils.for_range(builder, columns) as loop:
                column = builder.load(row(builder, work, x, loop.index), align=4)
                begin = builder.add(first, builder.mul(loop.index, x.type(ROWS)))
                for i, total in enumerate(totals):
                    factor = builder.load(builder.gep(factors, [builder.add(begin, x.type(i))]))
                    one = builder.insert_element(unknown, factor, number(0))
                    all_lanes = builder.shuffle_vector(one, unknown, zeros)
                    product = builder.fmul(all_lanes, column, flags=["contract"])
                    total_now = builder.fadd(builder.load(total), product, flags=["contract"])
                    builder.store(total_now, total)
            for total, each in zip(totals, rows, strict=True):
                builder.store(builder.load(total), each, align=4)
            return context.get_dummy_value()

        return types.void(factors, place, place, work, place, place), make

    def permute(_: Any, table: Any, rows: Any, word: Any, work: Any, z: Any) -> Any:
        """`_look_up` in a table of LANES columns: an instruction for each row."""

        def make(context: Any, builder: Any, *call: Any) -> Any:
            table, rows, word, work, z = data(context, builder, *call)
            name = "llvm.x86.avx512.permvar.sf.512"
            kind = ir.FunctionType(vector, [vector, numbers])
            pick = cgutils.get_or_insert_function(builder.module, kind, name)
            symbols = builder.load(row(builder, word, z.type(0), z.type(0), numbers), align=4)
            with cgutils.for_range(builder, rows) as loop:
                values = builder.load(row(builder, table, z.type(0), loop.index), align=4)
                found = builder.call(pick, [values, symbols])
                builder.store(found, row(builder, work, z, loop.index), align=4)
            return context.get_dummy_value()

        return types.void(table, place, word, work, place), make

    features = cpu_target.target_context.codegen().magic_tuple()[-1]
    own, options = globals(), {"error_model": "numpy", "fastmath": {"contract", "nsz"}}
    for name in ("_tanh", "_sigmoid", "_spread", "_look_up", "_product", "_gates", "_reset"):
        own[name] = njit(**options)(own[name])
    own["_sums"] = intrinsic(sums)
    own["_permute"] = intrinsic(permute) if "+avx512f" in features else _look_up

    f, i = types.float32, types.intp
    signature = types.void(
        i[:, ::1], i[::1], f[::1], f[::1], f[:, ::1], types.boolean,
        f[::1], f[:, :], types.int32[:, :], i[:],
    )  # fmt: skip
    try:
        return njit(signature, cache=True, **options)(_run)
    except RuntimeError:
        return None
