"""From a finite-state machine to the weights of a standard LSTM: the whole story on one screen.

1. `FSM.tables` completes the machine: what a violation leads to.
2. `encode` says which state the zero vector is, and which states get a cell.
3. `wire` finds for each state which symbols ring its cell and which filters keep the others out.
4. `lay_out` turns these into rows of gate weights, and `readouts` adds the heads.

The theory is in docs/theory.md. The names ``compile`` and ``published`` are the public ones.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from reberlstm._version import __version__
from reberlstm.compiler.encoding import encode
from reberlstm.compiler.layout import lay_out, readouts, wire
from reberlstm.compiler.published_net import published
from reberlstm.errors import CompileError
from reberlstm.grammars import Grammar, as_machine
from reberlstm.net.net import LSTMWeights

__all__ = ["compile", "default_gain", "published"]

MAX_CELLS = 10_000
"""The dense recurrent weights of this many cells fill 3.2 GB."""

MAX_GAIN = 300.0


def compile(
    fsm: Grammar,
    *,
    gain: float | None = None,
    on_violation: Literal["absorb", "resync"] = "absorb",
) -> LSTMWeights:
    """Compile a machine into an LSTM that follows it from a zero initial state.

    The net's heads say after every word which symbols may come next (``legal``), whether the word
    may end (``accept``), with which probability each symbol follows (``next``, exact to 1e-6 at the
    default gain) and, for a machine with outputs, the state's output (``label``).

    Args:
        fsm: Any machine, its name, or a path. States that no word leads to get no cell.
        gain: The size ``K`` that the pre-activation of every gate has at least; see `default_gain`.
        on_violation: ``absorb`` never forgets a violation; ``resync`` starts over as soon as a
            symbol comes that a word may begin with.

    Raises:
        CompileError: for a gain that is not positive, or a machine over `MAX_CELLS`.

    Example:
        >>> net = compile("reber")
        >>> net.cells
        ('0', '1', '5', '2', '4', '3', 'end', 'started')
    """
    fsm = as_machine(fsm)
    tables = fsm.tables(on_violation)
    if len(tables) > MAX_CELLS:
        raise CompileError(
            f"{fsm} has {len(tables):,} reachable states; at most {MAX_CELLS:,} can be "
            "compiled, one cell each; minimise it first"
        )
    if gain is not None and not 0.0 < gain <= MAX_GAIN:
        raise CompileError(f"gain {gain} is not in (0, {MAX_GAIN:g}]")

    encoding = encode(tables)
    labels = tuple(dict.fromkeys(fsm.outputs.values()))
    wirings = list(wire(encoding))
    size = len(wirings) + encoding.has_started
    if gain is None:
        gain = default_gain(size)
    layout = lay_out(encoding, wirings, gain)
    return LSTMWeights(
        alphabet=fsm.alphabet,
        cells=layout.cells,
        weight_ih=layout.weight_ih,
        weight_hh=layout.weight_hh,
        bias_ih=layout.bias,
        bias_hh=np.zeros_like(layout.bias),
        heads=readouts(encoding, layout, labels),
        labels=labels,
        grammar=fsm,
        gain=gain,
        claims="all",
        on_violation=on_violation,
        name="compiled",
        version=__version__,
    )


def default_gain(cells: int) -> float:
    """A gain at which the ``next`` head of a net of so many cells is exact to 1e-6 in float64.

    A closed gate leaks exp(−K); at most `cells` of them act through weights of up to 40 on a logit,
    and a probability moves by at most half of what all logits move by. At 20 the sigmoid is
    also exactly 1 in float32.
    """
    return max(20.0, math.ceil(math.log(2e7 * cells)))
