"""The notebook in docs runs from top to bottom, and shows what is stored in it."""

import json
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_notebook_runs_and_its_outputs_are_up_to_date() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "run_notebook.py"))
    notebook = json.loads((ROOT / "docs" / "notebook.ipynb").read_text("utf-8"))
    before = script["essence"](notebook)
    script["execute"](notebook)
    assert script["essence"](notebook) == before
