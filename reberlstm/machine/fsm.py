"""The finite-state machine: a frozen value, validated once, that everything else is made from.

A machine reads a word symbol by symbol. In state ``q`` the symbols with a defined transition are
*legal*; any other symbol of the alphabet is a *violation*. A word is *accepted* when every symbol
was legal and the last state is an accepting one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from reberlstm.display import Displayed, rendered
from reberlstm.errors import GrammarError
from reberlstm.machine.validation import check_alphabet, check_machine

if TYPE_CHECKING:
    import networkx

    from reberlstm.machine.monitor import Monitor

Word = tuple[str, ...]
"""A sequence of symbols. Where a word is an argument, a string will do too: see `FSM.word`."""


@dataclass(frozen=True, kw_only=True, eq=True, repr=False)
class FSM(Displayed):
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
        check_alphabet(self.alphabet)
        _freeze(self)
        check_machine(self)

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
        return self.name or f"machine of {len(self.states)} states"

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

    @cached_property
    def reachable(self) -> tuple[str, ...]:
        """The states that some word leads to, in breadth-first order from the start."""
        found = {self.start: None}
        queue = [self.start]
        for state in queue:
            for symbol in self.alphabet:
                target = self.transitions[state].get(symbol)
                if target is not None and target not in found:
                    found[target] = None
                    queue.append(target)
        return tuple(found)

    @cached_property
    def distance_to_acceptance(self) -> Mapping[str, int]:
        """For each state that can reach acceptance, the length of a shortest word to it."""
        sources: dict[str, list[str]] = {state: [] for state in self.states}
        for state, line in self.transitions.items():
            for target in line.values():
                sources[target].append(state)
        distance = {state: 0 for state in self.states if state in self.accepting}
        queue = list(distance)
        for state in queue:
            for source in sources[state]:
                if source not in distance:
                    distance[source] = distance[state] + 1
                    queue.append(source)
        return distance

    @property
    def is_complete(self) -> bool:
        """Whether every reachable state has a transition on every symbol."""
        return all(len(self.transitions[q]) == len(self.alphabet) for q in self.reachable)

    # Words

    def word(self, text: str | Iterable[str]) -> Word:
        """Split `text` into symbols of the alphabet.

        A string is split into characters, or at white space where the alphabet has a symbol of
        several characters. Any other iterable is taken as the symbols themselves.

        Raises:
            GrammarError: naming the first symbol that is not in the alphabet and its position.
        """
        if not isinstance(text, str):
            word = tuple(text)
        elif self.has_long_symbols:
            word = tuple(text.split())
        else:
            word = tuple(text)
        for position, symbol in enumerate(word, start=1):
            if symbol not in self._index:
                raise GrammarError(
                    f"unknown symbol {symbol!r} at position {position}; "
                    f"the alphabet of {self} is {' '.join(self.alphabet)}"
                )
        return word

    def text(self, word: Iterable[str]) -> str:
        """The inverse of `word`: one string, with spaces where symbols are long."""
        return (" " if self.has_long_symbols else "").join(word)

    @cached_property
    def has_long_symbols(self) -> bool:
        """Whether some symbol has several characters, so that words are written with spaces."""
        return any(len(symbol) != 1 for symbol in self.alphabet)

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
        """The accepted words, shortest first, in alphabet order among words of one length."""
        from reberlstm.machine import algorithms

        return algorithms.enumerate_words(self, max_length)

    def prefixes(self, max_length: int) -> Iterator[Word]:
        """All legal words of at most `max_length` symbols, accepted or not, shortest first."""
        from reberlstm.machine import algorithms

        return algorithms.enumerate_prefixes(self, max_length)

    def sample(
        self, count: int = 1, *, seed: int | None = None, max_length: int = 100_000
    ) -> list[Word]:
        """Draw `count` accepted words with the probabilities of the machine.

        A walk that comes to a state from which nothing can be accepted is drawn again, so that the
        words follow the machine's distribution given acceptance.

        Raises:
            GrammarError: when no word is accepted, or words longer than `max_length` come up.
        """
        from reberlstm.machine import algorithms

        return algorithms.sample(self, count, seed=seed, max_length=max_length)

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
        from reberlstm.machine import algorithms

        return algorithms.difference(self, other, by=by)

    def minimise(self) -> FSM:
        """The smallest machine with the same acceptance, legal sets, outputs and probabilities."""
        from reberlstm.machine import algorithms

        return algorithms.minimise(self)

    def monitor(self, on_violation: Literal["absorb", "resync"] = "absorb") -> Monitor:
        """The complete machine that watches words and says after each symbol what is legal."""
        from reberlstm.machine.monitor import monitor

        return monitor(self, on_violation)

    def to_networkx(self) -> networkx.MultiDiGraph:
        """The state graph, with ``symbol`` (and ``probability``) on every edge."""
        import networkx

        graph = networkx.MultiDiGraph(
            name=self.name, alphabet=list(self.alphabet), start=self.start
        )
        for state in self.states:
            attributes: dict[str, Any] = {"accepting": state in self.accepting}
            if self.outputs:
                attributes["output"] = self.outputs[state]
            graph.add_node(state, **attributes)
        for state, line in self.transitions.items():
            for symbol, target in line.items():
                graph.add_edge(
                    state,
                    target,
                    key=symbol,
                    symbol=symbol,
                    probability=self.probability(state, symbol),
                )
        return graph

    def _line(self, state: str) -> Mapping[str, str]:
        try:
            return self.transitions[state]
        except KeyError:
            raise GrammarError(f"{self} has no state {state!r}") from None

    @cached_property
    def _index(self) -> Mapping[str, int]:
        return {symbol: index for index, symbol in enumerate(self.alphabet)}


def _freeze(fsm: FSM) -> None:
    """Replace the caller's collections by read-only copies of our own, in alphabet order."""
    if isinstance(fsm.accepting, str):
        raise GrammarError(f"accepting {fsm.accepting!r} is one string; give a set of states")
    alphabet = tuple(fsm.alphabet)
    order = {symbol: index for index, symbol in enumerate(alphabet)}

    def in_order(line: Mapping[str, Any]) -> Mapping[str, Any]:
        items = sorted(line.items(), key=lambda item: order.get(item[0], len(order)))
        return MappingProxyType(dict(items))

    def lines(table: Mapping[str, Mapping[str, Any]], what: str) -> Mapping[str, Any]:
        for state, line in table.items():
            if not isinstance(line, Mapping):
                raise GrammarError(
                    f"{what} of state {state!r}: expected a table from symbols, got {line!r}"
                )
        return MappingProxyType({state: in_order(line) for state, line in table.items()})

    for name, value in {
        "alphabet": alphabet,
        "accepting": frozenset(fsm.accepting),
        "transitions": lines(fsm.transitions, "transitions"),
        # A line without a probability says nothing, so a machine with one equals one without.
        "probabilities": lines(
            {q: line for q, line in fsm.probabilities.items() if line != {}}, "probabilities"
        ),
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
