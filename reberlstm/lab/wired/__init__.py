"""Nets whose weights were derived on paper, for the tasks that the lab trains nets for.

Each function here returns a `WiredNet`: the weights of one stock LSTM layer and a linear readout,
together with the function that it is meant to compute and a bound of its error, both as Python. The
derivations are in docs/hand-wired-sequences.md.

==================  ============================  =============================
function            hears                         says
==================  ============================  =============================
`copy`              any numbers                   the same numbers
`running_sum`       ``y``                         the sum so far
`line`              ``m`` and ``t``, all along    the points of ``m·x + t``
`line_parameters`   the points ``y`` of a line    its slope and intercept
`peak`              ``y``                         the largest number so far
`amplitude`         a wave ``a·(1 + sin(…))``     ``a``
`wave`              anything, without listening   ``offset + height·sin(…)``
`cosine_or_sine`    0 or 1, all along             the cosine or the sine
==================  ============================  =============================

`LineAutoencoder` is a `running_sum` and a `line` with one number between them.

The net of the alternating pattern, `reberlstm.compiler.oscillator`, has two states, and so a
certificate instead of an error.

    >>> import numpy as np
    >>> net = running_sum()
    >>> y = np.array([[[0.5], [0.25], [1.0]]])           # one sequence, three steps, one input
    >>> net(y).round(6).ravel().tolist(), net.bound(y) < 1e-6
    ([0.5, 0.75, 1.75], True)
"""

from __future__ import annotations

from reberlstm.lab.wired.autoencoder import LineAutoencoder
from reberlstm.lab.wired.net import WiredNet
from reberlstm.lab.wired.peaks import amplitude, peak
from reberlstm.lab.wired.sums import copy, line, line_parameters, running_sum
from reberlstm.lab.wired.waves import cosine_or_sine, wave

__all__ = [
    "LineAutoencoder",
    "WiredNet",
    "amplitude",
    "copy",
    "cosine_or_sine",
    "line",
    "line_parameters",
    "peak",
    "running_sum",
    "wave",
]
