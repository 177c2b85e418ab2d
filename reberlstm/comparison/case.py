"""One net under examination: run on many words at once, against the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import GrammarError
from reberlstm.extraction import RecurrentNet
from reberlstm.extraction.subject import Kind, Subject
from reberlstm.extraction.trajectories import BudgetEnd
from reberlstm.machine.fsm import FSM
from reberlstm.machine.tables import Bools, Ints, Tables, Words
from reberlstm.net.weights import LSTMWeights

Net = LSTMWeights | RecurrentNet
Memories = NDArray[Any]

MULTIPLICATIONS = 3e9
"""What one run of many words may cost; of a large net, fewer words are run."""

FEWEST = 20

Disturb = Callable[[Memories, int], Memories]
"""Changes memories after the step of a number."""


@dataclass(frozen=True)
class Settings:
    """How much is measured.

    Attributes:
        seed: Of everything random.
        words: Sampled words; rows that repeat runs take a fifth of them.
        rounds: How often cycles are gone round.
        cycles: The most cycles that get rows of their own.
        seconds: The budget for one net.
        prove: Whether to try certificates.
    """

    seed: int = 0
    words: int = 1_000
    rounds: int = 1_000
    cycles: int = 12
    seconds: float = 60.0
    prove: bool = True

    def __post_init__(self) -> None:
        for name in ("words", "rounds", "cycles"):
            least = 0 if name == "cycles" else 1
            if getattr(self, name) < least:
                raise GrammarError(f"{name} is {getattr(self, name)}; it must be at least {least}")
        if self.seed < 0:
            raise GrammarError(f"seed is {self.seed}; it must not be negative")
        if not 0.0 <= self.seconds < float("inf"):
            raise GrammarError(f"seconds is {self.seconds}; it must be finite and not negative")


def tables_of(fsm: FSM) -> Tables:
    """The machine as arrays.

    Raises:
        GrammarError: for a machine without words to compare nets on.
    """
    tables = fsm.tables()
    if not tables.goes_on[0]:
        raise GrammarError(f"{fsm} has no word of one symbol or more; nothing can be compared")
    return tables


class Case:
    """A net, the machine it is judged by, and what has been found out so far.

    An answer is right when the legal set is the machine's. Of a net that only accepts, and where
    every symbol is always legal, it is right when it accepts as the machine does, or has its label.
    What is judged is the scope ``legal``: non-empty words that can go on (acceptors: all non-empty
    words).

    Attributes:
        name: What the net is called in the table.
        subject: The net behind the interface of extraction.
        fsm: The machine.
        machine: Its tables; symbols are numbered as in its alphabet.
        columns: The net's number for each symbol.
        settings: How much is measured.
        memo: What several rows share.
    """

    def __init__(self, name: str, net: Net, fsm: FSM, settings: Settings) -> None:
        self.name = name
        self.net = net
        self.fsm = fsm
        self.machine = tables_of(fsm)
        if set(fsm.alphabet) != set(net.alphabet):
            raise GrammarError(
                f"the alphabet of {fsm} is {' '.join(fsm.alphabet)}, but that of net {name!r} is "
                f"{' '.join(net.alphabet)}; compare nets over the grammar's alphabet"
            )
        self.columns: Ints = np.array([net.alphabet.index(a) for a in fsm.alphabet], dtype=np.intp)
        self.subject = Subject(net, fsm)
        self.settings = settings
        self.deadline = time.monotonic() + settings.seconds
        self.memo: dict[str, Any] = {}
        self.head = self._judged_head()

    def _judged_head(self) -> Kind:
        """The head that the rows are about: one that has something to tell apart, if there is one.

        Raises:
            GrammarError: where a net only tells labels, and the machine has none.
        """
        seen, fsm = self.subject.observed, self.fsm
        if not fsm.outputs:
            seen = tuple(kind for kind in seen if kind != "label")
        if not seen:
            raise GrammarError(
                f"net {self.name!r} tells labels, but {fsm} has no outputs to compare them with"
            )
        by_use: tuple[Kind, ...] = ("legal", "accept", "label")
        # Where every symbol is always legal, any net is right about that.
        if fsm.is_complete:
            by_use = ("label", "accept", "legal")
        return next(kind for kind in by_use if kind in seen)

    @property
    def heads(self) -> list[Kind] | None:
        """The heads to certify: those of the scope, which are all judged, or the only one."""
        return None if "legal" in self.subject.observed else [self.head]

    @property
    def weights(self) -> LSTMWeights | None:
        """The weights, where the net is one LSTM layer."""
        return self.subject.weights

    # Time

    @property
    def left(self) -> float:
        """Seconds."""
        return max(0.0, self.deadline - time.monotonic())

    def share(self, part: float) -> float:
        """Seconds for something that may take this part of the budget, and no more than is left."""
        return min(part * self.settings.seconds, self.left)

    def check(self) -> None:
        """End what takes too long.

        Raises:
            BudgetEnd: when the budget is used up.
        """
        if time.monotonic() > self.deadline:
            raise BudgetEnd("seconds")

    # Words

    def rng(self, number: int) -> np.random.Generator:
        """Random numbers for one row, the same whichever other rows are measured."""
        return np.random.default_rng([self.settings.seed, number])

    def affordable(self, count: int, symbols: float = 20.0) -> int:
        """As many of so many words as this net's size allows."""
        width = len(self.subject.initial())
        return max(min(count, FEWEST), min(count, int(MULTIPLICATIONS / (symbols * width * width))))

    @cached_property
    def words(self) -> Words:
        """Sampled words; for an acceptor each second one has a symbol changed."""
        rng = self.rng(0)
        words = self.machine.draw(rng, (self.affordable(self.settings.words),))
        return words if self.head == "legal" else self._strayed(words, rng)

    @cached_property
    def fewer(self) -> Words:
        """A fifth of the words, for what is run many times."""
        return self.words.take(slice(max(1, self.words.count // 5)))

    def _strayed(self, words: Words, rng: np.random.Generator) -> Words:
        """Each second word with one symbol replaced by any."""
        symbols = words.symbols.copy()
        lengths = words.present.sum(axis=0)
        places = rng.integers(0, lengths)
        changed = np.arange(1, words.count, 2)
        symbols[places[changed], changed] = rng.integers(
            len(self.machine.alphabet), size=len(changed)
        )
        return self.machine.follow(symbols, words.present)

    # Running

    def start(self, count: int) -> Memories:
        """The initial memory, so many times, (B, D)."""
        return np.tile(self.subject.initial(), (count, 1))

    def step(self, memories: Memories, symbols: Ints) -> Memories:
        """The memories (B, D) after one symbol each."""
        return self.subject.step(memories, self.columns[symbols])

    def offered(self, memories: Memories) -> Bools:
        """The symbols that the net offers, (B, A)."""
        seen = self.subject.observe(memories).legal
        assert seen is not None, "asked only of nets with legal sets"
        return np.asarray(seen[:, self.columns])

    def right(self, memories: Memories, states: Ints) -> Bools:
        """Whether what the net says of memories (B, D) is what the machine's states say, (B,)."""
        if self.head == "legal":
            return np.asarray((self.offered(memories) == self.machine.legal[states]).all(axis=1))
        seen = self.subject.observe(memories)
        if self.head == "accept":
            assert seen.accept is not None
            return np.asarray(seen.accept == self.machine.accepting[states])
        assert seen.label is not None
        return np.asarray(seen.label == self.labels[states])

    @cached_property
    def labels(self) -> Ints:
        """For each state of the machine the number that the net has for its label, −1 for none."""
        known = list(self.subject.labels)
        return np.array(
            [known.index(x) if x in known else -1 for x in self.machine.outputs], dtype=np.intp
        )

    def judged(self, states: Ints) -> Bools:
        """Whether anything is asked in these states."""
        if self.head == "accept":
            return np.ones(states.shape, dtype=bool)
        return self.machine.goes_on[states]

    def silent(self, memories: Memories) -> Bools:
        """Where the net says that nothing may follow, or an acceptor that it does not accept."""
        if self.head == "legal":
            return np.asarray(~self.offered(memories).any(axis=1))
        seen = self.subject.observe(memories)
        assert seen.accept is not None
        return np.asarray(~seen.accept)

    def steps(
        self, words: Words, memories: Memories | None = None, disturb: Disturb | None = None
    ) -> Iterator[Memories]:
        """The memories after each symbol, (B, D); those of words that are over stay."""
        here = self.start(words.count) if memories is None else memories
        for t, (symbols, present) in enumerate(zip(words.symbols, words.present, strict=True)):
            self.check()
            after = self.step(here, symbols)
            if disturb is not None:
                after = disturb(after, t)
            here = np.where(present[:, None], after, here)
            yield here

    def end(self, words: Words, memories: Memories | None = None) -> Memories:
        """The memories after the last symbols."""
        here = self.start(words.count) if memories is None else memories
        for after in self.steps(words, memories):
            here = after
        return here

    def wrong(
        self, words: Words, memories: Memories | None = None, disturb: Disturb | None = None
    ) -> Bools:
        """Where an answer that is asked for is wrong, (T, B)."""
        result = np.zeros(words.symbols.shape, dtype=bool)
        for t, here in enumerate(self.steps(words, memories, disturb)):
            result[t] = ~self.right(here, words.states[t])
        return result & self.asked(words)

    def asked(self, words: Words) -> Bools:
        """Where an answer is asked for, (T, B)."""
        return np.asarray(words.present & self.judged(words.states))
