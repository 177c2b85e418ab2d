"""Exported nets in float32 against the float64 simulator, on every shipped grammar.

Runs the compiled nets of each grammar in torch and in onnxruntime on the same strings, and
prints the largest difference of every head over all prefixes. Half of the strings follow the
grammar as long as anything may follow; in the other half one symbol in twenty is drawn at random.

    python scripts/check_export_parity.py --strings 10000 [--net gru]

Exit status 1 where a difference is over its limit.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm import FSM, grammar_names, load_grammar
from reberlstm.compiler import CELLS, compiled_as
from reberlstm.errors import CompileWarning
from reberlstm.net.files import onnx as onnx_target
from reberlstm.net.files import torch as torch_target
from reberlstm.net.net import Net

LIMITS = {"legal": 1e-6, "accept": 1e-6, "next": 1e-5, "next_probability": 1e-6, "label": 1e-6}
"""The largest difference allowed, for each output."""

OF_SIGNS = {"legal": 1e-4, "accept": 1e-4, "next": 2e-3, "next_probability": 1e-4, "label": 1e-4}
"""The same where cells are +1 or −1: there every head sums all cells, and large weights cancel."""

WIRINGS = (*CELLS, "latch", "keep")

LENGTH = 50
BATCH = 1_000
MISTAKES = 0.05

Outputs = Mapping[str, NDArray[Any]]


def draw_strings(fsm: FSM, count: int, seed: int) -> NDArray[np.intp]:
    """Indices of symbols, shape (count, LENGTH): walks of the machine, half of them disturbed."""
    tables = fsm.tables()
    symbols = len(fsm.alphabet)
    rng = np.random.default_rng(seed)
    choices = [[a for a in range(symbols) if fsm.alphabet[a] in tables.symbols[q]] for q in
               range(len(tables))]  # fmt: skip
    strings = rng.integers(symbols, size=(count, LENGTH))
    mistakes = rng.random((count, LENGTH)) < MISTAKES
    mistakes[: count // 2] = False
    for string, wrong in zip(strings, mistakes, strict=True):
        state = 0
        for t in range(LENGTH):
            if choices[state] and not wrong[t]:
                string[t] = choices[state][string[t] % len(choices[state])]
            state = tables.table[state][string[t]]
    return strings


def simulated(net: Net, strings: NDArray[np.intp]) -> Outputs:
    """Every head after every symbol in float64, shape (B, T, R)."""
    states, hidden = net.start(len(strings)), []
    for t in range(strings.shape[1]):
        states = net.step(states, strings[:, t])
        hidden.append(net.hidden(states))
    h = np.stack(hidden, axis=1)
    outputs = {kind: head.logits(h) for kind, head in net.heads.items()}
    if "next" in outputs:
        logits = outputs["next"] - outputs["next"].max(axis=-1, keepdims=True)
        outputs["next_probability"] = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return outputs


def runners(net: Net) -> Iterator[tuple[str, Any]]:
    """The name of each runtime, with a function from one-hot float32 vectors to outputs."""
    import onnxruntime
    import torch

    torch.set_num_threads(1)

    def in_torch(x: NDArray[np.float32]) -> Outputs:
        with torch.inference_mode():
            outputs = module(torch.from_numpy(x))
            if "next" in outputs:
                outputs["next_probability"] = outputs["next"].softmax(dim=-1)
        return {head: value.numpy() for head, value in outputs.items()}

    if net.layers[0].cell.name != "gru-before":  # PyTorch has none
        module = torch_target.to_module(net, dtype=torch.float32)
        yield "torch", in_torch
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        onnx_target.export(net, "net.onnx")[0], options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]

    def in_onnxruntime(x: NDArray[np.float32]) -> Outputs:
        return dict(zip(names, session.run(names, {"x": x}), strict=True))

    yield "onnxruntime", in_onnxruntime


def wired(fsm: FSM, wiring: str) -> Net | None:
    """The net, or None where it would be that of ``lstm`` once more: there is nothing to keep."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)
        net = compiled_as(f"compiled:{wiring}", fsm)
    return None if net.name == "compiled" and wiring != "lstm" else net


def measure(net: Net, fsm: FSM, count: int, seed: int) -> dict[str, dict[str, float]]:
    """For each runtime and output the largest difference over all prefixes of the strings."""
    strings = draw_strings(fsm, count, seed)
    columns = np.eye(len(fsm.alphabet), dtype=np.float32)
    engines = dict(runners(net))
    largest: dict[str, dict[str, float]] = {name: {} for name in engines}
    for begin in range(0, count, BATCH):
        batch = strings[begin : begin + BATCH]
        expected = simulated(net, batch)
        for name, engine in engines.items():
            outputs = engine(columns[batch])
            for head, values in expected.items():
                difference = float(np.abs(outputs[head] - values).max())
                largest[name][head] = max(largest[name].get(head, 0.0), difference)
    return largest


def main() -> int:
    """Print the table; 1 where a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--strings", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--net", choices=WIRINGS, action="append", help="[default: all]")
    arguments = parser.parse_args()
    print(f"{arguments.strings:,} strings of {LENGTH} symbols, seed {arguments.seed}\n")
    heads = list(LIMITS)
    print(f"| grammar | net | runtime | {' | '.join(heads)} |")
    print(f"|---|---|---|{'---|' * len(heads)}")
    over = False
    for fsm, wiring in product(map(load_grammar, grammar_names()), arguments.net or WIRINGS):
        net = wired(fsm, wiring)
        if net is None:
            continue
        results = measure(net, fsm, arguments.strings, arguments.seed)
        for runtime, largest in results.items():
            shown = [f"{largest[head]:.1e}" if head in largest else "" for head in heads]
            print(f"| {fsm} | {wiring} | {runtime} | {' | '.join(shown)} |", flush=True)
            limits = LIMITS if net.layers[0].cell.name == "lstm" else OF_SIGNS
            over |= any(value > limits[head] for head, value in largest.items())
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
