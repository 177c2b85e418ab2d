"""What a machine must be: each way to be wrong has a message that names the culprit."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from reberlstm.errors import GrammarError

if TYPE_CHECKING:
    from reberlstm.machine.fsm import FSM

PROBABILITY_TOLERANCE = 1e-6
"""How far from 1 the probabilities of one state may sum (files hold rounded decimals)."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def check_alphabet(alphabet: Sequence[str]) -> None:
    """Raise a `GrammarError` unless these are distinct symbols that words can be written in."""
    if isinstance(alphabet, str):
        raise GrammarError(f"alphabet {alphabet!r} is one string; give a tuple of symbols instead")
    if not alphabet:
        raise GrammarError("the alphabet is empty; give at least one symbol", ("alphabet",))
    seen: set[str] = set()
    for symbol in alphabet:
        if not _is_text(symbol):
            raise GrammarError(
                f"symbol {symbol!r} of the alphabet is not a non-empty string of Unicode text",
                ("alphabet",),
            )
        if symbol in seen:
            raise GrammarError(
                f"symbol {symbol!r} stands twice in the alphabet; keep one", ("alphabet",)
            )
        seen.add(symbol)
    if any(len(symbol) != 1 for symbol in alphabet):
        for symbol in alphabet:
            if symbol.split() != [symbol]:
                raise GrammarError(
                    f"symbol {symbol!r} has white space, which separates the symbols of words "
                    "when some symbol has several characters; rename it",
                    ("alphabet",),
                )


def check_machine(fsm: FSM) -> None:
    """Raise a `GrammarError` unless states, symbols, probabilities and outputs fit together."""
    _check_transitions(fsm)
    _check_probabilities(fsm)
    _check_outputs(fsm)


def _check_transitions(fsm: FSM) -> None:
    if not fsm.transitions:
        raise GrammarError("the machine has no states; give at least the start state a line")
    for state in fsm.transitions:
        if not _is_text(state):
            raise GrammarError(
                f"state {state!r} is not a non-empty string of Unicode text; rename it",
                ("transitions", state),
            )
    if fsm.start not in fsm.transitions:
        raise GrammarError(
            f"start state {fsm.start!r} has no line in the transitions; "
            f"the states are {_some(fsm.transitions)}",
            ("start",),
        )
    for state in sorted(fsm.accepting, key=str):
        if state not in fsm.transitions:
            raise GrammarError(
                f"accepting state {state!r} has no line in the transitions; "
                f"the states are {_some(fsm.transitions)}",
                ("accepting",),
            )
    symbols = set(fsm.alphabet)
    for state, line in fsm.transitions.items():
        for symbol, target in line.items():
            if symbol not in symbols:
                raise GrammarError(
                    f"transition of state {state!r} on {symbol!r}: the symbol is not in the "
                    f"alphabet {_some(fsm.alphabet)}",
                    ("transitions", state, symbol),
                )
            if not isinstance(target, str) or target not in fsm.transitions:
                raise GrammarError(
                    f"transition of state {state!r} on {symbol!r} leads to {target!r}, which is "
                    "not a state; give it a line in the transitions (an empty one will do)",
                    ("transitions", state, symbol),
                )


def _check_probabilities(fsm: FSM) -> None:
    for state, line in fsm.probabilities.items():
        where = f"probabilities of state {state!r}"
        place = ("probabilities", state)
        if state not in fsm.transitions:
            raise GrammarError(f"{where}: there is no such state", place)
        legal = fsm.transitions[state]
        for symbol, value in line.items():
            if symbol not in legal:
                raise GrammarError(
                    f"{where}: symbol {symbol!r} has no transition there", (*place, symbol)
                )
            _check_unit_interval(value, f"{where}, symbol {symbol!r}", (*place, symbol))
        missing = [symbol for symbol in legal if symbol not in line]
        if missing:
            raise GrammarError(
                f"{where}: none given for {_some(missing)}; name every legal symbol, "
                "or leave the whole state out for uniform ones",
                place,
            )
        total = math.fsum(line.values())
        if legal and abs(total - 1.0) > PROBABILITY_TOLERANCE:
            raise GrammarError(f"{where} sum to {total:.9g}, not to 1", place)
    for state, value in fsm.stop.items():
        where = f"stop probability of state {state!r}"
        place = ("stop", state)
        if state not in fsm.transitions:
            raise GrammarError(f"{where}: there is no such state", place)
        if state not in fsm.accepting:
            raise GrammarError(
                f"{where}: words can end only at accepting states; leave it out", place
            )
        _check_unit_interval(value, where, place)
        if not fsm.transitions[state] and value != 1.0:
            raise GrammarError(
                f"{where} is {value}, but nothing may follow there; leave it out", place
            )


def _check_unit_interval(value: object, where: str, place: tuple[str, ...]) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise GrammarError(f"{where}: {value!r} is not a number", place)
    if not 0.0 <= value <= 1.0:
        raise GrammarError(f"{where}: {value} is not in [0, 1]", place)


def _check_outputs(fsm: FSM) -> None:
    if not fsm.outputs:
        return
    for state, label in fsm.outputs.items():
        if state not in fsm.transitions:
            raise GrammarError(
                f"output of state {state!r}: there is no such state", ("outputs", state)
            )
        if not _is_text(label):
            raise GrammarError(
                f"output of state {state!r}: {label!r} is not a non-empty string of Unicode text",
                ("outputs", state),
            )
    for state in fsm.transitions:
        if state not in fsm.outputs:
            raise GrammarError(
                f"state {state!r} has no output; give every state one, or none to any",
                ("transitions", state),
            )


def _is_text(value: object) -> bool:
    """Whether `value` can name something in a file: a string, not empty, without surrogates."""
    return isinstance(value, str) and value != "" and not _SURROGATE.search(value)


def _some(items: Iterable[object], most: int = 12) -> str:
    """The first few items, for a message that stays one readable line."""
    shown = [str(item) for item in items]
    more = f" … ({len(shown)} in all)" if len(shown) > most else ""
    return " ".join(shown[:most]) + more
