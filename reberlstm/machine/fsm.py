"""The finite-state machine: a frozen value, validated once, that everything else is made from.

A machine reads a word symbol by symbol. In state ``q`` the symbols with a defined transition are
*legal*; any other symbol of the alphabet is a *violation*. A word is *accepted* when every symbol
was legal and the last state is an accepting one.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from reberlstm.display import Displayed, rendered
from reberlstm.errors import GrammarError, count, printable
from reberlstm.machine.complete import CompleteMachine, Line, OnViolation
from reberlstm.machine.crawl import crawl, refine
from reberlstm.machine.words import HasAlphabet, check_alphabet, is_text, some
from reberlstm.machine.words import Word as Word  # as it was found here in version 0.1

if TYPE_CHECKING:
    import random

    import networkx

    from reberlstm.machine.tables import Tables

Pair = tuple[str | None, str | None]
"""The states that one word leads to in two machines; None after a violation."""

PROBABILITY_TOLERANCE = 1e-6
"""How far from 1 the probabilities of one state may sum (files hold rounded decimals)."""

EMPTY_OUTPUT = "ε"
"""The output of a state where a file gives an empty one, or where a word has not begun."""

MAX_REDRAWS = 10_000
"""How many walks in a row may end where nothing can be accepted before sampling gives up."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, kw_only=True, eq=True, repr=False)
class FSM(HasAlphabet, Displayed):
    """A deterministic finite-state machine, possibly partial, possibly with probabilities.

    Attributes:
        alphabet: The symbols, in the order that indexes every weight matrix and table column.
        start: The state before the first symbol.
        accepting: The states in which a word may end; may be empty.
        transitions: ``transitions[state][symbol]`` is the next state. Every state has a line,
            an empty one where nothing may follow; the order of the lines is the order of states.
        probabilities: ``probabilities[state][symbol]``: the probability of each legal symbol,
            given that the word goes on. Uniform for states that are left out.
        stop: The probability of ending at an accepting state. Where left out: 1 where nothing may
            follow, else ``1 / (1 + number of legal symbols)``.
        outputs: A label per state (a Moore machine); either empty or complete.
        name: A short name, such as ``reber``.
        title: One line for people.
        source: Where the machine comes from.

    Raises:
        GrammarError: naming the state, symbol or number that is not what it should be.

    Example:
        >>> parity = FSM(
        ...     alphabet=("0", "1"), start="even", accepting={"even"},
        ...     transitions={"even": {"0": "even", "1": "odd"}, "odd": {"0": "odd", "1": "even"}},
        ... )
        >>> parity.accepts("0110"), parity.accepts("0111")
        (True, False)
        >>> sorted(parity.legal("odd"))
        ['0', '1']
    """

    alphabet: tuple[str, ...]
    start: str
    accepting: frozenset[str] = frozenset()
    transitions: Mapping[str, Mapping[str, str]]
    probabilities: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    stop: Mapping[str, float] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    title: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        _check_types(self)
        if not isinstance(self.alphabet, str):
            object.__setattr__(self, "alphabet", tuple(self.alphabet))
        check_alphabet(self.alphabet)
        _freeze(self)
        faults = (_faults_of_transitions, _faults_of_probabilities, _faults_of_stop)
        for find in (*faults, _faults_of_outputs):
            for message, place in find(self):
                raise GrammarError(message, place)

    def __hash__(self) -> int:
        return hash((self.alphabet, self.start, self.accepting, len(self.transitions)))

    def __repr__(self) -> str:
        given = {name: _thaw(getattr(self, name)) for name in self.__dataclass_fields__}
        return f"FSM({', '.join(f'{name}={value!r}' for name, value in given.items() if value)})"

    def _repr_svg_(self) -> str | None:
        svg: str | None = rendered(self, "svg")
        return svg

    def __reduce__(self) -> tuple[Any, ...]:
        # Read-only mappings cannot be pickled or copied; machines go to other processes as dicts.
        return _rebuild, ({name: _thaw(getattr(self, name)) for name in self.__dataclass_fields__},)

    def __str__(self) -> str:
        return printable(self.name) or f"machine of {count(len(self.states), 'state')}"

    # What the machine is

    @cached_property
    def states(self) -> tuple[str, ...]:
        """The states, in the order of `transitions`."""
        return tuple(self.transitions)

    def legal(self, state: str) -> frozenset[str]:
        """The symbols with a defined transition in `state`."""
        return frozenset(self._line(state))

    def next_state(self, state: str, symbol: str) -> str | None:
        """The state after `symbol` in `state`, or None where that is a violation."""
        return self._line(state).get(symbol)

    def ways(self, state: str) -> Iterable[tuple[str, str]]:
        """The legal symbols in `state` with the states that they lead to."""
        return self._line(state).items()

    def probability(self, state: str, symbol: str) -> float:
        """The probability, in [0, 1], that `symbol` comes next in `state`, if the word goes on."""
        line = self._line(state)
        if symbol not in line:
            return 0.0
        given = self.probabilities.get(state)
        return 1.0 / len(line) if given is None else given[symbol]

    def stop_probability(self, state: str) -> float:
        """The probability, in [0, 1], that a word which has come to `state` ends there."""
        line = self._line(state)
        if state not in self.accepting:
            return 0.0
        default = 1.0 / (1 + len(line)) if line else 1.0
        return self.stop.get(state, default)

    @property
    def ends(self) -> tuple[str, ...]:
        """The accepting states, in the order of the states."""
        return tuple(state for state in self.states if state in self.accepting)

    @cached_property
    def reachable(self) -> tuple[str, ...]:
        """The states that some word leads to, in breadth-first order from the start."""
        return crawl([self.start], lambda state: self.transitions[state].items()).found

    @cached_property
    def distance_to_acceptance(self) -> Mapping[str, int]:
        """For each state that can reach acceptance, the length of a shortest word to it."""
        sources: dict[str, list[tuple[str, str]]] = {state: [] for state in self.states}
        for state, line in self.transitions.items():
            for symbol, target in line.items():
                sources[target].append((symbol, state))
        ends = [state for state in self.states if state in self.accepting]
        return crawl(ends, sources.__getitem__).distances()

    @property
    def is_complete(self) -> bool:
        """Whether every reachable state has a transition on every symbol."""
        return all(len(self.transitions[q]) == len(self.alphabet) for q in self.reachable)

    # Words

    def run(self, word: str | Iterable[str]) -> str | None:
        """The state after `word`, or None after a violation."""
        state: str | None = self.start
        for symbol in self.word(word):
            if state is None:
                return None
            state = self.transitions[state].get(symbol)
        return state

    def accepts(self, word: str | Iterable[str]) -> bool:
        """Whether every symbol of `word` is legal and its last state is accepting."""
        return self.run(word) in self.accepting

    def enumerate(self, max_length: int | None = None) -> Iterator[Word]:
        """The accepted words, shortest first, in alphabet order among words of one length.

        The memory needed grows with the length and not with the number of words.
        """
        # ends[n]: the states from which some word of exactly n symbols is accepted.
        ends = [{q for q in self.reachable if q in self.accepting}]
        while ends[-1] and (max_length is None or len(ends) <= max_length + 1):
            if self.start in ends[-1]:
                yield from self._words_of_length(ends)
            ends.append(
                {q for q in self.reachable if not ends[-1].isdisjoint(self.transitions[q].values())}
            )

    def _words_of_length(self, ends: list[set[str]]) -> Iterator[Word]:
        stack: list[tuple[str, int, Any]] = [(self.start, len(ends) - 1, None)]
        while stack:
            state, left, before = stack.pop()
            if left:
                line = reversed(list(self.transitions[state].items()))
                stack += [(to, left - 1, (before, a)) for a, to in line if to in ends[left - 1]]
                continue
            word = []
            while before is not None:
                before, symbol = before
                word.append(symbol)
            yield tuple(reversed(word))

    def prefixes(self, max_length: int) -> Iterator[Word]:
        """All legal words of at most `max_length` symbols, accepted or not, shortest first."""
        level: list[tuple[Word, str]] = [((), self.start)]
        for _ in range(max_length + 1):
            yield from (word for word, _ in level)
            level = [
                ((*word, symbol), target)
                for word, state in level
                for symbol, target in self.transitions[state].items()
            ]

    def sample(
        self, count: int = 1, *, seed: int | None = None, max_length: int = 100_000
    ) -> list[Word]:
        """Draw `count` accepted words with the probabilities of the machine.

        A walk that comes to a state from which nothing can be accepted is drawn again, so that the
        words follow the machine's distribution given acceptance.

        Raises:
            GrammarError: when no word is accepted, or words longer than `max_length` come up.
        """
        return list(islice(self.samples(seed=seed, max_length=max_length), count))

    def samples(self, *, seed: int | None = None, max_length: int = 100_000) -> Iterator[Word]:
        """The words of `sample` one after the other, without end; none of them is kept.

        Raises:
            GrammarError: as `sample`; where no word is accepted at once, not at the first one.

        Example:
            >>> from reberlstm import load_grammar
            >>> words = load_grammar("reber").samples(seed=0)
            >>> "".join(next(words))
            'BPTTVPXTTVVE'
        """
        if self.start not in self.distance_to_acceptance:
            raise GrammarError(f"{self} accepts no word, so none can be sampled")
        import random

        rng = random.Random(seed)  # noqa: S311 - for experiments, not for secrets
        return iter(lambda: self._draw(rng, max_length), None)

    def _draw(self, rng: random.Random, max_length: int) -> Word:
        for _ in range(MAX_REDRAWS):
            state, word = self.start, list[str]()
            while state in self.distance_to_acceptance:
                if state in self.accepting and rng.random() < self.stop_probability(state):
                    return tuple(word)
                if len(word) >= max_length:
                    raise GrammarError(
                        f"sampling from {self}: a word grew over {max_length:,} symbols; "
                        "raise the stop probabilities or the maximum length"
                    )
                line = self.transitions[state]
                if not line:
                    break
                weights = [self.probability(state, symbol) for symbol in line]
                symbol = rng.choices(list(line), weights)[0]
                word.append(symbol)
                state = line[symbol]
        raise GrammarError(
            f"sampling from {self}: {MAX_REDRAWS:,} walks in a row came to a state from which "
            "nothing is accepted; give probabilities that avoid such states"
        )

    # The machine as a whole

    def difference(
        self, other: FSM, *, by: Literal["accept", "legal", "label"] = "accept"
    ) -> Word | None:
        """A shortest word on which two machines differ, or None where they are equal.

        Args:
            other: The machine to compare with; a symbol missing from an alphabet is a violation.
            by: ``accept`` compares acceptance of every word; ``legal`` the legal sets after every
                word without a violation; ``label`` the outputs after every such word.

        Example:
            >>> a = FSM(alphabet=("a",), start="0", accepting={"0"}, transitions={"0": {"a": "0"}})
            >>> b = FSM(alphabet=("a",), start="0", accepting={"0"},
            ...         transitions={"0": {"a": "1"}, "1": {"a": "0"}})
            >>> a.difference(b)
            ('a',)
            >>> a.difference(b, by="legal") is None
            True
        """
        if by not in ("accept", "legal", "label"):
            raise GrammarError(f"by={by!r}; choose 'accept', 'legal' or 'label'")

        def seen(machine: FSM, state: str | None) -> object:
            if by == "accept":
                return state in machine.accepting
            if state is None:
                return None
            return machine.legal(state) if by == "legal" else machine.outputs.get(state)

        start, follow = side_by_side(self, other, lambda p, q: p is not None or q is not None)
        found = crawl(
            [start], follow, goal=lambda pair: seen(self, pair[0]) != seen(other, pair[1])
        )
        return None if found.goal is None else found.word(found.goal)

    def minimise(self) -> FSM:
        """The smallest machine with the same acceptance, legal sets, outputs and probabilities.

        States that cannot reach acceptance stay: their legal sets are part of the machine. Merged
        states keep the name of the first of them in breadth-first order.
        """
        states = self.reachable
        number: dict[str | None, int] = {state: index for index, state in enumerate(states)}
        table = [
            [number.get(self.transitions[q].get(a), -1) for a in self.alphabet] for q in states
        ]
        blocks = refine(table, [self._seen(state) for state in states])
        first = dict(zip(reversed(blocks), reversed(states), strict=True))
        return self._merged({q: first[block] for q, block in zip(states, blocks, strict=True)})

    def numbered(self) -> FSM:
        """The reachable part, its states named 0, 1, … in breadth-first order."""
        return self._merged({state: str(number) for number, state in enumerate(self.reachable)})

    def _merged(self, name: Mapping[str, str]) -> FSM:
        """The states under new names; of those with one name the first stands for all."""
        first: dict[str, str] = {}
        for state, new in name.items():
            first.setdefault(new, state)

        def renamed(table: Mapping[str, Any]) -> dict[str, Any]:
            return {new: table[q] for new, q in first.items() if q in table}

        return replace(
            self,
            start=name[self.start],
            accepting=frozenset(new for new, q in first.items() if q in self.accepting),
            transitions={
                new: {a: name[to] for a, to in self.transitions[q].items()}
                for new, q in first.items()
            },
            probabilities=renamed(self.probabilities),
            stop=renamed(self.stop),
            outputs=renamed(self.outputs),
        )

    def _seen(self, state: str) -> Hashable:
        """All that can be seen of a state without reading on."""
        line = self.transitions[state]
        return (
            state in self.accepting,
            tuple(line),
            self.outputs.get(state),
            tuple(self.probability(state, symbol) for symbol in line),
            self.stop_probability(state),
        )

    def complete(self, on_violation: OnViolation = "absorb") -> CompleteMachine:
        """The machine, made complete by one state for violations where any can happen.

        Args:
            on_violation: With ``absorb`` a violation is never forgotten. With ``resync`` a
                violating symbol that may begin a word leads where it would have led from the
                start; any other one leads to the state after a violation, which waits for such a
                symbol.

        Example:
            >>> from reberlstm import load_grammar
            >>> reber = load_grammar("reber").complete()
            >>> reber.names
            ('start', '0', '1', '5', '2', '4', '3', 'end', None)
            >>> reber.names[reber.table[0][reber.alphabet.index("T")]] is None
            True
        """
        if on_violation not in ("absorb", "resync"):
            raise GrammarError(f"on_violation={on_violation!r}; choose 'absorb' or 'resync'")
        names: tuple[str | None, ...] = self.reachable
        if not self.is_complete:
            names = (*names, None)
        number = {name: index for index, name in enumerate(names)}
        again = self.transitions[self.start] if on_violation == "resync" else {}

        def line(state: str | None) -> Line:
            ways = again if state is None else self.transitions[state]
            ends = not ways if state is None or not ways else self.stop_probability(state)
            return Line(
                target=[number[ways.get(a, again.get(a))] for a in self.alphabet],
                legal=[a in ways for a in self.alphabet],
                accepting=state in self.accepting,
                output=None if state is None else self.outputs.get(state),
                probability=[
                    self.probability(state or self.start, a) if a in ways else 0.0
                    for a in self.alphabet
                ],
                stop=float(ends),
            )

        return CompleteMachine(self.alphabet, names, tuple(map(line, names)), on_violation)

    def tables(self, on_violation: OnViolation = "absorb") -> Tables:
        """The same as arrays; see `complete`."""
        from reberlstm.machine.tables import Tables

        return Tables(**vars(self.complete(on_violation)))

    def to_networkx(self) -> networkx.MultiDiGraph:
        """The state graph, with ``symbol`` (and ``probability``) on every edge."""
        import networkx

        graph = networkx.MultiDiGraph(
            name=self.name, alphabet=list(self.alphabet), start=self.start
        )
        for state in self.states:
            output = {"output": self.outputs[state]} if self.outputs else {}
            graph.add_node(state, accepting=state in self.accepting, **output)
        for state, line in self.transitions.items():
            for symbol, target in line.items():
                chance = self.probability(state, symbol)
                graph.add_edge(state, target, key=symbol, symbol=symbol, probability=chance)
        return graph

    def _line(self, state: str) -> Mapping[str, str]:
        try:
            return self.transitions[state]
        except (KeyError, TypeError):
            raise GrammarError(f"{self} has no state {state!r}") from None


