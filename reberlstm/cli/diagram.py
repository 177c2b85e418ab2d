"""``reberlstm diagram``: the state graph of a grammar as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reberlstm.cli.options import echo_content, option, out_option
from reberlstm.errors import FormatError
from reberlstm.files import write_atomically
from reberlstm.grammars import load_grammar
from reberlstm.render.machine import FORMATS, TIME_LIMIT, dot, draw

DOT_SUFFIXES = (".dot", ".gv")


@click.command("diagram")
@click.argument("grammar")
@out_option(required=False, help="The .svg, .png, .pdf or .dot file.  [default: print DOT]")
@click.option("--string", "word", help="Show the way of this string through the graph.")
@click.option("--dark", is_flag=True, help="Light ink on dark paper.")
@option(
    "--direction",
    type=click.Choice(["LR", "TB"], case_sensitive=False),
    default="LR",
    help="Left to right, or top to bottom.",
)
@click.option(
    "--dead", "dead_states", is_flag=True, help="Draw also states that cannot reach acceptance."
)
@click.option(
    "--probabilities/--no-probabilities",
    default=None,
    help="Write probabilities on the arrows.  [default: where the grammar gives some]",
)
@option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=TIME_LIMIT,
    help="Seconds after which the layout is given up.",
)
def command(grammar: str, out: str | None, time_limit: float, **options: Any) -> None:
    """Draw the state graph of GRAMMAR (a name or a file).

    Accepting states have a double border. With --string the arrows that the string takes are bold
    and carry the numbers of its symbols, the state it ends in has a heavy border, and a violation
    is a dashed arrow to a box.

    \b
    reberlstm diagram reber -o reber.svg
    reberlstm diagram reber -o run.png --string BTSSXXTVVE --dark
    """
    suffix = Path(out).suffix.lower() if out is not None else ".dot"
    format = next((name for name in FORMATS if suffix == f".{name}"), None)
    if format is None and suffix not in DOT_SUFFIXES:
        known = ", ".join((*(f".{name}" for name in FORMATS), *DOT_SUFFIXES))
        raise FormatError(f"{out}: diagrams are written to files with the suffix {known}")
    machine = load_grammar(grammar)
    if format is not None:
        picture = draw(machine, format, time_limit=time_limit, **options)
    else:
        picture = dot(machine, **options).encode("utf-8")
    if out is None:
        echo_content(picture)
    else:
        write_atomically(Path(out), picture)
