"""A certificate for net and hypothesis: it ends the search with a proof, or with a word.

It is about the arithmetic in which the net is run, with all its roundings, not only about real
numbers. A certificate of scope ``all`` is about every word. One of scope ``legal`` leaves out the
empty word and words that cannot go on. The answer after the empty word is known, since its state
vector is; so only hypotheses are left out in which a word can come to an end without being over by
definition.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal

from reberlstm.errors import CertificateError
from reberlstm.extraction.learner import Hypothesis, to_fsm
from reberlstm.extraction.nets import ProtocolNet
from reberlstm.extraction.oracles.base import Oracle, Word, Words
from reberlstm.extraction.trajectories import LAST, OUTSIDE, Trajectories

if TYPE_CHECKING:
    from reberlstm.certificates import Certificate

LONG, SHORT = 0.1, 0.05
"""The shares of the time for one attempt that may take long, and for all short ones together."""


class Certificates(Oracle):
    """Tries to prove net and hypothesis equal, where the net is one that `certify` takes.

    `seconds` are those of the whole extraction; `proof` is the certificate, once there is one.
    """

    def __init__(self, runs: Trajectories, seconds: float) -> None:
        super().__init__(runs)
        self.proof: Certificate | None = None
        net = runs.net
        self._net: Any = net.weights if isinstance(net, ProtocolNet) else net
        self._seconds = seconds
        self._spent = 0.0
        self._tried: Hypothesis | None = None

    def find_counterexample(self, hypothesis: Hypothesis, *, long: bool = True) -> Word | None:
        """The word that refutes the certificate; None where there is none, or a `proof`.

        A short attempt, not a `long` one, is made once for each hypothesis.
        """
        if self._net is None:
            return None
        if not long and (self._tried is hypothesis or self._spent > SHORT * self._seconds):
            return None
        start = time.process_time()
        # Long words are looked for once, when the other oracles have found nothing.
        share = LONG if long else SHORT
        certificate = self._certificate(hypothesis, share * self._seconds, long)
        self._tried = hypothesis
        self._spent += time.process_time() - start
        found = None if certificate is None else certificate.counterexample
        suspect = getattr(certificate, "suspect", None)
        if found is None and suspect is not None:
            found = suspect[0]
        if found is None:
            return None
        index = self.runs.net.alphabet.index
        word = tuple(map(index, found))
        return Words(self.runs, [word]).find_counterexample(hypothesis)

    def _certificate(
        self, hypothesis: Hypothesis, seconds: float, long: bool
    ) -> Certificate | None:
        """The last certificate that was tried; `proof` where it is one."""
        from reberlstm.certificates import certify

        fsm = to_fsm(self.runs, hypothesis, "", None)
        certificate = None
        for scope in self._scopes(hypothesis):
            try:
                certificate = certify(
                    self._net,
                    fsm,
                    scope=scope,
                    heads=self.runs.net.observed,
                    arithmetic=self.runs.arithmetic,
                    seconds=min(seconds, self.runs.left),
                    max_depth=10_000 if long else 64,
                )
            except CertificateError:
                continue
            if certificate.holds:
                self.proof = certificate
                break
        return certificate

    def _scopes(self, hypothesis: Hypothesis) -> list[Literal["legal", "all"]]:
        """The scopes in which a certificate would prove everything that is compared."""
        if not self.runs.scope.follows_legal:
            return ["all"]
        scopes: list[Literal["legal", "all"]] = ["all"] if self._net.claims == "all" else []
        over = (self.runs.number(LAST), self.runs.number(OUTSIDE))
        if all(
            max(line) >= 0 or shown in over
            for line, shown in zip(hypothesis.table, hypothesis.observation, strict=True)
        ):
            scopes.append("legal")
        return scopes
