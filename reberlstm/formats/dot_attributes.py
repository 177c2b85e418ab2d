"""What the attributes of a graph, node or edge in DOT say."""

from __future__ import annotations

import re

from reberlstm.formats.dot_syntax import Attributes

LABELS = ("label", "xlabel", "headlabel", "taillabel")
"""The attributes in which an edge is labelled, best first."""


def flag(attributes: Attributes, key: str) -> bool:
    """Whether an attribute is given and true."""
    return lower(attributes, key) in ("true", "yes", "1")


def lower(attributes: Attributes, key: str) -> str:
    """An attribute in lower case, empty where it is not given."""
    return attributes[key].value.strip().lower() if key in attributes else ""


def text(attributes: Attributes, key: str, default: str = "") -> str:
    """An attribute of ours, whose string has the escapes of JSON."""
    return unescaped(attributes[key].value) if key in attributes else default


def label(attributes: Attributes, default: str = "", key: str = "label") -> str:
    r"""A label as Graphviz shows it: \n, \l and \r end a line, \N is the node's name."""
    if key not in attributes:
        return default
    value, is_html = attributes[key]
    if is_html or "\\" not in value:
        return value or default
    lines = {"n": "\n", "l": "\n", "r": "\n", "N": default}
    shown_text = re.sub(
        r"\\(.)", lambda match: lines.get(match[1], match[1]), value, flags=re.DOTALL
    )
    return shown_text or default


def edge_label(attributes: Attributes) -> str | None:
    """The label of an edge, wherever it stands beside it; None where there is none."""
    for key in LABELS:
        if key in attributes:
            return label(attributes, key=key)
    return None


def is_labelled(attributes: Attributes) -> bool:
    """Whether an edge says anything that can be seen, or names a symbol."""
    return "symbol" in attributes or bool((edge_label(attributes) or "").strip())


def unescaped(value: str) -> str:
    """A string without the escapes of JSON."""
    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", _character, value, flags=re.DOTALL)


def _character(escape: re.Match[str]) -> str:
    code = escape[1]
    if len(code) == 5:
        return chr(int(code[1:], 16))
    return {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}.get(code, code)
