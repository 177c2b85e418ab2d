"""``reberlstm compare``: several nets, one machine, one table."""

from __future__ import annotations

import itertools
import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reberlstm.cli.options import (
    Decorated,
    NetOptions,
    complete_net,
    echo,
    echo_content,
    echo_json,
    grammar_argument,
    json_option,
    net_options,
    option,
    out_option,
    progress,
    seed_option,
    terminal_width,
)
from reberlstm.errors import FormatError
from reberlstm.files import write_atomically
from reberlstm.grammars import as_machine
from reberlstm.machine.fsm import FSM

if TYPE_CHECKING:
    from reberlstm.machine.counters import Machine
    from reberlstm.net.net import Net

FORMATS = ("text", "json", "markdown", "html")
SUFFIXES = {".txt": "text", ".json": "json", ".md": "markdown", ".html": "html", ".htm": "html"}
WIDTH_OF_FILES = 120

MORE = "--explain KEY prints whole answers, --all asks every question, --json has all figures"

MANY = click.IntRange(1, 1_000_000)


def question_options(command: Decorated) -> Decorated:
    """The options of what is asked of every net; `study` has them too."""
    for add in (
        click.option("--no-proofs", is_flag=True, help="Try no certificates: only measure."),
        option(
            "--seconds",
            type=click.FloatRange(min=0, max=1e9),
            default=60.0,
            help="Time for each net; what is not answered by then says so.",
        ),
        option("--rounds", type=MANY, default=1_000, help="Rounds of every cycle."),
        option("--words", type=MANY, default=1_000, help="Sampled strings."),
        click.option(
            "--row",
            "rows",
            multiple=True,
            metavar="KEY",
            help="Ask only this, such as loop, certificate or 'loop S'; repeat it.",
        ),
    ):
        command = add(command)
    return command


@click.command("compare")
@grammar_argument()
@click.argument("nets", nargs=-1, metavar="[NET]...", shell_complete=complete_net)
@click.option("--net", "more", multiple=True, metavar="NET", help="The same as NET; repeat it.")
@net_options()
@question_options
@click.option("--all", "everything", is_flag=True, help="Ask all questions, not only twelve.")
@click.option(
    "--explain",
    "explained",
    multiple=True,
    metavar="KEY",
    help="Ask only this, and print its definition and the whole answers; repeat it.",
)
@option(
    "--cycles",
    type=click.IntRange(min=0, max=1_000),
    default=12,
    help="The most cycles with rows of their own, shortest first.",
)
@click.option("--format", type=click.Choice(FORMATS), help="How to print or write it.")
@seed_option
@out_option(required=False, help="Write the table to this file (.txt, .json, .md or .html).")
@json_option
def command(
    grammar: str,
    nets: tuple[str, ...],
    more: tuple[str, ...],
    reading: NetOptions,
    rows: tuple[str, ...],
    everything: bool,
    explained: tuple[str, ...],
    no_proofs: bool,
    format: str | None,
    out: str | None,
    as_json: bool,
    **budget: Any,
) -> int:
    """Compare nets that are to follow GRAMMAR (a name or a file), a column each.

    A NET is compiled (also compiled:latch, compiled:keep, compiled:gru and so on), resync (compiled
    to start over after a violation), published, trained or smallest (shipped nets for the grammar),
    or a weights file: LSTM, GRU or RNN, ours or of others. Give it a name with NAME=NET. Without
    any: compiled, and published and trained where they are.

    Every row is a question; what it means is said below the table, and for which words an answer is
    proved that is marked so. Without --all, twelve questions are asked.

    \b
    reberlstm compare reber
    reberlstm compare parity compiled mine=trained.safetensors
    reberlstm compare reber --all
    reberlstm compare reber --explain drift --explain 'wrong prefix'
    reberlstm compare reber -o table.html
    """
    from reberlstm.comparison import compare, usual_rows

    machine = as_machine(grammar)
    written = _written(format, out, as_json)
    asked_rows: tuple[str, ...] | None = (*rows, *explained)
    if not asked_rows:
        asked_rows = None if everything else usual_rows(machine, budget["cycles"])
    asked = (*nets, *more)
    columns = dict(_named(name, machine, reading) for name in asked) or _defaults(machine)
    if len(columns) < len(asked):
        raise click.UsageError("two nets have the same name; give one another with NAME=NET")
    with progress() as show:
        number = itertools.count(1)
        table = compare(
            machine,
            columns,
            rows=asked_rows,
            prove=not no_proofs,
            report=lambda net, title: show(next(number), f"{net}: {title}"),
            **budget,
        )
    if out is None and written == "json":
        echo_json(table)
        return 0
    width = terminal_width() if out is None else WIDTH_OF_FILES
    if written == "json":
        content = json.dumps(table.to_dict(), ensure_ascii=False) + "\n"
    elif written == "markdown":
        content = table.to_markdown()
    elif written == "html":
        content = table.to_html()
    else:
        from reberlstm.render.comparison import explained_lines

        lines = explained_lines(table, width) if explained else table.lines(width)
        content = "\n".join(lines) + "\n"
        if out is None and not explained:
            content += "\n".join(textwrap.wrap(MORE, width)) + "\n"
    if out is None and written != "text":
        echo_content(content.encode())
    elif out is None:
        echo(content.rstrip("\n"))
    else:
        write_atomically(Path(out), content.encode())
        echo(f"{out}: {len(table.rows)} rows, {', '.join(table.nets)}")
    return 0


