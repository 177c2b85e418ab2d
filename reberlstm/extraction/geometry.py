"""Where each state of a machine lies in the memory of a net."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reberlstm.extraction.interning import Ids
from reberlstm.extraction.learner import Snapshot
from reberlstm.extraction.sample import Sample
from reberlstm.extraction.search import Word, together
from reberlstm.extraction.trajectories import BudgetEnd, Trajectories
from reberlstm.extraction.verdict import StateReport

DIRECTIONS = 12
"""Random disturbances that are tried of each memory."""

TRIED = 16
"""Memories of a state that are disturbed."""

NOISES = np.geomspace(2.0, 1e-3, 12)
"""The sizes of disturbance that are tried, largest first."""


def describe(
    runs: Trajectories,
    machine: Snapshot,
    words: Sequence[Word],
    names: Sequence[str],
    rng: np.random.Generator,
) -> tuple[tuple[StateReport, ...], Sample]:
    """One report per state, from the memories that the words come to, and some of these."""
    visits = np.zeros(len(names), dtype=int)
    found: list[set[int]] = [set() for _ in names]
    try:
        for _, ids, states, _ in together(runs, machine, words):
            np.add.at(visits, states, 1)
            for memory, state in zip(ids.tolist(), states.tolist(), strict=True):
                found[state].add(memory)
    except BudgetEnd:
        pass  # what was visited until then is what is described
    memories = [
        np.array(sorted(ids) or [machine.access[state]], dtype=np.intp)
        for state, ids in enumerate(found)
    ]
    points = [runs.states(ids) for ids in memories]
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
                tolerance=_tolerance(runs, machine, state, memories[state][:TRIED], rng),
            )
        )
    return tuple(reports), Sample.of(points, runs.subject.parts)


def _tolerance(
    runs: Trajectories,
    machine: Snapshot,
    state: int,
    ids: Ids,
    rng: np.random.Generator,
) -> float | None:
    """The largest tried size of noise under which all tried memories behave as before.

    "Behave" means: what is seen of the memory, and of all memories one and two symbols later.
    """
    table, shown = machine.arrays()
    memories, places = runs.states(ids), np.tile(runs.places(ids), DIRECTIONS)
    directions = rng.normal(size=(DIRECTIONS, len(memories), memories.shape[1]))
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    for noise in NOISES:
        if runs.left == 0.0:
            return None
        disturbed = (memories + noise * directions).reshape(-1, memories.shape[1])
        disturbed = disturbed.astype(memories.dtype)
        if _behaves(runs, table, shown, state, disturbed, places, depth=2):
            return float(noise)
    return 0.0


def _behaves(
    runs: Trajectories,
    table: NDArray[np.intp],
    shown: NDArray[np.intp],
    state: int,
    memories: NDArray[np.float64],
    places: Ids,
    depth: int,
) -> bool:
    if (runs.show(memories, places) != shown[state]).any():
        return False
    if depth == 0:
        return True
    for symbol, target in enumerate(table[state]):
        if target >= 0:
            symbols = np.full(len(memories), symbol)
            after, there = runs.subject.step(memories, symbols), runs.next_places(places, symbols)
            if not _behaves(runs, table, shown, int(target), after, there, depth - 1):
                return False
    return True
