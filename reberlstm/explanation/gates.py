"""One row of gate weights: the table behind it, and its sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np

from reberlstm.explanation.latches import growth, holds, signs_alone
from reberlstm.explanation.model import (
    Block,
    Cover,
    Names,
    Rule,
    Table,
    WeightReason,
    names_of,
    shortest,
    size,
)
from reberlstm.explanation.phrases import MAX_NAMES, Wording, code, condition
from reberlstm.explanation.vertices import CellTable, Vertices, reads_memory
from reberlstm.explanation.wording import amount, listed, named, shown, units
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
    """Gates in the order in which they are explained: what keeps, candidate, input, then others."""
    order = ("forget", "update", "candidate", "input")
    return sorted(gates, key=lambda gate: order.index(gate) if gate in order else len(order))


class GateTable:
    """A gate of one cell at every vertex and symbol, and what of that matters.

    Attributes:
        values: The gate's values, shape (P, A); likewise the pre-activations `sums`.
        matters: The pairs at which there is something to let through or to keep.
        columns: Indices of the symbols of these pairs; all symbols where there are none.
        wording: Says sets of nodes and of these symbols.
        threshold: In a published cell's row that reads one memory and no symbol: the cell whose
            memory it reads, and the value at which the gate turns. Else None.
        takes: What a negative candidate does: it takes away from a memory that is kept anywhere.
        preposition: What stands before nodes, where a sentence names pairs.
        signed: Whether the candidate is a filter, +1 or −1, and makes the cell active or not.
        holds: Whether the cell is a latch that makes up for just what it loses, see `holds`.
        growth: What a memory that is written again in a loop grows to, see `growth`.
        alone: For a latch's candidate that is the latch's own sign, what each symbol writes where
            it has none, shape (A,); else None.
    """

    def __init__(self, gate: str, vertices: Vertices, cell: int, table: CellTable) -> None:
        self.gate = gate
        self.cell = cell
        self.vertices = vertices
        self.values = table.gates[gate]
        self.open = self.values > 0.5
        self.sums = table.sums[gate]
        self.matters = matters(gate, table)
        symbols = self.matters.any(axis=0)
        self.columns = np.flatnonzero(symbols if symbols.any() else ~symbols)
        alphabet = vertices.net.alphabet
        self.wording = Wording(vertices, tuple(alphabet[a] for a in self.columns))
        self.threshold = threshold(gate, vertices, cell)
        self.takes = "takes away " if (table.kept > 0.5).any() else "writes −"
        self.preposition = "from" if gate in ("input", "reset") else "at"
        self.signed = gate == "candidate" and vertices.signed
        self.whole = table.whole
        self.holds = holds(vertices, cell, table)
        self.growth = growth(vertices, cell, table) if gate == "forget" else None
        self.alone = signs_alone(vertices, cell, table) if gate == "candidate" else None
        if self.signed:
            self.open, self.preposition = self.values > 0.0, "from"

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
            members = classes == value
            low, high = float(self.values[members].min()), float(self.values[members].max())
            rules.append(Rule(value, low, high, shortest(members, self.vertices.names, alphabet)))
        return tuple(rules)

    def within(self, rule: Rule) -> Table:
        """The pairs of a rule."""
        return np.asarray((self.values >= rule.low) & (self.values <= rule.high))

    def code(self) -> str:
        """The whole table as pseudo-code."""
        if self.alone is None:
            return code(self.rules)
        own = f"h[{shown(self.vertices.net.cells[self.cell])}]"
        parts = [
            f"{sign:g} if {condition(Cover((Block(Names((), negated=True), names),)))}"
            for sign, names in _signs(self)
        ]
        return f"sign({own}) if {own} else {' else '.join([*parts, '0'])}"

    def sentence(self) -> str:
        """What the gate does, in words."""
        if self.gate == "candidate":
            return _sign(self) if self.signed else _candidate(self)
        if self.open.all() or not self.open.any():
            shut, open_ = ALWAYS.get(self.gate, ("always shut", "always open"))
            text = open_ if self.open.all() else shut
        else:
            text = SENTENCES[self.gate](self)
        return text + _strength(self)


ALWAYS = {
    "forget": ("erases at every step", "keeps at every step"),
    "update": ("lets the candidate in at every step", "keeps at every step"),
}
"""What gates do that are always shut, or always open."""


def matters(gate: str, table: CellTable) -> Table:
    """Where a gate makes a difference: a filter only where there is something to filter."""
    if gate == "input":
        rings = (np.abs(table.gates["candidate"]) > SILENT).any(axis=0)
        return np.broadcast_to(rings, table.added.shape)
    if gate == "output":
        return np.abs(table.memory) > SILENT
    if gate == "reset":
        return table.whole > 0.0
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
    candidate = gate == "candidate"
    low, high = (SILENT, RINGING) if candidate else (SHUT, OPEN)
    sizes, rounded = np.abs(values), np.round(values, 2)
    rounded[sizes <= low] = 0.0
    rounded[sizes >= high] = np.sign(values[sizes >= high])
    partial = (sizes > low) & (sizes < high)
    over = values > (0.0 if candidate else 0.5)
    for some in (partial & over, partial & ~over):
        if len(np.unique(rounded[some])) > MAX_PARTIAL:
            rounded[some] = round(float(values[some].mean()), 2)
    if not candidate:
        rounded[partial & over] = np.maximum(rounded[partial & over], 0.51)
    classes: Floats = rounded + 0.0  # no −0
    return classes


def _shorter(table: GateTable, mask: Table) -> tuple[Cover, bool]:
    """The cover of `mask` (True) or of all other pairs (False), whichever is shorter."""
    these, others = table.cover(mask), table.cover(~mask)
    # A cover that is negated is one of the other pairs, the long way round.
    if others.negated or (not these.negated and size(these) <= size(others)):
        return these, True
    return others, False


def _forget(table: GateTable) -> str:
    cover, keeps = _shorter(table, table.open)
    where = table.wording.say(cover, prefix="on")
    if keeps:
        return f"erases, but keeps {where}"
    own = Names((table.vertices.net.cells[table.cell],))
    if len(cover.blocks) == 1 and cover.blocks[0].nodes == own:
        where += ", its own: on exit"
    return f"keeps, but erases {where}"


def _signs(table: GateTable) -> list[tuple[float, Names]]:
    """The symbols that write + and − into a latch that has no sign."""
    assert table.alone is not None
    alphabet = table.vertices.net.alphabet
    masks = [(sign, table.alone == sign) for sign in (1.0, -1.0)]
    return [(sign, names_of(mask, alphabet)) for sign, mask in masks if mask.any()]


def _candidate(table: GateTable) -> str:
    if table.alone is not None:
        wording = table.wording.over(table.vertices.net.alphabet)
        written = [f"{'+' if s > 0.0 else '−'} on {wording.what(n)}" for s, n in _signs(table)]
        return f"the latch's own sign; where it has none, {listed(written)}"
    alphabet = table.vertices.net.alphabet
    wording = table.wording.over(alphabet)
    verbs: dict[str, list[str]] = {}
    for rule in table.rules:
        if rule.value == 0.0:
            continue
        cover = shortest(table.within(rule), table.vertices.names, alphabet, symbols_first=True)
        verb, what = "rings", ""
        if rule.value != 1.0:
            verb = "leaves breadcrumbs: " if rule.value > 0.0 else table.takes
            what = _range(rule)
        if cover.is_everything:
            return f"always {verb}{what}"
        where = wording.say(cover, prefix="on")
        verbs.setdefault(verb, []).append(f"{what} {where}".strip() if what else f" {where}")
    return "; ".join(verb + listed(parts) for verb, parts in verbs.items()) or "never rings"


def _input(table: GateTable) -> str:
    wording = table.wording
    few = len(wording.symbols) <= MAX_NAMES
    everything = named(wording.symbols) if few else "whatever rings"
    opens = table.open[:, table.columns]
    if opens.all():
        return f"lets {everything} in from anywhere"
    if not opens.any():
        return f"keeps {everything} out, wherever from"
    cover, lets = _shorter(table, table.open)
    if not lets and cover.by == "symbols" and any(b.nodes.negated for b in cover.blocks):
        return _only(table, cover)
    if not lets or cover.negated:
        return f"open, but keeps out {wording.pairs(cover, 'from')}"
    parts = []
    for place, block in enumerate(cover.blocks):
        what, where = wording.what(block.symbols), wording.where(block.nodes, "from")
        if cover.by == "nodes":
            parts.append(f"{where} {'' if block.symbols.negated else 'only '}{what}")
        else:
            only = "" if block.nodes.negated else "only "
            parts.append(f"{what}{'' if place else ' in'} {only}{where}")
    if cover.by == "nodes":
        return f"lets in {'; '.join(parts)}; from elsewhere nothing"
    never = [a for a in wording.symbols if not any(a in block.symbols for block in cover.blocks)]
    return f"lets {', '.join([*parts, *[f'{named(never)} never'] * bool(never)])}"


def _only(table: GateTable, out: Cover) -> str:
    """For what is kept out from everywhere but some nodes: from which nodes each is let in."""
    kept_out = {
        symbol
        for block in out.blocks
        for symbol in table.wording.symbols
        if symbol in block.symbols
    }
    free = [symbol for symbol in table.wording.symbols if symbol not in kept_out]
    parts = [f"{named(free)} in from anywhere"] * bool(free)
    never = []
    for block in out.blocks:
        what, nodes = table.wording.what(block.symbols), block.nodes
        if nodes.is_everything:
            never.append(f"{what} never")
            continue
        where = table.wording.where(Names(nodes.listed, negated=not nodes.negated), "from")
        parts.append(f"{what}{'' if parts else ' in'} {'only ' * nodes.negated}{where}")
    return f"lets {', '.join([*parts, *never])}"


def _output(table: GateTable) -> str:
    shut = table.matters & ~table.open
    if not shut.any():
        return "open wherever there is something to show"
    if (shut == table.matters).all():
        return "shows nothing of what comes in"
    choices = [
        (size(cover) + extra, verb, cover)
        for extra, verb, masks in (
            (0, "holds back", (shut, ~table.open)),
            (1, "shows only", (table.matters & table.open, table.open)),
        )
        for cover in map(table.cover, masks)
        if not cover.negated
    ]
    _, verb, cover = min(choices, key=lambda choice: choice[0])
    return f"{verb} {table.wording.pairs(cover)}"


def _update(table: GateTable) -> str:
    return f"keeps {table.wording.say(table.cover(table.open), prefix='on')}, else lets new in"


def _reset(table: GateTable) -> str:
    shut = table.matters & ~table.open
    if not shut.any():
        return "open wherever the sum is positive"
    cover = min((table.cover(mask) for mask in (shut, ~table.open)), key=size)
    return f"shut on {table.wording.pairs(cover, 'from')}: the symbol alone is left, and negative"


def _sign(table: GateTable) -> str:
    """Of a candidate that is +1 or −1: where its sum is positive, if no gate resets it."""
    positive = table.whole > 0.0
    if positive.all() or not positive.any():
        text = "always +1" if positive.all() else "always −1"
    else:
        alphabet = table.vertices.net.alphabet
        cover = shortest(positive, table.vertices.names, alphabet, symbols_first=True)
        text = f"+1 {table.wording.over(alphabet).say(cover, 'from', 'on')}; else −1"
    unless = (positive & ~table.open).any()
    return f"with an open reset gate {text}" if unless else text


SENTENCES: dict[str, Callable[[GateTable], str]] = {
    "input": _input,
    "forget": _forget,
    "output": _output,
    "update": _update,
    "reset": _reset,
}
"""What says what a gate does that is open for some pairs and shut for others."""


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
        if table.holds:
            again = f"writes the other {span(1.0 - kept)} again, with its own sign"
            remarks.append(f"keeps {span(kept)} of it a step and {again}")
        else:
            remarks.append(f"keeping leaves {span(kept)} of it a step")
    if shut.size and shut.max() > TIGHT:
        leaked = span(shut[shut > TIGHT])
        if table.holds and table.gate == "input":
            remarks.append(f"shut, it lets in {leaked}, what the forget gate loses")
        else:
            leak = "erasing leaves" if table.gate == "forget" else "shut, it leaks"
            remarks.append(f"{leak} {leaked}")
    remarks += _partial(table)
    return f" ({'; '.join(remarks)})" if remarks else ""


def _partial(table: GateTable) -> list[str]:
    """Where the gate is neither open nor shut."""
    partly = (table.values > SHUT) & (table.values < OPEN) & table.matters
    prefix = "on" if table.gate == "forget" else "for"
    remarks = []
    for rule in table.rules:
        here = partly & table.within(rule)
        if here.any():
            cover = table.cover(here)
            where = table.wording.say(cover, table.preposition, prefix)
            text = f"{_range(rule)} open {'' if cover.is_everything else where}".strip()
            if table.growth and rule.value > 0.5:
                most, memory = table.growth
                text += f" in the first round, then up to {amount(most)}: memory grows to about "
                remarks.append(f"{text}{memory:.3g}")
            else:
                remarks.append(f"only {text}")
    if len(remarks) > 2:
        return [f"only {span(table.values[partly])} open at {partly.sum()} of {partly.size} pairs"]
    return remarks


def span(values: Floats) -> str:
    """A value, or the range of several."""
    low, high = amount(float(values.min())), amount(float(values.max()))
    return low if low == high else f"{low} to {high}"


def _range(rule: Rule) -> str:
    return span(np.abs(np.array([rule.low, rule.high])))


LETS = {"input": "lets in", "forget": "keeps", "output": "shows", "candidate": "rings"}
STOPS = {"input": "keeps out", "forget": "erases", "output": "holds back", "candidate": "silences"}
LETS |= {"update": "keeps", "reset": "opens it", "sign": "makes it +1"}
STOPS |= {"update": "lets new in", "reset": "shuts it", "sign": "keeps it at −1"}

INSIDE = "inside reset"
"""Which of the two biases it is of a candidate of which a gate resets what it reads."""

ROUNDING = 1e-9
"""Sums this small, compared with a row's weights, count as 0: the gate is neither open nor shut."""


