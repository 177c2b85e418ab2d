"""Damage valid machine files at random: every reader must give a machine or one clear error.

    python scripts/fuzz_formats.py --count 100000 --seed 1

For each reader, in a process of its own: how many inputs were tried, how many were still machines,
how many errors, how many anything else (an exception that is not ours, or a message of several
lines), the longest time and the most memory. Inputs that broke the law are left in the folder
``fuzz-failures``, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.formats.mutations import READERS, Tally, fuzz


def measured(reader: str, count: int, seed: int) -> tuple[Tally, float]:
    """The tally, and the most memory of this process in MB, on systems that tell."""
    tally = fuzz(reader, count, seed)
    try:
        import resource
    except ImportError:
        return tally, float("nan")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return tally, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main() -> int:
    """Fuzz, and print a table."""
    parser = argparse.ArgumentParser(description="Fuzz the readers of machine files.")
    parser.add_argument("--count", type=int, default=20_000, help="inputs per reader")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--readers", nargs="*", choices=READERS, default=READERS)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}, {arguments.count:,} inputs per reader")
    print("reader    machines     errors  others   longest   memory")
    failed = 0
    with ProcessPoolExecutor(arguments.jobs, max_tasks_per_child=1) as pool:
        results = {
            reader: pool.submit(measured, reader, arguments.count, arguments.seed)
            for reader in arguments.readers
        }
        for reader, result in results.items():
            tally, memory = result.result()
            failed += len(tally.failures)
            print(
                f"{reader:8} {tally.outcomes['machine']:9,} {tally.outcomes['error']:10,} "
                f"{len(tally.failures):7,} {tally.longest:7.2f} s {memory:5.0f} MB",
                flush=True,
            )
            for number, (content, how) in enumerate(tally.failures[:20]):
                folder = Path("fuzz-failures")
                folder.mkdir(exist_ok=True)
                (folder / f"{reader}-{number}").write_bytes(content)
                print(f"  {folder}/{reader}-{number}: {how[:200]!r}")
    print(f"inputs that broke the law: {failed:,}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
