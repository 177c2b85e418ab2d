"""Extraction compared with AALpy: the same nets, the same limits of CPU seconds and of net steps.

AALpy (E. Muškardin et al., AALpy: an active automata learning library, 2022) runs KV and L* with
the oracles that know nothing of the machine. When a limit is reached, its last hypothesis counts.
`reberlstm` runs with its usual evidence and with the least of it, and then, for steps at the same
evidence, with each of AALpy's oracles in the place of its own searches::

    python scripts/bench_extraction.py --write
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from aalpy_side import ORACLES, Run, by_aalpy, by_our_learner
from agreement import Machine, Word, agreement, long_words, reader, short_words
from extraction_nets import Begun, Seen
from in_docs import put
from train_for_extraction import OUT, RECIPES, Recipe

import reberlstm as rl
from reberlstm.extraction import Budget, Comparison, extract
from reberlstm.net.loading import as_net


def by_us(net: Any, effort: float, seed: int) -> tuple[Run, Comparison, str]:
    """The run of this package, what is claimed, and the same for people.

    Its bound on seconds is one by the clock, which runs on while other programs do; words and
    states bound it here. With the least evidence a net is only asked, as AALpy asks it: there is no
    certificate, which steps the net on its own.
    """
    found = extract(
        net,
        seconds=3600,
        max_words=500_000,
        max_states=200,
        budget=Budget().scaled(effort),
        prove=effort == 1.0,
        seed=seed,
    )
    claim = found.verdict[0]
    outcome = f"{claim.relation}; machine after {found.found_after:,} steps"
    if found.ended_by is not None:
        outcome += f"; ended by {found.ended_by}"
    machine, returned = reader(found.fsm, net), found.ended_by is None
    return Run(machine, len(found.fsm.states), found.search_steps, returned), claim, outcome


def nets() -> Iterator[tuple[str, Any]]:
    """The nets of the table."""
    for name in ("reber", "embedded-reber"):
        yield f"{name}, compiled, legal", Seen(rl.compile(rl.load_grammar(name)), "legal")
    yield "reber, compiled, accept", Seen(rl.compile(rl.load_grammar("reber")), "accept")
    for recipe in RECIPES:
        if recipe.name in TRAINED:
            yield f"{recipe.name}, trained", _loaded(recipe)


USUAL, LEAST = "reberlstm", "reberlstm, least evidence"
EFFORTS = {USUAL: 1.0, LEAST: 0.0001}
LEARNERS = ("KV", "L*")
OURS, KEPT = "our learner", ", kept"

TRAINED = {
    "tomita-1-lstm",
    "tomita-2-gru",
    "tomita-3-rnn",
    "tomita-4-gru",
    "tomita-5-rnn",
    "tomita-6-gru",
    "tomita-7-lstm",
    "tomita-3-lstm-cut-short",
    "reber-gru",
    "embedded-reber-lstm",
}


def _loaded(recipe: Recipe) -> Any:
    """A net of `train_for_extraction.py`; one of legal symbols after the first symbol of all words.

    Before it such a net was taught nothing; so both sides ask the same.
    """
    net = as_net(OUT / f"{recipe.name}.safetensors")
    (kind,) = net.observed
    seen = Seen(net, kind, claims=net.claims, weights=net)
    return Begun(seen, "B") if kind == "legal" else seen


@dataclass(frozen=True)
class Row:
    """One run on one net, and what became of it.

    Attributes:
        run: The machine and what it took.
        short: Its agreement with the net on all short words.
        long: The same on long random ones.
        outcome: What was claimed of it, and whether the compared words show otherwise.
        refuted: Whether they do.
        seconds: CPU time.
    """

    run: Run
    short: float
    long: float
    outcome: str
    refuted: bool
    seconds: float

    def cells(self) -> str:
        """The row of the table."""
        return (
            f"{self.run.states} | {self.short:.2%} | {self.long:.2%} | {self.outcome} | "
            f"{self.run.steps:,} | {self.seconds:.1f}"
        )


Rows = dict[tuple[str, str], Row]
"""The runs on one net: by whom, and with which of AALpy's oracles, if any."""


def rows_of(net: Any, arguments: argparse.Namespace) -> Rows:
    """All runs on one net."""
    short = list(short_words(net, 10, 20_000))
    long = list(long_words(net, 200, 100, arguments.seed + 1))
    limits = (arguments.seconds, arguments.steps, arguments.seed)
    rows: Rows = {}
    for method, effort in EFFORTS.items():
        start = time.process_time()
        run, claim, outcome = by_us(net, effort, arguments.seed)
        seconds = time.process_time() - start
        agree = agreement(run.machine, short), agreement(run.machine, long)
        refuted = _refuted(claim, run.machine, short + long)
        if refuted:
            outcome += ", refuted"
        rows[method, ""] = Row(run, *agree, outcome, refuted, seconds)
    for oracle in ORACLES:
        for who in (*LEARNERS, *(f"{learner}{KEPT}" for learner in LEARNERS), OURS):
            start = time.process_time()
            if who == OURS:
                run = by_our_learner(net, oracle, *limits)
            else:
                learner = who.removesuffix(KEPT)
                run = by_aalpy(net, learner, oracle, *limits, kept=who != learner)
            seconds = time.process_time() - start
            agree = agreement(run.machine, short), agreement(run.machine, long)
            refuted = run.returned and min(agree) < 1
            outcome = "returned" if run.returned else "limit"
            if refuted:
                outcome += ", refuted"
            rows[who, oracle] = Row(run, *agree, outcome, refuted, seconds)
    return rows


