"""Commands about grammars: what there are by name, random words, other formats, a picture."""

from __future__ import annotations

import textwrap
from itertools import islice
from pathlib import Path
from typing import Any

import click

from reberlstm import formats
from reberlstm.cli.options import (
    DEFAULT_GRAMMAR,
    complete_grammar,
    echo,
    echo_content,
    echo_each,
    echo_json,
    grammar_argument,
    json_line,
    json_option,
    one_grammar,
    option,
    out_option,
    probed,
    seed_option,
    terminal_width,
    write_machine,
)
from reberlstm.display import rendered
from reberlstm.errors import FormatError
from reberlstm.files import write_atomically
from reberlstm.grammars import (
    as_machine,
    counter_machine_names,
    grammar_names,
    read_file,
    read_standard_input,
)
from reberlstm.grammars.builders import FAMILIES
from reberlstm.machine.counters import CounterMachine, Machine, up_to
from reberlstm.machine.counting import samples_of_length
from reberlstm.render.machine import FORMATS, TIME_LIMIT, draw

MIN_ROOM = 20
"""Columns that a text needs to stand beside what it is about, and not below it."""


@click.command("grammars")
@json_option
def command(as_json: bool) -> None:
    """List the grammars that are known by name, with their sizes.

    A family has a machine for every choice of the capitals in its name.
    """
    machines = {name: as_machine(name) for name in (*grammar_names(), *counter_machine_names())}
    if as_json:
        families = [
            {"pattern": family.pattern, "example": family.example, "title": family.title}
            for family in FAMILIES
        ]
        described = [
            {
                "name": name,
                "title": machine.title,
                "source": machine.source,
                "states": len(machine.states),
                "symbols": len(machine.alphabet),
                "alphabet": list(machine.alphabet),
                "complete": machine.is_complete,
                "outputs": list(dict.fromkeys(getattr(machine, "outputs", {}).values())),
                "counters": list(_counters(machine)),
            }
            for name, machine in machines.items()
        ]
        echo_json({"grammars": described, "families": families})
        return
    width = max(len(name) for name in (*machines, *(family.pattern for family in FAMILIES)))
    _row(f"{'name':{width}}  states  symbols  counters", "title")
    for name, machine in machines.items():
        counters = len(_counters(machine)) or ""
        sizes = f"{len(machine.states):6}  {len(machine.alphabet):7}  {counters:>8}"
        _row(f"{name:{width}}  {sizes}", machine.title)
    echo("\nfamilies")
    for family in FAMILIES:
        _row(f"{family.pattern:{width}}", f"{family.title}, as in {family.example}")


def _row(start: str, text: str) -> None:
    """A line; text that the terminal has no room for goes on below."""
    width, indent = terminal_width(), len(start) + 2
    if width - indent < MIN_ROOM:
        echo(start.rstrip())
        start, indent = "", 4
    lines = textwrap.wrap(text, max(width - indent, MIN_ROOM), break_on_hyphens=False)
    for line in lines:
        echo(f"{start:{indent}}{line}")
        start = ""


def _counters(machine: Machine) -> tuple[str, ...]:
    return machine.counters if isinstance(machine, CounterMachine) else ()


@click.command("sample")
@grammar_argument("named", required=False, metavar="[GRAMMAR]")
@click.option(
    "--grammar",
    metavar="NAME|FILE",
    shell_complete=complete_grammar,
    help=f"The same as GRAMMAR.  [default: {DEFAULT_GRAMMAR}]",
)
@option("-n", "--count", type=click.IntRange(min=0), default=10, help="How many strings.")
@option(
    "--length",
    type=click.IntRange(min=0),
    help="Only strings of so many symbols, all equally likely.",
)
@option(
    "--max-length",
    type=click.IntRange(min=0),
    default=100_000,
    help="Give up when a string grows longer, where --length is not given.",
)
@seed_option
@json_option
def sample(
    named: str | None,
    grammar: str | None,
    count: int,
    length: int | None,
    max_length: int,
    seed: int,
    as_json: bool,
) -> None:
    """Draw accepted strings of GRAMMAR (a name or a file), one a line.

    They follow the grammar's probabilities, or uniform ones where it gives none; with --length
    every accepted string of that length is equally likely. Strings of a machine with counters are
    led to their end after 30 symbols. With --json a string is the list of its symbols.

    \b
    reberlstm sample -n 3
    reberlstm sample dyck-2-3 --length 12 --seed 1
    """
    machine = as_machine(one_grammar(named, grammar) or DEFAULT_GRAMMAR)
    echo(f"seed: {seed}", err=True)
    if length is None:
        words = machine.samples(seed=seed, max_length=max_length)
    else:
        words = samples_of_length(up_to(machine, length), length, seed=seed)
    echo_each(islice(words, count), json_line if as_json else machine.text)


