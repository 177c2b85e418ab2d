"""One net under examination: run on many words at once, against the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates import Found, Proof, certify
from reberlstm.comparison.cycles import Cycle, Rounds, States, simple_cycles
from reberlstm.errors import CertificateError, GrammarError
from reberlstm.extraction.nets import Kind, Subject
from reberlstm.extraction.trajectories import BudgetEnd
from reberlstm.machine.fsm import FSM
from reberlstm.machine.tables import Bools, Floats, Ints, Tables, Words
from reberlstm.net.base import check_alphabets
from reberlstm.net.net import Net

Disturb = Callable[[States, int], States]
"""Changes state vectors after the step of a number."""


@dataclass(frozen=True)
class Settings:
    """How much is measured.

    Attributes:
        seed: Of everything random.
        words: Sampled words; rows that repeat runs take a fifth of them.
        rounds: How often each cycle is repeated.
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
        for name, least in (("words", 1), ("rounds", 1), ("cycles", 0)):
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
    """A net, the machine that says what is right, and what has been found out so far.

    An answer is right when the legal set is the machine's. Of a net that only accepts, and where
    every symbol is always legal, it is right when it accepts as the machine does, or has its label.
    Questions are about the scope ``legal``: non-empty words that can go on (acceptors: all
    non-empty words).

    Attributes:
        machine: The machine's tables; symbols are numbered as in its alphabet.
        columns: The net's number for each symbol.
        head: The question that the rows are about.
        rounds: What came of going round cycles, see `reberlstm.comparison.loops`.
        wrong_word: A word, as numbers, after which the net is known to be wrong.

    Raises:
        GrammarError: for a net over other symbols, or one that only tells labels, where the
            machine has none.
    """

    def __init__(self, name: str, net: Subject, fsm: FSM, settings: Settings) -> None:
        self.name, self.net, self.fsm, self.settings = name, net, fsm, settings
        self.machine = tables_of(fsm)
        remedy = "compare nets over the grammar's alphabet"
        check_alphabets(fsm, net, name=name, remedy=remedy)
        self.columns: Ints = np.array([net.alphabet.index(a) for a in fsm.alphabet], dtype=np.intp)
        self.deadline = time.process_time() + settings.seconds
        self.head = self._head()
        self.rounds: dict[Cycle, Rounds] = {}
        self.wrong_word: tuple[int, ...] | None = None

    def _head(self) -> Kind:
        # Where every symbol is always legal, any net is right about that.
        by_use: tuple[Kind, ...] = ("legal", "accept", "label")
        by_use = ("label", "accept", "legal") if self.fsm.is_complete else by_use
        for kind in by_use:
            if kind in self.net.observed and (kind != "label" or self.fsm.outputs):
                return kind
        raise GrammarError(
            f"net {self.name!r} tells labels, but {self.fsm} has no outputs to compare them with"
        )

    @property
    def weights(self) -> Net | None:
        """The net, or one that computes the same, where its weights are known."""
        return self.net if isinstance(self.net, Net) else self.net.weights

    @cached_property
    def certificate(self) -> Found | str:
        """What `certify` says of the net in the scope that it claims; or why it says nothing."""
        if not self.settings.prove:
            return "not tried"
        if self.weights is None:
            return "the weights of this net are not known"
        try:
            return self.certify(seconds=self.share(0.2))
        except CertificateError as error:
            return str(error)

    def certify(self, **options: Any) -> Found:
        """What it says in the same scope with other options."""
        heads = None if "legal" in self.net.observed else [self.head]  # None: those of the scope
        return certify(self.weights, self.fsm, heads=heads, **options)

    @property
    def proved(self) -> bool:
        """Whether the net is proved right for words of every length."""
        return isinstance(self.certificate, Proof)

    @cached_property
    def cycles(self) -> list[Cycle]:
        """The cycles with rows of their own."""
        return simple_cycles(self.machine, self.settings.cycles)[0]

    def on(self, net: Any) -> Case:
        """The same questions about another net, by the same deadline."""
        other = Case(self.name, net, self.fsm, self.settings)
        other.deadline = min(other.deadline, self.deadline)
        return other

    # Time

    @property
    def left(self) -> float:
        """Seconds."""
        return max(0.0, self.deadline - time.process_time())

    def share(self, part: float) -> float:
        """Seconds for something that may take this part of the budget, and no more than is left."""
        return min(part * self.settings.seconds, self.left)

    def check(self) -> None:
        """End what takes too long.

        Raises:
            BudgetEnd: when the budget is used up.
        """
        if time.process_time() > self.deadline:
            raise BudgetEnd("seconds")

    # Words

    def rng(self, number: int) -> np.random.Generator:
        """Random numbers for one row, the same whichever other rows are measured."""
        return np.random.default_rng([self.settings.seed, number])

    def affordable(self, count: int, symbols: float = 20.0) -> int:
        """As many of so many words as one run may cost; of a large net, fewer words are run."""
        width = self.start(1).shape[1]
        return max(min(count, 20), min(count, int(3e9 / (symbols * width * width))))

    @cached_property
    def words(self) -> Words:
        """Sampled words; for an acceptor each second one has a symbol replaced by any."""
        rng = self.rng(0)
        words = self.machine.draw(rng, (self.affordable(self.settings.words),))
        if self.head == "legal":
            return words
        symbols = words.symbols.copy()
        places = rng.integers(0, words.lengths)
        changed = np.arange(1, words.count, 2)
        symbols[places[changed], changed] = rng.integers(
            len(self.machine.alphabet), size=len(changed)
        )
        return self.machine.follow(symbols, words.present)

    @cached_property
    def fewer(self) -> Words:
        """A fifth of the words, for what is run many times."""
        return self.words.take(slice(max(1, self.words.count // 5)))

    @cached_property
    def visited(self) -> States:
        """The state vectors that the sampled words lead to."""
        steps = zip(self.words.present, self.steps(self.words), strict=True)
        return np.concatenate([here[present] for present, here in steps])

    # Running. A batch may be empty, which not every net takes.

    def start(self, count: int) -> States:
        """The state vector that words begin in, so many times."""
        return self.net.start(count)

    def step(self, states: States, symbols: Ints) -> States:
        """The state vectors after one symbol each."""
        return self.net.step(states, self.columns[symbols]) if len(states) else states

    def steps(
        self, words: Words, states: States | None = None, disturb: Disturb | None = None
    ) -> Iterator[States]:
        """The state vectors after each symbol; those of words that are over stay."""
        here = self.start(words.count) if states is None else states
        for t, (symbols, present) in enumerate(zip(words.symbols, words.present, strict=True)):
            self.check()
            after = self.step(here, symbols)
            if disturb is not None:
                after = disturb(after, t)
            here = np.where(present[:, None], after, here)
            yield here

    def end(self, words: Words, states: States | None = None) -> States:
        """The state vectors after the last symbols."""
        here = self.start(words.count) if states is None else states
        for after in self.steps(words, states):
            here = after
        return here

    def hidden(self, states: States) -> Floats:
        """What the gates of all layers read; of a net without known layers, the state vectors."""
        if not isinstance(self.net, Net):
            return np.asarray(states, dtype=np.float64)
        layers = zip(self.net.layers, self.net.split(states), strict=True)
        return np.concatenate(
            [layer.cell.hidden(state) for layer, state in layers], axis=-1, dtype=np.float64
        )

    # Answers

    def said(self, states: States) -> NDArray[Any]:
        """The net's answers: legal sets (B, A), yes and no (B,), or numbers of labels (B,)."""
        if not len(states):
            return self.truth[:0]
        seen = getattr(self.net.observe(states), self.head)
        return np.asarray(seen[:, self.columns] if self.head == "legal" else seen)

    @cached_property
    def truth(self) -> NDArray[Any]:
        """The right answer in every state of the machine; −1 for a label that the net has not."""
        if self.head == "label":
            known = list(self.net.labels)
            outputs = self.machine.outputs
            return np.array([known.index(x) if x in known else -1 for x in outputs], dtype=np.intp)
        return self.machine.legal if self.head == "legal" else self.machine.accepting

    def right(self, states: States, machine_states: Ints) -> Bools:
        """Whether the net's answers are those of the machine's states, (B,)."""
        same = self.said(states) == self.truth[machine_states]
        return np.asarray(same.all(axis=1) if self.head == "legal" else same)

    def silent(self, states: States) -> Bools:
        """Where the net says that nothing may follow, or an acceptor that it does not accept."""
        said = self.said(states)
        return np.asarray(~said.any(axis=1) if self.head == "legal" else ~said)

    def is_asked(self, machine_states: Ints) -> Bools:
        """Whether anything is asked in these states of the machine."""
        return self.machine.asked("all" if self.head == "accept" else "legal")[machine_states]

    def asked(self, words: Words) -> Bools:
        """Where an answer is asked for, (T, B)."""
        return np.asarray(words.present & self.is_asked(words.states))

    def wrong(
        self, words: Words, states: States | None = None, disturb: Disturb | None = None
    ) -> Bools:
        """Where an answer that is asked for is wrong, (T, B)."""
        result = np.zeros(words.symbols.shape, dtype=bool)
        for t, here in enumerate(self.steps(words, states, disturb)):
            result[t] = ~self.right(here, words.states[t])
        return result & self.asked(words)

    def chances(self, states: States) -> tuple[Floats, str]:
        """The probability of each next symbol, (B, A), and what it is read from.

        That is a head of probabilities. Without one, the symbols offered are taken to be equally
        likely.
        """
        net = self.net
        if isinstance(net, Net):
            for kind, readout in net.heads.items():
                if readout.rule.function == "softmax":
                    probabilities = net.values(kind, states)[:, self.columns]
                    return probabilities.astype(np.float64), f"{kind} head"
        offered = self.said(states) if self.head == "legal" else self._offered(states)
        each = offered / np.maximum(1, offered.sum(axis=1, keepdims=True))
        return each, "offered symbols, equally likely"

    def _offered(self, states: States) -> Bools:
        seen = self.net.observe(states).legal
        assert seen is not None, "asked only of nets with legal sets"
        return np.asarray(seen[:, self.columns])
