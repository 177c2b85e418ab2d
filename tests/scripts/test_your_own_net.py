"""The page on nets of others says what its script does, and its smallest net gives its verdict."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import torch
import your_own_net
from your_own_net import LIFT, SECTIONS, source

import reberlstm as rl
from reberlstm.cli import COMMANDS, cli

PAGE = (Path(__file__).parents[2] / "docs" / "your-own-net.md").read_text("utf-8")


def block(name: str) -> list[str]:
    """What stands on the page between the comments of that name."""
    found = re.search(f"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", PAGE, flags=re.S)
    assert found is not None, name
    return found[1].split("\n")


@pytest.mark.parametrize("name", SECTIONS)
def test_the_page_has_the_code_and_the_commands_of_the_script(name: str) -> None:
    part = SECTIONS[name]
    assert block(f"{name}: training") == source(part.model, part.train)
    typed = [line for line in block(f"{name}: commands") if line.startswith("$ ")]
    assert typed == [f"$ reberlstm {command}" for command in part.commands]
    assert part.replay in block(f"{name}: replay")
    for command in part.commands:
        name_of_command, *arguments = shlex.split(command)
        assert name_of_command in COMMANDS
        parsed = cli.get_command(None, name_of_command)  # type: ignore[arg-type]
        assert parsed is not None
        parsed.make_context(name_of_command, arguments)
    options = set(re.findall(r"--[a-z][a-z-]+", re.sub(r"<!--.*?-->", "", PAGE)))
    known = {x for c in COMMANDS for p in cli.get_command(None, c).params for x in p.opts}
    assert options <= known


def test_the_machine_of_the_page_is_that_of_the_script() -> None:
    assert f"```toml\n{LIFT}```" in PAGE


def test_the_tagger_is_proved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decisions of the half-precision file are those of the module, on long words too."""
    monkeypatch.chdir(tmp_path)
    Path("lift.toml").write_text(LIFT)
    torch.set_num_threads(1)
    model = your_own_net.tagger()
    with pytest.warns(rl.FormatWarning, match="its float16 numbers are read exactly"):
        net = rl.load("tagger.pt", alphabet="UD", kind="label", labels=("0", "1", "2"))
    cert = rl.certify(net, "lift.toml")
    assert cert.holds
    rows = torch.randint(2, (20, 300), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        said = model(rows).argmax(2)
    fsm = rl.load_grammar("lift.toml")
    state, right = [fsm.start] * 20, []
    for column in rows.T.tolist():
        state = [fsm.transitions[q]["UD"[x]] for q, x in zip(state, column, strict=True)]
        right.append([int(fsm.outputs[q]) for q in state])
    assert said.T.tolist() == right