_FORMATS = click.Choice(list(formats.FORMATS))
_WRITTEN = click.Choice(list(formats.WRITTEN))


@click.command("convert")
@grammar_argument("source", metavar="IN")
@click.argument("target", metavar="OUT", required=False, callback=probed)
@out_option(required=False, help="OUT, given as an option.")
@click.option("--from", "read_as", type=_FORMATS, help="The format of IN.  [default: its suffix]")
@click.option("--to", "write_as", type=_WRITTEN, help="The format of OUT.  [default: its suffix]")
def convert(
    source: str, target: str | None, out: str | None, read_as: str | None, write_as: str | None
) -> None:
    """Write the machine IN in the file format of OUT.

    IN is the name of a grammar, a file, regex:EXPRESSION, or - for standard input. OUT is a file,
    whose suffix names the format: .toml, .dot, .gv, .jff, .att, .fst or .json, each also with .gz
    after it; or - for standard output, in the format given with --to.

    A nondeterministic machine is determinised and minimised. A note says so, and what the format of
    OUT cannot carry. Only .toml carries counters; `fsm bound` makes a machine for other formats.

    \b
    reberlstm convert reber reber.jff
    reberlstm convert "regex:(ab|c)*" - --to dot
    reberlstm convert machine.att.gz machine.toml
    """
    if (target is None) == (out is None):
        raise click.UsageError("give the file to write once, as OUT or with -o")
    target = target or out or "-"
    if target == "-" and write_as is None:
        raise click.UsageError("give the format of standard output with --to")
    if read_as is None:
        machine = as_machine(source)
    elif source.startswith("regex:"):
        raise FormatError("--from is for files; a regular expression has no file format")
    else:
        machine = read_standard_input(read_as) if source == "-" else read_file(source, read_as)
    write_machine(machine, target, write_as)
    if target == "-":
        return
    states, symbols = len(machine.states), len(machine.alphabet)
    echo(f"{target}: {states:,} states, {symbols:,} symbols")


@click.command("diagram")
@grammar_argument()
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
def diagram(grammar: str, out: str | None, time_limit: float, **options: Any) -> None:
    """Draw the state graph of GRAMMAR (a name or a file).

    Accepting states have a double border. With --string the arrows that the string takes are bold
    and carry the numbers of its symbols, the state it ends in has a heavy border, and a violation
    is a dashed arrow to a box. On the arrows of a machine with counters stand the guard in brackets
    and what is done to the counters; a state that accepts under a guard tells it.

    \b
    reberlstm diagram reber -o reber.svg
    reberlstm diagram reber -o run.png --string BTSSXXTVVE --dark
    """
    suffix = Path(out).suffix.lower() if out is not None else ".dot"
    format = next((name for name in FORMATS if suffix == f".{name}"), None)
    if format is None and suffix not in (".dot", ".gv"):
        known = ", ".join(f".{name}" for name in (*FORMATS, "dot", "gv"))
        raise FormatError(f"{out}: diagrams are written to files with the suffix {known}")
    machine = as_machine(grammar)
    if format is not None:
        picture = draw(machine, format, time_limit=time_limit, **options)
    else:
        text: str = rendered(machine, "dot", **options)
        picture = text.encode("utf-8")
    if out is None:
        echo_content(picture)
    else:
        write_atomically(Path(out), picture)
