"""The verdict: net, machine and reference compared two by two."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reberlstm.extraction import search
from reberlstm.extraction.learner import Snapshot
from reberlstm.extraction.machines import Fixed
from reberlstm.extraction.search import Budget, Evidence, Machine, Word
from reberlstm.extraction.trajectories import BudgetEnd, Trajectories
from reberlstm.extraction.verdict import Comparison, equal, undistinguished
from reberlstm.machine.fsm import FSM

if TYPE_CHECKING:
    from reberlstm.certificates import Certificate

DIFFERENT = "different"

LAST_LOOK = 20_000
"""Pairs of memory and state in the look at a machine that was not yet looked at."""


def judge_machine(
    runs: Trajectories,
    machine: Snapshot,
    evidence: Evidence | None,
    proof: Certificate | None,
    refuted_by: Word | None,
    pairs: int,
) -> Comparison:
    """Net against machine.

    Args:
        runs: The memories of the net.
        machine: The machine.
        evidence: What the search looked through; None where it was ended by its budget.
        proof: A certificate that proves them equal.
        refuted_by: A word on which they are known to differ.
        pairs: How much to look through where the budget ended the search.
    """
    if proof is not None:
        means = (
            f"certificate in scope {proof.scope!r}, margin {proof.margin:.3g}, "
            f"in {runs.subject.arithmetic} arithmetic"
        )
        return Comparison("net", "machine", True, _proved(runs), evidence=means)
    if evidence is None:
        return _looked_at(runs, machine, "machine", pairs, refuted_by=refuted_by)
    return _undistinguished(runs, "machine", evidence)


def judge_reference(
    runs: Trajectories,
    fsm: FSM,
    reference: FSM,
    net_machine: Comparison,
    evidence: Evidence | None,
    budget: Budget,
) -> tuple[Comparison, ...]:
    """All three pairs.

    Args:
        runs: The memories of the net.
        fsm: The machine.
        reference: The reference.
        net_machine: What is known of net and machine,
        evidence: and what the search looked through for it; None where it was ended by its budget.
        budget: How much to look through where nothing follows from that.
    """
    machine_reference = _machine_and_reference(runs, fsm, reference)
    net_reference = _net_and_reference(
        runs, reference, budget, net_machine, evidence, machine_reference
    )
    return (
        _blamed(net_machine, net_reference, machine_reference),
        machine_reference,
        net_reference,
    )


def _looked_at(
    runs: Trajectories,
    machine: Machine,
    right: str,
    pairs: int,
    *,
    wrong: str | None = None,
    refuted_by: Word | None = None,
) -> Comparison:
    """What an exhaustive search finds, as far as it gets; else a longer word that is known."""
    evidence = Evidence()
    try:
        word = search.exhaustive(runs, machine, min(pairs, LAST_LOOK), evidence)
    except BudgetEnd:
        word = None
    if word is not None:
        return _different(runs, right, word, "no shorter word separates them", wrong)
    if refuted_by is not None:
        shorter = evidence.all_up_to + 1
        how = f"a shorter one of {shorter} symbols or more may exist"
        if len(refuted_by) <= shorter:
            how = "no shorter word separates them"
        return _different(runs, right, refuted_by, how, wrong)
    return _undistinguished(runs, right, evidence)


def _machine_and_reference(runs: Trajectories, fsm: FSM, reference: FSM) -> Comparison:
    by = runs.subject.observed
    means = f"breadth-first over the product, by {' and '.join(by)}"
    scope = runs.subject.scope
    if by == ("legal",) and (scope.first is not None or scope.within is not None):
        found = [_difference_while_going_on(fsm, reference)]
        means += ", after words that the reference lets go on"
    else:
        found = [fsm.difference(reference, by=what) for what in by]
    words = [word for word in found if word is not None]
    if not words:
        return Comparison("machine", "reference", True, _proved(runs), evidence=means)
    word = min(words, key=len)
    return Comparison(
        "machine", "reference", False, DIFFERENT, word, True, wrong="machine", evidence=means
    )


def _difference_while_going_on(fsm: FSM, reference: FSM) -> tuple[str, ...] | None:
    """A shortest word after which legal sets differ, among those that the reference lets go on."""
    begin = (fsm.start, reference.start)
    words: dict[tuple[str, str], tuple[str, ...]] = {begin: ()}
    queue = [begin]
    for state, right in queue:
        legal = reference.legal(right)
        if not legal:
            continue
        if fsm.legal(state) != legal:
            return words[state, right]
        for symbol in reference.alphabet:
            if symbol in legal:
                pair = (fsm.transitions[state][symbol], reference.transitions[right][symbol])
                if pair not in words:
                    words[pair] = (*words[state, right], symbol)
                    queue.append(pair)
    return None


def _net_and_reference(
    runs: Trajectories,
    reference: FSM,
    budget: Budget,
    net_machine: Comparison,
    evidence: Evidence | None,
    machine_reference: Comparison,
) -> Comparison:
    if net_machine.equal and machine_reference.equal:
        return Comparison(
            "net",
            "reference",
            True,
            _proved(runs),
            evidence="both are equal to the machine, proved",
        )
    if evidence is not None and machine_reference.equal:
        return _undistinguished(runs, "reference", evidence)
    fixed = Fixed(runs, reference)
    word = _far_out(runs, fixed, budget, machine_reference.word)
    # Of shorter words the machine says what the net says, and that is what the reference says.
    seen = -1.0 if evidence is None else evidence.all_up_to
    if net_machine.equal:
        seen = float("inf")
    if word is not None and len(word) == len(machine_reference.word or ()) <= seen:
        how = "no shorter word separates machine and reference, nor net and machine"
        return _different(runs, "reference", word, how, "net")
    return _looked_at(runs, fixed, "reference", budget.pairs, wrong="net", refuted_by=word)


def _far_out(
    runs: Trajectories, fixed: Fixed, budget: Budget, known: tuple[str, ...] | None
) -> Word | None:
    """A long word on which the net errs: a cycle of the reference, or what the machine shows."""
    words = search.cycles(fixed, budget.rounds)
    if known is not None:
        index = {symbol: number for number, symbol in enumerate(runs.subject.alphabet)}
        words.append(tuple(index[symbol] for symbol in known))
    try:
        return search.compare(runs, fixed, words, Evidence())
    except BudgetEnd:
        return None


def _different(
    runs: Trajectories, right: str, word: Word, how: str, wrong: str | None
) -> Comparison:
    text = tuple(runs.subject.alphabet[symbol] for symbol in word)
    shortest = how.startswith("no shorter")
    return Comparison("net", right, False, DIFFERENT, text, shortest, wrong, how)


def _proved(runs: Trajectories) -> str:
    return f"{equal(runs.subject.scope.within is not None)}: proved"


def _undistinguished(runs: Trajectories, right: str, evidence: Evidence) -> Comparison:
    within = runs.subject.scope.within is not None
    return undistinguished("net", right, evidence, _words(runs), within=within)


def _words(runs: Trajectories) -> str:
    """Which words are meant by "all"."""
    scope = runs.subject.scope
    if scope.within is not None:
        words = f"words of {scope.within or 'the reference'} as far as it lets them go on"
        if "legal" in runs.subject.observed:
            words += " and the net itself offers them, symbol by symbol"
        return words
    if not scope.follows_legal:
        return "words over the alphabet"
    words = "words that the net itself offers, symbol by symbol"
    names = runs.subject.alphabet
    if scope.first is not None:
        words += f", beginning with {' or '.join(names[number] for number in sorted(scope.first))}"
    if scope.last:
        words += f", and over after {' or '.join(names[number] for number in sorted(scope.last))}"
    return words


def _blamed(
    net_machine: Comparison, net_reference: Comparison, machine_reference: Comparison
) -> Comparison:
    """Where net and machine differ and one of them equals the reference, the other one is wrong."""
    if net_machine.equal is not False:
        return net_machine
    wrong = None
    if machine_reference.equal:
        wrong = "net"
    elif net_reference.equal:
        wrong = "machine"
    return replace(net_machine, wrong=wrong)
