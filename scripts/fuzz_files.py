"""Damage files of nets and records at random: every reader must give a value or one clear error.

    python scripts/fuzz_files.py --count 100000 --seed 1
    python scripts/fuzz_files.py --count 2000 npz study

Prints for each reader how many inputs were still values and how many were errors, what else came
of them (nothing should), the processor time of the slowest, and the most memory that its process
had. Inputs that broke the law are left in the folder ``fuzz-failures``. `scripts/fuzz_formats.py`
does the same for machines.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.damage import Tally, fuzz, readers


def one(name: str, count: int, seed: int) -> tuple[Tally, float]:
    """A reader's tally, and the MB of memory that this process had at most."""
    with tempfile.TemporaryDirectory() as folder:
        tally = fuzz(name, count, seed, Path(folder))
    return tally, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Fuzz, and print a table."""
    parser = argparse.ArgumentParser(description="Fuzz the readers of nets and records.")
    parser.add_argument("readers", nargs="*", help="by default all")
    parser.add_argument("--count", type=int, default=2_000, help="inputs for each reader")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(f"seed {asked.seed}, {asked.count:,} inputs for each reader")
    print("reader            values    errors  others  slowest   memory")
    broken = 0
    context = multiprocessing.get_context("spawn")  # so that memory is that of one reader
    for name in asked.readers or readers(Path()):
        with context.Pool(1) as pool:
            tally, memory = pool.apply(one, (name, asked.count, asked.seed))
        values, errors = tally.outcomes["value"], tally.outcomes["error"]
        print(
            f"{name:15} {values:8,}  {errors:8,}  {len(tally.failures):6,}  "
            f"{tally.longest:5.2f} s  {memory:4.0f} MB",
            flush=True,
        )
        broken += len(tally.failures)
        for number, (content, what) in enumerate(tally.failures[:5]):
            kept = Path("fuzz-failures") / f"{name}-{number}"
            kept.parent.mkdir(exist_ok=True)
            kept.write_bytes(content)
            print(f"    {kept}: {what[:300]}")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
