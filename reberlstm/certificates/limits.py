"""How far a proof goes: the largest disturbance that it bears, the smallest gain that it needs.

All of these bisect: the answer is a value that is proved, within a tolerance of one that is not
(which does not say that the net would fail there, only that no invariant was found).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reberlstm.certificates.certificate import Certificate
from reberlstm.certificates.certifying import certify
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import LSTMWeights

MAX_K = 1
"""How many symbols nodes may remember, unless an option says otherwise: more hardly helps here."""


def largest_noise(
    net: LSTMWeights, fsm: FSM | None = None, *, tolerance: float = 1e-3, **options: Any
) -> Certificate:
    """The certificate for the largest disturbance after each step that is still proved.

    Args:
        net: The net.
        fsm: The machine that it is judged by; by default the one that the net carries.
        tolerance: How far below a disturbance that is not proved, relatively.
        options: Those of `certify`.

    Returns:
        The certificate; its `noise`, a bound on what is added to each ``h`` and ``c``, is the
        answer. Where the net is not proved without noise, the certificate that says so.

    Example:
        >>> import reberlstm as rl
        >>> cert = largest_noise(rl.compile(rl.load_grammar("parity")), tolerance=0.01)
        >>> cert.holds, 0.1 < cert.noise < 0.4
        (True, True)
    """
    still = certify(net, fsm, **options)
    if not still.holds:
        return still
    only_proofs = {"max_k": max(MAX_K, still.k or 0)} | options | {"max_depth": 0}
    _, best = largest(
        lambda noise: certify(net, fsm, noise=noise, **only_proofs), still, 1.0, tolerance
    )
    return best


def minimal_gain(
    compile: Callable[[float], LSTMWeights],
    *,
    upper: float,
    tolerance: float = 1e-3,
    **options: Any,
) -> Certificate:
    """The certificate of the smallest gain with which a compiled net is proved.

    Args:
        compile: Makes the net for a gain; a parameter, so that proofs do not depend on it.
        upper: A gain that is surely enough.
        tolerance: How far above a gain that is not proved, relatively.
        options: Those of `certify`.

    Returns:
        The certificate; its `gain` is the answer. Where `upper` is not proved, the one of `upper`.
    """
    only_proofs = {"max_k": MAX_K} | options | {"max_depth": 0}
    best = certify(compile(upper), **options)
    if not best.holds:
        return best
    low, high = 0.0, upper
    while high - low > tolerance * high:
        middle = 0.5 * (low + high)
        found = certify(compile(middle), **only_proofs)
        if found.holds:
            best, high = found, middle
        else:
            low = middle
    return best


def largest(
    prove: Callable[[float], Certificate], proved: Certificate, upper: float, tolerance: float
) -> tuple[float, Certificate]:
    """The largest value in (0, upper] for which `prove` holds, and its certificate.

    Args:
        prove: Tries to prove something that gets harder as the value grows.
        proved: The certificate at 0.
        upper: The largest value to try.
        tolerance: Of the answer, relatively to it.
    """
    best, low, high = proved, 0.0, upper
    while high - low > tolerance * high and high > 1e-12:
        middle = 0.5 * (low + high)
        found = prove(middle)
        if found.holds:
            best, low = found, middle
        else:
            high = middle
    return low, best
