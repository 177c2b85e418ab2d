"""A machine as a file states it: possibly nondeterministic, every part with its place in the file.

The readers of all foreign formats fill a `Draft`; `Draft.finish` checks it, determinises it where
that is needed, and makes the `FSM`.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from reberlstm.errors import FormatError, FormatWarning, GrammarError, one_line, shown
from reberlstm.formats.limits import MAX_STATES, MAX_TRANSITIONS
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import EMPTY_OUTPUT, FSM, named

MAX_SUBSETS = 50_000
"""How many states a determinised machine may have: n states may need 2ⁿ."""

MAX_WORK = 5_000_000
"""How many moves of single states are followed before determinising gives up."""

Place = int | str | None
"""Where something stands in a file: a line, an offset or a path, as the reader chooses."""

Subset = frozenset[int]

Moves = Sequence[Mapping[str, Collection[int]]]
"""``moves[state][symbol]``: the states that may follow."""


class Arc(NamedTuple):
    """One transition as it stands in the file; without a symbol it is an epsilon transition."""

    source: int
    symbol: str | None
    target: int
    probability: float | None
    place: Place


def at_line(line: Place) -> str:
    """What follows the file's name in messages where places are lines."""
    return f":{line}" if line else ""


@dataclass
class Draft:
    """The states and transitions of a file, in its order; states are numbered.

    Attributes:
        where: The name of the file, with which every message starts.
        start_hint: What to write into such a file so that it has a start state.
        at: Turns a place into the text that follows the file's name.
        names: The names of the states; an empty one is replaced by the state's key.
        alphabet: The symbols in order, where the file declares them; else in order of appearance.
        notes: What the reader has decided and its user should know.
        drawn: Whether labels are written for people, who use wildcards such as Σ in them.
    """

    where: str
    start_hint: str
    at: Callable[[Place], str] = at_line
    names: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    initial: dict[int, None] = field(default_factory=dict)
    accepting: set[int] = field(default_factory=set)
    outputs: dict[int, str] = field(default_factory=dict)
    stop: dict[int, float] = field(default_factory=dict)
    arcs: list[Arc] = field(default_factory=list)
    alphabet: list[str] | None = None
    alphabet_place: Place = None
    notes: list[str] = field(default_factory=list)
    drawn: bool = False
    name: str = ""
    title: str = ""
    source: str = ""
    _index: dict[Hashable, int] = field(default_factory=dict)

    def state(self, key: Hashable, place: Place, name: str = "") -> int:
        """The number of the state with that key, which is new where the key is."""
        number = self._index.get(key)
        if number is None:
            number = self._index[key] = len(self.names)
            if number == MAX_STATES:
                raise self.error(place, f"more than {MAX_STATES:,} states, which is the limit")
            self.names.append(name)
            self.places.append(place)
        return number

    def find(self, key: Hashable) -> int | None:
        """The number of the state with that key, if there is one."""
        return self._index.get(key)

    def arc(
        self,
        source: int,
        symbol: str | None,
        target: int,
        place: Place,
        probability: float | None = None,
    ) -> None:
        """Add a transition."""
        if len(self.arcs) == MAX_TRANSITIONS:
            raise self.error(
                place, f"more than {MAX_TRANSITIONS:,} transitions, which is the limit"
            )
        self.arcs.append(Arc(source, symbol, target, probability, place))

    def word(self, source: int, symbols: Sequence[str], target: int, place: Place) -> None:
        """Add a transition on no symbol, or on several one after the other through new states."""
        origin = self.names[source]
        for number, symbol in enumerate(symbols[:-1], start=1):
            between = self.state((source, len(self.arcs), number), place, f"{origin}+{number}")
            self.arc(source, symbol, between, place)
            source = between
        self.arc(source, symbols[-1] if symbols else None, target, place)

    def error(self, place: Place, message: str) -> FormatError:
        """An error to raise, which names the file and the place."""
        return FormatError(one_line(f"{self.where}{self.at(place)}: {message}"))

    def finish(self) -> FSM:
        """The machine.

        Raises:
            FormatError: naming what is missing, or what is wrong where.
            GrammarError: for what only the whole machine shows, such as probabilities that do not
                sum to 1.
        """
        if not self.names:
            raise self.error(None, "no states; a machine has at least one")
        if not self.initial:
            raise self.error(None, f"no start state; {self.start_hint}")
        for text in self._texts().values():
            if text.encode("utf-8", "ignore").decode() != text:
                raise self.error(None, f"{shown(text)} is not Unicode text")
        self.settle_names()
        alphabet = self._settle_alphabet()
        if not alphabet:
            raise self.error(
                self.alphabet_place,
                "no transition has a symbol, and a machine has at least one in its alphabet; give "
                "a transition, or declare the symbols in a file that can, as TOML does",
            )
        table, choices, epsilon = self._sort_arcs()
        try:
            if len(self.initial) == 1 and not choices and not epsilon:
                fsm = self._deterministic(alphabet, table)
            else:
                fsm = self._determinised(alphabet, table, choices, epsilon)
        except GrammarError as error:
            at = self.at(self._place_of(error.place))
            raise GrammarError(one_line(f"{self.where}{at}: {error}"), error.place) from None
        for note in self.notes:
            warnings.warn(FormatWarning(one_line(f"{self.where}: {note}")), stacklevel=4)
        return fsm

    def settle_names(self) -> None:
        """Make the names of the states distinct and not empty."""
        names = [name or str(key) for name, key in zip(self.names, self._index, strict=True)]
        count = Counter(names)
        self.names = distinct(
            f"{name} ({key})" if count[name] > 1 else name or "(unnamed)"
            for name, key in zip(names, self._index, strict=True)
        )

    def _settle_alphabet(self) -> tuple[str, ...]:
        """The symbols in order; white space in them goes where it would split words."""
        if self.alphabet is not None:
            return tuple(self.alphabet)
        used = dict.fromkeys(arc.symbol for arc in self.arcs if arc.symbol is not None)
        self._check_wildcards(used)
        if all(len(symbol) == 1 for symbol in used) or all(s.split() == [s] for s in used):
            return tuple(used)
        renamed = {symbol: "_".join(symbol.split()) or "␣" * len(symbol) for symbol in used}
        if len(set(renamed.values())) < len(renamed):
            raise self.error(
                None, "symbols with white space, which separates symbols; replace it by _"
            )
        self.arcs = [
            arc if arc.symbol is None else arc._replace(symbol=renamed[arc.symbol])
            for arc in self.arcs
        ]
        changed = [symbol for symbol, new in renamed.items() if symbol != new]
        self.notes.append(
            f"white space in {len(changed)} symbols was replaced, as in {shown(changed[0])} → "
            f"{shown(renamed[changed[0]])}, since it separates the symbols of a word"
        )
        return tuple(renamed.values())

    def _check_wildcards(self, used: Iterable[str]) -> None:
        """Refuse symbols that mean a set without saying of what; note those that may mean one."""
        if not self.drawn:
            return
        for arc in self.arcs:
            if arc.symbol is not None and _SET.fullmatch(arc.symbol):
                raise self.error(
                    arc.place,
                    f"the label {shown(arc.symbol)} stands for symbols that are not spelled out, "
                    "and a finite machine needs them; write them as a list, such as a,b",
                )
        operators = any(symbol in "+-/%()" for symbol in used)
        digits = any(symbol.isdecimal() and len(symbol) == 1 for symbol in used)
        known = [a for a, is_known in (("*", operators), (".", digits)) if is_known]
        several = [a for a in used if _WILDCARD.fullmatch(a) and a not in known]
        if several:
            self.notes.append(
                f"the label {shown(several[0])} was taken for one symbol of that name; if it "
                "stands for several, write them as a list, such as a,b"
            )

    def _sort_arcs(
        self,
    ) -> tuple[list[dict[str, int]], dict[tuple[int, str], set[int]], dict[int, list[int]]]:
        """The first target on every symbol, all targets where there are several, epsilon moves."""
        table: list[dict[str, int]] = [{} for _ in self.names]
        choices: dict[tuple[int, str], set[int]] = {}
        epsilon: dict[int, list[int]] = {}
        repeated = 0
        for source, symbol, target, _, _ in self.arcs:
            if symbol is None:
                epsilon.setdefault(source, []).append(target)
            elif symbol not in table[source]:
                table[source][symbol] = target
            elif (first := table[source][symbol]) != target:
                choices.setdefault((source, symbol), {first}).add(target)
            else:
                repeated += 1
        if repeated:
            self.notes.append(f"{repeated:,} transitions that stand twice were taken once")
        return table, choices, epsilon

    def _deterministic(self, alphabet: tuple[str, ...], table: list[dict[str, int]]) -> FSM:
        names = self.names
        probabilities: dict[str, dict[str, float]] = {}
        for arc in self.arcs:
            if arc.probability is not None and arc.symbol is not None:
                line = probabilities.setdefault(names[arc.source], {})
                line[arc.symbol] = line.get(arc.symbol, 0.0) + arc.probability
        return named(
            dict(enumerate(table)),
            dict(enumerate(names)),
            next(iter(self.initial)),
            self.accepting,
            alphabet=alphabet,
            outputs={names[q]: label for q, label in self.outputs.items()},
            probabilities=probabilities,
            stop={names[q]: value for q, value in self.stop.items()},
            **self._texts(),
        )

    def _texts(self) -> dict[str, str]:
        return {"name": self.name, "title": self.title, "source": self.source}

    def _determinised(
        self,
        alphabet: tuple[str, ...],
        table: list[dict[str, int]],
        choices: dict[tuple[int, str], set[int]],
        epsilon: dict[int, list[int]],
    ) -> FSM:
        known = set(alphabet)
        for arc in self.arcs:
            if arc.symbol is not None and arc.symbol not in known:
                raise self.error(
                    arc.place, f"symbol {shown(arc.symbol)} is not in the alphabet of the file"
                )
        moves: list[dict[str, Collection[int]]] = [{a: (t,) for a, t in q.items()} for q in table]
        for (source, symbol), targets in choices.items():
            moves[source][symbol] = sorted(targets)
        lines = determinise(self.initial, moves, epsilon, alphabet)
        name = dict(zip(lines, subset_names(lines, self.names), strict=True))
        fsm = named(
            lines,
            name,
            next(iter(lines)),
            (subset for subset in lines if subset & self.accepting),
            alphabet=alphabet,
            outputs={name[q]: self._common_output(q) for q in lines} if self.outputs else {},
            **self._texts(),
        ).minimise()
        counts = {
            "start states": len(self.initial) if len(self.initial) > 1 else 0,
            "epsilon transitions": sum(map(len, epsilon.values())),
            "choices between transitions": len(choices),
        }
        why = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
        dropped = any(arc.probability is not None for arc in self.arcs) or bool(self.stop)
        self.notes.append(
            f"nondeterministic ({why}): {len(self.names):,} states were determinised to "
            f"{len(lines):,} and minimised to {len(fsm.states):,}"
            + (", without the probabilities" if dropped else "")
        )
        return fsm

    def _common_output(self, subset: Subset) -> str:
        members = sorted(subset, key=lambda state: self.outputs.get(state, ""))
        first, last = members[0], members[-1]
        if self.outputs.get(first, "") != self.outputs.get(last, ""):
            raise GrammarError(
                f"a word leads to both {shown(self.names[first])} and {shown(self.names[last])}, "
                "whose outputs differ, so the machine cannot be determinised; give a "
                "deterministic one, or leave the outputs out"
            )
        return self.outputs.get(first, "")

    def _place_of(self, place: tuple[str, ...]) -> Place:
        """Where in the file the part of the machine stands that an error is about."""
        if place == ("alphabet",):
            return self.alphabet_place
        if len(place) < 2 or place[1] not in self.names:
            return None
        state = self.names.index(place[1])
        arcs = (arc for arc in self.arcs if (arc.source, arc.symbol) == (state, *place[2:]))
        arc = next(arcs, None)
        return self.places[state] if arc is None else arc.place


