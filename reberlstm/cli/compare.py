"""``reberlstm compare``: several nets, one machine, one table."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from reberlstm.cli.options import echo, json_option, load_net, out_option, seed_option
from reberlstm.cli.options import terminal_width as width_of_terminal
from reberlstm.comparison import Comparison, compare
from reberlstm.comparison.case import Net
from reberlstm.errors import FormatError, printable
from reberlstm.files import write_atomically
from reberlstm.grammars import load_grammar
from reberlstm.machine.fsm import FSM
from reberlstm.net.shipped import shipped, shipped_names

FORMATS = ("text", "json", "markdown", "html")
SUFFIXES = {".txt": "text", ".json": "json", ".md": "markdown", ".html": "html", ".htm": "html"}
WIDTH_OF_FILES = 120


@click.command("compare")
@click.argument("grammar")
@click.argument("nets", nargs=-1, metavar="[NET]...")
@click.option("--net", "more", multiple=True, metavar="NET", help="The same as NET; repeat it.")
@click.option(
    "--row",
    "rows",
    multiple=True,
    metavar="KEY",
    help="Answer this question only, such as loop, certificate or 'loop S'; repeat it.",
)
@click.option("--format", "format", type=click.Choice(FORMATS), help="How to print or write it.")
@click.option(
    "--words",
    type=click.IntRange(1, 1_000_000),
    default=1_000,
    show_default=True,
    help="Sampled strings.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 1_000_000),
    default=1_000,
    show_default=True,
    help="Rounds of every cycle.",
)
@click.option(
    "--cycles",
    type=click.IntRange(min=0, max=1_000),
    default=12,
    show_default=True,
    help="The most cycles with rows of their own, shortest first.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, max=1e9),
    default=60.0,
    show_default=True,
    help="Time for each net; what is not answered by then says so.",
)
@click.option("--no-proofs", is_flag=True, help="Try no certificates: faster, and only measured.")
@seed_option
@out_option(required=False, help="Write the table to this file (.txt, .json, .md or .html).")
@json_option
def command(
    grammar: str,
    nets: tuple[str, ...],
    more: tuple[str, ...],
    rows: tuple[str, ...],
    format: str | None,
    words: int,
    rounds: int,
    cycles: int,
    seconds: float,
    no_proofs: bool,
    seed: int,
    out: str | None,
    as_json: bool,
) -> int:
    """Compare nets that are to follow GRAMMAR (a name or a file), a column each.

    A NET is compiled, resync (compiled to start over after a violation), published, trained or
    smallest (shipped nets for the grammar), or a weights file: LSTM, GRU or RNN, ours or of others.
    Give it a name with NAME=NET. Without any: compiled, and published and trained where they are.

    Every row is a question with a definition, which Markdown and HTML print; every entry is marked
    where it is proved or refuted for words of every length.

    \b
    reberlstm compare reber
    reberlstm compare parity compiled mine=trained.safetensors
    reberlstm compare reber --row loop --row drift --row 'wrong prefix'
    reberlstm compare reber -o table.html
    """
    machine = load_grammar(grammar)
    written = _format(out, format, as_json)
    columns = dict(_named(name, machine) for name in (*nets, *more)) or _defaults(machine)
    if len(columns) < len(nets) + len(more):
        raise click.UsageError("two nets have the same name; give one another with NAME=NET")
    with _progress() as report:
        table = compare(
            machine,
            columns,
            rows=rows or None,
            seed=seed,
            words=words,
            rounds=rounds,
            cycles=cycles,
            seconds=seconds,
            prove=not no_proofs,
            report=report,
        )
    if out is not None:
        write_atomically(Path(out), _content(table, written, WIDTH_OF_FILES).encode())
        echo(f"{out}: {len(table.rows)} rows, {', '.join(table.nets)}")
    elif written == "json":
        click.echo(_content(table, written, 0), nl=False)
    else:
        echo(_content(table, written, width_of_terminal()).rstrip("\n"))
    return 0


def _format(out: str | None, format: str | None, as_json: bool) -> str:
    if as_json:
        if format not in (None, "json"):
            raise click.UsageError(f"--json and --format {format} exclude each other")
        return "json"
    if format is not None:
        return format
    if out is None:
        return "text"
    suffix = Path(out).suffix.lower()
    if suffix not in SUFFIXES:
        raise FormatError(
            f"{out}: give it a suffix of {' '.join(SUFFIXES)}, which picks the format, or --format"
        )
    return SUFFIXES[suffix]


def _content(table: Comparison, format: str, width: int) -> str:
    if format == "json":
        return json.dumps(table.to_dict(), ensure_ascii=False) + "\n"
    if format == "markdown":
        return table.to_markdown()
    if format == "html":
        return table.to_html()
    return "\n".join(table.lines(width)) + "\n"


def _named(argument: str, machine: FSM) -> tuple[str, Net]:
    """The column that an argument asks for; a name comes before an equals sign."""
    name, separator, rest = argument.partition("=")
    if separator and name and not Path(argument).exists():
        return name, open_column(rest, machine)
    return (
        Path(argument).stem if "." in Path(argument).name else argument,
        open_column(argument, machine),
    )


def open_column(name: str, machine: FSM) -> Net:
    """The net that a name or file means, for this machine."""
    if name == "resync":
        from reberlstm.compiler import compile

        return compile(machine, on_violation="resync")
    if name in KINDS:
        net = shipped_for(machine, KINDS[name])
        if net is None:
            raise FormatError(f"no {name} net for {machine} is shipped; {HINTS[name]}")
        return net
    if name in ("compiled", "published", *shipped_names()):
        return load_net(name, machine)
    from reberlstm.net.recurrent import open_net

    return open_net(name, alphabet=machine.alphabet)


KINDS = {"trained": "", "smallest": "smallest/"}
"""Kinds of shipped nets, and what their names begin with."""

HINTS = {
    "trained": "make one with `reberlstm train`",
    "smallest": "there is one for each shipped grammar",
}


def shipped_for(machine: FSM, folder: str) -> Net | None:
    """The shipped net in a folder whose grammar is this machine, if there is one.

    Of several the last by name, which has the most cells.
    """
    for name in reversed(shipped_names()):
        if name.rpartition("/")[0] != folder.rstrip("/"):
            continue
        net = shipped(name)
        grammar = net.grammar
        if grammar is not None and set(grammar.alphabet) == set(machine.alphabet):
            same = grammar.difference(machine, by="legal") is None
            if same and grammar.difference(machine) is None:
                return net
    return None


def _defaults(machine: FSM) -> dict[str, Net]:
    """All nets that there are for a machine."""
    from reberlstm.compiler import compile, published

    found: dict[str, Net] = {"compiled": compile(machine)}
    old = published()
    assert old.grammar is not None
    if set(old.alphabet) == set(machine.alphabet) and machine.difference(old.grammar) is None:
        found["published"] = old
    net = shipped_for(machine, KINDS["trained"])
    if net is not None:
        found["trained"] = net
    return found


@contextmanager
def _progress() -> Iterator[Callable[[str, str], None] | None]:
    """What is being measured, on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return

    def report(net: str, title: str) -> None:
        click.echo(f"\r{printable(f'{net}: {title}')}\x1b[K", nl=False, err=True)

    yield report
    click.echo("\r\x1b[K", nl=False, err=True)
