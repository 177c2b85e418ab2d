"""``reberlstm extract``: the machine in a net's memory, and exactly what is known about it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reberlstm import formats
from reberlstm.cli.options import (
    NetOptions,
    echo,
    json_option,
    net_options,
    out_option,
    seed_option,
)
from reberlstm.errors import FormatError
from reberlstm.extraction import Budget, Extraction, extract
from reberlstm.files import write_atomically
from reberlstm.grammars import load_grammar
from reberlstm.render.extraction import extraction_lines


@dataclass(frozen=True)
class Options:
    """What the command was asked; `reading` tells how a foreign file is read."""

    net: str
    reference: str | None
    within: bool
    max_states: int
    max_words: int
    seconds: float
    effort: float
    seed: int
    plot: str | None
    picture: str
    out: str | None
    as_json: bool
    reading: NetOptions


@click.command("extract")
@click.argument("net", metavar="NET")
@net_options(aliases=True)
@click.option("--reference", metavar="GRAMMAR", help="A machine to compare with: a name or a file.")
@click.option(
    "--within",
    is_flag=True,
    help="Ask the net only about words of --reference, as far as they go on there.",
)
@click.option(
    "--max-states",
    type=click.IntRange(min=1),
    default=1_000,
    show_default=True,
    help="A bound on the machine.",
)
@click.option(
    "--max-words",
    type=click.IntRange(min=1),
    default=2_000_000,
    show_default=True,
    help="A bound on the words whose state vector is kept.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, max=1e9),
    default=60.0,
    show_default=True,
    help="Time to spend.",
)
@click.option(
    "--effort",
    type=click.FloatRange(min=0, min_open=True, max=100),
    default=1.0,
    show_default=True,
    help="How much is compared before net and machine count as undistinguished.",
)
@seed_option
@click.option("--plot", metavar="FILE", help="Draw a picture: .svg, .png or .pdf.")
@click.option(
    "--picture",
    type=click.Choice(["machines", "memories", "cells"]),
    default="machines",
    show_default=True,
    help="What --plot draws: machine and reference in one graph, where the states lie among the "
    "state vectors, or the memory of each cell by state.",
)
@out_option(required=False, help="Write the machine to this file (.toml, .dot, .jff and others).")
@json_option
def command(**given: Any) -> int:
    """Rebuild a state machine from the state vectors of a trained or compiled net.

    NET is a safetensors, npz or PyTorch file (a state_dict; nothing in it is executed), the name of
    a net that comes with the package, `compiled` or `published`. A foreign file needs the symbols:
    give --alphabet or --reference.

    Net, extracted machine and reference are compared two by two, and for each pair the command says
    how much is known: proved, equal up to a length, or different, with a word.

    Exit status: 0 when the search came to its own end, 1 when its budget ended it.

    \b
    reberlstm extract published --reference reber --seconds 5
    reberlstm extract reber-4
    reberlstm extract net.pt --alphabet 01 --kind accept --reference parity -o found.dot
    reberlstm extract published --reference reber --max-states 12 --plot machines.svg
    """
    return _run(Options(**given))


def _run(options: Options) -> int:
    written = None if options.out is None else _format_of(options.out)
    if options.plot is not None:
        _check_picture(options.plot)
    if options.within and options.reference is None:
        raise click.UsageError("--within is about the words of a machine; give --reference")
    machine = None if options.reference is None else load_grammar(options.reference)
    net = options.reading.load(options.net, machine)
    terminal = sys.stderr.isatty() and not options.as_json
    found = extract(
        net,
        reference=machine,
        within=options.within,
        max_states=options.max_states,
        max_words=options.max_words,
        seconds=options.seconds,
        budget=Budget().scaled(options.effort),
        seed=options.seed,
        progress=_show_progress if terminal else None,
    )
    if terminal:
        click.echo("\r\x1b[K", nl=False, err=True)
    if options.out is not None and written is not None:
        write_atomically(Path(options.out), formats.write(found.fsm, written))
    _report(found, net, options)
    if options.plot is not None:
        from reberlstm.render.extraction import save

        save(found, options.picture, options.plot)
        click.echo(f"{options.plot}: {options.picture}", err=True)
    return 0 if found.ended_by is None else 1


def _check_picture(plot: str) -> None:
    """Refuse before the work what could not be written after it."""
    from reberlstm.figures import check_suffix

    check_suffix(plot)


def _format_of(out: str) -> str:
    format = formats.format_of(out)
    if format is None or out.lower().endswith(".gz"):
        raise FormatError(
            f"{out}: give it a suffix of {' '.join(formats.SUFFIXES)}, which picks the format"
        )
    return format


def _show_progress(states: int, steps: int) -> None:
    click.echo(f"\r{states:,} states after {steps:,} steps\x1b[K", nl=False, err=True)


def _report(found: Extraction, net: Any, options: Options) -> None:
    if options.as_json:
        answer = {"net": getattr(net, "name", ""), "seed": options.seed} | found.to_dict()
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    for number, line in enumerate(extraction_lines(found)):
        echo(click.style(line, bold=True) if number == 0 else line)
    echo(f"seed {options.seed}")
    if options.out is not None:
        echo(f"machine written to {options.out}")
