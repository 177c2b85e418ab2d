"""``reberlstm check``: many strings against a grammar."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from reberlstm.cli.options import (
    DEFAULT_GRAMMAR,
    NetOptions,
    complete_grammar,
    echo,
    echo_json,
    grammar_argument,
    is_grammar,
    json_option,
    net_options,
    one_grammar,
    option,
    progress,
)
from reberlstm.errors import FormatError, GrammarError, printable
from reberlstm.files import open_to_read
from reberlstm.grammars import as_machine, load_grammar
from reberlstm.machine.fsm import FSM
from reberlstm.simulator.checking import Checker, check_stream, start_row


@dataclass(frozen=True)
class Options:
    """What the command was asked."""

    files: tuple[str, ...]
    grammar: str | None
    net: str | None
    reading: NetOptions
    first: int
    complete: bool
    as_json: bool


@click.command("check")
@grammar_argument("files", nargs=-1, metavar="[GRAMMAR] [FILE|-]...")
@click.option(
    "--grammar",
    metavar="NAME|FILE",
    shell_complete=complete_grammar,
    help=f"The same as GRAMMAR.  [default: that of the net; without a net {DEFAULT_GRAMMAR}]",
)
@click.option(
    "--net",
    metavar="compiled|published|NAME|FILE",
    help="Let a net check the strings in place of the grammar's state machine.",
)
@net_options()
@option(
    "--first",
    type=click.IntRange(min=0),
    default=10,
    metavar="N",
    help="Show the first N failures.",
)
@click.option("--complete", is_flag=True, help="An incomplete string is a failure, too.")
@json_option
def command(**given: Any) -> int:
    """Check strings against the state machine of GRAMMAR, any number of any length.

    GRAMMAR is a name, a file of a machine, or regex:EXPRESSION. A FILE holds one string a line, its
    symbols in a row, or with spaces between symbols of several characters; an empty line is the
    empty string. - is standard input, and so is no FILE at all. What gzip has compressed is read as
    it is.

    A symbol that is not allowed, or not in the alphabet at all, is a violation. The string fails
    there, and the rest of it is skipped. A string that has no violation, but may not end where it
    does, is incomplete. With --complete that is a failure, too.

    With --net the net says what is allowed, and where a string may end. A net that was only made
    for words of the grammar is not judged after a violation. Where net and grammar differ, the
    shortest such strings are shown.

    Exit status: 1 when a string failed, 2 when a file cannot be read or is no text, else 0.

    \b
    reberlstm sample -n 1000 | reberlstm check
    reberlstm check parity --complete words.txt.gz
    reberlstm sample -n 1000 | reberlstm check --net published
    """
    asked = Options(**given)
    files = asked.files
    if files and files[0] != "-" and is_grammar(files[0]):
        asked = replace(asked, grammar=one_grammar(files[0], asked.grammar), files=files[1:])
        files = asked.files
    elif files and files[0] != "-" and not Path(files[0]).exists() and not Path(files[0]).suffix:
        try:
            load_grammar(files[0])
        except GrammarError as error:
            raise FormatError(f"{files[0]}: no such file, and {error}") from None
    if not files and sys.stdin.isatty():
        raise click.UsageError("give a FILE, or - for strings from standard input")
    files = files or ("-",)
    if asked.grammar == "-" and "-" in files:
        raise click.UsageError("the grammar and the strings cannot both come from standard input")
    machine = None if asked.grammar is None else as_machine(asked.grammar)
    judge = None if asked.net is None else asked.reading.load(asked.net, machine)
    if machine is None:
        machine = as_machine(DEFAULT_GRAMMAR) if judge is None else judge.machine
    alone = machine is None
    if judge is not None and machine is None:
        machine = _anything(judge.alphabet)
    assert machine is not None
    checker = Checker(
        machine,
        first=asked.first,
        complete=asked.complete,
        start=None if judge is None else start_row(judge, machine),
        compared=judge is not None and not alone,
    )
    paths = [Path(file) for file in files]
    # Not known of a pipe, nor before decompression.
    known = "-" not in files and all(x.is_file() and x.suffix != ".gz" for x in paths)
    with progress(sum(path.stat().st_size for path in paths) if known else None) as show:
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            show(done, "bytes")

        for file in files:
            if file == "-":
                check_stream(checker, sys.stdin.buffer, "standard input", advance)
                continue
            with open_to_read(Path(file)) as stream:
                check_stream(checker, stream, file, advance)
    if asked.as_json:
        readout = None if judge is None else judge.reading
        who = {"grammar": None if alone else machine.name, "net": asked.net, "readout": readout}
        echo_json(who | checker.report.to_dict())
    else:
        names = [] if alone else [str(machine)]
        names += [] if judge is None else [f"net {asked.net} ({judge.reading})"]
        _print(checker, ", ".join(names))
    return int(checker.failed)


def _anything(alphabet: tuple[str, ...]) -> FSM:
    """All words, for a net that no grammar is known of."""
    lines = {"any": dict.fromkeys(alphabet, "any")}
    return FSM(alphabet=alphabet, start="any", accepting=frozenset({"any"}), transitions=lines)


def _print(checker: Checker, title: str) -> None:
    report = checker.report
    echo(f"{printable(title)}: {report.strings:,} strings, {report.symbols:,} symbols")
    outside = f"{report.not_judged:,} not judged, " if report.not_judged else ""
    unknown = f" ({report.unknown:,} by unknown symbols)" if report.unknown else ""
    echo(
        f"{report.accepted:,} accepted, {report.incomplete:,} incomplete, {outside}"
        f"{report.violations:,} with a violation{unknown}"
    )
    for failure in report.failures:
        echo(str(failure))
    if report.differing:
        few, all_of_them = len(report.differences), report.differing
        shown = "" if all_of_them == few else f"; the {few} shortest" if few > 1 else "; one is"
        strings = "string" if all_of_them == 1 else "strings"
        echo(f"net and grammar differ on {all_of_them:,} {strings}{shown}:")
        for difference in report.differences:
            echo(printable(f"  {difference.text(checker.fsm)}"))
    failed = report.violations + (report.incomplete if checker.complete else 0)
    if failed > len(report.failures):
        echo(f"and {failed - len(report.failures):,} more; --first shows more of them")
