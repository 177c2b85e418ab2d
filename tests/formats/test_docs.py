"""The examples of docs/formats.md say what is printed."""

from __future__ import annotations

import doctest
import io
import re
import shlex
import sys
import warnings
from pathlib import Path

import pytest

from reberlstm.cli import run

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"


def test_examples_in_python() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = doctest.testfile(
            str(PAGE),
            module_relative=False,
            optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
        )
    assert result.attempted > 20
    assert result.failed == 0


def test_examples_in_the_shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = re.findall(
        r"    \$ printf '(.*)' \| reberlstm (.*)\n((?:    .*\n)+)", PAGE.read_text("utf-8")
    )
    assert found
    for text, command, output in found:
        content = text.encode().decode("unicode_escape").encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        run(shlex.split(command))
        expected = [line.removeprefix("    ") for line in output.splitlines()]
        assert capsys.readouterr().out.splitlines() == expected
