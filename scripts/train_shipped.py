"""Train the small Reber net that is shipped, and prove it.

    python scripts/train_shipped.py [--seed 0] [--out FILE]

Four cells learn, by back-propagation, which symbols may come next. Noise on the memory, added after
every step, makes the net contract: without it a net is as accurate, but no box around its memory
closes, and nothing can be proved. Takes about a minute on one core; needs the extra `torch`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import reberlstm as rl
from reberlstm.net.net import LSTMWeights
from reberlstm.net.readouts import Head

OUT = Path(__file__).parent.parent / "reberlstm" / "net" / "zoo" / "reber-4.safetensors"
CELLS = 4
NOISE = 0.6
"""Standard deviation of the noise on ``c``, reached after `RAMP` steps."""
RAMP = 1_500
STEPS = 3_000
WORDS = 32
LONGEST = 40


def train(seed: int) -> LSTMWeights:
    """Adam on the binary cross-entropy of every symbol's legality after every prefix."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    reber = rl.load_grammar("reber")
    symbols = len(reber.alphabet)
    cell, head = nn.LSTMCell(symbols, CELLS), nn.Linear(CELLS, symbols)
    optimiser = torch.optim.Adam([*cell.parameters(), *head.parameters()], lr=1e-2)
    words = reber.sample(3_000, seed=seed)
    cross_entropy = nn.BCEWithLogitsLoss(reduction="none")
    for number in range(STEPS):
        if number == STEPS // 2:
            optimiser.param_groups[0]["lr"] = 3e-3
        x, legal, mask = _batch(reber, [words[i] for i in rng.integers(len(words), size=WORDS)])
        noise = NOISE * min(1.0, number / RAMP)
        h = c = torch.zeros(WORDS, CELLS)
        loss = torch.zeros(())
        for t in range(len(x)):
            h, c = cell(x[t], (h, c))
            loss = loss + (cross_entropy(head(h), legal[t]).sum(dim=1) * mask[t]).sum()
            c = c + noise * torch.randn_like(c)
        optimiser.zero_grad()
        (loss / mask.sum()).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(cell.parameters(), 1.0)
        optimiser.step()

    def array(parameter: Tensor) -> np.ndarray:
        return parameter.detach().double().numpy()

    return LSTMWeights(
        alphabet=reber.alphabet,
        cells=tuple(f"c{number}" for number in range(CELLS)),
        weight_ih=array(cell.weight_ih),
        weight_hh=array(cell.weight_hh),
        bias_ih=array(cell.bias_ih),
        bias_hh=array(cell.bias_hh),
        heads={"legal": Head(array(head.weight), array(head.bias))},
        grammar=reber,
        claims="legal",
        name=f"trained-{CELLS}",
        height=1.0,
    )


def _batch(fsm: rl.FSM, words: list[tuple[str, ...]]) -> tuple[Tensor, Tensor, Tensor]:
    """One-hot symbols (T, B, A), the legal sets after them, and where a word still goes on."""
    length = min(max(len(word) for word in words) - 1, LONGEST)
    x = torch.zeros(length, len(words), len(fsm.alphabet))
    legal, mask = torch.zeros_like(x), torch.zeros(length, len(words))
    for row, word in enumerate(words):
        state: str | None = fsm.start
        for t, symbol in enumerate(word[:-1][:length]):
            state = fsm.next_state(state or fsm.start, symbol)
            x[t, row, fsm.alphabet.index(symbol)] = 1.0
            mask[t, row] = 1.0
            for offered in fsm.legal(state or fsm.start):
                legal[t, row, fsm.alphabet.index(offered)] = 1.0
    return x, legal, mask


def main() -> None:
    """Train, save, and print the certificate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    net = train(arguments.seed)
    rl.save(net, arguments.out)
    print(f"seed {arguments.seed}, written to {arguments.out}")
    print(rl.certify(net))


if __name__ == "__main__":
    main()
