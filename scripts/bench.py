"""All benchmarks, one after the other, with sizes for a few minutes; or some of them.

    python scripts/bench.py [NAME...] [--full]

A NAME is that of a script ``bench_NAME.py``. Each prints its own tables: those of speed run the
ways that they compare in turn and show ratios, to torch and onnxruntime (engine), to AALpy
(extraction, extraction_speed), to automata-lib and ``re`` (check), to importing numpy (startup).
With ``--full`` they run with their own sizes, which takes hours, and those are run, too, that have
no others. The exit status is 1 where one of them failed, or a limit was not kept.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import versions

HERE = Path(__file__).parent
FOLDER = "FOLDER"
"""Stands for a temporary folder."""

SMALL: dict[str, tuple[str, ...]] = {
    "startup": ("--runs", "7"),
    "engine": ("--runs", "3"),
    "check": ("--symbols", "300000"),
    "formats": ("--states", "2000"),
    "extraction_speed": ("--steps", "50000", "--runs", "3"),
    "extraction": ("--only", "reber, compiled, legal", "--seconds", "3", "--steps", "100000"),
    "certificates": ("grammars",),
    "stack": ("--first", "1"),
    "wired": (),
    "weights": ("--states", "1", "--seconds", "1"),
    "constructions": ("--most", "30"),
    "fsm_training": ("--grammar", "tomita-1", "--seeds", "1", "--steps", "300"),
    "explorer": ("--cells", "20", "--symbols", "50"),
}
"""The arguments of each script where a few minutes have to do; those of speed come first."""

FULL: dict[str, tuple[str, ...]] = {"unseen": ("--folder", FOLDER)}
"""Those arguments that a script does not run without."""

SCRIPTS = {path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py")}
NAMES = [*SMALL, *sorted(SCRIPTS - SMALL.keys())]

PEERS = ("numpy", "torch", "onnxruntime", "aalpy", "automata-lib", "scipy", "click")


def run(name: str, arguments: tuple[str, ...]) -> bool:
    """Run one script in a process of one thread, with bytecode kept; whether it ended well."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        given = [folder if argument == FOLDER else argument for argument in arguments]
        print(f"\n## bench_{name}.py {' '.join(arguments)}\n", flush=True)
        began = time.perf_counter()
        command = [sys.executable, str(HERE / f"bench_{name}.py"), *given]
        status = subprocess.run(command, env=environment).returncode
    print(f"\n({time.perf_counter() - began:.0f} s, exit status {status})", flush=True)
    return status == 0


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--full", action="store_true", help="with the sizes of the documentation")
    asked = parser.parse_args()
    for name in asked.names:
        if name not in NAMES:
            parser.error(f"no benchmark {name!r}; there are {', '.join(NAMES)}")
    print(f"Python {sys.version.split()[0]}, {versions(*PEERS)}")
    chosen = FULL if asked.full else FULL | SMALL
    names = asked.names or (NAMES if asked.full else list(SMALL))
    failed = [name for name in names if not run(name, chosen.get(name, ()))]
    if failed:
        print(f"\nfailed, or over a limit: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
