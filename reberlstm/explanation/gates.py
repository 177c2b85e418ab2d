"""One row of gate weights: the table behind it, and its sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from reberlstm.explanation.model import Cover, Names, Rule, Table, WeightReason, shortest, size
from reberlstm.explanation.vertices import CellTable, Vertices, reads_memory
from reberlstm.explanation.wording import MAX_NAMES, Wording, amount, listed, shown, units
from reberlstm.net.cells.cell import Floats
from reberlstm.net.numbers import sigmoid

SHUT, OPEN = 0.1, 0.9
"""A filter up to the first is shut, and open from the second on; between them it is neither."""

SILENT, RINGING = 0.05, 0.95
"""The same for the size of a candidate."""

TIGHT = 1e-6
"""What a shut filter may let through without a word, and an open one keep out."""

MAX_PARTIAL = 3
"""More different values between shut and open than these are put together."""


def in_order(gates: Sequence[str]) -> list[str]:
    """Gates in the order in which they are explained: forget, candidate, input, then others."""
    order = ("forget", "candidate", "input")
    return sorted(gates, key=lambda gate: order.index(gate) if gate in order else len(order))


class GateTable:
    """A gate of one cell at every vertex and symbol, and what of that matters.

    Attributes:
        gate: The gate's name.
        cell: The cell's index.
        vertices: The vertices.
        keeps: Whether the cell keeps memory anywhere.
        values: The gate's values, shape (P, A).
        sums: The pre-activations, shape (P, A).
        matters: The pairs at which there is something to let through or to keep.
        columns: Indices of the symbols of these pairs; all symbols where there are none.
        wording: Says sets of nodes and of these symbols.
        threshold: In a published cell's row that reads one memory and no symbol: the cell whose
            memory it reads, and the value at which the gate turns. Else None.
    """

    def __init__(self, gate: str, vertices: Vertices, cell: int, table: CellTable) -> None:
        self.gate = gate
        self.cell = cell
        self.vertices = vertices
        self.values = table.gates[gate]
        self.sums = table.sums[gate]
        self.matters = matters(gate, table)
        symbols = self.matters.any(axis=0)
        self.columns = np.flatnonzero(symbols if symbols.any() else ~symbols)
        alphabet = vertices.net.alphabet
        self.wording = Wording(vertices, tuple(alphabet[a] for a in self.columns))
        self.threshold = threshold(gate, vertices, cell)
        self.keeps = bool((table.gates["forget"] > 0.5).any())

    @cached_property
    def open(self) -> Table:
        """Where the gate is over ½."""
        return self.values > 0.5

    def cover(self, mask: Table) -> Cover:
        """The shortest description of pairs, in the symbols that matter."""
        names, symbols = self.vertices.names, self.wording.symbols
        return shortest(mask[:, self.columns], names, symbols, symbols_first=True)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The whole table, every pair in exactly one rule; the largest values come first."""
        alphabet = self.vertices.net.alphabet
        classes = _classes(self.values, self.gate)
        rules = []
        for value in sorted(np.unique(classes).tolist(), reverse=True):
            inside = classes == value
            low, high = float(self.values[inside].min()), float(self.values[inside].max())
            rules.append(Rule(value, low, high, shortest(inside, self.vertices.names, alphabet)))
        return tuple(rules)

    def sentence(self) -> str:
        """What the gate does, in words."""
        if self.gate == "candidate":
            return _candidate(self)
        text = {"input": _input, "forget": _forget, "output": _output}[self.gate](self)
        return text + _strength(self)


def matters(gate: str, table: CellTable) -> Table:
    """Where a gate makes a difference: a filter only where there is something to filter."""
    if gate == "input":
        rings = (np.abs(table.gates["candidate"]) > SILENT).any(axis=0)
        return np.broadcast_to(rings, table.added.shape)
    if gate == "output":
        return np.abs(table.memory) > SILENT
    return np.ones(table.added.shape, dtype=bool)


