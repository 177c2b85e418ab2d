"""The file of a study: whole lines only, whatever happens."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest

import reberlstm as rl
from reberlstm.comparison.study.table import Table, summary, to_csv
from reberlstm.figures import to_bytes
from reberlstm.render.comparison import study_figure, study_lines


def test_lines_are_appended_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    with Table(path).writing() as table:
        table.append({"key": "a", "text": "zwei\nZeilen, ü"})
        assert path.read_bytes().count(b"\n") == 1, "each is there at once"
        table.append({"key": "b"})
    again = Table(path)
    assert [record["key"] for record in again.records] == ["a", "b"]
    assert "a" in again
    assert "c" not in again
    assert again.records[0]["text"] == "zwei\nZeilen, ü"


@pytest.mark.parametrize("kept", range(12))
def test_a_torn_last_line_is_cut_off(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "t.jsonl"
    whole = b'{"key": "a", "n": 1}\n'
    path.write_bytes(whole + b'{"key": "b", "n": 2}\n'[:kept])
    table = Table(path)
    assert [record["key"] for record in table.records] == ["a"]
    assert path.read_bytes().startswith(whole), "reading changes nothing"
    with table.writing():
        table.append({"key": "b"})
    assert path.read_bytes() == whole + b'{"key": "b"}\n'


def test_a_first_line_torn_apart_is_cut_off_too(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"key": "a", "n')
    with Table(path).writing() as table:
        table.append({"key": "a"})
    assert path.read_bytes() == b'{"key": "a"}\n'


@pytest.mark.parametrize("content", ["hello\n", "[1]\n", '{"a": 1}\n', '{"key": 3}\n', "hello"])
def test_other_files_are_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(content)
    with pytest.raises(rl.ReberLSTMError, match=r"t\.jsonl:1: no record of a study; give a file"):
        Table(path)
    assert path.read_text() == content


def test_only_one_study_writes(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    with (
        Table(path).writing() as table,
        pytest.raises(rl.ReberLSTMError, match="another study is writing to it"),
        Table(path).writing(),
    ):
        pass
    with Table(path).writing():
        pass
    del table


def test_what_another_study_wrote_meanwhile_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    early = Table(path)
    with Table(path).writing() as other:
        other.append({"key": "a"})
    with early.writing():
        assert "a" in early


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with (
        pytest.raises(rl.ReberLSTMError, match=r"cannot be written: No such file or directory"),
        Table(tmp_path / "none" / "t.jsonl").writing(),
    ):
        pass


def test_a_killed_writer_leaves_whole_lines(tmp_path: Path) -> None:
    """The writer dies without any clean-up, again and again."""
    path = tmp_path / "t.jsonl"
    for number in range(5):
        pid = os.fork()
        if pid == 0:
            with Table(path).writing() as table:
                table.append({"key": str(number), "filler": "x" * 10_000})
                os._exit(9)
        os.waitpid(pid, 0)
    assert [record["key"] for record in Table(path).records] == list("01234")


# What is made of the records


def record(seed: int, cell: str, first: int | None, **changes: object) -> dict[str, object]:
    loop = {"first": first, "rounds": 100, "proved": first is None, "repeats": False}
    status = "proved" if first is None else "refuted"
    rows = {
        "accuracy": {"text": "", "value": {"share": 1.0 if seed else 0.9}, "status": "measured"},
        "certificate": {"text": "", "value": {}, "status": status},
        "wrong prefix": {"text": "", "value": {"word": None}, "status": status},
        "loop S": {"text": "", "value": loop, "status": status},
    }
    fields = {"grammar": "g", "task": "next", "cell": cell, "hidden": 4, "from": "random"}
    return {
        "key": f"{cell}{seed}",
        "name": f"{cell}{seed}",
        "seed": seed,
        "noise": 0.0,
        "success": seed != 1,
        "words": 100 * (seed + 1),
        "rows": rows,
        **fields,
        **changes,
    }


RECORDS = [
    record(0, "lstm", 7),
    record(1, "lstm", None),
    record(2, "lstm", 3),
    record(0, "gru", None),
    {"error": "no"} | {k: v for k, v in record(1, "gru", None).items() if k != "rows"},
]


def test_summary_counts_by_setting() -> None:
    lstm, gru = summary(RECORDS)
    assert (lstm.title, gru.title) == ("g, lstm 4", "g, gru 4")
    assert (lstm.nets, lstm.success, lstm.right, lstm.proved, lstm.refuted) == (3, 2, 2, 1, 2)
    assert lstm.words == 200
    assert lstm.loops["S"].first == (3, 7)
    assert lstm.loops["S"].rounds == 100
    assert (gru.nets, gru.failed, gru.success) == (2, 1, 1)
    lines = list(study_lines(RECORDS))
    assert lines[1].split() == ["g,", "lstm", "4", "3", "2", "2", "1", "2", "200"]
    assert "g, lstm 4: rounds of S: 1 of 3 proved for ever, 2 wrong, first after 3 rounds" in lines


def test_csv_has_a_column_for_every_figure() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(RECORDS))))
    assert [row["seed"] for row in rows] == ["0", "1", "2", "0", "1"]
    assert rows[0]["loop S.first"] == "7"
    assert rows[1]["loop S.first"] == ""
    assert rows[2]["certificate.status"] == "refuted"
    assert rows[4]["error"] == "no"


def test_the_picture_names_every_setting() -> None:
    pytest.importorskip("matplotlib")
    drawing = to_bytes(study_figure(RECORDS), "svg").decode()
    for text in ("g, lstm 4 (3)", "g, gru 4 (2)", "share of nets", "rounds"):
        assert text in drawing
    with pytest.raises(rl.ReberLSTMError, match="nothing to draw"):
        study_figure([])
    many = [record(0, f"c{n}", None) for n in range(30)]
    with pytest.raises(rl.ReberLSTMError, match="30 settings are too many for one picture"):
        study_figure(many)


def test_records_are_json(tmp_path: Path) -> None:
    with Table(tmp_path / "t.jsonl").writing() as table:
        for one in RECORDS:
            table.append(one)
    lines = (tmp_path / "t.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == RECORDS
