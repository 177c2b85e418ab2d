"""What is known in the end: net, machine and reference compared two by two, with the evidence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.display import Displayed
from reberlstm.extraction.learner import Hypothesis, hypothesis_of
from reberlstm.extraction.oracles import Budget, Cycles, Evidence, Exhaustive, Word, Words
from reberlstm.extraction.trajectories import BudgetEnd, Trajectories
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM

if TYPE_CHECKING:
    from reberlstm.certificates import Certificate


@dataclass(frozen=True)
class Comparison:
    """Two of net, machine and reference.

    Attributes:
        left: ``net`` or ``machine``.
        right: ``machine`` or ``reference``.
        equal: True or False where that is proved, None where it only was not refuted.
        relation: ``equal: proved``, ``equal on all words up to length L``, ``equal on N sampled
            words`` or ``different``. Where only words of the reference are meant, it begins with
            ``equal within the reference`` in the place of ``equal``.
        word: The word that separates them, where they differ.
        shortest: Whether no shorter word separates them.
        wrong: Which of the two is wrong, where the reference tells.
        evidence: One sentence: how it is known.
        searched: What was compared, where the relation rests on that.
    """

    left: str
    right: str
    equal: bool | None
    relation: str
    word: tuple[str, ...] | None = None
    shortest: bool = False
    wrong: str | None = None
    evidence: str = ""
    searched: Evidence | None = None

    @property
    def closed(self) -> bool:
        """Whether words of every length lead only to state vectors that were visited."""
        return self.searched is not None and self.searched.closed

    def to_dict(self) -> dict[str, Any]:
        """The fields, for JSON."""
        fields = {name: value for name, value in vars(self).items() if name != "searched"}
        return fields | {"word": None if self.word is None else list(self.word)}


@dataclass(frozen=True)
class StateReport:
    """Where the state vectors of one state of the machine lie.

    Attributes:
        state: Its name.
        visits: How often the sampled words came to it.
        memories: How many different state vectors they came with.
        radius: The largest distance of one of them from their mean.
        nearest: The name of the state with the nearest mean, None for a machine of one state.
        distance: The distance of that mean.
        tolerance: The size of random noise on a state vector, in Euclidean norm, up to which every
            tried disturbance of every tried vector of the state still behaved as that state; None
            where the time did not last for it.
    """

    state: str
    visits: int
    memories: int
    radius: float
    nearest: str | None
    distance: float | None
    tolerance: float | None

    def to_dict(self) -> dict[str, Any]:
        """The fields, for JSON, which has no word for what is not a finite number."""
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in vars(self).items()
        }


@dataclass(frozen=True, eq=False)
class Sample:
    """Some of the visited state vectors, as pictures show them.

    Attributes:
        points: The state vectors, shape (N, D).
        states: For each the index of its state in the machine's ``states``, shape (N,).
        parts: What to call the D numbers of a state vector.
    """

    points: NDArray[np.float64]
    states: NDArray[np.intp]
    parts: tuple[str, ...]

    def means(self) -> NDArray[np.float64]:
        """The mean state vector of every state, shape (S, D)."""
        count = int(self.states.max()) + 1
        return np.array([self.points[self.states == state].mean(axis=0) for state in range(count)])


@dataclass(frozen=True)
class Extraction(Displayed):
    """A machine rebuilt from a net's state vectors, and what is known about it.

    Attributes:
        fsm: The machine, minimal among those with its behaviour.
        verdict: Net against machine, and with a reference also machine against reference and net
            against reference.
        states: One report per state.
        ended_by: The budget that ended the search (``states``, ``words`` or ``seconds``), or None
            when the search came to its own end.
        steps: Steps of the net that were run.
        memories: Different state vectors that were visited.
        found_after: The steps after which the machine was what it is; the others are evidence.
        margin: How far the nearest of all visited state vectors was from another observation, in
            the numbers of the net's readout; None where the net does not tell.
        seconds: How long it took.
        observed: What was seen of the net: ``legal``, ``accept`` or ``label``, or several.
        reading: How the net's answers are read, such as ``legal: softmax > 0.1``; empty for an
            object that does not tell.
        reference: The machine that was compared with, if any.
        sample: Some of the state vectors, for pictures.
    """

    fsm: FSM
    verdict: tuple[Comparison, ...]
    states: tuple[StateReport, ...]
    ended_by: str | None
    steps: int
    memories: int
    found_after: int = 0
    margin: float | None = None
    seconds: float = 0.0
    observed: tuple[str, ...] = ()
    reading: str = ""
    reference: FSM | None = None
    sample: Sample | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON; the machine as TOML."""
        from reberlstm.formats import toml

        plain = ("ended_by", "steps", "memories", "found_after", "margin", "seconds", "reading")
        return {
            "fsm": toml.write(self.fsm),
            "verdict": [comparison.to_dict() for comparison in self.verdict],
            "states": [report.to_dict() for report in self.states],
            **{name: getattr(self, name) for name in plain},
        }

    def _plain(self) -> str:
        """The verdicts, without what differs from run to run."""
        lines = [f"{self.fsm.name or 'machine'}: {len(self.fsm.states)} states"]
        for comparison in self.verdict:
            word = "" if comparison.word is None else f", {self.fsm.text(comparison.word)!r}"
            lines.append(f"{comparison.left} and {comparison.right}: {comparison.relation}{word}")
        return "\n".join(lines)


