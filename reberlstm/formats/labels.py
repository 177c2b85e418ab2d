"""What the label of an edge says, in the formats that have only labels: DOT and node-link JSON."""

from __future__ import annotations

import re

EPSILON = frozenset({"", "ε", "ϵ", "λ", "eps", "epsilon", "<eps>", "&epsilon;", "@epsilon"})
"""The labels of a transition without a symbol, in the files of various programs."""

_INPUT_OUTPUT = re.compile(r"(.*?[^\s/])\s*/\s*([^\s].*)", re.DOTALL)
_OPEN = {"(": ")", "[": "]", "{": "}"}


def symbols(label: str, alphabet: frozenset[str] = frozenset()) -> list[str | None]:
    """The symbols of an edge's label; None stands for an epsilon transition.

    Several symbols are separated by commas (not within brackets) or line ends. A symbol of the
    declared `alphabet` is taken as it is.

    Example:
        >>> symbols("a, b"), symbols("f(x,y)"), symbols(","), symbols(",,a"), symbols("ε")
        (['a', 'b'], ['f(x,y)'], [','], [',', 'a'], [None])
    """
    if label in alphabet:
        return [label]
    found: list[str | None] = []
    for line in label.strip().split("\n"):
        found += [None if symbol in EPSILON else symbol for symbol in _pieces(line.strip())]
    return found


def input_output(label: str) -> list[tuple[str, str]] | None:
    """The pairs of a Mealy machine's label ``in/out``, one a line; None where it is no such label.

    Example:
        >>> input_output("SYN / ACK"), input_output("a"), input_output("/")
        ([('SYN', 'ACK')], None, None)
    """
    pairs = []
    for line in label.strip().split("\n"):
        match = _INPUT_OUTPUT.fullmatch(line.strip())
        if match is None:
            return None
        pairs.append((match[1].strip(), match[2].strip()))
    return pairs


def _pieces(line: str) -> list[str]:
    """`line` split at its outer commas; an empty pair of pieces is the comma itself, a symbol."""
    if "," not in line:
        return [line]
    pieces = [""]
    closing: list[str] = []
    for character in line:
        if character == "," and not closing:
            pieces.append("")
            continue
        if character in _OPEN:
            closing.append(_OPEN[character])
        elif closing and character == closing[-1]:
            closing.pop()
        pieces[-1] += character
    pieces = [piece.strip() for piece in pieces]
    if closing:
        return [line]
    found = []
    index = 0
    while index < len(pieces):
        if pieces[index]:
            found.append(pieces[index])
        elif pieces[index + 1 : index + 2] == [""]:
            found.append(",")
            index += 1
        else:
            return [line]
        index += 1
    return found