def reasons(table: GateTable) -> Iterator[WeightReason]:
    """The weights of one row that are not zero, the bias first, each with its reason.

    Equal weights on many cells are one entry; its reason is what would be different without all of
    them.
    """
    net = table.vertices.net
    (layer,) = net.layers
    row = layer.rows(table.gate).start + table.cell
    units = np.nan if net.gain is None else 2.0 * net.gain

    def found(
        kind: str, names: tuple[str, ...], value: float, part: Floats, reason: str = ""
    ) -> WeightReason:
        # On a cell it is what the cell adds where it is active.
        rise = vertices.rise(net.cells.index(names[0])) if kind == "cell" else 1.0
        in_units = None if net.gain is None else rise * value / units
        return WeightReason(kind, names, value, in_units, reason or _reason(table, part))

    vertices = table.vertices
    symbols, cells, bias = layer.weight_ih[row], layer.weight_hh[row], float(layer.bias[row])
    nothing = np.zeros_like(table.sums)
    inner = float(layer.bias_hh[row]) if table.gate == "candidate" and layer.cell.resetting else 0.0
    if bias - inner:
        yield found("bias", (), bias - inner, nothing, _bias_reason(table, bias))
    if inner:
        yield found("bias", (INSIDE,), inner, nothing + inner)
    for a in np.flatnonzero(symbols).tolist():
        part = nothing.copy()
        part[:, a] = symbols[a]
        reason = ""
        if table.alone is not None and table.alone[a] * symbols[a] > 0.0:
            reason = f"writes {'+' if symbols[a] > 0.0 else '−'} where the latch has no sign"
        yield found("symbol", (net.alphabet[a],), float(symbols[a]), part, reason)
    apart = vertices.clocks if vertices.signed else ()
    taken = net.height * float(np.delete(cells, apart).sum()) if apart else 0.0
    for group in _equal(cells, apart):
        value = float(cells[group[0]])
        names = tuple(net.cells[k] for k in group)
        active = np.sum([vertices.rise(k) * vertices.is_active(k) for k in group], axis=0)
        part = nothing + (value * active)[:, np.newaxis]
        reason = "" if table.alone is None else "writes its own sign again"
        if group[0] in apart and taken:
            reason, further = "makes up for the cells at −1", part - taken * (part != 0.0)
            if np.abs(further).max() > ROUNDING * np.abs(part).max():
                reason += f"; {_reason(table, further)}"
        yield found("cell", names, value, part, reason)


