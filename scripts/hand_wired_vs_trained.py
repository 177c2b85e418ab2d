"""Hand-wired against trained: the figures of docs/hand-wired-vs-trained.md, from many trained nets.

    python scripts/hand_wired_vs_trained.py --folder build/study [--seeds 100] [--write]

Nets are trained on the Reber grammar in several settings, a number of seeds each, and asked the
questions of `reberlstm compare`. Everything is kept in the folder: a killed run goes on where it
was, more seeds later add to what is there, and `--seeds 0` only counts what there is. `--write`
puts the tables into the document. A net takes about 10 s of one core, one that is trained for a
proof up to twice that; `--jobs` and `--scheduler` are those of `reberlstm study`.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from in_docs import DOCS, put

import reberlstm as rl
from reberlstm.comparison import Comparison, Entry, keys
from reberlstm.comparison.study import Cluster, Questions, Table, Trial, grid, run
from reberlstm.comparison.study.trials import Record
from reberlstm.figures import to_bytes
from reberlstm.files import write_atomically
from reberlstm.render.comparison import marked, study_figure
from reberlstm.training.settings import Settings

PAGE = "hand-wired-vs-trained.md"
PICTURE = DOCS / "pictures" / "hand-wired-vs-trained.svg"
REBER = rl.load_grammar("reber")
SETTINGS: tuple[tuple[str, int, float], ...] = (
    ("lstm", 3, 0.0),
    ("lstm", 4, 0.0),
    ("lstm", 8, 0.0),
    ("lstm", 8, 0.1),
    ("lstm", 8, 0.3),
    ("lstm", 8, 1.0),
    ("gru", 8, 0.0),
    ("rnn", 8, 0.0),
)
"""Cells, their number, and the noise in training; with noise an LSTM is trained for a proof."""

WIRED = ("compiled", "compiled, resync", "published")

LEFT_OUT = ("float16", "bfloat16", "int8")
"""Each takes as long as a certificate; they are asked of one net of each kind."""


def questions() -> Questions:
    """What every net is asked."""
    rows = tuple(key for key in keys(REBER) if key not in LEFT_OUT)
    return Questions(rows, words=100, rounds=100, seconds=150.0)


def trials(seeds: int) -> list[Trial]:
    """The nets of all settings, seed by seed."""
    return [
        trial
        for seed in range(seeds)
        for cell, size, noise in SETTINGS
        for trial in grid(
            [REBER],
            cells=[cell],
            hidden=[size],
            noises=[noise],
            seeds=[seed],
            questions=questions(),
            restarts=0,
        )
    ]


# Tables

Entries = dict[str, Any]
Group = tuple[str, list[Entries]]
"""A heading, and of each net the entries by row, as JSON."""


def groups(records: Sequence[Record]) -> list[Group]:
    """The trained nets by setting, without those that could not be trained."""
    found = []
    for cell, size, noise in SETTINGS:
        own = of_setting(records, cell, size, noise)
        nets = [record["rows"] for record in own if "rows" in record]
        found.append((title(cell, size, noise), nets))
    return [group for group in found if group[1]]


def of_setting(records: Sequence[Record], cell: str, size: int, noise: float) -> list[Record]:
    """The nets of one setting."""
    setting = (cell, size, noise)
    return [r for r in records if (r["cell"], r["hidden"], r["noise"]) == setting]


def title(cell: str, size: int, noise: float) -> str:
    """A setting in words."""
    return f"{cell.upper()} of {size}" + (f", noise {noise:g}" if noise else "")


def wired(folder: Path) -> Comparison:
    """The nets that nobody trained, and one of each kind that somebody did."""
    nets: dict[str, Any] = {
        "compiled": rl.compile(REBER),
        "compiled, resync": rl.compile(REBER, on_violation="resync"),
        "published": rl.published(),
    }
    for name, file in {
        "trained": "reber-lstm-8-noise0-seed0",
        "trained with noise": "reber-lstm-8-noise1-seed0",
    }.items():
        nets[name] = rl.load(folder / "nets" / f"{file}.safetensors")
    tuned = rl.train(Settings(fsm=REBER, start="compiled", seed=0, steps=600))
    nets["fine-tuned"] = tuned.net
    return rl.compare(REBER, nets, words=500, rounds=300)


def figures(nets: Iterable[Entries], row: str, *names: str) -> list[float]:
    """One figure of a row of all nets that have it."""
    found = []
    for net in nets:
        value: Any = net.get(row, {}).get("value")
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            found.append(float(value))
    return found


def mean(values: Sequence[float]) -> str:
    """The mean of shares, in per cent."""
    return f"{100 * statistics.fmean(values):.0f} %" if values else "–"


def middle(values: Sequence[float]) -> str:
    """The median and the range."""
    if not values:
        return "–"
    text, low, high = (
        f"{value:.0f}" if abs(value) >= 100 else f"{round(value, 6):.2g}"
        for value in (statistics.median(values), min(values), max(values))
    )
    return text if low == high else f"{text} ({low} to {high})"


def count(nets: Sequence[Entries], holds: Callable[[Entries], bool]) -> str:
    """How many nets something holds of."""
    return f"{sum(map(holds, nets))} of {len(nets)}"


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def learning(records: Sequence[Record]) -> list[str]:
    """How often, how fast, and what the cells stand for."""
    heads = (
        "net", "nets", "did what was asked", "words until then", "right on 100 strings",
        "cells that tell one node", "a set of nodes", "last symbols only", "neither",
    )  # fmt: skip
    rows = []
    for cell, size, noise in SETTINGS:
        own = of_setting(records, cell, size, noise)
        if not own:
            continue
        nets = [record["rows"] for record in own if "rows" in record]
        words = [record["words"] for record in own if record.get("success")]
        cells = sum(figures(nets, "meaning", "cells"))
        kinds = (
            f"{100 * sum(figures(nets, 'meaning', kind)) / cells:.0f} %" if cells else "–"
            for kind in ("one_node", "nodes", "symbols", "none")
        )
        rows.append(
            (
                title(cell, size, noise),
                str(len(own)),
                str(sum(bool(record.get("success")) for record in own)),
                f"{statistics.median(words):,.0f} ({min(words):,} to {max(words):,})"
                if words
                else "–",
                count(nets, lambda net: (net["accuracy"]["value"] or {}).get("share") == 1.0),
                *kinds,
            )
        )
    return markdown(heads, rows)


def loops(found: Sequence[Group]) -> list[str]:
    """What happens in 100 rounds of each cycle."""
    heads = (
        "net", "cycle", "for ever, proved", "first error", "settled", "still moving", "moved by",
    )  # fmt: skip
    rows = []
    for name, nets in found:
        for cycle in ("S", "T", "PXV"):
            limit, drift = f"loop {cycle}", f"drift {cycle}"
            asked = [net for net in nets if (net.get(drift, {}).get("value") or {}).get("rounds")]
            first = figures(nets, limit, "first")
            rows.append(
                (
                    name if cycle == "S" else "",
                    cycle,
                    count(nets, lambda net, row=limit: net[row]["value"]["proved"]),  # type: ignore[misc]
                    f"{len(first)} of {len(nets)}, first in round {min(first):.0f}"
                    if first
                    else f"none in {len(nets)}",
                    count(asked, lambda net, row=drift: net[row]["value"]["period"] is not None),  # type: ignore[misc]
                    count(asked, lambda net, row=drift: net[row]["value"]["period"] is None),  # type: ignore[misc]
                    middle(figures(asked, drift, "moved")),
                )
            )
    return markdown(heads, rows)


def proofs(found: Sequence[Group]) -> list[str]:
    """Which nets are proved, of which a wrong word is known, and what each tolerates."""
    heads = (
        "net", "proved", "a wrong word is known", "neither", "margin of the proofs",
        "noise tolerated", "… proved", "soft input tolerated", "… proved",
    )  # fmt: skip
    rows = []
    for name, nets in found:
        asked = [net["certificate"]["value"] for net in nets if net["certificate"]["value"]]
        proved = sum(value["outcome"] == "holds" for value in asked)
        wrong = sum(net["wrong prefix"]["status"] == "refuted" for net in nets)
        rows.append(
            (
                name,
                f"{proved} of {len(asked)}" if asked else "–",
                f"{wrong} of {len(nets)}",
                f"{len(nets) - proved - wrong} of {len(nets)}",
                middle([value["margin"] for value in asked if value["margin"] is not None]),
                *(
                    middle([figure for figure in figures(nets, row, kind) if figure])
                    for row in ("noise", "soft inputs")
                    for kind in ("measured", "proved")
                ),
            )
        )
    return markdown(heads, rows)


def machines(found: Sequence[Group]) -> list[str]:
    """The machines that are extracted from the nets, against the grammar's; and perplexity."""
    heads = (
        "net", "equal, and the net proved", "equal, the net not proved", "different",
        "shortest word that tells, symbols", "states of the different",
        "perplexity above the grammar's, %",
    )  # fmt: skip
    rows = []
    for name, nets in found:
        asked = [net for net in nets if net["extracted"]["value"]]
        equal = [net for net in asked if net["extracted"]["value"]["equal"]]
        proved = [net for net in equal if net["certificate"]["status"] == "proved"]
        other = [net["extracted"]["value"] for net in asked if net not in equal]
        likely = [net for net in nets if net["perplexity"]["value"]["by"] == "next head"]
        excess = [
            100 * (net / grammar - 1)
            for net, grammar in zip(
                figures(likely, "perplexity", "net"),
                figures(likely, "perplexity", "grammar"),
                strict=True,
            )
        ]
        rows.append(
            (
                name,
                *(
                    f"{number} of {len(asked)}"
                    for number in (len(proved), len(equal) - len(proved), len(other))
                ),
                middle([float(len(value["word"] or ())) for value in other]),
                middle([float(value["states"]) for value in other]),
                middle(excess),
            )
        )
    return markdown(heads, rows)


