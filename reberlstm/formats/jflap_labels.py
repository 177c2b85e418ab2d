"""What the labels of transitions in a JFLAP file mean, where they have several characters.

JFLAP itself reads ``ab`` as ``a`` and then ``b`` in a finite automaton. People write such labels
for other things, too, so the labels of a whole file are looked at:

- ``int``, where the file also has lists of words such as ``letter,digit``: a symbol of its own;
- ``aab``, where a character comes twice in some label of a finite automaton: one after the other;
- ``ab``, else: parallel transitions, one for each character.

Everywhere ``a,b`` is a list, and ``[a-z]`` the characters of that range. A note says which it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from reberlstm.formats.messages import shown

MAX_LENGTH = 10_000
"""How many characters a label may have that is not one symbol."""

_EPSILON = {"", "ε", "λ"}
_RANGE = re.compile(r"\[(.)-(.)\]", re.DOTALL)

_NOTES = {
    "symbols": "as symbols of their own",
    "words": "one character after the other",
    "parallel": "as parallel transitions",
}

Word = tuple[str, ...]


class Labels:
    """Reads the labels of one file.

    Args:
        labels: All of them.
        exact: Whether every label is one symbol, as in files of ours.
        words: Whether a label may stand for several symbols one after the other.

    Example:
        >>> Labels(["ab", "[a-c]"]).read("ab", 1), Labels(["aab"]).read("aab", 1)
        ([('a',), ('b',)], [('a', 'a', 'b')])
        >>> Labels(["int", "letter,_"]).read("int", 1), Labels([]).read("", 1)
        ([('int',)], [()])
    """

    def __init__(self, labels: Iterable[str], *, exact: bool = False, words: bool = True) -> None:
        self.notes: list[str] = []
        self._exact = exact
        self._kind = "parallel"
        if exact:
            return
        several = {a for a in labels if 1 < len(a) <= MAX_LENGTH and a not in _EPSILON}
        lists = [pieces for label in several if len(pieces := _pieces(label)) > 1]
        if any(len(piece) > 1 and not _RANGE.search(piece) for ps in lists for piece in ps):
            self._kind = "symbols"
        elif words and any(_repeats(label) for label in several if len(_pieces(label)) == 1):
            self._kind = "words"

    def read(self, label: str, line: int) -> list[Word]:
        """The words, each of them mostly of one symbol, on which a transition can be made.

        Raises:
            ValueError: for a label that is too long.
        """
        if self._exact:
            return [(label,)] if label else [()]
        if label in _EPSILON:
            return [()]
        if len(label) == 1:
            return [(label,)]
        if len(label) > MAX_LENGTH:
            raise ValueError(
                f"a label of {len(label):,} characters, {shown(label)}; the limit is {MAX_LENGTH:,}"
            )
        found: list[Word] = []
        pieces = _pieces(label)
        for piece in pieces:
            if _RANGE.search(piece):
                found += [(symbol,) for symbol in _RANGE.sub(_spelled_out, piece)]
            elif self._kind == "symbols" or len(pieces) > 1:
                found.append((piece,))
            elif self._kind == "words":
                found.append(tuple(piece))
            else:
                found += [(symbol,) for symbol in piece]
        found = list(dict.fromkeys(found))
        if not self.notes:
            texts = " ".join("".join(word) for word in found[:10])
            self.notes.append(
                f"labels of several characters were read {_NOTES[self._kind]}, such as "
                f"{shown(label)} at line {line} as {texts}"
            )
        return found


def _pieces(label: str) -> list[str]:
    pieces = [piece.strip() for piece in label.split(",")]
    return pieces if all(pieces) else [label]


def _repeats(label: str) -> bool:
    return _RANGE.search(label) is None and len(set(label)) < len(label)


def _spelled_out(match: re.Match[str]) -> str:
    first, last = ord(match[1]), ord(match[2])
    if not first <= last < first + 1000:
        return match[0]
    return "".join(map(chr, range(first, last + 1)))