def lost_in_lists(fsm: FSM) -> list[str]:
    """What formats lose that are mere lists of transitions and of accepting states."""
    lost = [key for key in ("name", "title", "source") if getattr(fsm, key)]
    lost += ["outputs"] * bool(fsm.outputs)
    lost += ["probabilities"] * bool(fsm.probabilities) + ["stop probabilities"] * bool(fsm.stop)
    used = tuple(dict.fromkeys(a for line in fsm.transitions.values() for a in line))
    if len(used) < len(fsm.alphabet):
        lost.append("symbols of the alphabet that no transition reads")
    elif used != fsm.alphabet:
        lost.append("the order of the alphabet")
    ends = {target for line in fsm.transitions.values() for target in line.values()}
    if not {
        *ends,
        fsm.start,
        *fsm.accepting,
        *(q for q, x in fsm.transitions.items() if x),
    }.issuperset(fsm.states):
        lost.append("states without transitions")
    return lost


def to_moore(mealy: Draft, outputs: Sequence[str]) -> Draft:
    """The reachable part of a Mealy machine, given as a draft and the outputs of its arcs.

    A state for each pair of a state and the output with which it was entered (E. F. Moore,
    Gedanken-experiments on sequential machines, 1956); the output of the start, where nothing has
    been put out yet, is `EMPTY_OUTPUT`.
    """
    mealy.settle_names()
    moore = Draft(mealy.where, mealy.start_hint, mealy.at)
    for part in ("alphabet", "alphabet_place", "name", "title", "source", "notes"):
        setattr(moore, part, getattr(mealy, part))
    leaving: list[list[tuple[Arc, str]]] = [[] for _ in mealy.names]
    for arc, output in zip(mealy.arcs, outputs, strict=True):
        leaving[arc.source].append((arc, output))

    def entered(state: int, output: str) -> int:
        name = mealy.names[state] + (f"/{output}" if output else "")
        number = moore.state((state, output), mealy.places[state], name)
        moore.outputs[number] = output or EMPTY_OUTPUT
        if state in mealy.accepting:
            moore.accepting.add(number)
        return number

    def follow(pair: tuple[int, str]) -> Iterator[tuple[None, tuple[int, str]]]:
        source = entered(*pair)
        for arc, output in leaving[pair[0]]:
            moore.arc(source, arc.symbol, entered(arc.target, output), arc.place)
            yield None, (arc.target, output)

    moore.initial = {entered(state, ""): None for state in mealy.initial}
    crawl([(state, "") for state in mealy.initial], follow)
    moore.notes.append(
        f"a Mealy machine: its {len(mealy.names):,} states became the {len(moore.names):,} of a "
        "Moore machine, whose states tell the output of the transition that entered them"
    )
    return moore


