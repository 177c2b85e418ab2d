"""The zoo as files: made by a seed, byte for byte, and read back."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields, replace
from pathlib import Path

import pytest

from reberlstm.certificates import check_files
from reberlstm.errors import FormatError, ZooError
from reberlstm.zoo import (
    Entry,
    NotBuiltError,
    Plan,
    build,
    check_map,
    load_entry,
    load_zoo,
    make,
    plans,
    read_index,
)
from tests.zoo.conftest import COUNT


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_plans_are_enough_and_all_different() -> None:
    every = plans()
    assert len(every) >= 200
    assert len({plan.name for plan in every}) == len(every)
    assert all(name.isascii() and " " not in name for name in (plan.name for plan in every))
    # The first eight have every kind of cell, and each dial that any plan turns.
    first = plans(8)
    for dial in fields(Plan):
        usual = {getattr(plan, dial.name) for plan in every}
        seen = {getattr(plan, dial.name) for plan in first}
        if dial.name in ("cell", "wiring", "gain"):
            assert seen == usual, dial.name
        else:
            assert len(seen) > 1 or len(usual) == 1, dial.name
    with pytest.raises(ZooError, match="0 entries; a zoo has from 1 to"):
        plans(0)


def test_the_same_seed_makes_the_same_files(folder: Path, tmp_path: Path) -> None:
    made = []
    make(tmp_path, seed=0, count=2, report=lambda number, name: made.append(name))
    assert made == [line["name"] for line in read_index(folder)[1][:2]]
    here, there = files(tmp_path), files(folder)
    assert {name: there[name] for name in here if name != "index.json"} == {
        name: content for name, content in here.items() if name != "index.json"
    }
    # Entries that are there are not made again, and a zoo has one seed.
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/*")}
    make(tmp_path, seed=0, count=3)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())
    with pytest.raises(FormatError, match="a zoo of seed 0; take that, or another folder"):
        make(tmp_path, seed=8, count=2)


def test_entries_are_proved_and_tell_nothing(folder: Path, zoo: list[Entry]) -> None:
    assert len(zoo) == COUNT
    for entry in zoo:
        own = folder / entry.name
        verdict = check_files(
            (own / "certificate.json").read_bytes(), own / "net.safetensors", own / "machine.toml"
        )
        assert verdict.valid is True
        assert entry.certificate.holds
        assert entry.net.grammar is None
        assert entry.net.gain is None
        assert entry.net.cells == tuple(f"c{k + 1}" for k in range(entry.net.size))


@pytest.mark.slow
def test_a_net_that_was_trained_has_a_map_that_was_measured() -> None:
    entry = build(Plan(machine="mod-3", cell="rnn", wiring="tuned", noise=0.1, gain=6.0), seed=0)
    assert entry.net.observed == ("accept",)
    assert entry.certificate.scope == "all"
    assert {one.right for one in check_map(entry.net, entry.machine, entry.map, seed=9)} == {1.0}


def test_a_plan_that_fails_is_no_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(machine="parity", cell="rnn", noise=9.0)
    with pytest.raises(NotBuiltError, match="rnn-parity-noise-9: is not proved; choose another"):
        build(plan, 0)
    monkeypatch.setattr("reberlstm.zoo.plans", lambda count: [plan, replace(plan, noise=0.0)])
    assert [line["name"] for line in make(tmp_path)] == ["rnn-parity-plain"]


def test_damaged_folders_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="`reberlstm zoo make` writes it"):
        load_zoo(tmp_path)
    name = read_index(folder)[1][0]["name"]
    own = tmp_path / name
    shutil.copytree(folder / name, own)
    (tmp_path / "index.json").write_text('{"seed": 0, "entries": [{"name": "../x"}]}')
    with pytest.raises(FormatError, match="has no 'dials'"):
        read_index(tmp_path)
    line = json.dumps(read_index(folder)[1][0] | {"name": "../x"})
    (tmp_path / "index.json").write_text(f'{{"seed": 0, "entries": [{line}]}}')
    with pytest.raises(FormatError, match=r"'\.\./x' is no name of an entry"):
        read_index(tmp_path)
    document = json.loads((own / "map.json").read_text("utf-8"))
    document["variables"][0]["direction"] = [[1.0]]
    (own / "map.json").write_text(json.dumps(document))
    with pytest.raises(FormatError, match=r"map.json: the direction of .* is \(1, 1\), not \("):
        load_entry(own)