def threshold(gate: str, vertices: Vertices, cell: int) -> tuple[str, float] | None:
    """In a published cell's row that reads only one memory: whose, and where the gate turns."""
    net = vertices.net
    (layer,) = net.layers
    row = layer.rows(gate).start + cell
    read = np.flatnonzero(layer.weight_hh[row])
    if not reads_memory(net) or len(read) != 1 or layer.weight_ih[row].any():
        return None
    return net.cells[read[0]], float(-layer.bias[row] / layer.weight_hh[row, read[0]])


def _classes(values: Floats, gate: str) -> Floats:
    """Every value in round figures, few different ones, over ½ exactly where it was."""
    rounded = np.round(values, 2)
    if gate == "candidate":
        sizes = np.abs(values)
        rounded[sizes <= SILENT] = 0.0
        rounded[sizes >= RINGING] = np.sign(values[sizes >= RINGING])
        partial = (sizes > SILENT) & (sizes < RINGING)
        sides: list[Table] = [values > 0.0, values <= 0.0]
    else:
        rounded[values <= SHUT] = 0.0
        rounded[values >= OPEN] = 1.0
        partial = (values > SHUT) & (values < OPEN)
        sides = [values > 0.5, values <= 0.5]
    for side in sides:
        some = partial & side
        if len(np.unique(rounded[some])) > MAX_PARTIAL:
            rounded[some] = round(float(values[some].mean()), 2)
    if gate != "candidate":
        over = partial & sides[0]
        rounded[over] = np.maximum(rounded[over], 0.51)
    classes: Floats = rounded + 0.0  # no −0
    return classes


def _shorter(table: GateTable, mask: Table) -> tuple[Cover, bool]:
    """The cover of `mask` (True) or of all other pairs (False), whichever is shorter."""
    inside, outside = table.cover(mask), table.cover(~mask)
    # A cover that is negated is one of the other pairs, the long way round.
    if outside.negated or (not inside.negated and size(inside) <= size(outside)):
        return inside, True
    return outside, False


def _forget(table: GateTable) -> str:
    if not table.open.any():
        return "erases at every step"
    if table.open.all():
        return "keeps at every step"
    cover, keeps = _shorter(table, table.open)
    where = table.wording.say(cover, prefix="on")
    if keeps:
        return f"erases, but keeps {where}"
    own = Names((table.vertices.net.cells[table.cell],))
    if len(cover.blocks) == 1 and cover.blocks[0].nodes == own:
        where += ", its own: on exit"
    return f"keeps, but erases {where}"


def _candidate(table: GateTable) -> str:
    alphabet = table.vertices.net.alphabet
    wording = table.wording.over(alphabet)
    verbs: dict[str, list[str]] = {}
    for rule in table.rules:
        if rule.value == 0.0:
            continue
        inside = (table.values >= rule.low) & (table.values <= rule.high)
        cover = shortest(inside, table.vertices.names, alphabet, symbols_first=True)
        verb, what = "rings", ""
        if rule.value != 1.0:
            takes = "takes away " if table.keeps else "writes −"
            verb = "leaves breadcrumbs: " if rule.value > 0.0 else takes
            what = _range(rule)
        if cover.is_everything:
            return f"always {verb}{what}"
        where = wording.say(cover, prefix="on")
        verbs.setdefault(verb, []).append(f"{what} {where}".strip() if what else f" {where}")
    return "; ".join(verb + listed(parts) for verb, parts in verbs.items()) or "never rings"


def _input(table: GateTable) -> str:
    if table.open.all():
        return "always open"
    if not table.open.any():
        return "always shut"
    wording = table.wording
    everything = listed([shown(symbol) for symbol in wording.symbols[:MAX_NAMES]])
    if len(wording.symbols) > MAX_NAMES:
        everything = "whatever rings"
    if table.open[:, table.columns].all():
        return f"lets {everything} in from anywhere"
    if not table.open[:, table.columns].any():
        return f"keeps {everything} out, wherever from"
    cover, lets = _shorter(table, table.open)
    if not lets or cover.negated:
        return f"open, but keeps out {wording.pairs(cover, 'from')}"
    if cover.by == "nodes":
        parts = [
            f"{wording.where(block.nodes, 'from')} "
            f"{'' if block.symbols.negated else 'only '}{wording.what(block.symbols)}"
            for block in cover.blocks
        ]
        return f"lets in {'; '.join(parts)}; from elsewhere nothing"
    parts = [
        f"{wording.what(block.symbols)}{' in' if not place else ''} "
        f"{'' if block.nodes.negated else 'only '}{wording.where(block.nodes, 'from')}"
        for place, block in enumerate(cover.blocks)
    ]
    never = [
        symbol
        for symbol in wording.symbols
        if not any(symbol in block.symbols for block in cover.blocks)
    ]
    if never:
        parts.append(f"{listed([shown(symbol) for symbol in never])} never")
    return f"lets {', '.join(parts)}"


