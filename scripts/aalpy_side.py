"""AALpy's side of `bench_extraction.py`: how it asks a net, and what it learns of it.

Its equivalence oracles are also put before our learner here, which steps the net only through
memories kept: then both sides get their evidence from the same source, and steps can be compared.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from aalpy.automata import Dfa, DfaState, MooreMachine, MooreState
from aalpy.base import SUL
from aalpy.learning_algs import run_KV, run_Lstar
from aalpy.oracles import RandomWMethodEqOracle, RandomWordEqOracle, StatePrefixEqOracle
from agreement import OVER, Machine, Word, shown
from weiss_side import Unrolling

from reberlstm.extraction.learner import Hypothesis, Learner
from reberlstm.extraction.nets import subject_of
from reberlstm.extraction.oracles.base import Words
from reberlstm.extraction.scope import scope_of
from reberlstm.extraction.trajectories import BudgetEnd, Trajectories

ORACLES: dict[str, Callable[[list[Any], Any], Any]] = {
    "prefixes": lambda a, sul: StatePrefixEqOracle(a, sul, walks_per_state=25, walk_len=12),
    "W-method": lambda a, sul: RandomWMethodEqOracle(a, sul, walks_per_state=25, walk_len=12),
    "words": lambda a, sul: RandomWordEqOracle(a, sul, num_walks=500, min_walk_len=2),
}


class Limit(Exception):  # noqa: N818 - it ends a run, it is no error
    """The seconds or steps of one run are spent."""


@dataclass(frozen=True)
class Run:
    """What came of one run.

    Attributes:
        machine: What was found.
        states: How many states it has, without the one after a violation.
        steps: Steps of the net.
        returned: Whether it came to its own end, before any limit.
    """

    machine: Machine
    states: int
    steps: int
    returned: bool


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """End what is done here by `Limit` after so many seconds of CPU time, wherever it is."""

    def end(*_: object) -> None:
        raise Limit

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


class NetSUL(SUL):  # type: ignore[misc]
    """A net as AALpy asks it, symbol by symbol."""

    def __init__(self, net: Any, steps: int) -> None:
        super().__init__()
        self.net, self.steps, self._most = net, 0, steps
        self._state: Any = None

    def pre(self) -> None:
        """Begin a word."""
        self._state = self.net.initial()[np.newaxis]

    def post(self) -> None:
        """End a word."""

    def step(self, letter: int | None) -> Any:
        """One symbol, or none."""
        if letter is not None and self._state is not None:
            if self.steps >= self._most:
                raise Limit
            if self.net.kind == "legal" and not self.net.observe(self._state)[0, letter]:
                self._state = None
            else:
                self._state = self.net.step(self._state, np.array([letter]))
                self.steps += 1
        return OVER if self._state is None else shown(self.net.observe(self._state)[0])


class KeptSUL(SUL):  # type: ignore[misc]
    """A net as AALpy asks it, through our memories: what was run is not run again."""

    def __init__(self, runs: Trajectories) -> None:
        super().__init__()
        self._runs = runs
        self._at: Any = None

    @property
    def steps(self) -> int:
        """Steps of the net."""
        return self._runs.steps

    def pre(self) -> None:
        """Begin a word."""
        self._at = np.zeros(1, dtype=np.intp)

    def post(self) -> None:
        """End a word."""

    def step(self, letter: int | None) -> Any:
        """One symbol, or none."""
        if letter is not None and self._at is not None:
            offered = self._runs.offered(self._at)[0, letter]
            self._at = self._runs.advance(self._at, np.array([letter])) if offered else None
        return OVER if self._at is None else meant(self._runs, self._runs.observation(self._at)[0])


Frozen = tuple[int, dict[int, tuple[Any, dict[int, int]]]]
"""The start of an automaton, and what each state shows and where it leads."""


def frozen(automaton: Any) -> Frozen:
    """A hypothesis of AALpy's as it is now."""
    lines = {
        id(state): (
            state.output if hasattr(state, "output") else state.is_accepting,
            {symbol: id(target) for symbol, target in state.transitions.items()},
        )
        for state in automaton.states
    }
    return id(automaton.initial_state), lines


class Remembering:
    """An oracle that keeps the last hypothesis, for when a limit ends the run."""

    def __init__(self, oracle: Any) -> None:
        self.oracle = oracle
        self.last: Frozen | None = None
        self.num_queries = self.num_steps = 0

    @property
    def sul(self) -> Any:
        """What the oracle asks; AALpy puts its cache in between."""
        return self.oracle.sul

    @sul.setter
    def sul(self, sul: Any) -> None:
        self.oracle.sul = sul

    def find_cex(self, hypothesis: Any) -> Any:
        """Pass it on; KV goes on to change the hypothesis itself."""
        self.last = frozen(hypothesis)
        return self.oracle.find_cex(hypothesis)


