"""Time to write and to read a large random machine in every format.

python scripts/bench_formats.py --states 10000 --symbols 2
"""

from __future__ import annotations

import argparse
import random
import time
import warnings

from measuring import table

from reberlstm import FSM, FormatWarning, formats


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
    warnings.simplefilter("ignore", FormatWarning)
    rows = []
    for format in formats.WRITTEN:
        began = time.process_time()
        content = formats.write(fsm, format)
        written = time.process_time()
        found = formats.read(content, "file", format)
        read = time.process_time()
        assert len(found.states) >= len(fsm.reachable)
        size = f"{len(content) / 1e6:.1f}"
        rows.append((format, size, f"{written - began:.2f}", f"{read - written:.2f}"))
    print("\n".join(table(("format", "MB", "write s", "read s"), rows)))


if __name__ == "__main__":
    main()
