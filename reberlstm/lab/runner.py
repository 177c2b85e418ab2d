"""Runs an experiment: train its nets, measure, decide on the claims, draw, write.

What a run writes, directly into its folder: a PNG and an SVG file of every picture,
``metrics.json`` for programs, ``REPORT.md`` for people, and ``checkpoints/``, one file for every
net. Every file is written whole or not at all.
"""

from __future__ import annotations

import json
import math
import platform
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from reberlstm import figures
from reberlstm._version import __version__
from reberlstm.errors import FormatError, LabError, ReberLSTMError
from reberlstm.extras import require
from reberlstm.files import make_folder, read_bytes, write_atomically
from reberlstm.lab.experiment import HOLDS, Experiment, Fit, Job, Run, Verdict, generator
from reberlstm.lab.experiments import describe
from reberlstm.plain import in_form

if TYPE_CHECKING:
    import torch

FORMATS = ("png", "svg")


@dataclass(frozen=True)
class Progress:
    """How far a run is: net `number` of `nets`, called `name`, after `epoch` of `epochs`."""

    name: str
    number: int
    nets: int
    epoch: int
    epochs: int
    loss: float


@dataclass(frozen=True, eq=False)
class Result:
    """A run with its verdicts and the files that were written."""

    run: Run
    verdicts: tuple[Verdict, ...]
    files: tuple[Path, ...]


def need_extras() -> None:
    """Complain now, not after the training, where PyTorch or matplotlib is not installed.

    Raises:
        MissingExtraError: saying how to install both.
    """
    for module in ("torch", "matplotlib"):
        require(module, extra="torch,plots", purpose="the sequence lab")


def run(
    experiment: Experiment,
    folder: str | Path,
    *,
    preset: str = "quick",
    seed: int = 0,
    changes: Mapping[str, Any] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
    formats: Sequence[str] = FORMATS,
) -> Result:
    """Run an experiment and write what came of it into `folder`, which is made if need be.

    Args:
        experiment: What to run; `reberlstm.lab.find` finds one by name.
        folder: Where to write.
        preset: ``quick`` or ``source``.
        seed: Of data, initial weights and orders, not negative.
        changes: Settings that differ from the preset's.
        resume: Whether to go on from the checkpoints in the folder.
        overwrite: Whether to replace the results of another run in the folder.
        progress: Called after every epoch.
        formats: The kinds of files that pictures are written as.

    Raises:
        LabError: when the description is wrong somewhere, naming the place, or when the folder has
            the results of another run.
        MissingExtraError: where PyTorch or matplotlib is not installed.
    """
    need_extras()
    if seed < 0:
        raise LabError(f"seed {seed}: give one that is not negative")
    folder = Path(folder)
    make_folder(folder / "checkpoints")
    settings = experiment.settings(preset, changes)
    with _naming(experiment, "jobs"):
        jobs = _by_name(experiment.jobs(settings, generator(seed, "data")))
    finished = Run(experiment, preset, seed, settings, jobs)
    asked = _plain(_asked(finished))
    if not overwrite:
        _refuse_to_replace(folder, asked)
    finished = _train(finished, folder, asked, resume, progress)
    with _naming(experiment, "measure"):
        finished = replace(finished, measured=dict(experiment.measure(finished)))
    with _naming(experiment, "claims"):
        verdicts = tuple(claim.verdict(finished.measured) for claim in experiment.claims)
    files = [*_draw(finished, folder, formats)]
    content = json.dumps(metrics(finished, verdicts), indent=1, ensure_ascii=False, allow_nan=False)
    report = REPORT.format_map(_report(finished, verdicts))
    for name, text in (("metrics.json", content + "\n"), ("REPORT.md", report)):
        write_atomically(folder / name, text.encode())
        files.append(folder / name)
    return Result(finished, verdicts, tuple(files))