def determinise(
    initial: Iterable[int],
    moves: Moves,
    epsilon: Mapping[int, Sequence[int]],
    alphabet: Sequence[str],
) -> dict[Subset, dict[str, Subset]]:
    """The subset construction (M. O. Rabin and D. Scott, Finite automata, 1959), breadth first.

    A symbol is legal in a subset where it is legal in one of its members; the empty subset, which
    stands for a violation, is left out.

    Args:
        initial: The states before the first symbol.
        moves: ``moves[state][symbol]``: the states that may follow.
        epsilon: The states that may follow without a symbol.
        alphabet: The order in which the symbols are tried, which fixes the order of the subsets.

    Raises:
        GrammarError: beyond `MAX_SUBSETS` states, or `MAX_WORK` moves on the way.

    Example:
        >>> for subset, line in determinise([0], [{"a": [0, 1]}, {"b": [1]}], {}, "ab").items():
        ...     print(set(subset), {symbol: set(target) for symbol, target in line.items()})
        {0} {'a': {0, 1}}
        {0, 1} {'a': {0, 1}, 'b': {1}}
        {1} {'b': {1}}
    """
    order = {symbol: number for number, symbol in enumerate(alphabet)}
    lines: dict[Subset, dict[str, Subset]] = {}
    work = 0

    def closure(states: Iterable[int]) -> Subset:
        """The states, and those that they lead to without a symbol."""
        nonlocal work
        found = set(states)
        waiting = [state for state in found if state in epsilon]
        while waiting:
            targets = epsilon[waiting.pop()]
            work += len(targets)
            for target in targets:
                if target not in found:
                    found.add(target)
                    if target in epsilon:
                        waiting.append(target)
        if work > MAX_WORK:
            raise too_large(len(lines))
        return frozenset(found)

    def follow(subset: Subset) -> Iterable[tuple[str, Subset]]:
        nonlocal work
        reached: dict[str, set[int]] = {}
        for state in subset:
            for symbol, targets in moves[state].items():
                reached.setdefault(symbol, set()).update(targets)
                work += len(targets)
        line = {a: closure(reached[a]) for a in sorted(reached, key=order.__getitem__)}
        lines[subset] = line
        work += len(subset) + sum(map(len, line.values()))
        if work > MAX_WORK:
            raise too_large(len(lines))
        return line.items()

    def too_large(states: int) -> GrammarError:
        return GrammarError(
            f"determinising stopped at {states:,} states: the limits are {MAX_SUBSETS:,} states "
            f"and {MAX_WORK:,} moves; give a deterministic machine"
        )

    found = len(crawl([closure(initial)], follow, most=MAX_SUBSETS + 1).came)
    if found > MAX_SUBSETS:
        raise too_large(found)
    return lines


