"""How benchmarks measure: ways in turn, so that what else a computer does falls on all alike."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Any

Times = Mapping[str, Sequence[float]]
"""Seconds of every run of each way, in the order of the runs."""


def in_turn(
    ways: Mapping[str, Callable[[], Any]],
    runs: int,
    clock: Callable[[], float] = time.process_time,
) -> Times:
    """Run all ways in turn, so many times; by default processor time is counted."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            began = clock()
            way()
            times[name].append(clock() - began)
    return times


def ratio(times: Times, way: str, base: str) -> float:
    """How many times as long a way takes: the median of the ratios of neighbouring runs."""
    return median(own / other for own, other in zip(times[way], times[base], strict=True))


def process(command: Sequence[str]) -> Callable[[], Any]:
    """A way that runs a program; it has run once before, which fills the caches of files."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(command, **quiet)  # type: ignore[call-overload]
    return lambda: subprocess.run(command, **quiet)  # type: ignore[call-overload]


def versions(*packages: str) -> str:
    """``numpy 2.4.6, torch 2.13.0``; nothing is imported for that."""

    def of(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "not installed"

    return ", ".join(f"{package} {of(package)}" for package in packages)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """The lines of a table in Markdown; the first column is text, the others are numbers."""
    lines = [f"| {' | '.join(headings)} |", "|---" + "|---:" * (len(headings) - 1) + "|"]
    return lines + [f"| {' | '.join(map(str, row))} |" for row in rows]
