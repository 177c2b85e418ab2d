"""Nets of others: the same numbers as PyTorch's own, and refusals that say why."""

from __future__ import annotations

import itertools
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import reberlstm as rl
from reberlstm.errors import FormatError
from reberlstm.extraction import Budget, extract
from reberlstm.net.recurrent import RecurrentStack, from_module, open_net
from reberlstm.net.weights import LSTMWeights
from reberlstm.render import extraction as extraction_plots

SMALL = Budget(pairs=2_000, walks=30, length=20, rounds=10)


class Model(nn.Module):
    def __init__(self, cell: str, *, outputs: int, embed: int = 0, symbols: int = 3, **kinds: Any):
        super().__init__()
        torch.manual_seed(11)
        if embed:
            self.embedding = nn.Embedding(symbols, embed)
        self.symbols = symbols
        self.rnn = getattr(nn, cell)(embed or symbols, 5, batch_first=True, **kinds)
        self.out = nn.Linear(5, outputs)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        x = (
            self.embedding(words)
            if hasattr(self, "embedding")
            else nn.functional.one_hot(words, self.symbols).to(self.out.weight.dtype)
        )
        outputs: torch.Tensor = self.out(self.rnn(x)[0])
        return outputs


def probabilities_of(net: RecurrentStack, word: tuple[int, ...]) -> np.ndarray:
    states = net.initial()[np.newaxis]
    for symbol in word:
        states = net.step(states, np.array([symbol]))
    return net._probabilities(net._outputs(states))[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("embed", [0, 4])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
def test_same_numbers_as_torch(cell: str, layers: int, embed: int, dtype: torch.dtype) -> None:
    model = Model(cell, outputs=3, embed=embed, num_layers=layers).to(dtype)
    net = from_module(model, alphabet="abc", kind="legal", activation="sigmoid")
    assert net.initial().dtype == (np.float32 if dtype == torch.float32 else np.float64)
    words = torch.tensor(list(itertools.product(range(3), repeat=4)))
    with torch.no_grad():
        expected = torch.sigmoid(model(words))[:, -1].numpy()
    found = np.array([probabilities_of(net, tuple(word)) for word in words.tolist()])
    np.testing.assert_allclose(found, expected, atol=1e-6 if dtype == torch.float32 else 1e-12)


def test_relu_and_no_biases_and_softmax() -> None:
    model = Model("RNN", outputs=3, nonlinearity="relu", bias=False)
    net = from_module(model, alphabet="abc", kind="legal")
    expected_reading = (
        "yes is softmax probability > 0.1; the layer's nonlinearity is taken to be relu"
    )
    assert net.reading == expected_reading
    words = torch.tensor([[0, 1, 2, 2, 1, 0]])
    with torch.no_grad():
        expected = torch.softmax(model(words), dim=-1)[0, -1].numpy()
    np.testing.assert_allclose(probabilities_of(net, (0, 1, 2, 2, 1, 0)), expected, atol=1e-6)


@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("outputs", [1, 2])
def test_acceptors_against_all_words(cell: str, outputs: int, tmp_path: Path) -> None:
    """Whatever is claimed of all words up to a length holds for PyTorch's own answers."""
    model = Model(cell, outputs=outputs, symbols=2)
    with torch.no_grad():
        model.out.bias.zero_()
        model.out.weight.mul_(10)
    path = tmp_path / "net.pt"
    torch.save(model.state_dict(), path)
    net = open_net(path, alphabet="ab", kind="accept")
    found = extract(net, budget=SMALL, max_states=40, seconds=4, prove=False)
    pair = found.verdict[0]
    length = 9 if pair.relation.startswith("equal on all words") else len(pair.word or ()) - 1
    bound = int(pair.relation.rsplit(" ", 1)[1]) if pair.word is None else length
    for size in range(1, min(length, bound) + 1):
        words = list(itertools.product(range(2), repeat=size))
        with torch.no_grad():
            outputs_of = model(torch.tensor(words))[:, -1]
        yes = outputs_of[:, 0] > 0 if outputs == 1 else outputs_of[:, 1] > outputs_of[:, 0]
        for word, accepted in zip(words, yes.tolist(), strict=True):
            assert found.fsm.accepts("".join("ab"[a] for a in word)) == accepted


def test_one_layer_with_a_plain_threshold_can_be_proved(tmp_path: Path) -> None:
    fsm = rl.load_grammar("tomita-5")
    net = rl.compile(fsm)
    path = tmp_path / "theirs.safetensors"
    save_file(
        {
            "encoder.weight_ih_l0": torch.tensor(net.weight_ih),
            "encoder.weight_hh_l0": torch.tensor(net.weight_hh),
            "encoder.bias_ih_l0": torch.tensor(net.bias_ih),
            "encoder.bias_hh_l0": torch.tensor(net.bias_hh),
            "decoder.weight": torch.tensor(net.heads["accept"].weight),
            "decoder.bias": torch.tensor(net.heads["accept"].bias),
        },
        path,
    )
    theirs = open_net(path, alphabet=fsm.alphabet)
    assert isinstance(theirs, RecurrentStack)
    found = extract(theirs, reference=fsm)
    assert [pair.relation for pair in found.verdict] == ["equal: proved"] * 3


def test_our_own_file_is_our_own_net(tmp_path: Path) -> None:
    rl.save(rl.compile(rl.load_grammar("parity")), tmp_path / "net.safetensors")
    assert isinstance(open_net(tmp_path / "net.safetensors"), LSTMWeights)


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (
            Model("LSTM", outputs=3, proj_size=4),
            {"kind": "legal"},
            "is an LSTM with a projection of h (proj_size), which is not read",
        ),
        (
            Model("GRU", outputs=3, bidirectional=True),
            {"kind": "legal"},
            "is bidirectional: it reads words from their end as well",
        ),
        (Model("GRU", outputs=3), {"alphabet": "ab"}, "give one symbol for each column"),
        (Model("GRU", outputs=3), {"kind": "accept"}, "has shape (3, 5), expected (1, 5)"),
        (Model("GRU", outputs=3), {"kind": "legal", "head": "x"}, "no tensor 'x.weight'"),
        (
            Model("GRU", outputs=3),
            {"kind": "legal", "threshold": 1.5},
            "threshold 1.5 is no probability between 0 and 1",
        ),
        (
            Model("GRU", outputs=2, symbols=2),
            {"alphabet": "ab"},
            "'out' has 2 outputs, which may be two symbols or no and yes; give the kind",
        ),
        (
            nn.Sequential(nn.LayerNorm(7), Model("GRU", outputs=3)),
            {"kind": "legal"},
            "tensor '0.weight' (7,) has no place",
        ),
        (nn.Linear(3, 3), {}, "expected one recurrent layer, found none"),
    ],
)
def test_what_is_refused(model: nn.Module, options: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError) as error:
        from_module(model, **({"alphabet": "abc"} | options))
    assert message in str(error.value)