def _train(
    run: Run,
    folder: Path,
    asked: Mapping[str, Any],
    resume: bool,
    progress: Callable[[Progress], None] | None,
) -> Run:
    """All jobs trained; with one thread, and the caller's random state is left alone."""
    import torch

    from reberlstm.lab.training import train

    nets: dict[str, torch.nn.Module] = {}
    fits: dict[str, Fit] = {}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            for number, job in enumerate(run.jobs.values(), start=1):

                def report(
                    told: tuple[int, int, float], name: str = job.name, number: int = number
                ) -> None:
                    if progress is not None:
                        progress(Progress(name, number, len(run.jobs), *told))

                with _naming(run.experiment, f"net {job.name!r}"):
                    nets[job.name], fits[job.name] = train(
                        job,
                        seed_of(run.seed, job.name),
                        path=folder / "checkpoints" / f"{slug(job.name)}.safetensors",
                        resume=resume,
                        asked=asked,
                        report=report,
                    )
    finally:
        torch.set_num_threads(threads)
    return replace(run, nets=nets, fits=fits)


def _draw(run: Run, folder: Path, formats: Sequence[str]) -> Iterator[Path]:
    for picture in run.experiment.pictures:
        with _naming(run.experiment, f"picture {picture.name!r}"):
            figure = picture.draw(run)
        for format in formats:
            path = folder / f"{picture.name}.{format}"
            figures.save(figure, path)
            figure.set_layout_engine("none")  # laid out once is enough
            yield path


def _by_name(jobs: Iterable[Job]) -> dict[str, Job]:
    found: dict[str, Job] = {}
    for job in jobs:
        if slug(job.name) in {slug(name) for name in found}:
            raise LabError(f"two nets are called {job.name!r}: give each a name of its own")
        found[job.name] = job
    return found


def seed_of(seed: int, name: str) -> int:
    """A seed for one net: what else is trained does not change it."""
    return (seed * 0x9E3779B1 + crc32(name.encode())) % 2**63


def slug(name: str) -> str:
    """The name of a net as that of a file, without its suffix."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "net"


# Results of other runs in the folder


ASKED = {"experiment": str, "preset": str, "seed": int, "settings": {str: object}}
"""The form of what a run was asked for."""

MAX_METRICS_BYTES = 2**28


def _asked(run: Run) -> dict[str, Any]:
    """What a run was asked for."""
    name, settings = run.experiment.name, vars(run.settings)
    return {"experiment": name, "preset": run.preset, "seed": run.seed, "settings": settings}


def _refuse_to_replace(folder: Path, asked: Mapping[str, Any]) -> None:
    """Complain about results or checkpoints of a run that was asked for something else."""
    from reberlstm.lab.training import state_of

    earlier = []
    if (folder / "metrics.json").exists():
        written: Any = {}
        with suppress(ValueError, RecursionError, FormatError):
            content = read_bytes(folder / "metrics.json", limit=MAX_METRICS_BYTES)
            written = in_form(json.loads(content), ASKED)
        earlier.append({key: written[key] for key in asked if key in written})
    for path in sorted((folder / "checkpoints").glob("*.safetensors")):
        with suppress(FormatError):
            of_net = in_form(state_of(path)["asked"], ASKED)
            earlier.append({key: value for key, value in of_net.items() if key != "job"})
    for other in earlier:
        if other != asked:
            raise LabError(
                f"{folder}: has the results of another run ({_in_words(other, asked)}, and not "
                f"{_in_words(asked, other)}): write into another folder, or pass --overwrite to "
                "replace them"
            )


def _in_words(asked: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """A run in a few words: of its settings only those that differ from another's."""
    mine, others = (run.get("settings") or {} for run in (asked, other))
    changed = [f"{key} {mine[key]}" for key in mine if mine[key] != others.get(key)]
    what = asked.get("experiment", "of something else")
    return ", ".join([f"{what}, {asked.get('preset')}, seed {asked.get('seed')}", *changed[:3]])


# Errors in a description


@contextmanager
def _naming(experiment: Experiment, part: str) -> Iterator[None]:
    """Errors of a description's own functions as one line that names the part."""
    try:
        yield
    except LabError as error:
        raise LabError(f"experiment {experiment.name}, {part}: {error}") from None
    except ReberLSTMError:
        raise
    except Exception as error:
        places = [  # the last is that of the description
            f" ({Path(frame.filename).name}, line {frame.lineno})"
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename != __file__ and "site-packages" not in frame.filename
        ]
        place = places[-1] if places else ""
        raise LabError(f"experiment {experiment.name}, {part}{place}: {describe(error)}") from error


# What a run leaves


