"""``reberlstm extract``: the machine in a net's memory, and exactly what is known about it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from reberlstm import formats
from reberlstm.cli.options import echo, json_option, load_net, out_option, seed_option
from reberlstm.errors import FormatError, ReberLSTMError
from reberlstm.extraction import Budget, Extraction, extract
from reberlstm.files import write_atomically
from reberlstm.grammars import load_grammar
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import LSTMWeights
from reberlstm.render.extraction import extraction_lines


@click.command("extract")
@click.argument("net", metavar="FILE")
@click.option(
    "--alphabet",
    metavar="SYMBOLS",
    help="The symbols of a file that does not say: in a row, or with spaces between them.  "
    "[default: that of --reference]",
)
@click.option(
    "--kind",
    type=click.Choice(["legal", "accept", "label"]),
    help="What the head tells.  [default: what its name and shape say]",
)
@click.option("--threshold", type=float, help="The probability over which a head says yes.")
@click.option(
    "--activation",
    type=click.Choice(["softmax", "sigmoid"]),
    help="What makes probabilities of a foreign head's outputs.",
)
@click.option(
    "--nonlinearity",
    type=click.Choice(["tanh", "relu"]),
    help="That of a foreign simple RNN, which no file tells.  [default: tanh]",
)
@click.option("--head", metavar="NAME", help="Which linear layer of a foreign file to ask.")
@click.option("--layer", metavar="NAME", help="Which recurrent layer of a foreign file to run.")
@click.option("--labels", metavar="NAMES", help="Names of the labels, with spaces between them.")
@click.option("--reference", metavar="GRAMMAR", help="A machine to compare with: a name or a file.")
@click.option(
    "--within",
    is_flag=True,
    help="Follow and judge only words of --reference, as far as it lets them go on.",
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
    help="A bound on the words whose memory is kept.",
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
    help="What --plot draws: the machine beside the reference, where its states lie in the memory, "
    "or the memory of each cell by state.",
)
@out_option(required=False, help="Write the machine to this file (.toml, .dot, .jff and others).")
@json_option
def command(
    net: str,
    alphabet: str | None,
    reference: str | None,
    within: bool,
    max_states: int,
    max_words: int,
    seconds: float,
    effort: float,
    seed: int,
    plot: str | None,
    picture: str,
    out: str | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Rebuild the state machine from the memory of a trained or compiled net.

    FILE is a safetensors, npz or PyTorch file (a state_dict; nothing in it is executed), or
    `compiled` or `published`. A foreign file needs the symbols: give --alphabet or --reference.

    Net, extracted machine and reference are compared two by two, and of each pair it is said how
    much is known: proved, equal up to a length, or different, with a word.

    Exit status: 0 when the search came to its own end, 1 when its budget ended it.

    \b
    reberlstm extract published --reference reber --seconds 5
    reberlstm extract net.safetensors
    reberlstm extract net.pt --alphabet 01 --kind accept --reference parity -o found.dot
    reberlstm extract published --reference reber --max-states 12 --plot beside.svg
    """
    written = None if out is None else _format_of(out)
    if plot is not None:
        _check_picture(plot)
    if within and reference is None:
        raise click.UsageError("--within is about the words of a machine; give --reference")
    machine = load_grammar(reference) if reference is not None else None
    given = {name: value for name, value in options.items() if value is not None}
    subject = _open(net, alphabet, machine, given)
    terminal = sys.stderr.isatty() and not as_json
    found = extract(
        subject,
        reference=machine,
        within=within,
        max_states=max_states,
        max_words=max_words,
        seconds=seconds,
        budget=Budget().scaled(effort),
        seed=seed,
        progress=_show_progress if terminal else None,
    )
    if terminal:
        click.echo("\r\x1b[K", nl=False, err=True)
    if out is not None and written is not None:
        write_atomically(Path(out), formats.write(found.fsm, written))
    _report(found, subject, seed, out, as_json)
    if plot is not None:
        from reberlstm.render.extraction import save

        save(found, picture, plot)
        click.echo(f"{plot}: {picture}", err=True)
    return 0 if found.ended_by is None else 1


def _open(net: str, alphabet: str | None, reference: FSM | None, options: dict[str, Any]) -> Any:
    if net in ("compiled", "published"):
        if options or alphabet:
            raise click.UsageError(f"{net} says all about itself; leave out its description")
        return load_net(net, reference)
    from reberlstm.net.recurrent import open_net

    symbols: tuple[str, ...] | None = reference.alphabet if reference is not None else None
    if alphabet is not None:
        symbols = tuple(alphabet.split() if " " in alphabet.strip() else alphabet.strip())
    if "labels" in options:
        options["labels"] = options["labels"].split()
    try:
        return _observed_by(open_net(net, alphabet=symbols, **options), options)
    except ReberLSTMError as error:
        raise FormatError(str(error).replace("give the alphabet", "give --alphabet")) from None


def _observed_by(subject: Any, options: dict[str, Any]) -> Any:
    """Our own weights with the head asked for alone."""
    if not isinstance(subject, LSTMWeights):
        return subject
    others = set(options) - {"kind"}
    if others:
        raise click.UsageError(
            f"--{sorted(others)[0]} is for files of others; this one says all about itself"
        )
    kind = options.get("kind")
    if kind is None:
        return subject
    if kind not in subject.heads:
        raise FormatError(
            f"{subject.name}: no {kind!r} head; it has {', '.join(subject.heads) or 'none'}"
        )
    return subject.replace(heads={kind: subject.heads[kind]})


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


def _report(found: Extraction, subject: Any, seed: int, out: str | None, as_json: bool) -> None:
    reading = getattr(subject, "reading", None)
    if as_json:
        answer = {"net": getattr(subject, "name", ""), "reading": reading, "seed": seed}
        click.echo(json.dumps(answer | found.to_dict(), ensure_ascii=False))
        return
    for number, line in enumerate(extraction_lines(found)):
        echo(click.style(line, bold=True) if number == 0 else line)
    if reading is not None:
        echo(f"of the net's head: {reading}")
    echo(f"seed {seed}")
    if out is not None:
        echo(f"machine written to {out}")
