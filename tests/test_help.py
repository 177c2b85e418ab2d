"""What `--help` prints, and that commands and options shown in the pages exist."""

import re
from pathlib import Path

import click
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


ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]


def options_of(command: click.Command) -> set[str]:
    """All names of a command's options, and of its subcommands' options."""
    context = click.Context(command)
    found = {name for parameter in command.get_params(context) for name in parameter.opts}
    found |= {name for parameter in command.params for name in parameter.secondary_opts}
    if isinstance(command, click.Group):
        parts = (command.get_command(context, name) for name in command.list_commands(context))
        found |= {name for part in parts if part is not None for name in options_of(part)}
    return found


def shown_in(text: str) -> list[tuple[str, list[str]]]:
    """The commands of a page's code, and the long options that each is given."""
    code = re.findall(r"`[^`\n]+`|^(?:    |\$ ).*$", text, re.M)
    calls = [
        call
        for line in code
        for call in re.findall(r"(?<!import )(?<!from )\breberlstm ([a-z]+)\b([^`|;]*)", line)
    ]
    return [(name, re.findall(r"(?<!\S)(--[a-z][a-z-]*)", rest)) for name, rest in calls]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_of_the_pages_exist(page: Path) -> None:
    context = click.Context(cli)
    for name, options in shown_in(page.read_text("utf-8")):
        command = cli.get_command(context, name)
        assert command is not None, f"{page.name}: reberlstm {name}"
        unknown = set(options) - options_of(command)
        assert not unknown, f"{page.name}: reberlstm {name} {' '.join(unknown)}"