def _written(format: str | None, out: str | None, as_json: bool) -> str:
    """The format to write."""
    if as_json and format not in (None, "json"):
        raise click.UsageError(f"--json and --format {format} exclude each other")
    if as_json or format or out is None:
        return "json" if as_json else format or "text"
    suffix = Path(out).suffix.lower()
    if suffix not in SUFFIXES:
        raise FormatError(
            f"{out}: give it a suffix of {' '.join(SUFFIXES)}, which picks the format, or --format"
        )
    return SUFFIXES[suffix]


def _named(argument: str, machine: Machine, reading: NetOptions) -> tuple[str, Net]:
    """The column that an argument asks for; a name comes before an equals sign."""
    name, separator, rest = argument.partition("=")
    if separator and name and not Path(argument).exists():
        return name, open_column(rest, machine, reading)
    name = Path(argument).stem if "." in Path(argument).name else argument
    return name, open_column(argument, machine, reading)


def open_column(name: str, machine: Machine, reading: NetOptions | None = None) -> Net:
    """The net that a name or file means, for this machine."""
    if name == "resync":
        from reberlstm.compiler import compile

        return compile(machine, on_violation="resync")
    if name in KINDS:
        folder, hint = KINDS[name]
        net = shipped_for(machine, folder)
        if net is None:
            raise FormatError(f"no {name} net for {machine} is shipped; {hint}")
        return net
    return (reading or NetOptions()).load(name, machine, only_files=True)


KINDS = {
    "trained": ("", "make one with `reberlstm train`"),
    "smallest": ("smallest", "there is one for each shipped grammar"),
}
"""Kinds of shipped nets: their folder, and what to say where there is none."""


def shipped_for(machine: Machine, folder: str) -> Net | None:
    """The shipped net in a folder whose grammar is this machine, if there is one.

    Of several the last by name, which has the most cells.
    """
    from reberlstm.net.loading import shipped, shipped_names

    for name in reversed(shipped_names()):
        if name.rpartition("/")[0] == folder:
            net = shipped(name)
            if _is_for(net, machine):
                return net
    return None


def _is_for(net: Net, machine: Machine) -> bool:
    grammar = net.grammar
    return (
        grammar is not None
        and isinstance(machine, FSM)
        and set(grammar.alphabet) == set(machine.alphabet)
        and grammar.difference(machine, by="legal") is None
        and grammar.difference(machine) is None
    )


def _defaults(machine: Machine) -> dict[str, Net]:
    """All nets that there are for a machine."""
    from reberlstm.compiler import compile, published

    old, trained = published(), shipped_for(machine, KINDS["trained"][0])
    found = {"published": old if _is_for(old, machine) else None, "trained": trained}
    return {"compiled": compile(machine)} | {name: net for name, net in found.items() if net}
