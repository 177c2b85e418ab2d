"""``reberlstm compile``: a grammar into a file of weights."""

from __future__ import annotations

from pathlib import Path

import click

from reberlstm.cli.options import (
    echo,
    grammar_argument,
    out_option,
)
from reberlstm.compiler import CELLS, MEMORIES, Memory, compile
from reberlstm.errors import FormatError, count
from reberlstm.grammars import load_grammar
from reberlstm.machine.complete import OnViolation


@click.command("compile")
@grammar_argument()
@out_option(help="The .safetensors file to write.")
@click.option(
    "--gain",
    type=float,
    help="The gain K.  [default: 20, more for large machines; 80 with counters]",
)
@click.option(
    "--on-violation",
    type=click.Choice(["absorb", "resync"]),
    default="absorb",
    show_default=True,
    help="After a violation: never forget it, or start over at a symbol that begins a word.",
)
@click.option(
    "--cell",
    type=click.Choice(CELLS),
    default="lstm",
    show_default=True,
    help="The kind of cell; gru-before resets before the matrix, as Keras' GRU may do.",
)
@click.option(
    "--memory",
    type=click.Choice(MEMORIES),
    default="rewrite",
    show_default=True,
    help="For LSTMs: write memory anew at each step, hold what has to be remembered in latches of "
    "its own, or keep loops by the forget gate.",
)
def command(
    grammar: str,
    out: str,
    gain: float | None,
    on_violation: OnViolation,
    cell: str,
    memory: Memory,
) -> None:
    """Compile GRAMMAR (a name or a file) into the weights of a standard LSTM, GRU or simple RNN.

    The file is the state dict of a PyTorch module that has an nn.LSTM named lstm (nn.GRU named gru,
    nn.RNN named rnn), and an nn.Linear for each head: legal, accept, next, and label where the
    machine has outputs. `reberlstm export` prints such a module. docs/theory.md says what each
    weight means, docs/cells.md what each kind of cell needs. For a machine with counters it is said
    which cell counts what, and how; see docs/counting.md.
    """
    if Path(out).suffix != ".safetensors":
        raise FormatError(
            f"{out}: compile writes .safetensors files; use that suffix, or `reberlstm export`"
        )
    machine = load_grammar(grammar)
    import numpy as np

    from reberlstm.net.files.safetensors import save
    from reberlstm.net.net import ARRAYS

    net = compile(machine, gain=gain, on_violation=on_violation, cell=cell, memory=memory)
    save(net, out)
    (layer,) = net.layers
    nonzero = sum(int(np.count_nonzero(getattr(layer, name))) for name in ARRAYS)
    title = "" if cell == "lstm" else f"{layer.cell.title} "
    kept = f", memory {memory}" if net.name == f"compiled:{memory}" else ""
    echo(
        f"{out}: {machine}, {count(len(machine.states), 'state')} → "
        f"{count(net.size, f'{title}cell')}, "
        f"{nonzero:,} nonzero gate weights, gain {net.gain:g}{kept}"
    )
    for each in net.counting.cells if net.counting is not None else ():
        echo(f"  {each}")
