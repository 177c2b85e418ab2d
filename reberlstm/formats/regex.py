r"""Regular expressions: ``regex:B(TS*X|PT*V)E``.

The syntax is that of Python's `re`, as far as it is about regular languages: ``|``, ``*``, ``+``,
``?``, ``{2,3}``, ``[a-z]``, ``[^a]``, ``.``, ``()``, ``(?:)``, ``\d \s \w`` and their opposites.
Besides, ``&`` is the intersection and ``^`` the shuffle of two languages, as in automata-lib
(https://caleb531.github.io/automata/regular-expressions/); ``|``, ``&`` and ``^`` bind alike, from
the left. Symbols are single characters, and ``.`` is any of those in the expression. A word is
matched from its beginning to its end, so ``^`` first and ``$`` last mean nothing. In the machine
that is made, a symbol is legal where the word can still be completed.

The nondeterministic machine is built from the parts of the expression (K. Thompson, Regular
expression search algorithm, 1968). Its size and the work of building it are bounded.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from reberlstm.errors import FormatError, GrammarError, one_line, shown
from reberlstm.formats.draft import determinise
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM, named

MAX_LENGTH = 10_000
"""How many characters an expression may have."""

MAX_SIZE = 20_000
"""How many states the nondeterministic machine of an expression may have."""

MAX_WORK = 300_000
"""How many transitions may be copied while it is built."""

MAX_TRANSITIONS = 200_000
"""How many transitions it may have in the end, one for each symbol of a set."""

MAX_SYMBOLS = 5_000
"""How many symbols an expression may have."""

_TOKEN = re.compile(
    r"""
      (?P<escape>\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.))
    | (?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])
    | (?P<repeat>[*+?]|\{(?P<least>[0-9]*)(?P<comma>,(?P<most>[0-9]*))?\})
    | (?P<open>\((?:\?:)?)
    | (?P<mark>.)
    """,
    re.DOTALL | re.VERBOSE,
)
_ITEM = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|.", re.DOTALL)

_CLASSES = {
    "d": frozenset(string.digits),
    "s": frozenset(" \t\n\r\f\v"),
    "w": frozenset(string.ascii_letters + string.digits + "_"),
}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "f": "\f", "a": "\a"}

Symbols = frozenset[str]

_Edge = tuple[int, Symbols | None, int]


class _Set(NamedTuple):
    """A set of symbols, or of all symbols of the expression but these."""

    symbols: Symbols
    negated: bool = False


class _Part(NamedTuple):
    """A nondeterministic machine from state 0 to its last state, which may be the same.

    An edge is a source, the symbols that it reads (None: it reads nothing) and a target. No edge
    leads to state 0 or leaves the last state unless they are the same.
    """

    size: int
    edges: list[_Edge]


_EMPTY = _Part(1, [])


def read(expression: str, where: str = "") -> FSM:
    """The smallest machine that accepts what the expression matches from beginning to end.

    Raises:
        FormatError: for what is no regular expression, or is too large.
        GrammarError: where the machine is too large, or has no symbols.

    Example:
        >>> read("(ab)+").accepts("abab"), sorted(read("(ab)+").legal("1"))
        (True, ['b'])
    """
    where = where or f"regex:{expression}"
    name = one_line(where) if len(where) <= 80 else shown(where)[1:-1]
    if len(expression) > MAX_LENGTH:
        raise FormatError(f"{name}: longer than {MAX_LENGTH:,} characters, which is the limit")
    try:
        tokens = list(_tokens(expression))
        alphabet = _alphabet(tokens)
        machine = _Builder(alphabet).build(tokens)
        if sum(len(symbols or ()) for _, symbols, _ in machine.edges) > MAX_TRANSITIONS:
            raise _TooLargeError
    except ValueError as error:
        raise FormatError(one_line(f"{name}: no regular expression: {error}")) from None
    except _TooLargeError:
        raise FormatError(
            f"{name}: the machine of this expression is too large, more than {MAX_SIZE:,} states "
            f"or {MAX_TRANSITIONS:,} transitions before it is minimised; use smaller repetitions"
        ) from None
    if not alphabet:
        raise FormatError(f"{name}: no symbol stands in the expression, so it makes no machine")
    try:
        return _fsm(machine, alphabet, name)
    except GrammarError as error:
        raise GrammarError(one_line(f"{name}: {error}")) from None


class _TooLargeError(Exception):
    """The machine of an expression would be too large."""


# Tokens


class _Repeat(NamedTuple):
    text: str
    least: int
    most: int | None


_Token = _Set | _Repeat | str
"""A set of symbols, a repetition, or one of ``( ) | & ^``."""


def _tokens(expression: str) -> Iterator[_Token]:
    """The tokens, without the marks for beginning and end."""
    text = expression.removeprefix("^")
    if text.endswith("$") and (len(text) - len(text[:-1].rstrip("\\"))) % 2:
        text = text[:-1]
    for match in _TOKEN.finditer(text):
        if match["escape"] is not None:
            yield _escaped(match["escape"])
        elif match["set"] is not None:
            yield _set(match["set"])
        elif match["repeat"] is not None:
            yield _repetition(match)
        elif match["open"] is not None:
            if text.startswith("(?", match.start()) and match["open"] == "(":
                raise ValueError(
                    f"{shown(text[match.start() : match.start() + 4])} is no group of a regular "
                    "language; the only group that begins with '(?' here is '(?:'"
                )
            yield "("
        elif match["mark"] in ")|&^":
            yield match["mark"]
        elif match["mark"] == ".":
            yield _Set(frozenset(), negated=True)
        elif match["mark"] in "[]{}$\\":
            raise ValueError(_stray(match["mark"]))
        else:
            yield _Set(frozenset(match["mark"]))


def _stray(mark: str) -> str:
    hints = {
        "]": " (classes such as [:digit:] are not read; write [0-9])",
        "$": " (the end of a word is always matched)",
    }
    return f"{mark!r} has no meaning there; write \\{mark} for the symbol{hints.get(mark, '')}"


def _escaped(text: str) -> _Set:
    """The symbols that a backslash and what follows it stand for."""
    code = text[1]
    if len(text) > 2:
        return _Set(frozenset(_character(text)))
    if code.lower() in _CLASSES:
        return _Set(_CLASSES[code.lower()], negated=code.isupper())
    return _Set(frozenset(_character(text)))


def _character(text: str) -> str:
    """One character, perhaps written with a backslash."""
    if text[0] != "\\" or len(text) == 1:
        return text
    code = text[1:]
    if len(code) > 1:
        number = int(code[1:], 16)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            raise ValueError(f"{text} is no character")
        return chr(number)
    if code in _CONTROLS:
        return _CONTROLS[code]
    if code.isascii() and code.isalnum():
        raise ValueError(f"{text} has no meaning here; write {code} for the symbol")
    return code


def _set(text: str) -> _Set:
    """What stands between brackets."""
    inner = text[1:-1]
    negated = inner.startswith("^")
    items = _ITEM.findall(inner.removeprefix("^"))
    if not items:
        raise ValueError(f"{text} is empty; write \\] for the symbol ]")
    found: set[str] = set()
    index = 0
    while index < len(items):
        first, rest = items[index], items[index + 1 : index + 3]
        if len(first) == 2 and first[1] in _CLASSES:
            found |= _CLASSES[first[1]]
            index += 1
        elif len(rest) == 2 and rest[0] == "-":
            begin, end = ord(_character(first)), ord(_character(rest[1]))
            if begin > end:
                raise ValueError(f"the range {''.join(items[index : index + 3])} is empty")
            if end - begin > MAX_SYMBOLS:
                raise _TooLargeError
            found.update(map(chr, range(begin, end + 1)))
            index += 3
        else:
            found.add(_character(first))
            index += 1
    return _Set(frozenset(found), negated)


def _repetition(match: re.Match[str]) -> _Repeat:
    text = match["repeat"]
    if text in "*+?":
        return _Repeat(text, int(text == "+"), 1 if text == "?" else None)
    least = int(match["least"][:9] or 0)
    most = None if match["comma"] and not match["most"] else int((match["most"] or "")[:9] or least)
    if text == "{}":
        raise ValueError(_stray("{"))
    if most is not None and most < least:
        raise ValueError(f"{text}: the larger number comes first")
    return _Repeat(text, least, most)


def _alphabet(tokens: list[_Token]) -> list[str]:
    """The symbols in the order in which they stand, those of sets sorted."""
    found = {a: None for token in tokens if isinstance(token, _Set) for a in sorted(token.symbols)}
    if len(found) > MAX_SYMBOLS:
        raise _TooLargeError
    return list(found)


# From tokens to a nondeterministic machine


class _Group:
    """An open group: its finished alternatives, and the parts of what is read now, one by one.

    After ``&`` or ``^`` the `operator` is that, and `left` is what stands before it.
    """

    def __init__(self) -> None:
        self.branches: list[_Part] = []
        self.operator = ""
        self.left = _EMPTY
        self.parts: list[_Part] = []
        self.repeated = False


class _Builder:
    """Builds the machine from the tokens, within limits; `work` counts transitions."""

    def __init__(self, alphabet: list[str]) -> None:
        self.all = frozenset(alphabet)
        self.work = 0

    def build(self, tokens: list[_Token]) -> _Part:
        groups = [_Group()]
        for piece in tokens:
            group = groups[-1]
            if isinstance(piece, _Repeat):
                self.repeat(group, piece)
                continue
            if isinstance(piece, _Set):
                symbols = self.all - piece.symbols if piece.negated else piece.symbols
                group.parts.append(_Part(2, [(0, symbols, 1)] if symbols else []))
            elif piece == "(":
                groups.append(_Group())
            elif piece == ")":
                if len(groups) == 1:
                    raise ValueError("')' closes no group; write \\) for the symbol")
                groups.pop()
                groups[-1].parts.append(self.finished(group))
            elif piece == "|":
                self.end_branch(group)
            else:
                group.left, group.branches = self.finished(group, piece), []
                group.operator = piece
            groups[-1].repeated = False
        if len(groups) > 1:
            raise ValueError("a '(' is never closed; write \\( for the symbol")
        return self.finished(groups[0])

    def finished(self, group: _Group, mark: str = "") -> _Part:
        """All of a group so far; it ends before a mark."""
        self.end_branch(group, mark)
        return self.union(group.branches)

    def end_branch(self, group: _Group, mark: str = "") -> None:
        if not group.parts and (mark or group.operator):
            mark = mark or group.operator
            raise ValueError(f"an operand of {mark!r} is missing; write \\{mark} for the symbol")
        part = self.joined(group.parts)
        if group.operator:
            part = self.both(group.left, part, together=group.operator == "&")
        group.branches.append(part)
        group.operator, group.parts = "", []

    def repeat(self, group: _Group, token: _Repeat) -> None:
        """Repeat the last part; ``?`` after that makes it lazy, which changes no language."""
        if not group.parts:
            raise ValueError(
                f"{token.text!r} has nothing to repeat; write \\{token.text[0]} for the symbol"
            )
        if group.repeated and token.text == "?":
            group.repeated = False
            return
        if group.repeated and token.text == "+":
            raise ValueError("'+' after a repetition; put what is repeated in parentheses")
        part = group.parts.pop()
        copies = token.least + 1 if token.most is None else token.most
        if copies * part.size > MAX_SIZE:
            raise _TooLargeError
        parts = [part] * token.least
        if token.most is None:
            parts.append(_optional(self.loop(part)))
        else:
            parts += [_optional(part)] * (token.most - token.least)
        group.parts.append(self.joined(parts))
        group.repeated = True

    def moved(self, part: _Part, offset: int, first: int = -1, last: int = -1) -> list[_Edge]:
        """The edges with other numbers of states; those of the first and the last may be given."""
        self.work += len(part.edges) + 1
        if self.work > MAX_WORK or part.size + offset > MAX_SIZE:
            raise _TooLargeError
        numbers = list(range(offset, offset + part.size))
        if last >= 0:
            numbers[0], numbers[-1] = first, last
        return [(numbers[p], a, numbers[q]) for p, a, q in part.edges]

    def joined(self, parts: list[_Part]) -> _Part:
        """One after the other: the last state of each is the first of the next."""
        if len(parts) == 1:
            return parts[0]
        size = 1
        edges: list[_Edge] = []
        for part in parts:
            edges += self.moved(part, size - 1)
            size += part.size - 1
        return _Part(size, edges)

    def union(self, parts: list[_Part]) -> _Part:
        """One of them: they have their first and last states in common."""
        if len(parts) == 1:
            return parts[0]
        last = 1 + sum(max(part.size - 2, 0) for part in parts)
        size = 1
        edges: list[_Edge] = []
        for part in parts:
            if part.size == 1:
                edges.append((0, None, last))
                continue
            edges += self.moved(part, size - 1, 0, last)
            size += part.size - 2
        return _Part(last + 1, edges)

    def loop(self, part: _Part) -> _Part:
        """Once or more."""
        last = part.size + 1
        edges = self.moved(part, 1)
        edges += [(0, None, 1), (last - 1, None, last), (last - 1, None, 1)]
        return _Part(last + 1, edges)

    def both(self, first: _Part, second: _Part, *, together: bool) -> _Part:
        """The words of both (`together`), or those that a word of each makes in turns."""
        leaving = [_leaving(part) for part in (first, second)]
        last = (first.size - 1, second.size - 1)
        edges: list[tuple[tuple[int, int], Symbols | None, tuple[int, int]]] = []

        def follow(pair: tuple[int, int]) -> Iterator[tuple[None, tuple[int, int]]]:
            one, two = leaving[0][pair[0]], leaving[1][pair[1]]
            found = [(a, (q, pair[1])) for a, q in one if a is None or not together]
            found += [(a, (pair[0], q)) for a, q in two if a is None or not together]
            if together:
                found += [
                    (a & b, (p, q))
                    for (a, p), (b, q) in product(one, two)
                    if a is not None and b is not None and a & b
                ]
            self.work += len(found) + 1
            if self.work > MAX_WORK:
                raise _TooLargeError
            edges.extend((pair, a, target) for a, target in found)
            return ((None, target) for _, target in found)

        found = crawl([(0, 0)], follow, most=MAX_SIZE).found
        if len(found) >= MAX_SIZE - 1:
            raise _TooLargeError
        number = {pair: index for index, pair in enumerate(found) if pair != last or pair == (0, 0)}
        number.setdefault(last, len(found))
        return _Part(number[last] + 1, [(number[p], a, number[q]) for p, a, q in edges])


def _optional(part: _Part) -> _Part:
    return part if part.size == 1 else _Part(part.size, [*part.edges, (0, None, part.size - 1)])


def _leaving(part: _Part) -> list[list[tuple[Symbols | None, int]]]:
    """What leaves each state of a part."""
    found: list[list[tuple[Symbols | None, int]]] = [[] for _ in range(part.size)]
    for source, symbols, target in part.edges:
        found[source].append((symbols, target))
    return found


def _fsm(part: _Part, alphabet: list[str], name: str) -> FSM:
    """The minimal machine, its states numbered in breadth-first order."""
    entering: dict[int, list[tuple[None, int]]] = {}
    for source, _, target in part.edges:
        entering.setdefault(target, []).append((None, source))
    came = crawl([part.size - 1], lambda state: entering.get(state, [])).came
    moves: list[dict[str, list[int]]] = [{} for _ in range(part.size)]
    epsilon: dict[int, list[int]] = {}
    for source, symbols, target in part.edges:
        if target not in came:
            continue
        if symbols is None:
            epsilon.setdefault(source, []).append(target)
        for symbol in symbols or ():
            moves[source].setdefault(symbol, []).append(target)
    lines = determinise([0] if 0 in came else [], moves, epsilon, alphabet)
    machine = named(
        lines,
        {subset: str(number) for number, subset in enumerate(lines)},
        next(iter(lines)),
        (subset for subset in lines if part.size - 1 in subset),
        alphabet=alphabet,
        name=name,
    )
    return machine.minimise().numbered()
