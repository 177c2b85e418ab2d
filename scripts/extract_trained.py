"""What nets learned: the machine in every net of `train_for_extraction.py`, and what is known.

Those that tell legal symbols once more, kept within the words of their reference. Run it to print
the tables of docs/extraction.md, or with --write to put them there::

    python scripts/extract_trained.py --write
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from in_docs import put
from train_for_extraction import OUT, RECIPES, Recipe

import reberlstm as rl
from reberlstm.extraction import extract
from reberlstm.interop.recurrent import open_net
from reberlstm.render.extraction import word_text

MAX_STATES = 100
"""Nets that drift have no machine; there is no use in following them for long."""


def row(recipe: Recipe, seconds: float, *, within: bool) -> str:
    """One net of a table."""
    reference = rl.load_grammar(recipe.grammar)
    path: Path = OUT / f"{recipe.name}.safetensors"
    start = time.process_time()
    found = extract(
        open_net(path), reference=reference, within=within, max_states=MAX_STATES, seconds=seconds
    )
    spent = time.process_time() - start
    machine, _, net = found.verdict
    word = "" if net.word is None else f" after `{_shown(found.fsm, net.word)}`"
    least = ", a shortest one" if net.shortest else ""
    apart = "" if machine.word is None else f" after `{_shown(found.fsm, machine.word)}`"
    ended = "" if found.ended_by is None else f" (ended by {found.ended_by})"
    relations = [pair.relation.replace(" within the reference", "") for pair in (machine, net)]
    states = f"{len(found.fsm.states)} of {len(reference.minimise().reachable)}"
    return (
        f"| {recipe.name} | {recipe.cells} | {states}{ended} | {relations[0]}{apart} | "
        f"{relations[1]}{word}{least} | {found.found_after:,} of {found.steps:,} | {spent:.1f} |"
    )


def _shown(fsm: rl.FSM, word: tuple[str, ...]) -> str:
    return word_text(fsm, word).replace("; --json has all", "")


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
        for recipe in RECIPES:
            if not within or "reber" in recipe.grammar:
                lines.append(row(recipe, arguments.seconds, within=within))
                print(lines[-1], flush=True)
        put(table, lines, arguments.write)


if __name__ == "__main__":
    main()
