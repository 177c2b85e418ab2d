"""What nets learned: the machine in every net of `train_for_extraction.py`, and what is known.

Those that tell legal symbols once more, kept within the words of their reference, and with them
nets that were trained for a proof. Run it to print the tables of docs/extraction.md, or with
--write to put them there::

    python scripts/extract_trained.py --write
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

from in_docs import put
from train_for_extraction import OUT, RECIPES

import reberlstm as rl
from reberlstm.extraction import extract
from reberlstm.net.loading import shipped
from reberlstm.render.extraction import word_text

MAX_STATES = 100
"""Nets that drift have no machine; there is no use in following them for long."""


FOR_A_PROOF = {"reber-2": "reber", "reber-4": "reber", "embedded-reber-16": "embedded-reber"}
"""Nets that come with the package, and their grammars."""


def row(name: str, cells: int, grammar: str, net: Any, seconds: float, *, within: bool) -> str:
    """One net of a table."""
    reference = rl.load_grammar(grammar)
    start = time.process_time()
    found = extract(net, reference=reference, within=within, max_states=MAX_STATES, seconds=seconds)
    spent = time.process_time() - start
    own, _, right = found.verdict
    word = "" if right.word is None else f" after `{_shown(found.fsm, right.word)}`"
    least = ", a shortest one" if right.shortest else ""
    apart = "" if own.word is None else f" after `{_shown(found.fsm, own.word)}`"
    ended = "" if found.ended_by is None else f" (ended by {found.ended_by})"
    relations = [pair.relation.replace(" within the reference", "") for pair in (own, right)]
    states = f"{len(found.fsm.states)} of {len(reference.minimise().reachable)}"
    return (
        f"| {name} | {cells} | {states}{ended} | {relations[0]}{apart} | "
        f"{relations[1]}{word}{least} | {found.found_after:,} of {found.steps:,} | {spent:.1f} |"
    )


def _shown(fsm: rl.FSM, word: tuple[str, ...]) -> str:
    return word_text(fsm, word).replace("; --json has all", "")


def nets(within: bool) -> Iterator[tuple[str, int, str, Any]]:
    """Name, cells, grammar and net of each row."""
    for recipe in RECIPES:
        if not within or "reber" in recipe.grammar:
            net = OUT / f"{recipe.name}.safetensors"
            yield recipe.name, recipe.cells, recipe.grammar, net
    for name, grammar in FOR_A_PROOF.items() if within else ():
        proved = shipped(name)
        yield name, proved.size, grammar, proved


def main() -> None:
    """Print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="the budget for each net")
    parser.add_argument("--write", action="store_true", help="put the tables into the docs")
    arguments = parser.parse_args()
    for table, within in (("trained", False), ("within", True)):
        lines = [
            "| net | cells | states | net and machine | net and reference | net steps | CPU s |",
            "|---|---|---|---|---|---|---|",
        ]
        for name, cells, grammar, net in nets(within):
            lines.append(row(name, cells, grammar, net, arguments.seconds, within=within))
            print(lines[-1], flush=True)
        put(table, lines, arguments.write)


if __name__ == "__main__":
    main()
