"""Messages that name an extra: the extra exists, and the command they give can be typed as it is."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import reberlstm as rl
from reberlstm.errors import MissingExtraError
from reberlstm.extras import require

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def asked_for() -> Iterator[tuple[str, str]]:
    """File and ``extra=`` of every call of ``require`` in the package."""
    for path in sorted(Path(rl.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "require":
                (extra,) = (keyword.value for keyword in node.keywords if keyword.arg == "extra")
                yield path.name, ast.literal_eval(extra)


def test_a_message_installs_an_extra_that_exists() -> None:
    extras = {extra for _, extra in asked_for()}
    assert len(extras) > 5
    for extra in sorted(extras):
        assert set(extra.split(",")) <= set(EXTRAS), extra
        with pytest.raises(MissingExtraError) as caught:
            require("not_installed", extra=extra, purpose="this")
        said, command = str(caught.value).split(" run: ")
        assert said == (
            "this needs not_installed, which is not installed; in your clone of reberlstm,"
        )
        assert shlex.split(command) == ["python", "-m", "pip", "install", "-e", f".[{extra}]"]
        assert f'".[{extra}]"' in command, "brackets are quoted: zsh would take them for a pattern"


def test_pages_install_extras_that_exist_from_a_clone() -> None:
    """This package is on no index, so ``pip install reberlstm[...]`` would find nothing."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "docs" / "notebook.ipynb"]
    for page in pages:
        text = page.read_text("utf-8")
        assert "install reberlstm" not in text, page
        assert 'install "reberlstm' not in text, page
        for extras in re.findall(r'install -e \\?"\.\[([^\]]*)\]', text):
            assert set(extras.split(",")) <= set(EXTRAS), page
