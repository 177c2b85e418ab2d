"""Runs an experiment: train its nets, measure, judge, draw, write.

What a run writes, directly into its folder: a PNG and an SVG file of every picture,
``metrics.json``, ``REPORT.md``, and ``checkpoints/``, one file for every net. Every file is written
whole or not at all.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from reberlstm import figures
from reberlstm.errors import FormatError, LabError, ReberLSTMError
from reberlstm.extras import require
from reberlstm.files import write_atomically
from reberlstm.lab import report
from reberlstm.lab.catalogue import describe
from reberlstm.lab.experiment import Experiment, Fit, Job, Run, Verdict, generator

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
        overwrite: Whether the results of another run in the folder may be lost.
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
    _make(folder / "checkpoints")
    settings = experiment.settings(preset, changes)
    with _naming(experiment, "jobs"):
        jobs = _by_name(experiment, experiment.jobs(settings, generator(seed, "data")))
    finished = Run(experiment, preset, seed, settings, jobs)
    asked = {
        "experiment": experiment.name,
        "preset": preset,
        "seed": seed,
        "settings": report.plain(vars(settings)),
    }
    if not overwrite:
        _lose_nothing(folder, asked)
    nets, fits = _train(finished, folder, asked, resume, progress)
    finished = replace(finished, nets=nets, fits=fits)
    with _naming(experiment, "measure"):
        finished = replace(finished, measured=dict(experiment.measure(finished)))
    with _naming(experiment, "claims"):
        verdicts = tuple(report.judge(finished))
    files = [*_draw(finished, folder, formats)]
    for name, content in (
        ("metrics.json", report.to_json(report.metrics(finished, verdicts))),
        ("REPORT.md", report.markdown(finished, verdicts).encode()),
    ):
        write_atomically(folder / name, content)
        files.append(folder / name)
    return Result(finished, verdicts, tuple(files))


def _train(
    run: Run,
    folder: Path,
    asked: Mapping[str, Any],
    resume: bool,
    progress: Callable[[Progress], None] | None,
) -> tuple[dict[str, torch.nn.Module], dict[str, Fit]]:
    """The nets and fits of all jobs; one thread, and the caller's random state is left alone."""
    import torch

    from reberlstm.lab.training import train

    nets: dict[str, torch.nn.Module] = {}
    fits: dict[str, Fit] = {}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            for number, job in enumerate(run.jobs.values(), start=1):
                with _naming(run.experiment, f"net {job.name!r}"):
                    nets[job.name], fits[job.name] = train(
                        job,
                        seed_of(run.seed, job.name),
                        path=folder / "checkpoints" / f"{slug(job.name)}.safetensors",
                        resume=resume,
                        asked=asked,
                        report=_reporter(progress, job.name, number, len(run.jobs)),
                    )
    finally:
        torch.set_num_threads(threads)
    return nets, fits


def _reporter(
    progress: Callable[[Progress], None] | None, name: str, number: int, nets: int
) -> Callable[[int, int, float], None] | None:
    if progress is None:
        return None
    return lambda epoch, epochs, loss: progress(Progress(name, number, nets, epoch, epochs, loss))


def _draw(run: Run, folder: Path, formats: Sequence[str]) -> Iterator[Path]:
    for picture in run.experiment.pictures:
        with _naming(run.experiment, f"picture {picture.name!r}"):
            figure = picture.draw(run)
        for format in formats:
            path = folder / f"{picture.name}.{format}"
            figures.save(figure, path)
            figure.set_layout_engine("none")  # laid out once is enough
            yield path


def _by_name(experiment: Experiment, jobs: Any) -> dict[str, Job]:
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


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(f"{folder}: cannot be made: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise LabError(f"{folder}: nothing can be written there: choose another folder")


def _lose_nothing(folder: Path, asked: Mapping[str, Any]) -> None:
    """Complain about results or checkpoints of a run that was asked for something else."""
    earlier = []
    with suppress(OSError, ValueError, TypeError):
        metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
        earlier.append({key: metrics[key] for key in asked if key in metrics})
    from reberlstm.lab import checkpoint

    for path in sorted((folder / "checkpoints").glob("*.safetensors")):
        with suppress(FormatError):
            of_net = checkpoint.state_of(path).get("asked") or {}
            earlier.append({key: value for key, value in of_net.items() if key != "job"})
    for other in earlier:
        if other != asked:
            raise LabError(
                f"{folder}: has the results of another run ({_told(other, asked)}, and not "
                f"{_told(asked, other)}): write into another folder, or let them be lost with "
                "--overwrite"
            )


def _told(asked: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """A run in a few words: with those of its settings only that differ from another's."""
    mine, others = (run.get("settings") or {} for run in (asked, other))
    changed = [f"{key} {mine[key]}" for key in mine if mine[key] != others.get(key)]
    what = asked.get("experiment", "of something else")
    return ", ".join([f"{what}, {asked.get('preset')}, seed {asked.get('seed')}", *changed[:3]])


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
        place = _place(error)
        raise LabError(f"experiment {experiment.name}, {part}{place}: {describe(error)}") from error


def _place(error: Exception) -> str:
    """The last line of code outside of libraries that an error came through."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    own = [
        frame
        for frame in frames
        if frame.filename != __file__ and "site-packages" not in frame.filename
    ]
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
