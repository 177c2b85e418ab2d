"""Many words through a net: `reberlstm.run` against torch and onnxruntime, on one thread.

    python scripts/bench_engine.py [--runs 9] [--write]

Words are uniform over 7 symbols, the weights uniform in ±1/√H, the numbers float32; what is asked
for is the last hidden state. torch and onnxruntime get their one-hot inputs ready made. They and
the engine, once in numpy and once compiled, take turns, and the table has the ratios of their
median processor times; ``--write`` puts it into docs/performance.md. Numba is loaded, and the code
compiled, before that. Let OpenBLAS choose its kernel itself: unset OPENBLAS_CORETYPE.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import os
import sys
import time
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

import reberlstm as rl  # noqa: E402
from reberlstm.net import fast  # noqa: E402
from reberlstm.net.cells import CELLS, Layer  # noqa: E402
from reberlstm.net.net import Net  # noqa: E402

SYMBOLS = 7
OURS = ("numpy", "compiled")
NUMBA = importlib.util.find_spec("numba") is not None
MODULES = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}

CASES = (
    ("lstm", 6, 1_000, 40),
    ("lstm", 32, 1_000, 40),
    ("lstm", 128, 1_000, 40),
    ("lstm", 6, 100_000, 5),
    ("lstm", 32, 100_000, 5),
    ("lstm", 6, 1, 3_000),
    ("lstm", 32, 1, 3_000),
    ("gru", 32, 1_000, 40),
    ("rnn", 32, 1_000, 40),
    ("compiled", 8, 100_000, 20),
    ("compiled", 8, 1, 3_000),
)

HEADINGS = (
    *("net", "H", "words", "symbols each", "ns a symbol: numpy", "numba"),
    *("× torch: numpy", "numba", "× onnxruntime: numpy", "numba"),
)


def cpu(run: Callable[[], Any]) -> float:
    """Seconds of processor time."""
    begin = time.process_time()
    run()
    return time.process_time() - begin


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

    def engine(wish: str) -> Any:
        os.environ["REBERLSTM_COMPILED"] = wish
        return rl.run(net, indices).hidden

    ways: dict[str, Callable[[], Any]] = {
        "numpy": lambda: engine("never"),
        "torch": in_torch,
        "compiled": lambda: engine("always"),
        "onnxruntime": lambda: onnx.run(None, fed)[0],
    }
    if not NUMBA:
        del ways["compiled"]
    for name in ways.keys() & set(OURS):
        differ = float(np.abs(ways[name]() - in_torch()).max())
        assert differ < 1e-5, f"{kind} {size}: {name} is {differ} apart"
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            times[name].append(cpu(way))
    middle = {name: median(each) for name, each in times.items()}
    symbol = [f"{middle[way] / indices.size * 1e9:.0f}" for way in OURS if way in ways]
    ratios = [
        [f"{middle[other] / middle[way]:.2g}" for way in OURS if way in ways]
        for other in ("torch", "onnxruntime")
    ]
    missing = ["–"] * (not NUMBA)
    cells = [cell for both in (symbol, *ratios) for cell in (*both, *missing)]
    return [kind, size, f"{words:,}", f"{length:,}", *cells]


def main() -> None:
    """Print the table, and write it if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=9, help="of each way, in turn")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    versions: dict[str, Any] = {"numpy": np, "torch": torch, "onnxruntime": onnxruntime}
    if NUMBA:
        loaded = cpu(lambda: importlib.import_module("numba"))
        versions["numba"] = sys.modules["numba"]
        os.environ["REBERLSTM_COMPILED"] = "always"
        seconds = cpu(lambda: fast.is_worth(0.0)) + loaded
        print(f"numba and the compiled code are loaded in {seconds:.2f} s of processor time")
    print(", ".join(f"{name} {module.__version__}" for name, module in versions.items()))
    lines = [f"| {' | '.join(HEADINGS)} |", "|---" + "|---:" * (len(HEADINGS) - 1) + "|"]
    lines += [f"| {' | '.join(map(str, row(*case, arguments.runs)))} |" for case in CASES]
    put("engine", lines, arguments.write, page="performance.md")


if __name__ == "__main__":
    main()
