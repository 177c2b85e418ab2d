"""Many words through a net: `reberlstm.run` against torch and onnxruntime, on one thread.

    python scripts/bench_engine.py [--runs 9] [--write]

Words are uniform over 7 symbols, the weights uniform in ±1/√H, the numbers float32; what is asked
for is the last hidden state. torch and onnxruntime get their one-hot inputs ready made. The three
take turns, and the table has the medians of the ratios of neighbouring runs, in processor time;
``--write`` puts it into docs/performance.md.
"""

from __future__ import annotations

import argparse
import io
import os
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402  (the number of threads comes first)
import onnxruntime  # noqa: E402
import torch  # noqa: E402
from in_docs import put  # noqa: E402
from measuring import in_turn, ratio, table, versions  # noqa: E402

import reberlstm as rl  # noqa: E402
from reberlstm.net.cells import CELLS, Layer  # noqa: E402
from reberlstm.net.net import Net  # noqa: E402

SYMBOLS = 7
MODULES = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}

CASES = (
    ("lstm", 6, 1_000, 40),
    ("lstm", 32, 1_000, 40),
    ("lstm", 128, 1_000, 40),
    ("lstm", 6, 100_000, 5),
    ("lstm", 32, 100_000, 5),
    ("lstm", 6, 1, 3_000),
    ("gru", 32, 1_000, 40),
    ("rnn", 32, 1_000, 40),
    ("compiled", 8, 100_000, 20),
    ("compiled", 8, 1, 3_000),
)

HEADINGS = ("net", "H", "words", "symbols each", "ns a symbol", "× torch", "× onnxruntime")


def ours(module: Any, cell: str) -> Net:
    """The same net, without heads."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    layer = Layer(CELLS[cell], *(getattr(module, name).detach().numpy() for name in names))
    symbols = tuple(map(str, range(SYMBOLS)))
    return Net(alphabet=symbols, layers=(layer,), heads={}, dtype="float32")


def session(module: Any, x: Any) -> onnxruntime.InferenceSession:
    """The module in onnxruntime, on one thread."""
    file: Any = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (x,), file, input_names=["x"], dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(file.getvalue(), options)


def row(kind: str, size: int, words: int, length: int, runs: int) -> list[object]:
    """One case."""
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    cell = "lstm" if kind == "compiled" else kind
    module = MODULES[cell](SYMBOLS, size, batch_first=True)
    net = ours(module, cell)
    if kind == "compiled":
        net = rl.compile("reber").replace(dtype="float32")
        with torch.no_grad():
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                getattr(module, f"{name}_l0").copy_(torch.tensor(getattr(net, name)))
    indices = rng.integers(SYMBOLS, size=(words, length))
    x = torch.nn.functional.one_hot(torch.as_tensor(indices), SYMBOLS).float()
    onnx, fed = session(module, x), {"x": x.numpy()}

    def in_torch() -> Any:
        with torch.no_grad():
            return module(x)[0][:, -1].numpy()

    ways: dict[str, Callable[[], Any]] = {
        "ours": lambda: rl.run(net, indices).hidden,
        "torch": in_torch,
        "onnxruntime": lambda: onnx.run(None, fed)[0],
    }
    differ = float(np.abs(ways["ours"]() - in_torch()).max())
    assert differ < 1e-5, f"{kind} {size}: {differ} apart"
    times = in_turn(ways, runs)
    own = median(times["ours"])
    ratios = (f"{ratio(times, name, 'ours'):.2g}" for name in ("torch", "onnxruntime"))
    return [kind, size, f"{words:,}", f"{length:,}", f"{own / indices.size * 1e9:.0f}", *ratios]


def main() -> None:
    """Print the table, and write it if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=9, help="of each way, in turn")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(versions("numpy", "torch", "onnxruntime"))
    lines = table(HEADINGS, [row(*case, arguments.runs) for case in CASES])
    put("engine", lines, arguments.write, page="performance.md")


if __name__ == "__main__":
    main()