def _equal(weights: Floats, apart: Sequence[int] = ()) -> list[list[int]]:
    """The cells with weights: one by one, but many with the same together, except those apart."""
    groups: dict[tuple[float, int | None], list[int]] = {}
    for k in np.flatnonzero(weights).tolist():
        groups.setdefault((float(weights[k]), k if k in apart else None), []).append(k)
    return [
        part
        for group in groups.values()
        for part in ([group] if len(group) > MAX_NAMES else [[k] for k in group])
    ]


def _reason(table: GateTable, part: Floats) -> str:
    touched = (part != 0.0) & table.matters
    sums, after = table.sums, table.open
    phrases: list[str] = []
    if not touched.any():
        why = "the sum is negative" if table.gate == "reset" else "nothing rings"
        return f"changes nothing: {why} then"
    if table.gate == "candidate" and not table.signed:
        values, without = table.values[touched], np.tanh(table.sums - part)
        if (np.abs(without[touched]) <= SILENT).all():
            if (values >= RINGING).all():
                return "rings the bell"
            if (values > SILENT).all():
                return f"leaves a breadcrumb of {span(values)}"
            if (values < -SILENT).all():
                return f"{table.takes}{span(np.abs(values))}"
        before = without > 0.5
        below = (table.values < -0.5) & (without >= -0.5) & touched
        if below.any():
            cover = table.cover(below)
            phrases.append(f"writes −1 {table.wording.say(cover, table.preposition, 'on')}")
    else:
        sums = table.whole if table.signed else sums
        tolerance = ROUNDING * float(np.abs(sums).max() + np.abs(part).max())
        before, after = sums - part > tolerance, sums > tolerance
    for verbs, changed in ((LETS, after & ~before), (STOPS, before & ~after)):
        if (changed & table.matters).any():
            verb = verbs["sign" if table.signed else table.gate]
            on = table.gate in ("forget", "update", "reset") or verb == "rings" or table.signed
            prefix = "on" if on else ""
            cover = table.cover(changed & table.matters)
            phrases.append(f"{verb} {table.wording.say(cover, table.preposition, prefix)}")
    if phrases:
        text = "; ".join(phrases)
        if table.threshold is None:
            return text
        cell, value = table.threshold
        return f"{text}, when memory {shown(cell)} is over {amount(value)}"
    surer = (part > 0.0)[touched] == after[touched]
    if surer.all():
        return "makes it surer, and changes nothing"
    return "changes nothing" if surer.any() else "makes it less sure, and changes nothing"


