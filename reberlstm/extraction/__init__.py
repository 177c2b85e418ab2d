"""From a net's state vectors back to a machine, and exactly what is known about it.

1. `Trajectories` runs words, from state vectors already visited; `AskedWords` says which are asked.
2. `Learner` has the hypothesis whose states no suffix seen so far splits any further.
3. Equivalence oracles look for a word on which net and hypothesis differ; each one found splits a
   state, until none is found or the budget ends. One of them tries `certify`, where it applies.
4. The verdict says what is known of net, machine and reference, two by two.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from reberlstm.errors import ExtractionError
from reberlstm.extraction.learner import Hypothesis, Learner, to_fsm
from reberlstm.extraction.nets import RecurrentNet, subject_of
from reberlstm.extraction.oracles import USUAL, Budget, Request, searches
from reberlstm.extraction.oracles.base import Evidence, Oracle, Word, Words
from reberlstm.extraction.oracles.certificate import Certificates
from reberlstm.extraction.oracles.walks import walks
from reberlstm.extraction.rates import Candidate, Rate, Sampled, best, picked, sampled
from reberlstm.extraction.scope import asks_where_to_begin, scope_of
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
from reberlstm.machine.counters import BEYOND, CounterMachine
from reberlstm.machine.fsm import with_first_output
from reberlstm.net.loading import indices_of

if TYPE_CHECKING:
    from reberlstm.certificates import Certificate

__all__ = [
    "Budget",
    "Candidate",
    "Comparison",
    "Extraction",
    "Rate",
    "RecurrentNet",
    "Sample",
    "StateReport",
    "extract",
]

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
    counters: int = 10,
    begin: Sequence[str] | None = None,
    max_states: int = 1_000,
    max_words: int = 2_000_000,
    max_steps: int = 20_000_000,
    seconds: float = 60.0,
    budget: Budget | None = None,
    oracles: Sequence[str] = USUAL,
    words: Sequence[Sequence[str]] = (),
    pick: str | None = None,
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
        counters: How far the counters of a reference may go up and down, where it has some: then
            the net is asked only about its words within this bound, and `reference` of the result
            is the finite machine that is right there.
        begin: Symbols that words begin with, for a net of next symbols that was taught nothing
            before the first one, where no reference says which.
        max_states: A bound on the machine.
        max_words: A bound on the words whose state vector is kept.
        max_steps: A bound on the steps of the net. It does not depend on the computer, so that the
            same seed gives the same verdict where the time is enough for it.
        seconds: A bound on the processor time for searching.
        budget: How much is compared before machine and net count as undistinguished.
        oracles: Names of equivalence oracles, in the order in which they are asked; see
            `reberlstm.extraction.oracles.ORACLES`.
        words: A person's own words, which are compared first.
        pick: Which machine to return: ``agreement=0.99``, the smallest that agrees with the net on
            at least that share of biased words, or ``states=5``, the one with at most so many
            states that agrees best. By default the last one; where a bound ended the search, the
            one that agrees on most of the sampled words.
        prove: Try a certificate in the end, where the net is one that `certify` takes.
        seed: The seed of the sampled words.
        progress: Called with the number of states and of steps whenever the machine was refined.
        reading: How a foreign net is read (``alphabet``, ``readout`` and others), as in `load`.

    Returns:
        The machine and what is known of it; when a bound ended the search, the best machine so far.

    Raises:
        ExtractionError: when the net lacks a part of the protocol or answers in a wrong shape, the
            alphabet of the reference is another one, there is none to stay within, or no machine is
            as `pick` asks.

    Example:
        >>> import reberlstm as rl
        >>> found = extract(rl.compile(rl.load_grammar("tomita-4")))
        >>> len(found.fsm.states), found.verdict[0].relation
        (4, 'equal: proved')
    """
    for name, bound in {
        "max_states": max_states,
        "max_words": max_words,
        "max_steps": max_steps,
    }.items():
        if not bound >= 1:
            raise ExtractionError(f"{name} is {bound}; it must be at least 1")
    if seed < 0:
        raise ExtractionError(f"seed is {seed}; it must be at least 0")
    if not 0.0 <= seconds < float("inf"):
        raise ExtractionError(f"seconds is {seconds}; it must be finite and not negative")
    known = None if reference is None else as_machine(reference)
    counts, beyond = "", None
    if isinstance(known, CounterMachine):
        counts, beyond, within = _counts(known, counters), BEYOND, True
        reference = known.bounded(counters, beyond=True)
    else:
        reference = known
    subject = subject_of(net, reference, **reading)
    scope = scope_of(subject, reference, within=within, begin=begin, beyond=beyond)
    wanted = Budget() if budget is None else budget
    started = time.process_time()
    # The rest of the time is for the verdict.
    runs = Trajectories(subject, scope, max_words, started + SEARCHING * seconds, max_steps)
    budget = wanted.within(runs.fitting)
    given: list[Word] = [tuple(word.tolist()) for word in indices_of(subject, words)]
    notes = [counts] * bool(counts) + [_cut(runs, wanted, budget)] * (budget != wanted)
    if begin is None and asks_where_to_begin(subject, reference):
        notes.append(_begins(runs))
    request = Request(runs, reference, budget, seed, given)
    found = _search(request, oracles, max_states, seconds if prove else None, progress)
    # However short the search had to be, the verdict may take a second.
    runs.extend(time.process_time() + max(1.0, (1 - SEARCHING) * seconds))
    tested: Sampled | None = None
    with suppress(BudgetEnd):
        tested = sampled(runs, reference, request.given, seed)
    candidates = [] if tested is None else _candidates(tested, found.way)
    last = found.way[-1]
    chosen = found.way[_index(candidates, pick)] if pick is not None else last
    if pick is None and found.ended_by is not None and candidates:
        chosen = found.way[max(candidates, key=lambda each: each.right).number]
    machine, searched, proof = chosen.machine.minimised(), found.searched, found.proof
    if chosen is not last:
        searched = proof = None
    fsm = to_fsm(runs, machine, f"extracted from {subject.name or 'the net'}", reference)
    verdict = verdict_of(
        runs,
        machine,
        fsm,
        # A Mealy machine says nothing of the empty word, so that is not judged.
        None if reference is None else with_first_output(reference, fsm.outputs.get(fsm.start)),
        budget,
        searched=searched,
        proof=proof,
        refuted_by=chosen.refuted_by,
        words=tested,
    )
    if searched is not None and verdict[0].equal is False:
        notes.append(
            "a word that was sampled after the search shows a difference that it did not find; a "
            "larger budget (--effort) looks farther"
        )
    growth = _growth(machine)
    if (found.ended_by is not None or verdict[0].equal is False) and _grows(growth):
        notes.append(_grown(growth))
        made_from = getattr(subject, "machine", None)
        if isinstance(made_from, CounterMachine) and not counts:
            notes.append(
                f"the net is made from {made_from}, which counts; with that as the reference "
                "it is asked about words up to a bound of the counters"
            )
    # Where the states lie, from random walks and from a shortest word to each state.
    rng = np.random.default_rng(seed)
    drawn = list(machine.access_words().values())
    with suppress(BudgetEnd):
        drawn += walks(runs, 200, 100, rng)
    reports, sample = describe(runs, machine, drawn, fsm.states, rng)
    return Extraction(
        fsm=fsm,
        verdict=verdict,
        states=reports,
        ended_by=found.ended_by,
        steps=runs.steps,
        search_steps=found.steps,
        memories=runs.count,
        found_after=chosen.found_after,
        margin=runs.margin(),
        seconds=time.process_time() - started,
        observed=subject.observed,
        reading=subject.reading,
        notes=tuple(notes),
        reference=reference,
        growth=growth,
        candidates=tuple(best([each.candidate for each in candidates])),
        sample=sample,
    )