def named(
    lines: Mapping[Key, Mapping[str, Key]],
    names: Mapping[Key, str],
    start: Key,
    accepting: Iterable[Key],
    **fields: Any,
) -> FSM:
    """A machine of other things than names, each of which has a name."""
    return FSM(
        start=names[start],
        accepting=frozenset(names[key] for key in accepting),
        transitions={
            names[key]: {a: names[to] for a, to in line.items()} for key, line in lines.items()
        },
        **fields,
    )


def with_first_output(fsm: FSM, output: str | None) -> FSM:
    """The machine with that output before the first symbol, if it says nothing there itself.

    So does a Mealy machine that a file has given: its outputs are those of symbols. As a Moore
    machine it has `EMPTY_OUTPUT` at a start to which no symbol leads back.
    """
    start = fsm.start
    if fsm.outputs.get(start) != EMPTY_OUTPUT or output in (None, EMPTY_OUTPUT):
        return fsm
    if any(target == start for line in fsm.transitions.values() for target in line.values()):
        return fsm
    return replace(fsm, outputs={**fsm.outputs, start: output})


def side_by_side(
    fsm: FSM, other: FSM, keep: Callable[[str | None, str | None], bool]
) -> tuple[Pair, Callable[[Pair], Iterator[tuple[str, Pair]]]]:
    """The pair of starts, and what follows a pair; to `crawl` all pairs that are to be kept."""
    for machine in (fsm, other):
        if not isinstance(machine, FSM):
            raise GrammarError(f"expected an FSM, got {reprlib.repr(machine)}")
    alphabet = tuple(dict.fromkeys(fsm.alphabet + other.alphabet))

    def step(machine: FSM, state: str | None, symbol: str) -> str | None:
        return None if state is None else machine.transitions[state].get(symbol)

    def follow(pair: Pair) -> Iterator[tuple[str, Pair]]:
        for symbol in alphabet:
            after = step(fsm, pair[0], symbol), step(other, pair[1], symbol)
            if keep(*after):
                yield symbol, after

    return (fsm.start, other.start), follow


