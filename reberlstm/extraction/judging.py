"""The verdict: net, machine and reference compared two by two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reberlstm.extraction import search
from reberlstm.extraction.learner import Snapshot
from reberlstm.extraction.machines import Fixed
from reberlstm.extraction.search import Budget, Evidence
from reberlstm.extraction.trajectories import Trajectories
from reberlstm.extraction.verdict import Comparison, undistinguished
from reberlstm.fsm import FSM

if TYPE_CHECKING:
    from reberlstm.certificates import Certificate

PROVED = "equal: proved"
DIFFERENT = "different"

LAST_LOOK = 20_000
"""Pairs of memory and state in the look at a machine when the budget has ended."""


def judge(
    runs: Trajectories,
    machine: Snapshot,
    fsm: FSM,
    reference: FSM | None,
    budget: Budget,
    evidence: Evidence,
    ended_by: str | None,
    certificate: Certificate | None,
) -> tuple[Comparison, ...]:
    """Compare every pair, by the strongest means that there is."""
    net_machine = _net_and_machine(runs, machine, budget, evidence, ended_by, certificate)
    if reference is None:
        return (net_machine,)
    machine_reference = _machine_and_reference(runs, fsm, reference)
    net_reference = _net_and_reference(runs, reference, budget, net_machine, machine_reference)
    return (
        _blamed(net_machine, net_reference, machine_reference),
        machine_reference,
        net_reference,
    )


def _net_and_machine(
    runs: Trajectories,
    machine: Snapshot,
    budget: Budget,
    evidence: Evidence,
    ended_by: str | None,
    certificate: Certificate | None,
) -> Comparison:
    if ended_by is not None:
        evidence = Evidence()
        word = search.exhaustive(runs, machine, min(budget.pairs, LAST_LOOK), evidence)
        if word is not None:
            return _different(runs, "net", "machine", word, shortest=True)
        return undistinguished("net", "machine", evidence)
    if certificate is not None and certificate.holds:
        means = f"certificate in scope {certificate.scope!r}, margin {certificate.margin:.3g}"
        return Comparison("net", "machine", True, PROVED, evidence=means)
    if certificate is not None and certificate.holds is False:
        means = f"refuted in scope {certificate.scope!r}"
        found = certificate.counterexample
        return Comparison("net", "machine", False, DIFFERENT, found, True, evidence=means)
    return undistinguished("net", "machine", evidence)


def _machine_and_reference(runs: Trajectories, fsm: FSM, reference: FSM) -> Comparison:
    shown = runs.subject.observe(runs.states(runs.first))
    by = [
        what
        for what, part in (("legal", shown.legal), ("accept", shown.accept), ("label", shown.label))
        if part is not None
    ]
    words = [fsm.difference(reference, by=what) for what in by]  # type: ignore[arg-type]
    found = [word for word in words if word is not None]
    means = f"breadth-first over the product, by {' and '.join(by)}"
    if not found:
        return Comparison("machine", "reference", True, PROVED, evidence=means)
    word = min(found, key=len)
    return Comparison(
        "machine", "reference", False, DIFFERENT, word, True, wrong="machine", evidence=means
    )


def _net_and_reference(
    runs: Trajectories,
    reference: FSM,
    budget: Budget,
    net_machine: Comparison,
    machine_reference: Comparison,
) -> Comparison:
    if net_machine.equal and machine_reference.equal:
        return Comparison(
            "net", "reference", True, PROVED, evidence="both are equal to the machine, proved"
        )
    evidence = Evidence()
    fixed = Fixed(runs, reference)
    word = search.exhaustive(runs, fixed, min(budget.pairs, LAST_LOOK), evidence)
    if word is not None:
        return _different(runs, "net", "reference", word, shortest=True, wrong="net")
    words = list(search.cycles(fixed, budget.rounds))
    if machine_reference.word is not None:
        index = {symbol: number for number, symbol in enumerate(runs.subject.alphabet)}
        words.append(tuple(index[symbol] for symbol in machine_reference.word))
    word = search.compare(runs, fixed, words, evidence)
    if word is not None:
        return _different(runs, "net", "reference", word, shortest=False, wrong="net")
    return undistinguished("net", "reference", evidence)


def _different(
    runs: Trajectories,
    left: str,
    right: str,
    word: tuple[int, ...],
    *,
    shortest: bool,
    wrong: str | None = None,
) -> Comparison:
    text = tuple(runs.subject.alphabet[symbol] for symbol in word)
    how = "no shorter word separates them" if shortest else "a shorter one may exist"
    return Comparison(left, right, False, DIFFERENT, text, shortest, wrong, how)


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
    return Comparison(
        net_machine.left,
        net_machine.right,
        False,
        net_machine.relation,
        net_machine.word,
        net_machine.shortest,
        wrong,
        net_machine.evidence,
    )
