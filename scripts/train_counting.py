"""Nets that learn to count, against nets that are wired to: the table of docs/counting.md.

    python scripts/train_counting.py [--seeds 20] [--steps 1200] [--write]

For three machines with counters, LSTMs, GRUs and simple nets learn whether a word is accepted, from
words of up to 20 symbols, many seeds at once. Then each is asked about the words of a family, such
as aⁿ bⁿ⁺¹, after every symbol: the first n with a wrong answer is where it breaks. The counter of
an LSTM is the cell whose memory goes furthest on a run of the first symbol; its slopes are what it
gains and loses by a symbol, and its drift what a pair leaves behind, as a share of that (medians
over seeds). Of the other cells it is said how far any of them still moves by the 50th such symbol.
Then the compiled net is trained further in the same way.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from statistics import median
from typing import Any

import numpy as np
import torch
from in_docs import put

import reberlstm as rl
from reberlstm.grammars import as_machine
from reberlstm.machine.counters import CounterMachine
from reberlstm.training.cells import at_random, from_weights, parameters, read, run
from reberlstm.training.objective import objective_of

FAMILIES = {"anbn": "ab", "dyck-1": "()", "shuffle-2": "([)]"}
"""The n-th word of a family has each symbol n times, in this order, and the last one once more."""

CELLS, WORDS, RATE, TUNING_RATE, TUNING_STEPS = 6, 16, 2e-2, 1e-3, 300
TAUGHT, LONGEST = 20, 100  # symbols of the longest words to learn from; the largest n tried
RUN = 50  # so many symbols the slope is taken over
GAINS = (10.0, 20.0, 80.0)

Arrays = Mapping[str, np.ndarray[Any, Any]]


def trained(machine: CounterMachine, cell: str, first: Arrays, steps: int, rate: float) -> Any:
    """N nets after so many steps of Adam, at a rate that falls to a tenth along half a cosine."""
    torch.set_num_threads(1)
    objective, weights = objective_of(machine, "accept"), parameters(first)
    rng = np.random.default_rng(0)
    optimiser = torch.optim.Adam(weights.values(), lr=rate)
    for step in range(steps):
        words = objective.draw(rng, len(first["bias"]), WORDS, TAUGHT)
        loss = objective.loss(cell, weights, words, None).words.sum()  # type: ignore[arg-type]
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        fall = 0.5 * (1.0 + math.cos(math.pi * step / steps))
        optimiser.param_groups[0]["lr"] = rate * (0.1 + 0.9 * fall)
        optimiser.step()
    return weights


def breaks(machine: CounterMachine, cell: str, weights: Any) -> list[int | None]:
    """For each net the first n of the family with a wrong answer; None up to `LONGEST`."""
    order = [machine.alphabet.index(symbol) for symbol in FAMILIES[machine.name]]
    found: list[int | None] = [None] * len(weights["bias"])
    words = [[a for a in order for _ in range(n)] + order[-1:] for n in range(1, LONGEST + 1)]
    symbols = np.zeros((len(words[-1]), 1, LONGEST), dtype=np.intp)
    truth = np.zeros((len(words[-1]), LONGEST), dtype=bool)
    present = np.zeros_like(truth)
    for column, word in enumerate(words):
        at: Any = machine.start_configuration
        for t, a in enumerate(word):
            at = machine.step(at, machine.alphabet[a]) if at is not None else None
            symbols[t, 0, column], present[t, column] = a, True
            truth[t, column] = at is not None and machine.accepting_at(at)
    with torch.no_grad():
        every = torch.as_tensor(symbols).expand(-1, len(found), -1)
        said = (read(weights, "accept", run(cell, weights, every)[0])[..., 0] > 0.0).numpy()
    wrong = ((said != truth[:, None]) & present[:, None]).any(axis=0)  # (N, B)
    for net, line in enumerate(wrong):
        if line.any():
            found[net] = int(line.argmax()) + 1
    return found


def slopes(machine: CounterMachine, cell: str, weights: Any) -> np.ndarray[Any, Any]:
    """For each net what its counter gains and loses by a symbol, and what still moves, (N, 3)."""
    order = {"anbn": "ab", "dyck-1": "()", "shuffle-2": "()"}[machine.name]
    symbols = np.repeat([machine.alphabet.index(symbol) for symbol in order], RUN)
    with torch.no_grad():
        nets = len(weights["bias"])
        every = torch.as_tensor(symbols)[:, None, None].expand(-1, nets, -1)
        memory = run(cell, weights, every)[1][:, :, 0].numpy()  # (T, N, H)
    which = np.abs(memory[RUN - 1] - memory[0]).argmax(axis=1)
    of = memory[:, np.arange(nets), which]
    return np.stack(
        [
            (of[RUN - 1] - of[0]) / (RUN - 1) * np.sign(of[RUN - 1]),
            (of[2 * RUN - 2] - of[RUN - 1]) / (RUN - 1) * np.sign(of[RUN - 1]),
            np.abs(memory[RUN - 1] - memory[RUN - 2]).max(axis=1),
        ],
        axis=1,
    )


def row(machine: CounterMachine, cell: str, title: str, weights: Any) -> list[str]:
    """One row: seeds, those right up to the lengths that were learned, where others break."""
    found = breaks(machine, cell, weights)
    known = TAUGHT // len(FAMILIES[machine.name])
    far = [LONGEST + 1 if n is None else n for n in found]
    shown = [f"> {LONGEST}" if n > LONGEST else f"{n:g}" for n in (min(far), median(far), max(far))]
    rises = slopes(machine, cell, weights)
    if cell == "lstm":
        up, down, _ = np.median(rises, axis=0)
        drift = np.median(np.abs(rises[:, 0] + rises[:, 1]) / np.maximum(rises[:, 0], 1e-12))
        text = f"{up:+.4f} | {down:+.4f} | {drift:.1e}"
    else:
        text = f"moves by {np.median(rises[:, 2]):.1e} | – | –"
    learned = f"{sum(n > known for n in far)} of {len(far)}"
    return [machine.name, title, learned, *shown, text]


def tuned(machine: CounterMachine, gain: float, rate: float) -> Any:
    """The compiled net of some gain, trained further; with rate 0 as it is."""
    net = rl.compile(machine, gain=gain)
    first = from_weights(np.random.default_rng(0), net, net.size, {"accept": 1})
    return trained(machine, "lstm", first, TUNING_STEPS if rate else 0, rate)


def main() -> None:
    """Print the table, and write it if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--write", action="store_true", help="into docs/counting.md")
    arguments = parser.parse_args()
    titles = ["machine", "net", "right as far as taught", "breaks first at n", "median", "last"]
    titles += ["slope up", "slope down", "drift"]
    lines = [f"| {' | '.join(titles)} |", "|---|---|---|" + "---:|" * 6]
    for name in FAMILIES:
        machine = as_machine(name)
        assert isinstance(machine, CounterMachine)
        for cell, title in {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}.items():
            first = at_random(
                np.random.default_rng(1),
                cell=cell,
                symbols=len(machine.alphabet),
                cells=CELLS,
                heads={"accept": 1},
                nets=arguments.seeds,
            )
            weights = trained(machine, cell, first, arguments.steps, RATE)
            lines.append(f"| {' | '.join(row(machine, cell, title, weights))} |")
            print(lines[-1], flush=True)
        for gain in GAINS:
            for rate, what in ((0.0, "compiled"), (TUNING_RATE, "the same, trained further")):
                title = f"{what}, gain {gain:g}"
                lines.append(
                    f"| {' | '.join(row(machine, 'lstm', title, tuned(machine, gain, rate)))} |"
                )
                print(lines[-1], flush=True)
    put("counting trained", lines, arguments.write, page="counting.md")


if __name__ == "__main__":
    main()
