"""Run the experiments of the sequence lab and make docs/lab.md of what came out.

    python scripts/run_lab.py                              # all, quick, ten seeds, then the page
    python scripts/run_lab.py --preset source --only line --seeds 1
    python scripts/run_lab.py --nets FOLDER                # keep nets there, and take them again
    python scripts/run_lab.py --page                       # only the page, from the records kept
    python scripts/run_lab.py --check                      # only say whether it is up to date

What was measured is kept as docs/lab/NAME.PRESET.json, ``metrics.json`` without the curves; the
figures of the page are those of the quick runs with seed 0.
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
from reberlstm.lab import EXPERIMENTS, Claim, Experiment, Picture, find, run
from reberlstm.lab.experiment import PRESETS
from reberlstm.lab.runner import claim_in_words, markdown_table, verdict_in_words

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "lab.md"
RECORDS = DOCS / "lab"
PICTURES = DOCS / "pictures" / "lab"
SEEDS = 10
LEFT_OUT = {"alternating": ("discards", "faster", "guide", "longer", "multiplier")}
"""Claims that are in REPORT.md, but not in the table of the page."""

NOT_SHOWN = {"inside", "memory", "gates", "between", "predictions", "decoded", "parameters"}
"""Pictures that `lab run` draws, but that are not on the page, which is long enough."""


def run_one(name: str, preset: str, seed: int, seeds: int, nets: Path | None) -> None:
    """Run an experiment; keep its record and, of the quick preset, its figures."""
    experiment = find(name)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if nets is None else nets / f"{name}.{preset}"
        shown = preset == "quick"
        result = run(
            experiment,
            folder,
            preset=preset,
            seed=seed,
            seeds=seeds,
            resume=True,
            overwrite=True,
            formats=("svg",) if shown else (),
            keep_after=0.0,
        )
        record = dict(result.metrics)
        for picture in _shown(experiment) if shown else ():
            (path,) = (path for path in result.files if path.stem == picture.name)
            content = path.read_bytes()
            if path.suffix == ".svg":
                content = smaller(content.decode()).encode()
            PICTURES.mkdir(parents=True, exist_ok=True)
            write_atomically(PICTURES / f"{name}-{path.name}", content)
        record["captions"] = {
            picture.name: picture.says(result.run) for picture in experiment.pictures
        }
    for net in record["nets"].values():
        del net["curve"]
    for of_one in record["of_seeds"].values():
        del of_one["measured"]  # in the claims
    RECORDS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    write_atomically(RECORDS / f"{name}.{preset}.json", text.encode())


def _shown(experiment: Experiment) -> list[Picture]:
    return [picture for picture in experiment.pictures if picture.name not in NOT_SHOWN]


def records() -> dict[tuple[str, str], dict[str, Any]]:
    """All records kept, by experiment and preset."""
    found = {}
    for name in EXPERIMENTS:
        for preset in PRESETS:
            path = RECORDS / f"{name}.{preset}.json"
            if path.exists():
                found[name, preset] = json.loads(path.read_text("utf-8"))
                said = [claim["name"] for claim in found[name, preset]["claims"]]
                if said != [claim.name for claim in find(name).claims]:
                    raise SystemExit(f"{path}: of other claims")
    return found


Records = dict[tuple[str, str], dict[str, Any]]


def claims(kept: Records) -> list[str]:
    """The table of claims about nets that are trained."""
    rows = [
        _row(name, claim, kept)
        for name in EXPERIMENTS
        for claim in find(name).claims
        if not claim.by_hand and claim.name not in LEFT_OUT.get(name, ())
    ]
    heading = "experiment | claim of the source | measured, quick | verdict | source's settings"
    return [markdown_table(heading, rows)]


def _row(name: str, claim: Claim, kept: Records) -> list[str]:
    quick, source = (_of(kept.get((name, preset)), claim) for preset in PRESETS)
    figure = f"[{name}](pictures/lab/{name}-{claim.figure}.svg)" if claim.figure else name
    told = "–" if source is None else f"{source['verdict']}: {source['found']}"
    if quick is None:
        return [figure, claim_in_words(vars(claim)), "–", "–", told]
    seeds = len(quick["holds"])
    share = f"{quick['holds'].count(True)} of {seeds} seeds"
    words = verdict_in_words(quick["verdict"], "" if quick["verdict"] == "not decided" else share)
    return [figure, claim_in_words(quick), quick["found"], words, told]


def _of(record: dict[str, Any] | None, claim: Claim) -> dict[str, Any] | None:
    if record is None:
        return None
    found: dict[str, Any] = next(of for of in record["claims"] if of["name"] == claim.name)
    return found


def byhand(kept: Records) -> list[str]:
    """The table of what is said of nets wired by hand, and of the tasks: no seed changes it."""
    rows = []
    for name in EXPERIMENTS:
        for claim in find(name).claims:
            if claim.by_hand and (found := _of(kept.get((name, "quick")), claim)):
                says = claim.says.removeprefix("(not in the source) ")
                rows.append([f"[{name}](#{name})", says, found["found"], f"**{found['verdict']}**"])
    return [markdown_table("experiment | claim | measured | verdict", rows)]


def sections(kept: Records) -> list[str]:
    """A section for every experiment: task, nets, why claims do not hold, figures."""
    lines: list[str] = []
    for name, title in EXPERIMENTS.items():
        experiment = find(name)
        lines += [f"### {name}", "", f"{title}. {experiment.task}", ""]
        lines += [f"Source: {experiment.source}", ""]
        runs = [kept[name, preset] for preset in PRESETS if (name, preset) in kept]
        if not runs:
            continue
        lines += [nets(runs), ""]
        for claim in runs[0]["claims"]:
            lines += [claim["reason"], ""] if claim["reason"] else []
        for picture in _shown(experiment):
            for path in sorted(PICTURES.glob(f"{name}-{picture.name}.*")):
                caption = runs[0]["captions"][picture.name]
                lines += [f"![{caption}](pictures/lab/{path.name})", "", caption, ""]
    return lines[:-1]


def nets(runs: list[dict[str, Any]]) -> str:
    """A table of what was trained how, with the test losses of all seeds."""
    heading = "net | preset | parameters | examples | optimiser | batch | epochs | "
    rows = []
    for record in runs:
        for net, first in record["nets"].items():
            losses = [of_one["test_losses"][net] for of_one in record["of_seeds"].values()]
            ends = sorted(loss for loss in losses if loss is not None)
            told = "–".join(dict.fromkeys(f"{end:.2g}" for end in (ends[:1] + ends[-1:])))
            if len(ends) < len(losses):
                told += f", {len(losses) - len(ends)} diverged"
            optimiser = f"{first['optimiser']} {first['learning_rate']:g}"
            parameters, examples, batch, epochs = (
                f"{first[key]:,}" for key in ("parameters", "examples", "batch", "epochs")
            )
            row = [net, record["preset"], parameters, examples, optimiser, batch, epochs]
            rows.append([*row, told, str(len(losses)), f"{first['cpu_seconds']:.0f}"])
    return markdown_table(heading + "test loss, least to most | seeds | s", rows)


def page() -> str:
    """The page with its generated parts renewed."""
    kept = records()
    text = PAGE.read_text("utf-8")
    for part in (claims, byhand, sections):
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
    parser.add_argument("--preset", choices=PRESETS, default="quick")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many")
    parser.add_argument("--only", nargs="+", choices=list(EXPERIMENTS), default=list(EXPERIMENTS))
    parser.add_argument("--nets", type=Path, help="keep the trained nets here, and take them again")
    parser.add_argument("--page", action="store_true", help="run nothing")
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    asked = parser.parse_args()
    if asked.check:
        current = PAGE.read_text("utf-8") == page()
        print(f"{PAGE.name} is {'up to date' if current else 'out of date: run with --page'}")
        return 0 if current else 1
    for name in [] if asked.page else asked.only:
        start = time.process_time()
        run_one(name, asked.preset, asked.seed, asked.seeds, asked.nets)
        spent = time.process_time() - start
        print(f"{name}, {asked.preset}, {asked.seeds} seeds: {spent:.0f} CPU s", flush=True)
    write_atomically(PAGE, page().encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
