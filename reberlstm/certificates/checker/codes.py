"""Steps of a net of sparse weights between codes: sets of active cells.

Every cell of such a box is in one of two intervals. A row of sparse weights is one number but for
few cells, so what a gate adds up is the same for all codes but those that have one of these cells.
`Codes` bounds each cell once for all codes of the first kind and once for each of the second, and
says which cells come out as active ones. A cell that comes out as neither rejects the certificate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.checker.document import RejectedError
from reberlstm.certificates.checker.steps import Bounds, Ends, Format, Sums, cell, together
from reberlstm.certificates.checker.subject import (
    BLOCKS,
    PARTS,
    Layer,
    Net,
    Sparse,
    is_sparse,
)
from reberlstm.errors import CertificateError

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Code = frozenset[int]

FEW_CODES = 8  # codes with another number of active cells than the others
MOST_ACTIVE = 64  # cells that a symbol may activate without regard to the code
SECONDS_PER_CELL = 4e-7  # of one gate of one cell that reads one symbol
MOST_CELLS = 2_000  # of a net of which whole arrays are made
CHUNK = 100_000  # cells that are stepped at a time


START: Code = frozenset({-1})
"""The zero vector that words begin in."""


class Images(NamedTuple):
    """Where symbols, by number, lead from codes."""

    common: Code
    known: Mapping[tuple[Code, int], Code]
    by_symbol: list[list[int]]  # cells that are active after a usual code, if nothing else is said
    cells: list[int]  # cells of which something else is said, in the order of the codes' own cells
    starts: list[int]  # where those of each begin
    active: list[list[bool]]  # whether they are active, by symbol

    def after(self, code: Code, symbol: int) -> Code:
        """The code after a symbol."""
        if (code, symbol) in self.known:
            return self.known[code, symbol]
        (own,) = code - self.common
        part = slice(self.starts[own], self.starts[own + 1])
        said = dict(zip(self.cells[part], self.active[part], strict=True))
        rest = [number for number in self.by_symbol[symbol] if number not in said]
        return frozenset(rest).union(number for number, on in said.items() if on[symbol])


def _note(known: dict[tuple[Code, int], Code], code: Code, active: NDArray[np.bool_]) -> None:
    for symbol, column in enumerate(active.T):
        known[code, symbol] = frozenset(np.flatnonzero(column).tolist())


class _Alone(NamedTuple):
    """Cells side by side, as a layer for `cell`: G blocks of rows, which nothing else reads."""

    kind: str
    u: range
    size: int


class _Rows(NamedTuple):
    """Of each row of weights: its positive and negative ones, sizes and numbers, added up."""

    positive: Floats
    negative: Floats
    size: Floats
    number: Floats


class Codes:
    """A net of one layer of sparse weights, and the two intervals of each part of its cells.

    Raises:
        CertificateError: for a net that this is not known for.
        RejectedError: where the intervals do not tell active from inactive cells.
    """

    def __init__(
        self,
        net: Any,
        arithmetic: str,
        noise: float,
        inputs: tuple[float, float, float],
        active: Sequence[tuple[float, float]],
        inactive: Sequence[tuple[float, float]],
    ) -> None:
        (layer,) = net.layers
        self.names: tuple[str, ...] = net.cells
        self.kind, self.noise = layer.cell.name, noise
        self.size, self.gates = layer.weight_hh.shape[1], BLOCKS[self.kind]
        self.active, self.inactive = active, inactive
        held = Format(arithmetic).held
        self.weight: Sparse = held(layer.weight_hh)
        self.bounds = Bounds(arithmetic, [np.zeros((1, self.size + len(net.alphabet)))])
        self.recurrent = _rows_of(self.weight)
        self.bias_hh = held(layer.bias_hh)
        self.heads = {}
        for head, readout in net.heads.items():
            weight, bias = (held(x) for x in (readout.layers[0].weight, readout.layers[0].bias))
            self.heads[head] = (weight, _constants(bias), readout)
        if "next" in self.heads:
            self.heads.setdefault("legal", self.heads["next"])
        self.columns: list[Sums] = []
        blur, low, high = inputs
        for vector in np.eye(len(net.alphabet)):
            x = vector * low, vector * high
            x = self.bounds.wider((np.minimum(*x), np.maximum(*x)), blur) if blur else x
            sums = self.bounds.linear(held(layer.weight_ih), x, held(layer.bias_ih))
            self.columns.append(sums)
        # The entries by column, to find the weights on one cell.
        self.order = np.argsort(self.weight.columns, kind="stable")
        self.begins = np.searchsorted(self.weight.columns[self.order], np.arange(self.size + 1))
        self.row_of = np.repeat(np.arange(len(self.weight.default)), np.diff(self.weight.starts))

    @property
    def work(self) -> float:
        """About how many seconds the steps take."""
        cells = len(self.weight.columns) + (FEW_CODES + 3) * self.size
        return float(SECONDS_PER_CELL * cells * len(self.columns) * self.gates)

    def on(self, number: int) -> Floats:
        """The weights on a cell, for each cell those of its gates, (H, G)."""
        entries = self.order[self.begins[number] : self.begins[number + 1]]
        weights = self.weight.default.copy()
        weights[self.row_of[entries]] = self.weight.values[entries]
        return weights.reshape(self.gates, -1).T

    def _sums(
        self, rows: _Rows, weights: Sequence[Floats], ends: tuple[tuple[float, float], ...]
    ) -> Sums:
        """What rows add up to, with weights on active cells; the rest are inactive.

        Each active cell is added up as an inactive one that stands in the middle, and then by how
        much it is more.
        """
        (on_low, on_high), (low, high) = ends
        middle = min(max(0.5 * low + 0.5 * high, low), high)
        large, larger = max(abs(low), abs(high)), max(abs(on_low), abs(on_high))
        least = rows.positive * low + rows.negative * high
        most = rows.positive * high + rows.negative * low
        size = rows.size * large
        for weight in weights:
            one, two = weight * (on_low - middle), weight * (on_high - middle)
            least, most = least + np.minimum(one, two), most + np.maximum(one, two)
            size = size + np.abs(weight) * (larger + large)
        size = size * (1.0 + self.bounds.longest * 2.0**-50)
        lost = rows.size + sum(map(np.abs, weights)) + rows.number * (4.0 + max(large, larger))
        return least, most, size, rows.number, lost

    def is_active(
        self, cells: Ints, weights: Sequence[Floats], was: NDArray[np.bool_] | None
    ) -> NDArray[np.bool_]:
        """Which of these cells are active after each symbol, (P, A).

        Given are the weights of their gates on all active cells, (P, G) each, and whether they are
        active themselves; None where all state is 0, as words begin.
        """
        if not len(cells):
            return np.zeros((0, len(self.columns)), dtype=bool)
        found = [
            self._is_active(
                cells[begin : begin + CHUNK],
                [x[begin : begin + CHUNK] for x in weights],
                None if was is None else was[begin : begin + CHUNK],
            )
            for begin in range(0, len(cells), CHUNK)
        ]
        return np.concatenate(found)

    def _is_active(
        self, cells: Ints, weights: Sequence[Floats], was: NDArray[np.bool_] | None
    ) -> NDArray[np.bool_]:
        # All gates of a kind together, as blocks of rows.
        rows = (cells + self.size * np.arange(self.gates)[:, np.newaxis]).ravel()
        still = ((0.0, 0.0),) * len(PARTS[self.kind])
        on, off = (still, still) if was is None else (self.active, self.inactive)
        own = _Rows(*(part[rows] for part in self.recurrent))
        own_sums = self._sums(own, [x.T.ravel() for x in weights], (on[0], off[0]))
        again = together([own_sums, _constants(self.bias_hh[rows])])
        chosen = np.zeros(len(cells), dtype=bool) if was is None else was
        state = [
            (np.where(chosen, up[0], down[0]), np.where(chosen, up[1], down[1]))
            for up, down in zip(on, off, strict=True)
        ]
        layer: Any = _Alone(self.kind, range(len(rows)), len(cells))
        found = []
        for column in self.columns:
            a = tuple(part[rows] for part in column)
            after = cell(layer, a, again, state, self.bounds)[1]
            after = [self.bounds.wider(part, self.noise) for part in after] if self.noise else after
            is_on, is_off = (_lies_in(after, ends) for ends in (self.active, self.inactive))
            if not (is_on ^ is_off).all():
                number = int(cells[np.flatnonzero(~(is_on ^ is_off))[0]])
                raise RejectedError(
                    f"cell {self.names[number]!r} may be neither active nor inactive after a symbol"
                )
            found.append(is_on)
        return np.array(found).T

    def images(self, codes: Iterable[Code]) -> Images:
        """Where each symbol leads from the codes, and from the zero vector that words begin in.

        Raises:
            RejectedError: naming a cell that may be neither active nor inactive; or where too many
                codes have more than one cell that others have not.
        """
        codes = set(codes)
        common = frozenset.intersection(*codes)
        odd = sorted(sorted(code) for code in codes if len(code - common) != 1)
        if len(odd) > FEW_CODES:
            raise RejectedError(
                f"{len(odd):,} boxes have another number of active cells than the others, and of "
                f"a net that is kept sparse {FEW_CODES} may"
            )
        usual = np.zeros(self.size, dtype=bool)
        usual[[cell for code in codes if len(code - common) == 1 for cell in code - common]] = True
        every, shared = np.arange(self.size), sorted(common)
        base = [self.on(number) for number in shared]
        is_shared = np.isin(every, shared)

        # Cells whose rows have an entry for another one (or that are this one), once each.
        of, others = self.row_of % self.size, self.weight.columns
        chosen = usual[others]
        own = every[usual]
        entries = (others * self.size + of)[chosen]
        keys = np.unique(np.concatenate([entries, own * self.size + own]))
        others_of, cells = np.divmod(keys, self.size)
        blocks = self.weight.default.reshape(self.gates, -1).T  # (H, G)
        weights = blocks[cells]
        place = np.searchsorted(keys, entries), self.row_of[chosen] // self.size
        weights[place] = self.weight.values[chosen]
        was = is_shared[cells] | (cells == others_of)
        paired = self.is_active(cells, [*(x[cells] for x in base), weights], was)

        # All others, where there is a code that they have no entry for.
        rest = every[np.bincount(cells, minlength=self.size) < len(own)]
        default = self.is_active(rest, [*(x[rest] for x in base), blocks[rest]], is_shared[rest])
        by_symbol = [rest[column].tolist() for column in default.T]
        if max(map(len, by_symbol)) > MOST_ACTIVE:
            raise RejectedError(f"a symbol activates over {MOST_ACTIVE} cells in one code")

        known: dict[tuple[Code, int], Code] = {}
        for code in odd:
            columns = [self.on(number) for number in code]
            _note(known, frozenset(code), self.is_active(every, columns, np.isin(every, code)))
        _note(known, START, self.is_active(every, [], None))
        starts = np.searchsorted(others_of, np.arange(self.size + 1)).tolist()
        return Images(common, known, by_symbol, cells.tolist(), starts, paired.tolist())

    # Heads

    def values(self, head: str, codes: Ints, start: bool) -> Ends:
        """What a head's rule is about in codes of as many cells, (N, cells): ends (N, R)."""
        weight, bias, readout = self.heads[head]
        still = (0.0, 0.0)
        ends = (still, still) if start else (self.active[0], self.inactive[0])
        rows = _rows_of(weight)
        wide = _Rows(*(np.broadcast_to(x, (len(codes), len(x))) for x in rows))
        sums = self._sums(wide, [weight[:, column].T for column in codes.T], ends)
        z = self.bounds.added([sums, tuple(np.broadcast_to(x, sums[0].shape) for x in bias)])
        rows_read = len(bias[0]) - readout.extra
        z = self.bounds.tanh(z) if readout.rule.function == "tanh" else z
        return z[0][:, :rows_read], z[1][:, :rows_read]