def _bias_reason(table: GateTable, bias: float) -> str:
    net = table.vertices.net
    in_units = bias / (2.0 * net.gain) if net.gain is not None else 0.0
    (layer,) = net.layers
    row = layer.rows(table.gate).start + table.cell
    alone = not layer.weight_ih[row].any() and not layer.weight_hh[row].any()
    if table.vertices.signed and not alone:
        # Cells at −1 and `started` count too.
        bias += float(table.vertices.reading(layer.weight_hh[row])[1])
        in_units = bias / (2.0 * net.gain) if net.gain is not None else 0.0
    if table.signed:
        state, other = ("+1", "−1") if bias > 0.0 else ("−1", "+1")
        if alone:
            return f"always {state}"
        return f"{state} at rest; over {units(abs(in_units))[1:]} makes it {other}"
    if table.gate == "candidate":
        value = float(np.tanh(bias))
        verb = "rings" if value >= RINGING else f"writes {amount(value)}"
        return f"always {verb}" if alone else f"{verb} at rest"
    value = float(sigmoid(np.array(bias)))
    state, other = ("open", "shuts") if value > 0.5 else ("shut", "opens")
    if alone:
        return f"always {state}"
    if net.gain is None:
        return f"{state} at rest ({amount(value)})"
    return f"{state} at rest; over {units(abs(in_units))[1:]} {other} it"
