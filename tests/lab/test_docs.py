"""docs/lab.md: the experiment of one's own works as it stands there, and the tables are complete."""

import json
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from reberlstm import figures
from reberlstm.cli import run as reberlstm
from reberlstm.lab import EXPERIMENTS, drawing, find

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "lab.md").read_text("utf-8")


SVG = "{http://www.w3.org/2000/svg}"


@contextmanager
def scripts():
    """Lets scripts be imported, as they import one another."""
    sys.path.insert(0, str(DOCS.parent / "scripts"))
    try:
        yield
    finally:
        sys.path.pop(0)


def part(name):
    return PAGE.split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]


def test_the_experiment_of_ones_own_runs_as_it_stands_there(tmp_path, capsys):
    file = tmp_path / "delay.py"
    file.write_text(part("own").removeprefix("```python\n").removesuffix("```\n"), "utf-8")
    arguments = ["lab", "run", str(file), "--set", "epochs=12", "-o", str(tmp_path / "out")]
    assert reberlstm(arguments) == 0
    assert capsys.readouterr().out.startswith("delay: Give back what was fed three steps ago\n")
    names = {path.stem for path in (tmp_path / "out").glob("*.png")}
    assert names == {"echo", "gates", "learning-curves"}
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text("utf-8"))
    assert set(metrics["measured"]) == {"two", "sixteen"}


def test_the_page_is_what_the_script_makes_of_the_records():
    with scripts():
        import run_lab

        assert run_lab.page() == PAGE


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_is_on_the_page(name):
    experiment = find(name)
    assert f"### {name}\n" in part("sections")
    record = json.loads((DOCS / "lab" / f"{name}.quick.json").read_text("utf-8"))
    assert record["settings"] == dict(experiment.presets["quick"]), "run scripts/run_lab.py again"
    with scripts():
        from run_lab import NOT_SHOWN
    for picture in experiment.pictures:
        files = list((DOCS / "pictures" / "lab").glob(f"{name}-{picture.name}.*"))
        assert len(files) == (picture.name not in NOT_SHOWN)


def test_the_table_has_at_most_forty_claims_each_with_its_figure():
    rows = part("claims").splitlines()[2:]
    assert len(rows) <= 40
    for row in rows:
        figure = re.match(r"\| \[[a-z-]+\]\((pictures/lab/[a-z-]+\.svg)\) \| ", row)
        assert (DOCS / figure[1]).exists(), row


def test_the_pictures_are_small_and_show_the_same():
    figure, (axis,) = drawing.panels()
    x = np.linspace(0, 1, 100)
    axis.plot(x, np.sin(4 * x), label="a wave")
    axis.plot(x[::11], x[::11], "o-", label="a < line")
    drawing.label(axis, "A title: 0.1234", "x", "y")
    drawing.legend(axis)
    svg = figures.to_bytes(figure, "svg").decode()
    with scripts():
        from smaller_svg import smaller

        short = smaller(svg)
    assert len(short) < 0.6 * len(svg)
    before, after = (ElementTree.fromstring(text) for text in (svg, short))
    said = [[text.text for text in tree.iter(f"{SVG}text")] for tree in (before, after)]
    assert said[0] == said[1]
    assert {"A title: 0.1234", "a < line"} < set(said[0])
    waves = [
        max(tree.iter(f"{SVG}path"), key=lambda p: len(p.get("d"))) for tree in (before, after)
    ]
    (long_x, long_y), (x, y) = (
        np.array(re.findall(r"-?[\d.]+", wave.get("d")), dtype=float).reshape(-1, 2).T
        for wave in waves
    )
    x, y = np.cumsum(x), np.cumsum(y)  # it goes from point to point
    assert len(x) < 0.7 * len(long_x)
    assert np.abs(np.interp(long_x, x, y) - long_y).max() < 0.15
    assert sum(path.stat().st_size for path in (DOCS / "pictures" / "lab").iterdir()) < 1_500_000