CLOSED = "every state vector that any of them leads to was visited in this run, bit by bit"

LAST_SEARCH = 20_000
"""Pairs of state vector and state in the search with a machine that no oracle has compared yet."""


def verdict_of(
    runs: Trajectories,
    machine: Hypothesis,
    fsm: FSM,
    reference: FSM | None,
    budget: Budget,
    *,
    searched: Evidence | None,
    proof: Certificate | None,
    refuted_by: Word | None,
) -> tuple[Comparison, ...]:
    """Net and machine; with a reference also machine and reference, net and reference.

    Args:
        runs: The state vectors of the net.
        machine: The machine that was found.
        fsm: The same with names.
        reference: The machine to compare with.
        budget: How much to compare where nothing follows from what is known.
        searched: What the oracles compared; None where a budget ended the search.
        proof: A certificate that proves net and machine equal.
        refuted_by: A word on which net and machine are known to differ.
    """
    if proof is not None:
        how = (
            f"certificate in scope {proof.scope!r}, margin {proof.margin:.3g}, "
            f"in {runs.arithmetic} arithmetic"
        )
        own = _proved(runs, "net", "machine", how)
    elif searched is not None:
        own = _undistinguished(runs, "machine", searched)
    else:
        own = _searched(runs, machine, "machine", budget.pairs, refuted_by)
    if reference is None:
        return (own,)
    right = _machine_and_reference(runs, fsm, reference)
    net = _net_and_reference(runs, reference, own, right, searched, budget)
    if own.equal is False:  # where one of the two equals the reference, the other one is wrong
        own = replace(own, wrong="net" if right.equal else "machine" if net.equal else None)
    return own, right, net


def _machine_and_reference(runs: Trajectories, fsm: FSM, reference: FSM) -> Comparison:
    scope = runs.scope
    how = f"breadth-first over the product, by {' and '.join(scope.observed)}"
    words: list[tuple[str, ...] | None]
    if scope.only_legal and (scope.first is not None or scope.within is not None):
        words = [_difference_while_going_on(fsm, reference)]
        how += ", after words that can go on in the reference"
    else:
        words = [fsm.difference(reference, by=kind) for kind in runs.net.observed]
    found = [word for word in words if word is not None]
    if not found:
        return _proved(runs, "machine", "reference", how)
    word = min(found, key=len)
    return Comparison("machine", "reference", False, "different", word, True, "machine", how)


