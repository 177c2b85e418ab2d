"""One cell that says 1, 0, 1, 0, … whatever the input: the alternating pattern, wired by hand.

The sign of the cell is its state: forget gate closed, input and output gate open, and the candidate
``tanh(K − (2·K / tanh 1)·h + v·x)``. See docs/hand-wired-sequences.md, section 9.
"""

from __future__ import annotations

import math

import numpy as np

from reberlstm._version import __version__
from reberlstm.errors import CompileError
from reberlstm.machine.fsm import FSM
from reberlstm.net.height import ACTIVE
from reberlstm.net.net import LSTMWeights
from reberlstm.net.readouts import Head

PATTERN = FSM(
    name="alternating-pattern",
    title="1, 0, 1, 0, … whatever the input",
    alphabet=("x",),
    start="even",
    accepting=frozenset({"odd"}),
    transitions={"even": {"x": "odd"}, "odd": {"x": "even"}},
    outputs={"even": "0", "odd": "1"},
)
"""The machine: one symbol, which stands for any number, and two states that take turns."""


def oscillator(
    gain: float = 20.0,
    input_weights: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
) -> LSTMWeights:
    """The one-cell net of the alternating pattern.

    Args:
        gain: The size ``K`` of the pre-activations.
        input_weights: How much of the input reaches the input gate, the forget gate, the candidate
            and the output gate.

    Returns:
        A net over one symbol, the input itself, whose ``label`` head says ``1`` after an odd number
        of steps and ``0`` after an even one.

    Raises:
        CompileError: for numbers that are not finite, or a gain that is not positive.

    Example:
        >>> from reberlstm import certify
        >>> from reberlstm.certificates import Inputs
        >>> noise = Inputs(low=0.0, high=1.0)
        >>> certify(oscillator(), inputs=noise).holds
        True
        >>> certify(oscillator(input_weights=(0, 0, 12, 0)), inputs=noise).holds
        True
        >>> certify(oscillator(input_weights=(0, 0, 30, 0)), inputs=noise).counterexample
        ('x', 'x')
    """
    if not 0.0 < gain < math.inf or not np.isfinite(input_weights).all():
        raise CompileError(
            f"gain {gain}, input weights {input_weights}: they must be finite, the gain positive"
        )
    reads = 1.0 / ACTIVE
    says_one = Head(np.array([[reads]]), np.array([-0.5]))
    return LSTMWeights(
        alphabet=PATTERN.alphabet,
        cells=("sign",),
        weight_ih=np.array(input_weights, dtype=float).reshape(4, 1),
        weight_hh=np.array([[0.0], [0.0], [-2.0 * gain / ACTIVE], [0.0]]),
        bias_ih=np.array([gain, -gain, gain, gain]),
        bias_hh=np.zeros(4),
        heads={
            "legal": Head(np.zeros((1, 1)), np.ones(1)),
            "accept": says_one,
            "label": Head(np.array([[-reads], [reads]]), np.array([0.5, -0.5])),
        },
        labels=("0", "1"),
        grammar=PATTERN,
        gain=gain,
        claims="all",
        name="oscillator",
        version=__version__,
    )
