"""The loop: hypothesis, search for a difference, refinement; then the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

from reberlstm.errors import ExtractionError
from reberlstm.extraction import search
from reberlstm.extraction.geometry import describe
from reberlstm.extraction.judging import judge_machine, judge_reference
from reberlstm.extraction.learner import Hypothesis, Snapshot
from reberlstm.extraction.looking import difference
from reberlstm.extraction.machines import minimised, to_fsm
from reberlstm.extraction.proving import Prover
from reberlstm.extraction.sample import Sample
from reberlstm.extraction.search import Budget, Evidence, Word
from reberlstm.extraction.subject import RecurrentNet, Subject
from reberlstm.extraction.trajectories import BudgetEnd, Trajectories
from reberlstm.extraction.verdict import Comparison, Extraction, StateReport
from reberlstm.grammars import Grammar, as_machine
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import LSTMWeights


@np.errstate(over="ignore", invalid="ignore")  # a net may grow beyond all numbers
def extract(
    net: RecurrentNet | LSTMWeights,
    *,
    reference: Grammar | None = None,
    within: bool = False,
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
        within: Follow and judge only words of the reference, as far as it lets them go on. Of other
            words the machine then says nothing: they end in a state ``outside``, if anywhere.
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
        ExtractionError: when the net lacks a part of the protocol or answers in a wrong shape, the
            alphabet of the reference is another one, or there is none to stay within.

    Example:
        >>> import reberlstm as rl
        >>> found = extract(rl.compile(rl.load_grammar("tomita-4")))
        >>> len(found.fsm.states), found.verdict[0].relation
        (4, 'equal: proved')
    """
    reference = None if reference is None else as_machine(reference)
    subject = Subject(net, reference, within=within)
    _check_bounds(max_states, max_words, seconds)
    budget = Budget() if budget is None else budget
    started = time.monotonic()
    # The rest of the time is for the verdict.
    runs = Trajectories(subject, max_words, started + SEARCHING * seconds)
    hypothesis = Hypothesis(runs, max_states)
    prover = Prover(runs, seconds) if prove else None
    machine: Snapshot | None = None
    evidence: Evidence | None = None
    refuted_by: Word | None = None
    ended_by: str | None = None
    found_after = 0
    try:
        hypothesis.close()
        while evidence is None:
            machine, found_after, refuted_by = hypothesis.copy(), runs.steps, None
            word, looked = _looked_for(runs, machine, reference, budget, prover, seed)
            if word is None:
                evidence = looked
            refuted_by = word
            while word is not None:  # one word may show several errors
                hypothesis.refine(word)
                word = search.compare(runs, hypothesis, [word], Evidence())
            if progress is not None:
                progress(len(hypothesis), runs.steps)
    except BudgetEnd as end:
        ended_by = str(end)
    if machine is None:
        runs.extend(float("inf"))
        machine, found_after = hypothesis.settled(), runs.steps
    machine, steps = minimised(machine), runs.steps
    runs.extend(time.monotonic() + max(LEAST_FOR_VERDICT, (1 - SEARCHING) * seconds))
    fsm = to_fsm(runs, machine, f"extracted from {subject.name}", reference)
    proof = None if prover is None else prover.proof
    judged = judge_machine(runs, machine, evidence, proof, refuted_by, budget.pairs)
    verdict: tuple[Comparison, ...] = (judged,)
    if reference is not None:
        verdict = judge_reference(runs, fsm, reference, judged, evidence, budget)
    reports, sample = _described(runs, machine, fsm.states, np.random.default_rng(seed))
    return Extraction(
        fsm=fsm,
        verdict=verdict,
        states=reports,
        ended_by=ended_by,
        steps=steps,
        memories=runs.count,
        found_after=found_after,
        margin=runs.margin(),
        seconds=time.monotonic() - started,
        observed=subject.observed,
        reference=reference,
        sample=sample,
    )


EFFORTS = (0.002, 0.04, 1.0)
"""Shares of the budget: every new machine is looked at quickly before it is looked at for long.

The least look is in proportion to the machine, see `Budget.scaled`.
"""

SEARCHING = 0.85
"""The share of the time that is for searching; a verdict on what was found needs some, too."""

LEAST_FOR_VERDICT = 1.0
"""Seconds that the verdict may take however short the search had to be."""


def _looked_for(
    runs: Trajectories,
    machine: Snapshot,
    reference: FSM | None,
    budget: Budget,
    prover: Prover | None,
    seed: int,
) -> tuple[Word | None, Evidence]:
    """A word on which net and machine differ, or None, and what was compared by the last look."""
    looked = Evidence()
    transitions = sum(target >= 0 for line in machine.table for target in line)
    for share in EFFORTS:
        looked, part = Evidence(), budget.scaled(share, transitions)
        word = difference(runs, machine, reference, part, looked, seed)
        if word is None and prover is not None:
            word = prover.attempt(machine, patiently=share == EFFORTS[-1])
            if prover.proof is not None:
                break
        if word is not None:
            return word, looked
    return None, looked


def _check_bounds(max_states: int, max_words: int, seconds: float) -> None:
    for name, bound in {"max_states": max_states, "max_words": max_words}.items():
        if bound < 1:
            raise ExtractionError(f"{name} is {bound}; it must be at least 1")
    if not 0.0 <= seconds < float("inf"):
        raise ExtractionError(f"seconds is {seconds}; it must be finite and not negative")


def _described(
    runs: Trajectories, machine: Snapshot, names: Sequence[str], rng: np.random.Generator
) -> tuple[tuple[StateReport, ...], Sample]:
    """Where the states lie, from random walks and from a shortest word to each state."""
    words = list(search.shortest(machine, 0).values())
    with suppress(BudgetEnd):
        words += search.walks(runs, WALKS, WALK_LENGTH, rng)
    return describe(runs, machine, words, names, rng)


WALKS = 200
WALK_LENGTH = 100
