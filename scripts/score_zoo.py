"""Score methods of others on nets of the zoo, dial by dial.

    python scripts/score_zoo.py --results FILE.jsonl --write

Extractors: this package's, AALpy's KV, L* with the clusters of Weiss and others (our reading), and
k-means. Probes: linear, difference of means, PCA, k-means, random. Attributions: integrated
gradients, gradient × input, occlusion, and "later is likelier". They are in `zoo_methods.py`; the
scores are those of `reberlstm.zoo.scores`, docs/zoo.md says what they are.

Every net is a line of FILE; what is there is not done again, so a run can be interrupted. `--write`
puts the tables into docs/zoo.md, and draws docs/pictures/zoo.svg.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from in_docs import DOCS, put
from measuring import table
from zoo_methods import ATTRIBUTIONS, EXTRACTORS, PROBES

from reberlstm.zoo import Entry, NotBuiltError, Plan, build, plans
from reberlstm.zoo.scores import (
    samples,
    score_attribution,
    score_extraction,
    score_probes,
    words_with_causes,
)

PICTURE = DOCS / "pictures" / "zoo.svg"

MACHINES = ("reber", "contains-abba")
"""The dials are turned on nets of these machines."""

ACCEPTORS = ("L* and clusters (Weiss)",)
"""Extractors that ask only what a net accepts: they get the nets of complete machines."""

SECONDS = 2.0
"""Processor time of each extractor; what it has by then is scored, if it has anything."""

WORDS = 20

Record = dict[str, Any]


def dial(plan: Plan) -> tuple[str, str] | None:
    """The dial that a plan turns, and how far; None for plans that are not scored here."""
    if plan.machine.startswith("random-"):
        size = int(plan.machine.partition("-")[2])
        return ("states", str(size)) if size <= 32 else None
    if plan.wiring == "latch" and not plan.distractors:
        return ("latch", plan.machine) if "5" not in plan.machine else None
    if plan.machine not in MACHINES or plan.wiring == "latch":
        return None
    if plan.wiring in ("tuned", "trained"):
        return "trained", plan.wiring
    for name in ("share", "distractors", "noise"):
        if getattr(plan, name):
            return name, f"{getattr(plan, name):g}"
    return "none", "0"


def scored(entry: Entry) -> Record:
    """All scores of one net."""
    begun = time.process_time()
    record: Record = {
        "extract": {
            name: score_extraction(entry, method, seconds=SECONDS).to_dict()
            for name, method in EXTRACTORS.items()
            if entry.machine.is_complete or name not in ACCEPTORS
        }
    }
    given, words = samples(entry), words_with_causes(entry, WORDS)
    record["probe"] = {
        name: score_probes(entry, method(entry.net, given), pairs=30).right
        for name, method in PROBES.items()
    }
    record["attribute"] = {
        name: score_attribution(entry, {word: method(entry.net, word) for word in words}).to_dict()
        for name, method in ATTRIBUTIONS.items()
        if words
    }
    return record | {"cpu": time.process_time() - begun}


def gathered(path: Path, seed: int, run: bool) -> list[Record]:
    """The records of all plans; those that are missing are made now, if it is to run."""
    known = {}
    if path.exists():
        known = {r["name"]: r for r in map(json.loads, path.read_text("utf-8").splitlines())}
    found = []
    for plan in plans():
        turned = dial(plan)
        if turned is None:
            continue
        if plan.name not in known and not run:
            continue
        if plan.name not in known:
            try:
                entry = build(plan, seed)
            except NotBuiltError as error:
                print(error, flush=True)
                continue
            record = {"name": plan.name, "cell": plan.cell, "dial": turned[0], "at": turned[1]}
            known[plan.name] = record | scored(entry)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(known[plan.name], ensure_ascii=False) + "\n")
            print(plan.name, f"{known[plan.name]['cpu']:.1f} s", flush=True)
        found.append(known[plan.name])
    return found


# Tables and curves

DIALS = {
    "share": "nodes in each set, share",
    "distractors": "distractor cells",
    "noise": "noise on weights",
    "states": "states of a random machine",
    "latch": "remembered bits, each machine",
    "trained": "trained to proof",
}


def points(records: Iterable[Record], name: str) -> dict[str, list[Record]]:
    """The nets of each position of a dial; 0 is none of it, but for sizes, bits and trainings."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        zero = record["dial"] == "none" and name in ("share", "distractors", "noise")
        if record["dial"] == name or zero:
            groups.setdefault(record["at"], []).append(record)
    if name in ("latch", "trained"):
        return groups
    return dict(sorted(groups.items(), key=lambda pair: float(pair[0])))


Value = Callable[[Record, str], float | None]


def equal(record: Record, method: str) -> float | None:
    """1 where the machine is the true one."""
    found = record["extract"].get(method)
    return None if found is None else float(found["equal"])


