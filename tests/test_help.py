"""What `--help` prints."""

import pytest
from click.testing import CliRunner

from reberlstm.cli import COMMANDS, cli


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_keep_their_lines(command: str) -> None:
    shown = CliRunner().invoke(cli, [command, "--help"])
    assert shown.exit_code == 0
    assert "\\b" not in shown.output
    assert "\b" not in shown.output


def test_the_examples_of_trace_stand_in_lines_of_their_own() -> None:
    lines = CliRunner().invoke(cli, ["trace", "--help"]).output.splitlines()
    assert "  reberlstm trace BTSSXXTVVE" in lines
