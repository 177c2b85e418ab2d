"""``reberlstm study``: many nets trained and compared, in parallel, into one table."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reberlstm.choices import BACKENDS, STARTS, TASKS
from reberlstm.cli.compare import question_options
from reberlstm.cli.options import (
    AT_LEAST_1,
    echo,
    echo_json,
    grammar_argument,
    json_option,
    option,
    out_option,
    probed,
    progress,
    seed_option,
    terminal_width,
)
from reberlstm.errors import FormatError
from reberlstm.extras import require
from reberlstm.files import write_atomically
from reberlstm.grammars import as_finite

if TYPE_CHECKING:
    from reberlstm.comparison.study.trials import Record


def several(one: Any) -> Callable[[click.Context, click.Parameter, str], tuple[Any, ...]]:
    """What turns values with commas between them into a tuple, each of the type `one`."""

    def convert(context: click.Context, parameter: click.Parameter, text: str) -> tuple[Any, ...]:
        return tuple(one.convert(part.strip(), parameter, context) for part in text.split(","))

    return convert


@click.command("study")
@grammar_argument("grammars", nargs=-1, required=True, metavar="GRAMMAR...")
@out_option(help="The table: JSON, one net a line (.jsonl). What it has is not done again.")
@option(
    "--cell",
    "cells",
    callback=several(click.Choice(("lstm", "gru", "rnn"))),
    metavar="lstm|gru|rnn,...",
    default="lstm",
    help="Kinds of cells, with commas.",
)
@option(
    "--hidden",
    callback=several(AT_LEAST_1),
    metavar="N,...",
    default="8",
    help="Numbers of cells, with commas.",
)
@option(
    "--noise",
    "noises",
    callback=several(click.FloatRange(min=0.0)),
    metavar="SD,...",
    default="0",
    help="Noise in training, with commas; with it an LSTM has to be proved.",
)
@option(
    "--seeds",
    type=click.IntRange(min=0),
    default=10,
    help="How many nets of each setting, with seeds from --seed on.",
)
@option("--task", type=click.Choice(TASKS), default="next")
@option(
    "--from",
    "start",
    type=click.Choice(STARTS),
    default="random",
    help="Begin with random weights, or the compiled net at a soft gain.",
)
@option("--steps", type=AT_LEAST_1, default=4000)
@option("--restarts", type=click.IntRange(min=0), default=0)
@question_options
@option(
    "--jobs",
    type=int,
    default=-1,
    help="Nets at a time; -1 for every processor, or all of the cluster.",
)
@option("--backend", type=click.Choice(BACKENDS), default="loky", help="Processes, or a cluster.")
@click.option("--scheduler", metavar="ADDRESS", help="Of the cluster, as tcp://host:8786 of dask.")
@click.option("--nets", metavar="FOLDER", help="Keep the trained nets here; none is trained twice.")
@click.option("--plot", metavar="FILE", callback=probed, help="Draw a summary (.svg, .png, .pdf).")
@click.option("--csv", metavar="FILE", callback=probed, help="Write all figures as one CSV table.")
@seed_option
@json_option
def command(
    grammars: tuple[str, ...],
    out: str,
    rows: tuple[str, ...],
    words: int,
    rounds: int,
    seconds: float,
    no_proofs: bool,
    seed: int,
    seeds: int,
    backend: Any,
    scheduler: str | None,
    jobs: int,
    nets: str | None,
    plot: str | None,
    csv: str | None,
    as_json: bool,
    **training: Any,
) -> None:
    """Train many nets on each GRAMMAR, compare each with it, and collect the results in a table.

    All combinations of grammars, cells, sizes, noises and seeds are trained, in parallel. Results
    are appended as they come in; after a kill or Ctrl-C the same command goes on where it was.

    \b
    reberlstm study reber -o study.jsonl --hidden 4,8 --noise 0,1 --seeds 20
    reberlstm study reber -o study.jsonl --cell lstm,gru,rnn --row loop --plot study.svg
    reberlstm study reber -o study.jsonl --backend dask --scheduler tcp://127.0.0.1:8786
    """
    from reberlstm.comparison import check_rows, keys
    from reberlstm.comparison.study import Cluster, Questions, Table, grid, run, summary
    from reberlstm.comparison.study.table import to_csv

    if Path(out).suffix != ".jsonl":
        raise FormatError(f"{out}: a study is a .jsonl file; use that suffix, and --csv for CSV")
    if scheduler is not None and backend == "loky":
        raise click.UsageError("--scheduler is for --backend dask or ray")
    if jobs == 0 or jobs < -1:
        raise click.UsageError(f"--jobs {jobs}: give a number of processes, or -1 for all")
    machines = [as_finite(grammar, "study") for grammar in grammars]
    for machine in machines:
        check_rows(keys(machine), rows)
    questions = Questions(rows or None, words, rounds, seconds, not no_proofs)
    trials = grid(machines, seeds=range(seed, seed + seeds), questions=questions, **training)
    require("torch", extra="torch", purpose="a study")
    require("joblib", extra="torch", purpose="a study")
    if plot is not None:
        require("matplotlib", extra="plots", purpose="drawing a study")
    table = Table(out)
    known = len(table.of(trials))
    with progress(len(trials), known) as show:
        number = itertools.count(known + 1)

        def report(record: Record) -> None:
            outcome = "failed" if "error" in record else "ok" if record["success"] else "no success"
            show(next(number), f"{record['name']}: {outcome}")

        cluster = Cluster(backend, scheduler, jobs)
        folder = Path(nets) if nets else None
        done = run(trials, table, cluster=cluster, nets=folder, report=report)
    records = table.of(trials)
    if csv is not None:
        write_atomically(Path(csv), to_csv(records).encode())
    if plot is not None:
        from reberlstm.figures import save
        from reberlstm.render.comparison import study_figure

        save(study_figure(records), plot)
    known = len(trials) - done
    if as_json:
        groups = [asdict(group) for group in summary(records)]
        echo_json({"table": out, "done": done, "known": known, "groups": groups})
        return
    from reberlstm.render.comparison import study_lines

    for line in study_lines(records, terminal_width()):
        echo(line)
    already = f", {known:,} were there" if known else ""
    echo(f"{out}: {done:,} nets done{already}")
