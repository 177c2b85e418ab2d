"""``reberlstm study``: many nets trained and compared, in parallel, into one table."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reberlstm.cli.options import echo, json_option, out_option, seed_option
from reberlstm.comparison import keys
from reberlstm.errors import FormatError, GrammarError
from reberlstm.extras import require
from reberlstm.files import write_atomically
from reberlstm.grammars import load_grammar
from reberlstm.training.settings import STARTS, TASKS

if TYPE_CHECKING:
    from reberlstm.comparison.study.trials import Record

BACKENDS = ("loky", "dask", "ray")
CELLS = ("lstm", "gru", "rnn")


def several(one: Any) -> Callable[[click.Context, click.Parameter, str], tuple[Any, ...]]:
    """What turns values with commas between them into a tuple, each of the type `one`."""

    def convert(context: click.Context, parameter: click.Parameter, text: str) -> tuple[Any, ...]:
        return tuple(one.convert(part.strip(), parameter, context) for part in text.split(","))

    return convert


@click.command("study")
@click.argument("grammars", nargs=-1, required=True, metavar="GRAMMAR...")
@out_option(help="The table: JSON, one net a line (.jsonl). What it has is not done again.")
@click.option(
    "--cell",
    "cells",
    callback=several(click.Choice(("lstm", "gru", "rnn"))),
    metavar="lstm|gru|rnn,...",
    default="lstm",
    show_default=True,
    help="Kinds of cells, with commas.",
)
@click.option(
    "--hidden",
    callback=several(click.IntRange(min=1)),
    metavar="N,...",
    default="8",
    show_default=True,
    help="Numbers of cells, with commas.",
)
@click.option(
    "--noise",
    "noises",
    callback=several(click.FloatRange(min=0.0)),
    metavar="SD,...",
    default="0",
    show_default=True,
    help="Noise in training, with commas; with it an LSTM has to be proved.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="How many nets of each setting, with seeds from --seed on.",
)
@click.option("--task", type=click.Choice(TASKS), default="next", show_default=True)
@click.option(
    "--from",
    "start",
    type=click.Choice(STARTS),
    default="random",
    show_default=True,
    help="Begin with random weights, or the compiled net at a soft gain.",
)
@click.option("--steps", type=click.IntRange(min=1), default=4000, show_default=True)
@click.option("--restarts", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--row",
    "rows",
    multiple=True,
    metavar="KEY",
    help="Ask this of every net, as `compare` does; repeat it.  [default: everything]",
)
@click.option("--words", type=click.IntRange(1, 1_000_000), default=1_000, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 1_000_000), default=1_000, show_default=True)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, max=1e9),
    default=60.0,
    show_default=True,
    help="Time for the questions to one net.",
)
@click.option("--no-proofs", is_flag=True, help="Try no certificates: faster, and only measured.")
@click.option(
    "--jobs",
    type=int,
    default=-1,
    show_default=True,
    help="Nets at a time; -1 for every processor, or all of the cluster.",
)
@click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    default="loky",
    show_default=True,
    help="Processes here, or a cluster.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Of the cluster, as tcp://host:8786 of dask.")
@click.option("--nets", metavar="FOLDER", help="Keep the trained nets here; none is trained twice.")
@click.option("--plot", metavar="FILE", help="Draw a summary (.svg, .png, .pdf).")
@click.option("--csv", metavar="FILE", help="Write all figures as one CSV table.")
@seed_option
@json_option
def command(
    grammars: tuple[str, ...],
    out: str,
    cells: tuple[Any, ...],
    hidden: tuple[int, ...],
    noises: tuple[float, ...],
    seeds: int,
    task: str,
    start: str,
    steps: int,
    restarts: int,
    rows: tuple[str, ...],
    words: int,
    rounds: int,
    seconds: float,
    no_proofs: bool,
    jobs: int,
    backend: Any,
    scheduler: str | None,
    nets: str | None,
    plot: str | None,
    csv: str | None,
    seed: int,
    as_json: bool,
) -> int:
    """Train many nets on each GRAMMAR, compare each with it, and collect the results in a table.

    All combinations of grammars, cells, sizes, noises and seeds are trained, in parallel. Results
    are appended as they come in; after a kill or Ctrl-C the same command goes on where it was.

    \b
    reberlstm study reber -o study.jsonl --hidden 4,8 --noise 0,1 --seeds 20
    reberlstm study reber -o study.jsonl --cell lstm,gru,rnn --row loop --plot study.svg
    reberlstm study reber -o study.jsonl --backend dask --scheduler tcp://127.0.0.1:8786
    """
    if Path(out).suffix != ".jsonl":
        raise FormatError(f"{out}: a study is a .jsonl file; use that suffix, and --csv for CSV")
    if scheduler is not None and backend == "loky":
        raise click.UsageError("--scheduler is for --backend dask or ray")
    if jobs == 0 or jobs < -1:
        raise click.UsageError(f"--jobs {jobs}: give a number of processes, or -1 for all")
    machines = [load_grammar(grammar) for grammar in grammars]
    for machine in machines:
        _check_rows(keys(machine), rows)
    require("torch", extra="torch", purpose="a study")
    require("joblib", extra="torch", purpose="a study")
    if plot is not None:
        require("matplotlib", extra="plots", purpose="drawing a study")
    from reberlstm.comparison.study import Cluster, Questions, Table, grid, run

    trials = grid(
        machines,
        cells=cells,
        hidden=hidden,
        noises=noises,
        seeds=range(seed, seed + seeds),
        questions=Questions(rows or None, words, rounds, seconds, not no_proofs),
        task=task,
        start=start,
        steps=steps,
        restarts=restarts,
    )
    table = Table(out)
    known = sum(trial.key in table for trial in trials)
    with _progress(len(trials), known) as report:
        done = run(
            trials,
            table,
            cluster=Cluster(backend, scheduler, jobs),
            nets=None if nets is None else Path(nets),
            report=report,
        )
    asked = {trial.key for trial in trials}
    records = [record for record in table.records if record["key"] in asked]
    _write(records, plot, csv)
    _report(records, out, done, len(trials) - done, as_json)
    return 0


def _check_rows(known: Sequence[str], rows: Sequence[str]) -> None:
    for row in rows:
        if row not in known and not any(key.startswith(f"{row} ") for key in known):
            raise GrammarError(f"no row {row!r}; `reberlstm compare` shows the rows")


def _write(records: Sequence[Record], plot: str | None, csv: str | None) -> None:
    if csv is not None:
        from reberlstm.comparison.study.summary import to_csv

        write_atomically(Path(csv), to_csv(records).encode())
    if plot is not None:
        from reberlstm.figures import save
        from reberlstm.render.comparison import study_figure

        save(study_figure(records), plot)


def _report(records: Sequence[Record], out: str, done: int, known: int, as_json: bool) -> None:
    from reberlstm.comparison.study import summary

    if as_json:
        groups = [vars(group) | {"loops": _loops(group.loops)} for group in summary(records)]
        answer = {"table": out, "done": done, "known": known, "groups": groups}
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    from reberlstm.render.comparison import study_lines

    for line in study_lines(records):
        echo(line)
    already = f", {known:,} were there" if known else ""
    echo(f"{out}: {done:,} nets done{already}")


def _loops(loops: Any) -> dict[str, Any]:
    return {cycle: vars(loop) for cycle, loop in loops.items()}


@contextmanager
def _progress(total: int, known: int) -> Iterator[Callable[[Record], None] | None]:
    """A bar on standard error, where that is a terminal, with the last net that came in."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[last]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("", total=total, completed=known, last="")

        def report(record: Record) -> None:
            outcome = "failed" if "error" in record else "ok" if record["success"] else "no success"
            bar.update(shown, advance=1, last=f"{record['name']}: {outcome}")

        yield report