def _output(table: GateTable) -> str:
    if table.open.all():
        return "always open"
    if not table.open.any():
        return "always shut"
    shut = table.matters & ~table.open
    if not shut.any():
        return "open wherever there is something to show"
    if (shut == table.matters).all():
        return "shows nothing of what comes in"
    held = [table.cover(shut), table.cover(~table.open)]
    shows = [table.cover(table.matters & table.open), table.cover(table.open)]
    choices = [(size(cover), "holds back", cover) for cover in held if not cover.negated]
    choices += [(size(cover) + 1, "shows only", cover) for cover in shows if not cover.negated]
    _, verb, cover = min(choices, key=lambda choice: choice[0])
    return f"{verb} {table.wording.pairs(cover)}"


def _strength(table: GateTable) -> str:
    """What there is to say of values that are not quite 0 or 1, in brackets."""
    values = table.values[table.matters]
    if not values.size:
        return ""
    remarks = []
    if table.threshold is not None:
        name, turn = table.threshold
        remarks.append(f"node {shown(name)} counts from {amount(turn)} on")
    kept, shut = values[values >= OPEN], values[values <= SHUT]
    if kept.size and table.gate == "forget" and kept.min() < 1.0 - TIGHT:
        remarks.append(f"keeping leaves {span(kept)} of it a step")
    if shut.size and shut.max() > TIGHT:
        leak = "erasing leaves" if table.gate == "forget" else "shut, it leaks"
        remarks.append(f"{leak} {span(shut[shut > TIGHT])}")
    remarks += _partial(table)
    return f" ({'; '.join(remarks)})" if remarks else ""


def _partial(table: GateTable) -> list[str]:
    """Where the gate is neither open nor shut."""
    inside = (table.values > SHUT) & (table.values < OPEN) & table.matters
    if not inside.any():
        return []
    prefix = "on" if table.gate == "forget" else "for"
    preposition = "from" if table.gate == "input" else "at"
    remarks = []
    for rule in table.rules:
        here = inside & (table.values >= rule.low) & (table.values <= rule.high)
        if here.any():
            cover = table.cover(here)
            where = table.wording.say(cover, preposition, prefix)
            remarks.append(
                f"only {_range(rule)} open {'' if cover.is_everything else where}".strip()
            )
    if len(remarks) > 2:
        return [f"only {span(table.values[inside])} open at {inside.sum()} of {inside.size} pairs"]
    return remarks


def span(values: Floats) -> str:
    """A value, or the range of several."""
    low, high = amount(float(values.min())), amount(float(values.max()))
    return low if low == high else f"{low} to {high}"


def _range(rule: Rule) -> str:
    return span(np.abs(np.array([rule.low, rule.high])))


LETS = {"input": "lets in", "forget": "keeps", "output": "shows", "candidate": "rings"}
STOPS = {"input": "keeps out", "forget": "erases", "output": "holds back", "candidate": "silences"}

ROUNDING = 1e-9
"""Sums this small beside a row's weights are zero: a gate that is neither open nor shut."""


