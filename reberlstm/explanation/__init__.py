"""Weights into sentences: what a person would have written as a comment on each row.

1. `find_vertices` says in which situations the net is meant to be: one active cell, or none,
   or what several cells together say.
2. `tabulate` steps each cell from each of them on each symbol.
3. `explain_cell` finds for every gate the shortest true sentence about its part of the table, and
   for every weight what would be different without it.
4. `explain_heads` does the same for the readouts.

Everything is found from the weights, not from the compiler's intentions, so an edited net is
explained as it is. A net that nobody wired (no gain, not the published cell) has no vertices; of it
there is only a numeric summary, which says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from reberlstm.explanation.cells import explain_cell, explain_heads
from reberlstm.explanation.counting import explain_counting
from reberlstm.explanation.model import (
    CellExplanation,
    Explanation,
    GateExplanation,
    HeadExplanation,
    WeightReason,
)
from reberlstm.explanation.summary import Summary, numeric_summary
from reberlstm.explanation.vertices import find_vertices, reads_memory, tabulate
from reberlstm.grammars import Grammar, as_machine
from reberlstm.machine.counters import finite
from reberlstm.net.base import check_alphabets
from reberlstm.net.loading import net_for

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
    given = None if fsm is None else as_machine(fsm)
    net = net_for(net, given, **options)
    if net.counting is not None:
        check_alphabets(net.counting.machine if given is None else given, net)
        return explain_counting(net, net.counting)
    machine = None if given is None else finite(given, "explain, of a net that does not count,")
    grammar = machine or net.grammar
    if grammar is not None:
        check_alphabets(grammar, net)
    if not net.is_plain or (net.gain is None and not reads_memory(net)):
        return numeric_summary(net, grammar)

    # Rows are read one by one, which a sparse matrix is not made for.
    (layer,) = net.layers
    net = net.replace(layers=(replace(layer, weight_hh=np.asarray(layer.weight_hh)),))
    vertices = find_vertices(net, grammar)
    if vertices is None:
        return numeric_summary(net, grammar, "this net has no vertices that name its states")
    if vertices.resets_cells:
        return numeric_summary(net, grammar, "a reset gate silences a cell for all that read it")
    cells, summary = [], Summary(vertices)
    for cell in range(net.size):
        table = tabulate(vertices, cell)
        summary.add(cell, table)
        cells.append(explain_cell(vertices, cell, table))
    return Explanation(
        net=net.name,
        grammar=grammar.name if grammar is not None else None,
        kind="mechanism",
        summary=tuple(summary.sentences()),
        nodes={v.name: v.meaning for v in vertices.all if v.meaning},
        vertices=vertices.active_cells,
        unit=None if net.gain is None else 2.0 * net.gain,
        cells=tuple(cells),
        heads=explain_heads(vertices),
        readout=net.reading,
    )
