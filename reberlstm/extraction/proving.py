"""A certificate for a net and the machine extracted from it, where one covers all that is compared.

A certificate of scope ``all`` is about every word. One of scope ``legal`` leaves out the empty word
and words that cannot go on. What is seen of the empty word is known, as its memory is; so only
machines in which a word can come to an end without being over by definition are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reberlstm.errors import CertificateError
from reberlstm.extraction import search
from reberlstm.extraction.learner import Snapshot
from reberlstm.extraction.machines import to_fsm
from reberlstm.extraction.search import Evidence, Word
from reberlstm.extraction.trajectories import LAST, Trajectories
from reberlstm.weights import LSTMWeights, Scope

if TYPE_CHECKING:
    from reberlstm.certificates import Certificate


def prove(runs: Trajectories, machine: Snapshot, seconds: float) -> tuple[Certificate | None, bool]:
    """A certificate, and whether it proves net and machine equal.

    Without a proof it is the last one tried, None where the net has no weights that one can be
    made for.
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
                net, fsm, scope=scope, heads=subject.observed, seconds=min(seconds, runs.left)
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
    over = runs.number(LAST)
    if all(
        max(line) >= 0 or shown == over
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
