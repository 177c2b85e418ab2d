"""Brackets of some kinds, nested up to a depth: one cell per state against the slots of a stack.

    python scripts/bench_stack.py            print the table
    python scripts/bench_stack.py --write    also into docs/theory.md

Every stack is proved and its certificate checked. Seconds are processor time of one core.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
from in_docs import put
from measuring import table
from stack_net import stack_net

from reberlstm.certificates import certify, check
from reberlstm.compiler.encoding import encode
from reberlstm.grammars.builders import dyck

SHAPES = ((2, 3), (2, 5), (2, 10), (3, 4), (4, 4), (8, 3))

HEADINGS = (
    "kinds",
    "depth",
    "states",
    "one cell per state",
    "stack, `legal`",
    "stack, `all`",
    "*m*(3⌈log₂ *k*⌉ − 1)",
    "largest weight",
    "margin",
    "certify s",
)


def row(kinds: int, depth: int) -> list[object]:
    """Cells of each, and what the proof in scope `all` took."""
    fsm = dyck(kinds, depth)
    encoding = encode(fsm.tables())
    small, full = (stack_net(kinds, depth, violations=seen) for seen in (False, True))
    begin = time.process_time()
    certificate = certify(full, seconds=600.0)
    took = time.process_time() - begin
    for net, proof in ((full, certificate), (small, certify(small, seconds=600.0))):
        verdict = check(proof.to_dict(), net)
        if not (proof.holds and verdict.valid):
            sys.exit(f"{net.name}: {proof.outcome}, {verdict.reason}")
    largest = max(np.abs(full.weight_hh).max(), np.abs(full.weight_ih).max())
    return [
        kinds,
        depth,
        len(fsm.states),
        len(encoding.coded) + encoding.has_started,
        small.size,
        full.size,
        depth * (3 * (kinds - 1).bit_length() - 1),
        f"{largest:.3g}",
        f"{certificate.margin:.4g}",
        f"{took:.2g}",
    ]


def main() -> None:
    """Print the table, and write it if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="into docs/theory.md")
    parser.add_argument("--first", type=int, default=len(SHAPES), help="only so many shapes")
    arguments = parser.parse_args()
    lines = table(HEADINGS, [row(*shape) for shape in SHAPES[: arguments.first]])
    put("stack", lines, arguments.write, page="theory.md")


if __name__ == "__main__":
    main()
