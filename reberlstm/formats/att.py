"""AT&T's text format of finite-state machines, as OpenFST, HFST and foma print it.

    0	1	a	a
    1	1	b	b
    1

One line per transition: source, target, symbol, output, which must be the symbol; one per accepting
state. A weight may follow, read as the negative logarithm of a probability where those of every
state sum to 1 (OpenFST's log semiring); ``Infinity`` at a state makes it not accepting. More is in
docs/formats.md and at https://www.openfst.org/twiki/bin/view/FST/FstQuickTour.
"""

from __future__ import annotations

import math
import re
import sys

from reberlstm.errors import FormatError, shown
from reberlstm.formats.draft import Draft
from reberlstm.formats.limits import MAX_STATES, MAX_TRANSITIONS
from reberlstm.machine.fsm import FSM, PROBABILITY_TOLERANCE

_EPSILON = {"<eps>", "<epsilon>", "<>", "@0@", "@_EPSILON_SYMBOL_@", "ε", "epsilon", "eps"}
_ANY = {"@_UNKNOWN_SYMBOL_@", "@_IDENTITY_SYMBOL_@"}
_BLANKS = {"@_SPACE_@": " ", "@_TAB_@": "\t", "@_NEWLINE_@": "\n", "@_RETURN_@": "\r"}
_BLANK_NAMES = {blank: name for name, blank in _BLANKS.items()}

_Line = tuple[int, list[str]]


def read(text: str, where: str) -> FSM:
    """Parse AT&T text; `where` names the file in messages.

    Raises:
        FormatError: naming the line that is neither a transition nor an accepting state, or the
            first one of a transducer.
        GrammarError: where the whole describes no machine.
    """
    draft = Draft(where, "the first line's source is it")
    arcs, finals = _columns(draft, text)
    if not arcs and not finals:
        raise draft.error(
            None, "no lines; a machine has at least one accepting state or transition"
        )
    weights = _weight_column(draft, arcs)
    zero_is_epsilon = _zero_is_epsilon(draft, arcs)
    first = min(lines[0] for lines in (arcs, finals) if lines)
    draft.initial[draft.state(first[1][0], first[0], first[1][0])] = None
    costs = []
    for line, columns in arcs:
        source, target = (draft.state(key, line, key) for key in columns[:2])
        symbol = _symbol(draft, line, columns[2], zero_is_epsilon)
        draft.arc(source, symbol, target, line)
        costs.append(_weight(draft, line, columns, weights))
    final_costs: dict[int, float] = {}
    for line, columns in finals:
        state = draft.state(columns[0], line, columns[0])
        cost = _weight(draft, line, columns, 1)
        if cost < math.inf:
            draft.accepting.add(state)
            final_costs[state] = cost
    if any(costs) or any(final_costs.values()):
        _read_probabilities(draft, costs, final_costs)
    return draft.finish()


def losses(fsm: FSM) -> list[str]:
    """What the format cannot carry of this machine."""
    lost = [key for key in ("name", "title", "source") if getattr(fsm, key)]
    if [str(number) for number in range(len(fsm.reachable))] != list(fsm.reachable):
        lost.append("names of states")
    lost += ["outputs"] if fsm.outputs else []
    used = {symbol for line in fsm.transitions.values() for symbol in line}
    if not used.issuperset(fsm.alphabet):
        lost.append("symbols of the alphabet that no transition reads")
    if tuple(dict.fromkeys(a for q in fsm.reachable for a in fsm.transitions[q])) != fsm.alphabet:
        lost.append("the order of the alphabet")
    if len(fsm.reachable) < len(fsm.states):
        lost.append("states that cannot be reached")
    if fsm.probabilities or fsm.stop:
        ends = {q: fsm.stop_probability(q) for q in fsm.reachable if q in fsm.accepting}
        if 0.0 in ends.values():
            lost.append("stop probabilities of 0 at accepting states (written as 2e-308)")
        if any(p == 1.0 and q in fsm.probabilities for q, p in ends.items()):
            lost.append("probabilities of states in which every word stops")
    return lost


def _columns(draft: Draft, text: str) -> tuple[list[_Line], list[_Line]]:
    """The lines of transitions and those of accepting states, each split at tabs or blanks."""
    if "\r" in text and "\n" not in text:  # the line ends of old Macintoshes
        text = text.replace("\r", "\n")
    if text.count("\n") > 2 * (MAX_STATES + MAX_TRANSITIONS):
        raise draft.error(None, f"more lines than {MAX_TRANSITIONS:,} transitions, the limit, need")
    arcs: list[_Line] = []
    finals: list[_Line] = []
    sources: set[str] = set()
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.removesuffix("\r")
        if not line.strip():
            continue
        columns = line.rstrip("\t").split("\t") if "\t" in line else line.split()
        if columns[0] == "--":
            raise draft.error(number, "a second machine begins here; give each a file of its own")
        if len(columns) > 5 or not all(columns):
            raise draft.error(
                number,
                "expected 'source target symbol symbol [weight]' or 'state [weight]', "
                f"found {shown(line)}",
            )
        (arcs if len(columns) > 2 else finals).append((number, columns))
        sources.add(columns[0])
        if len(sources) > MAX_STATES:  # no need to keep the rest
            raise draft.error(number, f"more than {MAX_STATES:,} states, which is the limit")
    return arcs, finals


