"""``reberlstm compile``: a grammar into a file of weights."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from reberlstm.cli.options import (
    echo,
    out_option,
)
from reberlstm.compiler import compile
from reberlstm.errors import FormatError
from reberlstm.grammars import load_grammar
from reberlstm.machine.tables import OnViolation
from reberlstm.net.files.safetensors import save


@click.command("compile")
@click.argument("grammar")
@out_option(help="The .safetensors file to write.")
@click.option("--gain", type=float, help="The gain K.  [default: 20, more for large machines]")
@click.option(
    "--on-violation",
    type=click.Choice(["absorb", "resync"]),
    default="absorb",
    show_default=True,
    help="After a violation: never forget it, or start over at a symbol that begins a word.",
)
def command(grammar: str, out: str, gain: float | None, on_violation: OnViolation) -> None:
    """Compile GRAMMAR (a name or a file) into the weights of a standard LSTM.

    The file is the state dict of a PyTorch module that has an nn.LSTM named lstm, and an nn.Linear
    for each head: legal, accept, next, and label where the machine has outputs. `reberlstm export`
    prints such a module. docs/theory.md says what each weight means.
    """
    if Path(out).suffix != ".safetensors":
        raise FormatError(
            f"{out}: compile writes .safetensors files; use that suffix, or `reberlstm export`"
        )
    machine = load_grammar(grammar)
    net = compile(machine, gain=gain, on_violation=on_violation)
    save(net, out)
    arrays = (net.weight_ih, net.weight_hh, net.bias)
    nonzero = sum(int(np.count_nonzero(array)) for array in arrays)
    echo(
        f"{out}: {machine}, {len(machine.states)} states → {net.size} cells, "
        f"{nonzero:,} nonzero gate weights, gain {net.gain:g}"
    )
