"""Damage valid machine files at random: every reader must give a machine or one clear error.

    python scripts/fuzz_formats.py --count 50000 --seed 1

Prints the seed and, for each file, how many mutations were still machines and how many were errors,
and the slowest one. Anything else than these two outcomes ends with a traceback, and the damaged
file is left beside the current folder's ``fuzz-failure`` for a look.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reberlstm import formats
from tests.formats.mutations import mutate, outcome
from tests.formats.valid import valid_files


def main() -> None:
    """Fuzz, and print a table."""
    parser = argparse.ArgumentParser(description="Fuzz the readers of machine files.")
    parser.add_argument("--count", type=int, default=20_000, help="mutations in all")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    files = valid_files()
    others = list(files.values())
    each = -(-arguments.count // len(files))
    rng = random.Random(arguments.seed)
    print(f"seed {arguments.seed}, {each:,} mutations of each of {len(files)} files")
    total: Counter[str] = Counter()
    for name, content in files.items():
        counts: Counter[str] = Counter()
        slowest = 0.0
        for _ in range(each):
            damaged = mutate(content, rng, others)
            began = time.perf_counter()
            try:
                counts[outcome(damaged, name, formats.format_of(name))] += 1
            except BaseException:
                Path("fuzz-failure").write_bytes(damaged)
                print(f"{name}: see fuzz-failure")
                raise
            slowest = max(slowest, time.perf_counter() - began)
        print(
            f"{name:14} {counts['machine']:7,} machines {counts['error']:7,} errors   "
            f"slowest {1000 * slowest:6.0f} ms",
            flush=True,
        )
        total += counts
    print(f"{'all':14} {total['machine']:7,} machines {total['error']:7,} errors, nothing else")


if __name__ == "__main__":
    main()
