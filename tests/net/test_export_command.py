"""`reberlstm export`: the target by suffix or by --to, and refusals in one line."""

import numpy as np
import onnxruntime
import pytest
import torch

import reberlstm as rl
from reberlstm.cli import run


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("file", ["r.pt", "r.pth", "r.npz", "r.safetensors"])
def test_suffix_tells_the_target(file):
    net = rl.compile(rl.load_grammar("reber"))
    assert run(["export", "reber", "-o", file]) == 0
    again = rl.load(file, alphabet=net.alphabet)
    assert (again.weight_hh == net.weight_hh).all()


def test_npz_is_plain_unless_keras_is_asked_for():
    assert run(["export", "reber", "-o", "plain.npz"]) == 0
    assert run(["export", "reber", "-o", "keras.npz", "--to", "keras"]) == 0
    assert "lstm.weight_ih_l0" in np.load("plain.npz")
    assert np.load("keras.npz")["kernel"].shape == (7, 32)


def test_target_may_be_said_where_the_suffix_says_nothing():
    assert run(["export", "parity", "-o", "weights", "--to", "torch"]) == 0
    assert set(torch.load("weights", weights_only=True)) >= {"lstm.weight_ih_l0", "legal.bias"}


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("file", ["r.pt", "r.onnx", "r.safetensors", "r.npz --to keras"])
def test_what_is_printed_fits_the_terminal(file, columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    for net in ("compiled", "compiled:gru", "compiled:rnn"):
        assert run(["export", "reber", "--net", net, "-o", *file.split()]) == 0
        out = capsys.readouterr().out
        assert [line for line in out.splitlines() if len(line) > columns] == []
        compile(out.partition("\n\n")[2], "printed", "exec")


def test_onnx_file_runs():
    assert run(["export", "reber", "-o", "r.onnx", "--indices"]) == 0
    session = onnxruntime.InferenceSession("r.onnx", providers=["CPUExecutionProvider"])
    word = np.array([["BTSXPVE".index(symbol) for symbol in "BTXSE"]])
    (accept,) = session.run(["accept"], {"symbols": word})
    assert (accept[0, :, 0] > 0).tolist() == [False, False, False, False, True]


@pytest.mark.parametrize(
    ("target", "file"), [("torch", "r.pt"), ("onnx", "r.onnx"), ("keras", "r.npz")]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_type_of_the_numbers(target, file, dtype):
    assert run(["export", "reber", "-o", file, "--to", target, "--dtype", dtype]) == 0
    if target == "torch":
        found = torch.load(file, weights_only=True)["lstm.weight_ih_l0"].numpy().dtype
    elif target == "keras":
        found = np.load(file)["kernel"].dtype
    else:
        import onnx

        found = onnx.numpy_helper.to_array(onnx.load(file).graph.initializer[0]).dtype
    assert found == dtype


def test_net_from_a_file_is_exported():
    rl.save(rl.compile(rl.load_grammar("reber"), gain=7.0), "seven.safetensors")
    assert run(["export", "reber", "--net", "seven.safetensors", "-o", "seven.npz"]) == 0
    assert rl.load("seven.npz").gain == 7.0


def test_foreign_net_gets_the_grammar_that_it_is_exported_for():
    assert run(["export", "reber", "-o", "foreign.pt"]) == 0
    assert run(["export", "reber", "--net", "foreign.pt", "-o", "ours.safetensors"]) == 0
    assert rl.load("ours.safetensors").grammar == rl.load_grammar("reber")


def test_grammar_and_net_must_have_the_same_symbols(capsys):
    rl.save(rl.compile(rl.load_grammar("parity")), "parity.safetensors")
    assert run(["export", "reber", "--net", "parity.safetensors", "-o", "x.pt"]) == 2
    assert capsys.readouterr().err == (
        "error: parity.safetensors: its alphabet is 0 1, not B T S X P V E; give the grammar or "
        "alphabet that it is for\n"
    )


@pytest.mark.parametrize("file", ["old.npz", "old.safetensors"])
def test_published_net_fits_into_plain_files(file):
    assert run(["export", "reber", "--net", "published", "-o", file]) == 0
    assert rl.load(file).cell == "published"


@pytest.mark.parametrize(
    ("target", "file", "what"),
    [
        ("torch", "old.pt", "a PyTorch state dict"),
        ("onnx", "old.onnx", "an ONNX model"),
        ("keras", "old.npz", "a Keras layer"),
    ],
)
def test_published_net_is_refused_elsewhere(target, file, what, capsys, tmp_path):
    assert run(["export", "reber", "--net", "published", "--to", target, "-o", file]) == 2
    assert capsys.readouterr().err == (
        f"error: {what} cannot hold the net 'published': its gates read the memory itself and it "
        "has no output gate, so it is no standard LSTM; export it as safetensors or npz "
        "(--to npz), or compile the grammar instead (--net compiled)\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["-o", "x.h5"],
            "x.h5: no target has the suffix '.h5'; use one of .npz, .onnx, .pt, .pth, "
            ".safetensors, or say --to",
        ),
        (
            ["-o", "x.pt", "--to", "onnx"],
            "x.pt: --to onnx writes .onnx files, and this suffix is that of torch",
        ),
        (
            ["-o", "x.npz", "--dtype", "float32"],
            "--dtype float32: npz files are float64; leave the option out",
        ),
        (
            ["-o", "x.pt", "--indices"],
            "--indices is for onnx, not for torch; leave the option out",
        ),
        (["-o", "missing/x.pt"], "missing/x.pt: cannot be written: No such file or directory"),
    ],
)
def test_bad_usage_is_one_line(arguments, message, capsys):
    assert run(["export", "reber", *arguments]) == 2
    assert capsys.readouterr().err == f"error: {message}\n"
