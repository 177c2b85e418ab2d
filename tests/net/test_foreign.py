"""Weights of others: imported with any prefix, or refused with a message that names the culprit."""

import os
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils import prune

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.errors import FormatError, FormatWarning
from reberlstm.net.files.torch import to_module

ALPHABET = ("a", "b", "c")


class Model(nn.Module):
    """What people train: an LSTM deep inside, and a linear layer."""

    def __init__(self, rows=3, embed=None, **options):
        super().__init__()
        self.model = nn.Module()
        self.model.encoder = nn.Module()
        if embed:
            self.embedding = nn.Embedding(3, embed)
        self.model.encoder.rnn = nn.LSTM(embed or 3, 5, batch_first=True, **options)
        self.fc = nn.Linear(5, rows)

    def forward(self, symbols):
        embedded = hasattr(self, "embedding")
        x = self.embedding(symbols) if embedded else torch.eye(3, dtype=torch.float64)[symbols]
        return self.fc(self.model.encoder.rnn(x)[0])


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(20)


def save(state, path):
    """Save tensors as the suffix says."""
    if path.suffix == ".safetensors":
        save_file({key: tensor.contiguous() for key, tensor in state.items()}, path)
    elif path.suffix == ".npz":
        np.savez(path, **{key: tensor.numpy() for key, tensor in state.items()})
    else:
        torch.save(state, path)
    return path


def check_runs_alike(module, net, head):
    words = np.random.default_rng(0).integers(3, size=(6, 9))
    expected = module(torch.from_numpy(words)).detach().numpy()
    for t in range(9):
        found = rl.run(net, words[:, : t + 1]).heads[head]
        np.testing.assert_allclose(found, expected[:, t], rtol=0, atol=1e-12)


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".pt", ".pth"])
@pytest.mark.parametrize("options", [{}, {"bias": False}, {"embed": 4}], ids=str)
def test_imported_net_runs_as_in_torch(tmp_path, suffix, options):
    module = Model(**options).double()
    path = save(module.state_dict(), tmp_path / f"net{suffix}")
    net = rl.load(path, alphabet=ALPHABET)
    assert net.claims == "legal"
    assert net.name == path.name
    assert list(net.heads) == ["legal"]
    check_runs_alike(module, net, "legal")


def test_one_output_is_acceptance_and_two_are_its_logits(tmp_path):
    one = Model(rows=1).double()
    net = rl.load(save(one.state_dict(), tmp_path / "one.pt"), alphabet="abc")
    assert list(net.heads) == ["accept"]
    check_runs_alike(one, net, "accept")

    two = Model(rows=2).double()
    net = rl.load(save(two.state_dict(), tmp_path / "two.pt"), alphabet="abc")
    words = np.random.default_rng(0).integers(3, size=(6, 9))
    logits = two(torch.from_numpy(words)).detach().numpy()
    assert net.reading == "accept: argmax"
    runs = rl.run(net, words)
    np.testing.assert_allclose(runs.heads["accept"], logits[:, -1], atol=1e-12)
    expected = logits[:, -1, 1] > logits[:, -1, 0]
    assert (net.observe(runs.states).accept == expected).all()
    for readout in ("logit>0", "softmax>0.5"):
        asked = rl.load(tmp_path / "two.pt", alphabet="abc", readout=readout)
        assert asked.reading == "accept: argmax"  # of the numbers that the net itself compares
        assert (asked.observe(rl.run(asked, words).states).accept == expected).all()


def test_threshold_is_a_logit(tmp_path):
    path = save(Model().double().state_dict(), tmp_path / "net.pt")
    net = rl.load(path, alphabet="abc", threshold=1.5)
    assert net.reading == "legal: logit > 1.5"
    assert rl.load(path, alphabet="abc").reading == "legal: softmax > 0.1"


