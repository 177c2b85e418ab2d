"""Torch modules: the weights run in a stock nn.LSTM, and in a module of the user's own."""

import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

import reberlstm as rl
from reberlstm.errors import FormatError
from reberlstm.net.files import torch as target
from tests.stepping import read, run_batch


class Own(nn.Module):
    """A module as a user would write it, without anything of ours."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(7, 8, batch_first=True)
        self.legal = nn.Linear(8, 7)
        self.accept = nn.Linear(8, 1)
        self.next = nn.Linear(8, 7)

    def forward(self, x):
        hidden, _ = self.lstm(x)
        return {"legal": self.legal(hidden), "accept": self.accept(hidden)}


def strings(net, seed=0, shape=(20, 15)):
    return np.random.default_rng(seed).integers(len(net.alphabet), size=shape)


@pytest.mark.parametrize("grammar", rl.grammar_names())
def test_float64_module_equals_the_simulator(grammar):
    net = rl.compile(rl.load_grammar(grammar))
    words = strings(net)
    module = target.to_module(net, dtype=torch.float64)
    outputs = module(torch.eye(len(net.alphabet), dtype=torch.float64)[words])
    assert set(outputs) == set(net.heads)
    for t, state in enumerate(run_batch(net, words)):
        for head in net.heads:
            found = outputs[head][:, t].detach().numpy()
            np.testing.assert_allclose(found, read(net, head, state), rtol=0, atol=1e-12)


def test_file_loads_into_a_module_of_the_users_own():
    net = rl.compile(rl.load_grammar("reber"))
    own = Own()
    state = torch.load(io.BytesIO(target.export(net, "net.pt")[0]), weights_only=True)
    assert own.load_state_dict(state).missing_keys == []
    word = [net.alphabet.index(symbol) for symbol in "BTSSXXTVVE"]
    outputs = own(torch.eye(7)[torch.tensor([word])])
    legal = [
        "".join(a for a, on in zip(net.alphabet, row, strict=True) if on)
        for row in outputs["legal"][0] > 0
    ]
    assert legal == ["TP", "SX", "SX", "SX", "SX", "TV", "TV", "PV", "E", ""]
    assert (outputs["accept"][0, :, 0] > 0).tolist() == [False] * 9 + [True]


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(None, torch.float32), (torch.float32, torch.float32), (torch.float64, torch.float64)],
)
def test_type_of_the_module(dtype, expected):
    module = target.to_module(rl.compile(rl.load_grammar("parity")), dtype=dtype)
    assert {p.dtype for p in module.parameters()} == {expected}
    assert type(module.lstm) is nn.LSTM
    assert module.lstm.batch_first


def test_state_dict_keeps_every_digit_unless_told_otherwise():
    net = rl.compile(rl.load_grammar("reber"))
    exact = target.to_state_dict(net)["lstm.weight_hh_l0"].numpy()
    assert (exact == net.weight_hh).all()
    state = torch.load(io.BytesIO(target.export(net, "net.pt", "float32")[0]), weights_only=True)
    assert {tensor.dtype for tensor in state.values()} == {torch.float32}


def test_what_is_printed_loads_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    net = rl.compile(rl.load_grammar("reber"))
    (tmp_path / "net.pt").write_bytes(target.export(net, "net.pt")[0])
    names = {}
    exec(target.export(net, "net.pt")[1], names)
    state = names["model"].state_dict()
    assert set(state) == set(target.to_state_dict(net))
    np.testing.assert_allclose(state["lstm.bias_ih_l0"].numpy(), net.bias_ih, rtol=1e-6)


def test_published_net_is_refused():
    with pytest.raises(
        FormatError, match=r"^a torch.nn module cannot hold the net 'published': its gates"
    ):
        target.to_module(rl.published())
    with pytest.raises(FormatError, match="export it as safetensors or npz"):
        target.export(rl.published(), "net.pt")


@pytest.mark.parametrize(
    ("missing", "statement", "message"),
    [
        (
            "torch",
            "from reberlstm.cli import run; run(['export', 'parity', '-o', 'x.pt'])",
            "error: a PyTorch module needs torch, which is not installed; "
            'in your clone of reberlstm, run: python -m pip install -e ".[torch]"',
        ),
        (
            "torch",
            "from reberlstm.cli import run; run(['trace', '0', '--net', 'y.pt'])",
            "error: a PyTorch file needs torch, which is not installed; "
            'in your clone of reberlstm, run: python -m pip install -e ".[torch]"',
        ),
        (
            "onnx",
            "from reberlstm.cli import run; run(['export', 'parity', '-o', 'x.onnx'])",
            "error: an ONNX model needs onnx, which is not installed; "
            'in your clone of reberlstm, run: python -m pip install -e ".[onnx]"',
        ),
    ],
)
def test_missing_extra_is_named_in_one_line(tmp_path, missing, statement, message):
    (tmp_path / "y.pt").write_bytes(b"")
    code = f"import sys; sys.modules[{missing!r}] = None; {statement}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stderr == message + "\n"
    assert done.stdout == ""
    assert not (tmp_path / "x.pt").exists()


def test_neither_torch_nor_onnx_is_loaded_for_a_safetensors_file(tmp_path):
    code = (
        "import sys; from reberlstm.cli import run; run(['export', 'parity', '-o', 'x.safetensors'])"
        "; run(['trace', '0', '--net', 'x.safetensors', '--json'])"
        "; print({'torch', 'onnx', 'onnxruntime', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("set()\n")
