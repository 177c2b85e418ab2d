"""What a run leaves: ``metrics.json`` for programs and ``REPORT.md`` for people."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reberlstm._version import __version__
from reberlstm.lab.experiment import HOLDS, Fit, Job, Run, Verdict


def judge(run: Run) -> list[Verdict]:
    """Every claim of the experiment with its verdict."""
    return [claim.judge(run.measured) for claim in run.experiment.claims]


def metrics(run: Run, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The content of ``metrics.json``: strict JSON, where a number that is none is null."""
    import torch

    answer: dict[str, Any] = {
        "experiment": run.experiment.name,
        "preset": run.preset,
        "seed": run.seed,
        "settings": vars(run.settings),
        "measured": dict(run.measured),
        "claims": [vars(verdict) for verdict in verdicts],
        "nets": {name: _of_net(run.jobs[name], fit) for name, fit in run.fits.items()},
        "versions": {
            "reberlstm": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
    }
    metrics: dict[str, Any] = plain(answer)
    return metrics


def to_json(answer: Mapping[str, Any]) -> bytes:
    """Indented JSON in UTF-8."""
    return (json.dumps(answer, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _of_net(job: Job, fit: Fit) -> dict[str, Any]:
    return {
        "parameters": fit.parameters,
        "examples": len(job.data.x),
        **vars(job.recipe),
        "loss_at_end": fit.losses[-1] if fit.losses else None,
        "test_loss_at_end": fit.test_loss,
        "cpu_seconds": round(fit.cpu_seconds, 2),
        "diverged_at": fit.diverged_at,
        "curve": {
            "epoch": list(fit.epochs),
            "loss": list(fit.losses),
            "test_loss": list(fit.test_losses),
            **{name: list(numbers) for name, numbers in fit.watched.items()},
        },
    }


def plain(value: Any) -> Any:
    """Arrays as lists, and what JSON has no number for as null: the content of a JSON file."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def markdown(run: Run, verdicts: Sequence[Verdict]) -> str:
    """The content of ``REPORT.md``."""
    experiment = run.experiment
    again = f"reberlstm lab run {experiment.name} --preset {run.preset} --seed {run.seed} -o DIR"
    changed = {
        key: value
        for key, value in vars(run.settings).items()
        if value != experiment.presets[run.preset][key]
    }
    again += "".join(f" --set {key}={value}" for key, value in changed.items())
    seconds = sum(fit.cpu_seconds for fit in run.fits.values())
    lines = [
        f"# {experiment.name}: {experiment.title}",
        "",
        experiment.task,
        "",
        f"Source: {experiment.source}",
        "",
        f"Preset `{run.preset}`, seed {run.seed}; {seconds:.0f} s of processor time for training. "
        f"Again: `{again}`",
        "",
        "## What the source says, and what was measured",
        "",
        *claims_table(verdicts),
        "",
        "## Nets",
        "",
        *nets_table(run),
        "",
        "Settings: " + ", ".join(f"{key} {value}" for key, value in vars(run.settings).items()),
        "",
        "## Figures",
        "",
    ]
    for picture in experiment.pictures:
        lines += [f"![{picture.caption}]({picture.name}.png)", "", picture.caption, ""]
    return "\n".join(lines)


def claims_table(verdicts: Sequence[Verdict]) -> list[str]:
    """Claim of the source, what was measured, holds or not."""
    lines = ["| claim of the source | measured | verdict |", "|---|---|---|"]
    for verdict in verdicts:
        remark = f" *({verdict.remark})*" if verdict.remark else ""
        lines.append(
            f"| {_cell(verdict.claim)}{_cell(remark)} | {_cell(verdict.measured)} | "
            f"**{HOLDS[verdict.holds]}** |"
        )
    return lines if verdicts else ["The source claims nothing that was judged."]


def nets_table(run: Run) -> list[str]:
    """What was trained how, and how far it came."""
    lines = [
        "| net | parameters | examples | optimiser | batch | epochs | training loss | test loss "
        "| s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, fit in run.fits.items():
        recipe = run.jobs[name].recipe
        loss = f"{fit.losses[-1]:.2g}" if fit.losses else "–"
        test = (
            f"{fit.test_loss:.2g}"
            if fit.diverged_at is None
            else f"diverged in epoch {fit.diverged_at}"
        )
        lines.append(
            f"| {_cell(name)} | {fit.parameters:,} | {len(run.jobs[name].data.x):,} | "
            f"{recipe.optimiser} {recipe.learning_rate:g} | {recipe.batch:,} | {recipe.epochs:,} | "
            f"{loss} | {test} | {fit.cpu_seconds:.1f} |"
        )
    return lines if run.fits else ["Nothing was trained."]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
