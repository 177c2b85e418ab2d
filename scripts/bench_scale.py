"""What large machines cost: seconds, peak memory and bytes for machines of 10 to 10,000 states.

    python scripts/bench_scale.py [--largest 10000] [--write]

Random machines over 4 symbols, with most transitions. Each measurement is a process of its
own: processor seconds of the task alone, and the largest memory of the whole process. The exponent
is that of a power law fitted to the sizes from 1,000 states on; ``--write`` puts the tables into
docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from in_docs import put

import reberlstm as rl
from reberlstm.certificates import certify, check

SIZES = (10, 30, 100, 300, 1_000, 3_000, 10_000)
FITTED = 1_000
"""The exponent is fitted to the sizes from here on: those that are kept sparse, and not in vain."""

EXTRACTED = 300
"""Machines of up to so many states are extracted, from the net alone."""

AT_LEAST = 0.2
"""A task is repeated until it has taken so many seconds."""

SYMBOLS = "abcd"


def machine(states: int) -> rl.FSM:
    """A random machine of which every state can be reached, in a time proportional to its size."""
    rng = random.Random(0)
    lines: list[dict[str, str]] = [{} for _ in range(states)]
    growing = [0]  # states with a symbol to spare, on which others hang
    for state in range(1, states):
        place = rng.randrange(len(growing))
        line = lines[growing[place]]
        line[rng.choice([a for a in SYMBOLS if a not in line])] = str(state)
        if len(line) == len(SYMBOLS):
            growing[place] = growing[-1]
            growing.pop()
        growing.append(state)
    for line in lines:
        for symbol in SYMBOLS:
            if symbol not in line and rng.random() < 0.9:
                line[symbol] = str(rng.randrange(states))
    return rl.FSM(
        alphabet=tuple(SYMBOLS),
        start="0",
        accepting=frozenset(str(state) for state in range(states) if rng.random() < 0.5),
        transitions={str(state): line for state, line in enumerate(lines)},
    )


def tasks(states: int, folder: Path) -> dict[str, Callable[[], Callable[[], Any]]]:
    """For each task what prepares it, and returns what is timed."""
    path = folder / f"{states}.safetensors"

    def compiling() -> Callable[[], Any]:
        fsm = machine(states)
        rl.save(rl.compile(fsm), path)
        return lambda: rl.compile(fsm)

    def minimising() -> Callable[[], Any]:
        return machine(states).minimise

    def saving() -> Callable[[], Any]:
        net = rl.load(path)
        return lambda: rl.save(net, folder / "again.safetensors")

    def certifying() -> Callable[[], Any]:
        net = rl.load(path)

        def proved() -> None:
            proof = certify(net)
            assert proof.holds, proof
            proof.save(folder / f"{states}.json")

        return proved

    def checking() -> Callable[[], Any]:
        net, text = rl.load(path), (folder / f"{states}.json").read_text("utf-8")

        def valid() -> None:
            assert check(text, net).valid

        return valid

    def stepping() -> Callable[[], Any]:
        net = rl.load(path)
        state, symbol = net.start(), np.array([1])
        return lambda: net.step(state, symbol)

    def extracting() -> Callable[[], Any]:
        net, fsm = rl.load(path), machine(states)

        def same() -> None:
            budget: dict[str, Any] = {"max_states": 4 * states + 10, "seconds": 600.0}
            budget["max_steps"] = 3_000 * states + 10_000
            found = rl.extract(net, prove=False, oracles=("prefixes", "biased"), **budget)
            assert found.fsm.difference(fsm) is None

        return same

    extraction = {"extract": extracting} if states <= EXTRACTED else {}
    return {
        "compile": compiling,
        "save": saving,
        "load": lambda: lambda: rl.load(path),
        "certify": certifying,
        "check": checking,
        "step, one word": stepping,
        "minimise": minimising,
    } | extraction


def measure(task: str, states: int, folder: Path) -> None:
    """Print the seconds of a task and the peak memory of this process, in bytes."""
    run = tasks(states, folder)[task]()
    count, begin = 0, time.process_time()
    while time.process_time() - begin < AT_LEAST:
        run()
        count += 1
    seconds = (time.process_time() - begin) / count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps([seconds, peak]))


def exponent(sizes: list[int], values: list[float]) -> str:
    """That of the power law through the values of the large sizes."""
    large = [(math.log(n), math.log(x)) for n, x in zip(sizes, values, strict=False) if n >= FITTED]
    if len(large) < 2:
        return "–"
    x, y = np.array(large).T
    return f"{np.polyfit(x, y, 1)[0]:.2f}"


def table(name: str, sizes: list[int], rows: dict[str, list[float]], write: bool) -> None:
    """Print a table with a column for each size, or put it into the page."""
    lines = [
        f"| | {' | '.join(f'{n:,}' for n in sizes)} | exponent |",
        "|---|" + "---:|" * (len(sizes) + 1),
    ]
    for row, values in rows.items():
        shown = [f"{x:,.0f}" if x >= 100 else f"{x:.3g}" for x in values]
        shown += ["–"] * (len(sizes) - len(values))
        lines.append(f"| {row} | {' | '.join(shown)} | {exponent(sizes, values)} |")
    put(name, lines, write, page="performance.md")


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        task, states, folder = given.measure
        measure(task, int(states), Path(folder))
        return
    sizes = [n for n in SIZES if n <= given.largest]
    seconds: dict[str, list[float]] = {}
    megabytes: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for states in sizes:
            for task in tasks(states, folder):
                command = [sys.executable, __file__, "--measure", task, str(states), name]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                taken, peak = json.loads(done.stdout)
                print(f"{states:6,} {task:15} {taken:10.4g} s {peak / 1e6:8.0f} MB", flush=True)
                seconds.setdefault(f"{task}, ms", []).append(1e3 * taken)
                megabytes.setdefault(f"{task}, MB", []).append(peak / 1e6)
        bytes_of = {
            f"{what}, kB": [(folder / f"{n}.{suffix}").stat().st_size / 1e3 for n in sizes]
            for what, suffix in (("net", "safetensors"), ("certificate", "json"))
        }
    table("scale", sizes, seconds, given.write)
    table("scale-memory", sizes, megabytes | bytes_of, given.write)


if __name__ == "__main__":
    main()
