"""Runs an experiment: train its nets, measure, judge the claims, draw, write.

What a run writes, directly into its folder: every picture, ``metrics.json`` for programs and
``REPORT.md`` for people. A run that takes longer than a minute keeps its trained nets in ``nets/``,
from which ``--resume`` takes them. Every file is written whole or not at all.
"""

from __future__ import annotations

import io
import json
import math
import platform
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from reberlstm import figures
from reberlstm._version import __version__
from reberlstm.errors import FormatError, LabError, ReberLSTMError
from reberlstm.extras import require
from reberlstm.files import make_folder, read_bytes, write_atomically
from reberlstm.lab.experiment import Experiment, Fit, Job, Run, generator
from reberlstm.lab.verdicts import Verdict, judge
from reberlstm.plain import in_form
from reberlstm.programs import describe

if TYPE_CHECKING:
    import torch

FORMATS = ("png", "svg")
KEEP_AFTER = 60.0
"""Seconds of training after which a run keeps its nets."""


@dataclass(frozen=True)
class Progress:
    """How far a run is: `epoch` of all `epochs` of the run, in the training of the net `name`.

    The training loss is that of this epoch.
    """

    name: str
    seed: int
    epoch: int
    epochs: int
    loss: float


@dataclass(frozen=True, eq=False)
class Result:
    """What came of a run.

    Attributes:
        run: The run with the first seed, whose figures were drawn.
        measured: What was measured, by seed.
        verdicts: On every claim, over all seeds.
        files: What was written.
        metrics: The content of ``metrics.json``.
    """

    run: Run
    measured: Mapping[int, Mapping[str, Any]]
    verdicts: tuple[Verdict, ...]
    files: tuple[Path, ...]
    metrics: Mapping[str, Any]


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
    seeds: int = 1,
    changes: Mapping[str, Any] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
    formats: Sequence[str] = FORMATS[:1],
    keep_after: float = KEEP_AFTER,
) -> Result:
    """Run an experiment and write what came of it into `folder`, which is made if need be.

    Args:
        experiment: What to run; `reberlstm.lab.find` finds one by name.
        folder: Where to write.
        preset: ``quick`` or ``source``.
        seed: Of data, initial weights and orders, not negative.
        seeds: How many seeds to run, from `seed` on: claims are judged over all of them, and the
            figures are those of the first.
        changes: Settings that differ from the preset's.
        resume: Whether to take the nets that an earlier run kept in the folder.
        overwrite: Whether to replace the results of another run in the folder.
        progress: Called after every epoch.
        formats: The kinds of files that pictures are written as; without any, none is drawn.
        keep_after: The seconds of training after which the nets are kept in the folder.

    Raises:
        LabError: when the description is wrong somewhere, naming the place, or when the folder has
            the results of another run.
        MissingExtraError: where PyTorch or matplotlib is not installed.
    """
    need_extras()
    if seed < 0:
        raise LabError(f"seed {seed}: give one that is not negative")
    if seeds < 1:
        raise LabError(f"{seeds} seeds: give at least one")
    folder = Path(folder)
    make_folder(folder)
    settings = experiment.settings(preset, changes)
    runs = []
    for number in range(seed, seed + seeds):
        with _naming(experiment, "jobs"):
            jobs = _by_name(experiment.jobs(settings, generator(number, "data")))
        runs.append(Run(experiment, preset, number, settings, jobs))
    asked = _plain(_asked(runs[0], seeds))
    if not overwrite:
        _refuse_to_replace(folder, asked)
    measured: dict[int, Mapping[str, Any]] = {}
    fits: dict[int, Mapping[str, Fit]] = {}
    for number, trained in enumerate(_trained(runs, folder / "nets", resume, progress, keep_after)):
        with _naming(experiment, "measure"):
            measured[trained.seed] = dict(experiment.measure(trained))
        fits[trained.seed] = trained.fits
        if number == 0:
            first = replace(trained, measured=measured[trained.seed])
    with _naming(experiment, "claims"):
        verdicts = tuple(judge(claim, measured) for claim in experiment.claims)
    files = [*_draw(first, folder, formats)]
    content = metrics(first, asked, measured, fits, verdicts)
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    report = REPORT.format_map(_report(first, seeds, verdicts, files))
    for name, written in (("metrics.json", text), ("REPORT.md", report)):
        write_atomically(folder / name, written.encode())
        files.append(folder / name)
    return Result(first, measured, verdicts, tuple(files), content)


