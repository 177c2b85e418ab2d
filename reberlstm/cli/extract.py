"""``reberlstm extract``: the machine in a net's memory, and exactly what is known about it."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import click

from reberlstm import formats
from reberlstm.choices import ORACLES
from reberlstm.cli.options import (
    AT_LEAST_1,
    NetOptions,
    complete_grammar,
    complete_net,
    echo,
    echo_json,
    grammar_argument,
    json_option,
    net_options,
    one_grammar,
    option,
    out_option,
    probed,
    seed_option,
    split_symbols,
    terminal_width,
)
from reberlstm.errors import FormatError, GrammarError
from reberlstm.figures import check_suffix
from reberlstm.files import gunzip, read_bytes, write_atomically
from reberlstm.grammars import as_machine

MOST_BYTES = 2**26
"""The largest file of words."""


@click.command("extract")
@click.argument("net", metavar="NET", shell_complete=complete_net)
@grammar_argument("against", required=False, metavar="[GRAMMAR]")
@net_options(aliases=True)
@click.option(
    "--reference",
    metavar="GRAMMAR",
    shell_complete=complete_grammar,
    help="A machine to compare with, a name or a file: the same as GRAMMAR.",
)
@click.option(
    "--within",
    is_flag=True,
    help="Ask the net only about words of --reference, as far as they go on there.",
)
@option(
    "--counters",
    type=click.IntRange(min=0),
    default=10,
    metavar="N",
    help="Where --reference counts, ask about words whose counters stay within -N … N.",
)
@click.option(
    "--begin",
    metavar="SYMBOLS",
    help="Symbols that words begin with, for a net that was asked nothing before the first one.",
)
@option("--max-states", type=AT_LEAST_1, default=1_000, help="A bound on the machine.")
@option(
    "--max-words",
    type=AT_LEAST_1,
    default=2_000_000,
    help="A bound on the words whose state vector is kept.",
)
@option(
    "--max-steps",
    type=AT_LEAST_1,
    default=20_000_000,
    help="A bound on the steps of the net, the same on every computer.",
)
@option(
    "--seconds",
    type=click.FloatRange(min=0, max=1e9),
    default=60.0,
    help="Processor time to spend.",
)
@click.option(
    "--oracle",
    "oracles",
    metavar="NAME",
    type=click.Choice(ORACLES),
    multiple=True,
    help=f"Ask only these equivalence oracles, in this order: {', '.join(ORACLES)}.",
)
@click.option(
    "--words-from",
    metavar="FILE",
    help="Compare the strings of this file first, one a line, as `check` reads them.",
)
@click.option(
    "--pick",
    metavar="states=N|agreement=P",
    help="Show a machine on the way: of at most N states, or right on the share P of biased words.",
)
@option(
    "--effort",
    type=click.FloatRange(min=0, min_open=True, max=100),
    default=1.0,
    help="How much is compared before net and machine count as undistinguished.",
)
@seed_option
@click.option("--plot", metavar="FILE", callback=probed, help="Draw a picture: .svg, .png or .pdf.")
@option(
    "--picture",
    type=click.Choice(["machines", "memories", "cells", "curve"]),
    default="machines",
    help="What --plot draws: machine and reference in one graph, where the states lie among the "
    "state vectors, the memory of each cell by state, or states against agreement.",
)
@out_option(required=False, help="Write the machine to this file (.toml, .dot, .jff and others).")
@json_option
def command(
    net: str,
    against: str | None,
    reading: NetOptions,
    reference: str | None,
    within: bool,
    counters: int,
    begin: str | None,
    effort: float,
    oracles: tuple[str, ...],
    words_from: str | None,
    plot: str | None,
    picture: str,
    out: str | None,
    as_json: bool,
    **budget: Any,
) -> int:
    """Rebuild a state machine from the state vectors of a trained or compiled net.

    NET is a safetensors, npz or PyTorch file (a state_dict; nothing in it is executed), the name of
    a net that comes with the package, `compiled` or `published`. A foreign file needs the symbols:
    give --alphabet or --reference.

    Net, extracted machine and reference are compared two by two, and for each pair the command says
    how much is known: proved, equal up to a length, or different, with a word.

    Exit status: 0 when the search came to its own end, 1 when its budget ended it.

    \b
    reberlstm extract published reber --seconds 5
    reberlstm extract reber-4
    reberlstm extract net.pt --alphabet 01 --kind accept --reference parity -o found.dot
    reberlstm extract published reber --max-states 12 --plot machines.svg
    reberlstm extract published reber --pick agreement=0.99
    """
    from reberlstm.extraction import Budget, extract
    from reberlstm.extraction.oracles import USUAL
    from reberlstm.render.extraction import extraction_lines, probe, save

    reference = one_grammar(against, reference, "--reference")
    if not math.isfinite(effort):
        raise click.BadParameter(f"{effort} is not a number", param_hint="--effort")
    written = None
    if out is not None:
        written = formats.format_to_write(out)
        if written is None or out.lower().endswith(".gz"):
            raise FormatError(
                f"{out}: give it a suffix of {' '.join(formats.SUFFIXES)}, which picks the format"
            )
    if plot is not None:
        check_suffix(plot)
        probe(picture)
    if within and reference is None:
        raise click.UsageError("--within is about the words of a machine; give --reference")
    machine = None if reference is None else as_machine(reference)
    held = reading.load(net, machine)
    terminal = sys.stderr.isatty() and not as_json
    found = extract(
        held,
        reference=machine,
        within=within,
        counters=counters,
        begin=None if begin is None else _begin(begin, held.alphabet),
        budget=Budget().scaled(effort),
        oracles=oracles or USUAL,
        words=() if words_from is None else _words(words_from, held),
        progress=_show_progress if terminal else None,
        **budget,
    )
    if terminal:
        click.echo("\r\x1b[K", nl=False, err=True)
    if out is not None and written is not None:
        write_atomically(Path(out), formats.write(found.fsm, written))
    if as_json:
        echo_json({"net": held.name, "seed": budget["seed"]} | found.to_dict())
    else:
        title, *lines = extraction_lines(found, terminal_width())
        for line in (click.style(title, bold=True), *lines, f"seed {budget['seed']}"):
            echo(line)
        if out is not None:
            echo(f"machine written to {out}")
    if plot is not None:
        save(found, picture, plot)
        echo(f"{plot}: {picture}", err=True)
    return 0 if found.ended_by is None else 1


def _begin(text: str, alphabet: tuple[str, ...]) -> tuple[str, ...]:
    """One symbol, or several."""
    return (text.strip(),) if text.strip() in alphabet else split_symbols(text)


def _words(path: str, net: Any) -> list[str]:
    """The strings of a file, one a line, over the symbols of a net."""
    from reberlstm.net.loading import indices_of

    content = gunzip(read_bytes(Path(path), limit=MOST_BYTES), path, limit=MOST_BYTES)
    try:
        words = content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise FormatError(f"{path}: not text in UTF-8; give one string a line") from None
    try:
        indices_of(net, words)
    except GrammarError:
        for number, word in enumerate(words, start=1):
            try:
                indices_of(net, [word])
            except GrammarError as error:
                raise GrammarError(f"{path}, line {number}: {error}") from None
    return words


def _show_progress(states: int, steps: int) -> None:
    click.echo(f"\r{states:,} states after {steps:,} steps\x1b[K", nl=False, err=True)
