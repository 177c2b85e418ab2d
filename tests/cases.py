"""One table of machines and words for every engine: machine, monitor, net, file, other libraries.

What is expected was written down by hand, from the drawings, not computed by the package.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

import reberlstm as rl
from reberlstm.compiler import arrays
from reberlstm.machine.fsm import FSM
from reberlstm.net.net import Net

VIOLATION: tuple[bool, str] = (False, "")
"""What is expected after a word with a violation: not accepted, and nothing may follow."""


@dataclass(frozen=True)
class Case:
    """A machine, and what is true after some words.

    Attributes:
        name: The case's name in the test report.
        fsm: The machine.
        cells: How many cells its compiled net has.
        after: For each word (symbols are single characters) whether it is accepted, and the symbols
            that may follow it, in alphabet order.
    """

    name: str
    fsm: FSM
    cells: int
    after: Mapping[str, tuple[bool, str]]


def machine(
    alphabet: str, start: str, accepting: str, transitions: Mapping[str, str], **rest: object
) -> FSM:
    """A machine in short: ``machine("ab", "0", "1", {"0": "a1 b0", "1": ""})``."""
    table = {
        state: {edge[0]: edge[1:] for edge in line.split()} for state, line in transitions.items()
    }
    return FSM(
        alphabet=tuple(alphabet),
        start=start,
        accepting=frozenset(accepting.split()),
        transitions=table,
        **rest,  # type: ignore[arg-type]
    )


REBER = machine(
    "BTSXPVE",
    "start",
    "end",
    {
        "start": "B0",
        "0": "T1 P5",
        "1": "S1 X2",
        "2": "S3 X5",
        "3": "Eend",
        "4": "P2 V3",
        "5": "T5 V4",
        "end": "",
    },
    name="reber",
)

CASES = (
    Case(
        "reber",
        REBER,
        8,
        {
            "": (False, "B"),
            "B": (False, "TP"),
            "BT": (False, "SX"),
            "BTX": (False, "SX"),
            "BTXS": (False, "E"),
            "BTXSE": (True, ""),
            "BTSSXXTVVE": (True, ""),
            "BPVPXVV": (False, "E"),
            "BPVPXVVE": (True, ""),
            "BPTTTTVPXTVPS": (False, "E"),
            "BTSSSSSSXXV": (False, "PV"),
            "T": VIOLATION,
            "BB": VIOLATION,
            "BTXSEB": VIOLATION,
            "BTVPXSE": VIOLATION,
        },
    ),
    Case(
        "parity",
        machine("01", "even", "even", {"even": "0even 1odd", "odd": "0odd 1even"}),
        1,
        {
            "": (True, "01"),
            "1": (False, "01"),
            "0110": (True, "01"),
            "111": (False, "01"),
        },
    ),
    Case(
        "one state, all is accepted",
        machine("ab", "0", "0", {"0": "a0 b0"}),
        1,
        {"": (True, "ab"), "abba": (True, "ab")},
    ),
    Case(
        "one state, nothing is accepted",
        machine("ab", "0", "", {"0": "a0 b0"}),
        1,
        {"": (False, "ab"), "abba": (False, "ab")},
    ),
    Case(
        "only the empty word",
        machine("ab", "0", "0", {"0": ""}),
        1,
        {"": (True, ""), "a": VIOLATION, "ab": VIOLATION},
    ),
    Case(
        "no word at all",
        machine("a", "0", "", {"0": ""}),
        1,
        {"": (False, ""), "a": VIOLATION, "aaa": VIOLATION},
    ),
    Case(
        "partial, start entered again",
        machine("ab", "0", "0", {"0": "a1", "1": "b0"}),
        3,
        {
            "": (True, "a"),
            "a": (False, "b"),
            "ab": (True, "a"),
            "abab": (True, "a"),
            "b": VIOLATION,
            "abb": VIOLATION,
            "abaa": VIOLATION,
            "aab": VIOLATION,
        },
    ),
    Case(
        "complete, with a sink and a state no word leads to",
        machine("ab", "0", "1", {"0": "a1 bx", "1": "a1 bx", "x": "ax bx", "far": "a0 b1"}),
        2,
        {"": (False, "ab"), "a": (True, "ab"), "ab": (False, "ab"), "aba": (False, "ab")},
    ),
    Case(
        "a state from which nothing is accepted",
        machine("ab", "0", "1", {"0": "a1 b2", "1": "", "2": "b2"}),
        3,
        {
            "": (False, "ab"),
            "a": (True, ""),
            "b": (False, "b"),
            "bbbb": (False, "b"),
            "ba": VIOLATION,
            "bab": VIOLATION,
            "aa": VIOLATION,
        },
    ),
    Case(
        "a product that one filter cannot do",
        machine("ab", "0", "t", {"0": "a1 b2", "1": "at b1", "2": "a2 bt", "t": "at bt"}),
        3,
        {
            "": (False, "ab"),
            "aa": (True, "ab"),
            "ab": (False, "ab"),
            "bb": (True, "ab"),
            "ba": (False, "ab"),
            "baab": (True, "ab"),
            "abba": (True, "ab"),
        },
    ),
)

REBER_WORD = re.compile(
    # From node 5: T loops, then V to node 4; there V ends, and P leads to node 2.
    # From node 2: S ends, and X leads to node 5.
    "B(?:TS*X(?:XT*VP)*(?:S|XT*VV)|PT*V(?:V|P(?:XT*VP)*(?:S|XT*VV)))E"
)
"""Reber's grammar as a regular expression, written by hand: an oracle that shares no code."""

_ENDINGS = ("", "E", "SE", "XSE", "TXSE", "VE", "VVE", "BTXSE")
"""For every node a shortest way to the end."""


@cache
def reber_legal(prefix: str) -> str:
    """The symbols that may follow, by asking the regular expression about completed words."""
    return "".join(
        symbol
        for symbol in "BTSXPVE"
        if any(REBER_WORD.fullmatch(prefix + symbol + ending) for ending in _ENDINGS)
    )


def reber_prefixes(max_length: int) -> list[str]:
    """All beginnings of Reber words up to a length, complete ones too, shortest first."""
    found = level = [""]
    for _ in range(max_length):
        level = [prefix + symbol for prefix in level for symbol in reber_legal(prefix)]
        found = found + level
    return found


def compiled_sparse(fsm: FSM, **options: Any) -> Net:
    """A compiled net whose weights are kept sparse, as those of large nets are."""
    with patch.object(arrays, "DENSE", 0):
        return rl.compile(fsm, **options)
