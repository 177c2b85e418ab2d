"""A certificate for a net and the machine extracted from it, where one covers all that is compared.

It is about the arithmetic in which the net is run, with all its roundings, not only about real
numbers. A certificate of scope ``all`` is about every word. One of scope ``legal`` leaves out the
empty word and words that cannot go on. What is seen of the empty word is known, as its memory is;
so only machines in which a word can come to an end without being over by definition are left out.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reberlstm.errors import CertificateError
from reberlstm.extraction import search
from reberlstm.extraction.learner import Snapshot
from reberlstm.extraction.machines import to_fsm
from reberlstm.extraction.search import Evidence, Word
from reberlstm.extraction.trajectories import LAST, OUTSIDE, Trajectories
from reberlstm.net.weights import LSTMWeights, Scope

if TYPE_CHECKING:
    from reberlstm.certificates import Certificate


class Prover:
    """Attempts at a certificate for one machine after the other, with a share of the time.

    Args:
        runs: The memories of the net.
        seconds: The time for the whole extraction.
    """

    def __init__(self, runs: Trajectories, seconds: float) -> None:
        self.proof: Certificate | None = None
        self._runs = runs
        self._seconds = seconds
        self._spent = 0.0
        self._judged: Snapshot | None = None

    def attempt(self, machine: Snapshot, *, patiently: bool) -> Word | None:
        """Try to prove net and machine equal; sets `proof`.

        Args:
            machine: The machine.
            patiently: Whether an attempt may take long; one that was short is not repeated else.

        Returns:
            A word on which they differ, where the attempt comes to one.
        """
        if self._runs.subject.weights is None:
            return None
        if not patiently and (self._judged is machine or self._spent > QUICK * self._seconds):
            return None
        start = time.monotonic()
        most = (PATIENT if patiently else QUICK) * self._seconds
        certificate, proved = _prove(self._runs, machine, most)
        self._judged = machine
        self._spent += time.monotonic() - start
        if proved:
            self.proof = certificate
            return None
        return None if certificate is None else refutation(self._runs, machine, certificate)


PATIENT = 0.25
"""The share of the time that one attempt at a certificate may take."""

QUICK = 0.05
"""The share that attempts may take for machines of which not much is known yet."""


def _prove(
    runs: Trajectories, machine: Snapshot, seconds: float
) -> tuple[Certificate | None, bool]:
    """A certificate, and whether it proves net and machine equal.

    Without a proof it is the last one tried, None where none can be made.
    """
    from reberlstm.certificates import certify

    subject = runs.subject
    net = subject.weights
    if net is None:
        return None, False
    fsm = to_fsm(runs, machine, "", None)
    certificate = None
    for scope in _scopes(runs, machine, net):
        try:
            certificate = certify(
                net,
                fsm,
                scope=scope,
                heads=subject.observed,
                arithmetic=subject.arithmetic,
                seconds=min(seconds, runs.left),
            )
        except CertificateError:
            continue
        if certificate.holds:
            return certificate, True
    return certificate, False


def _scopes(runs: Trajectories, machine: Snapshot, net: LSTMWeights) -> list[Scope]:
    """The scopes in which a certificate would prove everything that is compared."""
    if not runs.subject.scope.follows_legal:
        return ["all"]
    scopes: list[Scope] = ["all"] if net.claims == "all" else []
    unasked = (runs.number(LAST), runs.number(OUTSIDE))
    if all(
        max(line) >= 0 or shown in unasked
        for line, shown in zip(machine.table, machine.observation, strict=True)
    ):
        scopes.append("legal")
    return scopes


def refutation(runs: Trajectories, machine: Snapshot, certificate: Certificate) -> Word | None:
    """The prefix of a certificate's counterexample on which the kept memories differ, too."""
    if certificate.counterexample is None:
        return None
    index = {symbol: number for number, symbol in enumerate(runs.subject.alphabet)}
    word = tuple(index[symbol] for symbol in certificate.counterexample)
    return search.compare(runs, machine, [word], Evidence())
