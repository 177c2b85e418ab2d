"""What nets that count do in runtimes, and what is proved of them; see docs/counting.md.

    python scripts/bench_counting.py [--only gains|lengths|certificates|random] [--write]

`gains`: for each gain and runtime the first wrong answer on a^20000 b^20001 by the net of anbn, and
on a random word of 100,000 brackets by that of dyck-1. `lengths`: the length up to which certify
proves anbn in real arithmetic, and the first wrong word a^n b^n, by runs in float64 up to a gain of
28 and by the closed form beyond. `certificates`: machines and formats. `random`: random machines
with one to three counters, words with violations. Exit status 1 where a proof is contradicted, or
an answer of the last table is wrong. ``--write`` puts the tables into docs/counting.md.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from counter_machines import SHIPPED, random_machine, random_word, right_answers
from in_docs import put

import reberlstm as rl
from reberlstm.certificates import CountingProof
from reberlstm.net.files.onnx import export
from reberlstm.net.net import Net

GAINS = (8, 12, 17, 20, 40, 80)
RUNTIMES = ("torch float32", "torch float64", "torch bfloat16", "onnxruntime float32")
FORMATS = ("real", "float64", "float32", "float16", "bfloat16")
LONG, WALK = 20_000, 100_000
SIMULATED, STEPPED, CLOSED = (8, 12, 16, 20), (24, 28), (32, 36, 40)
MACHINES, WORDS, LENGTH = 102, 10, 60
MOST_CELLS = 60
"""Random machines of at most so many cells are proved."""


def torch_answers(net: Net, word: Sequence[int], dtype: torch.dtype) -> Any:
    """What a stock nn.LSTM answers after each symbol, (T, A + 1)."""
    (layer,) = net.layers
    lstm = torch.nn.LSTM(len(net.alphabet), net.size, dtype=dtype)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    lstm.load_state_dict({f"{x}_l0": torch.tensor(np.asarray(getattr(layer, x))) for x in names})
    weight = np.concatenate([net.heads[x].weight for x in ("legal", "accept")])
    bias = np.concatenate([net.heads[x].bias for x in ("legal", "accept")])
    x = torch.nn.functional.one_hot(torch.tensor(word), len(net.alphabet)).to(dtype)
    with torch.no_grad():
        h, _ = lstm(x[:, None])
        z = h[:, 0] @ torch.tensor(weight, dtype=dtype).T + torch.tensor(bias, dtype=dtype)
    return (z > 0.0).numpy()


def onnx_answers(net: Net, word: Sequence[int]) -> Any:
    """The same of onnxruntime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    content = export(net, "net.onnx", "float32")[0]
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    x = np.eye(len(net.alphabet), dtype=np.float32)[np.array(word)[None]]
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(names, {"x": x}), strict=True))
    return np.concatenate([found["legal"][0], found["accept"][0]], axis=1) > 0.0


def answers(net: Net, word: Sequence[int], runtime: str) -> Any:
    """What a runtime answers after each symbol."""
    if runtime.startswith("onnx"):
        return onnx_answers(net, word)
    return torch_answers(net, word, getattr(torch, runtime.split()[1]))


def first_wrong(net: Net, word: Sequence[int], right: Any, runtime: str) -> str:
    """After how many symbols the first answer is wrong."""
    wrong = np.flatnonzero((answers(net, word, runtime) != right).any(axis=1))
    return f"{wrong[0] + 1:,}" if len(wrong) else "none"


def brackets(length: int) -> list[int]:
    """A random word of brackets, which goes up to some hundreds."""
    rng, depth, word = random.Random(0), 0, []
    for _ in range(length):
        up = depth == 0 or rng.random() < 0.5
        depth += 1 if up else -1
        word.append(0 if up else 1)
    return word


def gains() -> Iterator[str]:
    """Gain and runtime against the first error."""
    anbn, dyck = [0] * LONG + [1] * (LONG + 1), brackets(WALK)
    right: dict[str, Any] = {}
    for name, word in (("anbn", anbn), ("dyck-1", dyck)):
        machine: Any = rl.load_grammar(name)
        right[name] = np.array(right_answers(machine, word)[1:])
    yield "| gain | " + " | ".join(RUNTIMES) + " |"
    yield "| ---: |" + " ---: |" * len(RUNTIMES)
    for gain in GAINS:
        found = []
        for runtime in RUNTIMES:
            both = (("anbn", anbn), ("dyck-1", dyck))
            found.append("; ".join(
                first_wrong(rl.compile(name, gain=gain), word, right[name], runtime)
                for name, word in both
            ))  # fmt: skip
        yield f"| {gain} | " + " | ".join(found) + " |"


def counter_of(net: Net) -> tuple[float, float, float]:
    """What the counter of anbn keeps and adds in a step, and what c has to be for b to be legal."""
    gain = net.gain or 1.0
    open_ = 1.0 / (1.0 + math.exp(-gain))
    (legal,) = net.heads["legal"].layers
    row, cell = net.alphabet.index("b"), net.cells.index("n")
    states = [net.cells.index(x) for x in ("bs", "started")]
    others = legal.bias[row] + math.tanh(1.0) * legal.weight[row, states].sum()
    return open_, open_ * math.tanh(gain), math.atanh(-others / legal.weight[row, cell])