def test_a_pickle_that_wants_to_run_code(tmp_path: Path) -> None:
    mark = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (mark,)

    path = tmp_path / "net.pt"
    path.write_bytes(pickle.dumps(Evil(), protocol=2))
    with pytest.raises(FormatError, match="refused, because it wants to run"):
        open_net(path, alphabet="ab")
    torch.save(Evil(), path)
    with pytest.raises(FormatError, match="refused, because it wants to run"):
        open_net(path, alphabet="ab")
    assert not mark.exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite(value: float, tmp_path: Path) -> None:
    model = Model("GRU", outputs=1)
    with torch.no_grad():
        model.rnn.weight_hh_l0[3, 2] = value
    path = tmp_path / "broken.pt"
    torch.save(model.state_dict(), path)
    with pytest.raises(FormatError, match=rf"broken.pt: rnn.weight_hh_l0\[3, 2\] is {value}; "):
        open_net(path, alphabet="abc")


def test_a_net_that_grows_beyond_all_numbers(tmp_path: Path) -> None:
    """A ReLU is not bounded; the memory overflows, and that is neither a warning nor an error."""
    model = Model("RNN", outputs=1, symbols=2, nonlinearity="relu")
    with torch.no_grad():
        model.rnn.weight_hh_l0.fill_(1e6)
        model.rnn.weight_ih_l0.fill_(1.0)
    found = extract(from_module(model, alphabet="ab", kind="accept"), budget=SMALL, max_states=6)
    assert found.margin == 0.0, "what is no number is as near to a threshold as can be"
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert json.loads(text)["ended_by"] == found.ended_by
    for picture in ("machines", "memories", "cells"):
        extraction_plots.save(found, picture, str(tmp_path / f"{picture}.svg"))


def test_a_file_that_does_not_say_its_symbols(tmp_path: Path) -> None:
    torch.save(Model("GRU", outputs=3).state_dict(), tmp_path / "net.pt")
    with pytest.raises(FormatError, match="does not say what its symbols are; give the alphabet"):
        open_net(tmp_path / "net.pt")