def test_heads_are_named_by_the_caller(tmp_path):
    module = Model().double()
    path = save(module.state_dict(), tmp_path / "net.pt")
    net = rl.load(path, alphabet="abc", heads={"next": "fc", "legal": "fc"})
    check_runs_alike(module, net, "next")
    assert set(net.heads) == {"next", "legal"}
    assert rl.load(path, alphabet="abc", heads={}).heads == {}


def test_heads_are_known_by_their_own_names(tmp_path):
    module = nn.Module()
    module.rnn = nn.LSTM(3, 5)
    module.next_symbol = nn.Linear(5, 3)
    module.legal = nn.Linear(5, 3)
    module.labels = nn.Linear(5, 4)
    path = save(module.state_dict(), tmp_path / "net.pt")
    net = rl.load(path, alphabet="abc", labels="wxyz")
    assert set(net.heads) == {"next", "legal", "label"}
    assert net.heads["next"].bias == pytest.approx(module.next_symbol.bias.detach().numpy())


def test_a_cell_is_a_layer_and_low_precision_is_read(tmp_path):
    module = nn.Module()
    module.cell = nn.LSTMCell(3, 2)
    module = module.to(torch.bfloat16)
    expected = module.cell.weight_hh.detach().float().numpy()
    for suffix in (".pt", ".safetensors"):
        note = rf"n{suffix}: its bfloat16 numbers are read exactly, and the net is run in float32"
        with pytest.warns(FormatWarning, match=note):
            net = rl.load(save(module.state_dict(), tmp_path / f"n{suffix}"), alphabet="abc")
        assert (net.weight_hh == expected).all()


def test_checkpoint_around_the_state_dict_is_opened(tmp_path):
    module = Model().double()
    checkpoint = {
        "epoch": 3,
        "model": {"state_dict": module.state_dict()},
        "optimiser": {"state": {0: {"exp_avg": torch.zeros(20, 3)}}},
    }
    torch.save(checkpoint, tmp_path / "net.ckpt")
    check_runs_alike(module, rl.load(tmp_path / "net.ckpt", alphabet="abc"), "legal")


def test_our_own_export_comes_back(tmp_path):
    net = rl.compile(rl.load_grammar("reber"))
    assert run(["export", "reber", "-o", str(tmp_path / "reber.pt")]) == 0
    again = rl.load(tmp_path / "reber.pt", alphabet=net.alphabet)
    assert (again.weight_hh == net.weight_hh).all()
    assert again.reading == net.reading
    assert {name: head.bias.tolist() for name, head in again.heads.items()} == {
        name: head.bias.tolist() for name, head in net.heads.items()
    }


def test_command_line_takes_the_alphabet_from_the_grammar(tmp_path, capsys):
    path = str(tmp_path / "reber.pt")
    torch.save(to_module(rl.compile("reber")).state_dict(), path)
    assert run(["trace", "BTX", "--net", path, "--grammar", "reber"]) == 0
    assert "S X may follow" in capsys.readouterr().out
    assert run(["trace", "BTX", "--net", path]) == 2
    assert capsys.readouterr().err == (
        f"error: {path}: not written by reberlstm as safetensors or npz, so its alphabet is "
        "unknown; give --alphabet SYMBOLS, one symbol for each column of the input weights or row of "
        "the embedding, or the grammar\n"
    )


def test_alphabet_of_our_own_file_is_checked(tmp_path):
    rl.save(rl.compile(rl.load_grammar("parity")), tmp_path / "p.safetensors")
    assert rl.load(tmp_path / "p.safetensors", alphabet="10").alphabet == ("0", "1")
    with pytest.raises(FormatError, match=r"p.safetensors: its alphabet is 0 1, not a b; give"):
        rl.load(tmp_path / "p.safetensors", alphabet="ab")


def test_an_alphabet_in_the_metadata_tells_the_order_of_the_columns(tmp_path):
    """As in the files that `train` of version 0.1 wrote for GRUs and RNNs."""
    module = Model().double()
    save_file(
        module.state_dict(), tmp_path / "n.safetensors", metadata={"alphabet": '["c","a","b"]'}
    )
    for given in (None, "abc"):
        assert rl.load(tmp_path / "n.safetensors", alphabet=given).alphabet == ("c", "a", "b")
    with pytest.raises(FormatError, match="its alphabet is c a b, not x y z; give the grammar"):
        rl.load(tmp_path / "n.safetensors", alphabet="xyz")