def known_for(net: Any, heads: Iterable[str]) -> bool:
    """Whether a proof of a net can be checked in this way: its one layer is kept sparse."""
    first = net.layers[0]
    kind = first.cell.name
    plain = len(net.layers) == 1 and net.embedding is None and net.suffix is None
    plain = plain and (net.start_state is None or not net.start_state.any())
    linear = all(
        len(net.heads[x].layers) == 1 and net.heads[x].rule.function != "softmax"
        for x in heads
        if x in net.heads
    )
    asked = all(x in net.heads for x in heads)
    return is_sparse(first.weight_hh) and plain and linear and asked and kind != "gru-before"


def whole_net(net: Any) -> Net:
    """The net with whole arrays, for what is not known of sparse ones: the exact mode, strides.

    Raises:
        CertificateError: where that is too large.
    """
    most = max(layer.weight_hh.shape[1] for layer in net.layers)
    if most > MOST_CELLS:
        raise CertificateError(
            "not checked: the exact mode, and steps that are composed, need whole arrays of "
            f"weights, which are made for up to {MOST_CELLS:,} cells"
        )
    layers = []
    for layer in net.layers:
        weight = layer.weight_hh
        if is_sparse(weight):
            row = np.repeat(np.arange(len(weight.default)), np.diff(weight.starts))
            array = np.repeat(weight.default[:, np.newaxis], weight.shape[1], axis=1)
            array[row, weight.columns] = weight.values
            weight = array
        layers.append(Layer(layer.cell, layer.weight_ih, weight, layer.bias_ih, layer.bias_hh))
    names = [field.name for field in fields(Net) if field.name != "layers"]
    return Net(layers=tuple(layers), **{name: getattr(net, name) for name in names})