def by_aalpy(
    net: Any, learner: str, oracle: str, seconds: float, steps: int, seed: int, *, kept: bool
) -> Run:
    """AALpy's learner ``KV`` or ``L*`` with one of its oracles.

    Args:
        net: The net.
        learner: The learner.
        oracle: The oracle.
        seconds: The limit of CPU time.
        steps: The limit of steps.
        seed: The seed.
        kept: Whether the same words are run through our memories.
    """
    random.seed(seed)
    alphabet = list(range(len(net.alphabet)))
    sul = KeptSUL(_kept(net, steps)) if kept else NetSUL(net, steps)
    run = run_KV if learner == "KV" else run_Lstar
    return _learned(net, sul, ORACLES[oracle](alphabet, sul), run, seconds)


def by_weiss(net: Any, given: Sequence[Word], seconds: float, steps: int) -> Run:
    """Angluin's L* with the clusters of Weiss and others; its users give it some words."""
    sul = NetSUL(net, steps)
    return _learned(
        net, sul, Unrolling(sul, given), partial(run_Lstar, cex_processing=None), seconds
    )


def _learned(net: Any, sul: Any, oracle: Any, run: Callable[..., Any], seconds: float) -> Run:
    """What a learner of AALpy's has in the end, or when the time is over."""
    asked = Remembering(oracle)
    kind = "dfa" if net.kind == "accept" else "moore"
    returned = True
    try:
        with limited(seconds):
            alphabet = list(range(len(net.alphabet)))
            found: Frozen | None = frozen(
                run(alphabet, sul, asked, automaton_type=kind, print_level=0)
            )
    except (Limit, BudgetEnd):
        found, returned = asked.last, False
    if found is None:
        return Run(lambda word: None, 0, sul.steps, returned=False)
    start, lines = found

    def machine(word: Word) -> Any:
        state = start
        for symbol in word:
            state = lines[state][1][symbol]
        return lines[state][0]

    states = sum(shows != OVER for shows, _ in lines.values())
    return Run(machine, states, sul.steps, returned)


def by_our_learner(net: Any, oracle: str, seconds: float, steps: int, seed: int) -> Run:
    """Our learner, and for a difference nothing but one of AALpy's oracles."""
    random.seed(seed)
    runs = _kept(net, steps)
    learner = Learner(runs, 10_000)
    alphabet = list(range(len(net.alphabet)))
    asked = ORACLES[oracle](alphabet, KeptSUL(runs))
    last: Hypothesis | None = None
    returned = False
    try:
        with limited(seconds):
            learner.close()
            while not returned:
                last = learner.copy()
                word = asked.find_cex(_as_aalpy(last, runs, net.kind))
                returned = word is None
                while word is not None:
                    word = Words(runs, [tuple(word)]).find_counterexample(learner)
                    if word is not None:
                        learner.refine(word)
    except (BudgetEnd, Limit):
        pass
    if last is None:
        return Run(lambda word: None, 0, runs.steps, returned=False)
    table, observed = last.arrays()

    def machine(word: Word) -> Any:
        state = 0
        for symbol in word:
            state = int(table[state, symbol])
            if state < 0:
                return OVER
        return meant(runs, observed[state])

    return Run(machine, len(last.table), runs.steps, returned)


def _kept(net: Any, steps: int) -> Trajectories:
    """Our memories of a net, without a bound on time."""
    subject = subject_of(net)
    return Trajectories(subject, scope_of(subject), steps, float("inf"))


def meant(runs: Trajectories, observation: int) -> Any:
    """What is seen of a memory, by its number, as `shown` gives it."""
    seen = runs.meaning(int(observation))
    assert seen is not None, "no word is over by its last symbol here"
    return shown(seen.legal if seen.accept is None else seen.accept[0])


def _as_aalpy(machine: Hypothesis, runs: Trajectories, kind: str) -> Any:
    """A machine as AALpy's oracles read it, with a state for after a violation."""
    state_of, machine_of = (DfaState, Dfa) if kind == "accept" else (MooreState, MooreMachine)
    states = [
        state_of(str(number), meant(runs, observation))
        for number, observation in enumerate(machine.observation)
    ]
    if kind == "legal":
        states.append(MooreState(OVER, OVER))  # where −1 leads in the table, as it is the last one
        states[-1].transitions = dict.fromkeys(range(len(runs.net.alphabet)), states[-1])
    for state, line in zip(states, machine.table, strict=False):
        state.transitions = {symbol: states[target] for symbol, target in enumerate(line)}
    for number, word in machine.access_words().items():
        states[number].prefix = word
    return machine_of(states[0], states)
