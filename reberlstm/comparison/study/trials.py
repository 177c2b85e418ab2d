"""One training and what is asked of the net; and the grid of them that a study is."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from reberlstm.comparison import compare
from reberlstm.errors import ReberLSTMError, TrainingError
from reberlstm.machine.fsm import FSM
from reberlstm.net.net import Net
from reberlstm.plain import plain
from reberlstm.training import Settings, train

Record = dict[str, Any]


@dataclass(frozen=True)
class Questions:
    """What is asked of every net, see `reberlstm.comparison.compare`.

    Attributes:
        rows: The keys of the rows; None stands for all.
        words: Sampled words.
        rounds: Rounds of every cycle.
        seconds: The budget for one net.
        prove: Whether to try certificates.
    """

    rows: tuple[str, ...] | None = None
    words: int = 1_000
    rounds: int = 1_000
    seconds: float = 60.0
    prove: bool = True


@dataclass(frozen=True)
class Trial:
    """One net to be trained and examined; what is equal need not be done twice."""

    settings: Settings
    questions: Questions

    @property
    def name(self) -> str:
        """Such as ``reber-lstm-8-noise0.3-seed4``."""
        s = self.settings
        start = "" if s.start == "random" else "-from-net"
        start = "-from-compiled" if s.start == "compiled" else start
        task = "" if s.task == "next" else f"-{s.task}"
        size = "" if s.cells is None else f"-{s.cells}"
        return f"{s.fsm}{task}-{s.cell}{size}{start}-noise{s.noise:g}-seed{s.seed}"

    @property
    def training_key(self) -> str:
        """Identifies the training, by all that it depends on."""
        return _digest(self.settings.to_dict())

    @property
    def key(self) -> str:
        """Identifies the trial."""
        return _digest([self.settings.to_dict(), vars(self.questions)])


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def grid(
    fsms: Iterable[FSM],
    *,
    cells: Sequence[str] = ("lstm",),
    hidden: Sequence[int | None] = (None,),
    noises: Sequence[float] = (0.0,),
    seeds: Sequence[int] = range(10),
    questions: Questions | None = None,
    **settings: Any,
) -> list[Trial]:
    """All combinations, seed by seed, so that a study that is cut short has some of each.

    Args:
        fsms: The machines.
        cells: Of ``lstm``, ``gru`` and ``rnn``.
        hidden: Numbers of cells.
        noises: Standard deviations of the noise in training.
        seeds: The seeds.
        questions: What is asked of every net.
        settings: What all trainings share, see `reberlstm.training.settings.Settings`.

    Example:
        >>> from reberlstm import load_grammar
        >>> [trial.name for trial in grid([load_grammar("reber")], hidden=[4, 8], seeds=[7])]
        ['reber-lstm-4-noise0-seed7', 'reber-lstm-8-noise0-seed7']
    """
    questions = Questions() if questions is None else questions
    found = {}
    for seed, fsm, cell, size, noise in itertools.product(seeds, list(fsms), cells, hidden, noises):
        given: dict[str, Any] = {"cell": cell, "cells": size, "noise": noise, "seed": seed}
        trial = Trial(Settings(fsm=fsm, **given, **settings), questions)
        found[trial.key] = trial
    return list(found.values())


@dataclass(frozen=True)
class Done:
    """A trained net, and as JSON values whether its training succeeded and how long it took."""

    net: Net
    facts: Record


def perform(trial: Trial, known: Done | None) -> tuple[Record, Done | None]:
    """Train, unless that is done already, and ask: what a worker does.

    Returns:
        The record, and the trained net; without a net where the settings cannot be trained.
    """
    record = _described(trial)
    try:
        done = known or _train(trial.settings)
        record |= done.facts
        asked = vars(trial.questions)
        table = compare(trial.settings.fsm, {"net": done.net}, **asked, seed=0)
        record["rows"] = _finite(plain(table.column("net")))
    except ReberLSTMError as error:
        return record | {"error": str(error)}, None
    return record, done


def _described(trial: Trial) -> Record:
    s = trial.settings
    start = s.start if isinstance(s.start, str) else s.start.name or "net"
    return {
        "key": trial.key,
        "name": trial.name,
        "grammar": str(s.fsm),
        "task": s.task,
        "cell": s.cell,
        "hidden": s.cells,
        "noise": s.noise,
        "seed": s.seed,
        "from": start,
    }


def _train(settings: Settings) -> Done:
    training = train(settings)
    if training.interrupted:
        raise KeyboardInterrupt
    if isinstance(training.net, FSM):
        raise TrainingError("a study is about nets; the cell 'fsm' is trained to be a machine")
    proof = training.certificate
    facts: Record = {
        "hidden": training.cells,
        "success": training.success,
        "accuracy": training.accuracy,
        "attempts": training.attempts,
        "steps": training.steps,
        "words": training.words_presented,
        "margin": None if proof is None else proof.margin,
    }
    return Done(training.net, facts)


def _finite(value: Any) -> Any:
    """JSON has no infinity."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