def _counts(machine: CounterMachine, bound: int) -> str:
    """What is asked of a net that is compared with a machine that counts."""
    names = " and ".join(machine.counters)
    return (
        f"{machine} counts {names}: the net is asked about its words as far as counters are "
        f"within ±{bound} (--counters), symbol by symbol; nothing is said of other words (state "
        f"{BEYOND})"
    )


GROWING = 10
"""States that are new after 1, 2, … up to so many symbols are taken for growth with the length."""


def _growth(machine: Hypothesis) -> tuple[int, ...]:
    """How many states of a machine words of up to 0, 1, 2, … symbols lead to."""
    lengths = [len(word) for word in machine.access_words().values()]
    return tuple(sum(n <= length for n in lengths) for length in range(max(lengths) + 1))


def _grows(growth: Sequence[int]) -> bool:
    return len(growth) > GROWING and all(a < b for a, b in pairwise(growth))


def _grown(growth: Sequence[int]) -> str:
    last = len(growth) - 1
    places = sorted({round(last * share) for share in (0.1, 0.2, 0.4, 0.7, 1.0)})
    found = ", ".join(f"{growth[at]:,} up to {at:,}" for at in places)
    return (
        f"the number of states grows with the length of the words, {found} symbols: perhaps "
        "without end, as in a net that counts, which no finite machine equals; this one is right "
        "only as far as the verdict says"
    )


def _cut(runs: Trajectories, wanted: Budget, budget: Budget) -> str:
    """What the memory did not suffice for."""
    return (
        f"the memory holds {runs.fitting:,} state vectors of {runs.width:,} numbers, so at most "
        f"{budget.pairs:,} of {wanted.pairs:,} pairs and {budget.walks:,} of {wanted.walks:,} "
        "walks of each kind were tried"
    )