def test_metadata_of_other_frameworks_is_not_ours(tmp_path):
    state = Model().double().state_dict()
    save_file(state, tmp_path / "hub.safetensors", metadata={"format": "pt"})
    assert rl.load(tmp_path / "hub.safetensors", alphabet="abc").size == 5
    with pytest.raises(FormatError, match=r"not written by reberlstm .* its alphabet is unknown"):
        rl.load(tmp_path / "hub.safetensors")


def modules(**parts):
    module = nn.Module()
    for name, part in parts.items():
        module.add_module(name, part)
    return module.state_dict()


def without(state, key):
    return {name: tensor for name, tensor in state.items() if name != key}


REFUSED = {
    "bidirectional": (modules(rnn=nn.LSTM(3, 5, bidirectional=True)), "is bidirectional: it reads"),
    "projection": (modules(rnn=nn.LSTM(3, 5, proj_size=2)), "is an LSTM with a projection of h"),
    "no layer": (modules(fc=nn.Linear(3, 5)), "expected one recurrent layer, found none among fc."),
    "two nets": (
        modules(encoder=nn.LSTM(3, 5), decoder=nn.LSTM(3, 4)),
        r"expected one recurrent layer, found decoder.\* \(1-layer LSTM of 4 cells\), encoder.\* "
        r"\(1-layer LSTM of 5 cells\); choose one with layer=",
    ),
    "other alphabet": (
        modules(rnn=nn.LSTM(4, 5)),
        r"reads vectors of size 4, but the alphabet has 3 symbols; give one symbol for each column",
    ),
    "other embedding": (
        modules(embedding=nn.Embedding(6, 4), rnn=nn.LSTM(4, 5)),
        r"'embedding.weight' embeds 6 symbols, but the alphabet has 3; give a symbol for each row",
    ),
    "square embedding": (
        modules(embedding=nn.Embedding(3, 3), rnn=nn.LSTM(3, 5), fc=nn.Linear(5, 3)),
        r"'embedding.weight' \(3, 3\) may be an nn.Embedding or an nn.Linear; if it is an nn.Emb"
        r"edding, say embedding='embedding'",
    ),
    "padding that was not told": (
        modules(rnn=nn.LSTM(3, 3), table=nn.Embedding(4, 3), fc=nn.Linear(3, 1)),
        r"'table.weight' \(4, 3\) may be an nn.Embedding or an nn.Linear",
    ),
    "hidden layer before the head": (
        modules(rnn=nn.LSTM(3, 5), hidden=nn.Linear(5, 8), fc=nn.Linear(8, 3)),
        r"tensor 'fc.weight' \(3, 8\) has no place in this net: h has 5 numbers; .* head_activat",
    ),
    "hidden layer of equal sizes": (
        modules(rnn=nn.LSTM(3, 3), hidden=nn.Linear(3, 3), fc=nn.Linear(3, 1)),
        r"'fc.weight' \(1, 3\) may read h, or the 3 numbers that 'hidden.weight' \(3, 3\) gives; "
        "say what stands between them with head_activation='relu' or 'tanh'",
    ),
    "a layer before the recurrent one": (
        modules(rnn=nn.LSTM(3, 5), into=nn.Linear(3, 3), fc=nn.Linear(5, 1)),
        r"tensor 'into.weight' \(3, 3\) has no place in this net: h has 5 numbers",
    ),
    "sequence": (
        modules(rnn=nn.LSTM(3, 5), head=nn.Sequential(nn.Linear(5, 5), nn.ReLU(), nn.Linear(5, 3))),
        "'head.0.weight' and 'head.2.weight' are parts of one head of several linear layers; say",
    ),
    "normalised": (
        modules(rnn=nn.LSTM(3, 5), norm=nn.LayerNorm(5)),
        r"'norm.(bias|weight)' \(5,\) has no",
    ),
    "learned initial state": (
        modules(rnn=nn.LSTM(3, 5)) | {"h0": torch.zeros(1, 1, 5)},
        r"tensor 'h0' \(1, 1, 5\) has no place",
    ),
    "attention": (
        modules(rnn=nn.LSTM(3, 4), attention=nn.MultiheadAttention(4, 2), fc=nn.Linear(4, 1)),
        r"tensor 'attention.in_proj_weight' \(12, 4\) has no place",
    ),
    "scaled head": (
        modules(rnn=nn.LSTM(3, 5), fc=nn.Linear(5, 3)) | {"fc.scale": torch.ones(3)},
        r"tensor 'fc.weight' \(3, 5\) has no place",
    ),
    "two heads of one shape": (
        modules(rnn=nn.LSTM(3, 5), one=nn.Linear(5, 3), two=nn.Linear(5, 3)),
        r"both 'one' and 'two' could be the head 'legal'; say which with head=",
    ),
    "outputs of no meaning": (
        modules(rnn=nn.LSTM(3, 5), fc=nn.Linear(5, 4)),
        r"tensor 'fc.weight' \(4, 5\) has no place in this net: 4 outputs are neither one for each",
    ),
    "weight missing": (
        without(modules(rnn=nn.LSTM(3, 5)), "rnn.weight_hh_l0"),
        r"weight_hh of layer 0 of 'rnn.\*' is missing; it has rnn.bias_hh_l0, rnn.bias_ih_l0, rnn.w",
    ),
    "bias missing": (
        without(modules(rnn=nn.LSTM(3, 5)), "rnn.bias_hh_l0"),
        r"bias_hh of layer 0 of 'rnn.\*' is missing, but the other bias is there",
    ),
    "rows missing": (
        modules(rnn=nn.LSTM(3, 5)) | {"rnn.bias_hh_l0": torch.zeros(19)},
        r"layer 0 of rnn.\*: bias_hh has shape \(19,\), expected \(20,\) for 5 cells × 4 gates",
    ),
    "not a matrix": (
        modules(rnn=nn.LSTM(3, 5)) | {"rnn.weight_ih_l0": torch.zeros(20)},
        r"layer 0 of rnn.\*: weight_ih has shape \(20,\), expected \(20, ",
    ),
    "no multiple of the cells": (
        modules(rnn=nn.LSTM(3, 5)) | {"rnn.weight_hh_l0": torch.zeros(20, 7)},
        r"'rnn.weight_hh_l0' has shape \(20, 7\), which is that of no LSTM \(4·H, H\), GRU",
    ),
    "not finite": (
        modules(rnn=nn.LSTM(3, 5)) | {"rnn.bias_hh_l0": torch.full((20,), torch.nan)},
        r"net.safetensors: rnn.bias_hh_l0\[0\] is nan; weights must be finite",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_the_reason(name, tmp_path):
    state, message = REFUSED[name]
    path = save(state, tmp_path / "net.safetensors")
    with pytest.raises(FormatError, match=message) as caught:
        rl.load(path, alphabet="abc")
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        ({"legal": "fd"}, r"head 'legal': no tensor 'fd.weight'; the file has (fc|model.encoder)"),
        ({"accept": "fc"}, r"head 'accept': 'fc.weight' has shape \(3, 5\), expected \(1, 5\)"),
        ({"reader": "fc"}, r"unknown head 'reader'; the heads are legal, accept, next, label"),
    ],
)
def test_heads_that_do_not_fit_are_refused(heads, message, tmp_path):
    path = save(Model().state_dict(), tmp_path / "net.pt")
    with pytest.raises(FormatError, match=message):
        rl.load(path, alphabet="abc", heads=heads)