def subset_names(subsets: Iterable[Subset], names: Sequence[str], most: int = 4) -> list[str]:
    """A readable, distinct name for every subset: its only member's, or ``{a,b}``.

    Of more than `most` members the first are named and the rest counted.

    Example:
        >>> subset_names([frozenset([0]), frozenset([0, 2])], ["p", "q", "r"])
        ['p', '{p,r}']
    """

    def name(subset: Subset) -> str:
        members = sorted(subset)
        inner = ",".join(names[state] for state in members[:most])
        more = f",+{len(members) - most}" if len(members) > most else ""
        return inner if len(members) == 1 else f"{{{inner}{more}}}"

    return distinct(map(name, subsets))


def distinct(names: Iterable[str]) -> list[str]:
    """The names, with a number where one is taken already.

    Example:
        >>> distinct(["a", "b", "a", "a"])
        ['a', 'b', 'a#2', 'a#3']
    """
    taken: dict[str, int] = {}
    for name in names:
        result = name
        while result in taken:
            taken[name] += 1
            result = f"{name}#{taken[name]}"
        taken[result] = 1
    return list(taken)


_EPSILON = frozenset(
    {"", "ε", "ϵ", "ɛ", "𝜀", "λ", "Λ", "eps", "epsilon", "lambda", "<eps>", "<epsilon>", "@epsilon"}
    | {"&epsilon;", "&lambda;", "\\e", "\\epsilon", "\\varepsilon", "$\\epsilon$", "$\\varepsilon$"}
)

