"""Many words through a net: `reberlstm.run` against torch and onnxruntime, on one thread.

    python scripts/bench_engine.py [--runs 9] [--write]

Words are uniform over 7 symbols, the weights uniform in ±1/√H, the numbers float32; what is asked
for is the last hidden state. torch and onnxruntime get their one-hot inputs ready made. They and
the engine, once in numpy and once with numba, take turns, and the table has the medians of the
ratios of neighbouring runs, in processor time; ``--write`` puts it into docs/performance.md. Numba
is loaded before that. Let OpenBLAS choose its kernel itself: unset OPENBLAS_CORETYPE.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import os
import warnings
from collections.abc import Callable
from functools import partial
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
from reberlstm.net import fast  # noqa: E402
from reberlstm.net.cells import CELLS, Layer  # noqa: E402
from reberlstm.net.net import Net  # noqa: E402

SYMBOLS = 7
WISHES = {"numpy": "never", "numba": "always"}
if importlib.util.find_spec("numba") is None:
    del WISHES["numba"]
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
        "torch": in_torch,
        **{name: partial(engine, wish) for name, wish in WISHES.items()},
        "onnxruntime": lambda: onnx.run(None, fed)[0],
    }
    for name in WISHES:
        differ = float(np.abs(ways[name]() - in_torch()).max())
        assert differ < 1e-5, f"{kind} {size}: {name} is {differ} apart"
    times = in_turn(ways, runs)
    columns = [[f"{median(times[name]) / indices.size * 1e9:.0f}" for name in WISHES]]
    for other in ("torch", "onnxruntime"):
        columns.append([f"{ratio(times, other, name):.2g}" for name in WISHES])
    missing = ["–"] * (2 - len(WISHES))
    cells = [cell for column in columns for cell in (*column, *missing)]
    return [kind, size, f"{words:,}", f"{length:,}", *cells]


def main() -> None:
    """Print the table, and write it if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=9, help="of each way, in turn")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(versions("numpy", "torch", "onnxruntime", "numba"))
    if "numba" in WISHES:
        os.environ["REBERLSTM_COMPILED"] = "always"
        (seconds,) = in_turn({"numba": lambda: fast.is_worth(0.0)}, 1)["numba"]
        print(
            f"numba and the compiled code: {seconds:.2f} s of processor time until they are there"
        )
    lines = table(HEADINGS, [row(*case, arguments.runs) for case in CASES])
    put("engine", lines, arguments.write, page="performance.md")


if __name__ == "__main__":
    main()
