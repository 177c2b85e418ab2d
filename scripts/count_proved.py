"""How many 64-unit LSTMs and two-layer GRUs, trained on words alone, are proved equal to a machine.

    python scripts/count_proved.py [--nets 2] [--seconds 30]

They learn Tomita's first and fourth language for a short while. Printed are, for each net, its
machine and what is known of net and machine, and of net and reference.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from bench_unseen import trained
from extract_large import train

import reberlstm as rl
from reberlstm.extraction import extract
from reberlstm.net.loading import as_net

LANGUAGES = ("tomita-1", "tomita-4")


def nets(each: int, folder: Path) -> Iterator[tuple[str, str, Any]]:
    """Kind, language and net."""
    for number in range(each):
        language = LANGUAGES[number % len(LANGUAGES)]
        fsm = rl.load_grammar(language)
        train(64, folder / "lstm.pt", language=language, seed=number)
        file = folder / "gru.pt"
        torch.save(trained(fsm, "gru", 16, seed=number), file)
        yield "LSTM of 64", language, folder / "lstm.pt"
        yield "GRU of 2 × 16", language, file


def main() -> None:
    """Print a line for each net, and how many are proved."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nets", type=int, default=2, help="of each kind")
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    proved: dict[str, list[bool]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, language, file in nets(arguments.nets, Path(folder)):
            net = as_net(file, alphabet="01", kind="accept", head="accept")
            found = extract(net, reference=language, seconds=arguments.seconds)
            own, _, reference = found.verdict
            proved.setdefault(kind, []).append(own.equal is True)
            states = f"{len(found.fsm.states)} states"
            print(f"{kind}, {language}: {states}; {own.relation}; reference: {reference.relation}")
    for kind, each in proved.items():
        print(f"{kind}: {sum(each)} of {len(each)} proved equal to a machine")


if __name__ == "__main__":
    main()