_SIGMA = r"(?:[ΣΣ∑Γ]|\\?[Ss]igma|\$\\?Sigma\$)"
_SET = re.compile(rf"{_SIGMA}(?:\s*[-∖−\\/]\s*\S.*)?|\[\^.+\]|[¬~]\s*\S.*", re.DOTALL)
_WILDCARD = re.compile(
    r"(?i:any(?:thing)?|any\W*(?:other|char\w*|symbol|letter)|(?:all\W*)?others?|else|otherwise"
    r"|default|def|all)|\\[wds]|\*|\.|_|\?|!\s*\S.*|\[.+\]|(\w)\s*(?:-|\.\.\.?|–|…)\s*(\w)"
    r"|\d+\.\.\d+|\S.*\.\.\.?\s*\S.*",
    re.DOTALL,
)
_INPUT_OUTPUT = re.compile(r"(.*?[^\s/])\s*/\s*([^\s].*)", re.DOTALL)
_OPEN = {"(": ")", "[": "]", "{": "}"}
_LISTED = re.compile(r"[^\s|](?:\|[^\s|])+|\S(?:[ \t]+\S)+")


def is_epsilon(label: str) -> bool:
    """Whether it is one of the labels of a transition without a symbol, in various programs.

    Example:
        >>> [is_epsilon(label) for label in ("", "ε", "Epsilon", "e")]
        [True, True, True, False]
    """
    return label in _EPSILON or label.lower() in _EPSILON


