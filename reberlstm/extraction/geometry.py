"""Where the states of a machine lie among the state vectors of a net."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.extraction.learner import Hypothesis
from reberlstm.extraction.oracles import Word, together
from reberlstm.extraction.trajectories import BudgetEnd, Ids, Trajectories
from reberlstm.extraction.verdict import Sample, StateReport

DIRECTIONS = 12
"""Random disturbances that are tried of each state vector."""

TRIED = 16
"""State vectors of a state that are disturbed."""

NOISES = np.geomspace(2.0, 1e-3, 12)
"""The sizes of disturbance that are tried, largest first."""

MOST_POINTS = 1_500
"""State vectors in a sample for pictures."""

MOST = 1e6
"""Larger numbers are shown as this: a picture has no room for a growing ReLU."""


def describe(
    runs: Trajectories,
    machine: Hypothesis,
    words: Sequence[Word],
    names: Sequence[str],
    rng: np.random.Generator,
) -> tuple[tuple[StateReport, ...], Sample]:
    """One report per state, from the state vectors that the words come to, and some of these."""
    visits = np.zeros(len(names), dtype=int)
    found: list[set[int]] = [set() for _ in names]
    try:
        for _, ids, states, _ in together(runs, machine, words):
            np.add.at(visits, states, 1)
            for vector, state in zip(ids.tolist(), states.tolist(), strict=True):
                found[state].add(vector)
    except BudgetEnd:
        pass  # what was visited until then is what is described
    vectors = [
        np.array(sorted(ids) or [machine.access[state]], dtype=np.intp)
        for state, ids in enumerate(found)
    ]
    points = [runs.states(ids) for ids in vectors]
    means = np.array([block.mean(axis=0) for block in points])
    reports = []
    for state, name in enumerate(names):
        distances = np.linalg.norm(means - means[state], axis=1)
        distances[state] = np.inf
        nearest = int(distances.argmin()) if len(names) > 1 else None
        reports.append(
            StateReport(
                state=name,
                visits=int(visits[state]),
                memories=len(found[state]),
                radius=float(np.linalg.norm(points[state] - means[state], axis=1).max()),
                nearest=None if nearest is None else names[nearest],
                distance=None if nearest is None else float(distances[nearest]),
                tolerance=_tolerance(runs, machine, state, vectors[state][:TRIED], rng),
            )
        )
    return tuple(reports), _sample(points, runs.net.parts)


def _sample(blocks: list[NDArray[Any]], parts: tuple[str, ...]) -> Sample:
    """Some of the state vectors of each state, evenly thinned out where they are many."""
    most = max(4, MOST_POINTS // max(1, len(blocks)))
    chosen = [
        block[np.linspace(0, len(block) - 1, min(most, len(block))).astype(int)] for block in blocks
    ]
    points = np.nan_to_num(np.concatenate(chosen).astype(np.float64))
    states = np.repeat(np.arange(len(chosen)), [len(block) for block in chosen])
    return Sample(np.clip(points, -MOST, MOST), states, parts)


def _tolerance(
    runs: Trajectories, machine: Hypothesis, state: int, ids: Ids, rng: np.random.Generator
) -> float | None:
    """The largest tried size of noise under which all tried state vectors behave as before.

    "Behave" means: what is seen now, and one and two symbols later. None where the time is over.
    """
    vectors, nodes = runs.states(ids), np.tile(runs.nodes(ids), DIRECTIONS)
    directions = rng.normal(size=(DIRECTIONS, len(vectors), vectors.shape[1]))
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    for noise in NOISES:
        if runs.left == 0.0:
            return None
        disturbed = (vectors + noise * directions).reshape(-1, vectors.shape[1])
        if _behaves(runs, machine, state, disturbed.astype(vectors.dtype), nodes, depth=2):
            return float(noise)
    return 0.0


def _behaves(
    runs: Trajectories,
    machine: Hypothesis,
    state: int,
    vectors: NDArray[Any],
    nodes: Ids,
    depth: int,
) -> bool:
    if (runs.show(vectors, nodes) != machine.observation[state]).any():
        return False
    if depth == 0:
        return True
    for symbol, target in enumerate(machine.table[state]):
        if target >= 0:
            symbols = np.full(len(vectors), symbol)
            after, there = runs.net.step(vectors, symbols), runs.scope.target[nodes, symbols]
            if not _behaves(runs, machine, target, after, there, depth - 1):
                return False
    return True
