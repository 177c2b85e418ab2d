"""Cells that hold a bit: what it says of the word, and who reads it."""

from __future__ import annotations

import numpy as np

from reberlstm.explanation.model import Names, Table, shortest
from reberlstm.explanation.phrases import Wording
from reberlstm.explanation.vertices import CellTable, Vertices, active_memory
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells.cell import Floats
from reberlstm.net.numbers import sigmoid

FADES = 1e-6
"""A memory of which a larger part is lost in a step does not last."""

GROWS = 0.05
"""A memory that a loop makes larger by less than this part of it stays the same."""

BLURRED = 0.05
"""How far from −1, 0 or 1 what is written to a latch may be."""

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def restores(vertices: Vertices, cell: int, table: CellTable) -> bool:
    """Whether no step that keeps the cell's memory leaves less of it than there was."""
    return bool((_left(vertices, cell, table) >= 1.0 - FADES).all())


def holds(vertices: Vertices, cell: int, table: CellTable) -> bool:
    """Whether the cell is a latch, and a step that keeps its memory leaves just what there was."""
    same = (np.abs(_left(vertices, cell, table) - 1.0) <= FADES).all()
    return bool(same and is_latch(vertices, cell, table))


def _left(vertices: Vertices, cell: int, table: CellTable) -> Floats:
    """The memory after each step that keeps it, as a part of what there was."""
    before = np.broadcast_to(
        active_memory(vertices.net) * vertices.active(cell)[:, np.newaxis], table.memory.shape
    )
    kept = (table.kept > 0.5) & (before != 0.0)
    parts: Floats = table.memory[kept] / before[kept]
    return parts


def is_latch(vertices: Vertices, cell: int, table: CellTable) -> bool:
    """Whether the cell is + or − for several nodes each, by a candidate that reads the cell."""
    net = vertices.net
    if not vertices.coded or "candidate" not in net.layers[0].cell.gates:
        return False
    layer = net.layers[0]
    own = layer.weight_hh[layer.rows("candidate").start + cell, cell]
    signs = {1.0, -1.0} <= set(vertices.active(cell).tolist())
    return bool(own > 0.0 and signs and restores(vertices, cell, table))


def signs_alone(vertices: Vertices, cell: int, table: CellTable) -> Floats | None:
    """What each symbol writes into a latch that has no sign, (A,): 1, −1 or 0.

    None where the candidate is not the latch's own sign, or reads other cells too.
    """
    if not is_latch(vertices, cell, table):
        return None
    (layer,) = vertices.net.layers
    read = np.flatnonzero(layer.weight_hh[layer.rows("candidate").start + cell])
    written, own = np.rint(table.gates["candidate"]), vertices.active(cell)
    if read.tolist() != [cell] or np.abs(table.gates["candidate"] - written).max() > BLURRED:
        return None
    if (written[own != 0.0] != own[own != 0.0][:, np.newaxis]).any() or own.all():
        return None
    alone: Floats = written[own == 0.0][0]
    return alone if (alone != 0.0).any() else None


def growth(vertices: Vertices, cell: int, table: CellTable) -> tuple[float, float] | None:
    """How far the forget gate opens in a loop, and what the memory comes to; None for no loop.

    There the candidate writes each round what it wrote in the first. The wider the memory, the
    nearer h is to 1 and the wider the gate that reads it, f at most, so ``c = 1 / (1 − f)``.
    """
    net = vertices.net
    (layer,) = net.layers
    before = active_memory(net) * vertices.active(cell)[:, np.newaxis]
    grows = (table.kept > 0.5) & (before > 0.0) & (table.memory > (1.0 + GROWS) * before)
    if layer.cell.keeping != "forget" or not 0.0 < net.height < 1.0 or not grows.any():
        return None
    own = float(layer.weight_hh[layer.rows("forget").start + cell, cell])
    most = float(sigmoid(table.sums["forget"][grows] + own * (1.0 - net.height)).max())
    added = float(table.added[grows].max())
    return (most, added / (1.0 - most)) if own > 0.0 and most < 1.0 else None


def latch_sentence(vertices: Vertices, cell: int, table: CellTable) -> str:
    """Such as ``the second symbol was T (+) or P (−); read by cells T.end and P.end``."""
    set_by = {sign: _set(vertices, table, sign) for sign in (1.0, -1.0)}
    return f"{_meaning(vertices, set_by)}; {_readers(vertices, cell)}"


def _set(vertices: Vertices, table: CellTable, sign: float) -> Table:
    """Where a symbol that is no violation sets the bit to a sign, (P, A)."""
    half = vertices.net.height / 2.0
    mask: Table = (table.kept <= 0.5) & (sign * table.hidden > half)
    for place, vertex in enumerate(vertices.all):
        for a, symbol in enumerate(vertices.net.alphabet):
            grammar, state = vertices.grammar, vertex.state
            legal = grammar is not None and state is not None and symbol in grammar.legal(state)
            mask[place, a] &= legal
    return mask


def _meaning(vertices: Vertices, set_by: dict[float, Table]) -> str:
    alphabet = vertices.net.alphabet
    wording = Wording(vertices, alphabet, conjunction="or")
    symbols = {sign: mask.any(axis=0) for sign, mask in set_by.items()}
    places = {sign: mask.any(axis=1) for sign, mask in set_by.items()}
    if not (symbols[1.0] & symbols[-1.0]).any():
        plus, minus = (
            wording.what(Names(tuple(alphabet[a] for a in np.flatnonzero(symbols[s]).tolist())))
            for s in (1.0, -1.0)
        )
        here = places[1.0] | places[-1.0]
        states = {vertices.all[place].state for place in np.flatnonzero(here).tolist()}
        which = _position(vertices.grammar, {state for state in states if state is not None})
        if which is None:
            nodes = [vertices.names[place] for place in np.flatnonzero(here).tolist()]
            which = f"the symbol that was read last at {wording.nodes(nodes)}"
        return f"{which} was {plus} (+) or {minus} (−)"
    covers = {
        sign: shortest(mask, vertices.names, alphabet, symbols_first=True)
        for sign, mask in set_by.items()
    }
    plus, minus = (wording.say(covers[sign], "from") for sign in (1.0, -1.0))
    return f"+ after {plus}; − after {minus}"


def _position(grammar: FSM | None, states: set[str]) -> str | None:
    """``the second symbol`` if all words to these states have one symbol, else None."""
    if grammar is None:
        return None
    found = crawl([grammar.start], lambda state: grammar.transitions[state].items())
    length = found.distances()
    late = [
        target
        for state in found.found
        for target in grammar.transitions[state].values()
        if length[target] != length[state] + 1
    ]
    vague = set(crawl(late, lambda state: grammar.transitions[state].items()).found)
    lengths = {length[state] for state in states}
    if len(lengths) != 1 or vague & states:
        return None
    (number,) = lengths
    return f"the {_ORDINALS[number]} symbol" if number < len(_ORDINALS) else f"symbol {number + 1}"


def _readers(vertices: Vertices, cell: int) -> str:
    (layer,) = vertices.net.layers
    rows = np.flatnonzero(layer.weight_hh[:, cell])
    readers = [k for k in dict.fromkeys((rows % layer.size).tolist()) if k != cell]
    heads = [kind for kind, head in vertices.net.heads.items() if head.weight[:, cell].any()]
    wording = Wording(vertices, vertices.net.alphabet)
    parts = [wording.cells([vertices.net.cells[k] for k in readers])] if readers else []
    parts += [f"the {kind} head" for kind in heads]
    return f"read by {' and '.join(parts)}" if parts else "read by none"