def right(record: Record, method: str) -> float | None:
    """The mean share of interventions that are right."""
    found: float = record["probe"][method]
    return found


def area(record: Record, method: str) -> float | None:
    """The probability that a cause is above a position that is none."""
    found = record["attribute"].get(method)
    return None if found is None else found["area"]


KINDS: dict[str, tuple[Mapping[str, Any], Value]] = {
    "extraction: machine equal": (EXTRACTORS, equal),
    "probes: interventions right": (PROBES, right),
    "attribution: area": (ATTRIBUTIONS, area),
}


def mean(records: list[Record], method: str, value: Value) -> float:
    """The mean over nets; NaN where there is nothing."""
    found = [x for record in records if (x := value(record, method)) is not None]
    return float(np.mean(found)) if found else float("nan")


def lines_of(records: list[Record], kind: str) -> list[str]:
    """A table: a row for each position of each dial, a column for each method."""
    methods, value = KINDS[kind]
    rows = []
    for name, title in DIALS.items():
        for at, own in points(records, name).items():
            each = [mean(own, method, value) for method in methods]
            shown = ["–" if np.isnan(x) else f"{x:.2f}" for x in each]
            rows.append([f"{title}: {at}", len(own), *shown])
    return table(["dial", "nets", *methods], rows)


def effort(records: list[Record]) -> list[str]:
    """What extractors need: agreement, steps, and what they raised."""
    rows = []
    for method in EXTRACTORS:
        own = [record["extract"][method] for record in records if method in record["extract"]]
        steps = sorted(one["steps"] for one in own)
        rows.append(
            [
                method,
                f"{sum(one['equal'] for one in own)} of {len(own)}",
                f"{np.mean([one['agreement'] for one in own]):.3f}",
                f"{steps[len(steps) // 2]:,}",
                sum(bool(one["error"]) for one in own),
            ]
        )
    return table(["extractor", "equal", "agreement, mean", "steps, median", "errors"], rows)


METHODS = list(dict.fromkeys([*EXTRACTORS, *PROBES, *ATTRIBUTIONS]))
"""All methods; each has a colour and a mark of its own, in all rows of the picture."""

COLOURS = ("#0b5fa5", "#d9772b", "#2e8b57", "#b5179e", "#5a4a9c", "#8c564b")
MARKS = "osD^vP"


def style(method: str) -> dict[str, Any]:
    """How a method is drawn; those of the second half are dashed, with hollow marks."""
    number = METHODS.index(method)
    second, place = divmod(number, len(COLOURS))
    fill = {"ls": "--", "mfc": "white"} if second else {}
    return {"color": COLOURS[place], "marker": MARKS[place], "ms": 5, "lw": 1.4, **fill}


def drawn(records: list[Record]) -> Any:
    """Curves: a row for each kind of score, a column for each dial."""
    from reberlstm.figures import blank

    dials = ("share", "distractors", "noise", "states")
    figure = blank(12.0, 8.5)
    axes = figure.subplots(len(KINDS), len(dials), sharey=True)
    for row, (kind, (methods, value)) in enumerate(KINDS.items()):
        for column, name in enumerate(dials):
            here, groups = axes[row][column], points(records, name)
            for number, method in enumerate(methods):
                each = [mean(own, method, value) for own in groups.values()]
                # A little apart, since many are the same.
                shift = 0.06 * (number - (len(methods) - 1) / 2)
                at = np.arange(len(each)) + shift
                here.plot(at, each, label=method, **style(method))
            here.set_xticks(range(len(groups)), list(groups))
            here.set_ylim(-0.05, 1.05)
            here.grid(alpha=0.3)
            if row == len(KINDS) - 1:
                here.set_xlabel(DIALS[name], fontsize=10)
        axes[row][0].set_ylabel(kind, fontsize=10)
        axes[row][-1].legend(fontsize=9.5, loc="upper left", bbox_to_anchor=(1.02, 1.0))
    return figure


def main() -> None:
    """Score what is missing, then print, or write, tables and curves."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--results", type=Path, required=True, help="where the scores are")
    parser.add_argument("--seed", type=int, default=0, help="of the zoo")
    parser.add_argument("--known", action="store_true", help="score nothing, show what is there")
    parser.add_argument("--write", action="store_true", help="tables and curves into the docs")
    arguments = parser.parse_args()
    records = gathered(arguments.results, arguments.seed, not arguments.known)
    put("effort", effort(records), arguments.write, "zoo.md")
    for kind in KINDS:
        put(kind.partition(":")[0], lines_of(records, kind), arguments.write, "zoo.md")
    if arguments.write:
        from reberlstm.figures import save

        save(drawn(records), PICTURE)


if __name__ == "__main__":
    main()
