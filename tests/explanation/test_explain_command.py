"""``reberlstm explain``, and the page that a script writes."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

import reberlstm as rl
from reberlstm.cli import run
from tests.explanation.test_explanation import trained_like

ROOT = Path(__file__).parents[2]


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command prints; it must succeed."""
    status = run(["explain", *arguments])
    captured = capsys.readouterr()
    assert (status, captured.err) == (0, "")
    return captured.out


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "reber")
    assert text.startswith(
        "compiled net (legal: logit > 0; accept: logit > 0), grammar reber: 8 cells\n- Gain K = 20, "
    )
    assert (
        "node 1: active after T from node 0 or S from node 1 (a loop)\n"
        "  forget gate (eraser)  erases at every step: eraser[1] = 0, bias −½\n"
        "  candidate (writer)    rings on T and S\n"
        "                        writer[1] = symbol in {T, S}\n"
        "                          +½  +20  T, S  rings the bell\n"
        "  input gate (filter)   lets T in only from nodes 0 and 1, S only from node 1\n"
        "                        filter[1] = node == 1 or (node == 0 and symbol != S)\n"
        "                          −½  −20     always  shut at rest; over ½ opens it\n"
        "                          −1  −40     S       keeps out S from node 0\n"
        "                          +1  +52.52  cell 0  lets in T from node 0\n"
        "                          +2  +105    cell 1  lets in T and S from node 1\n"
        "  output gate           holds back T at node 1\n"
    ) in text
    assert "legal head (reader): which symbols may come next" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_published_net_with_its_leak(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "reber", "--net", "published", "--cells", "3")
    assert text.startswith("rings: the candidate is not 0, so there is something to write.\n")
    assert "\nnode 3: gains 0.99 on S and 0.5 on V, but not from node 1; is erased on P\n" in text
    assert "! leaks in a loop of S at node 1" in text
    assert "node 4" not in text


def test_some_cells_come_with_their_legend_and_all_numbers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = said(capsys, "embedded-reber", "--net", "compiled:latch", "--cells", "latch")
    assert "- T.0: T.0|P.0, started and latch active.\n" in text
    assert "- dead/2: started and latch, after a violation.\n" in text
    assert "  +1  +52.52  cells frame," in text
    assert "+…" not in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("columns", ["60", "70", "80"])
def test_narrow_terminals_wrap_and_lose_no_word(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = said(capsys, "reber", "--cells", "1,5")
    monkeypatch.setenv("COLUMNS", columns)
    narrow = said(capsys, "reber", "--cells", "1,5")
    assert max(map(len, narrow.splitlines())) <= int(columns)
    assert sorted(narrow.split()) == sorted(wide.split())


def test_weights_are_left_out_of_large_nets(capsys: pytest.CaptureFixture[str]) -> None:
    short = said(capsys, "reber", "--no-weights")
    assert "rings the bell" not in short
    assert short.endswith("--weights prints all, --cells NAME those of one cell.\n")


def test_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "dyck-2-3", "--format", "markdown", "--cell", "(")
    assert text.startswith("## Node '('\n\nActive after '(' from the start or node empty, ")
    assert "| candidate (writer) | rings on every symbol but '\\['" in text
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.replace("\\|", "").count("|") in (4, 6)


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    content = json.loads(said(capsys, "parity", "--json"))
    assert content == rl.explain(rl.compile(rl.load_grammar("parity"))).to_dict()
    content = json.loads(said(capsys, "reber", "--json", "--cells", "1,0"))
    assert content == json.loads(said(capsys, "reber", "--json", "--cell", "1", "--cell", "0"))
    assert [cell["name"] for cell in content["cells"]] == ["1", "0"]


@pytest.mark.parametrize("suffix", [".md", ".txt", ".json"])
def test_files_by_suffix(suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"explained{suffix}"
    assert said(capsys, "parity", "-o", str(path)) == f"{path}: 1 cell explained\n"
    text = path.read_text("utf-8")
    assert "\x1b" not in text
    title = "ompiled net (legal: logit > 0; accept: logit > 0), grammar parity: 1 cell\n"
    markdown = title.replace(">", r"\>")
    starts = {".md": f"# C{markdown}", ".txt": f"c{title}"}
    assert text.startswith(starts.get(suffix, '{"net": "compiled"'))


def test_a_trained_file_gets_numbers(
    tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "trained.safetensors"
    rl.save(trained_like(seed, None), path)
    text = said(capsys, "reber", "--net", str(path))
    assert "a numeric summary and no explanation of its mechanism" in " ".join(text.split())
    assert "c4, cell c4" not in text
    assert "cell c4: no known meaning" in text
    assert said(capsys, "reber", "--net", str(path), "--format", "markdown").startswith(
        "# Trained net"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reber", "--cell", "7"], "error: no cell '7' in the net; its cells are 0, 1, 5, 2, 4, 3, end, started"),
        (["parity", "--net", "published"], "error: the alphabet of parity is 0 1, but that of net 'published' is B T S X P V E; give the grammar that it is for"),
        (["reber", "-o", "explained.pdf"], "error: explained.pdf: explain writes .md, .txt, .json files; use such a suffix"),
        (["rebre"], "error: unknown grammar 'rebre'; did you mean 'reber'?"),
    ],
)  # fmt: skip
def test_errors(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(message)
    assert captured.err.count("\n") == 1


def test_the_page_of_reber_is_up_to_date() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "explain_reber.py"))
    page = (ROOT / "docs" / "explained-reber.md").read_text("utf-8")
    assert page == script["page"](), "run scripts/explain_reber.py"