def test_one_of_several_layers_is_not_the_whole_net(tmp_path):
    state = modules(encoder=nn.LSTM(3, 5), decoder=nn.LSTM(3, 4), fc=nn.Linear(4, 3))
    path = save(state, tmp_path / "net.pt")
    with pytest.raises(FormatError, match=r"tensor 'encoder.weight_ih_l0' \(20, 3\) has no place"):
        rl.load(path, alphabet="abc", layer="decoder", heads={"legal": "fc"})


class Evil:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch '{self.path}'",)


def test_pickle_that_runs_code_is_refused_and_nothing_runs(tmp_path):
    mark = tmp_path / "executed"
    torch.save({"lstm.weight_ih_l0": Evil(mark)}, tmp_path / "evil.pt")
    with pytest.raises(
        FormatError,
        match=r"evil.pt: refused, because it wants to run (posix|nt).system; nothing was run",
    ):
        rl.load(tmp_path / "evil.pt", alphabet="abc")
    assert not mark.exists()
    torch.load(tmp_path / "evil.pt", weights_only=False)
    assert mark.exists(), "the file would have run something, or this test shows nothing"


def test_whole_pickled_module_is_refused(tmp_path):
    torch.save(nn.LSTM(3, 5), tmp_path / "module.pt")
    with pytest.raises(FormatError, match=r"wants to run torch.nn.modules.rnn.LSTM; nothing was"):
        rl.load(tmp_path / "module.pt", alphabet="abc")


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 cut off", b"\x80\x02}."])
@pytest.mark.parametrize("suffix", [".pt", ".npz", ".safetensors"])
def test_damaged_file_is_one_clear_error(content, suffix, tmp_path):
    path = tmp_path / f"net{suffix}"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        rl.load(path, alphabet="abc")
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_other_files_are_refused_by_their_kind(tmp_path):
    (tmp_path / "net.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        archive.writestr("model.weights.h5", b"")
    for name in ("net.h5", "net.keras"):
        with pytest.raises(FormatError, match=rf"{name}: a file of Keras or HDF5, .* numpy.savez"):
            rl.load(tmp_path / name, alphabet="abc")
    assert run(["export", "reber", "-o", str(tmp_path / "net.onnx")]) == 0
    with pytest.raises(FormatError, match=r"net.onnx: an ONNX model, of which weights are not"):
        rl.load(tmp_path / "net.onnx", alphabet="abc")
    with pytest.raises(FormatError, match=r"net.pt: no such file"):
        rl.load(tmp_path / "net.pt", alphabet="abc")


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".pt"])
def test_content_tells_the_kind_before_the_suffix_does(suffix, tmp_path):
    path = save(Model().double().state_dict(), tmp_path / f"net{suffix}")
    for other in ("weights", "pytorch_model.bin", "net.npz"):
        renamed = path.rename(tmp_path / other)
        assert rl.load(renamed, alphabet="abc").size == 5
        path = renamed


