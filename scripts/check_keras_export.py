"""Exported Keras archives in Keras itself, against the float64 simulator, on every shipped grammar.

Keras is no dependency of this package; with the torch backend it needs no TensorFlow:

    pip install keras && KERAS_BACKEND=torch python scripts/check_keras_export.py

It runs the lines that ``reberlstm export --to keras`` prints. Exit status 1 where a logit of
`legal` or `accept` is off by more than 1e-6, or one of `next` by more than 1e-5 (of GRUs
and simple nets by more than 1e-4 and 2e-3).
"""

from __future__ import annotations

import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from check_export_parity import LIMITS, OF_SIGNS, WIRINGS, draw_strings, simulated, wired

from reberlstm import grammar_names, load_grammar
from reberlstm.net.files import keras as target


def main() -> int:
    """Print the largest difference of every head; 1 where a limit is exceeded."""
    over = False
    for name, wiring in product(grammar_names(), WIRINGS):
        net = wired(load_grammar(name), wiring)
        if net is None:
            continue
        strings = draw_strings(load_grammar(name), 100, seed=0)
        names: dict[str, Any] = {}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "net.npz")
            content, lines = target.export(net, str(file))
            file.write_bytes(content)
            exec(lines, names)
        one_hot = np.eye(len(net.alphabet), dtype=np.float32)[strings]
        outputs = names["model"].predict_on_batch(one_hot)
        expected = simulated(net, strings)
        largest = {
            head: float(np.abs(np.asarray(outputs[head]) - expected[head]).max())
            for head in net.heads
        }
        print(
            f"{name:26} {wiring:10}",
            {head: f"{value:.1e}" for head, value in largest.items()},
            flush=True,
        )
        limits = LIMITS if net.layers[0].cell.name == "lstm" else OF_SIGNS
        over |= any(value > limits[head] for head, value in largest.items())
    print("Keras", names["keras"].__version__, "on", names["keras"].backend.backend())
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
