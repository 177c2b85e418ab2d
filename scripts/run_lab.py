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

from smaller_svg import smaller

from reberlstm.files import write_atomically
from reberlstm.lab import EXPERIMENTS, find, run
from reberlstm.lab.experiment import HOLDS, PRESETS
from reberlstm.lab.runner import claim_in_words, markdown_table
from reberlstm.lab.training import state_of

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
        start, before = time.process_time(), _trained(folder)
        run(experiment, folder, preset=preset, seed=seed, resume=True)
        spent = time.process_time() - start
        record = json.loads((folder / "metrics.json").read_text("utf-8"))
        training = sum(net["cpu_seconds"] for net in record["nets"].values())
        record["cpu_seconds"] = round(training, 1)
        record["cpu_seconds_besides"] = round(spent - (training - before), 1)
        for net in record["nets"].values():
            del net["curve"]
        if (preset, seed) == SHOWN:
            PICTURES.mkdir(parents=True, exist_ok=True)
            for picture in experiment.pictures:
                content = smaller((folder / f"{picture.name}.svg").read_text("utf-8"))
                write_atomically(PICTURES / f"{name}-{picture.name}.svg", content.encode())
    RECORDS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    write_atomically(RECORDS / f"{name}.{preset}.{seed}.json", text.encode())


def _trained(folder: Path) -> float:
    """Processor seconds of trainings that the folder has the checkpoints of."""
    return sum(
        float(state_of(path)["seconds"]) for path in (folder / "checkpoints").glob("*.safetensors")
    )


def records() -> list[dict[str, Any]]:
    """All records kept, in the order of the list of experiments, then by preset and seed."""
    found = [json.loads(path.read_text("utf-8")) for path in RECORDS.glob("*.json")]
    known = [record for record in found if record["experiment"] in EXPERIMENTS]
    order = list(EXPERIMENTS)
    return sorted(known, key=lambda r: (order.index(r["experiment"]), r["preset"], r["seed"]))


def claims(kept: list[dict[str, Any]]) -> list[str]:
    """The table of all claims: a row for every claim and preset."""
    rows = [
        _claim(runs, number)
        for name in EXPERIMENTS
        for number, _ in enumerate(find(name).claims)
        for preset in PRESETS
        if (runs := _of(kept, name, preset))
    ]
    heading = "experiment | claim of the source | preset | measured, lowest seed | verdict | "
    return [markdown_table(heading + "holds with", rows)]


def _of(kept: list[dict[str, Any]], name: str, preset: str) -> list[dict[str, Any]]:
    return [r for r in kept if (r["experiment"], r["preset"]) == (name, preset)]


def _claim(runs: list[dict[str, Any]], number: int) -> list[str]:
    name = runs[0]["experiment"]
    for r in runs:
        if [c["claim"] for c in r["claims"]] != [claim.source for claim in find(name).claims]:
            raise SystemExit(f"docs/lab/{name}.{r['preset']}.{r['seed']}.json: of other claims")
    shown = runs[0]["claims"][number]
    verdicts = [r["claims"][number]["holds"] for r in runs]
    verdict = HOLDS[verdicts[0]] if len(set(verdicts)) == 1 else "depends on the seed"
    if set(verdicts) == {None}:
        often = "–"
    elif len(runs) == 1:
        often = f"seed {runs[0]['seed']} only"
    else:
        often = f"{verdicts.count(True)} of {len(runs)} seeds"
    link, claim, preset = f"[{name}](#{name})", claim_in_words(shown), runs[0]["preset"]
    return [link, claim, preset, shown["measured"], f"**{verdict}**", often]


def sections(kept: list[dict[str, Any]]) -> list[str]:
    """A section for every experiment: task, nets, figures."""
    lines: list[str] = []
    for name, title in EXPERIMENTS.items():
        experiment = find(name)
        lines += [f"### {name}", "", f"{title}. {experiment.task}", ""]
        lines += [f"Source: {experiment.source}", ""]
        runs = [r for r in kept if r["experiment"] == name]
        if runs:
            lines += [nets(runs), ""]
        for picture in experiment.pictures:
            path = f"pictures/lab/{name}-{picture.name}.svg"
            if (DOCS / path).exists():
                lines += [f"![{picture.caption}]({path})", "", picture.caption, ""]
    return lines[:-1]


def nets(runs: list[dict[str, Any]]) -> str:
    """A table of what was trained how, with the test losses of all seeds."""
    heading = "net | preset | parameters | examples | optimiser | batch | epochs | "
    rows = []
    for preset in PRESETS:
        chosen = [r for r in runs if r["preset"] == preset]
        for net, first in chosen[0]["nets"].items() if chosen else ():
            losses = ", ".join(
                f"{_loss(r['nets'][net]['test_loss_at_end'])} ({r['seed']})" for r in chosen
            )
            optimiser = f"{first['optimiser']} {first['learning_rate']:g}"
            parameters, examples, batch, epochs = (
                f"{first[key]:,}" for key in ("parameters", "examples", "batch", "epochs")
            )
            row = [net, preset, parameters, examples, optimiser, batch, epochs]
            rows.append([*row, losses, f"{first['cpu_seconds']:.0f}"])
    return markdown_table(heading + "test loss (seed) | s", rows)


def _loss(value: float | None) -> str:
    return "diverged" if value is None else f"{value:.2g}"


def times(kept: list[dict[str, Any]]) -> list[str]:
    """Processor seconds of a run, from the least to the most of all seeds."""
    columns = (
        ("quick", "cpu_seconds"),
        ("quick", "cpu_seconds_besides"),
        ("source", "cpu_seconds"),
    )
    rows = []
    for name in EXPERIMENTS:
        row = [name]
        for preset, key in columns:
            spent = sorted({round(r[key]) for r in _of(kept, name, preset) if key in r})
            row.append("–".join(str(end) for end in dict.fromkeys(spent[:1] + spent[-1:])))
        rows.append([*row[:-1], row[-1] or "not run"])
    heading = "experiment | quick: training | measuring and drawing | source: training"
    return [markdown_table(heading, rows)]


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