def test_legacy_format_of_torch(tmp_path):
    module = Model().double()
    torch.save(module.state_dict(), tmp_path / "old", _use_new_zipfile_serialization=False)
    check_runs_alike(module, rl.load(tmp_path / "old", alphabet="abc"), "legal")


def many_cells(cell):
    """Two cells that read each other, as people write loops of their own."""
    module = nn.Module()
    module.cells = nn.ModuleList([cell(3, 4), cell(4, 5)])
    module.fc = nn.Linear(5, 1)
    return module.double()


@pytest.mark.parametrize("cell", [nn.LSTMCell, nn.GRUCell])
def test_cells_that_read_each_other_are_named_in_order(cell, tmp_path):
    module = many_cells(cell)
    path = save(module.state_dict(), tmp_path / "net.pt")
    with pytest.raises(FormatError, match=r"or say which read each other, in order, as in layer="):
        rl.load(path, alphabet="abc")
    with pytest.raises(FormatError, match=r"reads vectors of size 3, but the layer before it has"):
        rl.load(path, alphabet="abc", layer="cells.1,cells.0")
    net = rl.load(path, alphabet="abc", layer="cells.0,cells.1")
    words = np.random.default_rng(0).integers(3, size=(6, 7))
    states = [None, None]
    with torch.no_grad():
        for symbols in torch.eye(3, dtype=torch.float64)[torch.from_numpy(words)].unbind(1):
            x = symbols
            for number, layer in enumerate(module.cells):
                states[number] = layer(x, states[number])
                x = states[number][0] if cell is nn.LSTMCell else states[number]
        expected = module.fc(x).numpy()
    np.testing.assert_allclose(rl.run(net, words).heads["accept"], expected, atol=1e-12)


