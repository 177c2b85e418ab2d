"""The command for all benchmarks."""

from __future__ import annotations

import bench
import measuring
import pytest


def test_every_benchmark_with_small_sizes_is_there() -> None:
    assert bench.SMALL.keys() <= bench.SCRIPTS
    assert bench.FULL.keys() <= bench.SCRIPTS
    assert sorted(bench.NAMES) == sorted(bench.SCRIPTS)


def test_ways_take_turns_and_neighbours_are_compared() -> None:
    order: list[str] = []
    clock = iter([0.0, 1.0, 1.0, 3.0, 3.0, 7.0, 7.0, 15.0, 15.0, 16.0, 16.0, 20.0])
    ways = {name: lambda name=name: order.append(name) for name in ("base", "other")}
    times = measuring.in_turn(ways, 3, clock=lambda: next(clock))
    assert order == ["base", "other"] * 3
    assert times == {"base": [1.0, 4.0, 1.0], "other": [2.0, 8.0, 4.0]}
    assert measuring.ratio(times, "other", "base") == 2.0


def test_versions_are_told_without_an_import() -> None:
    assert measuring.versions("click", "no-such-package").endswith(
        ", no-such-package not installed"
    )


def test_a_table_is_markdown() -> None:
    assert measuring.table(("way", "s"), [("a", 1)]) == ["| way | s |", "|---|---:|", "| a | 1 |"]


def test_an_unknown_benchmark_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench.py", "nope"])
    with pytest.raises(SystemExit) as end:
        bench.main()
    assert end.value.code == 2
    assert "no benchmark 'nope'; there are startup, engine," in capsys.readouterr().err
