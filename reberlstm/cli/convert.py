"""``reberlstm convert``: a machine in another file format."""

from __future__ import annotations

import click

from reberlstm import formats
from reberlstm.cli.options import out_option, write_machine
from reberlstm.errors import FormatError
from reberlstm.grammars import load_grammar, read_file, read_standard_input
from reberlstm.machine.fsm import FSM

_FORMATS = click.Choice(list(formats.FORMATS))


@click.command("convert")
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT", required=False)
@out_option(required=False, help="OUT, given as an option.")
@click.option("--from", "read_as", type=_FORMATS, help="The format of IN.  [default: its suffix]")
@click.option("--to", "write_as", type=_FORMATS, help="The format of OUT.  [default: its suffix]")
def command(
    source: str, target: str | None, out: str | None, read_as: str | None, write_as: str | None
) -> None:
    """Write the machine IN in the file format of OUT.

    IN is the name of a grammar, a file, regex:EXPRESSION, or - for standard input. OUT is a file,
    whose suffix names the format: .toml, .dot, .gv, .jff, .att, .fst or .json, each also with .gz
    after it; or - for standard output, in the format given with --to.

    A nondeterministic machine is determinised and minimised. A note says so, and what the format of
    OUT cannot carry.

    \b
    reberlstm convert reber reber.jff
    reberlstm convert "regex:(ab|c)*" - --to dot
    reberlstm convert machine.att.gz machine.toml
    """
    target = _one_target(target, out)
    if target == "-" and write_as is None:
        raise click.UsageError("give the format of standard output with --to")
    machine = load_grammar(source) if read_as is None else _read(source, read_as)
    write_machine(machine, target, write_as)
    if target == "-":
        return
    states, symbols = len(machine.states), len(machine.alphabet)
    click.echo(f"{target}: {states:,} states, {symbols:,} symbols")


def _one_target(target: str | None, out: str | None) -> str:
    if (target is None) == (out is None):
        raise click.UsageError("give the file to write once, as OUT or with -o")
    return target or out or "-"


def _read(source: str, format: str) -> FSM:
    if source.startswith("regex:"):
        raise FormatError("--from is for files; a regular expression has no file format")
    return read_standard_input(format) if source == "-" else read_file(source, format)
