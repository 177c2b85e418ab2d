"""Regular expressions, through automata-lib: ``regex:B(TS*X|PT*V)E``.

The syntax is that of automata-lib (https://caleb531.github.io/automata/regular-expressions/):
besides ``|``, ``*``, ``+``, ``?``, ``{2,3}``, ``[a-z]``, ``()`` also ``&`` for intersection and
``^`` for shuffle. Symbols are single characters, and ``.`` is any of those in the expression. In
the machine that is made, a symbol is legal where the word can still be completed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reberlstm.errors import FormatError, GrammarError, one_line, shown
from reberlstm.formats.draft import determinise
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM, named

if TYPE_CHECKING:
    from automata.fa.nfa import NFA

MAX_LENGTH = 10_000
"""How many characters an expression may have."""

MAX_SIZE = 20_000
"""How many states the nondeterministic machine of an expression may have, before it is built."""

MAX_WORK = 200_000
"""How many states may be copied while it is built, for each repetition copies what it repeats."""

_TOKEN = re.compile(
    r"""
      (?P<escape>\\.)
    | (?P<set>\[[^\]]*\])
    | (?P<repeat>[*+?]|\{-?(?P<least>[0-9]*)(?:,-?(?P<most>[0-9]*))?\})
    | (?P<mark>.)
    """,
    re.DOTALL | re.VERBOSE,
)
_RANGE = re.compile(r"(.)-(.)", re.DOTALL)


def read(expression: str, where: str = "") -> FSM:
    """The smallest machine that accepts what the expression matches from beginning to end.

    Raises:
        FormatError: where automata-lib cannot read the expression, or it is too large.
        GrammarError: where the machine is too large, or has no symbols.

    Example:
        >>> read("(ab)+").accepts("abab"), sorted(read("(ab)+").legal("1"))
        (True, ['b'])
    """
    from automata.base.exceptions import AutomatonException, RegexException
    from automata.fa.nfa import NFA

    where = where or f"regex:{expression}"
    name = one_line(where) if len(where) <= 80 else shown(where)[1:-1]
    if len(expression) > MAX_LENGTH:
        raise FormatError(f"{name}: longer than {MAX_LENGTH:,} characters, which is the limit")
    _check_size(expression, name)
    try:
        symbols = _symbols(expression)
        nfa = NFA.from_regex(expression, input_symbols=set(symbols))
    except (AutomatonException, RegexException, ValueError, IndexError, RecursionError) as error:
        raise FormatError(one_line(f"{name}: no regular expression: {_reason(error)}")) from None
    if not nfa.input_symbols:
        raise FormatError(f"{name}: no symbol stands in the expression, so it makes no machine")
    rest = sorted(set(nfa.input_symbols).difference(symbols))
    try:
        return _machine(nfa, [*symbols, *rest], name)
    except GrammarError as error:
        raise GrammarError(one_line(f"{name}: {error}")) from None


def _reason(error: Exception) -> str:
    """What is wrong, without the names of automata-lib's classes and states."""
    if stray := re.search("invalid transition symbol (.)", str(error)):
        return (
            f"{stray[1]!r} has no meaning there; write \\{stray[1]} for the symbol (classes such "
            "as [:digit:] are not read; write [0-9])"
        )
    return re.sub(r"'?<\w+: (.*?)>'?", r"'\1'", str(error))


def _symbols(expression: str) -> list[str]:
    """The symbols of the expression in the order in which they stand in it, those of sets sorted.

    automata-lib would by default count the digits of repetitions among them. Symbols that are
    written with a backslash it adds itself.
    """
    from automata.regex.parser import process_char_class

    found: dict[str, None] = {}
    for token in _TOKEN.finditer(expression):
        if token["set"] is not None:
            found.update(dict.fromkeys(sorted(process_char_class(token["set"])[1])))
        elif token["mark"] is not None and token["mark"] not in "()|&^.[]{}":
            found[token["mark"]] = None
    return list(found)


def _machine(nfa: NFA, alphabet: list[str], name: str) -> FSM:
    """The minimal machine, its states numbered in breadth-first order."""
    sources: dict[int, list[tuple[str, int]]] = {}
    for state, line in nfa.transitions.items():
        for symbol, targets in line.items():
            for target in targets:
                sources.setdefault(target, []).append((symbol, state))
    completable = crawl(nfa.final_states, lambda state: sources.get(state, [])).came
    index = {state: number for number, state in enumerate(sorted(completable))}
    moves: list[dict[str, list[int]]] = [{} for _ in index]
    for state, number in index.items():
        for symbol, targets in nfa.transitions.get(state, {}).items():
            if kept := sorted(index[target] for target in targets if target in index):
                moves[number][symbol] = kept
    epsilon = {number: line.pop("") for number, line in enumerate(moves) if "" in line}
    initial = [index[nfa.initial_state]] if nfa.initial_state in index else []
    lines = determinise(initial, moves, epsilon, alphabet)
    final = {index[state] for state in nfa.final_states}
    machine = named(
        lines,
        {subset: str(number) for number, subset in enumerate(lines)},
        next(iter(lines)),
        (subset for subset in lines if subset & final),
        alphabet=alphabet,
        name=name,
    )
    return machine.minimise().numbered()


def _check_size(expression: str, name: str) -> None:
    """Refuse an expression whose machine would be huge, by an upper bound of its size.

    A group has the size of its parts: their sum, or their product for intersection and shuffle; a
    repetition has it as often as its larger bound says.
    """
    work = last = 0
    groups: list[list[int]] = [[1, 0]]  # of every open group: the product so far, the last part
    for token in _TOKEN.finditer(expression):
        mark = token["mark"]
        if mark == "(":
            groups.append([1, 0])
        elif mark in ("&", "^"):
            groups[-1] = [groups[-1][0] * max(groups[-1][1], 1), 0]
        elif token["repeat"] is not None:
            added = last * (_repetitions(token) - 1) + 1  # one more state to begin in
            groups[-1][1] += added
            last += added
            work += last
        elif mark == "|":
            groups[-1][1] += 1
        else:
            if mark == ")" and len(groups) > 1:
                product, part = groups.pop()
                last = product * max(part, 1)
            else:
                last = _atom(token)
            groups[-1][1] += last
        if groups[-1][0] * groups[-1][1] > MAX_SIZE or work > MAX_WORK:
            raise FormatError(
                f"{name}: the machine of this expression is too large, more than {MAX_SIZE:,} "
                "states before it is minimised; use smaller repetitions"
            )


def _repetitions(token: re.Match[str]) -> int:
    """How many copies of what is repeated are made."""
    bounds = [digits for digits in (token["least"], token["most"]) if digits]
    return max([1, *(int(digits[:9]) for digits in bounds)])


def _atom(token: re.Match[str]) -> int:
    """A bound on the states and transitions of a single symbol, or of one out of a set."""
    if token["set"] is not None:
        spans = (ord(last) - ord(first) for first, last in _RANGE.findall(token["set"]))
        return 2 + len(token["set"]) + sum(span for span in spans if span > 0)
    return 2 if token["escape"] is None else 100