def recovery(found: Sequence[Group]) -> list[str]:
    """What was never trained: violations, missing starts, memories from elsewhere."""
    asked = (
        ("start symbol missing: right answers", "missing start", "share"),
        ("strings without reset: right answers", "concatenated", "share"),
        ("after an illegal symbol: offers nothing", "invalid", "silent"),
        ("… for good", "invalid", "for_good"),
        ("… starts over", "invalid", "starts_over"),
        ("… carries on", "invalid", "carries_on"),
        ("unknown memory: right at once", "unknown memory", "right"),
        ("… in the end", "unknown memory", "recovered"),
        ("another prefix's memory: right at once", "other memory", "right"),
        ("… in the end", "other memory", "recovered"),
        ("… the next word", "other memory", "next_right"),
    )
    rows = [
        (what, *(mean(figures(nets, row, name)) for _, nets in found)) for what, row, name in asked
    ]
    return markdown(("", *(name for name, _ in found)), rows)


def snapping(found: Sequence[Group]) -> list[str]:
    """Snapping with one slot and with two."""
    heads = ("net", "slots", "right answers", "nets without an error", "… in cycles")
    rows = []
    for name, nets in found:
        for slots in (1, 2):
            row = f"snap {slots}"
            asked = [net for net in nets if figures([net], row, "share")]
            if not asked:
                continue
            cycles = [net for net in asked if "first" in net[row]["value"]]
            rows.append(
                (
                    name if slots == 1 else "",
                    str(slots),
                    mean(figures(asked, row, "share")),
                    count(asked, lambda net, row=row: net[row]["value"]["share"] == 1.0),  # type: ignore[misc]
                    count(cycles, lambda net, row=row: net[row]["value"]["first"] is None),  # type: ignore[misc]
                )
            )
    return markdown(heads, rows)


