"""The command: what it prints and writes, and its exit status."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from reberlstm.cli import run
from tests.conformance.runtimes import plain

MINE = """
from tests.conformance.runtimes import plain
def right(kind, weights, x, initial=None, lengths=None):
    return plain(kind, weights, x, initial, lengths)
def wrong(kind, weights, x):
    return plain(kind, weights, x, no_bias=["bias_hh"])
def broken(kind, weights, x):
    raise RuntimeError("no\\nsuch thing")
def sideways(kind, weights, x):
    return plain(kind, weights, x).transpose(1, 0, 2)
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    (tmp_path / "bad.py").write_text("x = 1\nraise ValueError('so')")
    return path


def ask(*arguments):
    return run(["conformance", *map(str, arguments), "--kinds", "rnn", "--steps", "60"])


def test_a_runtime_that_is_right(mine, capsys):
    assert ask("--module", f"{mine}:right") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "mine.py:right, float32: 12 of 12 checks right"
    assert all(len(line) <= 100 for line in lines)


def test_a_fault_is_told_and_written(mine, tmp_path, capsys):
    files = [tmp_path / name for name in ("r.json", "r.xml", "r.svg")]
    outs = [part for file in files for part in ("-o", file)]
    assert ask("--module", f"{mine}:wrong", *outs) == 1
    out = capsys.readouterr().out
    assert "rnn, bias-dropped: bias_hh is left out" in out
    assert "certain: the outputs of all 8 short checks equal those of a reference with" in out
    assert "not run, rnn: initial, initial-layers (it takes no initial)" in out
    report = json.loads(files[0].read_text())
    assert (report["holds"], report["findings"][0]["fault"]) == (False, "bias-dropped")
    assert report["checks"][0]["place"]["step"] == 1
    root = ElementTree.fromstring(files[1].read_bytes())
    (suite,) = root
    assert dict(suite.items()) == {
        "name": "rnn", "tests": "12", "failures": "8", "errors": "0", "skipped": "3"
    }  # fmt: skip
    assert "bias_hh is left out" in suite[0][0].get("message")
    svg = ElementTree.fromstring(files[2].read_bytes())
    assert svg[-1][-1].text == "1 of 9 right"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "say one runtime"),
        (("torch", "--module", "x.py:f"), "say one runtime"),
        (("nope",), "no runtime 'nope'; there are torch, onnxruntime, keras"),
        (("torch", "folder"), "only write and score take a folder"),
        (("write",), "write: say the folder"),
        (("--module", "nowhere.py:f"), "nowhere.py: no such file"),
        (("--module", "nowhere.py"), "say file.py:function"),
        (("--module", "{mine}:nothing"), "it has no function nothing"),
        (("--module", "{tmp}/bad.py:f"), "bad.py, line 2: ValueError: so"),
        (("--module", "{mine}:broken"), r"runs nothing of the suite: RuntimeError: no\nsuch thing"),
        (("--onnx", "{tmp}"), "there is no .onnx file"),
        (("torch", "--time-first"), "--time-first is for --onnx"),
        (("torch", "-o", "report.txt"), "a report is written as one of .json .xml .svg"),
        (("torch", "-o", "no/such/folder/r.json"), "cannot be written"),
    ],
)
def test_what_cannot_be_run_is_one_line_and_status_2(arguments, says, mine, tmp_path, capsys):
    given = [x.format(mine=mine, tmp=tmp_path) for x in arguments]
    assert ask(*given) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_kinds_are_checked(capsys):
    assert run(["conformance", "torch", "--kinds", "lstm,peephole"]) == 2
    assert "no kind of cell 'peephole'; there are lstm, gru, gru-before, rnn" in (
        capsys.readouterr().err
    )


def test_another_shape_is_a_fault(mine, capsys):
    assert ask("--module", f"{mine}:sideways") == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "hidden states have the shape (16, 1, 13), and not (B, T, H) = (1, 16, 13)" in out
    assert "rnn, shape: 7 of 8 checks give another shape:" in out


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("last", "hidden states have the shape (1, 13), and not (B, T, H) = (1, 1, 13)"),
        ("pair", "hidden states are a tuple, and no array of numbers"),
        ("nothing", "hidden states have the shape (), and not (B, T, H) = (1, 1, 13)"),
    ],
)
def test_another_shape_on_every_call_is_a_fault_too(name, says, mine, capsys):
    with mine.open("a") as file:
        file.write("last = lambda kind, w, x: plain(kind, w, x)[:, -1]\n")
        file.write("pair = lambda kind, w, x: (plain(kind, w, x), x[:, -1])\n")
        file.write("nothing = lambda kind, w, x: None\n")
    assert ask("--module", f"{mine}:{name}") == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "0 of 9 checks right: shape" in out
    assert f"rnn, shape: 8 of 8 checks give another shape: {says}" in out


def test_files_for_runtimes_without_python(tmp_path, capsys):
    folder = tmp_path / "suite"
    assert ask("write", folder) == 0
    assert run(["conformance", "score", str(folder)]) == 2
    assert "there is no outputs/rnn-step.safetensors" in capsys.readouterr().err
    suite = json.loads((folder / "suite.json").read_text())
    for call in suite["calls"]:
        weights = load_file(folder / suite["nets"][call["net"]]["file"])
        given = load_file(folder / call["file"])
        initial = (given["h0"],) if "h0" in given else None
        hidden = plain("rnn", weights, given["x"], initial, given.get("lengths"))
        np.testing.assert_allclose(hidden, given["expected"], atol=1e-6)
        if call["check"] == "rnn-square":
            np.save((folder / call["output"]).with_suffix(".npy"), hidden)
        elif call["check"] != "rnn-layers":
            save_file({"hidden": hidden.astype(np.float32)}, folder / call["output"])
    assert run(["conformance", "score", str(folder)]) == 0
    assert "not run, rnn: layers (there is no outputs/rnn-layers" in capsys.readouterr().out
    (folder / "outputs" / "rnn-square.npy").write_bytes(b"\x93NUMPY")
    assert run(["conformance", "score", str(folder)]) == 2
    assert "rnn-square.npy: no array, or damaged" in capsys.readouterr().err
    (folder / "suite.json").write_text('{"format": 1}')
    assert run(["conformance", "score", str(folder)]) == 2


def test_models_of_another_converter(tmp_path, capsys):
    """Models that the package's own exporter wrote, of which one lacks a bias."""
    pytest.importorskip("onnxruntime")
    from reberlstm.conformance.suite import checks
    from reberlstm.net.files.onnx import to_model

    nets = {check.net.name: check.net for check in checks(("rnn",), 60)}
    for name, net in nets.items():
        if name != "rnn-stack":
            (tmp_path / f"{name}.onnx").write_bytes(to_model(net).SerializeToString())
    assert ask("--onnx", tmp_path) == 0
    out = capsys.readouterr().out
    assert "layers (there is no rnn-stack.onnx)" in out
    assert "(rnn-walk.onnx has no input lengths)" in out
    for name, net in nets.items():
        without = net.map_arrays(lambda name, x: 0 * x if "bias_ih" in name else x)
        (tmp_path / f"{name}.onnx").write_bytes(to_model(without).SerializeToString())
    assert ask("--onnx", tmp_path) == 1
    assert "bias-dropped: bias_ih is left out" in capsys.readouterr().out
