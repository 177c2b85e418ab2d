"""Run the experiments of the sequence lab and make docs/lab.md of what came out.

    python scripts/run_lab.py                             # all, quick, seed 0, then the page
    python scripts/run_lab.py --seeds 1 2                 # other seeds: how often a claim holds
    python scripts/run_lab.py --preset source --only line # the source's settings
    python scripts/run_lab.py --page                      # only the page, from the records kept
    python scripts/run_lab.py --check                     # only say whether it is up to date

What a run measured is kept as docs/lab/NAME.PRESET.SEED.json; the figures of the page are those of
the quick runs with seed 0.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from reberlstm.files import write_atomically
from reberlstm.lab import EXPERIMENTS, find, run
from reberlstm.lab.experiment import HOLDS

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "lab.md"
RECORDS = DOCS / "lab"
PICTURES = DOCS / "pictures" / "lab"
SHOWN = ("quick", 0)
"""The preset and seed whose figures are on the page."""


def run_one(name: str, preset: str, seed: int, runs: Path | None) -> None:
    """Run an experiment; keep its record and, of the run that is shown, its figures."""
    experiment = find(name)
    with tempfile.TemporaryDirectory() as temporary:
        folder = runs / f"{name}.{preset}.{seed}" if runs is not None else Path(temporary)
        run(experiment, folder, preset=preset, seed=seed, resume=True, formats=("svg",))
        record = json.loads((folder / "metrics.json").read_text("utf-8"))
        record["cpu_seconds"] = round(sum(net["cpu_seconds"] for net in record["nets"].values()), 1)
        for net in record["nets"].values():
            del net["curve"]
        if (preset, seed) == SHOWN:
            PICTURES.mkdir(parents=True, exist_ok=True)
            for picture in experiment.pictures:
                content = (folder / f"{picture.name}.svg").read_bytes()
                write_atomically(PICTURES / f"{name}-{picture.name}.svg", content)
    RECORDS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    write_atomically(RECORDS / f"{name}.{preset}.{seed}.json", text.encode())


def records() -> list[dict[str, Any]]:
    """All records kept, in the order of the list of experiments, then by preset and seed."""
    found = [json.loads(path.read_text("utf-8")) for path in RECORDS.glob("*.json")]
    known = [record for record in found if record["experiment"] in EXPERIMENTS]
    order = list(EXPERIMENTS)
    return sorted(known, key=lambda r: (order.index(r["experiment"]), r["preset"], r["seed"]))


def claims(kept: list[dict[str, Any]]) -> list[str]:
    """The table of all claims: a row for every claim and preset."""
    lines = [
        "| experiment | claim of the source | preset | measured, lowest seed | verdict "
        "| holds with |",
        "|---|---|---|---|---|---|",
    ]
    for name in EXPERIMENTS:
        for number, _ in enumerate(find(name).claims):
            for preset in ("quick", "source"):
                lines += _row(
                    [r for r in kept if (r["experiment"], r["preset"]) == (name, preset)], number
                )
    return lines


def _row(runs: list[dict[str, Any]], number: int) -> list[str]:
    if not runs:
        return []
    shown, name = runs[0]["claims"][number], runs[0]["experiment"]
    verdicts = [r["claims"][number]["holds"] for r in runs]
    often = (
        f"{verdicts.count(True)} of {len(runs)} seeds"
        if len(runs) > 1
        else f"seed {runs[0]['seed']} only"
    )
    remark = f" *({shown['remark']})*" if shown["remark"] else ""
    cells = (
        f"[{name}](#{name})",
        shown["claim"] + remark,
        runs[0]["preset"],
        shown["measured"],
        f"**{HOLDS[shown['holds']]}**",
        often,
    )
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"]


def sections(kept: list[dict[str, Any]]) -> list[str]:
    """A section for every experiment: task, nets, figures."""
    lines: list[str] = []
    for name, title in EXPERIMENTS.items():
        experiment = find(name)
        lines += [f"### {name}", "", f"{title}. {experiment.task}", ""]
        lines += [f"Source: {experiment.source}", ""]
        runs = [r for r in kept if r["experiment"] == name]
        if runs:
            lines += [*nets(runs), ""]
        for picture in experiment.pictures:
            path = f"pictures/lab/{name}-{picture.name}.svg"
            if (DOCS / path).exists():
                lines += [f"![{picture.caption}]({path})", "", picture.caption, ""]
    return lines[:-1]


def nets(runs: list[dict[str, Any]]) -> list[str]:
    """A table of what was trained how, with the test losses of all seeds."""
    lines = [
        "| net | preset | parameters | examples | optimiser | batch | epochs "
        "| test loss (seed) | s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for preset in ("quick", "source"):
        chosen = [r for r in runs if r["preset"] == preset]
        for net, first in chosen[0]["nets"].items() if chosen else ():
            losses = ", ".join(
                f"{_loss(r['nets'][net]['test_loss_at_end'])} ({r['seed']})" for r in chosen
            )
            lines.append(
                f"| {net} | {preset} | {first['parameters']:,} | {first['examples']:,} | "
                f"{first['optimiser']} {first['learning_rate']:g} | {first['batch']:,} | "
                f"{first['epochs']:,} | {losses} | {first['cpu_seconds']:.0f} |"
            )
    return lines


def _loss(value: float | None) -> str:
    return "diverged" if value is None else f"{value:.2g}"


def times(kept: list[dict[str, Any]]) -> list[str]:
    """Processor seconds of all trainings of a run; measuring and drawing take some more."""
    lines = ["| experiment | quick, CPU s | source, CPU s |", "|---|---|---|"]
    for name in EXPERIMENTS:
        spent = {
            preset: [
                r["cpu_seconds"] for r in kept if (r["experiment"], r["preset"]) == (name, preset)
            ]
            for preset in ("quick", "source")
        }
        cells = [f"{min(values):.0f}" if values else "not run" for values in spent.values()]
        lines.append(f"| {name} | {cells[0]} | {cells[1]} |")
    return lines


def page() -> str:
    """The page with its generated parts renewed."""
    kept = records()
    text = PAGE.read_text("utf-8")
    for part in (claims, times, sections):
        name = part.__name__
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, found, rest = text.partition(start)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise SystemExit(f"{PAGE}: no place for {name!r}")
        text = "\n".join([before + start, *part(kept), end + after])
    return text


def main() -> int:
    """Run what is asked for, and write or check the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--preset", choices=("quick", "source"), default="quick")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", nargs="+", choices=list(EXPERIMENTS), default=list(EXPERIMENTS))
    parser.add_argument("--runs", type=Path, help="keep whole runs here, and go on with them")
    parser.add_argument("--page", action="store_true", help="run nothing")
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    asked = parser.parse_args()
    if asked.check:
        current = PAGE.read_text("utf-8") == page()
        print(f"{PAGE.name} is {'up to date' if current else 'out of date: run with --page'}")
        return 0 if current else 1
    for seed in [] if asked.page else asked.seeds:
        for name in asked.only:
            start = time.monotonic()
            run_one(name, asked.preset, seed, asked.runs)
            print(
                f"{name}, {asked.preset}, seed {seed}: {time.monotonic() - start:.0f} s", flush=True
            )
    write_atomically(PAGE, page().encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
