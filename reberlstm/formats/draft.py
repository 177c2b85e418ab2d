"""A machine as a file states it: possibly nondeterministic, every part with its place in the file.

The readers of all foreign formats fill a `Draft`; `Draft.finish` checks it, determinises it where
that is needed, and makes the `FSM`.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from reberlstm.errors import FormatError, FormatWarning, GrammarError
from reberlstm.formats.messages import one_line, shown
from reberlstm.formats.subsets import determinise, distinct, subset_names
from reberlstm.machine.fsm import FSM

MAX_STATES = 200_000
"""Files with more states are refused."""

MAX_TRANSITIONS = 1_000_000
"""Files with more transitions are refused."""

EMPTY_OUTPUT = "ε"
"""The output of a state where a file gives an empty one, or where a word has not begun."""

Place = int | str | None
"""Where something stands in a file: a line, an offset or a path, as the reader chooses."""


class Arc(NamedTuple):
    """One transition as it stands in the file; without a symbol it is an epsilon transition."""

    source: int
    symbol: str | None
    target: int
    probability: float | None
    place: Place


class Draft:
    """The states and transitions of a file, in its order.

    Attributes:
        where: The name of the file, with which every message starts.
        names: The names of the states; an empty one is replaced by the state's key.
        places: Where the states stand in the file.
        initial: The start states.
        accepting: The states in which a word may end.
        outputs: Labels of states.
        stop: Probabilities of ending.
        arcs: The transitions.
        alphabet: The symbols in order, where the file declares them; else in order of appearance.
        alphabet_place: Where it declares them.
        start_hint: What to write into such a file so that it has a start state.
        notes: What the reader has decided and its user should know.
        name: As `FSM.name`; so are title and source.
    """

    def __init__(self, where: str, at: Callable[[Place], str], start_hint: str) -> None:
        """Begin an empty draft; `at` turns a place into the text that follows the file's name."""
        self.where = where
        self.start_hint = start_hint
        self.names: list[str] = []
        self.places: list[Place] = []
        self.initial: dict[int, None] = {}
        self.accepting: set[int] = set()
        self.outputs: dict[int, str] = {}
        self.stop: dict[int, float] = {}
        self.arcs: list[Arc] = []
        self.alphabet: list[str] | None = None
        self.alphabet_place: Place = None
        self.notes: list[str] = []
        self.name = self.title = self.source = ""
        self._at = at
        self._index: dict[Hashable, int] = {}

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
        return FormatError(one_line(f"{self.where}{self._at(place)}: {message}"))

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
        for text in (self.name, self.title, self.source):
            if not _is_text(text):
                raise self.error(None, f"{shown(text)} is not Unicode text")
        self.settle_names()
        alphabet = self._settle_alphabet()
        table, choices, epsilon = self._sort_arcs()
        try:
            if len(self.initial) == 1 and not choices and not epsilon:
                fsm = self._deterministic(alphabet, table)
            else:
                fsm = self._determinised(alphabet, table, choices, epsilon)
        except GrammarError as error:
            at = self._at(self._place_of(error.place))
            raise GrammarError(one_line(f"{self.where}{at}: {error}"), error.place) from None
        for note in self.notes:
            text = one_line(f"{self.where}: {note}")
            warnings.warn(FormatWarning(text), stacklevel=4)
        return fsm

    def empty_copy(self) -> Draft:
        """A draft of the same file without states and transitions."""
        copy = Draft(self.where, self._at, self.start_hint)
        copy.alphabet, copy.alphabet_place = self.alphabet, self.alphabet_place
        copy.name, copy.title, copy.source = self.name, self.title, self.source
        copy.notes = list(self.notes)
        return copy

    def settle_names(self) -> None:
        """Make the names of the states distinct and not empty."""
        keys = list(self._index)
        names = [name or str(key) for name, key in zip(self.names, keys, strict=True)]
        if len(set(names)) < len(names):
            count = Counter(names)
            pairs = zip(names, keys, strict=True)
            names = [f"{name} ({key})" if count[name] > 1 else name for name, key in pairs]
        taken: dict[str, int] = {}
        self.names = [distinct(name or "(unnamed)", taken) for name in names]

    def _settle_alphabet(self) -> tuple[str, ...]:
        """The symbols in order; white space in them goes where it would split words."""
        used = dict.fromkeys(arc.symbol for arc in self.arcs if arc.symbol is not None)
        if self.alphabet is not None:
            return tuple(self.alphabet)
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
                continue
            first = table[source].setdefault(symbol, -1)
            if first < 0:
                table[source][symbol] = target
            elif first != target:
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
        return FSM(
            alphabet=alphabet,
            start=names[next(iter(self.initial))],
            accepting=frozenset(names[q] for q in self.accepting),
            transitions={
                names[q]: {a: names[t] for a, t in line.items()} for q, line in enumerate(table)
            },
            probabilities=probabilities,
            stop={names[q]: value for q, value in self.stop.items()},
            outputs={names[q]: label for q, label in self.outputs.items()},
            name=self.name,
            title=self.title,
            source=self.source,
        )

    def _determinised(
        self,
        alphabet: tuple[str, ...],
        table: list[dict[str, int]],
        choices: dict[tuple[int, str], set[int]],
        epsilon: dict[int, list[int]],
    ) -> FSM:
        moves: list[dict[str, list[int]]] = [{a: [t] for a, t in q.items()} for q in table]
        for (source, symbol), targets in choices.items():
            moves[source][symbol] = sorted(targets)
        used = {symbol: number for number, symbol in enumerate(alphabet)}
        for arc in self.arcs:
            if arc.symbol is not None and arc.symbol not in used:
                raise self.error(
                    arc.place, f"symbol {shown(arc.symbol)} is not in the alphabet of the file"
                )
        subsets, lines = determinise(self.initial, moves, epsilon, alphabet)
        names = subset_names(subsets, self.names)
        outputs = {}
        if self.outputs:
            for subset, name in zip(subsets, names, strict=True):
                outputs[name] = self._common_output(subset)
        fsm = FSM(
            alphabet=alphabet,
            start=names[0],
            accepting=frozenset(
                name for name, q in zip(names, subsets, strict=True) if q & self.accepting
            ),
            transitions={
                name: {a: names[t] for a, t in line.items()}
                for name, line in zip(names, lines, strict=True)
            },
            outputs=outputs,
            name=self.name,
            title=self.title,
            source=self.source,
        ).minimise()
        self._say_determinised(len(subsets), len(fsm.states), len(choices), epsilon)
        return fsm

    def _common_output(self, subset: frozenset[int]) -> str:
        labels = {self.outputs.get(state, "") for state in subset}
        if len(labels) > 1:
            members = sorted(subset, key=lambda state: self.outputs.get(state, ""))
            raise GrammarError(
                f"a word leads to both {shown(self.names[members[0]])} and "
                f"{shown(self.names[members[-1]])}, whose outputs differ, so the machine cannot "
                "be determinised; give a deterministic one, or leave the outputs out"
            )
        return labels.pop()

    def _say_determinised(
        self, states: int, minimal: int, choices: int, epsilon: dict[int, list[int]]
    ) -> None:
        counts = (
            (len(self.initial) if len(self.initial) > 1 else 0, "start states"),
            (sum(map(len, epsilon.values())), "epsilon transitions"),
            (choices, "choices between transitions"),
        )
        why = ", ".join(f"{count:,} {what}" for count, what in counts if count)
        dropped = any(arc.probability is not None for arc in self.arcs) or bool(self.stop)
        self.notes.append(
            f"nondeterministic ({why}): {len(self.names):,} states were determinised to {states:,} "
            f"and minimised to {minimal:,}" + (", without the probabilities" if dropped else "")
        )

    def _place_of(self, place: tuple[str, ...]) -> Place:
        """Where in the file the part of the machine stands that an error is about."""
        if place == ("alphabet",):
            return self.alphabet_place
        if len(place) < 2 or place[1] not in self.names:
            return None
        state = self.names.index(place[1])
        if len(place) == 3:
            for arc in self.arcs:
                if arc.source == state and arc.symbol == place[2]:
                    return arc.place
        return self.places[state]


def _is_text(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
