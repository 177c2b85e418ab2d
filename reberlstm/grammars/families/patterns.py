"""Machines that look for a word."""

from __future__ import annotations

import string
from collections.abc import Iterable

from reberlstm.errors import GrammarError
from reberlstm.grammars.families.limits import check_at_least
from reberlstm.machine.fsm import FSM

MAX_LENGTH = 1_000
"""The longest word to look for; state names are its beginnings."""


def contains(word: str | Iterable[str], alphabet: Iterable[str] | None = None) -> FSM:
    """The words in which `word` occurs, without a gap.

    The state is how much of the word has just been read (Knuth, Morris and Pratt 1977), and its
    name is that part; the last one is never left.

    Args:
        word: The word to look for, of one symbol or more.
        alphabet: The symbols. Left out for a word of digits, of small or of capital letters: all
            symbols of that kind up to the last one in the word, and at least two.

    Raises:
        GrammarError: for an empty word, or a symbol that the alphabet has not.

    Example:
        >>> contains("abba").accepts("ababbab"), contains("abba").accepts("ababab")
        (True, False)
        >>> contains("10").alphabet
        ('0', '1')
    """
    wanted = tuple(word)
    check_at_least("the length of the word to look for", len(wanted), 1)
    symbols = tuple(alphabet) if alphabet is not None else _alphabet_of(wanted)
    separator = " " if any(len(symbol) != 1 for symbol in symbols) else ""
    name = "contains-" + separator.join(wanted)
    if len(wanted) > MAX_LENGTH:
        raise GrammarError(f"the word to look for has {len(wanted):,} symbols, over {MAX_LENGTH:,}")
    for symbol in wanted:
        if symbol not in symbols:
            raise GrammarError(f"{name}: symbol {symbol!r} is not in the alphabet {symbols}")

    names = ["nothing", *(separator.join(wanted[:k]) for k in range(1, len(wanted) + 1))]
    # Row k says how much of the word has been read after k symbols of it and one more. It is the
    # row of `border`, where the machine would be had the word begun one symbol later, but for the
    # symbol that goes on.
    rows: list[dict[str, int]] = []
    border = 0
    for length, symbol in enumerate(wanted):
        fallback = rows[border] if length else dict.fromkeys(symbols, 0)
        rows.append(fallback | {symbol: length + 1})
        border = fallback[symbol]
    rows.append(dict.fromkeys(symbols, len(wanted)))
    return FSM(
        alphabet=symbols,
        start=names[0],
        accepting=frozenset({names[-1]}),
        transitions={
            names[k]: {a: names[to] for a, to in row.items()} for k, row in enumerate(rows)
        },
        name=name,
        title=f"Words in which {separator.join(wanted)} occurs",
        source="D. E. Knuth, J. H. Morris and V. R. Pratt, Fast pattern matching in strings, "
        "SIAM J. Computing 6 (1977) 323–350",
    )


def _alphabet_of(word: tuple[str, ...]) -> tuple[str, ...]:
    for kind in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        if all(len(symbol) == 1 and symbol in kind for symbol in word):
            return tuple(kind[: max(2, 1 + max(map(kind.index, word)))])
    raise GrammarError(
        f"the word {''.join(word)!r} mixes kinds of symbols, so its alphabet cannot be told; "
        "use digits, small or capital letters only, or give the alphabet in Python: "
        "families.contains(word, alphabet)"
    )
