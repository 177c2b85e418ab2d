"""The machine with counters: a frozen value like `FSM`, for languages that no `FSM` accepts.

It reads a word symbol by symbol, as an `FSM` does, and keeps a few integers besides its state. A
transition may ask whether each counter is negative, zero or positive, and then adds −1, 0 or 1 to
it, or sets it to 0. These are the real-time counter machines of P. C. Fischer, A. R. Meyer and
A. L. Rosenberg, Counter machines and counter languages, Mathematical Systems Theory 2 (1968)
265–283, with a guard for each transition.

A *configuration* is a state with the values of the counters. In it the symbols with a transition
whose guard holds are *legal*; any other symbol is a *violation*.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from itertools import combinations, islice, product
from typing import TYPE_CHECKING

from reberlstm.display import Displayed, rendered
from reberlstm.errors import GrammarError, count, one_line, printable, shown
from reberlstm.machine.complete import OnViolation
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM
from reberlstm.machine.words import HasAlphabet, Word, check_alphabet, is_text, some

if TYPE_CHECKING:
    import random

Signs = frozenset[int]
"""The signs that a guard lets a counter have: −1, 0 and 1 for negative, zero and positive."""

Configuration = tuple[str, tuple[int, ...]]
"""A state, and the value of each counter."""

ANY: Signs = frozenset({-1, 0, 1})
"""The guard that does not ask."""

TESTS: Mapping[str, Signs] = {
    "> 0": frozenset({1}),
    "= 0": frozenset({0}),
    "< 0": frozenset({-1}),
    ">= 0": frozenset({0, 1}),
    "<= 0": frozenset({-1, 0}),
    "!= 0": frozenset({-1, 1}),
}
"""How guards are written, after the name of a counter."""

ACTIONS: Mapping[str, int | None] = {"+ 1": 1, "- 1": -1, ":= 0": None}
"""How changes are written, after the name of a counter; 0 is not written."""

MAX_CONFIGURATIONS = 100_000
"""A finite machine with more states than this is not cut out of one with counters."""

FREE_STEPS = 30
"""After so many symbols a sampled word is led to its end."""

MAX_WAY = 1_000
"""So many configurations are looked at to lead one word to its end."""

MAX_REDRAWS = 30
"""How many words in a row may come where no end is found before sampling gives up."""

MAX_UNBOUNDED = 250
"""`CounterMachine.enumerate` without a length ends with an error at words of this length."""

BEYOND = "beyond"
"""The state of `CounterMachine.bounded` for words that have left the bound, if it has one."""

_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class CounterTransition:
    """One arrow of a machine with counters.

    Attributes:
        source: The state it leaves.
        symbol: The symbol it reads.
        target: The state it leads to.
        when: For each counter the signs with which it may be taken, out of −1, 0 and 1; `ANY`
            where the counter is not asked. Signs are those before the step.
        change: For each counter what is added, −1, 0 or 1; None sets it to 0.
    """

    source: str
    symbol: str
    target: str
    when: tuple[Signs, ...]
    change: tuple[int | None, ...]


@dataclass(frozen=True, repr=False)
class CounterMachine(HasAlphabet, Displayed):
    """A deterministic real-time machine with counters.

    Attributes:
        name: A short name, such as ``anbn``; may be empty.
        alphabet: The symbols, in the order that indexes every weight matrix.
        start: The state before the first symbol; all counters are 0 there.
        counters: The names of the counters, at least one.
        transitions: The arrows. Those of one state and symbol must have guards that never hold
            together.
        accepting: The states in which a word may end, each with a guard.
        title: One line for people.
        source: Where the machine comes from.

    Raises:
        GrammarError: naming the arrow, state, symbol or counter that is not what it should be.

    Example:
        >>> up, down = CounterTransition("q", "(", "q", (ANY,), (1,)), CounterTransition(
        ...     "q", ")", "q", (frozenset({1}),), (-1,))
        >>> brackets = CounterMachine(
        ...     "brackets", ("(", ")"), "q", ("n",), (up, down), (("q", (frozenset({0}),)),))
        >>> brackets.accepts("(()())"), brackets.accepts("(()"), brackets.accepts("())(")
        (True, False, False)
        >>> brackets.configuration("(("), brackets.legal(("q", (2,))), brackets.legal(("q", (0,)))
        (('q', (2,)), ('(', ')'), ('(',))
    """

    name: str
    alphabet: tuple[str, ...]
    start: str
    counters: tuple[str, ...]
    transitions: tuple[CounterTransition, ...]
    accepting: tuple[tuple[str, tuple[Signs, ...]], ...]
    title: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("name", "start", "title", "source"):
            if not isinstance(getattr(self, name), str):
                _refuse(f"{name}: expected a string, got {shown(getattr(self, name))}", name)
        for name, of in (
            ("alphabet", "symbols"),
            ("counters", "names"),
            ("transitions", "CounterTransition"),
            ("accepting", "pairs of a state and a guard"),
        ):
            value = getattr(self, name)
            if isinstance(value, str) or not isinstance(value, Iterable):
                _refuse(f"{name}: expected a tuple of {of}, got {shown(value)}", name)
            object.__setattr__(self, name, tuple(value))
        check_alphabet(self.alphabet)
        _check_counters(self.counters)
        for index, arrow in enumerate(self.transitions):
            _check_transition(self, index, arrow)
        for index, pair in enumerate(self.accepting):
            _check_accepting(self, index, pair)
        _check_deterministic(self)

    def __str__(self) -> str:
        return printable(self.name) or (
            f"machine of {count(len(self.states), 'state')} and {_number_of(self.counters)}"
        )

    def __repr__(self) -> str:
        states = count(len(self.states), "state")
        return f"<{printable(self.name) or 'machine'}: {states}, {_number_of(self.counters)}>"

    def _repr_svg_(self) -> str | None:
        svg: str | None = rendered(self, "svg")
        return svg

    # What the machine is

    @cached_property
    def states(self) -> tuple[str, ...]:
        """The states in the order in which the start and the transitions name them."""
        ends = (state for arrow in self.transitions for state in (arrow.source, arrow.target))
        return tuple(dict.fromkeys((self.start, *ends)))

    @cached_property
    def reachable(self) -> tuple[str, ...]:
        """The states to which arrows lead from the start, whatever their guards."""
        return crawl([self.start], self.ways).found

    def ways(self, state: str) -> list[tuple[str, str]]:
        """The symbols of the arrows that leave `state`, with the states that they lead to."""
        return [(arrow.symbol, arrow.target) for arrow in self._of[state]]

    @property
    def ends(self) -> tuple[str, ...]:
        """The states in which a word may end, at least with some values of the counters."""
        return tuple(dict.fromkeys(state for state, _ in self.accepting))

    @property
    def start_configuration(self) -> Configuration:
        """The configuration before the first symbol: the start, with all counters 0."""
        return self.start, (0,) * len(self.counters)

    @cached_property
    def is_complete(self) -> bool:
        """Whether the arrows of every state and symbol cover all signs: then nothing is illegal."""
        signs = list(product((-1, 0, 1), repeat=len(self.counters)))
        return all(
            self._arrow(state, symbol, sign) is not None
            for state in self.reachable
            for symbol in self.alphabet
            for sign in signs
        )

    def arrow(self, configuration: Configuration, symbol: str) -> CounterTransition | None:
        """The transition that is taken, or None where `symbol` is a violation."""
        state, values = configuration
        return self._arrow(state, symbol, tuple(map(sign, values)))

    def step(self, configuration: Configuration, symbol: str) -> Configuration | None:
        """The configuration after `symbol`, or None where that is a violation."""
        arrow = self.arrow(configuration, symbol)
        if arrow is None:
            return None
        changed = zip(configuration[1], arrow.change, strict=True)
        return arrow.target, tuple(0 if d is None else c + d for c, d in changed)

    def steps(self, configuration: Configuration) -> Iterator[tuple[str, Configuration]]:
        """The legal symbols, in the order of the alphabet, with the configuration after each."""
        for symbol in self.alphabet:
            after = self.step(configuration, symbol)
            if after is not None:
                yield symbol, after

    def legal(self, configuration: Configuration) -> tuple[str, ...]:
        """The symbols with an arrow whose guard holds now, in the order of the alphabet."""
        return tuple(symbol for symbol, _ in self.steps(configuration))

    def accepting_at(self, configuration: Configuration) -> bool:
        """Whether a word may end in a configuration."""
        state, values = configuration
        return any(state == q and holds(when, values) for q, when in self.accepting)

    # Words

    def configurations(self, word: str | Iterable[str]) -> Iterator[Configuration]:
        """The configurations before the first symbol and after each, up to a violation."""
        configuration: Configuration | None = self.start_configuration
        for symbol in (*self.word(word), None):
            if configuration is None:
                return
            yield configuration
            configuration = None if symbol is None else self.step(configuration, symbol)

    def configuration(self, word: str | Iterable[str]) -> Configuration | None:
        """The configuration after `word`, or None after a violation."""
        way = list(self.configurations(symbols := self.word(word)))
        return way[-1] if len(way) > len(symbols) else None

    def accepts(self, word: str | Iterable[str]) -> bool:
        """Whether every symbol of `word` is legal and it may end where it does."""
        configuration = self.configuration(word)
        return configuration is not None and self.accepting_at(configuration)

    def enumerate(self, max_length: int | None = None) -> Iterator[Word]:
        """The accepted words, shortest first, in alphabet order among words of one length.

        Raises:
            GrammarError: without a length, after the words of up to `MAX_UNBOUNDED` symbols: it
                cannot be known whether longer ones are accepted.
        """
        done, length = -1, 8
        while True:
            last = max_length is not None and length >= max_length
            length = max_length if last and max_length is not None else length
            cut = self.within(length)
            yield from (word for word in cut.enumerate(length) if len(word) > done)
            if last:
                return
            if length >= MAX_UNBOUNDED:
                raise GrammarError(
                    f"{self}: these are the accepted words of up to {length:,} symbols, and "
                    "perhaps not all; give a maximum length"
                )
            done, length = length, 2 * length

    def sample(
        self, count: int = 1, *, seed: int | None = None, max_length: int = 100_000
    ) -> list[Word]:
        """Draw `count` accepted words; see `samples`."""
        return list(islice(self.samples(seed=seed, max_length=max_length), count))

    def samples(self, *, seed: int | None = None, max_length: int = 100_000) -> Iterator[Word]:
        """Random accepted words one after the other, without end.

        For `FREE_STEPS` symbols a word goes on as one of an `FSM` without probabilities: where it
        may end it does so as if that were one more legal symbol, and else all legal symbols are
        equally likely. Then it is led to its end, by small values of the counters. A word for
        which no end is found is drawn again.

        Raises:
            GrammarError: where no accepted word is found.
        """
        import random

        rng = random.Random(seed)  # noqa: S311 - for experiments, not for secrets
        if self.way_to_acceptance(self.start_configuration) is None:
            raise GrammarError(
                f"sampling from {self}: no accepted word was found among the first {MAX_WAY:,} "
                "configurations; perhaps there is none"
            )
        return iter(lambda: self._draw(rng, max_length), None)

    def _draw(self, rng: random.Random, max_length: int) -> Word:
        for _ in range(MAX_REDRAWS):
            configuration, word = self.start_configuration, list[str]()
            for _ in range(min(FREE_STEPS, max_length)):
                steps = list(self.steps(configuration))
                if self.accepting_at(configuration) and rng.random() * (1 + len(steps)) < 1:
                    return tuple(word)
                if not steps:
                    break
                symbol, configuration = rng.choice(steps)
                word.append(symbol)
            end = self.way_to_acceptance(configuration, rng=rng)
            if end is not None and len(word) + len(end) <= max_length:
                return (*word, *end)
        raise GrammarError(
            f"sampling from {self}: {MAX_REDRAWS} words in a row came where no end of up to "
            f"{max_length:,} symbols was found; raise the maximum length, or draw by length"
        )

    def way_to_acceptance(
        self, start: Configuration, *, rng: random.Random | None = None, most: int = MAX_WAY
    ) -> Word | None:
        """A word that leads from a configuration to acceptance; None where none was found.

        The search is for small counters, best first, over `most` configurations; `rng` decides
        between those that are as good.
        """
        came: dict[Configuration, tuple[Configuration, str] | None] = {start: None}
        queue = [(0, 0.0, start)]
        while queue and len(came) <= most:
            configuration = heappop(queue)[2]
            if self.accepting_at(configuration):
                word = []
                while (step := came[configuration]) is not None:
                    configuration, symbol = step
                    word.append(symbol)
                return tuple(reversed(word))
            for symbol, after in self.steps(configuration):
                if after not in came:
                    came[after] = configuration, symbol
                    chance = float(len(came)) if rng is None else rng.random()
                    heappush(queue, (sum(map(abs, after[1])), chance, after))
        return None

    def complete(self, on_violation: OnViolation = "absorb") -> Configurations:
        """The machine as one that follows words sees it; for violations see `FSM.complete`."""
        if on_violation not in ("absorb", "resync"):
            raise GrammarError(f"on_violation={on_violation!r}; choose 'absorb' or 'resync'")
        return Configurations(self, on_violation)

    # Finite parts of the machine

    def bounded(self, bound: int, *, beyond: bool = False) -> FSM:
        """The finite machine that is right as long as no counter leaves −`bound` … `bound`.

        A state is a configuration; a step that would leave the bound is a violation. With `beyond`
        it is legal instead, as it is here, and leads to the state `BEYOND`, where nothing is.

        Raises:
            GrammarError: for a negative bound, or over `MAX_CONFIGURATIONS` states.

        Example:
            >>> from reberlstm import load_grammar
            >>> brackets = load_grammar("dyck-1").bounded(3)
            >>> brackets.difference(load_grammar("dyck-1-3")) is None
            True
            >>> brackets.run("(((")
            'q (3)'
        """
        if not isinstance(bound, int) or bound < 0:
            raise GrammarError(f"bound {shown(bound)} of the counters is not a number from 0 on")
        return self._cut(f"|counter| ≤ {bound}", bound=bound, beyond=beyond)

    def within(self, steps: int) -> FSM:
        """The finite machine that is right for words of up to `steps` symbols.

        A state is a configuration that so many symbols can lead to; after the last of them nothing
        is legal.

        Raises:
            GrammarError: for a negative number, or over `MAX_CONFIGURATIONS` states.
        """
        if not isinstance(steps, int) or steps < 0:
            raise GrammarError(f"{shown(steps)} is not a number of symbols from 0 on")
        return self._cut(f"up to {steps} symbols", steps=steps)

    def _cut(
        self,
        what: str,
        *,
        bound: int | None = None,
        steps: int | None = None,
        beyond: bool = False,
    ) -> FSM:
        distance = {self.start_configuration: 0}
        lines: dict[str, dict[str, str]] = {}
        for configuration in (queue := [self.start_configuration]):
            line = lines[configuration_text(configuration)] = {}
            if distance[configuration] == steps:
                continue
            for symbol, after in self.steps(configuration):
                if bound is not None and max(map(abs, after[1])) > bound:
                    line |= {symbol: BEYOND} if beyond else {}
                    continue
                line[symbol] = configuration_text(after)
                if after not in distance:
                    distance[after] = distance[configuration] + 1
                    queue.append(after)
            if len(queue) > MAX_CONFIGURATIONS:
                raise GrammarError(
                    f"{self} with {what} has over {MAX_CONFIGURATIONS:,} states, which is the most "
                    "that is built; choose a smaller number"
                )
        if any(BEYOND in line.values() for line in lines.values()):
            lines[BEYOND] = {}
        return FSM(
            alphabet=self.alphabet,
            start=configuration_text(self.start_configuration),
            accepting=frozenset(configuration_text(c) for c in queue if self.accepting_at(c)),
            transitions=lines,
            name=f"{self.name or 'machine'} with {what}",
            title=f"{self.title} ({what})" if self.title else "",
            source=f"a finite part of the machine of {self.source}" if self.source else "",
        )

    # How it is run

    def _arrow(self, state: str, symbol: str, signs: tuple[int, ...]) -> CounterTransition | None:
        """The same, found once for each state, symbol and row of signs."""
        key = state, symbol, signs
        if key not in self._found:
            if state not in self._of:
                raise GrammarError(f"{self} has no state {state!r}")
            self._found[key] = next(
                (
                    arrow
                    for arrow in self._of[state]
                    if arrow.symbol == symbol and holds(arrow.when, signs)
                ),
                None,
            )
        return self._found[key]

    @cached_property
    def _found(self) -> dict[tuple[str, str, tuple[int, ...]], CounterTransition | None]:
        return {}

    @cached_property
    def _of(self) -> dict[str, list[CounterTransition]]:
        of: dict[str, list[CounterTransition]] = {state: [] for state in self.states}
        for arrow in self.transitions:
            of[arrow.source].append(arrow)
        return of


@dataclass(frozen=True)
class Configurations:
    """A machine with counters as a `Walk`: a node is a configuration, None after a violation.

    Example:
        >>> from reberlstm import load_grammar
        >>> walk = load_grammar("anbn").complete()
        >>> walk.after(walk.start, 0), walk.after(walk.start, 1)
        (('as', (1,)), None)
    """

    machine: CounterMachine
    on_violation: OnViolation = "absorb"

    @property
    def alphabet(self) -> tuple[str, ...]:
        """The symbols."""
        return self.machine.alphabet

    @property
    def start(self) -> Configuration | None:
        """The configuration before the first symbol."""
        return self.machine.start_configuration

    def after(self, node: Configuration | None, symbol: int) -> Configuration | None:
        """The next configuration; with ``resync`` a violating symbol may begin a word."""
        name = self.alphabet[symbol]
        found = None if node is None else self.machine.step(node, name)
        if found is None and self.on_violation == "resync":
            found = self.machine.step(self.machine.start_configuration, name)
        return found

    def name(self, node: Configuration | None) -> str | None:
        """The state; None after a violation."""
        return None if node is None else node[0]

    def counts(self, node: Configuration | None) -> Mapping[str, int]:
        """The values of the counters by name; none after a violation."""
        return {} if node is None else dict(zip(self.machine.counters, node[1], strict=True))

    def legal_at(self, node: Configuration | None) -> tuple[str, ...]:
        """The symbols that may come next; after a violation none, or those that begin a word."""
        if node is not None:
            return self.machine.legal(node)
        again = self.on_violation == "resync"
        return self.machine.legal(self.machine.start_configuration) if again else ()

    def accepts_at(self, node: Configuration | None) -> bool:
        """Whether a word may end there."""
        return node is not None and self.machine.accepting_at(node)

    def output_at(self, node: Configuration | None) -> str | None:
        """None: these machines have no outputs."""

    def is_asked(self, scope: str, node: Configuration | None) -> bool:
        """Whether a net is asked after non-empty words that lead there."""
        return scope == "all" or (node is not None and bool(self.machine.legal(node)))


Machine = FSM | CounterMachine
"""A machine of either kind."""


def sign(value: int) -> int:
    """−1, 0 or 1."""
    return (value > 0) - (value < 0)


def holds(when: Sequence[Signs], values: Sequence[int]) -> bool:
    """Whether a guard holds for values of the counters, or for their signs."""
    return all(sign(value) in signs for signs, value in zip(when, values, strict=True))


def level_after(level: int, change: int | None, cap: int) -> tuple[int, ...]:
    """What a step makes of a counter of which ±`cap` stands for all beyond, too.

    Example:
        >>> level_after(1, 1, 2), level_after(2, -1, 2), level_after(-2, None, 2)
        ((2,), (1, 2), (0,))
    """
    if change is None:
        return (0,)
    after = max(-cap, min(cap, level + change))
    stays = abs(level) == cap and level * change < 0
    return tuple(sorted({after, level} if stays else {after}))


def guard_text(counters: Sequence[str], when: Sequence[Signs]) -> str:
    """A guard in writing; empty where nothing is asked.

    Example:
        >>> guard_text(("n", "m"), (frozenset({1}), frozenset({-1, 0})))
        'n > 0, m <= 0'
    """
    texts = {signs: text for text, signs in TESTS.items()}
    pairs = zip(counters, when, strict=True)
    return ", ".join(f"{name} {texts[signs]}" for name, signs in pairs if signs != ANY)


def typeset(text: str) -> str:
    """A guard or a change with the signs of print, such as ≥ for >=."""
    for written, printed in ((">=", "≥"), ("<=", "≤"), ("!=", "≠"), ("-", "−")):
        text = text.replace(written, printed)
    return text


def action_text(counters: Sequence[str], change: Sequence[int | None]) -> str:
    """What a transition does with the counters, in writing; empty where it does nothing.

    Example:
        >>> action_text(("n", "m"), (-1, None))
        'n - 1, m := 0'
    """
    texts = {value: text for text, value in ACTIONS.items()}
    pairs = zip(counters, change, strict=True)
    return ", ".join(f"{name} {texts[d]}" for name, d in pairs if d != 0)


def configuration_text(configuration: Configuration) -> str:
    """A configuration in writing, and its name as a state of a finite machine.

    Example:
        >>> configuration_text(("q", (3, -1)))
        'q (3, -1)'
    """
    state, values = configuration
    return f"{state} ({', '.join(map(str, values))})"


def finite(machine: Machine, what: str) -> FSM:
    """The machine, if it is finite: where `what` names takes no other. The one place that refuses.

    Raises:
        GrammarError: for a machine with counters.
    """
    if isinstance(machine, FSM):
        return machine
    raise GrammarError(
        f"{what} needs a finite-state machine, and {machine} has {_number_of(machine.counters)}; "
        f"cut it at a bound: `reberlstm fsm bound {machine.name or 'FILE'} --counters 10 -o "
        "FILE.toml`, in Python .bounded(10)"
    )


def up_to(machine: Machine, length: int) -> FSM:
    """A finite machine with the same words of up to `length` symbols.

    Raises:
        GrammarError: as `CounterMachine.within`.
    """
    return machine if isinstance(machine, FSM) else machine.within(length)


def _number_of(counters: Sequence[str]) -> str:
    return count(len(counters), "counter")


# What makes a machine invalid


def _refuse(message: str, *place: str) -> None:
    raise GrammarError(one_line(message), place)


def _check_counters(counters: tuple[str, ...]) -> None:
    if not counters:
        _refuse("there are no counters; name at least one, or make an FSM", "counters")
    for name in counters:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            _refuse(
                f"counter {shown(name)} is not a name of letters, digits and _ that begins with no "
                "digit; rename it",
                "counters",
            )
        if counters.count(name) > 1:
            _refuse(f"counter {name!r} is named twice; keep one", "counters")


def _check_transition(machine: CounterMachine, index: int, arrow: object) -> None:
    place = ("transitions", str(index))
    if not isinstance(arrow, CounterTransition):
        _refuse(f"transition {index + 1} is no CounterTransition: {reprlib.repr(arrow)}", *place)
        return
    where = f"transition {index + 1}, of state {arrow.source!r} on {arrow.symbol!r}"
    for state in (arrow.source, arrow.target, machine.start):
        if not is_text(state):
            _refuse(f"{where}: state {state!r} is not a non-empty string of Unicode text", *place)
    if arrow.symbol not in machine.alphabet:
        alphabet = some(machine.alphabet)
        _refuse(f"{where}: the symbol is not in the alphabet {alphabet}", *place)
    _check_guard(machine.counters, arrow.when, where, *place)
    change = arrow.change
    if not isinstance(change, tuple) or len(change) != len(machine.counters):
        _refuse(
            f"{where}: change {reprlib.repr(change)} is not a tuple with a value for each of "
            f"{_number_of(machine.counters)}",
            *place,
        )
    for name, value in zip(machine.counters, change, strict=True):
        if isinstance(value, bool) or value not in (-1, 0, 1, None):
            _refuse(
                f"{where}: counter {name!r} changes by {shown(value)}; one step adds -1, 0 or 1, "
                "or sets it to 0 (None)",
                *place,
            )


def _check_guard(counters: Sequence[str], when: object, where: str, *place: str) -> None:
    if not isinstance(when, tuple) or len(when) != len(counters):
        _refuse(
            f"{where}: guard {reprlib.repr(when)} is not a tuple with a set of signs for each of "
            f"{_number_of(counters)}",
            *place,
        )
        return
    for name, signs in zip(counters, when, strict=True):
        if not isinstance(signs, frozenset) or not signs or not signs <= ANY:
            _refuse(
                f"{where}: the signs of counter {name!r} are {reprlib.repr(signs)}; give a "
                "frozenset of some of -1, 0 and 1 (all three where it is not asked)",
                *place,
            )


def _check_accepting(machine: CounterMachine, index: int, pair: object) -> None:
    place = ("accepting", str(index))
    if not isinstance(pair, tuple) or len(pair) != 2:
        _refuse(
            f"accepting: {reprlib.repr(pair)} is not a state with a guard, a set of signs for "
            f"each of {_number_of(machine.counters)}",
            *place,
        )
        return
    state, when = pair
    if state not in machine.states:
        _refuse(
            f"accepting state {shown(state)} is neither the start nor in a transition; the states "
            f"are {some(machine.states)}",
            *place,
        )
    _check_guard(machine.counters, when, f"accepting state {state!r}", *place)


def _check_deterministic(machine: CounterMachine) -> None:
    groups: dict[tuple[str, str], list[tuple[int, CounterTransition]]] = {}
    for index, arrow in enumerate(machine.transitions):
        groups.setdefault((arrow.source, arrow.symbol), []).append((index, arrow))
    for (state, symbol), group in groups.items():
        for (_, one), (index, two) in combinations(group, 2):
            both = [a & b for a, b in zip(one.when, two.when, strict=True)]
            if all(both):
                _refuse(
                    f"transitions of state {state!r} on {symbol!r}: those to {one.target!r} "
                    f"({_asked(machine, one.when)}) and to {two.target!r} "
                    f"({_asked(machine, two.when)}) can both be taken where "
                    f"{guard_text(machine.counters, both) or 'the counters have any values'}; "
                    "make their guards exclude each other",
                    *("transitions", str(index)),
                )


def _asked(machine: CounterMachine, when: Sequence[Signs]) -> str:
    return guard_text(machine.counters, when) or "always"
