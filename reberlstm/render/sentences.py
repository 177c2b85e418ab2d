"""What a net and a machine are, in a sentence or two: how ``trace`` and the page begin.

``trace`` starts fast, so nothing here imports rich or jinja2.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from reberlstm.errors import count
from reberlstm.machine.counters import Machine
from reberlstm.machine.fsm import FSM
from reberlstm.net.base import BaseNet

TELLS = {
    "legal": "which symbols may come next",
    "accept": "whether the word may end",
    "label": "which output the word has",
}
JUDGED = {"legal": "after every beginning of a word that can go on", "all": "after every word"}


def about_net(net: BaseNet[Any], grammar: Machine | None) -> str:
    """What a net is made of, what it says, and when it is asked."""
    layers = [f"{_a(layer.cell.title)} of {count(layer.size, 'cell')}" for layer in net.layers]
    text = " that feeds ".join(layers)
    others = [] if grammar is None else [c for c in net.cells if not _is_node(c, grammar.states)]
    text = f"{text[0].upper()}{text[1:]}. "
    if grammar is not None and len(others) <= len(net.cells) / 2:
        if len(others) > 2:
            text += "Most cells have the name of the node that they stand for. "
        else:
            none = "".join(f"; {cell} {_other(cell)}" for cell in others)
            text += f"Each cell has the name of the node that it stands for{none}. "
    tells = " and ".join(TELLS[kind] for kind in net.observed)
    text += f"It says {tells} ({net.reading}). "
    if grammar is None:
        return f"{text}No grammar is given, so nothing is judged."
    name = f"the grammar {grammar.name}".rstrip()
    return f"{text}It is compared with {name} {JUDGED[net.claims]}."


def _other(cell: str) -> str:
    """What a cell is for that stands for no node."""
    return "is on once a symbol has been read" if cell.startswith("started") else "stands for none"


def _is_node(cell: str, states: Collection[str]) -> bool:
    """Whether a cell stands for a state, for several that it does not tell apart, or a part."""
    return all(part in states for part in cell.split("|")) or cell.rpartition("/")[0] in states


def _a(noun: str) -> str:
    return f"{'an' if noun.startswith(('LSTM', 'RNN')) else 'a'} {noun}"


def about_machine(machine: Machine) -> str:
    """What the words of a machine look like, and what decides how they go on.

    Example:
        >>> import reberlstm as rl
        >>> about_machine(rl.load_grammar("parity"))
        'Any of 2 symbols may come at any time; 2 states say whether the word may end.'
    """
    counters = () if isinstance(machine, FSM) else machine.counters
    keeps = count(len(machine.states), "state")
    keeps += f" and {count(len(counters), 'counter')}" if counters else ""
    say = "say" if len(machine.states) > 1 or counters else "says"
    symbols = count(len(machine.alphabet), "symbol")
    if machine.is_complete:
        return f"Any of {symbols} may come at any time; {keeps} {say} whether the word may end."
    arrows = [arrow for state in machine.states for arrow in machine.ways(state)]
    if isinstance(machine, FSM):
        begins: Collection[str] = machine.legal(machine.start)
    else:
        begins = machine.legal(machine.start_configuration)
    ends = {symbol for symbol, target in arrows if target in machine.ends}
    parts: list[str] = []
    if machine.start not in machine.ends:
        parts += [f"begins with {symbol}" for symbol in begins if len(begins) == 1]
        parts += [f"ends with {symbol}" for symbol in ends if len(ends) == 1]
    opening = f"Every word {' and '.join(parts)}; " if parts else ""
    between = "in between, " if len(parts) == 2 else ""
    return f"{opening}{between}{keeps} {say} which of {symbols} may come next."