def symbols(label: str, alphabet: frozenset[str] = frozenset()) -> list[str | None]:
    r"""The symbols of an edge's label; None stands for an epsilon transition.

    Several symbols are separated by commas (not within brackets) or line ends; single characters
    also by bars or blanks (`is_list`). A label of blanks is the blank itself. A symbol of the
    declared `alphabet` is taken as it is.

    Example:
        >>> symbols("a, b"), symbols("f(x,y)"), symbols(","), symbols(",,a"), symbols("ε")
        (['a', 'b'], ['f(x,y)'], [','], [',', 'a'], [None])
        >>> symbols("a,\nb"), symbols("a|b"), symbols("a b"), symbols("log in"), symbols(" ")
        (['a', 'b'], ['a', 'b'], ['a', 'b'], ['log in'], [' '])
    """
    if label in alphabet:
        return [label]
    if label and not label.strip():
        return [label if len(label) == 1 else " "]
    found: list[str | None] = []
    lines = [line.strip() for line in label.strip().split("\n")]
    for number, line in enumerate(lines, start=1):
        if number < len(lines) and len(line) > 1:
            line = line.removesuffix(",")
        if is_list(line):
            found += line.split("|") if line[1] == "|" else line.split()
        else:
            found += [None if is_epsilon(symbol) else symbol for symbol in _pieces(line)]
    return found


def is_list(line: str) -> bool:
    """Whether a label reads like single characters with bars or blanks between them.

    Example:
        >>> is_list("0|1"), is_list("+ - *"), is_list("on|off"), is_list("a"), is_list("a / x")
        (True, True, False, False, False)
    """
    line = line.strip()
    return _LISTED.fullmatch(line) is not None and line.split()[1:-1] != ["/"]


def input_output(label: str) -> list[tuple[str, str]] | None:
    """The pairs of a Mealy machine's label ``in/out``, one a line; None where it is no such label.

    Commas separate pairs only where each of the pieces is one.

    Example:
        >>> input_output("SYN / ACK"), input_output("a"), input_output("/")
        ([('SYN', 'ACK')], None, None)
        >>> input_output("0/a, 1/b"), input_output("0/a,b")
        ([('0', 'a'), ('1', 'b')], [('0', 'a,b')])
    """
    pairs = []
    for line in label.strip().split("\n"):
        pieces = [_INPUT_OUTPUT.fullmatch(piece.strip()) for piece in line.split(",")]
        if not all(pieces):
            pieces = [_INPUT_OUTPUT.fullmatch(line.strip())]
        for match in pieces:
            if match is None:
                return None
            pairs.append((match[1].strip(), match[2].strip()))
    return pairs


def _pieces(line: str) -> list[str]:
    """`line` split at its outer commas; an empty pair of pieces is the comma itself, a symbol."""
    if "," not in line:
        return [line]
    cuts = [-1]
    closing: list[str] = []
    for position, character in enumerate(line):
        if character == "," and not closing:
            cuts.append(position)
        elif character in _OPEN:
            closing.append(_OPEN[character])
        elif closing[-1:] == [character]:
            closing.pop()
    pieces = [line[begin + 1 : end] for begin, end in pairwise([*cuts, len(line)])]
    found: list[str] = []
    after_an_empty_one = False
    for piece in map(str.strip, pieces):
        if piece and after_an_empty_one:
            return [line]
        if piece or after_an_empty_one:
            found.append(piece or ",")
        after_an_empty_one = not piece and not after_an_empty_one
    return [line] if closing or after_an_empty_one else found
