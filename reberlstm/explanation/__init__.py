"""Weights into sentences: what a person would have commented beside each row of gate weights.

1. `find_vertices` says in which situations the net is meant to be: one active cell, or none;
   `coded_vertices` for nets whose cells are not named after nodes.
2. `tabulate` steps each cell from each of them on each symbol.
3. `explain_cell` finds for every gate the shortest true sentence about its part of the table, and
   for every weight what would be different without it.
4. `explain_heads` does the same for the readouts.

Everything is found from the weights, not from the compiler's intentions, so an edited net is
explained as it is. A net that nobody wired (no gain, not the published cell) has no vertices; of it
there is only a numeric summary, which says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from reberlstm.explanation.cells import Steps, explain_cell
from reberlstm.explanation.codes import coded_vertices
from reberlstm.explanation.codes import summary as codes_summary
from reberlstm.explanation.gates import matters
from reberlstm.explanation.heads import explain_heads
from reberlstm.explanation.model import (
    CellExplanation,
    Explanation,
    GateExplanation,
    HeadExplanation,
    WeightReason,
)
from reberlstm.explanation.numbers import numeric_summary
from reberlstm.explanation.vertices import (
    CellTable,
    Vertices,
    find_vertices,
    reads_memory,
    tabulate,
)
from reberlstm.explanation.wording import Wording, amount
from reberlstm.grammars import Grammar, as_machine
from reberlstm.net.loading import as_net
from reberlstm.net.net import check_alphabets

__all__ = [
    "CellExplanation",
    "Explanation",
    "GateExplanation",
    "HeadExplanation",
    "WeightReason",
    "explain",
]


def explain(net: Any, fsm: Grammar | None = None, **options: Any) -> Explanation:
    """Explain every gate row of a compiled or published net, edited or not, in words and in code.

    Args:
        net: A net, or what `reberlstm.load` takes.
        fsm: The machine that names the nodes; by default the one that the net carries.
        options: How a net of others is read, see `reberlstm.load`.

    Raises:
        GrammarError: when the machine's alphabet is not that of the net.

    Example:
        >>> from reberlstm import compile, load_grammar
        >>> explanation = explain(compile(load_grammar("reber")))
        >>> explanation.sentence("1", "input")
        'lets T in only from nodes 0 and 1, S only from node 1'
        >>> explanation.cell("1").gates["input"].code
        'filter[1] = node == 1 or (node == 0 and symbol != S)'
    """
    net = as_net(net, **options)
    grammar = net.grammar if fsm is None else as_machine(fsm)
    if grammar is not None:
        check_alphabets(grammar, net)
    if not net.is_plain or (net.gain is None and not reads_memory(net)):
        return numeric_summary(net, grammar)

    vertices = find_vertices(net, grammar)
    if grammar is not None and not reads_memory(net) and not vertices.names_states:
        coded = coded_vertices(net, grammar)
        if coded is None:
            return numeric_summary(net, grammar, "this net has no vertices that name its states")
        vertices = coded
    steps = Steps(vertices)
    ranges = _Ranges()
    cells = []
    for cell in range(net.size):
        table = tabulate(vertices, cell)
        steps.add(cell, np.abs(table.hidden) > net.height / 2.0)
        ranges.add(table)
        cells.append(explain_cell(vertices, cell, table))
    return Explanation(
        net=net.name,
        grammar=grammar.name if grammar is not None else None,
        kind="mechanism",
        summary=tuple(_summary(vertices, steps, ranges)),
        nodes=vertices.meanings,
        vertices=vertices.active_cells,
        unit=None if net.gain is None else 2.0 * net.gain,
        cells=tuple(cells),
        heads=explain_heads(vertices),
    )


class _Ranges:
    """What is the same for all gates of a net: the smallest decision that matters, the leaks."""

    def __init__(self) -> None:
        self.decision = np.inf
        self.leak = 0.0
        self.loss = 0.0
        self.keeps: list[int] = []
        self._cells = 0

    def add(self, table: CellTable) -> None:
        for gate, values in table.gates.items():
            if gate == "candidate":
                continue
            decisions = np.abs(table.sums[gate][matters(gate, table)])
            self.decision = min(self.decision, float(decisions.min(initial=np.inf)))
            shut = values <= 0.5
            if shut.any():
                self.leak = max(self.leak, float(values[shut].max()))
        kept = table.gates["forget"] > 0.5
        if kept.any():
            self.keeps.append(self._cells)
            self.loss = max(self.loss, 1.0 - float(table.gates["forget"][kept].min()))
        self._cells += 1


def _summary(vertices: Vertices, steps: Steps, ranges: _Ranges) -> Iterator[str]:
    net = vertices.net
    if reads_memory(net):
        yield (
            "the published cell: gates read the memory itself, there is no output gate, and a "
            f"symbol is offered when its reader is over {net.heads['legal'].threshold:g}"
        )
        yield (
            "a node is active at 1, and breadcrumbs of about a half add up to that; so memory is "
            "not one-hot, the sentences are told for one active node at a time, and thresholds "
            "say what counts as active"
        )
    else:
        assert net.gain is not None
        sure = f", and every filter's sum is at least {ranges.decision:.3g} in size, open or shut"
        unit = 2.0 * net.gain
        sure = "" if vertices.coded else sure
        yield (
            f"gain K = {net.gain:g}{sure}; a unit of weight is 2·K = {unit:g}, or "
            f"{unit / net.height:.4g} on a cell, since an active cell has h = {net.height:.4g}"
        )
    if not ranges.keeps and vertices.coded:
        yield (
            "every step erases the memory and writes it anew, so no step adds to the error of the "
            "one before; a filter may be half open where the other one is shut"
        )
    elif not ranges.keeps:
        yield (
            "every step erases the memory and writes it anew; a shut gate lets through at most "
            f"{amount(ranges.leak)}, and no step adds to the error of the one before"
        )
    else:
        wording = Wording(vertices, net.alphabet)
        keeping = f"{wording.cells([net.cells[cell] for cell in ranges.keeps])} keep"
        yield (
            f"{keeping}{'s' * (len(ranges.keeps) == 1)} memory from step to step, and keeping "
            f"leaks: up to {amount(ranges.loss)} of it is lost a step, and up to "
            f"{amount(ranges.leak)} comes in through a shut gate; in long loops both add up"
        )
    if vertices.coded:
        yield from codes_summary(vertices)
        return
    agreement = None if reads_memory(net) else steps.summary()
    if agreement is not None:
        yield agreement
