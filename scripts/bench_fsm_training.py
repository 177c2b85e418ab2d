"""Machines trained on words alone, against machines extracted from trained LSTMs.

    python scripts/bench_fsm_training.py                       the table of docs/training.md
    python scripts/bench_fsm_training.py --grammar reber --seeds 1

For every grammar: `train --cell fsm`, which rounds a soft machine, and `train` for an LSTM of
8 cells, whose machine `extract` then finds. Both see random words of the grammar, next symbols for
Reber's grammars, labels of all prefixes for Tomita's. "Right" is decided exactly, by the product
with the grammar. Seconds are of one thread, and of both training and extraction.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import reberlstm as rl
from reberlstm.net.net import LSTMWeights

GRAMMARS = ("reber", *(f"tomita-{number}" for number in range(1, 8)), "embedded-reber")
STATES = 200
WORDS = 50_000
EXTRACTION_SECONDS = 10.0


@dataclass(frozen=True)
class Outcome:
    """One training."""

    right: bool
    states: int
    words: int
    seconds: float


def soft_machine(fsm: rl.FSM, seed: int, steps: int) -> Outcome:
    """A machine, by training it."""
    before = time.process_time()
    trained = rl.train(_settings(fsm, seed, cell="fsm", steps=steps, words=16))
    assert isinstance(trained.net, rl.FSM)
    return Outcome(
        trained.success,
        trained.cells,
        trained.words_presented,
        time.process_time() - before,
    )


def extracted(fsm: rl.FSM, seed: int, steps: int) -> Outcome:
    """A machine, by training an LSTM and extracting it."""
    before = time.process_time()
    trained = rl.train(_settings(fsm, seed, cells=8, steps=steps))
    assert isinstance(trained.net, LSTMWeights)
    found = rl.extract(
        trained.net,
        max_states=STATES,
        max_words=WORDS,
        seconds=EXTRACTION_SECONDS,
        prove=False,
        seed=seed,
    ).fsm
    word = found.difference(fsm) if _task(fsm) == "accept" else found.difference(fsm, by="legal")
    return Outcome(
        word is None,
        len(found.states),
        trained.words_presented,
        time.process_time() - before,
    )


def _settings(fsm: rl.FSM, seed: int, **options: object) -> rl.Settings:
    return rl.Settings(fsm=fsm, seed=seed, task=_task(fsm), restarts=0, **options)  # type: ignore[arg-type]


def _task(fsm: rl.FSM) -> str:
    return "accept" if fsm.name.startswith("tomita") else "next"


def cells(outcomes: list[Outcome]) -> str:
    """Three columns: how many are right, words of those, seconds of all."""
    words = sorted(outcome.words for outcome in outcomes if outcome.right)
    shown = f"{words[0]:,}–{words[-1]:,}" if words else "–"
    states = sorted({outcome.states for outcome in outcomes if not outcome.right})
    wrong = f" (else {', '.join(map(str, states))} states)" if states else ""
    right = sum(outcome.right for outcome in outcomes)
    mean = sum(outcome.seconds for outcome in outcomes) / len(outcomes)
    return f"{right} of {len(outcomes)}{wrong} | {shown} | {mean:.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grammar", choices=GRAMMARS, action="append")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1_000)
    arguments = parser.parse_args()
    print("| grammar | states | soft: right | words | s | LSTM, extracted: right | words | s |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name in arguments.grammar or GRAMMARS:
        fsm = rl.load_grammar(name)
        columns = [
            cells([way(fsm, seed, arguments.steps) for seed in range(arguments.seeds)])
            for way in (soft_machine, extracted)
        ]
        print(f"| {name} | {len(fsm.minimise().states)} | {' | '.join(columns)} |", flush=True)


if __name__ == "__main__":
    main()
