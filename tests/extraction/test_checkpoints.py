"""Checkpoints of others, of many kinds: every claim against all words, run by PyTorch itself."""

from __future__ import annotations

import itertools
import json
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.errors import FormatError
from reberlstm.extraction import Budget, Extraction, extract
from reberlstm.machine.fsm import FSM
from reberlstm.render import extraction as extraction_plots

pytestmark = pytest.mark.usefixtures("few_words")

SMALL = Budget(pairs=1_500, walks=20, length=20, rounds=8)
SYMBOLS = "abc"
CELLS = {"LSTMCell", "GRUCell", "RNNCell"}


class Net(nn.Module):
    """One recurrent layer or cell, with one-hot inputs or an embedding, and a linear head."""

    def __init__(
        self, layer: str, outputs: int, *, seed: int, symbols: int = 2, embed: int = 0, **kinds: Any
    ) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.symbols, self.is_cell = symbols, layer in CELLS
        if embed:
            self.embed = nn.Embedding(symbols, embed)
        self.core = getattr(nn, layer)(embed or symbols, 6, **kinds)
        self.decoder = nn.Linear(6, outputs)
        with torch.no_grad():  # so that it does not say the same of all words
            for parameter in self.core.parameters():
                parameter.mul_(2.5)
            self.decoder.weight.mul_(4.0)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """What the head says after words (B, T), shape (B, R)."""
        one_hot = nn.functional.one_hot(words, self.symbols).to(self.decoder.weight.dtype)
        x = self.embed(words) if hasattr(self, "embed") else one_hot
        if self.is_cell:
            state: Any = None
            for t in range(words.shape[1]):
                state = self.core(x[:, t], state)
            h = state[0] if isinstance(state, tuple) else state
        elif self.core.batch_first:
            h = self.core(x)[0][:, -1]
        else:
            h = self.core(x.transpose(0, 1))[0][-1]
        outputs: torch.Tensor = self.decoder(h)
        return outputs


def shown_by_torch(net: Net, kind: str, words: list[tuple[int, ...]]) -> list[Any]:
    """What PyTorch says of words of one length; of the empty word, what the head says of zeros."""
    with torch.no_grad():
        if words == [()]:
            outputs = net.decoder(torch.zeros(1, 6, dtype=net.decoder.weight.dtype))
        else:
            outputs = net(torch.tensor(words))
    if kind == "label":
        return outputs.argmax(dim=1).tolist()
    if kind == "accept" and outputs.shape[1] == 2:
        return (outputs[:, 1] > outputs[:, 0]).tolist()
    if kind == "accept":
        return (outputs[:, 0] > 0).tolist()
    return [tuple(row) for row in (torch.softmax(outputs, dim=1) > 0.1).tolist()]


def shown_by_machine(fsm: FSM, kind: str, word: tuple[int, ...]) -> Any:
    """What the machine says; None where the word is a violation."""
    state = fsm.run([fsm.alphabet[a] for a in word])
    if state is None:
        return None
    if kind == "label":
        return int(fsm.outputs[state])
    if kind == "accept":
        return state in fsm.accepting
    return tuple(symbol in fsm.legal(state) for symbol in fsm.alphabet)


def check_every_claim(net: Net, kind: str, found: Extraction, longest: int) -> None:
    """What is claimed of words up to a length holds, and a separating word separates."""
    (claim,) = found.verdict
    symbols = found.fsm.alphabet
    if claim.word is not None:
        word = tuple(symbols.index(symbol) for symbol in claim.word)
        assert shown_by_torch(net, kind, [word])[0] != shown_by_machine(found.fsm, kind, word)
        bound = len(word) - 1 if claim.shortest else -1
    elif claim.equal:
        bound = longest  # proved for all words
    else:
        claimed = re.fullmatch(r"equal on all words up to length (\d+)", claim.relation)
        assert claimed, claim.relation
        bound = int(claimed[1])
        assert bound >= 3
    for length in range(min(bound, longest) + 1):
        words = list(itertools.product(range(len(symbols)), repeat=length))
        expected = [shown_by_machine(found.fsm, kind, word) for word in words]
        if length == 0 and kind == "legal":
            continue  # before the first symbol such a net is not asked
        for word, said, machine in zip(
            words, shown_by_torch(net, kind, words), expected, strict=True
        ):
            if machine is not None:
                assert said == machine, word