def reasons(table: GateTable, cell: int) -> tuple[WeightReason, ...]:
    """The weights of one row that are not zero, the bias first, each with its reason.

    Equal weights on many cells are one entry; its reason is what would be different without all of
    them.
    """
    net = table.vertices.net
    (layer,) = net.layers
    row = layer.rows(table.gate).start + cell
    unit = None if net.gain is None else 2.0 * net.gain

    def entry(
        kind: str, names: tuple[str, ...], value: float, height: float, part: Floats
    ) -> WeightReason:
        in_units = height * value / unit if unit else None
        return WeightReason(kind, names, value, in_units, _reason(table, part))

    def found() -> Iterator[WeightReason]:
        bias = float(layer.bias[row])
        if bias:
            alone = not layer.weight_ih[row].any() and not layer.weight_hh[row].any()
            in_units = bias / unit if unit else None
            reason = _bias_reason(table.gate, bias, in_units, alone=alone)
            yield WeightReason("bias", (), bias, in_units, reason)
        for a in np.flatnonzero(layer.weight_ih[row]).tolist():
            value = float(layer.weight_ih[row, a])
            part = np.zeros_like(table.sums)
            part[:, a] = value
            yield entry("symbol", (net.alphabet[a],), value, 1.0, part)
        for cells in _equal(layer.weight_hh[row]):
            value = float(layer.weight_hh[row, cells[0]])
            active = np.sum([table.vertices.active(k) for k in cells], axis=0)
            part = np.zeros_like(table.sums) + (net.height * value * active)[:, np.newaxis]
            yield entry("cell", tuple(net.cells[k] for k in cells), value, net.height, part)

    return tuple(found())


def _equal(weights: Floats) -> list[list[int]]:
    """The cells with weights: one by one, but many with the same weight together."""
    groups: dict[float, list[int]] = {}
    for k in np.flatnonzero(weights).tolist():
        groups.setdefault(float(weights[k]), []).append(k)
    return [
        part
        for group in groups.values()
        for part in ([group] if len(group) > MAX_NAMES else [[k] for k in group])
    ]


def _reason(table: GateTable, part: Floats) -> str:
    touched = (part != 0.0) & table.matters
    if not touched.any():
        return "changes nothing: nothing rings then"
    if table.gate == "candidate":
        with_it, without = table.values, np.tanh(table.sums - part)
        if (np.abs(without[touched]) <= SILENT).all() and (with_it[touched] > SILENT).all():
            if (with_it[touched] >= RINGING).all():
                return "rings the bell"
            return f"leaves a breadcrumb of {span(with_it[touched])}"
        if (np.abs(without[touched]) <= SILENT).all() and (with_it[touched] < -SILENT).all():
            what = span(np.abs(with_it[touched]))
            return f"takes away {what}" if table.keeps else f"writes −{what}"
        before, after = without > 0.5, with_it > 0.5
    else:
        tolerance = ROUNDING * float(np.abs(table.sums).max() + np.abs(part).max())
        before, after = table.sums - part > tolerance, table.sums > tolerance
    phrases = [
        f"{verb[table.gate]} {_pairs(table, verb[table.gate], pairs & table.matters)}"
        for verb, pairs in ((LETS, after & ~before), (STOPS, before & ~after))
        if (pairs & table.matters).any()
    ]
    if phrases:
        return "; ".join(phrases) + _threshold(table)
    surer = (part > 0.0)[touched] == after[touched]
    if surer.all():
        return "makes it surer, and changes nothing"
    return "makes it less sure, and changes nothing" if not surer.any() else "changes nothing"


def _pairs(table: GateTable, verb: str, mask: Table) -> str:
    preposition = "from" if table.gate == "input" else "at"
    prefix = "on" if table.gate == "forget" or verb == "rings" else ""
    return table.wording.say(table.cover(mask), preposition, prefix)


def _threshold(table: GateTable) -> str:
    if table.threshold is None:
        return ""
    cell, value = table.threshold
    return f", when memory {shown(cell)} is over {amount(value)}"


def _bias_reason(gate: str, bias: float, in_units: float | None, *, alone: bool) -> str:
    value = float((np.tanh if gate == "candidate" else sigmoid)(np.array(bias)))
    if gate == "candidate":
        verb = "rings" if value >= RINGING else f"writes {amount(value)}"
        return f"always {verb}" if alone else f"{verb} at rest"
    state = "open" if value > 0.5 else "shut"
    if alone:
        return f"always {state}"
    if in_units is None:
        return f"{state} at rest ({amount(value)})"
    other = "shuts" if state == "open" else "opens"
    needed = units(abs(in_units))[1:]
    return f"{state} at rest; over {needed} {other} it"
