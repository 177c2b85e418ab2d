"""Does a runtime keep the rule that proofs of nets that count rest on?

The rule, for x of at least `SATURATED`: σ(x) = 1, 0 ≤ σ(−x) ≤ 2·e⁻ˣ, tanh(±x) = ±1, tanh(0) = 0,
all exactly; and sums and products are rounded to the nearest number. docs/certificates.md says what
follows from it. It is tried on one step of a stock LSTM whose gates are all biases.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.arithmetic import ARITHMETICS

Floats = NDArray[np.float64]

SATURATED = {"float64": 40.0, "float32": 20.0, "float16": 20.0, "bfloat16": 20.0}
"""From where on σ and tanh have to be at their ends."""

Step = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""From the pre-activations of input, forget, candidate and output gates, (4, N), and c, (N,), to h
and c after a step, in some runtime."""

FURTHEST = 600.0
"""Pre-activations up to so much are tried: largest weights times the most units."""


def rule_fault(step: Step, arithmetic: str) -> str | None:
    """What of the rule a runtime does not keep in an arithmetic, or None."""
    numbers, first = ARITHMETICS[arithmetic], SATURATED[arithmetic]
    x = np.concatenate([first * np.linspace(1.0, 2.0, 50), np.geomspace(2.0 * first, FURTHEST, 30)])
    far, none, one = np.full_like(x, 4.0 * first), np.zeros_like(x), np.ones_like(x)

    def after(i: Any, f: Any, g: Any, o: Any, c: Any) -> tuple[Floats, Floats]:
        given = np.broadcast_arrays(i, f, g, o, c, x)
        h, c = step(np.stack(given[:4]), np.array(given[4]))
        return np.asarray(h), np.asarray(c)

    gates = {
        "input": (after(x, -far, far, far, none)[1], after(-x, -far, far, far, none)[1]),
        "forget": (after(-far, x, none, far, one)[1], after(-far, -x, none, far, one)[1]),
        "output": (after(-far, far, none, x, 100.0 * one)[0],
                   after(-far, far, none, -x, 100.0 * one)[0]),
    }  # fmt: skip
    for name, (open_, shut) in gates.items():
        if not (open_ == 1.0).all():
            return f"σ({x[open_ != 1.0][0]:.4g}) of the {name} gate is not exactly 1"
        outside = (shut < 0.0) | (shut > 2.0 * np.exp(-x))
        if outside.any():
            return f"σ(−{x[outside][0]:.4g}) of the {name} gate is not between 0 and 2·exp(−x)"
    for sign in (1.0, -1.0):
        if not (after(far, -far, sign * x, far, none)[1] == sign).all():
            return "tanh of the candidate is not exactly 1 in size"
    if after(far, far, none, far, none)[1].any():
        return "tanh(0) is not 0"
    top, floor = float(numbers.ceiling), numbers.unit
    whole = np.concatenate([np.arange(-8.0, 9.0), top - np.arange(1.0, 9.0), 1.0 - top + none[:8]])
    for added in (1.0, -1.0):
        counted = np.array([step(np.array([[far[0]]] * 2 + [[added * far[0]], [far[0]]]),
                                 np.array([c]))[1][0] for c in whole])  # fmt: skip
        if not (counted == whole + added).all():
            return f"{whole[counted != whole + added][0]:.0f} {added:+.0f} is not exact"
    left = after(far, far, far, far, -floor / 2.0 * one)[1]
    if not (left == 1.0).all():
        return "a residue of 2^−(p+1) is not absorbed by + 1"
    held = after(-x, far, far, far, one)[1]
    small = np.exp(-x) <= floor / 8.0
    if not (held[small] == 1.0).all():
        return "what leaks in at 1 is not absorbed"
    return None


@functools.cache
def torch_fault(arithmetic: str) -> str | None:
    """What of the rule the nn.LSTM of the torch that is installed does not keep; else None."""
    import torch

    dtype = getattr(torch, arithmetic)

    def step(sums: Floats, c: Floats) -> tuple[Floats, Floats]:
        lstm = torch.nn.LSTM(1, len(c), dtype=dtype)
        weights = {name: torch.zeros_like(weight) for name, weight in lstm.state_dict().items()}
        lstm.load_state_dict(weights | {"bias_ih_l0": torch.tensor(sums.reshape(-1))})
        with torch.no_grad():
            start = torch.tensor(c, dtype=dtype).reshape(1, 1, -1)
            zeros = torch.zeros_like(start)
            _, (h, after) = lstm(torch.zeros(1, 1, 1, dtype=dtype), (zeros, start))
        return h.double().flatten().numpy(), after.double().flatten().numpy()

    return rule_fault(step, arithmetic)


def has_torch() -> bool:
    """Whether torch is installed."""
    return find_spec("torch") is not None