def _begins(runs: Trajectories) -> str:
    """With which symbols words begin, where nobody has said so."""
    alphabet = runs.net.alphabet
    offered = runs.offered(np.zeros(1, dtype=np.intp))[0]
    first = " or ".join(symbol for symbol, yes in zip(alphabet, offered, strict=True) if yes)
    return (
        f"words begin with {first}, as the net offers before any symbol; if it was never asked "
        f"there, say how they begin: a reference, or begin={alphabet[0]!r} (--begin {alphabet[0]})"
    )


@dataclass
class _OnTheWay:
    """A machine, after how many steps it was there, and a word that shows that it is wrong."""

    machine: Hypothesis
    found_after: int
    refuted_by: Word | None = None


@dataclass(frozen=True)
class _Found:
    """The machines in the order in which they were found, and how the search came to an end."""

    way: list[_OnTheWay]
    searched: Evidence | None
    proof: Certificate | None
    ended_by: str | None
    steps: int


def _search(
    request: Request,
    oracles: Sequence[str],
    max_states: int,
    seconds: float | None,
    progress: Callable[[int, int], None] | None,
) -> _Found:
    """Learn until no oracle finds a difference, or a bound ends that; `seconds` are for proofs."""
    runs = request.runs
    learner = Learner(runs, max_states)
    prover = None if seconds is None else Certificates(runs, seconds)
    way: list[_OnTheWay] = []
    searched: Evidence | None = None
    ended_by: str | None = None
    try:
        learner.close()
        while searched is None:
            way.append(_OnTheWay(learner.copy(), runs.steps))
            oracle, word, evidence = _counterexample(request, oracles, way[-1].machine, prover)
            way[-1].refuted_by = word
            if word is None:
                searched = evidence
            while word is not None:
                one: Word | None = word
                while one is not None:  # one word may show several errors
                    learner.refine(one)
                    one = Words(runs, [one]).find_counterexample(learner)
                if progress is not None:
                    progress(len(learner), runs.steps)
                word = None if oracle is None else oracle.again(learner)
                if word is not None:
                    way.append(_OnTheWay(learner.copy(), runs.steps, word))
    except BudgetEnd as end:
        ended_by = str(end)
    if not way:
        runs.extend(float("inf"))
        learner.close(grow=False)
        way.append(_OnTheWay(learner.copy(), runs.steps))
    return _Found(way, searched, None if prover is None else prover.proof, ended_by, runs.steps)


MOST_CANDIDATES = 60
"""So many of the machines on the way are tried on the sampled words, evenly over their sizes."""


class _Tried(NamedTuple):
    """A machine on the way, its place there, and how many of the sampled words it has right."""

    number: int
    candidate: Candidate
    right: int


def _candidates(tested: Sampled, way: Sequence[_OnTheWay]) -> list[_Tried]:
    """Machines on the way, the last one first, tried on the sampled words."""
    sizes = np.array([len(each.machine.table) for each in way], dtype=float)
    wanted = np.geomspace(sizes[0], sizes.max(), MOST_CANDIDATES)
    chosen = {int(np.abs(sizes - size).argmin()) for size in wanted} | {len(way) - 1}
    found = []
    for number in sorted(chosen, reverse=True):
        machine, found_after = way[number].machine.minimised(), way[number].found_after
        rates = tested.rates(tested.net, tested.shown(machine))
        share = next(rate.share for rate in rates if rate.kind == "biased")
        right = sum(rate.agreed for rate in rates if rate.lengths is None)
        found.append(_Tried(number, Candidate(len(machine.table), share, found_after), right))
    return found


def _index(candidates: Sequence[_Tried], pick: str) -> int:
    """The place of the machine that is asked for."""
    chosen = picked([each.candidate for each in candidates], pick)
    return next(each.number for each in candidates if each.candidate is chosen)


def _counterexample(
    request: Request, oracles: Sequence[str], machine: Hypothesis, prover: Certificates | None
) -> tuple[Oracle | None, Word | None, Evidence]:
    """Who found a word on which net and machine differ, the word, and what else was compared.

    Where there is none, that is what was compared with all effort.
    """
    evidence = Evidence()
    transitions = sum(target >= 0 for line in machine.table for target in line)
    for share in EFFORTS:
        evidence = Evidence()
        budget = request.budget.scaled(share, transitions)
        for oracle in searches(replace(request, budget=budget), oracles):
            word = oracle.find_counterexample(machine)
            if word is not None:
                return oracle, word, evidence
            evidence |= oracle.evidence
        if prover is not None:
            word = prover.find_counterexample(machine, long=share == EFFORTS[-1])
            if word is not None:
                return None, word, evidence
            if prover.proof is not None:
                break
    return None, None, evidence
