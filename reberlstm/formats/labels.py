"""What the label of an edge says, in the formats that have only labels: DOT and node-link JSON."""

from __future__ import annotations

import re

_EPSILON = frozenset(
    {"", "ε", "ϵ", "ɛ", "𝜀", "λ", "Λ", "eps", "epsilon", "lambda", "<eps>", "<epsilon>", "@epsilon"}
    | {"&epsilon;", "&lambda;", "\\e", "\\epsilon", "\\varepsilon", "$\\epsilon$", "$\\varepsilon$"}
)

_INPUT_OUTPUT = re.compile(r"(.*?[^\s/])\s*/\s*([^\s].*)", re.DOTALL)
_OPEN = {"(": ")", "[": "]", "{": "}"}
_LISTED = re.compile(r"[^\s|](?:\|[^\s|])+|\S(?:[ \t]+\S)+")


def is_epsilon(label: str) -> bool:
    """Whether it is one of the labels of a transition without a symbol, in various programs.

    Example:
        >>> [is_epsilon(label) for label in ("", "ε", "Epsilon", "e")]
        [True, True, True, False]
    """
    return label in _EPSILON or label.lower() in _EPSILON


def symbols(label: str, alphabet: frozenset[str] = frozenset()) -> list[str | None]:
    r"""The symbols of an edge's label; None stands for an epsilon transition.

    Several symbols are separated by commas (not within brackets) or line ends; single characters
    also by bars or blanks (`is_list`). A label of blanks is the blank itself. A symbol of the
    declared `alphabet` is taken as it is.

    Example:
        >>> symbols("a, b"), symbols("f(x,y)"), symbols(","), symbols(",,a"), symbols("ε")
        (['a', 'b'], ['f(x,y)'], [','], [',', 'a'], [None])
        >>> symbols("a,\nb"), symbols("a|b"), symbols("a b"), symbols("log in"), symbols(" ")
        (['a', 'b'], ['a', 'b'], ['a', 'b'], ['log in'], [' '])
    """
    if label in alphabet:
        return [label]
    if label and not label.strip():
        return [label if len(label) == 1 else " "]
    found: list[str | None] = []
    lines = [line.strip() for line in label.strip().split("\n")]
    for number, line in enumerate(lines, start=1):
        if number < len(lines) and len(line) > 1:
            line = line.removesuffix(",")
        if is_list(line):
            found += line.split("|") if line[1] == "|" else line.split()
        else:
            found += [None if is_epsilon(symbol) else symbol for symbol in _pieces(line)]
    return found


def is_list(line: str) -> bool:
    """Whether a label reads like single characters with bars or blanks between them.

    Example:
        >>> is_list("0|1"), is_list("+ - *"), is_list("on|off"), is_list("a"), is_list("a / x")
        (True, True, False, False, False)
    """
    line = line.strip()
    return _LISTED.fullmatch(line) is not None and line.split()[1:-1] != ["/"]


def input_output(label: str) -> list[tuple[str, str]] | None:
    """The pairs of a Mealy machine's label ``in/out``, one a line; None where it is no such label.

    Commas separate pairs only where each of the pieces is one.

    Example:
        >>> input_output("SYN / ACK"), input_output("a"), input_output("/")
        ([('SYN', 'ACK')], None, None)
        >>> input_output("0/a, 1/b"), input_output("0/a,b")
        ([('0', 'a'), ('1', 'b')], [('0', 'a,b')])
    """
    pairs = []
    for line in label.strip().split("\n"):
        pieces = [_INPUT_OUTPUT.fullmatch(piece.strip()) for piece in line.split(",")]
        if not all(pieces):
            pieces = [_INPUT_OUTPUT.fullmatch(line.strip())]
        for match in pieces:
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
        elif closing[-1:] == [character]:
            closing.pop()
        pieces[-1] += character
    found: list[str] = []
    after_an_empty_one = False
    for piece in map(str.strip, pieces):
        if piece and after_an_empty_one:
            return [line]
        if piece or after_an_empty_one:
            found.append(piece or ",")
        after_an_empty_one = not piece and not after_an_empty_one
    return [line] if closing or after_an_empty_one else found
