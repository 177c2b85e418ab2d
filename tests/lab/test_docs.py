"""docs/lab.md: the experiment of one's own works as it stands there, and the tables are complete."""

import json
import sys
from pathlib import Path

import pytest

from reberlstm.cli import run as reberlstm
from reberlstm.lab import EXPERIMENTS, find

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "lab.md").read_text("utf-8")


def part(name):
    return PAGE.split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]


def test_the_experiment_of_ones_own_runs_as_it_stands_there(tmp_path, capsys):
    file = tmp_path / "delay.py"
    file.write_text(part("own").removeprefix("```python\n").removesuffix("```\n"), "utf-8")
    arguments = ["lab", "run", str(file), "--set", "epochs=12", "-o", str(tmp_path / "out")]
    assert reberlstm(arguments) == 0
    assert capsys.readouterr().out.startswith("delay: Give back what was heard three steps ago\n")
    names = {path.stem for path in (tmp_path / "out").glob("*.svg")}
    assert names == {"echo", "inside", "learning-curves"}
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text("utf-8"))
    assert set(metrics["measured"]["error"]) == {"LSTM 2", "LSTM 16"}


def test_the_page_is_what_the_script_makes_of_the_records():
    sys.path.insert(0, str(DOCS.parent / "scripts"))
    try:
        import run_lab
    finally:
        sys.path.pop(0)
    assert run_lab.page() == PAGE


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_is_on_the_page(name):
    experiment = find(name)
    assert f"### {name}\n" in part("sections")
    record = json.loads((DOCS / "lab" / f"{name}.quick.0.json").read_text("utf-8"))
    assert record["settings"] == dict(experiment.presets["quick"]), "run scripts/run_lab.py again"
    assert [c["claim"] for c in record["claims"]] == [c.source for c in experiment.claims]
    rows = [row for row in part("claims").splitlines() if row.startswith(f"| [{name}]")]
    assert len([row for row in rows if "| quick |" in row]) == len(experiment.claims)
    for picture in experiment.pictures:
        assert (DOCS / "pictures" / "lab" / f"{name}-{picture.name}.svg").exists()
