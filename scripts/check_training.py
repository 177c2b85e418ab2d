"""How often training succeeds, and what it takes: the tables of docs/training.md.

    python scripts/check_training.py                    all rows, 10 seeds each: ten minutes
    python scripts/check_training.py --row proved-8 --seeds 3

A row is what `reberlstm train` does with the options shown. Seconds are of one thread.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from typing import Any

import reberlstm as rl
from reberlstm.training.settings import Training


@dataclass(frozen=True)
class Row:
    """One line of the table: options of `train`, as they are typed and as settings."""

    options: str
    grammar: str = "reber"
    settings: dict[str, Any] = field(default_factory=dict)


ROWS = {
    "lstm": Row("--hidden 8", settings={"cells": 8}),
    "gru": Row("--hidden 8 --cell gru", settings={"cells": 8, "cell": "gru"}),
    "rnn": Row("--hidden 8 --cell rnn", settings={"cells": 8, "cell": "rnn"}),
    "tuned": Row("--from compiled", settings={"start": "compiled"}),
    "proved-8": Row("--hidden 8 --noise 1.0", settings={"cells": 8, "noise": 1.0}),
    "proved-3": Row("--hidden 3 --noise 1.0", settings={"cells": 3, "noise": 1.0}),
    "fsm": Row("--cell fsm", settings={"cell": "fsm"}),
    "embedded": Row("--cell fsm", "embedded-reber", settings={"cell": "fsm"}),
    "embedded-proved": Row(
        "--hidden 16 --noise 0.3", "embedded-reber", settings={"cells": 16, "noise": 0.3}
    ),
    "embedded-tuned": Row(
        "--from compiled --noise 0.3",
        "embedded-reber",
        settings={"start": "compiled", "noise": 0.3},
    ),
}


def measured(row: Row, seeds: int) -> str:
    """A line of the table in Markdown."""
    fsm = rl.load_grammar(row.grammar)
    found: list[Training] = []
    seconds = []
    for seed in range(seeds):
        before = time.process_time()
        found.append(rl.train(rl.Settings(fsm=fsm, seed=seed, **row.settings)))
        seconds.append(time.process_time() - before)
    succeeded = [training for training in found if training.success]
    margins = [one.certificate.margin for one in succeeded if one.certificate is not None]
    proof = "–"
    if margins:
        proof = f"{len(margins)} proved, margins {min(margins):.2f}–{max(margins):.2f}"
    words = [training.words_presented for training in succeeded]
    return (
        f"| `train {row.grammar} {row.options}` | {len(succeeded)} of {seeds} "
        f"| {proof} | {_range(words)} "
        f"| {sum(one.attempts > 1 for one in found)} | {_range(seconds)} |"
    )


def _range(values: list[Any]) -> str:
    if not values:
        return "–"
    return f"{min(values):,.0f} to {max(values):,.0f}, mean {sum(values) / len(values):,.0f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--row", choices=ROWS, action="append", help="only this row")
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    print("| command | succeeded | certificate | words presented | with a restart | seconds |")
    print("|---|---|---|---|---|---|", flush=True)
    for name in arguments.row or ROWS:
        print(measured(ROWS[name], arguments.seeds), flush=True)


if __name__ == "__main__":
    main()
