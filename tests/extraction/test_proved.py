"""What `extract` calls proved, for nets of every shape: PyTorch in float32, on long words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import reberlstm as rl
from reberlstm.extraction import Budget, extract

pytestmark = pytest.mark.usefixtures("few_words")

SMALL = Budget(pairs=500, walks=10, length=20, rounds=5)


class Shape(nn.Module):
    """An acceptor of float32 over a and b, which mostly goes by the last symbols."""

    def __init__(
        self,
        kind: str,
        seed: int,
        *,
        embed: int = 0,
        into: int = 0,
        deep: bool = False,
        outputs: int = 1,
        around: bool = False,
        learned: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        torch.manual_seed(seed)
        rows = 4 if around else 2
        self.rows, self.around = rows, around
        self.embedding = nn.Embedding(rows, embed) if embed else None
        self.into = nn.Linear(embed or rows, into) if into else None
        self.core = getattr(nn, kind)(into or embed or rows, 5, batch_first=True, **options)
        self.h0 = nn.Parameter(torch.randn(1, 1, 5)) if learned else None
        parts = [nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, outputs)]
        self.head = nn.Sequential(*parts) if deep else nn.Linear(5, outputs)
        with torch.no_grad():
            for name, parameter in self.core.named_parameters():
                parameter.mul_(4.0 if "weight_ih" in name else 0.2)
            # So that it says yes to some words and no to others, and clearly.
            z = self(self.fed(np.random.default_rng(seed).integers(2, size=(60, 9))))
            z = (z[:, -1] - (z[:, 0] if outputs == 2 else 0.0)).sort().values
            gap = 5 + int(z[5:-5].diff().argmax())
            last = self.head[-1] if deep else self.head
            last.bias[-1] -= (z[gap] + z[gap + 1]) / 2

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """The logits after words (B, T), (B, R)."""
        x = nn.functional.one_hot(words, self.rows).float()
        x = x if self.embedding is None else self.embedding(words)
        x = x if self.into is None else self.into(x)
        start = None if self.h0 is None else self.h0.expand(-1, len(words), -1).contiguous()
        return self.head(self.core(x, start)[0][:, -1])

    def fed(self, words: np.ndarray) -> torch.Tensor:
        """What is fed for words (B, T) of 0 and 1."""
        rows = torch.from_numpy(words)
        if self.around:
            rows = nn.functional.pad(nn.functional.pad(rows, (1, 0), value=2), (0, 1), value=3)
        return rows

    def accepts(self, words: np.ndarray) -> np.ndarray:
        """Whether it accepts words (B, T) of 0 and 1."""
        with torch.no_grad():
            z = self(self.fed(words)).numpy()
        return z[:, 0] > 0 if z.shape[1] == 1 else z[:, 1] > z[:, 0]


SHAPES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "gru": ("GRU", {}, {}),
    "two outputs": ("RNN", {"outputs": 2}, {"kind": "accept", "readout": "softmax>0.5"}),
    "rnn": ("RNN", {"learned": True}, {"initial": "h0"}),
    "relu": ("RNN", {"nonlinearity": "relu"}, {}),
    "two layers, embedded": ("RNN", {"embed": 3, "num_layers": 2}, {}),
    "layer before": ("LSTM", {"embed": 3, "into": 4}, {}),
    "deep head": ("LSTM", {"deep": True}, {}),
    "begin and end": ("GRU", {"around": True, "embed": 3}, {"prefix": "^", "suffix": "$"}),
}


SEEDS = {"gru": 4, "layer before": 2, "deep head": 4, "begin and end": 8}
"""Those of 0 to 8 whose machine has several states and is proved; of the others it is 0."""


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_proved_is_what_pytorch_does(name: str) -> None:
    kind, options, reading = SHAPES[name]
    reading = {"alphabet": "ab^$" if options.get("around") else "ab", "kind": "accept"} | reading
    module = Shape(kind, SEEDS.get(name, 0), **options).eval()
    found = extract(module, budget=SMALL, max_states=8, seconds=30, **reading)
    assert found.verdict[0].relation == "equal: proved"
    assert len(found.fsm.states) > 1
    # Random words, and short ones that are repeated.
    rng = np.random.default_rng(0)
    words = [rng.integers(2, size=(20, length)) for length in (1, 2, 7, 300)]
    words += [np.tile(rng.integers(2, size=(10, n)), (1, 200)) for n in (1, 2, 3)]
    for batch in words:
        machine = [found.fsm.accepts("".join("ab"[x] for x in word)) for word in batch]
        assert module.accepts(batch).tolist() == machine


def test_a_proof_of_an_object_is_one_of_its_weights() -> None:
    """What its own code does is not in the certificate, and the evidence says so."""
    net = rl.compile("parity")

    class Own:
        alphabet, kind, weights = net.alphabet, "accept", net

        def initial(self) -> np.ndarray:
            return net.initial()

        def step(self, states: np.ndarray, symbols: np.ndarray) -> np.ndarray:
            return net.step(states, symbols)

        def observe(self, states: np.ndarray) -> np.ndarray:
            accept = net.observe(states).accept
            assert accept is not None
            return accept

    (own,) = extract(Own(), budget=SMALL).verdict
    assert own.relation == "equal: proved"
    assert own.evidence.startswith("certificate of its weights in scope 'all'")
