"""The options that tell how a net is read: the same for every command, and messages that name them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.cli.options import in_options

COMMANDS = {
    "trace": ["trace", "abc", "--grammar", "regex:(abc)*", "--net"],
    "check": ["check", "words.txt", "--grammar", "regex:(abc)*", "--net"],
    "certify": ["certify", "regex:(abc)*", "--seconds", "5", "--net"],
    "explain": ["explain", "regex:(abc)*", "--net"],
    "explore": ["explore", "regex:(abc)*", "-o", "page.html", "--net"],
    "export": ["export", "regex:(abc)*", "-o", "out.safetensors", "--net"],
    "compare": ["compare", "regex:(abc)*", "--no-proofs", "--row", "accuracy"],
    "extract": ["extract", "--reference", "regex:(abc)*", "--seconds", "5"],
}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("words.txt").write_text("abc\nabcab\n")


def follows_abc(shift: float = 0.0) -> nn.Module:
    """A net of (abc)* that was trained to predict the next symbol."""
    net = nn.Module()
    net.lstm = nn.LSTM(3, 3)
    net.fc = nn.Linear(3, 3)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        net.lstm.weight_ih_l0[6:9] = 18 * torch.eye(3) - 9
        net.lstm.bias_ih_l0[:] = torch.tensor([9.0] * 3 + [-9.0] * 3 + [0.0] * 3 + [9.0] * 3)
        net.fc.weight[:] = 9 * torch.tensor([[-1.0, -1, 1], [1, -1, -1], [-1, 1, -1]])
        net.fc.bias -= shift
    return net


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_the_options_and_refuses_the_same(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What stands between two linear layers has to be said, whoever asks."""
    net = follows_abc()
    net.hidden = nn.Linear(3, 3)
    torch.save(net.state_dict(), "net.pt")
    assert run([*COMMANDS[command], "net.pt"]) == 2
    message = (
        "error: net.pt: 'hidden.weight' (3, 3) may read h, or the 3 numbers that 'fc.weight' "
        "(3, 3) gives; say what stands between them with --head-activation relu or tanh, or "
        "give the module itself in Python\n"
    )
    assert capsys.readouterr().err == message
    assert run([*COMMANDS[command], "net.pt", "--head", "fc"]) == 2
    assert capsys.readouterr().err == message
    told = ["--head", "fc,hidden", "--head-activation", "tanh", "--readout", "softmax>0.3"]
    assert run([*COMMANDS[command], "net.pt", *told]) in (0, 1)


def test_one_default_whatever_is_added_to_all_logits(capsys: pytest.CaptureFixture[str]) -> None:
    for name, shift in (("net.pt", 0.0), ("same.pt", 40.0)):
        torch.save(follows_abc(shift).state_dict(), name)
    said = []
    for name in ("net.pt", "same.pt"):
        run(["trace", "abc", "--grammar", "regex:(abc)*", "--net", name, "--json"])
        trace = json.loads(capsys.readouterr().out)
        assert trace["readout"] == "legal: softmax > 0.1"
        run(["extract", name, "--reference", "regex:(abc)*", "--within", "--seconds", "5"])
        assert "legal: softmax > 0.1" in capsys.readouterr().out
        said.append([step["legal"] for step in trace["steps"]])
    assert said[0] == said[1] == [["b"], ["c"], ["a"]]
    run(["trace", "abc", "--grammar", "regex:(abc)*", "--net", "same.pt", "--json",
         "--readout", "logit>0"])  # fmt: skip
    assert [step["legal"] for step in json.loads(capsys.readouterr().out)["steps"]] == [[], [], []]


def test_symbols_around_every_word_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    parts = {"embed": nn.Embedding(6, 4), "rnn": nn.GRU(4, 5), "out": nn.Linear(5, 1)}
    torch.save(nn.ModuleDict(parts).state_dict(), "net.pt")
    told = ["--alphabet", "<s> 0 1 </s> x", "--padding", "2", "--prefix", "<s>"]
    told += ["--suffix", "</s> x", "--kind", "accept"]
    assert run(["trace", "0110", "--grammar", "parity", "--net", "net.pt", *told, "--json"]) == 0
    trace = json.loads(capsys.readouterr().out)
    net = rl.load(
        "net.pt",
        alphabet=["<s>", "0", "1", "</s>", "x"],
        padding=2,
        prefix=["<s>"],
        suffix=["</s>", "x"],
    )
    assert trace["alphabet"] == ["0", "1"] == list(net.alphabet)
    assert trace["accepted"] == bool(net.observe(rl.run(net, ["0110"]).states).accept[0])


def test_thresholds_of_version_0_1_are_probabilities(capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(follows_abc().state_dict(), "net.pt")
    for told, rule in (
        (["--threshold", "0.3"], "softmax > 0.3"),
        (["--threshold", "0.75", "--activation", "sigmoid"], "logit > 1.09861"),
        (["--activation", "sigmoid"], "logit > 0"),
    ):
        assert run(["extract", "net.pt", "--alphabet", "abc", "--max-states", "5", *told]) in (0, 1)
        assert f"legal: {rule}\n" in capsys.readouterr().out
    assert run(["extract", "net.pt", "--alphabet", "abc", "--threshold", "1.5"]) == 2
    assert "threshold 1.5 is no probability" in capsys.readouterr().err


def test_a_net_that_says_all_about_itself_wants_no_description(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["extract", "reber-4", "--layer", "lstm"]) == 2
    assert "--layer NAME is for nets of others" in capsys.readouterr().err
    assert run(["trace", "BTXSE", "--net", "reber-4", "--kind", "accept"]) == 2
    assert "no 'accept' head; it has legal" in capsys.readouterr().err
    assert run(["trace", "BTXSE", "--readout", "logit>0.2", "--kind", "legal"]) == 0
    assert run(["trace", "BTXSE", "--readout", "argmax"]) == 2
    assert "a 'legal' head cannot be read by 'argmax'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("choose one with layer=...", "choose one with --layer NAME"),
        ("say head_activation='relu' or 'tanh'", "say --head-activation relu or tanh"),
        ("as in head='a,b'", "as in --head a,b"),
        ("give readout='logit>0'", "give --readout 'logit>0'"),
        ("padding=ROW, or kind='accept'", "--padding ROW, or --kind accept"),
        ("subhead=3 and x.head=... stay", "subhead=3 and x.head=... stay"),
    ],
)
def test_messages_name_options_on_the_command_line(message: str, expected: str) -> None:
    assert in_options(message) == expected


def test_an_output_is_probed_before_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    Path("folder.svg").mkdir()
    for command in (
        ["certify", "reber", "-o", "none/c.json"],
        ["explore", "reber", "-o", "none/p.html"],
    ):
        assert run(command) == 2
        found = capsys.readouterr()
        assert found.err.endswith("cannot be written: No such file or directory\n")
        assert not found.out
    assert run(["diagram", "reber", "-o", "folder.svg"]) == 2
    assert "folder.svg: cannot be written: Is a directory" in capsys.readouterr().err
    assert sorted(path.name for path in Path().iterdir()) == ["folder.svg", "words.txt"]