def _refuted(claim: Comparison, machine: Machine, words: list[tuple[Word, Any]]) -> bool:
    """Whether one of the words shows otherwise than was claimed."""
    if claim.equal is False:
        return False
    length = re.search(r"up to length (\d+)", claim.relation)
    most = int(length[1]) if length else (10**9 if claim.equal else -1)
    return any(machine(word) != shown for word, shown in words if len(word) <= most)


def same_evidence(title: str, rows: Rows) -> str:
    """A row of the table of steps at the same evidence."""

    def steps(who: str, oracle: str) -> str:
        row = rows[who, oracle]
        mark = " †" if row.refuted else "" if row.run.returned else " …"
        return f"{row.run.steps:,}{mark}"

    cells = []
    for oracle in ORACLES:
        both = [f"{steps(who, oracle)} ({steps(who + KEPT, oracle)})" for who in LEARNERS]
        cells.append(" / ".join([steps(OURS, oracle), *both]))
    return f"| {title} | {' | '.join(cells)} |"


def tally(tables: dict[str, Rows]) -> list[str]:
    """What the aims come to, counted: each with its exceptions."""
    aims: dict[str, list[str | None]] = {
        "agrees at least as well as every run of AALpy, usual evidence": [],
        "agrees at least as well as every run of AALpy, least evidence": [],
        "no claim of `reberlstm` refuted": [],
        "no machine that AALpy returned refuted": [],
        "fewer steps than the unrefuted runs of AALpy, least evidence": [],
        "fewer steps than AALpy, same oracle, where no limit ended either": [],
        "agrees at least as well as the unrefuted runs of AALpy, same oracle": [],
    }
    usual, least, claims, returned, fewer, same_oracle, as_good = aims.values()
    for title, rows in tables.items():
        theirs = {key: row for key, row in rows.items() if key[0] in LEARNERS}
        for method, ahead in ((USUAL, usual), (LEAST, least)):
            ours = rows[method, ""]
            behind = any(r.short > ours.short or r.long > ours.long for r in theirs.values())
            ahead.append(title if behind else None)
            claims.append(f"{title}, {method}" if ours.refuted else None)
        for (learner, oracle), row in theirs.items():
            name = f"{title}, {learner}, {oracle}"
            steps, ours = row.run.steps, rows[OURS, oracle]
            if row.run.returned:
                returned.append(name if row.refuted else None)
            if row.run.returned and not row.refuted:
                fewer.append(name if rows[LEAST, ""].run.steps >= steps else None)
                as_good.append(name if min(ours.short, ours.long) < 1 else None)
            if row.run.returned and ours.run.returned:
                same_oracle.append(name if ours.run.steps >= steps else None)
    lines = ["| aim | reached | exceptions |", "|---|---|---|"]
    for aim, cases in aims.items():
        exceptions = [case for case in cases if case is not None]
        told = "; ".join(exceptions[:MOST_TOLD]) + ("; …" if len(exceptions) > MOST_TOLD else "")
        lines.append(f"| {aim} | {len(cases) - len(exceptions)} of {len(cases)} | {told or '–'} |")
    return lines


def at_equal_truth(tables: dict[str, Rows]) -> list[str]:
    """Steps of ours over steps of AALpy, where both machines are as good on the compared words.

    The runs of AALpy are those that returned and that no compared word refutes; it is set against
    our own search with the least evidence, and against our learner with the same oracle.
    """
    lines = []
    for who in (LEAST, OURS):
        ratios = []
        for rows in tables.values():
            theirs = {key: row for key, row in rows.items() if key[0] in LEARNERS}
            for (_, oracle), row in theirs.items():
                ours = rows[who, "" if who == LEAST else oracle]
                truth = ours.short >= row.short and ours.long >= row.long
                if row.run.returned and not row.refuted and truth:
                    ratios.append(ours.run.steps / max(1, row.run.steps))
        if ratios:
            under = sum(ratio < AIM for ratio in ratios)
            lines.append(
                f"- net steps of {who}, as a multiple of AALpy's: median {median(ratios):.2f}, "
                f"at most {max(ratios):.2f}; under {AIM} in {under} of {len(ratios)} pairs"
            )
    return lines


AIM = 0.5
"""Half of AALpy's steps."""

MOST_TOLD = 4
"""Exceptions that are named; the tables have all."""


def main() -> None:
    """Print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="nets with this in their names")
    parser.add_argument("--write", action="store_true", help="put the tables into the docs")
    arguments = parser.parse_args()
    tables: dict[str, Rows] = {}
    for title, net in nets():
        if arguments.only in title:
            tables[title] = rows_of(net, arguments)
            for (who, oracle), row in tables[title].items():
                print(f"| {title} | {who} {oracle} | {row.cells()} |", flush=True)
    put("equal-truth", at_equal_truth(tables), arguments.write)
    put("tally", tally(tables), arguments.write)
    lines = [f"| net | {' | '.join(ORACLES)} |", f"|---{'|---' * len(ORACLES)}|"]
    lines += [same_evidence(title, rows) for title, rows in tables.items()]
    put("same-evidence", lines, arguments.write)
    lines = [
        "| net | method | states | words ≤ 10 | words of 100 | outcome | net steps | CPU s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for title, rows in tables.items():
        for (who, oracle), row in rows.items():
            if who in EFFORTS or who in LEARNERS:
                method = f"{who}, {oracle}" if oracle else who
                lines.append(f"| {title} | {method} | {row.cells()} |")
    put("bench", lines, arguments.write)


if __name__ == "__main__":
    main()
