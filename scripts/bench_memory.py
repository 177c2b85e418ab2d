"""What memory that is kept costs and saves; docs/cells.md says what it is.

    python scripts/bench_memory.py [--only families|random|shipped] [--write]

For every shipped grammar, and for families in which something has to be remembered for long: the
cells, the largest weight in units of 2·K, the margins of the proofs in scope `all`, in real
arithmetic and in float32, processor seconds of compiling and of the first proof, and wrong answers
of a stock nn.LSTM in float32 on random words, half of which stray. ``latch`` and ``keep`` have a
row where they change anything. Then how many random machines have such a row, and are proved in
20 s. Exit status 1 where a net of the first tables is not proved, or one is wrong. ``--write`` puts
the tables into docs/cells.md.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import warnings

import numpy as np
import torch
from bench_cells import weights
from bench_constructions import random_machine
from in_docs import put

import reberlstm as rl
from reberlstm.compiler import MEMORIES, Memory
from reberlstm.errors import CompileWarning, GrammarError
from reberlstm.grammars.frames import continual, embed
from reberlstm.machine.fsm import FSM
from reberlstm.net.net import Net

FAMILIES = (
    *("dyck-2-4", "dyck-2-5", "dyck-3-4", "dyck-4-3", "flip-flop-2"),
    *("first-is-last-2", "first-is-last-8", "first-is-last-26"),
)
WORDS, LONGEST = 400, 100
SECONDS = 20.0  # processor time for the proof of a random machine


def wrong(net: Net, fsm: FSM) -> int:
    """The wrong answers of a stock nn.LSTM in float32 with these weights."""
    words = fsm.tables().stray(np.random.default_rng(0), (WORDS,), LONGEST)
    (layer,) = net.layers
    lstm = torch.nn.LSTM(len(net.alphabet), net.size)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    lstm.load_state_dict({f"{x}_l0": torch.tensor(getattr(layer, x)) for x in names})
    symbols = torch.nn.functional.one_hot(torch.tensor(words.symbols), len(net.alphabet))
    with torch.no_grad():
        h = lstm(symbols.float())[0].double().numpy()
    legal, accept = (h @ net.heads[x].weight.T + net.heads[x].bias > 0 for x in ("legal", "accept"))
    tables = fsm.tables()
    errors = (legal != tables.legal[words.states]).any(axis=-1)
    errors |= accept[..., 0] != tables.accepting[words.states]
    return int(errors[words.present].sum())


def compiled(fsm: FSM, memory: Memory) -> Net | None:
    """The net, or None where memory is rewritten all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)
        net = rl.compile(fsm, memory=memory)
    return net if memory == "rewrite" or net.name != "compiled" else None


def row(fsm: FSM, memory: Memory) -> list[str] | None:
    """One row of a table, if there is one."""
    began = time.process_time()
    net = compiled(fsm, memory)
    if net is None:
        return None
    proof = rl.certify(net, fsm, scope="all")
    took = time.process_time() - began
    rounded = rl.certify(net, fsm, scope="all", arithmetic="float32")
    errors = wrong(net, fsm)
    if not (proof.holds and rounded.holds) or errors:
        raise SystemExit(f"{fsm}, {memory}: {proof}\n{rounded}\n{errors} wrong answers")
    return [
        str(fsm),
        str(len(fsm.reachable)),
        memory,
        str(net.size),
        f"{weights(net)[1]:.3g}",
        f"{proof.margin:.3f}",
        f"{rounded.margin:.3f}",
        f"{took:.1f}",
        str(errors),
    ]


def of_random(kind: str, memory: Memory) -> list[str]:
    """How many of random machines have such a net and are proved; and the cells that it saves."""
    made, used, proved, saved, before = 0, 0, 0, 0, 0
    for seed in range(100):
        fsm = _random(kind, seed)
        if fsm is None:
            continue
        made += 1
        net = compiled(fsm, memory)
        if net is not None:
            used += 1
            size = rl.compile(fsm).size
            saved, before = saved + size - net.size, before + size
            proved += rl.certify(net, fsm, scope="all", seconds=SECONDS).holds is True
            if wrong(net, fsm):
                raise SystemExit(f"{kind} {seed}, {memory}: wrong")
    return [kind, memory, f"{used} of {made}", f"{proved} of {used}", f"{saved} of {before}"]


def _random(kind: str, seed: int) -> FSM | None:
    rng = random.Random(seed)
    inner = random_machine(rng.randint(3, 9), rng.randint(2, 4), 0.6, seed)
    if kind == "random":
        return inner
    ends = frozenset(rng.sample(inner.states, 1)) & set(inner.reachable)
    marks = rng.sample("uvwxyz", rng.choice([2, 2, 3, 4]))
    try:
        framed = embed(
            FSM(
                alphabet=inner.alphabet,
                start=inner.start,
                accepting=ends,
                transitions=inner.transitions,
            ),
            {mark: (mark, mark + "e") for mark in marks},
        )
        return continual(framed) if seed % 3 == 0 else framed
    except GrammarError:  # nothing is accepted in the middle
        return None


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parts = ("families", "random", "shipped")
    parser.add_argument("--only", choices=parts, help="only these machines")
    parser.add_argument("--write", action="store_true", help="put the tables into the document")
    arguments = parser.parse_args()
    titles = ["machine", "states", "memory", "cells", "largest", "margin", "float32", "seconds"]
    head = [f"| {' | '.join([*titles, 'wrong'])} |", "|---|---:|---|" + "---:|" * 6]
    families = [rl.load_grammar(name) for name in FAMILIES]
    shipped = [rl.load_grammar(name) for name in rl.grammar_names()]
    kinds: list[tuple[str, Memory]] = [("framed", "latch"), ("random", "latch"), ("random", "keep")]
    for part in parts:
        if arguments.only not in (None, part):
            continue
        if part == "random":
            lines = [
                "| machines | memory | used | proved | cells saved |",
                "|---|---|---:|---:|---:|",
            ]
            rows = (of_random(kind, memory) for kind, memory in kinds)
        else:
            lines, machines = list(head), families if part == "families" else shipped
            rows = (r for fsm in machines for memory in MEMORIES if (r := row(fsm, memory)))
        lines += [f"| {' | '.join(r)} |" for r in rows]
        put(f"memory-{part}", lines, arguments.write, "cells.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