def _weight_column(draft: Draft, arcs: list[_Line]) -> int:
    """Which column holds the weights: the fourth in an acceptor, the fifth where outputs are.

    Raises:
        FormatError: where an output differs from its input.
    """
    fours = [(line, columns) for line, columns in arcs if len(columns) > 3]
    different = ((line, c) for line, c in fours if c[2] != c[3] and not {*c[2:4]} <= _EPSILON)
    changed = next(different, None)
    if changed is None:
        return 4
    numbers = all(len(columns) == 4 and _is_number(columns[3]) for _, columns in fours)
    if all(len(columns) > 3 and columns[3] in _EPSILON for _, columns in arcs):
        draft.notes.append(
            "a transducer that puts nothing out, since all outputs are epsilon; it was read as the "
            "acceptor of its input"
        )
        return 4
    integers = all(re.fullmatch("[0-9]+", c) for _, columns in fours for c in columns[2:4])
    if numbers and not integers:
        return 3
    line, columns = changed
    hint = "; where these are weights, write them with a decimal point" if numbers else ""
    raise draft.error(
        line,
        f"{shown(columns[2])} becomes {shown(columns[3])}: a transducer; only acceptors, whose "
        f"output is their input, are machines here{hint}",
    )


def _zero_is_epsilon(draft: Draft, arcs: list[_Line]) -> bool:
    labels = {columns[2] for _, columns in arcs}
    if "0" not in labels or not all(label.isdecimal() for label in labels):
        return False
    if all(len(label) == 1 for label in labels):
        draft.notes.append("0 was read as a symbol; where it means epsilon, write <eps>")
        return False
    return True


def _symbol(draft: Draft, line: int, column: str, zero_is_epsilon: bool) -> str | None:
    if column in _EPSILON or (zero_is_epsilon and column == "0"):
        return None
    if column in _ANY:
        raise draft.error(
            line,
            f"{column} stands for any symbol outside the alphabet, which a finite machine has not; "
            "spell the symbols out",
        )
    for name, blank in _BLANKS.items():
        column = column.replace(name, blank)
    return column


def _weight(draft: Draft, line: int, columns: list[str], place: int) -> float:
    """The weight in a column, 0 where the line has none."""
    if len(columns) <= place:
        return 0.0
    if not _is_number(columns[place]):
        raise draft.error(line, f"expected a weight, found {shown(columns[place])}")
    return float(columns[place])


def _is_number(column: str) -> bool:
    try:
        return not math.isnan(float(column))
    except ValueError:
        return False


def _read_probabilities(draft: Draft, costs: list[float], final_costs: dict[int, float]) -> None:
    """Turn weights into probabilities where they are the negative logarithms of such."""
    # No float holds the exponential of more.
    chances = [math.exp(min(-cost, 700.0)) for cost in costs]
    ending = {state: math.exp(min(-cost, 700.0)) for state, cost in final_costs.items()}
    going_on: dict[int, float] = {}
    for arc, chance in zip(draft.arcs, chances, strict=True):
        going_on[arc.source] = going_on.get(arc.source, 0.0) + chance
    for state, name in enumerate(draft.names):
        total = going_on.get(state, 0.0) + ending.get(state, 0.0)
        if abs(total - 1.0) > PROBABILITY_TOLERANCE and (state in going_on or total):
            draft.notes.append(
                f"the weights were left out: those of state {shown(name)} are no negative "
                "logarithms of probabilities, whose sum would be 1"
            )
            return
    draft.arcs = [
        arc._replace(probability=chance / going_on[arc.source]) if going_on[arc.source] else arc
        for arc, chance in zip(draft.arcs, chances, strict=True)
    ]
    draft.stop = {state: min(1.0, ending[state]) for state in ending if state in going_on}


# Writing


def write(fsm: FSM) -> str:
    """The reachable part of the machine as AT&T text; what is lost is told by `losses`.

    Raises:
        FormatError: naming a symbol that the format reads as something else, or a machine without
            any transition, whose alphabet would be lost.
    """
    _check_symbols(fsm)
    number = {state: index for index, state in enumerate(fsm.reachable)}
    weighted = bool(fsm.probabilities or fsm.stop)
    lines = []
    if not fsm.transitions[fsm.start]:
        raise FormatError(
            f"{fsm} cannot be written as AT&T text: nothing may follow its start, so no line could "
            "name a symbol"
        )
    for state in number:
        stop = fsm.stop_probability(state)
        for symbol, target in fsm.transitions[state].items():
            column = "".join(_BLANK_NAMES.get(character, character) for character in symbol)
            columns = [str(number[state]), str(number[target]), column, column]
            if weighted:
                columns.append(_cost(fsm.probability(state, symbol) * (1.0 - stop)))
            lines.append("\t".join(columns))
    for state, index in number.items():
        if state in fsm.accepting:
            # Infinity would mean that the state does not accept, so a stop probability of 0 is
            # written as the smallest positive number.
            stop = max(fsm.stop_probability(state), sys.float_info.min)
            lines.append(f"{index}\t{_cost(stop)}" if weighted else str(index))
    return "\n".join(lines) + "\n"


def _check_symbols(fsm: FSM) -> None:
    digits = all(symbol.isdecimal() for symbol in fsm.alphabet) and fsm.has_long_symbols
    for symbol in fsm.alphabet:
        taken = symbol in _EPSILON or symbol in _ANY or any(name in symbol for name in _BLANKS)
        if taken or "\0" in symbol or (digits and symbol == "0"):
            raise FormatError(
                f"{fsm} cannot be written as AT&T text, where symbol {shown(symbol)} means "
                "something else; rename it"
            )


def _cost(probability: float) -> str:
    return "Infinity" if probability <= 0.0 else repr(-math.log(probability) or 0.0)
