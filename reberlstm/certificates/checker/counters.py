"""Machines with counters, as the checker reads them itself; see `subject` for finite ones."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reberlstm.certificates.checker.document import compact, demand

SIGNS = {"> 0": {1}, "= 0": {0}, "< 0": {-1}, ">= 0": {0, 1}, "<= 0": {-1, 0}, "!= 0": {-1, 1}}
CHANGES: Mapping[str, int | None] = {"+ 1": 1, "- 1": -1, ":= 0": None}


class Arrow(NamedTuple):
    """A transition: the signs with which it is taken, where it leads, and what it changes."""

    when: tuple[frozenset[int], ...]
    target: str
    change: tuple[int | None, ...]


@dataclass(frozen=True)
class CounterMachine:
    """A machine with counters."""

    name: str
    alphabet: tuple[str, ...]
    start: str
    counters: tuple[str, ...]
    arrows: Mapping[tuple[str, str], Sequence[Arrow]]
    accepting: Sequence[tuple[str, tuple[frozenset[int], ...]]]

    outputs: Mapping[str, str] = field(default_factory=dict)  # none, but asked of every machine

    def __str__(self) -> str:
        return self.name or "the machine"

    def text(self, word: Sequence[str]) -> str:
        """A word as it is written on the command line."""
        return ("" if all(len(symbol) == 1 for symbol in self.alphabet) else " ").join(word)

    def step(
        self, state: str, values: tuple[int, ...], symbol: str
    ) -> tuple[str, tuple[int, ...]] | None:
        """State and counters after a symbol, or None where that is a violation."""
        arrow = self.arrow(state, symbol, [(n > 0) - (n < 0) for n in values])
        if arrow is None:
            return None
        changed = zip(values, arrow.change, strict=True)
        return arrow.target, tuple(0 if by is None else n + by for n, by in changed)

    def arrow(self, state: str, symbol: str, signs: Sequence[int]) -> Arrow | None:
        """The transition that is taken; there must not be two."""
        taken = [x for x in self.arrows.get((state, symbol), ()) if _holds(x.when, signs)]
        demand(len(taken) < 2, f"two transitions of state {state!r} on {symbol!r} may be taken")
        return taken[0] if taken else None

    def accepts(self, state: str, signs: Sequence[int]) -> bool:
        """Whether a word may end."""
        return any(q == state and _holds(when, signs) for q, when in self.accepting)

    @property
    def sha256(self) -> str:
        """Of all that changes an answer."""
        arrows = [
            [state, symbol, [sorted(x) for x in each.when], each.target, list(each.change)]
            for (state, symbol), listed in self.arrows.items()
            for each in listed
        ]
        ends = [[state, [sorted(x) for x in when]] for state, when in self.accepting]
        described = {
            "alphabet": list(self.alphabet),
            "start": self.start,
            "counters": list(self.counters),
            "transitions": sorted(arrows, key=compact),
            "accepting": sorted(ends, key=compact),
        }
        return hashlib.sha256(compact(described)).hexdigest()


def _holds(when: Sequence[frozenset[int]], signs: Sequence[int]) -> bool:
    return all(sign in wanted for sign, wanted in zip(signs, when, strict=True))


def counter_machine_of(given: Any) -> CounterMachine:
    """The machine in the fields of an object."""
    arrows: dict[tuple[str, str], list[Arrow]] = {}
    for x in given.transitions:
        demand(len(x.when) == len(x.change) == len(given.counters), "a transition lacks a counter")
        demand(set(x.change) <= {-1, 0, 1, None}, "a counter changes by more than 1")
        demand(x.symbol in given.alphabet, "a transition is on no symbol of the alphabet")
        arrow = Arrow(tuple(map(frozenset, x.when)), x.target, tuple(x.change))
        arrows.setdefault((x.source, x.symbol), []).append(arrow)
    ends = [(state, tuple(map(frozenset, when))) for state, when in given.accepting]
    demand(all(len(when) == len(given.counters) for _, when in ends), "an end lacks a counter")
    demand(len(set(given.alphabet)) == len(given.alphabet), "a symbol stands twice")
    names = (str(given.name), tuple(given.alphabet), given.start, tuple(given.counters))
    return CounterMachine(*names, arrows, ends)


class _Parsed(NamedTuple):
    name: str
    alphabet: Sequence[str]
    start: str
    counters: Sequence[str]
    transitions: Sequence[Any]
    accepting: Sequence[Any]


class _Step(NamedTuple):
    source: str
    symbol: str
    target: str
    when: tuple[frozenset[int], ...]
    change: tuple[int | None, ...]


def read_counter_machine(data: Mapping[str, Any], name: str) -> CounterMachine:
    """The machine with counters in the parsed TOML of a grammar, see docs/formats.md."""
    about = {"name", "title", "source"}
    fields = {"alphabet", "counters", "start", "accepting", "transitions"}
    demand(set(data) <= fields | about, "the grammar has keys that are not known")
    counters = data["counters"]

    def each(text: str, meanings: Mapping[str, Any], usual: Any) -> tuple[Any, ...]:
        found = dict.fromkeys(counters, usual)
        for part in text.split(",") if text.strip() else ():
            read = re.fullmatch(r"\s*(\w+)\s*([<>!:+=-]+)\s*([01])\s*", part)
            demand(read and read[1] in found, f"{part!r} is about no counter")
            assert read is not None, "demanded"
            demand(found[read[1]] == usual, f"counter {read[1]!r} stands twice")
            found[read[1]] = meanings[f"{read[2]} {read[3]}"]
        return tuple(found.values())

    any_sign = frozenset({-1, 0, 1})
    steps = [
        _Step(
            x["from"],
            x["on"],
            x["to"],
            tuple(map(frozenset, each(x.get("when", ""), SIGNS, any_sign))),
            each(x.get("do", ""), CHANGES, 0),
        )
        for x in data["transitions"]
    ]
    listed = [{"state": x} if isinstance(x, str) else x for x in data.get("accepting", ())]
    ends = [(x["state"], each(x.get("when", ""), SIGNS, any_sign)) for x in listed]
    named = data.get("name", "") or name
    return counter_machine_of(
        _Parsed(named, data["alphabet"], data["start"], counters, steps, ends)
    )
