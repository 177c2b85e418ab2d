"""What is known of a net of 512 units within the memory that its state vectors may take.

    python scripts/extract_large.py --file build/large.pt [--units 512] [--seconds 60] [--write]

An LSTM is trained for a short while on Tomita's fourth language and kept in the file. Then the
report of `extract` is printed, with the peak of memory and the processor time of the extraction.
``--write`` puts what it says into docs/extraction.md.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import torch
from in_docs import put
from torch import nn

import reberlstm as rl
from reberlstm.extraction import extract
from reberlstm.extraction.rates import percent
from reberlstm.net.loading import as_net
from reberlstm.render.extraction import extraction_lines

STEPS, BATCH, LENGTH = 150, 32, 20


class Acceptor(nn.Module):
    """One layer and one output."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.rnn = nn.LSTM(2, units, batch_first=True)
        self.accept = nn.Linear(units, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logit after every symbol, (B, T)."""
        logits: torch.Tensor = self.accept(self.rnn(x)[0])[..., 0]
        return logits


def train(units: int, file: Path, language: str = "tomita-4", seed: int = 0) -> None:
    """A short training."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    fsm, module = rl.load_grammar(language), Acceptor(units)
    tables = fsm.tables()
    optimiser = torch.optim.Adam(module.parameters(), lr=1e-3)
    for _ in range(STEPS):
        words = rng.integers(2, size=(BATCH, LENGTH))
        states, answers = np.zeros(BATCH, dtype=np.intp), np.zeros((BATCH, LENGTH), np.float32)
        for t in range(LENGTH):
            states = tables.target[states, np.array(tables.columns(fsm.alphabet))[words[:, t]]]
            answers[:, t] = tables.accepting[states]
        logits = module(nn.functional.one_hot(torch.as_tensor(words), 2).float())
        loss = nn.functional.binary_cross_entropy_with_logits(logits, torch.as_tensor(answers))
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
    torch.save(module.state_dict(), file)


def main() -> None:
    """Train where there is no file; extract, and print what is known."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--units", type=int, default=512)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--write", action="store_true", help="into docs/extraction.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if not arguments.file.exists():
        arguments.file.parent.mkdir(parents=True, exist_ok=True)
        train(arguments.units, arguments.file)
    net = as_net(arguments.file, alphabet="01", kind="accept", head="accept")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begin = time.process_time()
    found = extract(net, seconds=arguments.seconds)
    spent = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines = [line for line in extraction_lines(found) if line and not line.startswith((" ", "q"))]
    print("\n".join(lines))
    own = found.verdict[0]
    told = [
        f"An LSTM of {arguments.units} units, {spent:.0f} s of processor time, at most "
        f"{peak:,.0f} MB of memory ({before:,.0f} MB of them before):",
        "",
        *(f"- {note}" for note in found.notes or ["nothing was left out"]),
        f"- {len(found.fsm.states)} states, {own.relation}: {own.evidence}",
        *(f"- {c.states} states: {percent(c.agreement)} of biased words" for c in found.candidates),
        *(f"- agree on {rate}" for rate in own.rates if rate.lengths is None),
    ]
    put("large", told, arguments.write)


if __name__ == "__main__":
    main()
