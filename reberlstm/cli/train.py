"""``reberlstm train``: a net that learns a grammar from words."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from reberlstm.cli.options import echo, load_net, out_option, seed_option
from reberlstm.errors import FormatError
from reberlstm.formats import format_of
from reberlstm.grammars import load_grammar
from reberlstm.machine.fsm import FSM
from reberlstm.training.settings import CELL_CHOICES, STARTS, TASKS, Progress, Settings, Training
from reberlstm.training.training import train


@click.command("train")
@click.argument("grammar")
@out_option(
    help="The .safetensors file to write; with --cell fsm a machine, .toml or another format."
)
@click.option(
    "--cell",
    type=click.Choice(CELL_CHOICES),
    default="lstm",
    show_default=True,
    help="The kind of net; fsm trains a machine with soft transitions, and rounds it.",
)
@click.option(
    "--task",
    type=click.Choice(TASKS),
    default="next",
    show_default=True,
    help="Say which symbols may come next, or whether the word is accepted.",
)
@click.option(
    "--hidden",
    type=click.IntRange(min=1),
    help="The number of cells.  [default: 8, or those of the net it begins from; 32 for fsm]",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    default=4000,
    show_default=True,
    help="The most steps of one attempt, of 32 words each.",
)
@click.option(
    "--noise",
    type=click.FloatRange(min=0.0),
    default=0.0,
    show_default=True,
    help="Disturb the memory by so much at every step. An LSTM has then to be proved.",
)
@click.option(
    "--restarts",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="Further attempts, when the steps are used up.",
)
@click.option(
    "--from",
    "start",
    default="random",
    show_default=True,
    metavar="random|compiled|FILE",
    help="Begin with random weights, the compiled net at a soft gain, or a weights file.",
)
@seed_option
@click.option("--resume", is_flag=True, help="Go on where a killed training of FILE was.")
def command(
    grammar: str,
    out: str,
    cell: Any,
    task: Any,
    hidden: int | None,
    steps: int,
    noise: float,
    restarts: int,
    start: str,
    seed: int,
    resume: bool,
) -> int:
    """Train a net on words of GRAMMAR (a name or a file), until it is right.

    Right means: on 200 sampled words and all short ones. An LSTM that is trained with --noise has
    to be more: proved for words of every length, see `reberlstm certify`. Its memory is then
    trained to be pulled back to where it belongs, whatever the disturbance.

    What is unfinished is kept in FILE.checkpoint, every ten seconds; --resume goes on from there
    and ends with the same net. Ctrl-C writes the best net so far.

    Exit status: 0 when it succeeded, 1 when it never did: the best net is written then, too.

    \b
    reberlstm train reber -o trained.safetensors
    reberlstm train reber --noise 1.0 --seed 3 -o proved.safetensors
    reberlstm train parity --task accept --cell gru --hidden 4 -o parity.safetensors
    reberlstm train reber --from compiled -o tuned.safetensors
    reberlstm train reber --cell fsm -o learned.toml
    """
    if cell == "fsm":
        format_of(out)
    elif Path(out).suffix != ".safetensors":
        raise FormatError(
            f"{out}: train writes .safetensors files; use that suffix, and `reberlstm export` for "
            "others"
        )
    machine = load_grammar(grammar)
    settings = Settings(
        fsm=machine,
        cell=cell,
        task=task,
        cells=hidden,
        seed=seed,
        steps=steps,
        noise=noise,
        restarts=restarts,
        start=_start(start, machine),
    )
    checkpoint = Path(f"{out}.checkpoint")
    if resume and not checkpoint.exists():
        click.echo(f"{checkpoint}: no such file; beginning anew", err=True)
    with _progress_bar(steps) as report:
        training = train(settings, report=report, checkpoint=checkpoint, resume=resume)
    training.save(out)
    echo(f"{out}: {_verdict(training)}")
    if training.interrupted:
        raise KeyboardInterrupt
    return 0 if training.success else 1


def _start(name: str, machine: FSM) -> Any:
    return name if name in STARTS else load_net(name, machine)


def _verdict(training: Training) -> str:
    settings, certificate = training.settings, training.certificate
    if isinstance(training.net, FSM):
        net = f"machine of {training.cells} states, seed {settings.seed}"
    else:
        net = f"{settings.cell} of {training.cells} cells, seed {settings.seed}"
    effort = f"{training.words_presented:,} words"
    if training.attempts > 1:
        effort += f" in {training.attempts} attempts"
    if certificate is not None:
        says = f"proved for words of every length, margin {certificate.margin:.3g}"
    elif training.success and settings.cell == "fsm":
        says = f"equal to {settings.fsm.name or 'the grammar'}: proved"
    elif training.success:
        says = "right on all validation words"
        if settings.noise:
            says += f" (not proved: certificates are for LSTMs, not for a {settings.cell})"
    elif settings.to_be_proved and training.accuracy == 1.0:
        says = "right on all validation words, but not proved"
    else:
        says = f"the best has {training.accuracy:.2%} of the validation answers right"
    if training.interrupted:
        says = f"interrupted; {says}"
    elif not training.success:
        says += "; try more --steps, --hidden or --restarts"
    return f"{net}, {effort}: {says}"


@contextmanager
def _progress_bar(steps: int) -> Iterator[Callable[[Progress], None] | None]:
    """A bar with loss and accuracy on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("attempt {task.fields[attempt]}, {task.fields[phase]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}, accuracy {task.fields[accuracy]:.2%}"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("", total=steps, attempt=1, phase="learn", loss=0.0, accuracy=0.0)

        def report(progress: Progress) -> None:
            if progress.step % 5 == 0:
                bar.update(shown, completed=progress.step, **vars(progress))

        yield report
