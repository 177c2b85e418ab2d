"""Whole-process time of ``reberlstm trace BTSSXXTVVE``, against importing numpy and click.

The two commands are run in turn, so that whatever else the machine does falls on both. Printed are
the medians and the median of the ratios of neighbouring runs; exit status 1 where that is over the
limit::

    python scripts/bench_startup.py --runs 40
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

LIMIT = 2.0
STRING = "BTSSXXTVVE"
BASELINE = [sys.executable, "-c", "import numpy, click"]


def program() -> list[str]:
    """The installed program, or the package itself where it is not installed."""
    installed = Path(sys.executable).with_name("reberlstm")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "reberlstm"]


def seconds(command: list[str]) -> float:
    """The wall-clock time of one run."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> int:
    """Measure and print; the exit status says whether the limit is kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=40, help="runs of each command (default: 40)")
    runs = parser.parse_args().runs
    ours = [*program(), "trace", STRING]
    for command in (BASELINE, ours):
        seconds(command)  # fills the caches of files and bytecode
    times = [(seconds(BASELINE), seconds(ours)) for _ in range(runs)]
    baseline, traced = (1000 * median(column) for column in zip(*times, strict=True))
    ratio = median(own / base for base, own in times)
    print(f"python -c 'import numpy, click'  {baseline:6.0f} ms")
    print(f"reberlstm trace {STRING}       {traced:6.0f} ms")
    print(f"median ratio of {runs} pairs        {ratio:6.2f}   (limit {LIMIT})")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