def closed_form(net: Net) -> int:
    """The first n for which the net is wrong along a^n b^n, where its counter alone leaks.

    After a^n b^m the counter is s·(f^m·(1 − f^n) − (1 − f^m))/(1 − f) with s = i·g. It has to tell
    1 from 0 before the last b: that h is over the middle.
    """
    _, added, least = counter_of(net)
    lost = 1.0 / (1.0 + math.exp(net.gain or 1.0))  # 1 − f

    def last(n: int) -> float:
        log = math.log1p(-lost)
        kept = [math.exp(k * log) for k in (n, n - 1)]
        up, down = (-math.expm1(k * log) for k in (n, n - 1))
        return added * (kept[1] * up - down) / lost

    low, high = 1, 2
    while last(high) > least:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if last(middle) > least else (low, middle)
    return high


def lengths(faults: list[str]) -> Iterator[str]:
    """What is proved in real arithmetic, against the first wrong word."""
    yield "| gain | proved up to | first wrong a^n b^n | ratio | found by |"
    yield "| ---: | ---: | ---: | ---: | --- |"
    for gain in (*SIMULATED, *STEPPED, *CLOSED):
        net = rl.compile("anbn", gain=gain)
        proof = rl.certify(net)
        assert isinstance(proof, CountingProof)
        assert proof.length is not None
        n, by = closed_form(net), "closed form"
        if gain in SIMULATED:
            n, by = simulated(n, partial(is_wrong, net)), "runs of nn.LSTM in float64"
        elif gain in STEPPED:
            n, by = simulated(n, partial(drifts, net)), "steps of the counter"
        ratio = 2 * n / proof.length
        if not 1.0 < ratio <= 4.0:
            faults.append(f"gain {gain}: proved {proof.length}, wrong {2 * n}")
        yield f"| {gain} | {proof.length:,} | {2 * n:,} | {ratio:.2f} | {by} |"


def is_wrong(net: Net, n: int) -> bool:
    """Whether torch in float64 is wrong somewhere along a^n b^n."""
    said = torch_answers(net, [0] * n + [1] * n, torch.float64)
    right = np.zeros_like(said)
    right[:n, :2] = True
    right[n : 2 * n - 1, 1] = True
    right[2 * n - 1, 2] = True
    return bool((said != right).any())


def drifts(net: Net, n: int) -> bool:
    """Whether the counter, step by step in float64, is taken for 0 before the last b."""
    kept, added, least = counter_of(net)
    c = 0.0
    for _ in range(n):
        c = kept * c + added
    for _ in range(n - 1):
        c = kept * c - added
    return c <= least


def simulated(near: int, wrong: Callable[[int], bool]) -> int:
    """The first n that is wrong, to a thousandth, close to where it should be."""
    step = max(1, near // 1000)
    low, high = near - step, near + step
    while wrong(low):
        low, high = low - step, low
    while not wrong(high):
        low, high = high, high + step
    while high - low > step:
        middle = (low + high) // 2
        low, high = (low, middle) if wrong(middle) else (middle, high)
    return high


def certificates() -> Iterator[str]:
    """What is proved of each machine in each format."""
    yield "| machine | cells | nodes | " + " | ".join(FORMATS) + " |"
    yield "| --- | ---: | ---: |" + " ---: |" * len(FORMATS)
    for name in SHIPPED:
        net, found, nodes = rl.compile(name), [], 0
        for arithmetic in FORMATS:
            proof = rl.certify(net, arithmetic=arithmetic, seconds=20.0)
            nodes = len(proof.nodes) if isinstance(proof, CountingProof) else nodes
            found.append(f"{proof.margin:.3f}" if proof.holds else proof.outcome)
        yield f"| {name} | {net.size} | {nodes} | " + " | ".join(found) + " |"


def at_random(faults: list[str]) -> Iterator[str]:
    """Random machines: how they are wired, wrong answers, proofs in float32."""
    yield "| counters | machines | plain | signs | late | cells | words | wrong | proved |"
    yield "|" + " ---: |" * 9
    for counters in (1, 2, 3):
        ways: Counter[str] = Counter()
        sizes, wrong, proved, tried, words = [], 0, 0, 0, 0
        seeds = range(counters - 1, MACHINES, 3)
        for seed in seeds:
            rng = random.Random(seed)
            machine = random_machine(rng, counters)
            net = rl.compile(machine)
            assert net.counting is not None
            ways.update(each.way for each in net.counting.cells)
            sizes.append(net.size)
            for _ in range(WORDS):
                word = random_word(machine, rng, LENGTH)
                said = torch_answers(net, word, torch.float32)
                wrong += int((said != np.array(right_answers(machine, word)[1:])).any())
                words += 1
            if net.size <= MOST_CELLS:
                tried += 1
                proved += rl.certify(net, arithmetic="float32", seconds=5.0).holds is True
        if wrong:
            faults.append(f"{wrong} wrong words of random machines with {counters} counters")
        cells = f"{min(sizes)}–{max(sizes)}"
        by = " | ".join(str(ways[x]) for x in ("plain", "signs", "late"))
        yield (
            f"| {counters} | {len(seeds)} | {by} | {cells} | {words:,} | {wrong} | "
            f"{proved} of {tried} |"
        )


def main() -> int:
    """The tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tables = ("gains", "lengths", "certificates", "random")
    parser.add_argument("--only", choices=tables)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    faults: list[str] = []
    made: dict[str, Callable[[], Iterator[str]]] = {
        "gains": gains,
        "lengths": partial(lengths, faults),
        "certificates": certificates,
        "random": partial(at_random, faults),
    }
    for name in tables if options.only is None else (options.only,):
        began = time.process_time()
        put(f"counting {name}", list(made[name]()), options.write, "counting.md")
        print(f"{name}: {time.process_time() - began:.0f} processor seconds\n", flush=True)
    print("\n".join(faults), end="\n" if faults else "", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main())
