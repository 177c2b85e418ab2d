"""From a net's state vectors back to a machine, and exactly what is known about it.

1. `Trajectories` runs words, from state vectors already visited; `AskedWords` says which are asked.
2. `Learner` has the hypothesis whose states no suffix seen so far splits any further.
3. Equivalence oracles look for a word on which net and hypothesis differ; each one found splits a
   state, until none is found or the budget ends. One of them tries `certify`, where it applies.
4. The verdict says what is known of net, machine and reference, two by two.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from reberlstm.errors import ExtractionError
from reberlstm.extraction.learner import Hypothesis, Learner, to_fsm
from reberlstm.extraction.nets import RecurrentNet, subject_of
from reberlstm.extraction.oracles import Budget, searches
from reberlstm.extraction.oracles.base import Evidence, Word, Words
from reberlstm.extraction.oracles.certificate import Certificates
from reberlstm.extraction.oracles.walks import walks
from reberlstm.extraction.scope import scope_of
from reberlstm.extraction.trajectories import BudgetEnd, Trajectories
from reberlstm.extraction.verdict import (
    Comparison,
    Extraction,
    Sample,
    StateReport,
    describe,
    verdict_of,
)
from reberlstm.grammars import Grammar, as_machine
from reberlstm.machine.fsm import FSM, with_first_output

__all__ = ["Budget", "Comparison", "Extraction", "RecurrentNet", "Sample", "StateReport", "extract"]

EFFORTS = (0.002, 0.04, 1.0)
"""Shares of the budget: every hypothesis is tested with the first one, then the second, …

The least effort is in proportion to the machine, see `Budget.scaled`.
"""

SEARCHING = 0.85
"""The share of the time that is for searching; a verdict on what was found needs some, too."""


@np.errstate(over="ignore", invalid="ignore")  # a net may grow beyond all numbers
def extract(
    net: Any,
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
    **reading: Any,
) -> Extraction:
    """Rebuild a machine from the state vectors of a net.

    Args:
        net: A net, a shipped name, a path, a state dict or an `nn.Module`; or an object with the
            protocol `RecurrentNet`.
        reference: A machine to compare with, its name or its file; its words are also tried.
        within: Ask the net only about words of the reference, as far as they go on there. Of other
            words the machine then says nothing: they end in a state ``outside``, if anywhere.
        max_states: A bound on the machine.
        max_words: A bound on the words whose state vector is kept.
        seconds: A bound on the time for searching.
        budget: How much is compared before machine and net count as undistinguished.
        prove: Try a certificate in the end, where the net is one that `certify` takes.
        seed: The seed of the sampled words.
        progress: Called with the number of states and of steps whenever the machine was refined.
        reading: How a foreign net is read (``alphabet``, ``readout`` and others), as in `load`.

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
    for name, bound in {"max_states": max_states, "max_words": max_words}.items():
        if bound < 1:
            raise ExtractionError(f"{name} is {bound}; it must be at least 1")
    if not 0.0 <= seconds < float("inf"):
        raise ExtractionError(f"seconds is {seconds}; it must be finite and not negative")
    reference = None if reference is None else as_machine(reference)
    subject = subject_of(net, reference, **reading)
    scope = scope_of(subject, reference, within=within)
    budget = Budget() if budget is None else budget
    started = time.monotonic()
    # The rest of the time is for the verdict.
    runs = Trajectories(subject, scope, max_words, started + SEARCHING * seconds)
    learner = Learner(runs, max_states)
    prover = Certificates(runs, seconds) if prove else None
    machine: Hypothesis | None = None
    searched: Evidence | None = None
    refuted_by: Word | None = None
    ended_by: str | None = None
    found_after = 0
    try:
        learner.close()
        while searched is None:
            machine, found_after, refuted_by = learner.copy(), runs.steps, None
            word, evidence = _counterexample(runs, machine, reference, budget, prover, seed)
            refuted_by = word
            while word is not None:  # one word may show several errors
                learner.refine(word)
                word = Words(runs, [word]).find_counterexample(learner)
            if refuted_by is None:
                searched = evidence
            if progress is not None:
                progress(len(learner), runs.steps)
    except BudgetEnd as end:
        ended_by = str(end)
    if machine is None:
        runs.extend(float("inf"))
        learner.close(grow=False)
        machine, found_after = learner.copy(), runs.steps
    machine, steps = machine.minimised(), runs.steps
    # However short the search had to be, the verdict may take a second.
    runs.extend(time.monotonic() + max(1.0, (1 - SEARCHING) * seconds))
    fsm = to_fsm(runs, machine, f"extracted from {subject.name or 'the net'}", reference)
    verdict = verdict_of(
        runs,
        machine,
        fsm,
        # A Mealy machine says nothing of the empty word, so that is not judged.
        None if reference is None else with_first_output(reference, fsm.outputs.get(fsm.start)),
        budget,
        searched=searched,
        proof=None if prover is None else prover.proof,
        refuted_by=refuted_by,
    )
    # Where the states lie, from random walks and from a shortest word to each state.
    rng = np.random.default_rng(seed)
    words = list(machine.access_words().values())
    with suppress(BudgetEnd):
        words += walks(runs, 200, 100, rng)
    reports, sample = describe(runs, machine, words, fsm.states, rng)
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
        reading=subject.reading,
        reference=reference,
        sample=sample,
    )


def _counterexample(
    runs: Trajectories,
    machine: Hypothesis,
    reference: FSM | None,
    budget: Budget,
    prover: Certificates | None,
    seed: int,
) -> tuple[Word | None, Evidence]:
    """A word on which net and machine differ, or None, and what was compared with all effort."""
    evidence = Evidence()
    transitions = sum(target >= 0 for line in machine.table for target in line)
    for share in EFFORTS:
        evidence = Evidence()
        for oracle in searches(runs, reference, budget.scaled(share, transitions), seed):
            word = oracle.find_counterexample(machine)
            if word is not None:
                return word, evidence
            evidence |= oracle.evidence
        if prover is not None:
            word = prover.find_counterexample(machine, long=share == EFFORTS[-1])
            if word is not None:
                return word, evidence
            if prover.proof is not None:
                break
    return None, evidence
