"""``reberlstm lab``: toy experiments with sequence nets, run and reported with one command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reberlstm.cli import why
from reberlstm.cli.options import echo, echo_json, json_option, progress
from reberlstm.files import claim, make_folder

if TYPE_CHECKING:
    from reberlstm.lab.runner import Progress, Result


@click.group("lab")
def command() -> None:
    """Run the sequence experiments, and experiments of your own; see why nets do not learn.

    \b
    reberlstm lab list
    reberlstm lab run wavy-inverse -o out
    reberlstm lab why "my loss is stuck at 0.693"
    """


command.add_command(why.command)


@command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """List the experiments."""
    from reberlstm.lab.experiments import EXPERIMENTS

    if as_json:
        rows = [{"name": name, "title": title} for name, title in EXPERIMENTS.items()]
        echo_json(rows)
        return
    width = max(map(len, EXPERIMENTS))
    for name, title in EXPERIMENTS.items():
        echo(f"{click.style(name.ljust(width), bold=True)}  {title}")


@command.command("run")
@click.argument("name", metavar="NAME|FILE.py")
@click.option(
    "--preset",
    type=click.Choice(["quick", "source"]),
    default="quick",
    show_default=True,
    help="At most a minute on two cores, or the settings of the source.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of everything random.",
)
@click.option("-o", "--out", required=True, metavar="DIR", help="The folder to write into.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="SETTING=VALUE",
    help="Change a setting of the preset; may be given several times.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many seeds, from --seed on: claims are judged over all, figures are of the first.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(["png", "svg"]),
    multiple=True,
    default=["png"],
    show_default=True,
    help="What pictures are written as; may be given twice.",
)
@click.option("--resume", is_flag=True, help="Take the nets that an earlier, longer run has kept.")
@click.option("--overwrite", is_flag=True, help="Replace the results of another run in DIR.")
@json_option
def run_command(
    name: str, out: str, changes: tuple[str, ...], as_json: bool, **options: Any
) -> int:
    """Run an experiment; write figures, metrics.json and REPORT.md into DIR.

    NAME is one of `reberlstm lab list`. FILE.py is an experiment of your own: a Python program,
    which is executed, so run only what you would run with python. Only a name that ends in .py is
    taken for a file.

    Exit status: 0 when the report was made, whatever the verdicts on the claims.

    \b
    reberlstm lab run wavy-inverse -o out
    reberlstm lab run line --preset source --seed 7 -o out
    reberlstm lab run cos-or-sin --seeds 10 -o out --format svg
    reberlstm lab run line --set epochs=100 --set hidden=8 -o out
    reberlstm lab run ./mine.py -o out
    """
    chosen = dict(map(_change, changes))
    from reberlstm.lab import experiments, runner

    if not name.endswith(".py"):
        experiments.check_name(name)
    runner.need_extras()
    experiment = experiments.find(name)
    make_folder(Path(out))
    claim(Path(out, "REPORT.md"))
    try:
        with _progress() as report:
            result = runner.run(experiment, out, changes=chosen, progress=report, **options)
    except KeyboardInterrupt:
        if any(Path(out, "nets").glob("*")):
            echo("--resume takes the nets that were finished", err=True)
        raise
    _show(result, out, as_json)
    return 0


def _change(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise click.UsageError(f"--set {text}: give SETTING=VALUE, such as --set epochs=10")
    return name, value


def _show(result: Result, out: str, as_json: bool) -> None:
    if as_json:
        echo_json({**result.metrics, "files": [str(path) for path in result.files]})
        return
    run = result.run
    many = len(result.measured)
    seeds = f"seed {run.seed}" if many == 1 else f"seeds {run.seed} to {run.seed + many - 1}"
    echo(click.style(f"{run.experiment.name}: {run.experiment.title}", bold=True))
    echo(f"preset {run.preset}, {seeds}, {many * len(run.fits)} nets")
    for verdict in result.verdicts:
        share = f" ({verdict.share})" if verdict.share else ""
        echo()
        echo(f"{click.style(verdict.word, bold=True)}{share}: {verdict.claim.says}")
        judged = f" ({verdict.claim.judged})" if verdict.claim.judged else ""
        echo(f"    {verdict.found}{judged}")
    echo()
    echo(f"{len(result.files)} files in {out}; begin with REPORT.md")


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """Show how far the run is."""
    with ExitStack() as stack:
        show = None

        def report(told: Progress) -> None:
            nonlocal show
            show = show or stack.enter_context(progress(told.epochs))
            show(told.epoch, f"epochs; {told.name}, seed {told.seed}, loss {told.loss:.2g}")

        yield report
