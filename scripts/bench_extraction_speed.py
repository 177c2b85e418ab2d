"""How fast a million steps of a 64-unit LSTM take in an extraction, and in plain ways to run it.

    python scripts/bench_extraction_speed.py

The same net is stepped by PyTorch, one word after the other, as black-box learners ask it; by
AALpy's random-word oracle on top of that; and by PyTorch in batches of words of one length, which
shares nothing between words. All are given the CPU time of one thread; runs are interleaved, and
medians and their ratios are printed.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from aalpy.base import SUL
from aalpy.learning_algs import run_KV
from aalpy.oracles import RandomWordEqOracle
from measuring import table, versions
from torch import nn

from reberlstm.extraction import Budget, extract
from reberlstm.net.loading import as_net

CELLS, SYMBOLS = 64, 2
NAIVE_STEPS = 20_000
BATCH, LENGTH = 500, 100


class Acceptor(nn.Module):
    """A random LSTM, lively enough that no two words come to the same memory."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.rnn = nn.LSTM(SYMBOLS, CELLS, batch_first=True)
        self.out = nn.Linear(CELLS, 1)
        with torch.no_grad():
            for parameter in self.rnn.parameters():
                parameter.mul_(2.0)
            self.out.bias.zero_()

    def forward(self, x: Any) -> Any:
        """The logit after every symbol, (B, T, 1)."""
        return self.out(self.rnn(x)[0])


class Asked(SUL):  # type: ignore[misc]
    """The net as AALpy asks it, symbol by symbol."""

    def __init__(self, model: Acceptor) -> None:
        super().__init__()
        self.model, self.steps, self.state = model, 0, None
        self.columns = torch.eye(SYMBOLS)

    def pre(self) -> None:
        """Begin a word."""
        self.state = None

    def post(self) -> None:
        """End a word."""

    def step(self, letter: int | None) -> bool:
        """One symbol, or none."""
        if letter is None:
            return bool(self.model.out(torch.zeros(CELLS))[0] > 0)
        h, self.state = self.model.rnn(self.columns[letter][None, None], self.state)
        self.steps += 1
        return bool(self.model.out(h[0, -1])[0] > 0)


def ours(model: Acceptor, dtype: str, steps: int) -> tuple[int, float]:
    """Steps and seconds of a whole extraction."""
    net = as_net(model, alphabet="01", kind="accept").replace(dtype=dtype)
    budget = Budget(pairs=2 * steps)
    start = time.process_time()
    found = extract(net, budget=budget, max_words=steps, seconds=3_600, prove=False)
    return found.steps, time.process_time() - start


def one_by_one(model: Acceptor) -> tuple[int, float]:
    """Steps and seconds of PyTorch, a word at a time, symbol by symbol."""
    asked = Asked(model)
    letters = random.Random(0)
    start = time.process_time()
    while asked.steps < NAIVE_STEPS:
        asked.pre()
        for _ in range(LENGTH):
            asked.step(letters.randrange(SYMBOLS))
    return asked.steps, time.process_time() - start


def by_aalpy(model: Acceptor) -> tuple[int, float]:
    """Steps and seconds of AALpy's KV with random words."""
    random.seed(0)
    asked = Asked(model)
    alphabet = list(range(SYMBOLS))
    oracle = RandomWordEqOracle(
        alphabet, asked, num_walks=NAIVE_STEPS // LENGTH, min_walk_len=LENGTH, max_walk_len=LENGTH
    )
    start = time.process_time()
    run_KV(alphabet, asked, oracle, automaton_type="dfa", print_level=0, max_learning_rounds=5)
    return asked.steps, time.process_time() - start


def in_batches(model: Acceptor) -> tuple[int, float]:
    """Steps and seconds of PyTorch on many words of one length."""
    rounds = 10
    words = torch.eye(SYMBOLS)[torch.randint(SYMBOLS, (BATCH, LENGTH))]
    start = time.process_time()
    for _ in range(rounds):
        model(words)
    return rounds * BATCH * LENGTH, time.process_time() - start


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = Acceptor(0)
    ways: dict[str, Callable[[], Any]] = {
        "extract, float32": lambda: ours(model, "float32", arguments.steps),
        "extract, float64": lambda: ours(model, "float64", arguments.steps),
        "torch, symbol by symbol": lambda: one_by_one(model),
        "AALpy (KV, random words) on torch": lambda: by_aalpy(model),
        "torch, batches of 500 words": lambda: in_batches(model),
    }
    measured: dict[str, list[tuple[int, float]]] = {name: [] for name in ways}
    with torch.no_grad():
        for _ in range(arguments.runs):
            for name, way in ways.items():
                measured[name].append(way())
    rates = {name: [steps / spent for steps, spent in runs] for name, runs in measured.items()}
    base = rates["extract, float32"]
    rows = [
        (
            name,
            f"{runs[0][0]:,}",
            f"{median(spent for _, spent in runs):.1f}",
            f"{median(rates[name]):,.0f}",
            f"{median(theirs / ours for theirs, ours in zip(rates[name], base, strict=True)):.3f}",
        )
        for name, runs in measured.items()
    ]
    print(versions("numpy", "torch", "aalpy"))
    headings = ("way", "steps of the net", "CPU s", "steps/s", "of `extract`, float32")
    print("\n".join(table(headings, rows)))


if __name__ == "__main__":
    main()
