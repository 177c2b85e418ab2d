"""Long words in print: what is repeated stands there once, with the number of times."""

from __future__ import annotations

from collections.abc import Sequence

LONG = 40
"""Words of up to so many symbols are printed as they are."""

MOST_PERIOD = 64
"""The longest part that is looked for as one that is repeated."""

Part = tuple[tuple[str, ...], int]
"""Symbols, and how often they stand there one after the other."""


def repeats(word: Sequence[str]) -> list[Part]:
    """A word as parts, most of it in those that are repeated at least three times.

    From left to right, at each place the part whose repetition is longest is taken.

    Example:
        >>> repeats("BTSSSSSXXV")
        [(('B', 'T'), 1), (('S',), 5), (('X', 'X', 'V'), 1)]
    """
    word = tuple(word)
    size = len(word)
    # For each period: how many symbols from here on are the same as one period later.
    same = {period: [0] * (size + 1) for period in range(1, min(MOST_PERIOD, size // 3) + 1)}
    for period, run in same.items():
        for at in range(size - period - 1, -1, -1):
            run[at] = run[at + 1] + 1 if word[at] == word[at + period] else 0
    parts: list[Part] = []
    single: list[str] = []
    at = 0
    while at < size:
        each = ((1 + run[at] // period, -period) for period, run in same.items())
        covered, period, times = max(
            ((times * -period, period, times) for times, period in each if times >= 3),
            default=(0, 0, 1),
        )
        if covered < 5:
            single.append(word[at])
            at += 1
            continue
        if single:
            parts.append((tuple(single), 1))
            single = []
        parts.append((word[at : at - period], times))
        at += covered
    return [*parts, (tuple(single), 1)] if single else parts


def folded(word: Sequence[str], separator: str = "") -> str:
    """A word in print: ``BT S×60 XXV``, or as it is where it is not long.

    Args:
        word: The symbols.
        separator: What stands between symbols.

    Example:
        >>> folded("BTSSXXTVVE")
        'BTSSXXTVVE'
        >>> folded("BT" + 20 * "XTVP" + "S"), folded(["up", "down"] * 30, " ")
        ('BT (XTVP)×20 S', '(up down)×30')
    """
    if len(word) <= LONG:
        return separator.join(word)
    texts = []
    for symbols, times in repeats(word):
        text = separator.join(symbols)
        texts.append(text if times == 1 else repeated(text, len(symbols), times))
    return " ".join(texts)


def repeated(text: str, symbols: int, times: int) -> str:
    """So many symbols, as text, so many times: ``S×60``, ``(PXV)×5``."""
    return f"{text}×{times}" if symbols == 1 else f"({text})×{times}"


def in_short(word: Sequence[str], separator: str = "", most: int = LONG) -> str:
    """The same as `folded`, with the middle left out of what is still longer.

    Example:
        >>> in_short("abbabaaababbabaabbbabababbabbbaabaaabbbab", most=20)
        'abbabaaaba…abaaabbbab'
    """
    text = folded(word, separator)
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-(most // 2) :]}"