KINDS: list[tuple[str, str, int, dict[str, Any]]] = [
    ("GRU", "accept", 1, {"num_layers": 2}),
    ("GRU", "label", 3, {"batch_first": True, "embed": 4}),
    ("LSTM", "accept", 2, {"batch_first": True, "num_layers": 2}),
    ("LSTM", "label", 3, {"embed": 3, "bias": False}),
    ("LSTM", "legal", 3, {"symbols": 3, "batch_first": True}),
    ("RNN", "accept", 1, {"num_layers": 3, "batch_first": True}),
    ("RNN", "accept", 1, {"nonlinearity": "relu"}),
    ("LSTMCell", "accept", 1, {}),
    ("GRUCell", "label", 4, {"embed": 5}),
    ("RNNCell", "legal", 3, {"symbols": 3}),
]


@pytest.mark.parametrize("number", range(len(KINDS)))
def test_every_claim_holds_for_torch(number: int, tmp_path: Path) -> None:
    dtype = torch.float32 if number % 4 < 2 else torch.float64
    suffix = ".pt" if (number % 2 == 0) == (dtype == torch.float32) else ".safetensors"
    layer, kind, outputs, options = KINDS[number]
    net = Net(layer, outputs, seed=number, **options).to(dtype)
    path = tmp_path / f"net{suffix}"
    if suffix == ".pt":
        torch.save({"epoch": 3, "model": net.state_dict()}, path)
    else:
        save_file(net.state_dict(), path, metadata={"format": "pt"})
    theirs = rl.load(
        path,
        alphabet=SYMBOLS[: net.symbols],
        kind=kind,
        nonlinearity=options.get("nonlinearity", "tanh"),
        labels=[str(label) for label in range(outputs)] if kind == "label" else (),
    )
    assert theirs.start().dtype == (np.float32 if dtype == torch.float32 else np.float64)
    found = extract(theirs, budget=SMALL, max_states=12, seconds=60, prove=False)
    check_every_claim(net, kind, found, 9 if net.symbols == 2 else 6)


@pytest.mark.parametrize("seed", range(10, 16))
def test_random_acceptors(seed: int) -> None:
    layer = ("LSTM", "GRU", "RNN")[seed % 3]
    net = Net(layer, 1, seed=seed, num_layers=1 + seed % 2)
    theirs = rl.load(net, alphabet="ab", kind="accept")
    found = extract(theirs, budget=SMALL, max_states=12, seconds=8, prove=seed == 12)
    check_every_claim(net, "accept", found, 10)