def with_metadata_of_cuda(state, path, monkeypatch):
    """Save tensors as a machine with a graphics card would: their storages say ``cuda:0``."""
    monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
    torch.save(state, path)
    monkeypatch.undo()


def test_what_wraps_a_module_or_a_checkpoint_is_taken_off(tmp_path, monkeypatch):
    module = Model().double()
    state = module.state_dict()
    compiled = {f"_orig_mod.module.{key}": tensor for key, tensor in state.items()}
    averaged = {f"module.{key}": x for key, x in state.items()} | {"n_averaged": torch.tensor(9)}
    inner = {key.replace("rnn.", "rnn._orig_mod."): tensor for key, tensor in state.items()}
    lightning = {
        "state_dict": {f"net.{key}": tensor for key, tensor in state.items()},
        "pytorch-lightning_version": "2.4",
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(20, 3)}}}],
    }
    parts = {"core": nn.Module(), "fc": module.fc}
    parts["core"].rnn = module.model.encoder.rnn
    apart = {name: part.state_dict() for name, part in parts.items()} | {"epoch": 3}
    for saved in (compiled, averaged, inner, lightning, apart):
        torch.save(saved, tmp_path / "net.pt")
        for head in ({}, {"head": "fc"}):
            check_runs_alike(module, rl.load(tmp_path / "net.pt", alphabet="abc", **head), "legal")
    with_metadata_of_cuda(lightning, tmp_path / "cuda.ckpt", monkeypatch)
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(tmp_path / "cuda.ckpt", weights_only=True)
    check_runs_alike(module, rl.load(tmp_path / "cuda.ckpt", alphabet="abc"), "legal")
    wrapped = nn.DataParallel(torch.optim.swa_utils.AveragedModel(module))
    check_runs_alike(module, rl.load(wrapped, alphabet="abc"), "legal")


def test_a_layer_before_the_recurrent_one_is_asked_for(tmp_path):
    state = modules(rnn=nn.LSTM(4, 5), into=nn.Linear(3, 4), fc=nn.Linear(5, 1))
    path = save(state, tmp_path / "net.pt")
    with pytest.raises(FormatError, match=r"if 'into.weight' \(4, 3\) is a linear layer before it"):
        rl.load(path, alphabet="abc")
    assert rl.load(path, alphabet="abc", input_layer="into").vectors.shape == (3, 4)
    for wrong, message in {
        "fc": r"'fc.weight' \(1, 5\) does not read vectors|the alphabet has 3 symbols",
        "into:gelu": "is no linear layer; such are into, fc; where relu or tanh follows one, name",
        "into,into": "is no linear layer|does not read vectors of size 4",
    }.items():
        with pytest.raises(FormatError, match=message):
            rl.load(path, alphabet="abc", input_layer=wrong)


def test_a_learned_initial_state_is_asked_for(tmp_path):
    state = modules(rnn=nn.LSTM(3, 5), fc=nn.Linear(5, 1))
    state |= {"h0": torch.ones(1, 1, 5), "c0": torch.full((1, 1, 5), 2.0)}
    path = save(state, tmp_path / "net.pt")
    with pytest.raises(FormatError, match=r"'h0' \(1, 1, 5\) has .* as in initial='h0,c0'"):
        rl.load(path, alphabet="abc")
    with pytest.raises(FormatError, match=r"names 1 tensors; LSTM begins with h and c of every"):
        rl.load(path, alphabet="abc", initial="h0")
    with pytest.raises(FormatError, match=r"initial='c1': no such tensor"):
        rl.load(path, alphabet="abc", initial="h0,c1")
    with pytest.raises(FormatError, match=r"'fc.bias' has shape \(1,\), expected \(1, 1, 5\)"):
        rl.load(path, alphabet="abc", initial="h0,fc.bias")
    net = rl.load(path, alphabet="abc", initial="h0,c0")
    assert net.initial().tolist() == [1.0] * 5 + [2.0] * 5