def _trained(
    runs: Sequence[Run],
    folder: Path,
    resume: bool,
    progress: Callable[[Progress], None] | None,
    keep_after: float,
) -> Iterator[Run]:
    """The runs with their nets, which are kept in `folder` when that took long."""
    from reberlstm.lab.training import alone, keep, train

    epochs = sum(job.recipe.epochs for run in runs for job in run.jobs.values())
    done, seconds, unsaved = 0, 0.0, []

    def report(name: str, seed: int, before: int, told: tuple[int, int, float]) -> None:
        if progress is not None:
            progress(Progress(name, seed, before + told[0], epochs, told[2]))

    for run in runs:
        nets: dict[str, torch.nn.Module] = {}
        fits: dict[str, Fit] = {}
        for name, job in run.jobs.items():
            path = folder / f"{slug(name)}.{run.seed}.safetensors"
            with _naming(run.experiment, f"net {name!r}"), alone():
                made = train(
                    job,
                    seed_of(run.seed, name),
                    report=partial(report, name, run.seed, done),
                    path=path if resume else None,
                    asked=_plain(_asked(run)),
                )
            nets[name], fits[name] = made.net, made.fit()
            done += job.recipe.epochs
            seconds += made.seconds
            unsaved.append((made, path))
            if seconds >= keep_after:
                make_folder(folder)
                while unsaved:
                    keep(*unsaved.pop())
        yield replace(run, nets=nets, fits=fits)


def _draw(run: Run, folder: Path, formats: Sequence[str]) -> Iterator[Path]:
    for picture in run.experiment.pictures if formats else ():
        with _naming(run.experiment, f"picture {picture.name!r}"):
            drawn = picture.draw(run)
        if isinstance(drawn, Sequence):
            path = folder / f"{picture.name}.gif"
            write_atomically(path, _animated(drawn))
            yield path
            continue
        for format in formats:
            path = folder / f"{picture.name}.{format}"
            figures.save(drawn, path)
            drawn.set_layout_engine("none")  # laid out once is enough
            yield path