def _check_types(fsm: FSM) -> None:
    if isinstance(fsm.accepting, str):
        raise GrammarError(f"accepting {fsm.accepting!r} is one string; give a set of states")
    expected: dict[str, tuple[Any, str]] = {
        "alphabet": (Iterable, "a tuple of symbols"),
        "accepting": (Iterable, "a set of states"),
        **dict.fromkeys(("transitions", "probabilities"), (Mapping, "a table of tables")),
        **dict.fromkeys(("stop", "outputs"), (Mapping, "a table from states")),
        **dict.fromkeys(("start", "name", "title", "source"), (str, "a string")),
    }
    for name, (kind, what) in expected.items():
        value = getattr(fsm, name)
        if not isinstance(value, kind):
            raise GrammarError(f"{name}: expected {what}, got {reprlib.repr(value)}", (name,))
    for name in ("transitions", "probabilities"):
        for state, line in getattr(fsm, name).items():
            if not isinstance(line, Mapping):
                raise GrammarError(
                    f"{name} of state {state!r}: expected a table from symbols, got {line!r}"
                )


def _freeze(fsm: FSM) -> None:
    """Replace the caller's collections by read-only copies of our own, in alphabet order."""
    order = {symbol: index for index, symbol in enumerate(fsm.alphabet)}

    def lines(table: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
        return MappingProxyType(
            {
                state: MappingProxyType(
                    dict(sorted(line.items(), key=lambda item: order.get(item[0], len(order))))
                )
                for state, line in table.items()
            }
        )

    for name, value in {
        "accepting": frozenset(fsm.accepting),
        "transitions": lines(fsm.transitions),
        # A line without a probability says nothing, so a machine with one equals one without.
        "probabilities": lines({q: line for q, line in fsm.probabilities.items() if line}),
        "stop": MappingProxyType(dict(fsm.stop)),
        "outputs": MappingProxyType(dict(fsm.outputs)),
    }.items():
        object.__setattr__(fsm, name, value)


def _thaw(value: Any) -> Any:
    """Nested read-only mappings as dicts."""
    if isinstance(value, Mapping):
        return {key: _thaw(item) for key, item in value.items()}
    return value


def _rebuild(fields: dict[str, Any]) -> FSM:
    return FSM(**fields)


Fault = tuple[str, tuple[str, ...]]
"""A message, and the place as in `GrammarError`."""


def _faults_of_transitions(fsm: FSM) -> Iterator[Fault]:
    states = fsm.transitions
    if not states:
        yield "the machine has no states; give at least the start state a line", ()
    for state in states:
        if not is_text(state):
            message = f"state {state!r} is not a non-empty string of Unicode text; rename it"
            yield message, ("transitions", state)
    named = [("start", fsm.start), *(("accepting", q) for q in sorted(fsm.accepting, key=str))]
    for kind, state in named:
        if state not in states:
            yield (
                f"{kind} state {state!r} has no line in the transitions; "
                f"the states are {some(states)}",
                (kind,),
            )
    symbols = set(fsm.alphabet)
    for state, line in states.items():
        for symbol, target in line.items():
            where = f"transition of state {state!r} on {symbol!r}"
            place = ("transitions", state, symbol)
            if symbol not in symbols:
                alphabet = some(fsm.alphabet)
                yield f"{where}: the symbol is not in the alphabet {alphabet}", place
            if not isinstance(target, str) or target not in states:
                yield (
                    f"{where} leads to {target!r}, which is not a state; give it a line in the "
                    "transitions (an empty one will do)",
                    place,
                )


def _faults_of_probabilities(fsm: FSM) -> Iterator[Fault]:
    for state, line in fsm.probabilities.items():
        where, place = f"probabilities of state {state!r}", ("probabilities", state)
        if state not in fsm.transitions:
            yield f"{where}: there is no such state", place
        legal = fsm.transitions[state]
        for symbol, value in line.items():
            if symbol not in legal:
                yield f"{where}: symbol {symbol!r} has no transition there", (*place, symbol)
            if fault := _fault_of_probability(value):
                yield f"{where}, symbol {symbol!r}: {fault}", (*place, symbol)
        missing = [symbol for symbol in legal if symbol not in line]
        if missing:
            yield (
                f"{where}: none given for {some(missing)}; name every legal symbol, "
                "or leave the whole state out for uniform ones",
                place,
            )
        total = math.fsum(line.values())
        if legal and abs(total - 1.0) > PROBABILITY_TOLERANCE:
            yield f"{where} sum to {total:.9g}, not to 1", place


def _faults_of_stop(fsm: FSM) -> Iterator[Fault]:
    for state, value in fsm.stop.items():
        where, place = f"stop probability of state {state!r}", ("stop", state)
        if state not in fsm.transitions:
            yield f"{where}: there is no such state", place
        if state not in fsm.accepting:
            yield f"{where}: words can end only at accepting states; leave it out", place
        if fault := _fault_of_probability(value):
            yield f"{where}: {fault}", place
        if not fsm.transitions[state] and value != 1.0:
            yield f"{where} is {value}, but nothing may follow there; leave it out", place


def _faults_of_outputs(fsm: FSM) -> Iterator[Fault]:
    for state, label in fsm.outputs.items():
        where, place = f"output of state {state!r}", ("outputs", state)
        if state not in fsm.transitions:
            yield f"{where}: there is no such state", place
        if not is_text(label):
            yield f"{where}: {label!r} is not a non-empty string of Unicode text", place
    for state in fsm.transitions if fsm.outputs else ():
        if state not in fsm.outputs:
            message = f"state {state!r} has no output; give every state one, or none to any"
            yield message, ("transitions", state)


def _fault_of_probability(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{value!r} is not a number"
    return "" if 0.0 <= value <= 1.0 else f"{value} is not in [0, 1]"
