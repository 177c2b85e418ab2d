"""How long short command lines take, from start to end, against importing numpy and click.

    python scripts/bench_startup.py [--runs 20] [--write]

Each takes turns with the imports. Counted is time by the clock; a ratio is the median of those of
neighbouring runs.
The exit status is 1 where the first command line takes more than `LIMIT` times as long as
``import numpy, click``; ``--write`` puts the table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from statistics import median

from in_docs import put
from measuring import in_turn, process, ratio, table, versions

LIMIT = 0.8
IMPORTS = ("numpy, click", "numpy", "click")
COMMANDS = (
    "trace BTSSXXTVVE",
    "trace BTSSSSSSXXV --net published",
    "trace 0110 --grammar parity",
    "trace BTSSXXTVVE --json",
    "trace BTQ",
    "trace --help",
    "--help",
    "--version",
    "certify reber",
)


def program() -> list[str]:
    """The installed program, or the package itself where it is not installed."""
    installed = Path(sys.executable).with_name("reberlstm")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "reberlstm"]


def main() -> int:
    """Measure and print; the exit status says whether the limit is kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=20, help="pairs of runs (default: 20)")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    arguments = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling anew is not what is asked
    base = f"import {IMPORTS[0]}"
    ways = {f"import {names}": [sys.executable, "-c", f"import {names}"] for names in IMPORTS}
    ways |= {f"reberlstm {line}": [*program(), *line.split()] for line in COMMANDS}
    processes = {name: process(command) for name, command in ways.items()}
    rows, ratios = [], {}
    for name, run in processes.items():
        pair = {base: processes[base], name: run}
        times = in_turn(pair, arguments.runs, clock=time.perf_counter)
        ratios[name] = ratio(times, name, base)
        rows.append((f"`{name}`", f"{1000 * median(times[name]):.0f}", f"{ratios[name]:.2f}"))
    print(f"Python {sys.version.split()[0]}, {versions('numpy', 'click')}")
    put(
        "startup",
        table(("command", "ms", f"× `{base}`"), rows),
        arguments.write,
        page="performance.md",
    )
    return int(ratios[f"reberlstm {COMMANDS[0]}"] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
