"""The loop: hypothesis, search for a difference, refinement; then the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from reberlstm.errors import ExtractionError
from reberlstm.extraction import search
from reberlstm.extraction.geometry import describe
from reberlstm.extraction.judging import judge
from reberlstm.extraction.learner import Hypothesis, Snapshot
from reberlstm.extraction.machines import to_fsm
from reberlstm.extraction.search import Budget, Evidence, Word
from reberlstm.extraction.subject import RecurrentNet, Subject
from reberlstm.extraction.trajectories import BudgetEnd, Trajectories
from reberlstm.extraction.verdict import Extraction
from reberlstm.fsm import FSM
from reberlstm.weights import LSTMWeights

if TYPE_CHECKING:
    from reberlstm.certificates import Certificate


def extract(
    net: RecurrentNet | LSTMWeights,
    *,
    reference: FSM | None = None,
    max_states: int = 1_000,
    max_words: int = 2_000_000,
    seconds: float = 60.0,
    budget: Budget | None = None,
    prove: bool = True,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Extraction:
    """Rebuild a machine from the memory of a net.

    Args:
        net: Our weights, or anything with the protocol `RecurrentNet`.
        reference: A machine to compare with; its words are also tried.
        max_states: A bound on the machine.
        max_words: A bound on the words whose memory is kept.
        seconds: A bound on the time for searching.
        budget: How much is compared before machine and net count as undistinguished.
        prove: Try a certificate in the end, where the net is one LSTM layer of ours.
        seed: The seed of the sampled words.
        progress: Called with the number of states and of steps whenever the machine was refined.

    Returns:
        The machine and what is known of it; when a bound ended the search, the best machine so far.

    Raises:
        ExtractionError: when the net lacks a part of the protocol or answers in a wrong shape, or
            the alphabet of the reference is another one.

    Example:
        >>> import reberlstm as rl
        >>> found = extract(rl.compile(rl.load_grammar("tomita-4")))
        >>> len(found.fsm.states), found.verdict[0].relation
        (4, 'equal: proved')
    """
    subject = Subject(net, reference)
    if reference is not None and set(reference.alphabet) != set(subject.alphabet):
        raise ExtractionError(
            f"the alphabet of the reference {reference} is {' '.join(reference.alphabet)}, "
            f"but that of {subject.name} is {' '.join(subject.alphabet)}"
        )
    budget = Budget() if budget is None else budget
    runs = Trajectories(subject, max_words, time.monotonic() + seconds)
    hypothesis = Hypothesis(runs, max_states)
    machine: Snapshot = hypothesis
    evidence = Evidence()
    certificate: Certificate | None = None
    ended_by: str | None = None
    try:
        hypothesis.close()
        while True:
            machine = hypothesis.copy()
            evidence, certificate = Evidence(), None
            word = _difference(runs, machine, reference, budget, evidence, seed)
            if word is None and prove and isinstance(net, LSTMWeights):
                certificate = _certificate(runs, machine, net, reference, seconds)
                word = _refutation(runs, machine, certificate)
            if word is None and (certificate is None or certificate.holds is None):
                word = search.exhaustive(runs, machine, budget.pairs, evidence)
            if word is None:
                break
            hypothesis.refine(word)
            if progress is not None:
                progress(len(hypothesis.table), runs.steps)
    except BudgetEnd as end:
        ended_by = str(end)
    runs.lift()
    rng = np.random.default_rng(seed)
    fsm = to_fsm(runs, machine, f"extracted from {subject.name}", reference)
    words = search.walks(runs, min(budget.walks, 200), budget.length, rng)
    return Extraction(
        fsm=fsm,
        verdict=judge(runs, machine, fsm, reference, budget, evidence, ended_by, certificate),
        states=describe(runs, machine, words, fsm.states, rng),
        ended_by=ended_by,
        steps=runs.steps,
        memories=runs.count,
    )


QUICK = 3_000
"""Pairs of memory and state in the first look at a new machine."""


def _certificate(
    runs: Trajectories,
    machine: Snapshot,
    net: LSTMWeights,
    reference: FSM | None,
    seconds: float,
) -> Certificate:
    """Is the net right by the machine after words of every length?"""
    from reberlstm.certificates import certify

    return certify(net, to_fsm(runs, machine, "", reference), seconds=seconds)


def _refutation(runs: Trajectories, machine: Snapshot, certificate: Certificate) -> Word | None:
    """The prefix of a certificate's counterexample on which the kept memories differ, too."""
    if certificate.counterexample is None:
        return None
    index = {symbol: number for number, symbol in enumerate(runs.subject.alphabet)}
    word = tuple(index[symbol] for symbol in certificate.counterexample)
    return search.compare(runs, machine, [word], Evidence())


def _difference(
    runs: Trajectories,
    machine: Snapshot,
    reference: FSM | None,
    budget: Budget,
    evidence: Evidence,
    seed: int,
) -> Word | None:
    """A word on which net and machine differ, from the searches that reach far at little cost."""
    symbols = len(runs.subject.alphabet)
    rng = np.random.default_rng(seed)

    def sampled() -> Word | None:
        words = search.walks(runs, budget.walks, budget.length, rng)
        words += list(search.corrupted(words, symbols, rng))
        return search.compare(runs, machine, words, evidence)

    def repeated() -> Word | None:
        words = list(search.cycles(machine, budget.rounds))
        return search.compare(runs, machine, words, evidence)

    def suggested() -> Word | None:
        if reference is None or reference.start not in reference.distance_to_acceptance:
            return None
        index = {symbol: number for number, symbol in enumerate(runs.subject.alphabet)}
        words = [
            tuple(index[symbol] for symbol in word)
            for word in reference.sample(budget.walks, seed=seed)
        ]
        words += list(search.corrupted(words, symbols, rng))
        return search.compare(runs, machine, words, evidence)

    searches = (
        lambda: search.exhaustive(runs, machine, min(QUICK, budget.pairs), Evidence()),
        lambda: search.diverse(runs, machine, min(QUICK, budget.pairs)),
        repeated,
        sampled,
        suggested,
    )
    for look in searches:
        word = look()
        if word is not None:
            return word
    return None
