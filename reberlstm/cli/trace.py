"""``reberlstm trace``: strings through a net, every gate at every symbol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import click

from reberlstm.cli.options import (
    NetOptions,
    cells_option,
    chosen_cells,
    complete_grammar,
    echo,
    echo_json,
    grammar_argument,
    is_grammar,
    json_option,
    net_option,
    net_options,
    option,
    probed,
    standard_input_lines,
    terminal_width,
)
from reberlstm.errors import GrammarError
from reberlstm.grammars import as_machine
from reberlstm.render.trace import trace_lines
from reberlstm.simulator import Trace, trace

MAX_SYMBOLS = 10_000
"""A longer string would print millions of numbers; `check` takes strings of any length."""


MAX_QUICK = 100
"""Longer strings are run in arrays, see `_is_quick`."""


class Options(NamedTuple):
    """What the command was asked."""

    strings: tuple[str, ...]
    grammar: str | None
    net: str
    reading: NetOptions
    snap: bool
    slots: int
    cells: tuple[str, ...]
    all_cells: bool
    plot: str | None
    picture: str
    gif: str | None
    as_json: bool


@click.command("trace")
@grammar_argument("strings", nargs=-1, required=True, metavar="[GRAMMAR] STRING...")
@click.option(
    "--grammar",
    metavar="NAME|FILE",
    shell_complete=complete_grammar,
    help="The same as GRAMMAR.  [default: that of the net]",
)
@net_option
@net_options()
@click.option("--snap", is_flag=True, help="Round what the gates read to the nearest vertex.")
@option(
    "--slots",
    type=click.IntRange(1, 100),
    default=1,
    help="With --snap: the steps from rest to active; 2 suits the published net.",
)
@cells_option("Show only these cells. A timeline shows the first of them.")
@click.option("--all-cells", is_flag=True, help="Show also cells whose memory never changes.")
@click.option(
    "--plot", metavar="FILE", callback=probed, help="Draw a picture of the run: .svg, .png or .pdf."
)
@option(
    "--picture",
    type=click.Choice(["heatmap", "timeline", "trajectory"]),
    default="heatmap",
    help="What --plot draws: gates and memory of all cells, one cell's course, or the states.",
)
@click.option("--gif", metavar="FILE", callback=probed, help="Animate the run: .gif or .webp.")
@json_option
def command(**given: Any) -> int:
    """Run strings through a net and show every gate at every symbol.

    GRAMMAR is a name, a file, or regex:EXPRESSION. A STRING is one argument: its symbols in a row,
    or with spaces between symbols of several characters. "" is the empty string, and - reads
    strings from standard input, one a line.

    Exit status: 1 when a symbol came that the net had not offered, else 0. So it answers whether
    the net lets each string through. Whether the net is right is another question, which the lines
    with "wrong" answer, and `certify` for all strings.

    \b
    reberlstm trace BTSSXXTVVE
    reberlstm trace BTSSSSSSXXVE --net published
    reberlstm trace parity "" 0110 --json
    reberlstm trace BTSSSSSSXXV --net published --plot heat.svg --gif run.gif
    """
    asked = _with_grammar(Options(**given))
    machine = None if asked.grammar is None else as_machine(asked.grammar)
    scalars = asked.reading.in_scalars(asked.net, machine) if _is_quick(asked) else None
    traced = scalars or asked.reading.load(asked.net, machine)
    only = chosen_cells(asked.cells, traced.cells)
    violated, count, runs = False, 0, []
    for count, string in enumerate(_expand(asked.strings), start=1):
        try:
            run = trace(traced, string, grammar=machine, snap=asked.snap, slots=asked.slots)
        except GrammarError as error:
            if is_grammar(string):
                hint = f"{string} is a grammar: `reberlstm trace {string} STRING`"
                raise GrammarError(f"{error}; {hint}") from None
            raise
        violated |= run.violation_at is not None
        if asked.plot is not None or asked.gif is not None:
            runs.append(run)
        if asked.as_json:
            echo_json(run)
            continue
        if count > 1:
            echo()
        lines = trace_lines(run, terminal_width(), all_cells=asked.all_cells, only=only)
        echo("\n".join(lines))
    if not count:
        raise GrammarError("standard input has no line; give at least one string")
    if asked.plot is not None:
        _plot(runs, asked.plot, asked.picture, only)
    if asked.gif is not None:
        from reberlstm.render.animation import save_animation

        save_animation(_only(runs, "--gif animates"), asked.gif)
        echo(f"{asked.gif}: {len(runs[0].steps)} frames", err=True)
    return int(violated)


def _with_grammar(asked: Options) -> Options:
    """With the grammar that stands before the strings, if one does."""
    first, *rest = asked.strings
    if not rest or asked.grammar not in (None, first) or not is_grammar(first):
        return asked
    return asked._replace(grammar=first, strings=tuple(rest))


def _is_quick(asked: Options) -> bool:
    """Whether two digits of a few numbers are shown: then numpy need not be loaded.

    Python's own numbers differ from it in the last digits, and the published net is chaotic where
    it drifts: after a hundred symbols the tenth digit differs.
    """
    with_arrays = asked.as_json or asked.snap or asked.plot or asked.gif
    short = all(string != "-" and len(string) <= MAX_QUICK for string in asked.strings)
    return short and not with_arrays


def _plot(runs: list[Trace], out: str, picture: str, cells: tuple[str, ...]) -> None:
    from reberlstm.render import plots

    if picture == "trajectory":
        figure = plots.trajectory(runs)
    elif picture == "heatmap":
        figure = plots.heat_map(_only(runs, "a heat map shows"))
    else:
        run = _only(runs, "a timeline shows")
        if not cells:
            raise click.UsageError(f"--picture timeline needs --cells: {', '.join(run.net.cells)}")
        figure = plots.timeline({run.net.name or "net": run}, cells[0])
    plots.save(figure, out)
    echo(f"{out}: {picture}", err=True)


def _only(runs: list[Trace], what: str) -> Trace:
    if len(runs) > 1:
        raise click.UsageError(f"{what} one string, and {len(runs)} were given")
    return runs[0]


def _expand(strings: Iterable[str]) -> Iterator[str]:
    """The strings, those of standard input in the place of ``-``."""
    for argument in strings:
        for string in standard_input_lines() if argument == "-" else [argument]:
            if len(string) > MAX_SYMBOLS:
                raise GrammarError(
                    f"a string of {len(string):,} characters is too long to trace (at most "
                    f"{MAX_SYMBOLS:,}); `reberlstm check` takes strings of any length"
                )
            yield string
