"""Every grammar: compile, extract, compare; then the same with memory and weights disturbed.

Run it to print the tables of docs/extraction.md, or with --write to put them there::

    python scripts/extract_compiled.py --write
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

from extraction_nets import PERTURBATIONS, perturbed, small_grammars
from in_docs import put

import reberlstm as rl
from reberlstm.extraction import Comparison, extract
from reberlstm.extraction.nets import Kind
from reberlstm.machine.fsm import FSM


def compiled(fsm: FSM) -> str:
    """One row: a grammar, its compiled net, the machine extracted from it."""
    start = time.process_time()
    found = extract(rl.compile(fsm), reference=fsm)
    seconds = time.process_time() - start
    verdict = {pair.relation for pair in found.verdict}
    return (
        f"| {fsm} | {len(fsm.minimise().reachable)} | {len(found.fsm.states)} | "
        f"{' / '.join(sorted(verdict))} | {found.steps:,} | {seconds:.1f} |"
    )


def disturbed(fsm: FSM, seed: int) -> Iterator[str]:
    """A row for each way to disturb the compiled net of a grammar."""
    net = rl.compile(fsm)
    kind: Kind = "accept" if fsm.is_complete else "legal"
    for how in PERTURBATIONS:
        found = extract(perturbed(net, how, kind, seed), reference=fsm, seconds=600)
        machine, reference, both = found.verdict
        word = "" if both.word is None else f" after `{fsm.text(both.word)}`"
        yield (
            f"| {fsm} | {how} | {len(found.fsm.states)} | {machine.relation}{_closed(machine)} | "
            f"{reference.relation} | {both.relation}{word}{_closed(both)} |"
        )


def _closed(pair: Comparison) -> str:
    """That words of every length come only to memories that were visited."""
    return ", closed" if pair.closed else ""


def main() -> None:
    """Print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into the docs")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    lines = [
        "| grammar | minimal states | extracted | all three pairs | net steps | CPU s |",
        "|---|---|---|---|---|---|",
        *(compiled(fsm) for fsm in small_grammars()),
    ]
    put("compiled", lines, arguments.write)
    lines = [
        "| grammar | net | states | net and machine | machine and reference | net and reference |",
        "|---|---|---|---|---|---|",
    ]
    for name in ("reber", "embedded-reber", "tomita-3", "contains-abba"):
        lines += disturbed(rl.load_grammar(name), arguments.seed)
    put("disturbed", lines, arguments.write)


if __name__ == "__main__":
    main()
