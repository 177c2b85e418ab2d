"""``reberlstm train``: a net that learns a grammar from words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reberlstm.choices import STARTS, TASKS, TRAINED
from reberlstm.cli.options import (
    AT_LEAST_1,
    NetOptions,
    echo,
    grammar_argument,
    option,
    out_option,
    progress,
    seed_option,
)
from reberlstm.errors import FormatError
from reberlstm.formats import format_of
from reberlstm.grammars import as_machine
from reberlstm.machine.fsm import FSM

if TYPE_CHECKING:
    from reberlstm.training import Progress, Training


@click.command("train")
@grammar_argument()
@out_option(
    help="The .safetensors file to write; with --cell fsm a machine, .toml or another format."
)
@option(
    "--cell",
    type=click.Choice(TRAINED),
    default="lstm",
    help="The kind of net; fsm trains a machine with soft transitions, and rounds it.",
)
@option(
    "--task",
    type=click.Choice(TASKS),
    default="next",
    help="Say which symbols may come next, or whether the word is accepted.",
)
@option(
    "--hidden",
    type=AT_LEAST_1,
    help="The number of cells.  [default: 8, or those of the net it begins from; 32 for fsm]",
)
@option("--steps", type=AT_LEAST_1, default=4000, help="The most steps of an attempt.")
@option(
    "--noise",
    type=click.FloatRange(min=0.0),
    default=0.0,
    help="Disturb the memory by so much at every step. The net has then to be proved.",
)
@option(
    "--restarts",
    type=click.IntRange(min=0),
    default=3,
    help="Further attempts, when the steps are used up.",
)
@option(
    "--from",
    "start",
    default="random",
    metavar="random|compiled|FILE",
    help="Begin with random weights, the compiled net at a soft gain, or a weights file.",
)
@seed_option
@click.option("--resume", is_flag=True, help="Go on where a killed training of FILE was.")
def command(
    grammar: str, out: str, resume: bool, start: Any, hidden: int | None, **rest: Any
) -> int:
    """Train a net on words of GRAMMAR (a name or a file), until it is right.

    A machine with counters, such as anbn, is learned from words of all lengths up to 40.

    Right means: on 200 sampled words and on all short ones. With --noise the net must also be
    proved right for words of every length, see `reberlstm certify`. Its memory is disturbed at each
    step, so that it learns to return to where it belongs. Noise is added to c of an LSTM (0.5 is
    usual), and to h of other cells, which is at most 1 in size (0.2 is usual).

    Every ten seconds the training is saved to FILE.checkpoint. --resume goes on from there, and
    ends with the same net. Ctrl-C writes the best net so far.

    Exit status: 0 when it succeeded, else 1. The best net is written in both cases.

    \b
    reberlstm train reber -o trained.safetensors
    reberlstm train reber --noise 1.0 --seed 3 -o proved.safetensors
    reberlstm train reber --cell gru --noise 0.2 -o gru.safetensors
    reberlstm train parity --task accept --cell gru --hidden 4 -o parity.safetensors
    reberlstm train reber --from compiled -o tuned.safetensors
    reberlstm train dyck-1 --task accept -o counts.safetensors
    reberlstm train reber --cell fsm -o learned.toml
    """
    from reberlstm.training import Settings, train

    if rest["cell"] == "fsm":
        format_of(out)
    elif Path(out).suffix != ".safetensors":
        raise FormatError(
            f"{out}: train writes .safetensors files; use that suffix, and `reberlstm export` "
            "for others"
        )
    machine = as_machine(grammar)
    start = start if start in STARTS else NetOptions().load(start, machine)
    settings = Settings(fsm=machine, start=start, cells=hidden, **rest)
    checkpoint = Path(f"{out}.checkpoint")
    if resume and not checkpoint.exists():
        echo(f"{checkpoint}: no such file; beginning anew", err=True)
    with progress(settings.steps) as show:

        def report(at: Progress) -> None:
            if at.step % 5 == 0:
                figures = f"loss {at.loss:.3f}, accuracy {at.accuracy:.2%}"
                show(at.step, f"attempt {at.attempt}, {at.phase}, {figures}")

        training = train(
            settings, report=report, checkpoint=checkpoint, resume=resume, out=Path(out)
        )
    echo(f"{out}: {_verdict(training)}")
    if training.interrupted:
        raise KeyboardInterrupt
    return 0 if training.success else 1


def _verdict(training: Training) -> str:
    settings, certificate = training.settings, training.certificate
    net = f"{settings.cell} of {training.cells} cells"
    if isinstance(training.net, FSM):
        net = f"machine of {training.cells} states"
    effort = f"{training.words_presented:,} words"
    if training.attempts > 1:
        effort += f" in {training.attempts} attempts"
    if certificate is not None:
        says = f"proved for words of every length, margin {certificate.margin:.3g}"
    elif training.success and settings.cell == "fsm":
        says = f"equal to {settings.fsm.name or 'the grammar'}: proved"
    elif training.success:
        says = "right on all validation words"
    elif settings.to_be_proved and training.accuracy == 1.0:
        says = "right on all validation words, but not proved"
    else:
        says = f"the best has {training.accuracy:.2%} of the validation answers right"
    if training.interrupted:
        says = f"interrupted; {says}"
    elif not training.success:
        says += "; try more --steps, --hidden or --restarts"
    return f"{net}, seed {settings.seed}, {effort}: {says}"
