"""Train the nets of docs/extraction.md: LSTM, GRU and simple RNN on Reber and Tomita's languages.

Some are cut short on purpose, so that there is something to find. What a net was trained on, and
how far it came, is in its file; `scripts/extract_trained.py` says what it learned::

    python scripts/train_for_extraction.py [--only NAME] [--out FOLDER]

Files hold the tensors that `torch.nn.LSTM`, `GRU` or `RNN` would, as float32. Needs the extra
`torch`, and about ten minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from safetensors.numpy import save

import reberlstm as rl
from reberlstm.files import write_atomically
from reberlstm.formats import toml
from reberlstm.net.files.safetensors import in_order
from reberlstm.net.net import ARRAYS, Net
from reberlstm.training import Settings, Training, train

OUT = Path(__file__).parent.parent / "reberlstm" / "net" / "zoo" / "learned"

Cell = Literal["lstm", "gru", "rnn"]
CELL_TYPES: tuple[Cell, ...] = ("lstm", "gru", "rnn")


@dataclass(frozen=True)
class Recipe:
    """One net.

    Attributes:
        grammar: The name of the machine.
        cell: Which layer.
        cells: Its size.
        steps: The most steps of an attempt.
        restarts: Further attempts.
        cut: Whether it was cut short on purpose.
    """

    grammar: str
    cell: Cell
    cells: int
    steps: int = 3_000
    restarts: int = 2
    cut: bool = False

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return f"{self.grammar}-{self.cell}" + ("-cut-short" if self.cut else "")


RECIPES = (
    *(
        # An LSTM of six cells did not learn to count modulo three.
        Recipe(f"tomita-{number}", cell, 8 if cell == "rnn" or number == 6 else 6)
        for number in range(1, 8)
        for cell in CELL_TYPES
    ),
    *(Recipe("reber", cell, 8 if cell == "rnn" else 6) for cell in CELL_TYPES),
    *(Recipe("embedded-reber", cell, 12, 4_000, 1) for cell in CELL_TYPES),
    Recipe("tomita-3", "lstm", 6, 150, 0, cut=True),
    Recipe("tomita-5", "rnn", 8, 250, 0, cut=True),
    Recipe("tomita-7", "gru", 6, 120, 0, cut=True),
    Recipe("reber", "gru", 6, 50, 0, cut=True),
    Recipe("embedded-reber", "lstm", 12, 400, 0, cut=True),
)


def settings(recipe: Recipe, seed: int) -> Settings:
    """What the training is asked for: legal symbols of Reber's grammars, else acceptance."""
    fsm = rl.load_grammar(recipe.grammar)
    return Settings(
        fsm=fsm,
        cell=recipe.cell,
        task="next" if "reber" in recipe.grammar else "accept",
        cells=recipe.cells,
        seed=seed,
        steps=recipe.steps,
        restarts=recipe.restarts,
    )


def to_bytes(recipe: Recipe, trained: Training) -> bytes:
    """The file: one head, float32, and how it was made."""
    net = trained.net
    assert isinstance(net, Net), "no recipe trains a machine itself"
    head = "legal" if trained.settings.task == "next" else "accept"
    (layer,) = net.layers
    tensors = {f"{recipe.cell}.{name}_l0": getattr(layer, name) for name in ARRAYS}
    tensors[f"{head}.weight"] = net.heads[head].weight
    tensors[f"{head}.bias"] = net.heads[head].bias
    metadata = {
        "alphabet": json.dumps(net.alphabet, ensure_ascii=False),
        "grammar": toml.write(trained.settings.fsm),
        "name": recipe.name,
        "training": f"{trained.attempts} attempts, {trained.steps:,} steps in all, "
        f"{trained.accuracy:.4f} of the validation answers right",
    }
    single = {key: np.ascontiguousarray(array, np.float32) for key, array in tensors.items()}
    return in_order(save(single, metadata=metadata))


def main() -> None:
    """Train, save, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="NAME", help="one net")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for recipe in RECIPES:
        if arguments.only in (None, recipe.name):
            start = time.monotonic()
            trained = train(settings(recipe, arguments.seed))
            write_atomically(
                arguments.out / f"{recipe.name}.safetensors", to_bytes(recipe, trained)
            )
            print(
                f"{recipe.name}: {trained.attempts} attempts, {trained.steps:,} steps, "
                f"accuracy {trained.accuracy:.4f}, {time.monotonic() - start:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
