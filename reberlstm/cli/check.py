"""``reberlstm check``: many strings against a grammar."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

import click

from reberlstm.cli.options import DEFAULT_GRAMMAR, NetOptions, json_option, net_options
from reberlstm.errors import FormatError, printable
from reberlstm.grammars import load_grammar
from reberlstm.machine.fsm import FSM
from reberlstm.simulator.checking import Checker, Row, check_stream

STANDARD_INPUT = "standard input"


@click.command("check")
@click.argument("files", nargs=-1, metavar="[FILE|-]...")
@click.option(
    "--grammar",
    metavar="NAME|FILE",
    help=f"The grammar.  [default: that of the net, or {DEFAULT_GRAMMAR}]",
)
@click.option(
    "--net",
    metavar="compiled|published|FILE",
    help="Let a net check the strings in place of the grammar's state machine.",
)
@net_options()
@click.option(
    "--first",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    metavar="N",
    help="Show the first N failures.",
)
@click.option("--complete", is_flag=True, help="An incomplete string is a failure, too.")
@json_option
def command(
    files: tuple[str, ...],
    grammar: str | None,
    net: str | None,
    reading: NetOptions,
    first: int,
    complete: bool,
    as_json: bool,
) -> int:
    """Check strings against the state machine of a grammar, any number of any length.

    A FILE holds one string a line, its symbols in a row, or with spaces between symbols of several
    characters; an empty line is the empty string. - is standard input, and so is no FILE at all.
    What gzip has compressed is read as it is.

    A symbol that is not allowed, or not in the alphabet at all, is a violation: the string fails
    there, the rest of it is passed over, and the next one is checked. A string without a violation
    that may not end where it does is incomplete, which is a failure with --complete only.

    With --net what is allowed, and where a string may end, is what the net says.

    Exit status: 1 when a string failed, 2 when a file cannot be read or is no text, else 0.

    \b
    reberlstm sample -n 1000 | reberlstm check
    reberlstm check --grammar parity --complete words.txt.gz
    reberlstm sample -n 1000 | reberlstm check --net published
    """
    if not files and sys.stdin.isatty():
        raise click.UsageError("give a FILE, or - for strings from standard input")
    files = files or ("-",)
    if grammar == "-" and "-" in files:
        raise click.UsageError("the grammar and the strings cannot both come from standard input")
    machine, start = _checking(grammar, net, reading)
    checker = Checker(machine, first=first, complete=complete, start=start)
    with _progress(files) as advance:
        for file in files:
            with _opened(file) as (stream, source):
                check_stream(checker, stream, source, advance)
    if as_json:
        _print_json(checker, net)
    else:
        _print(checker, net)
    return int(checker.failed)


def _checking(grammar: str | None, net: str | None, reading: NetOptions) -> tuple[FSM, Row | None]:
    """The machine, and the first row of a net that takes its place."""
    if net is None:
        return load_grammar(grammar or DEFAULT_GRAMMAR), None
    from reberlstm.simulator.checking import start_row

    machine = load_grammar(grammar) if grammar is not None else None
    weights = reading.load(net, machine)
    machine = machine or weights.grammar or load_grammar(DEFAULT_GRAMMAR)
    return machine, start_row(weights, machine)


@contextmanager
def _opened(file: str) -> Iterator[tuple[IO[bytes], str]]:
    if file == "-":
        yield sys.stdin.buffer, STANDARD_INPUT
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 - closed below
    except FileNotFoundError:
        raise FormatError(f"{file}: no such file") from None
    except (OSError, ValueError) as error:
        raise FormatError(
            f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from None
    with stream:
        yield stream, file


@contextmanager
def _progress(files: tuple[str, ...]) -> Iterator[Callable[[int], None] | None]:
    """A bar on standard error where that is a terminal; else nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")))
    columns = ("checking", BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=_size(files))
        yield lambda count: progress.advance(task, count)


def _size(files: tuple[str, ...]) -> int | None:
    """The bytes to come, where that is known: not from a pipe, nor before decompression."""
    paths = [Path(file) for file in files]
    if "-" in files or not all(path.is_file() and path.suffix != ".gz" for path in paths):
        return None
    return sum(path.stat().st_size for path in paths)


def _print(checker: Checker, net: str | None) -> None:
    report = checker.report
    unknown = f" ({report.unknown:,} by unknown symbols)" if report.unknown else ""
    subject = f"{checker.fsm}, net {net}" if net is not None else str(checker.fsm)
    click.echo(f"{printable(subject)}: {report.strings:,} strings, {report.symbols:,} symbols")
    click.echo(
        f"{report.accepted:,} accepted, {report.incomplete:,} incomplete, "
        f"{report.violations:,} with a violation{unknown}"
    )
    for failure in report.failures:
        click.echo(str(failure))
    failed = report.violations + (report.incomplete if checker.complete else 0)
    if failed > len(report.failures):
        click.echo(f"and {failed - len(report.failures):,} more; --first shows more of them")


def _print_json(checker: Checker, net: str | None) -> None:
    result = {"grammar": checker.fsm.name, "net": net, **asdict(checker.report)}
    result["failures"] = [
        {"file": failure.pop("source"), **failure} for failure in result["failures"]
    ]
    click.echo(json.dumps(result, ensure_ascii=False))