def two_intervals(proof: Mapping[str, Any]) -> tuple[int, int] | None:
    """The numbers of the intervals of active and inactive cells, if boxes have these two alone."""
    if proof["k"] != 0 or proof["stride"] != 1 or proof.get("alike") or proof.get("varies"):
        return None
    most = {box["most"] for box in proof["boxes"]}
    others = {number for box in proof["boxes"] for number in box["others"].values()}
    return (others.pop(), most.pop()) if len(most) == len(others) == 1 else None


def _rows_of(weight: Any) -> _Rows:
    """Of a matrix, sparse or whole."""

    def total(of: Any) -> Floats:
        if not isinstance(weight, Sparse):
            return np.asarray(of(weight).sum(axis=1))
        counts = np.diff(weight.starts)
        row = np.repeat(np.arange(len(counts)), counts)
        entries = np.bincount(row, of(weight.values), len(counts))
        return np.asarray(of(weight.default) * (weight.shape[1] - counts) + entries)

    return _Rows(
        total(lambda x: np.maximum(x, 0.0)),
        total(lambda x: np.minimum(x, 0.0)),
        total(np.abs),
        total(lambda x: (x != 0.0).astype(np.float64)),
    )


def _constants(bias: Floats) -> Sums:
    present = (bias != 0.0).astype(np.float64)
    return bias, bias, np.abs(bias), present, 4.0 * present


def _lies_in(parts: Sequence[Ends], ends: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
    """Whether all parts of the state of each cell are in intervals."""
    inside = [
        (low >= least) & (high <= most)
        for (low, high), (least, most) in zip(parts, ends, strict=True)
    ]
    return np.asarray(np.logical_and.reduce(inside))
