"""Reads what explanations say: pseudo-code and sentences, with no code of the package."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Test = Callable[[str, str], bool]
"""Whether something is so at a node on a symbol."""

TOKEN = re.compile(r"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|==|!=|[(){},]|[^\s(){},]+)""")


def evaluate(code: str, node: str, symbol: str, active: Sequence[str] = ()) -> float:
    """The value of the right-hand side of a line of pseudo-code, with the node's active cells."""
    if own := re.fullmatch(r"sign\(h\[(.+)\]\) if h\[\1\] else (.*)", code):
        cell = _name(own[1])
        sign = float(cell in active) - float(f"−{cell}" in active)
        return sign or evaluate(own[2], node, symbol)
    tokens = TOKEN.findall(code)
    value, rest = _expression(tokens, {"node": node, "symbol": symbol})
    assert not rest, f"{rest} left over in {code!r}"
    return float(value)


def _expression(tokens: list[str], names: dict[str, str]) -> tuple[float, list[str]]:
    """``VALUE if CONDITION else EXPRESSION``, a condition, or a value."""
    if _is_number(tokens) and (len(tokens) == 1 or tokens[1] == "if"):
        value = float(tokens[0])
        if len(tokens) == 1:
            return value, []
        truth, rest = _disjunction(tokens[2:], names)
        assert rest[0] == "else"
        other, rest = _expression(rest[1:], names)
        return (value if truth else other), rest
    truth, rest = _disjunction(tokens, names)
    return float(truth), rest


def _is_number(tokens: list[str]) -> bool:
    return re.fullmatch(r"-?[\d.]+(e-?\d+)?", tokens[0]) is not None


def _disjunction(tokens: list[str], names: dict[str, str]) -> tuple[bool, list[str]]:
    truth, tokens = _conjunction(tokens, names)
    while tokens[:1] == ["or"]:
        other, tokens = _conjunction(tokens[1:], names)
        truth = truth or other
    return truth, tokens


def _conjunction(tokens: list[str], names: dict[str, str]) -> tuple[bool, list[str]]:
    truth, tokens = _factor(tokens, names)
    while tokens[:1] == ["and"]:
        other, tokens = _factor(tokens[1:], names)
        truth = truth and other
    return truth, tokens


def _factor(tokens: list[str], names: dict[str, str]) -> tuple[bool, list[str]]:
    if tokens[0] == "not":
        truth, rest = _factor(tokens[1:], names)
        return not truth, rest
    if tokens[0] == "(":
        truth, rest = _disjunction(tokens[1:], names)
        assert rest[0] == ")"
        return truth, rest[1:]
    value = names[tokens[0]]
    if tokens[1] in ("==", "!="):
        return (value == _name(tokens[2])) == (tokens[1] == "=="), tokens[3:]
    negated = tokens[1] == "not"
    rest = tokens[2 + negated :]
    assert tokens[1 + negated] == "in"
    assert rest[0] == "{"
    end = rest.index("}")
    members = [_name(token) for token in rest[1:end] if token != ","]
    return (value in members) != negated, rest[end + 1 :]


def _name(token: str) -> str:
    if token[0] in "'\"":
        name: str = eval(token, {"__builtins__": {}})  # a quoted literal, by TOKEN
        return name
    return token


# Sentences. They are parsed for machines with states q0, q1, … and symbols a, b, …

_NODE = r"(?:the (?:start|dead state|lost state)|q\d+(?:/\d+)?'*|started)"
_NODES = rf"(?:nodes? )?{_NODE}(?:(?:, | and | or |, and )(?:nodes? )?{_NODE})*"
_WHERE = rf"(?:(?:from|at) anywhere|everywhere but at {_NODES}|everywhere|from everywhere but {_NODES}|(?:from|at) {_NODES})"
_LETTERS = r"[a-z](?:(?:, | and | or )[a-z](?![a-z]))*"
_SYMBOLS = rf"(?:every symbol but {_LETTERS}|every symbol|{_LETTERS})(?![a-z])"
_BLOCK = re.compile(
    rf"\b(?:on )?(?P<symbols>{_SYMBOLS})(?: in)?(?: only)?(?: (?P<where>{_WHERE}))?"
)
_PLACE = re.compile(rf"(?P<where>{_WHERE})")


def _nodes(text: str | None) -> Callable[[str], bool]:
    if text is None or text.endswith("anywhere") or text == "everywhere":
        return lambda node: True
    named = {re.sub(r"^the (\w+)( state)?$", r"\1", name) for name in re.findall(_NODE, text)}
    return lambda node: (node in named) != ("everywhere but" in text)


def _symbols(text: str) -> Callable[[str], bool]:
    if text == "every symbol":
        return lambda symbol: True
    negated = text.startswith("every symbol but")
    named = set(re.findall(r"\b[a-z]\b", text.removeprefix("every symbol but")))
    return lambda symbol: (symbol in named) != negated


def read_pairs(text: str) -> Test:
    """Blocks such as ``a and b from nodes q0 and q1, and c everywhere but at the start``."""
    blocks = []
    position = 0
    separator = re.compile(r"(?:; |, and |, or |, | and | or )?")
    while position < len(text):
        position = separator.match(text, position).end()  # type: ignore[union-attr]
        match = _BLOCK.match(text, position) or _PLACE.match(text, position)
        assert match is not None, f"cannot read {text[position:]!r} of {text!r}"
        found = match.groupdict()
        symbols = _symbols(found["symbols"]) if found.get("symbols") else lambda symbol: True
        blocks.append((_nodes(found["where"]), symbols))
        position = match.end()
    return lambda node, symbol: any(nodes(node) and symbols(symbol) for nodes, symbols in blocks)


def read_said(text: str) -> Test:
    """Pairs, or all of something, or all except some pairs."""
    for everything in ("always", "every symbol"):
        if text == everything:
            return lambda node, symbol: True
        if text.startswith(f"{everything} except "):
            exceptions = read_pairs(text.removeprefix(f"{everything} except "))
            return lambda node, symbol: not exceptions(node, symbol)
    return read_pairs(text)
