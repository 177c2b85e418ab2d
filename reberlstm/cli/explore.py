"""``reberlstm explore``: a page in which the nets run, to be opened in a browser."""

from __future__ import annotations

from pathlib import Path

import click

from reberlstm.cli.options import (
    NetOptions,
    complete_net,
    echo,
    grammar_argument,
    net_options,
    out_option,
    terminal_width,
)
from reberlstm.errors import FormatError
from reberlstm.files import write_atomically
from reberlstm.grammars import as_machine


@click.command("explore")
@grammar_argument()
@click.option(
    "--net",
    "nets",
    multiple=True,
    shell_complete=complete_net,
    metavar="compiled|published|FILE",
    help="A net to show; may be given several times, for nets side by side.  [default: compiled; "
    "for Reber's grammar published and a trained one are in the page's menu]",
)
@net_options()
@click.option("--string", metavar="STRING", help="The string that is loaded at first.")
@click.option(
    "--step",
    type=click.IntRange(min=0),
    default=0,
    help="The step shown at first, 0 being before the first symbol.  [default: 0]",
)
@out_option(help="The .html file to write.")
def command(
    grammar: str,
    nets: tuple[str, ...],
    reading: NetOptions,
    string: str | None,
    step: int,
    out: str,
) -> None:
    """Write a page in which the LSTM runs, gate by gate, for GRAMMAR (a name or a file).

    The page is one file that loads nothing from anywhere: open it in a browser, send it, put it on
    a server.

    \b
    reberlstm explore reber -o reber.html
    reberlstm explore reber --net compiled --net trained.safetensors -o page.html
    """
    if Path(out).suffix not in (".html", ".htm"):
        raise FormatError(f"{out}: explore writes .html files; use that suffix")
    machine = as_machine(grammar)
    from reberlstm.render import wrapped
    from reberlstm.render.page import default_nets, examples, explorer_page

    shown = [reading.load(net, machine, only_files=len(nets) > 1) for net in nets]
    shown = shown or default_nets(machine)
    choice = examples(machine, shown)
    word = string if string is not None else next(iter(choice), "")
    side_by_side = min(len(nets), 3) or 1
    page = explorer_page(
        machine, shown, word, step=step, shown=side_by_side, examples=choice
    ).encode()
    write_atomically(Path(out), page)
    names = ", ".join(f"{net.name or 'unnamed'} ({net.reading})" for net in shown)
    text = f"{out}: {machine}, {names}; {len(page) / 1000:.0f} kB"
    echo("\n".join(wrapped(text, terminal_width(), break_long_words=False)))
