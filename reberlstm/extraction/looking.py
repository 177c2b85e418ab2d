"""All the searches for a difference, one after the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reberlstm.extraction import search
from reberlstm.extraction.learner import Snapshot
from reberlstm.extraction.search import Budget, Evidence, Word
from reberlstm.extraction.trajectories import Trajectories
from reberlstm.machine.fsm import FSM


def difference(
    runs: Trajectories,
    machine: Snapshot,
    reference: FSM | None,
    budget: Budget,
    evidence: Evidence,
    seed: int,
) -> Word | None:
    """A word on which net and machine differ, by every search; None where none finds one.

    Args:
        runs: The memories of the net.
        machine: The machine.
        reference: A machine whose words are tried, too.
        budget: How far each search goes.
        evidence: What was compared is noted here.
        seed: The seed of the sampled words.
    """
    symbols = len(runs.subject.alphabet)
    rng = np.random.default_rng(seed)

    def sampled() -> Word | None:
        words = search.walks(runs, budget.walks, budget.length, rng)
        words += list(search.corrupted(words, symbols, rng))
        return search.compare(runs, machine, words, evidence)

    def repeated() -> Word | None:
        words = search.cycles(machine, budget.rounds)
        return search.compare(runs, machine, words, evidence)

    def suggested() -> Word | None:
        if reference is None or reference.start not in reference.distance_to_acceptance:
            return None
        index = {symbol: number for number, symbol in enumerate(runs.subject.alphabet)}
        words = [
            tuple(index[symbol] for symbol in word)
            for word in reference.sample(budget.walks, seed=seed)
        ]
        words += list(search.corrupted(words, symbols, rng))
        return search.compare(runs, machine, words, evidence)

    searches: tuple[Callable[[], Word | None], ...] = (
        lambda: search.exhaustive(runs, machine, budget.quick, Evidence()),
        lambda: search.diverse(runs, machine, budget.quick),
        repeated,
        sampled,
        suggested,
        lambda: search.exhaustive(runs, machine, budget.pairs, evidence),
    )
    for look in searches:
        word = look()
        if word is not None:
            return word
    return None
