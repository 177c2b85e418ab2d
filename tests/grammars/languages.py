"""For every shipped grammar an independent definition of its language and of its outputs."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby

REBER = "B(TS*X(XT*VP)*(S|XT*VV)|PT*V(V|P(XT*VP)*(S|XT*VV)))E"
EMBEDDED = f"B(T{REBER}T|P{REBER}P)E"

REGULAR_EXPRESSIONS = {
    "reber": REBER,
    "embedded-reber": EMBEDDED,
    "continual-reber": f"({REBER})*",
    "continual-embedded-reber": f"({EMBEDDED})*",
    "parity": "(0|10*1)*",
    "even-pairs": "0*|1*|0(0|1)*0|1(0|1)*1",
    "mod-3": "(0|10*10*1)*",
    "tomita-1": "1*",
    "tomita-2": "(10)*",
    "tomita-7": "0*1*0*1*",
    "contains-abba": "(a|b)*abba(a|b)*",
    "anbn-4": "ab|aabb|aaabbb|aaaabbbb",
}
"""Written by hand from the drawings in the papers."""


def runs(word: str) -> list[tuple[str, int]]:
    """The runs of equal symbols with their lengths."""
    return [(symbol, len(list(group))) for symbol, group in groupby(word)]


def no_odd_zeros_after_odd_ones(word: str) -> bool:
    seen_odd_ones = False
    for symbol, length in runs(word):
        if symbol == "1":
            seen_odd_ones |= length % 2 == 1
        elif seen_odd_ones and length % 2 == 1:
            return False
    return True


def no_odd_zeros_right_after_odd_ones(word: str) -> bool:
    pairs = re.findall("(1+)(0+)", word)
    return not any(len(ones) % 2 and len(zeros) % 2 for ones, zeros in pairs)


def is_balanced(word: str, depth: int) -> bool:
    """Deletes innermost pairs until nothing is left, and counts the rounds."""
    for _ in range(depth + 1):
        if not word:
            return True
        word = re.sub(r"(\(\)|\[\])+", "", word)
    return False


PREDICATES: dict[str, Callable[[str], bool]] = {
    name: (lambda word, compiled=re.compile(expression): bool(compiled.fullmatch(word)))
    for name, expression in REGULAR_EXPRESSIONS.items()
} | {
    "parity": lambda word: word.count("1") % 2 == 0,
    "even-pairs": lambda word: len(re.findall("(?=01|10)", word)) % 2 == 0,
    "alternating": lambda word: len(word) % 2 == 1,
    "mod-3": lambda word: word.count("1") % 3 == 0,
    "tomita-1": lambda word: "0" not in word,
    "tomita-2": lambda word: word == "10" * (len(word) // 2),
    "tomita-3": no_odd_zeros_after_odd_ones,
    "tomita-3-adjacent": no_odd_zeros_right_after_odd_ones,
    "tomita-4": lambda word: "000" not in word,
    "tomita-5": lambda word: word.count("0") % 2 == 0 and word.count("1") % 2 == 0,
    "tomita-6": lambda word: (word.count("0") - word.count("1")) % 3 == 0,
    "tomita-7": lambda word: len(runs(word)) + word.startswith("1") <= 4,
    "contains-abba": lambda word: "abba" in word,
    "anbn-4": lambda word: any(word == "a" * n + "b" * n for n in (1, 2, 3, 4)),
    "dyck-2-3": lambda word: is_balanced(word, 3),
    "cycle-navigation": lambda word: (word.count("R") - word.count("L")) % 5 == 0,
    "modular-arithmetic": lambda word: bool(re.fullmatch(r"[0-4]([-+*][0-4])*", word)),
}
"""Whether a word is accepted, for every shipped grammar."""

OUTPUTS: dict[str, Callable[[str], str]] = {
    "alternating": lambda word: str(len(word) % 2),
    "cycle-navigation": lambda word: str((word.count("R") - word.count("L")) % 5),
    "modular-arithmetic": lambda word: (
        str(eval(word) % 5) if PREDICATES["modular-arithmetic"](word) else "…"
    ),
}
"""The output after a legal word."""
