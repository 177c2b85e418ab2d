"""``reberlstm export``: a net into the file of another runtime, and how to load it there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reberlstm.cli.options import (
    NetOptions,
    echo,
    grammar_argument,
    net_option,
    net_options,
    out_option,
    terminal_width,
)
from reberlstm.errors import FormatError
from reberlstm.files import write_atomically
from reberlstm.grammars import load_grammar
from reberlstm.machine.fsm import FSM
from reberlstm.net.base import check_alphabets
from reberlstm.render import wrapped

if TYPE_CHECKING:
    from reberlstm.net.net import Net

SUFFIXES = {
    "torch": (".pt", ".pth"),
    "onnx": (".onnx",),
    "npz": (".npz",),
    "keras": (".npz",),
    "safetensors": (".safetensors",),
}
"""The suffixes of every target; a suffix alone stands for the first target that has it."""


@dataclass(frozen=True)
class Options:
    """What the command was asked."""

    grammar: str
    out: str
    net: str
    reading: NetOptions
    to: str | None
    dtype: str | None
    indices: bool
    dense: bool


@click.command("export")
@grammar_argument()
@out_option(help="The file to write; its suffix tells the target: .pt .pth .onnx .npz .safetensors")
@net_option
@net_options()
@click.option(
    "--to",
    type=click.Choice(["torch", "onnx", "keras", "npz", "safetensors"]),
    help="The target.  [default: by the suffix; .npz is plain npz]",
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float64"]),
    help="For torch, keras and onnx.  [default: float64; float32 for onnx]",
)
@click.option("--indices", is_flag=True, help="For onnx: the input is indices, not one-hot.")
@click.option("--dense", is_flag=True, help="Write whole arrays of a large net, however large.")
def command(**given: Any) -> None:
    """Write a net for GRAMMAR (a name or a file) so that other runtimes run it.

    torch and safetensors hold the state_dict of stock layers (nn.LSTM, nn.GRU or nn.RNN, perhaps an
    nn.Embedding, and linear heads), onnx a whole model, keras the weights of one recurrent layer
    and Dense heads, npz plain arrays. What is printed loads the file. The published net is no
    standard LSTM: safetensors and npz hold it, as they hold every net.

    \b
    reberlstm export reber -o reber.onnx
    reberlstm export reber -o reber.pt --dtype float32
    reberlstm export reber -o keras.npz --to keras
    """
    asked = Options(**given)
    target = _target(asked.out, asked.to)
    if asked.dtype is not None and target in ("npz", "safetensors"):
        raise FormatError(
            f"--dtype {asked.dtype}: {target} files are float64; leave the option out"
        )
    if asked.indices and target != "onnx":
        raise FormatError(f"--indices is for onnx, not for {target}; leave the option out")
    machine = load_grammar(asked.grammar)
    weights = asked.reading.load(asked.net, machine)
    check_alphabets(machine, weights)
    same = weights.grammar is None and weights.alphabet == machine.alphabet
    if same and isinstance(machine, FSM):
        weights = weights.replace(grammar=machine)
    if weights.is_sparse and target not in ("npz", "safetensors"):
        weights = _whole(weights, asked.dense)
    content, snippet = _exported(target, weights, Path(asked.out).name, asked.dtype, asked.indices)
    write_atomically(Path(asked.out), content)
    read = f" ({weights.reading})" if weights.reading else ""
    text = f"{asked.out}: {weights.name}{read}, {weights.size} cells, for {target}. To load it:"
    echo("\n".join(wrapped(text, terminal_width(), break_long_words=False)) + "\n")
    echo(snippet, nl=False)


def _whole(net: Net, however_large: bool) -> Net:
    """The net with whole arrays, after what they take has been said."""
    from reberlstm.net.sparse import MOST_BYTES

    size = max(layer.weight_hh.nbytes for layer in net.layers)
    echo(f"{net.size:,} cells: recurrent weights of {size / 1e6:,.0f} MB in float64", err=True)
    if size > MOST_BYTES and not however_large:
        raise FormatError(
            f"recurrent weights of {size / 1e9:,.1f} GB, and {MOST_BYTES / 1e9:,.1f} GB are "
            "written at most; say --dense to write them all the same, or use safetensors or npz, "
            "which keep them sparse"
        )
    return net.whole(most=size)


def _target(out: str, to: str | None) -> str:
    suffix = Path(out).suffix.lower()
    fitting = [target for target, suffixes in SUFFIXES.items() if suffix in suffixes]
    if to is None:
        if not fitting:
            raise FormatError(
                f"{out}: no target has the suffix {suffix!r}; use one of "
                f"{', '.join(sorted(set().union(*SUFFIXES.values())))}, or say --to"
            )
        return fitting[0]
    if fitting and to not in fitting:
        raise FormatError(
            f"{out}: --to {to} writes {' or '.join(SUFFIXES[to])} files, and this suffix is that "
            f"of {' or '.join(fitting)}"
        )
    return to


def _exported(
    target: str, net: Net, file: str, dtype: str | None, indices: bool
) -> tuple[bytes, str]:
    """The content of the file, and lines of Python that load it."""
    if target in ("safetensors", "npz"):
        from reberlstm.net.files.safetensors import to_bytes, to_npz

        if target == "npz":
            return to_npz(net), f"import numpy\nweights = dict(numpy.load({file!r}))\n"
        return to_bytes(net), f"import reberlstm\nnet = reberlstm.load({file!r})\n"
    if target == "onnx":
        from reberlstm.net.files import onnx

        return onnx.export(net, file, dtype or "float32", indices=indices)
    if target == "keras":
        from reberlstm.net.files import keras

        return keras.export(net, file, dtype or net.dtype)
    from reberlstm.net.files import torch

    return torch.export(net, file, dtype or net.dtype)
