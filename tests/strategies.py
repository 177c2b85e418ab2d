"""Random machines and words for hypothesis, shared by all tests.

    from tests.strategies import machines, machines_with_words, words

A machine shrinks towards one state, one symbol and no transition; a word towards the empty one.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterable

from hypothesis import strategies as st

from reberlstm.machine.counters import ANY, CounterMachine, CounterTransition, Signs
from reberlstm.machine.fsm import FSM, Word

# Names that a careless writer of files, cells or diagrams would trip over.
AWKWARD_NAMES = (
    "started",
    "0/1",
    "end'",
    "a b",
    'quo"te',
    "back\\slash",
    "#",
    "ü",
    "∅",
    "tab\t",
    "line\n",
    "[x]",
    "{}",
    "a.b",
    "true",
    "1e5",
    "<&>",
    "\x7f",
    "\x00",
)
LONG_SYMBOLS = ("go", "S", "no-go", "übel", "a.b", '"', "]", "x=1")


def names(size: int) -> st.SearchStrategy[list[str]]:
    """Distinct names of states: mostly plain ones."""
    plain = st.just([f"q{number}" for number in range(size)])
    awkward = st.lists(
        st.sampled_from(AWKWARD_NAMES) | st.text(min_size=1, max_size=3).filter(_encodable),
        min_size=size,
        max_size=size,
        unique=True,
    )
    return st.one_of(plain, plain, awkward)


def alphabets(max_symbols: int = 4) -> st.SearchStrategy[tuple[str, ...]]:
    """Symbols of one character, sometimes of several."""
    letters = st.integers(1, max_symbols).map(lambda size: tuple(string.ascii_lowercase[:size]))
    long = st.lists(
        st.sampled_from(LONG_SYMBOLS), min_size=1, max_size=min(max_symbols, 8), unique=True
    ).map(tuple)
    return st.one_of(letters, letters, long)


@st.composite
def machines(
    draw: st.DrawFn,
    *,
    max_states: int = 6,
    max_symbols: int = 4,
    alphabet: tuple[str, ...] | None = None,
    complete: bool | None = None,
    probabilities: bool | None = None,
    outputs: bool | None = None,
    plain: bool = False,
) -> FSM:
    """Machines of all kinds: partial or complete, with sinks, unreachable states, no acceptance.

    Args:
        max_states: The most states.
        max_symbols: The most symbols, where `alphabet` is not given (26 for one-letter symbols).
        alphabet: The symbols.
        complete: Whether every state has every transition; both kinds by default.
        probabilities: Whether to give probabilities and stops; both kinds by default.
        outputs: Whether states have labels; both kinds by default.
        plain: States are named q0, q1, … and symbols are single letters.
    """
    if alphabet is None:
        alphabet = draw(
            st.integers(1, max_symbols).map(lambda size: tuple(string.ascii_letters[:size]))
            if plain
            else alphabets(max_symbols)
        )
    size = draw(st.integers(1, max_states))
    states = [f"q{number}" for number in range(size)] if plain else draw(names(size))
    if complete is None:
        complete = draw(st.booleans())
    target = st.sampled_from(states) if complete else st.none() | st.sampled_from(states)
    transitions: dict[str, dict[str, str]] = {}
    for state in states:
        line = {symbol: draw(target) for symbol in alphabet}
        transitions[state] = {symbol: to for symbol, to in line.items() if to is not None}
    accepting = draw(st.sets(st.sampled_from(states)))

    def some(wanted: bool | None) -> bool:
        return draw(st.booleans()) if wanted is None else wanted

    given: dict[str, dict[str, float]] = {}
    stop: dict[str, float] = {}
    if some(probabilities):
        for state in draw(st.sets(st.sampled_from(states))):
            line = transitions[state]
            # Zero is a probability too, as long as something is left.
            parts = draw(
                st.lists(st.integers(0, 9), min_size=len(line), max_size=len(line)).filter(
                    lambda parts: not parts or sum(parts) > 0
                )
            )
            given[state] = {a: part / sum(parts) for a, part in zip(line, parts, strict=True)}
        for state in sorted(accepting):
            if transitions[state] and draw(st.booleans()):
                stop[state] = draw(st.integers(0, 8)) / 8
    labels: dict[str, str] = {}
    if some(outputs):
        labels = {state: draw(st.sampled_from(["low", "mid", "high"])) for state in states}
    return FSM(
        alphabet=alphabet,
        start=draw(st.sampled_from(states)),
        accepting=frozenset(accepting),
        transitions=transitions,
        probabilities=given,
        stop=stop,
        outputs=labels,
        name="" if plain else draw(st.sampled_from(["", "random", 'na"me'])),
    )


@st.composite
def words(draw: st.DrawFn, fsm: FSM, *, max_length: int = 12) -> Word:
    """Words that keep to the rules for a while, so that violations come late as well as early."""
    word: list[str] = []
    state: str | None = fsm.start
    for choice in draw(st.lists(st.integers(0, 99), max_size=max_length)):
        legal: Iterable[str] = () if state is None else fsm.transitions[state]
        # One symbol in ten is any symbol at all.
        options = list(legal) if choice < 90 and legal else list(fsm.alphabet)
        word.append(options[choice % len(options)])
        state = None if state is None else fsm.next_state(state, word[-1])
    return tuple(word)


@st.composite
def machines_with_words(
    draw: st.DrawFn, *, count: int = 6, max_length: int = 12, **kinds: object
) -> tuple[FSM, list[Word]]:
    """A machine and a few words for it; `kinds` are the arguments of `machines`."""
    fsm = draw(machines(**kinds))  # type: ignore[arg-type]
    return fsm, draw(st.lists(words(fsm, max_length=max_length), min_size=1, max_size=count))


@st.composite
def counter_machines(
    draw: st.DrawFn, *, max_states: int = 3, max_symbols: int = 3, max_counters: int = 3
) -> CounterMachine:
    """Deterministic machines with 1 to 3 counters: partial, with sinks, guards of all kinds."""
    states = [f"q{number}" for number in range(draw(st.integers(1, max_states)))]
    alphabet = tuple(string.ascii_lowercase[: draw(st.integers(1, max_symbols))])
    counters = tuple("nmk"[: draw(st.integers(1, max_counters))])
    signs = st.sets(st.sampled_from([-1, 0, 1]), min_size=1).map(frozenset)
    change = st.tuples(*[st.sampled_from([0, 1, -1, 1, -1, None]) for _ in counters])
    state = st.sampled_from(states)

    def parts(when: tuple[Signs, ...], depth: int) -> list[tuple[Signs, ...]]:
        """A region of signs cut in two again and again, at counters drawn at random."""
        at = draw(st.integers(0, len(counters) - 1))
        if depth == 0 or len(when[at]) == 1 or draw(st.booleans()):
            return [when]
        one = draw(st.sampled_from(sorted(when[at])))
        sides = (frozenset({one}), when[at] - {one})
        return [p for side in sides for p in parts((*when[:at], side, *when[at + 1 :]), depth - 1)]

    transitions = [
        CounterTransition(source, symbol, draw(state), when, draw(change))
        for source in states
        for symbol in alphabet
        for when in parts((ANY,) * len(counters), 3)
        if draw(st.integers(0, 4))
    ]
    named = sorted({"q0"} | {q for arrow in transitions for q in (arrow.source, arrow.target)})
    ends = st.tuples(st.sampled_from(named), st.tuples(*[signs | st.just(ANY) for _ in counters]))
    accepting = tuple(draw(st.lists(ends, max_size=3)))
    name = draw(st.sampled_from(["", "random"]))
    return CounterMachine(name, alphabet, "q0", counters, tuple(transitions), accepting)


def random_machine(
    seed: int, *, states: int, symbols: int, density: float = 1.0, targets: int | None = None
) -> FSM:
    """A machine too large to be drawn by hypothesis: it does not shrink.

    Args:
        seed: Decides everything.
        states: The number of states.
        symbols: The number of symbols.
        density: The share of transitions that exist.
        targets: How many states are entered at all: the fewer, the more tangled their ways in.
    """
    rng = random.Random(seed)
    names = [f"q{number}" for number in range(states)]
    alphabet = tuple(string.ascii_letters[:symbols] if symbols <= 52 else map(str, range(symbols)))
    entered = rng.sample(names, k=targets or states)
    return FSM(
        alphabet=alphabet,
        start=names[0],
        accepting=frozenset(name for name in names if rng.random() < 0.3),
        transitions={
            name: {symbol: rng.choice(entered) for symbol in alphabet if rng.random() < density}
            for name in names
        },
    )


def random_word(rng: random.Random, fsm: FSM, length: int) -> Word:
    """A word of that length that keeps to the rules for nine symbols in ten, as long as it can."""
    word: list[str] = []
    state: str | None = fsm.start
    for _ in range(length):
        legal = [] if state is None else list(fsm.transitions[state])
        word.append(rng.choice(legal if legal and rng.random() < 0.9 else fsm.alphabet))
        state = None if state is None else fsm.next_state(state, word[-1])
    return tuple(word)


def _encodable(text: str) -> bool:
    """Whether the text has no lone surrogate, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