# What is refused, by name, through the command


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (Net("GRU", 1, seed=0, bidirectional=True), "is bidirectional: it reads words from their"),
        (Net("LSTM", 1, seed=0, proj_size=4), "is an LSTM with a projection of h (proj_size)"),
        (
            nn.ModuleDict(
                {"one": nn.LSTMCell(2, 6), "two": nn.LSTMCell(6, 6), "out": nn.Linear(6, 1)}
            ),
            "expected one recurrent layer, found one.* (1-layer LSTM of 6 cells), two.*",
        ),
        (
            nn.ModuleDict(
                {
                    "rnn": nn.GRU(2, 6),
                    "head": nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 1)),
                }
            ),
            "'head.0.weight' and 'head.2.weight' are parts of one head",
        ),
        (
            nn.ModuleDict({"rnn": nn.GRU(2, 6), "norm": nn.LayerNorm(6), "out": nn.Linear(6, 1)}),
            "(6,) has no place in this net: normalisation is not read; if it is of what is embedded",
        ),
    ],
    ids=["bidirectional", "projection", "two cells", "deep head", "norm"],
)
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_refusals(
    net: nn.Module, message: str, suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / f"net{suffix}")
    if suffix == ".pt":
        torch.save(net.state_dict(), path)
    else:
        save_file(net.state_dict(), path)
    assert run(["extract", path, "--alphabet", "ab", "--kind", "accept"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_one_of_two_cells_is_not_the_whole_net(tmp_path: Path) -> None:
    both = nn.ModuleDict(
        {"one": nn.LSTMCell(2, 6), "two": nn.LSTMCell(6, 6), "out": nn.Linear(6, 1)}
    )
    torch.save(both.state_dict(), tmp_path / "net.pt")
    with pytest.raises(FormatError, match=r"tensor 'two\.weight_ih' .* has no place"):
        rl.load(tmp_path / "net.pt", alphabet="ab", kind="accept", layer="one")


def test_a_softmax_over_one_output_is_refused_and_over_two_is_no_always() -> None:
    with pytest.raises(FormatError, match="of which a softmax makes 1 always"):
        rl.load(Net("GRU", 1, seed=0), alphabet="ab", kind="accept", readout="softmax>0.5")
    net = Net("GRU", 2, seed=2)
    softmax = rl.load(net, alphabet="ab", kind="accept", readout="softmax>0.5")
    states = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    with torch.no_grad():
        expected = torch.softmax(net.decoder(torch.tensor(states)), dim=1)[:, 1] > 0.5
    assert softmax.observe(states).accept.tolist() == expected.tolist()
    assert len(set(expected.tolist())) == 2


def test_a_net_that_grows_beyond_all_numbers(tmp_path: Path) -> None:
    """A ReLU is not bounded; the state overflows, and that is neither a warning nor an error."""
    net = Net("RNN", 1, seed=0, nonlinearity="relu")
    with torch.no_grad():
        net.core.weight_hh_l0.fill_(1e6)
        net.core.weight_ih_l0.fill_(1.0)
    found = extract(net, alphabet="ab", kind="accept", budget=SMALL, max_states=6)
    assert found.margin == 0.0, "what is no number is as near to a threshold as can be"
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert json.loads(text)["ended_by"] == found.ended_by
    for picture in ("machines", "memories", "cells"):
        extraction_plots.save(found, picture, str(tmp_path / f"{picture}.svg"))


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_malicious_checkpoint_runs_nothing(
    wrapped: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mark = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (mark,)

    path = tmp_path / "net.pt"
    if wrapped:
        torch.save({"state_dict": Net("GRU", 1, seed=0).state_dict(), "config": Evil()}, path)
    else:
        path.write_bytes(pickle.dumps({"rnn.weight_ih_l0": Evil()}, protocol=2))
    assert run(["extract", str(path), "--alphabet", "ab", "--kind", "accept"]) == 2
    assert "refused, because it wants to run" in capsys.readouterr().err
    assert not mark.exists()


class Fading(nn.Module):
    """An acceptor of float32 whose logit is over 0 after every word, and fades with every a."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 1, batch_first=True)
        self.fc = nn.Linear(1, 1)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()
            # An a keeps 97.5 % and adds a little, a b writes 1.
            self.lstm.weight_ih_l0[:] = torch.tensor([[0.0, 0], [3.66, -30], [2.5e-4, 9], [0, 0]])
            self.lstm.bias_ih_l0[:] = torch.tensor([30.0, 0, 0, 30])
            self.fc.weight[:] = 1e-6
            self.fc.bias[:] = 1e-8

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """The logit after words (B, T), (B, T, 1)."""
        return self.fc(self.lstm(nn.functional.one_hot(words, 2).float())[0])


def test_a_proof_is_about_logits_which_a_rounded_sigmoid_may_deny() -> None:
    """Of a logit of 1e-8 a sigmoid of float32 makes ½, which is not over ½: hence a warning."""
    module = Fading()
    found = extract(module, alphabet="ab", kind="accept")
    (own,) = found.verdict
    assert own.relation == "equal: proved"
    assert own.evidence.endswith(
        "in float32 arithmetic, for answers decided on logits; so near that rounded probabilities "
        "may tell otherwise"
    )
    fading = torch.zeros(1, 400, dtype=torch.int64)
    fading[0, 0] = 1
    with torch.no_grad():
        logits = module(fading)[0, :, 0]
    accepted = [found.fsm.accepts("b" + "a" * length) for length in range(400)]
    assert (logits > 0).tolist() == accepted
    probably = torch.sigmoid(logits) > 0.5
    assert probably[:100].all()
    assert not probably[180:].any()
