"""Time to write and to read a large random machine in every format.

python scripts/bench_formats.py --states 10000 --symbols 2
"""

from __future__ import annotations

import argparse
import random
import time

from reberlstm import FSM, formats


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description="Measure the formats on a large machine.")
    parser.add_argument("--states", type=int, default=10_000)
    parser.add_argument("--symbols", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    states = [f"q{number}" for number in range(arguments.states)]
    alphabet = tuple("abcdefghijklmnopqrstuvwxyz"[: arguments.symbols])
    fsm = FSM(
        alphabet=alphabet,
        start=states[0],
        accepting=frozenset(states[::3]),
        transitions={q: {a: rng.choice(states) for a in alphabet} for q in states},
    )
    print(f"{arguments.states:,} states, {len(alphabet)} symbols; seed {arguments.seed}; CPU time")
    for format in formats.WRITTEN:
        began = time.process_time()
        content = formats.write(fsm, format)
        written = time.process_time()
        found = formats.read(content, "file", format)
        read = time.process_time()
        assert len(found.states) >= len(fsm.reachable)
        print(
            f"{format:6} {len(content) / 1e6:6.1f} MB   write {written - began:6.2f} s   "
            f"read {read - written:6.2f} s"
        )


if __name__ == "__main__":
    main()