def _difference_while_going_on(fsm: FSM, reference: FSM) -> tuple[str, ...] | None:
    """A shortest word after which legal sets differ, if it can go on in the reference."""

    def follow(pair: tuple[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
        left, right = fsm.transitions[pair[0]], reference.transitions[pair[1]]
        return ((a, (left[a], right[a])) for a in reference.alphabet if a in right)

    def differ(pair: tuple[str, str]) -> bool:
        legal = reference.legal(pair[1])
        return bool(legal) and fsm.legal(pair[0]) != legal

    found = crawl([(fsm.start, reference.start)], follow, goal=differ)
    return None if found.goal is None else found.word(found.goal)


def _net_and_reference(
    runs: Trajectories,
    reference: FSM,
    own: Comparison,
    machine: Comparison,
    searched: Evidence | None,
    budget: Budget,
) -> Comparison:
    if own.equal and machine.equal:
        return _proved(runs, "net", "reference", "both are equal to the machine, proved")
    if searched is not None and machine.equal:
        return _undistinguished(runs, "reference", searched)
    expected = hypothesis_of(runs, reference)
    # Long words on which the net may err: cycles of the reference, and what the machine shows.
    words = [*Cycles(runs, budget.rounds).words(expected)]
    if machine.word is not None:
        words.append(tuple(map(runs.net.alphabet.index, machine.word)))
    word: Word | None = None
    with suppress(BudgetEnd):
        word = Words(runs, words).find_counterexample(expected)
    # Of shorter words the machine says what the net says, and that is what the reference says.
    compared = -1.0 if searched is None else searched.all_up_to
    if own.equal:
        compared = float("inf")
    if word is not None and len(word) == len(machine.word or ()) <= compared:
        how = "no shorter word separates machine and reference, nor net and machine"
        return _different(runs, "reference", word, how, shortest=True)
    return _searched(runs, expected, "reference", budget.pairs, word)


def _searched(
    runs: Trajectories, machine: Hypothesis, right: str, pairs: int, word: Word | None
) -> Comparison:
    """What an exhaustive search finds, as far as it gets; else a longer word that is known."""
    oracle = Exhaustive(runs, min(pairs, LAST_SEARCH))
    with suppress(BudgetEnd):
        found = oracle.find_counterexample(machine)
        word = word if found is None else found
    if word is None:
        return _undistinguished(runs, right, oracle.evidence)
    least = oracle.evidence.all_up_to + 1
    if len(word) <= least:
        return _different(runs, right, word, "no shorter word separates them", shortest=True)
    how = f"a shorter one of {least} symbols or more may exist"
    return _different(runs, right, word, how, shortest=False)


def _different(
    runs: Trajectories, right: str, word: Word, how: str, *, shortest: bool
) -> Comparison:
    text = tuple(runs.net.alphabet[symbol] for symbol in word)
    wrong = "net" if right == "reference" else None
    return Comparison("net", right, False, "different", text, shortest, wrong, how)


def _proved(runs: Trajectories, left: str, right: str, how: str) -> Comparison:
    return Comparison(left, right, True, f"{_equal(runs)}: proved", evidence=how)


def _undistinguished(runs: Trajectories, right: str, searched: Evidence) -> Comparison:
    """Net and machine that no compared word told apart: exactly as much as was compared."""
    more, longest = f"{searched.sampled:,}", f"up to {searched.longest:,} symbols"
    if searched.all_up_to <= 0 and not searched.closed and searched.sampled:
        relation, how = f"{_equal(runs)} on {more} sampled words", f"{runs.scope}, {longest}"
    else:
        relation = f"{_equal(runs)} on all words up to length {searched.all_up_to}"
        how = f"compared: {runs.scope}"
        if searched.closed:
            how += f"; {CLOSED}"
        if searched.sampled:
            how += f"; besides, {more} longer words of {longest}"
    return Comparison("net", right, None, relation, evidence=how, searched=searched)


def _equal(runs: Trajectories) -> str:
    return "equal" if runs.scope.within is None else "equal within the reference"
