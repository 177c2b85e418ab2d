"""A net that counts, in words: which cell counts what, when, and where its sign is asked.

All is found from the weights: each gate is looked at in each state that a cell stands for, on each
symbol, and for counters of −2, −1, 0, 1 and 2; ±2 stands for all beyond, where h is up to 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reberlstm.explanation.model import (
    CellExplanation,
    Explanation,
    GateExplanation,
    HeadExplanation,
    HeadLine,
)
from reberlstm.explanation.wording import listed, shown
from reberlstm.machine.counters import TESTS as SIGNS
from reberlstm.machine.counters import Configuration, sign, typeset
from reberlstm.machine.crawl import crawl
from reberlstm.net.cells.cell import Floats
from reberlstm.net.counting import Counting, Way
from reberlstm.net.height import ACTIVE
from reberlstm.net.net import Net

LEVELS = (-2, -1, 0, 1, 2)
TESTS: Mapping[str, frozenset[int]] = {
    **{typeset(text): frozenset(n for n in LEVELS if sign(n) in of) for text, of in SIGNS.items()},
    "> 1": frozenset({2}),
    "< −1": frozenset({-2}),
    "≤ 1": frozenset({-2, -1, 0, 1}),
    "≥ −1": frozenset({-1, 0, 1, 2}),
}
"""What a sum may tell of a counter, in the order of trying."""

START = "the start"
SMALL, MOST_MET = 3, 5_000
"""Counters up to so much, in so many configurations, show which signs a counter comes to have."""

MOST_NAMED = 6
"""States that are named in a list."""


def explain_counting(net: Net, counting: Counting) -> Explanation:
    """The explanation of a net that counts."""
    view = _View(net, counting)
    machine = counting.machine
    summary = [
        f"the net counts: {listed([each.cell for each in counting.cells])} "
        f"{'is a cell' if len(counting.cells) == 1 else 'are cells'} whose c is a number, and "
        "the other cells tell the state",
        *map(str, counting.cells),
        f"the sign of a counter costs nothing: h = tanh c is 0 where c is 0, and at least "
        f"{ACTIVE:.2f} in size elsewhere",
    ]
    if view.started is not None:
        summary.append(
            "after a violation no cell of a state is active, and none rings where none was"
        )
    return Explanation(
        net=net.name,
        grammar=machine.name,
        kind="mechanism",
        summary=tuple(summary),
        nodes={name: text for name, text in view.plain.items() if text},
        vertices={name: tuple(net.cells[c] for c in cells) for name, cells in view.states.items()},
        unit=None if net.gain is None else 2.0 * net.gain,
        cells=tuple(view.cell(number) for number in range(net.size)),
        heads={kind: view.head(kind) for kind in net.heads},
        readout=net.reading,
    )


@dataclass(frozen=True)
class _View:
    """A net that counts, looked at state by state."""

    net: Net
    counting: Counting

    @cached_property
    def counters(self) -> dict[int, str]:
        """The counter of each cell that counts."""
        return dict(
            zip(self.counting.numbers(self.net.cells), self.counting.machine.counters, strict=True)
        )

    @cached_property
    def started(self) -> int | None:
        """The cell that is active from the first symbol on: its candidate rings on every symbol."""
        for cell in range(self.net.size):
            rows = [self._row(gate, cell) for gate in ("input", "candidate", "output")]
            rings = self._inputs("candidate", cell).min() > 0.0
            if cell not in self.counters and rings and not np.any(rows):
                return cell
        return None

    @cached_property
    def states(self) -> dict[str, tuple[int, ...]]:
        """The cells that are active in each state."""
        more = () if self.started is None else (self.started,)
        found: dict[str, tuple[int, ...]] = {START: ()}
        for cell, name in enumerate(self.net.cells):
            if cell not in self.counters and cell != self.started:
                found[name] = (cell, *more)
        if more:
            found["a violation"] = more
        return found

    @property
    def plain(self) -> dict[str, str]:
        """What states without a cell are."""
        return {
            START: "no cell is active, before the first symbol",
            "a violation": "" if self.started is None else "only started is active",
        }

    def _row(self, gate: str, cell: int) -> Floats:
        (layer,) = self.net.layers
        row: Floats = np.asarray(layer.weight_hh)[layer.rows(gate)][cell]
        return row

    def _inputs(self, gate: str, cell: int) -> Floats:
        (layer,) = self.net.layers
        rows = layer.rows(gate)
        biases = layer.bias_ih[rows][cell] + layer.bias_hh[rows][cell]
        return np.asarray(layer.weight_ih[rows][cell] + biases)

    def _on_states(self, row: Floats, constant: float) -> dict[str, float]:
        """A sum in each state, without what counters add."""
        return {
            name: constant + ACTIVE * float(row[list(cells)].sum())
            for name, cells in self.states.items()
        }

    def _asked(self, row: Floats) -> dict[int, float]:
        return {cell: float(row[cell]) for cell in self.counters if row[cell]}

    def _levels(self, counter: str) -> list[int]:
        """The values, up to ±2 for all beyond, that a counter comes to have where all are small."""
        return self._met[self.counting.machine.counters.index(counter)]

    @cached_property
    def _met(self) -> list[list[int]]:
        machine = self.counting.machine

        def follow(at: Configuration) -> Iterator[tuple[str, Configuration]]:
            return (way for way in machine.steps(at) if max(map(abs, way[1][1])) <= SMALL)

        found = crawl([machine.start_configuration], follow, most=MOST_MET).found
        values = zip(*(values for _, values in found), strict=True)
        return [[n for n in LEVELS if n in {max(-2, min(2, v)) for v in each}] for each in values]

    def condition(self, row: Floats, constant: float) -> str | None:
        """What counters have to be for a sum to be positive; None: it is not, "": whatever."""
        asked = self._asked(row)
        best = {cell: max(self._added(cell, w)) for cell, w in asked.items()}
        if constant + sum(best.values()) <= 0.0:
            return None
        texts, worst = [], constant
        for cell, weight in asked.items():
            counter = self.counters[cell]
            rest = constant + sum(best.values()) - best[cell]
            levels = self._levels(counter)
            added = dict(zip(levels, self._added(cell, weight), strict=True))
            open_ = frozenset(n for n in levels if rest + added[n] > 0.0)
            if not open_:
                return None
            worst += min(added[n] for n in open_)
            if open_ != frozenset(levels):
                texts.append(self._test(counter, open_))
        if worst <= 0.0:
            names = listed([self.counters[cell] for cell in asked])
            return f"a sum over tanh of {names} is over its threshold"
        return " and ".join(texts)

    def _added(self, cell: int, weight: float) -> list[float]:
        """What a counter of each size adds to a sum, at least."""
        return [
            weight * (math.copysign(1.0, n) if abs(n) == 2 and n * weight < 0 else math.tanh(n))
            for n in self._levels(self.counters[cell])
        ]

    def _test(self, counter: str, open_: frozenset[int]) -> str:
        levels = self._levels(counter)
        text = next(
            (x for x, wanted in TESTS.items() if wanted.intersection(levels) == open_), None
        )
        way = next(x.way for x in self.counting.cells if x.counter == counter)
        name = f"c of {counter}" if way is Way.LATE else counter
        return f"{name} {text or 'in ' + str(sorted(open_))}"

    def places(self, row: Floats, constant: float) -> str | None:
        """In which states, and for which counters, a sum is positive; None for nowhere."""
        if not row[[cell for cell in range(self.net.size) if cell not in self.counters]].any():
            text = self.condition(row, constant)
            return f"if {text}" if text else text
        by_text: dict[str, list[str]] = {}
        for name, total in self._on_states(row, constant).items():
            text = self.condition(row, total)
            if name == START and self.started is not None:  # where every counter is 0
                text = "" if total > 0.0 else None
            if text is not None:
                by_text.setdefault(text, []).append(name)
        if not by_text:
            return None
        if set(by_text) == {""} and len(by_text[""]) == len(self.states):
            return ""
        return "; ".join(
            f"after {self._some(names)}{f' if {text}' if text else ''}"
            for text, names in by_text.items()
        )

    def _some(self, names: Sequence[str]) -> str:
        texts = [shown(name) if name in self.net.cells else name for name in names[:MOST_NAMED]]
        if len(names) > MOST_NAMED:
            texts.append(f"{len(names) - MOST_NAMED:,} more states")
        return listed(texts)

    # What is said

    def gate(self, gate: str, cell: int) -> GateExplanation:
        """When a gate is open, or what the candidate is."""
        row, inputs = self._row(gate, cell), self._inputs(gate, cell)
        if gate == "candidate":
            return GateExplanation(gate, self._candidate(row, inputs))
        rings = self._inputs("candidate", cell) > 0.0
        chosen = [a for a, yes in enumerate(rings) if yes] if cell not in self.counters else None
        symbols = range(len(inputs)) if chosen is None else chosen
        by_place: dict[str | None, list[str]] = {}
        for a in symbols:
            place = self.places(row, float(inputs[a]))
            by_place.setdefault(place, []).append(self.net.alphabet[a])
        if len(by_place) == 1:
            (place,) = by_place
            said = {None: "shut at every step", "": "open at every step"}
            return GateExplanation(gate, said.get(place, f"open {place}"))
        parts = [
            " ".join(
                filter(None, ["shut" if place is None else "open", "on", listed(names), place])
            )
            for place, names in by_place.items()
        ]
        return GateExplanation(gate, "; ".join(parts))

    def _candidate(self, row: Floats, inputs: Floats) -> str:
        if row.any():
            up, down = (self.places(by * row, float(by * inputs[0])) for by in (1, -1))
            parts = [f"{by} {place}" for by, place in (("+1", up), ("−1", down)) if place]
            return "; ".join([*parts, "else 0"])
        parts = []
        by_symbol = dict(zip(self.net.alphabet, np.sign(inputs).tolist(), strict=True))
        for side, text in {1.0: "+1", -1.0: "−1", 0.0: "exactly 0"}.items():
            symbols = [a for a, found in by_symbol.items() if found == side]
            parts += [f"{text} on {listed(symbols)}"] if symbols else []
        return ", ".join(parts)

    def cell(self, cell: int) -> CellExplanation:
        """One cell."""
        name = self.net.cells[cell]
        gates = {gate: self.gate(gate, cell) for gate in ("input", "forget", "candidate", "output")}
        if cell in self.counters:
            counter = self.counters[cell]
            return CellExplanation(name, f"counter {counter}", self._counts(cell, gates), gates)
        if cell == self.started:
            return CellExplanation(name, name, "active from the first symbol on", gates)
        parts = []
        for a, z in zip(self.net.alphabet, self._inputs("candidate", cell), strict=True):
            if z <= 0.0:
                continue
            number = self.net.alphabet.index(a)
            places = [
                self.places(self._row(gate, cell), float(self._inputs(gate, cell)[number]))
                for gate in ("input", "output")
            ]
            parts.append(" ".join([f"on {a}", *(place for place in places if place)]))
        return CellExplanation(name, f"state {name}", f"becomes active {'; '.join(parts)}", gates)

    def _counts(self, cell: int, gates: Mapping[str, GateExplanation]) -> str:
        way = next(x.way for x in self.counting.cells if x.cell == self.net.cells[cell])
        late = "c is how far the counter is beyond ±1, one step late"
        return f"{late if way is Way.LATE else 'c is the counter'}: {gates['candidate'].sentence}"

    def head(self, kind: str) -> HeadExplanation:
        """One head."""
        (head,) = self.net.heads[kind].layers
        lines = []
        for row, bias in zip(head.weight, head.bias, strict=True):
            place = self.places(row, float(bias))
            lines.append("never" if place is None else place or "always")
        if kind != "legal":
            return HeadExplanation(kind, f"a word may end {'; '.join(lines)}")
        named = tuple(map(HeadLine, self.net.alphabet, lines))
        return HeadExplanation(kind, "which symbols may come next", named)