def parametrised(kind):
    module = nn.Module()
    module.rnn, module.fc = nn.LSTM(3, 5), nn.Linear(5, 1)
    if kind == "old weight_norm":
        with pytest.warns(FutureWarning):
            torch.nn.utils.weight_norm(module.rnn, "weight_hh_l0")
    elif kind == "weight_norm":
        torch.nn.utils.parametrizations.weight_norm(module.rnn, "weight_hh_l0")
    else:
        prune.l1_unstructured(module.fc, "weight", amount=2)
    return module.state_dict()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            "old weight_norm",
            r"rnn.weight_hh_l0 is computed; .*remove_weight_norm\(module.rnn, 'wei",
        ),
        (
            "weight_norm",
            r"weight_hh_l0 is computed; .*remove_parametrizations\(module.rnn, 'weight",
        ),
        ("pruned", r"'fc.weight_orig' is a part .*prune.remove or .*\(module.fc, 'weight'\)"),
    ],
)
def test_weights_that_are_computed_are_refused_with_the_remedy(kind, message, tmp_path):
    path = save(parametrised(kind), tmp_path / "net.pt")
    with pytest.raises(FormatError, match=message):
        rl.load(path, alphabet="abc")


def test_a_simple_rnn_of_a_file_is_read_with_a_note(tmp_path):
    path = save(modules(rnn=nn.RNN(3, 5), fc=nn.Linear(5, 1)), tmp_path / "net.pt")
    with pytest.warns(FormatWarning, match="read with tanh, else say nonlinearity='relu'"):
        rl.load(path, alphabet="abc")
    assert rl.load(path, alphabet="abc", nonlinearity="relu").layers[0].cell.name == "rnn-relu"


def test_a_net_of_labels_is_traced_and_certified(tmp_path, capsys, monkeypatch):
    """A Moore machine that gives the last symbol, and a net that does so but for one word."""
    monkeypatch.chdir(tmp_path)
    states = ["s", "a", "b"]
    transitions = {state: {"a": "a", "b": "b"} for state in states}
    machine = rl.FSM(
        alphabet=("a", "b"),
        start="s",
        transitions=transitions,
        outputs={state: state for state in states},
    )
    rl.save_grammar(machine, "last.toml")
    module = nn.Module()
    module.rnn, module.tags = nn.RNN(2, 2), nn.Linear(2, 3)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.rnn.weight_ih_l0[:] = 2 * torch.eye(2)
        module.tags.weight[:] = torch.tensor([[0.0, 0], [1, -1], [-1, 1]])
        module.tags.bias[0] = -9
    save(module.state_dict(), tmp_path / "tags.pt")
    reading = ["--net", "tags.pt", "--labels", "s a b", "--nonlinearity", "tanh"]
    assert run(["trace", "ab", "--grammar", "last.toml", *reading]) == 0
    out = capsys.readouterr().out
    assert "  b   node a → b   gives b\n" in out
    assert "after the whole word it gives b" in out
    assert run(["certify", "last.toml", *reading]) == 0
    wrong = [*reading[:3], "s b a", *reading[4:]]
    assert run(["trace", "ab", "--grammar", "last.toml", *wrong]) == 0
    assert "gives b   WRONG: the grammar gives a" in capsys.readouterr().out
    assert run(["certify", "last.toml", *wrong]) == 1
    assert "shortest" in capsys.readouterr().out
    assert run(["certify", "parity", "--alphabet", "01", *reading]) == 2
    assert "parity has no outputs, but the labels of net" in capsys.readouterr().err