def _animated(frames: Sequence[Any]) -> bytes:
    """Figures as a GIF file, five a second, which stays at the last."""
    from PIL import Image

    images = [Image.open(io.BytesIO(figures.to_bytes(frame, "png"))) for frame in frames]
    size = [2 * side // 3 for side in images[0].size]
    first, *rest = (image.resize(size).quantize(32) for image in images)
    content = io.BytesIO()
    shown = [200] * len(rest) + [3000]
    first.save(content, "GIF", save_all=True, append_images=rest, duration=shown, loop=0)
    return content.getvalue()


def _by_name(jobs: Iterable[Job]) -> dict[str, Job]:
    found: dict[str, Job] = {}
    for job in jobs:
        if slug(job.name) in map(slug, found):
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


def _asked(run: Run, seeds: int = 1) -> dict[str, Any]:
    """What a run was asked for."""
    asked = {"experiment": run.experiment.name, "preset": run.preset, "seed": run.seed}
    return {**asked, "seeds": seeds, "settings": vars(run.settings)}


def _refuse_to_replace(folder: Path, asked: Mapping[str, Any]) -> None:
    """Complain about the results of a run that was asked for something else."""
    if not (folder / "metrics.json").exists():
        return
    written: Any = {}
    with suppress(ValueError, RecursionError, FormatError):
        content = read_bytes(folder / "metrics.json", limit=MAX_METRICS_BYTES)
        written = in_form(json.loads(content), ASKED)
    other = {key: written[key] for key in asked if key in written}
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
    first, seeds = asked.get("seed"), asked.get("seeds", 1)
    named = f"seed {first}" if seeds == 1 else f"{seeds} seeds from {first} on"
    return ", ".join([f"{what}, {asked.get('preset')}, {named}", *changed[:3]])


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


def metrics(
    first: Run,
    asked: Mapping[str, Any],
    measured: Mapping[int, Mapping[str, Any]],
    fits: Mapping[int, Mapping[str, Fit]],
    verdicts: Sequence[Verdict],
) -> dict[str, Any]:
    """The content of ``metrics.json``: strict JSON, where a number that is none is null.

    ``measured`` and ``nets`` are those of the first seed; ``of_seeds`` has what was measured with
    each, and the test losses.
    """
    import torch

    versions = {
        "reberlstm": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    of_seeds = {
        seed: {
            "measured": of_one,
            "test_losses": {name: fit.test_loss for name, fit in fits[seed].items()},
            "cpu_seconds": round(sum(fit.cpu_seconds for fit in fits[seed].values()), 1),
        }
        for seed, of_one in measured.items()
    }
    answer: dict[str, Any] = _plain(
        {
            **asked,
            "measured": measured[first.seed],
            "claims": [verdict.to_dict() for verdict in verdicts],
            "nets": {name: _of_net(first.jobs[name], fit) for name, fit in first.fits.items()},
            "of_seeds": of_seeds,
            "versions": versions,
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
        "curve": {name: taken for name, taken in curve.items() if np.ndim(taken) == 1},
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

{origin}Preset `{preset}`, {seeds}; {seconds:.0f} s of processor time for training. Again: `{again}`

## What is claimed, and what was measured

{claims}

## Nets

{nets}

Settings: {settings}

## Figures

{figures}
"""


def _report(
    run: Run, seeds: int, verdicts: Sequence[Verdict], files: Sequence[Path]
) -> dict[str, Any]:
    """What is filled into `REPORT`."""
    experiment, settings = run.experiment, vars(run.settings)
    again = f"reberlstm lab run {experiment.name} --preset {run.preset} --seed {run.seed} -o DIR"
    again += f" --seeds {seeds}" if seeds > 1 else ""
    changed = (key for key in settings if settings[key] != experiment.presets[run.preset][key])
    again += "".join(f" --set {key}={settings[key]}" for key in changed)
    claims = [
        (claim_in_words(vars(v.claim)), v.found, verdict_in_words(v.word, v.share))
        for v in verdicts
    ]
    table = markdown_table("claim | measured | verdict", claims)
    nets = [_net_in_words(name, run.jobs[name], fit) for name, fit in run.fits.items()]
    drawn = {path.stem: path.name for path in reversed(files)}  # the first file of each picture
    shown = [(p.says(run), drawn[p.name]) for p in experiment.pictures if p.name in drawn]
    many = f"seeds {run.seed} to {run.seed + seeds - 1}: median (least to most); nets and "
    many += f"figures are those of seed {run.seed}"
    return {
        **vars(experiment),
        **vars(run),
        "origin": f"Source: {experiment.source}\n\n" if experiment.source else "",
        "seconds": sum(fit.cpu_seconds for fit in run.fits.values()),
        "seeds": f"seed {run.seed}" if seeds == 1 else many,
        "again": again,
        "claims": "\n\n".join([table, *(v.reason for v in verdicts if v.reason)])
        if claims
        else "Nothing is claimed.",
        "nets": markdown_table(NETS_HEADING, nets) if nets else "Nothing was trained.",
        "settings": ", ".join(f"{key} {value}" for key, value in settings.items()) or "none",
        "figures": "\n".join(f"![{says}]({file})\n\n{says}\n" for says, file in shown)
        or "None were drawn.",
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


def claim_in_words(claim: Mapping[str, Any]) -> str:
    """A claim with how it is judged."""
    judged = f" *({claim['judged']})*" if claim["judged"] else ""
    return f"{claim['says']}{judged}"


def verdict_in_words(word: str, share: str) -> str:
    """A verdict with the share of the seeds."""
    return f"**{word}**" + (f", {share}" if share else "")


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
