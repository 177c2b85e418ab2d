"""How many nets a training proves, and how many are proved that were trained as usual.

    python scripts/train_to_proof.py --folder FOLDER --seeds 20
    python scripts/train_to_proof.py --folder FOLDER --usual --seeds 2

The first trains nets until they are proved, as ``reberlstm train MACHINE --cell CELL --noise N``
does, and has every certificate verified by the checker, which shares no code with the search. The
second trains nets on words alone, and gives `certify` a minute for each.

Every net is a line of FOLDER/proved.jsonl or FOLDER/usual.jsonl; what is there is not done again,
so a run can be interrupted, and goes on with more seeds. Lines of other settings are left out of
the tables. ``--write`` puts them into docs/training.md. With a better proof search, give another
folder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from in_docs import put
from joblib import Parallel, delayed

import reberlstm as rl
from reberlstm.certificates import Proof, Refutation, check
from reberlstm.comparison.study.table import Table

PAGE = "training.md"
CELLS = ("lstm", "gru", "rnn")
MACHINES = (
    *("parity", "mod-3", "even-pairs", "tomita-3", "tomita-5", "tomita-6", "tomita-7"),
    "reber",
)
USUAL_MACHINES = (*(f"tomita-{n}" for n in range(1, 8)), "parity", "mod-3", "even-pairs")
USUAL_CELLS = ("lstm", "gru")
SIZE = {"lstm": 8, "gru": 8, "rnn": 12}
NOISE = {"lstm": 0.5, "gru": 0.2, "rnn": 0.3}
"""Of c in an LSTM, whose size nothing limits; of h, which is at most 1, in the others."""

SECONDS = 60.0
"""What `certify` gets for a net that was trained as usual."""

Record = dict[str, Any]


def settings(machine: str, cell: str, seed: int, usual: bool) -> dict[str, Any]:
    """What the training of one net is asked for."""
    return {
        "fsm": machine,
        "cell": cell,
        "task": "next" if machine == "reber" else "accept",
        "cells": SIZE[cell],
        "seed": seed,
        "noise": 0.0 if usual else NOISE[cell],
    }


def trained(asked: dict[str, Any], key: str) -> Record:
    """One net: trained, proved where it can be, and the proof checked."""
    before = time.process_time()
    training = rl.train(rl.Settings(**asked))
    record: Record = {"key": key, **asked, "attempts": training.attempts, "steps": training.steps}
    record |= {"accuracy": training.accuracy, "seconds": time.process_time() - before}
    certificate = training.certificate
    if not asked["noise"]:
        before = time.process_time()
        certificate = rl.certify(training.net, seconds=SECONDS)
        record["certify_seconds"] = time.process_time() - before
        if isinstance(certificate, Refutation):
            record["word"] = len(certificate.word)
    record["holds"] = certificate.holds if certificate is not None else None
    if isinstance(certificate, Proof):
        verdict = check(certificate.to_dict(), training.net, training.settings.fsm)
        record |= {"checked": verdict.valid, "scope": certificate.scope, "k": certificate.k}
        record |= {"margin": certificate.margin, "nodes": certificate.nodes}
    return record


def keyed(asked: dict[str, Any]) -> str:
    """What names a net in the table: equal settings are not trained twice."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def gathered(table: Table, wanted: Sequence[dict[str, Any]], jobs: int) -> list[Record]:
    """The records of all nets that are wanted, those that were missing trained now."""
    missing = [(asked, keyed(asked)) for asked in wanted if keyed(asked) not in table]
    tasks = (delayed(trained)(asked, key) for asked, key in missing)
    if missing:
        with table.writing():
            for record in Parallel(n_jobs=jobs, return_as="generator_unordered")(tasks):
                table.append(record)
                said = {True: "proved", False: "refuted", None: "open"}[record["holds"]]
                print(record["fsm"], record["cell"], record["seed"], said, flush=True)
    keys = {keyed(asked) for asked in wanted}
    return [record for record in table.records if record["key"] in keys]


# Tables


def proofs(records: Sequence[Record], machines: Iterable[str], cells: Sequence[str]) -> list[str]:
    """A row for each machine: how many nets of each kind are proved."""
    lines = [
        "| machine | " + " | ".join(f"{cell}: proved | margins | CPU s" for cell in cells) + " |",
        "|---|" + "---|---|---|" * len(cells),
    ]
    for machine in (*machines, "all"):
        row = [machine]
        for cell in cells:
            own = [r for r in records if r["cell"] == cell and machine in (r["fsm"], "all")]
            proved = [r for r in own if r["holds"] and r["checked"]]
            margins = [r["margin"] for r in proved]
            row.append(f"{len(proved)} of {len(own)}")
            row.append(f"{min(margins):.2f}–{max(margins):.2f}" if margins else "–")
            seconds = [r["seconds"] for r in own]
            row.append(f"{statistics.mean(seconds):.0f}" if seconds else "–")
        lines.append("| " + " | ".join(row) + " |")
    return lines


def usual(records: Sequence[Record], cells: Sequence[str]) -> list[str]:
    """A row for each kind of cell: what `certify` says of nets trained on words alone."""
    lines = [
        "| cells | learned | proved | refuted | open | median word | CPU s of `certify`, mean |",
        "|---|---|---|---|---|---|---|",
    ]
    for cell in cells:
        own = [r for r in records if r["cell"] == cell]
        if not own:
            continue
        proved = [r for r in own if r["holds"] and r["checked"]]
        words = [r["word"] for r in own if r["holds"] is False]
        row = [cell, f"{sum(r['accuracy'] == 1.0 for r in own)} of {len(own)}"]
        row += map(str, (len(proved), len(words), len(own) - len(proved) - len(words)))
        row.append(f"{statistics.median(words):.0f}" if words else "–")
        row.append(f"{statistics.mean(r['certify_seconds'] for r in own):.0f}")
        lines.append("| " + " | ".join(row) + " |")
    return lines


def main() -> None:
    """Train what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the records are")
    parser.add_argument("--seeds", type=int, default=20, help="nets of each machine and cell")
    parser.add_argument("--machines", nargs="+", help="only these")
    parser.add_argument("--cells", nargs="+", choices=CELLS, help="only these")
    parser.add_argument("--usual", action="store_true", help="train on words alone, then certify")
    parser.add_argument("--jobs", type=int, default=1, help="nets at a time")
    parser.add_argument("--write", action="store_true", help="put the table into the document")
    arguments = parser.parse_args()
    machines = arguments.machines or (USUAL_MACHINES if arguments.usual else MACHINES)
    cells = arguments.cells or (USUAL_CELLS if arguments.usual else CELLS)
    wanted = [
        settings(machine, cell, seed, arguments.usual)
        for seed in range(arguments.seeds)
        for machine in machines
        for cell in cells
    ]
    name = "usual" if arguments.usual else "proved"
    arguments.folder.mkdir(parents=True, exist_ok=True)
    records = gathered(Table(arguments.folder / f"{name}.jsonl"), wanted, arguments.jobs)
    lines = usual(records, cells) if arguments.usual else proofs(records, machines, cells)
    put(name, lines, arguments.write, PAGE)


if __name__ == "__main__":
    main()
