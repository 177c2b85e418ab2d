"""Nets with a known mechanism: ground truth for methods that explain recurrent nets.

1. `causal`: the map of a net: which direction is which node, or remembered bit, of its machine.
2. `interchange`: the test of such a map, by interventions.
3. `wiring` and `sets`: nets whose map is known since they were wired, and exact changes of them.
4. `entries` and `plans`: what an entry is, and which a zoo has; `make` builds them all.
5. `scores`: how well a method finds the machine, a direction, or the cause of an answer.

docs/zoo.md is about all of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reberlstm.errors import FormatError
from reberlstm.files import make_folder
from reberlstm.zoo.causal import CausalMap, Variable
from reberlstm.zoo.entries import INDEX, Entry, load_entry, load_zoo, read_index, write_index
from reberlstm.zoo.interchange import Interchange, check_map
from reberlstm.zoo.plans import NotBuiltError, Plan, build, plans
from reberlstm.zoo.wiring import compiled

__all__ = [
    "CausalMap",
    "Entry",
    "Interchange",
    "NotBuiltError",
    "Plan",
    "Variable",
    "build",
    "check_map",
    "compiled",
    "load_entry",
    "load_zoo",
    "make",
    "plans",
    "read_index",
]


def make(
    folder: str | os.PathLike[str],
    *,
    seed: int = 0,
    count: int | None = None,
    report: Callable[[int, str], None] | None = None,
) -> list[dict[str, Any]]:
    """Make a zoo, or go on with one: the same seed makes the same files, byte for byte.

    Args:
        folder: Where to. Entries that its index has already, of the same seed, are not made again.
        seed: Of everything random.
        count: How many plans; all of them if it is None. A plan whose net is not proved, or whose
            map does not pass, after some attempts, is no entry.
        report: Called after each plan with how many are done, and its name.

    Returns:
        The lines of the index.

    Raises:
        ZooError: for another count than there are plans.
        FormatError: where nothing can be written, or the folder holds a zoo of another seed.
    """
    place, wanted = Path(folder), plans(count)
    make_folder(place)
    known: dict[str, dict[str, Any]] = {}
    if (place / INDEX).exists():
        known_seed, lines = read_index(place)
        if known_seed != seed:
            raise FormatError(f"{place}: a zoo of seed {known_seed}; take that, or another folder")
        known = {line["name"]: line for line in lines}
    lines = []
    for number, plan in enumerate(wanted, start=1):
        if plan.name not in known:
            try:
                entry = build(plan, seed)
            except NotBuiltError:
                continue
            finally:
                if report is not None:
                    report(number, plan.name)
            entry.save(place)
            known[plan.name] = entry.line()
        lines.append(known[plan.name])
        write_index(place, seed, lines)
    return lines
