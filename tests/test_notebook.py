"""The notebook in docs runs from top to bottom, and shows what is stored in it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_notebook_runs_and_its_outputs_are_up_to_date() -> None:
    script = [sys.executable, str(ROOT / "scripts" / "run_notebook.py")]
    done = subprocess.run(
        [*script, str(ROOT / "docs" / "notebook.ipynb"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
