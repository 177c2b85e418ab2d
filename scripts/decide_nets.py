"""How many nets of a folder are decided: proved or refuted, each proof checked again.

    python scripts/decide_nets.py FOLDER MACHINE [--first N] [--seconds 60] [--kind gru] [--write]

Nets are the `.safetensors` files of the folder; a kind is what the names of files begin with, up to
`-seed`. Seconds are processor time of the one process, for each net; checking is not in it.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections import defaultdict
from pathlib import Path

from in_docs import DOCS, put

import reberlstm as rl
from reberlstm.certificates import Proof, Refutation, certify, check


def main() -> None:
    """Decide the nets, and print a line for each kind."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("machine", help="a name or a file")
    parser.add_argument("--first", type=int, default=0, help="so many of each kind; 0 is all")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each net")
    parser.add_argument("--kind", default="", help="only kinds whose names have this in them")
    parser.add_argument("--verbose", action="store_true", help="a line for each net")
    parser.add_argument(
        "--write",
        action="store_true",
        help="enter the kinds into the table of docs/certificates.md",
    )
    arguments = parser.parse_args()
    machine = rl.load_grammar(arguments.machine)
    kinds: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(arguments.folder.glob("*.safetensors"), key=_in_order):
        kinds[re.sub(r"-seed.*", "", path.stem)].append(path)
    row = "{:<24} {:>5} {:>7} {:>8} {:>5} {:>9} {:>9} {:>9}"
    print(row.format("kind", "nets", "proved", "refuted", "open", "median s", "most s", "check s"))
    for kind, paths in kinds.items():
        if arguments.kind not in kind:
            continue
        seconds, checks, outcomes = [], [0.0], []
        for path in paths[: arguments.first or None]:
            net = rl.load(path)
            began = time.process_time()
            found = certify(net, machine, seconds=arguments.seconds)
            seconds.append(time.process_time() - began)
            outcomes.append("proved" if isinstance(found, Proof) else "open")
            if isinstance(found, Refutation):
                outcomes[-1] = "refuted"
            elif isinstance(found, Proof):
                began = time.process_time()
                verdict = check(found.to_dict(), net, machine, seconds=600.0)
                checks.append(time.process_time() - began)
                assert verdict.valid, f"{path}: {verdict.reason}"
            if arguments.verbose:
                print(
                    f"  {path.stem} {outcomes[-1]} {seconds[-1]:.2f} s, {_detail(found)}",
                    flush=True,
                )
        counts = [outcomes.count(name) for name in ("proved", "refuted", "open")]
        times = [f"{x:.2f}" for x in (statistics.median(seconds), max(seconds), max(checks))]
        print(row.format(kind, len(outcomes), *counts, *times), flush=True)
        if arguments.write:
            write(kind, [str(len(outcomes)), *map(str, counts), *times[:2]])


HEADER = [
    "| kind | nets | proved | refuted | open | median s | most s |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
]


def write(kind: str, figures: list[str]) -> None:
    """Enter a kind into the table of the docs; the rows of other kinds stay."""
    text = (DOCS / "certificates.md").read_text("utf-8")
    table = text.partition("<!-- decided -->")[2].partition("<!-- /decided -->")[0]
    lines = {line.split("|")[1].strip(): line for line in table.strip().splitlines()[2:]}
    lines[kind] = f"| {' | '.join([kind, *figures])} |"
    put("decided", [*HEADER, *lines.values()], True, "certificates.md")


def _in_order(path: Path) -> list[int | str]:
    return [int(x) if x.isdigit() else x for x in re.split(r"(\d+)", path.stem)]


def _detail(found: object) -> str:
    if isinstance(found, Proof):
        size = len(str(found.to_dict()))
        return f"k = {found.k}, stride {found.stride}, {found.nodes} boxes, {size:,} bytes"
    if isinstance(found, Refutation):
        return f"after {len(found.word)} symbols"
    return str(getattr(found, "reason", ""))


if __name__ == "__main__":
    main()
