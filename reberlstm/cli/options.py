"""What several commands share: their options, and how a net is named."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

from reberlstm.errors import FormatError, printable
from reberlstm.grammars import load_grammar
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import LSTMWeights

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

DEFAULT_GRAMMAR = "reber"

net_option = click.option(
    "--net",
    default="compiled",
    show_default=True,
    metavar="compiled|published|NAME|FILE",
    help="The net: compiled from the grammar, the published Toy LSTM, one that comes with the "
    "package (reber-2, reber-4 and embedded-reber-16 are trained), or a weights file.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, never coloured.")

seed_option = click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed of everything random."
)


def out_option(
    required: bool = True, help: str = "The file to write."
) -> Callable[[Decorated], Decorated]:
    """``-o/--out FILE``; commands pick the format by its suffix."""
    return click.option("-o", "--out", required=required, metavar="FILE", help=help)


def echo(text: str = "") -> None:
    """Print a line, styled only for a terminal and only without ``NO_COLOR`` (no-color.org)."""
    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)


def echo_data(line: str) -> None:
    """Print what programs may read: as it is, but escaped for a terminal, which would act on it."""
    click.echo(printable(line) if sys.stdout.isatty() else line)


def terminal_width() -> int:
    """The columns of the terminal, or 100 where the output is no terminal."""
    return shutil.get_terminal_size((100, 40)).columns


def load_net(net: str, grammar: FSM | None) -> LSTMWeights:
    """The net that a ``--net`` option names; `grammar` is what ``compiled`` is made from."""
    if net == "compiled":
        from reberlstm.compiler import compile

        return compile(grammar if grammar is not None else load_grammar(DEFAULT_GRAMMAR))
    if net == "published":
        from reberlstm.compiler import published

        return published()
    from reberlstm.net.loading import load
    from reberlstm.net.shipped import shipped, shipped_names

    if net in shipped_names():
        return shipped(net)
    return load(net, alphabet=grammar.alphabet if grammar is not None else None)


def standard_input_lines() -> Iterator[str]:
    """The lines of standard input as text, without their ends.

    Raises:
        FormatError: naming the line that is not UTF-8.
    """
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            yield line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise FormatError(f"standard input, line {number}: not text in UTF-8") from None
