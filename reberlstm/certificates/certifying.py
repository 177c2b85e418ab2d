"""From a net and a machine to a certificate: the easy questions first."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from reberlstm.certificates.arithmetic import arithmetic_named
from reberlstm.certificates.boxes import BoxNet, Inputs
from reberlstm.certificates.certificate import Certificate
from reberlstm.certificates.claims import claim
from reberlstm.certificates.findings import describe, proved, unproved
from reberlstm.certificates.proof import Invariant
from reberlstm.certificates.refutation import Budget, Exploration, explore
from reberlstm.certificates.search import Shape, find_invariant
from reberlstm.errors import CertificateError
from reberlstm.grammars import Grammar, as_machine
from reberlstm.net.weights import LSTMWeights, Scope

FIRST_LOOK = Budget(states=3_000, depth=64, seconds=1.0)
"""Wrong words are mostly short: this much is spent on them before a larger k is tried."""


SHAPES = (
    Shape(0),
    Shape(1, merged=True),
    *(Shape(1), Shape(2), Shape(3)),
    *(Shape(2, 3), Shape(4, 3), Shape(4, 2), Shape(6, 4), Shape(6)),
)
"""What is tried, in order: how many symbols nodes remember, and after how many a box is needed.

A compiled net whose states have one cell each needs to remember none; with copies of a state it is
the last symbol that tells which is active. Many a trained net needs several steps at once: what it
forgets in a loop turns round as it shrinks, and the boxes of single steps cannot see that.
"""


def certify(
    net: LSTMWeights,
    fsm: Grammar | None = None,
    *,
    scope: Scope | None = None,
    heads: Sequence[str] | None = None,
    arithmetic: str = "real",
    noise: float = 0.0,
    inputs: Inputs | None = None,
    seconds: float = 60.0,
    max_states: int = 200_000,
    max_depth: int = 10_000,
    max_k: int = 6,
) -> Certificate:
    """Prove a net right after every word of a scope, or find a shortest word that refutes it.

    Args:
        net: The net.
        fsm: The machine that it is judged by; by default the one that the net carries.
        scope: ``legal`` or ``all``; by default what the net claims.
        heads: The heads to judge, of ``legal``, ``accept`` and ``label``; by default the legal head
            in scope ``legal``, and in scope ``all`` also the accept head, and the label head where
            machine and net have labels.
        arithmetic: The machine that runs the net, see `reberlstm.certificates.arithmetic`.
        noise: A disturbance of each ``h`` and ``c`` after every step, at most, in their units.
        inputs: What stands for a symbol; by default its one-hot column.
        seconds: After about this time nothing new is begun.
        max_states: The most states of net and machine that the search for a wrong word visits.
        max_depth: The longest word that it tries.
        max_k: The most symbols that an invariant's nodes remember.

    Raises:
        CertificateError: where net and machine do not fit together, or an option is not what it
            should be.

    Example:
        >>> import reberlstm as rl
        >>> cert = certify(rl.compile(rl.load_grammar("reber")))
        >>> cert.holds, round(cert.margin, 2), cert.nodes
        (True, 0.38, 8)
        >>> "".join(certify(rl.published()).counterexample)
        'BTSSSSSSXXV'
    """
    fsm = net.grammar if fsm is None else as_machine(fsm)
    if fsm is None:
        raise CertificateError(f"net {net.name!r} carries no grammar; say which one it is for")
    inputs = Inputs() if inputs is None else inputs
    _check_options(noise, inputs, seconds)
    judged = claim(net, fsm, scope, heads)
    machine = arithmetic_named(arithmetic)
    boxes = BoxNet(net, machine, noise, inputs)
    deadline = time.monotonic() + seconds

    def prove(shapes: Sequence[Shape]) -> Invariant | str:
        possible = [shape for shape in shapes if shape.k <= max_k]
        return find_invariant(boxes, judged, possible, deadline)

    def look(states: int, depth: int, time_limit: float) -> Exploration:
        left = max(0.0, deadline - time.monotonic())
        budget = Budget(min(states, max_states), min(depth, max_depth), min(time_limit, left))
        return explore(net, judged, machine, budget, inputs.nominal)

    if judged.lacking and look(*vars(FIRST_LOOK).values()).word is None:
        raise CertificateError(
            f"net {net.name!r} has no {judged.lacking!r} head, which scope {judged.scope!r} "
            "judges; choose scope 'legal', or name the heads to judge"
        )
    # A hand-wired net is proved at once, and wrong words are mostly short: easy questions first.
    proof, explored = prove(SHAPES[:2]), None
    if isinstance(proof, str):
        explored = look(FIRST_LOOK.states, FIRST_LOOK.depth, FIRST_LOOK.seconds)
        if explored.word is None:
            proof = prove(SHAPES[2:]) or proof
        if isinstance(proof, str) and explored.word is None and not explored.closed:
            further = look(max_states, max_depth, seconds)
            # With no time left it may not have come as far as the first look.
            if further.word is not None or further.depth >= explored.depth:
                explored = further

    subject = describe(net, fsm, judged, arithmetic, noise, inputs)
    if isinstance(proof, Invariant):
        return proved(subject, net, judged, proof)
    assert explored is not None, "what is not proved has been explored"
    return unproved(subject, explored, proof)


def _check_options(noise: float, inputs: Inputs, seconds: float) -> None:
    limits = {"noise": noise, "input noise": inputs.noise, "seconds": seconds}
    for name, value in limits.items():
        if not 0.0 <= value < math.inf:
            raise CertificateError(f"{name} is {value}; it must be finite and not negative")
    if not -math.inf < inputs.low <= inputs.high < math.inf:
        raise CertificateError(
            f"inputs from {inputs.low} to {inputs.high}; give a finite range, low end first"
        )
