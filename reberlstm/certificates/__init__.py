"""Proofs for words of every length: is a net right after all of them?

1. `claim` says after which words which heads must say what, and how they are read.
2. `find_invariant` looks for boxes that the net cannot leave and is right in: then it is proved.
3. `explore` looks for a shortest wrong word: then it is refuted.
4. `check`, a package that shares no code with the search, verifies what was found.

`certify` does the first three. Nothing here imports the compiler or the simulator: a proof that
shares its subject's code proves little. The theory is in docs/theory.md.
"""

from reberlstm.certificates.boxes import Inputs
from reberlstm.certificates.certifying import (
    Found,
    certify,
    largest,
    largest_noise,
    minimal_gain,
    question,
)
from reberlstm.certificates.checker import Check, check
from reberlstm.certificates.results import Box, Certificate, Proof, Refutation, Unknown
from reberlstm.certificates.results import load as load_certificate

__all__ = [
    "Box",
    "Certificate",
    "Check",
    "Found",
    "Inputs",
    "Proof",
    "Refutation",
    "Unknown",
    "certify",
    "check",
    "largest",
    "largest_noise",
    "load_certificate",
    "minimal_gain",
    "question",
]