def metrics(run: Run, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The content of ``metrics.json``: strict JSON, where a number that is none is null."""
    import torch

    versions = (__version__, torch.__version__, platform.python_version())
    answer: dict[str, Any] = _plain(
        {
            **_asked(run),
            "measured": run.measured,
            "claims": [vars(verdict) for verdict in verdicts],
            "nets": {name: _of_net(run.jobs[name], fit) for name, fit in run.fits.items()},
            "versions": dict(zip(("reberlstm", "torch", "python"), versions, strict=True)),
        }
    )
    return answer


def _of_net(job: Job, fit: Fit) -> dict[str, Any]:
    curve = {"epoch": fit.epochs, "loss": fit.losses, "test_loss": fit.test_losses, **fit.watched}
    return {
        "parameters": fit.parameters,
        "examples": len(job.data.x),
        **vars(job.recipe),
        "loss_at_end": fit.losses[-1] if fit.losses else None,
        "test_loss_at_end": fit.test_loss,
        "cpu_seconds": round(fit.cpu_seconds, 2),
        "diverged_at": fit.diverged_at,
        "curve": curve,
    }


def _plain(value: Any) -> Any:
    """Arrays as lists, and what JSON has no number for as null: the content of a JSON file."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


REPORT = """\
# {name}: {title}

{task}

Source: {source}

Preset `{preset}`, seed {seed}; {seconds:.0f} s of processor time for training. Again: `{again}`

## What the source says, and what was measured

{claims}

## Nets

{nets}

Settings: {settings}

## Figures

{figures}
"""


def _report(run: Run, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """What is filled into `REPORT`."""
    experiment, settings = run.experiment, vars(run.settings)
    again = f"reberlstm lab run {experiment.name} --preset {run.preset} --seed {run.seed} -o DIR"
    for key, value in settings.items():
        if value != experiment.presets[run.preset][key]:
            again += f" --set {key}={value}"
    claims = [
        (claim_in_words(vars(verdict)), verdict.measured, f"**{HOLDS[verdict.holds]}**")
        for verdict in verdicts
    ]
    nets = [_net_in_words(name, run.jobs[name], fit) for name, fit in run.fits.items()]
    return {
        **vars(experiment),
        **vars(run),
        "seconds": sum(fit.cpu_seconds for fit in run.fits.values()),
        "again": again,
        "claims": markdown_table("claim of the source | measured | verdict", claims)
        if claims
        else "The source claims nothing that could be decided.",
        "nets": markdown_table(NETS_HEADING, nets) if nets else "Nothing was trained.",
        "settings": ", ".join(f"{key} {value}" for key, value in settings.items()),
        "figures": "\n".join(
            f"![{picture.caption}]({picture.name}.png)\n\n{picture.caption}\n"
            for picture in experiment.pictures
        ),
    }


NETS_HEADING = (
    "net | parameters | examples | optimiser | batch | epochs | training loss | test loss | s"
)


def _net_in_words(name: str, job: Job, fit: Fit) -> tuple[str, ...]:
    """A row of the table of nets: what was trained how, and how far it came."""
    recipe, diverged = job.recipe, fit.diverged_at is not None
    return (
        name,
        f"{fit.parameters:,}",
        f"{len(job.data.x):,}",
        f"{recipe.optimiser} {recipe.learning_rate:g}",
        f"{recipe.batch:,}",
        f"{recipe.epochs:,}",
        f"{fit.losses[-1]:.2g}" if fit.losses else "–",
        f"diverged in epoch {fit.diverged_at}" if diverged else f"{fit.test_loss:.2g}",
        f"{fit.cpu_seconds:.1f}",
    )


def claim_in_words(verdict: Mapping[str, Any]) -> str:
    """A claim with its remark."""
    remark = f" *({verdict['remark']})*" if verdict["remark"] else ""
    return f"{verdict['claim']}{remark}"


def markdown_table(heading: str, rows: Iterable[Sequence[str]]) -> str:
    r"""A table in Markdown.

    Example:
        >>> print(markdown_table("a | b", [("1", "2|3")]))
        | a | b |
        |---|---|
        | 1 | 2\|3 |
    """
    lines = [f"| {heading} |", "|" + "---|" * len(heading.split(" | "))]
    for row in rows:
        cells = (cell.replace("|", "\\|").replace("\n", " ") for cell in row)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
