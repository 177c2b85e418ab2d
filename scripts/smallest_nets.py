"""The smallest net known here for every shipped grammar, each proved, saved and checked.

    python scripts/smallest_nets.py            print the table, and check the files that there are
    python scripts/smallest_nets.py --write    build the nets anew, write them and the table

The nets lie in reberlstm/net/zoo/smallest, each beside its certificate. Among what is
compared: one cell per state, the same after minimising, two states per cell (`signed_cells.py`,
with scipy), and the slots of a stack for brackets (`stack_net.py`).
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator

import numpy as np
from in_docs import put
from signed_cells import find_code
from stack_net import stack_net

import reberlstm as rl
from reberlstm.certificates import certify, check
from reberlstm.certificates.results import load, read
from reberlstm.machine.fsm import FSM
from reberlstm.net.loading import FOLDER, shipped

SMALLEST = FOLDER / "smallest"
SIGNED_LIMIT = 30
GAIN = 20.0


def candidates(fsm: FSM) -> Iterator[tuple[str, rl.LSTMWeights]]:
    """Nets for a machine that see violations, and how they are made."""
    yield "one cell per state", rl.compile(fsm)
    yield "one cell per state, minimised", rl.compile(fsm.minimise())
    if len(fsm.states) <= SIGNED_LIMIT:
        for machine in (fsm, fsm.minimise()):
            code = find_code(machine)
            if code is not None:
                yield "two states per cell", code.weights(GAIN)
    brackets = re.fullmatch(r"dyck-(\d+)-(\d+)", fsm.name)
    if brackets:
        yield "slots of a stack", stack_net(*map(int, brackets.groups()))


def build(fsm: FSM) -> str:
    """Save the smallest that is proved, and its certificate; returns how it is made."""
    for how, net in sorted(candidates(fsm), key=lambda pair: pair[1].size):
        named = net.replace(name=f"smallest/{fsm.name}", grammar=fsm)
        certificate = certify(named, fsm, scope="all", heads=("legal", "accept"))
        if certificate.holds:
            rl.save(named, SMALLEST / f"{fsm.name}.safetensors")
            certificate.save(SMALLEST / f"{fsm.name}.json")
            return how
    raise SystemExit(f"{fsm.name}: no net is proved")


def main() -> None:
    """Build if asked to, check, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="build the nets and write the table")
    write = parser.parse_args().write
    lines = ["| grammar | states | cells | weights | margin |", "|---|---|---|---|---|"]
    if write:
        SMALLEST.mkdir(parents=True, exist_ok=True)
        lines = ["| grammar | states | cells | weights | margin | made as |", "|---" * 6 + "|"]
    for name in rl.grammar_names():
        fsm = rl.load_grammar(name)
        how = build(fsm) if write else None
        net = shipped(f"smallest/{name}")
        path = SMALLEST / f"{name}.json"
        certificate = load(path)
        verdict = check(read(path), net, fsm)
        if not (verdict.valid and certificate.holds and certificate.scope == "all"):
            sys.exit(f"{name}: {verdict.reason or 'not a proof in scope all'}")
        (layer,) = net.layers
        arrays = (layer.weight_ih, layer.weight_hh, layer.bias)
        weights = sum(int(np.count_nonzero(array)) for array in arrays)
        row = [name, len(fsm.states), net.size, weights, f"{certificate.margin:.4g}"]
        lines.append(f"| {' | '.join(map(str, row + [how] * write))} |")
    put("smallest", lines, write, page="theory.md")


if __name__ == "__main__":
    main()
