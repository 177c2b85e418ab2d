"""Machines from nets of others: what is claimed of them, PyTorch answers."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import reberlstm as rl
from reberlstm.extraction import Budget, extract
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
    net = rl.load(path, alphabet="ab", kind="accept")
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
    theirs = rl.load(path, alphabet=fsm.alphabet)
    found = extract(theirs, reference=fsm)
    assert [pair.relation for pair in found.verdict] == ["equal: proved"] * 3


def test_a_net_that_grows_beyond_all_numbers(tmp_path: Path) -> None:
    """A ReLU is not bounded; the memory overflows, and that is neither a warning nor an error."""
    model = Model("RNN", outputs=1, symbols=2, nonlinearity="relu")
    with torch.no_grad():
        model.rnn.weight_hh_l0.fill_(1e6)
        model.rnn.weight_ih_l0.fill_(1.0)
    net = rl.load(model.state_dict(), alphabet="ab", kind="accept", nonlinearity="relu")
    found = extract(net, budget=SMALL, max_states=6)
    assert found.margin == 0.0, "what is no number is as near to a threshold as can be"
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert json.loads(text)["ended_by"] == found.ended_by
    for picture in ("machines", "memories", "cells"):
        extraction_plots.save(found, picture, str(tmp_path / f"{picture}.svg"))