def one_each(table: Comparison) -> list[str]:
    """One net of each kind."""
    rows = [(row.title, *(plain(entry) for entry in row.entries)) for row in table.rows]
    return markdown(("", *table.nets), rows)


def plain(entry: Entry) -> str:
    """An entry that Markdown leaves as it is."""
    return marked(entry).replace("|", "\\|").replace("*", "\\*")


def main() -> None:
    """Train and ask, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where nets and records are")
    parser.add_argument("--seeds", type=int, default=100, help="nets of each setting")
    parser.add_argument("--jobs", type=int, default=1, help="nets at a time")
    parser.add_argument("--scheduler", help="the address of a dask cluster")
    parser.add_argument("--write", action="store_true", help="put the tables into the document")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    records = Table(arguments.folder / "study.jsonl")
    cluster = Cluster(
        "dask" if arguments.scheduler else "loky", arguments.scheduler, arguments.jobs
    )
    run(
        trials(arguments.seeds),
        records,
        cluster=cluster,
        nets=arguments.folder / "nets",
        report=lambda record: print(record["name"], record.get("success"), flush=True),
    )
    table = wired(arguments.folder)
    columns: list[Group] = [
        (name, [{key: entry.to_dict() for key, entry in table.column(name).items()}])
        for name in WIRED
    ]
    trained = groups(records.records)
    for name, lines in (
        ("one of each", one_each(table)),
        ("learning", learning(records.records)),
        ("loops", loops(trained)),
        ("proofs", proofs(columns + trained)),
        ("machines", machines(columns + trained)),
        ("recovery", recovery(columns + trained)),
        ("snapping", snapping(columns + trained)),
    ):
        put(name, lines, arguments.write, PAGE)
    if arguments.write:
        own = [of_setting(records.records, *setting) for setting in SETTINGS]
        write_atomically(PICTURE, to_bytes(study_figure([r for part in own for r in part]), "svg"))


if __name__ == "__main__":
    main()
