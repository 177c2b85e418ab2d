"""TOML text to values and back, with lines for messages."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from reberlstm.errors import FormatError, one_line
from reberlstm.formats.limits import MAX_STATES, MAX_TRANSITIONS

_MAX_ITEMS = 3 * MAX_TRANSITIONS
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
_DEEP_KEY = re.compile(rf"(?<![\w-])(?:{_PART}\.[ \t]*+){{50}}")
# What follows is needed for few files, and compiled when it is.
_STRING = (
    r"""(?s:\"{3}(?:[^\\]|\\.)*?"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|\#[^\n]*+)"""
)
_HEADER = r"[ \t]*\[\[?[ \t]*([A-Za-z]+)[ \t]*\]"
_ENTRY = r"""[ \t]*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([\w-]+))[ \t]*[.=]"""


def parsed(text: str, where: str) -> dict[str, Any]:
    """The values that are written as TOML.

    Raises:
        FormatError: naming the line that is not TOML, or where it is too large.
    """
    _check_size(text, where)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        at = f":{line[1]}" if line else ""
        raise FormatError(one_line(f"{where}{at}: not TOML: {error}")) from None
    except ValueError as error:
        # Python refuses integers of thousands of digits.
        raise FormatError(one_line(f"{where}: not TOML: {error}")) from None
    except RecursionError:
        raise FormatError(f"{where}: nested too deeply for a grammar") from None


def _check_size(text: str, where: str) -> None:
    """Refuse what the parser would take minutes or gigabytes for."""
    lines = text.count("\n")
    items = lines + text.count(",") + text.count("=")
    escapes = text.count("\\")
    if lines > 4 * MAX_STATES + 1000 or items > _MAX_ITEMS or escapes > MAX_TRANSITIONS:
        raise FormatError(
            f"{where}: too many lines or values; the limits are {MAX_STATES:,} states and "
            f"{MAX_TRANSITIONS:,} transitions"
        )
    # The parser's memory grows with the square of the number of parts of a dotted key.
    deep = _DEEP_KEY.search(text)
    if deep:  # unless it stands in a string
        text = re.sub(_STRING, lambda match: '""' + "\n" * match[0].count("\n"), text)
        deep = _DEEP_KEY.search(text)
    if deep:
        line = text.count("\n", 0, deep.start()) + 1
        raise FormatError(f"{where}:{line}: a key of 50 or more dotted parts; a grammar has none")


def line_of(text: str, place: tuple[str, ...]) -> str:
    """``:line`` of a top-level key, or of a state's line in a table; else nothing.

    Only the usual layout is understood, one line per key.
    """
    if not place:
        return ""
    table = found = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := re.match(_HEADER, line):
            table = header[1]
            if table == place[0]:
                found = f":{number}"
        elif entry := re.match(_ENTRY, line):
            wanted = place[0] if not table else place[1] if place[0] == table else None
            if wanted is not None and _unquoted(entry) == wanted:
                return f":{number}"
        if found and len(place) == 1:
            break
    return found


def _unquoted(match: re.Match[str]) -> str:
    basic, literal, bare = match.groups()
    if basic is None:
        return literal if literal is not None else bare
    if "\\" not in basic:
        return basic
    try:
        key: str = next(iter(tomllib.loads(f'"{basic}" = 0')))
    except ValueError:
        return basic
    return key


def key_text(text: str) -> str:
    """A key in TOML, quoted where it has to be."""
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else value_text(text)


def value_text(value: object) -> str:
    """A value in TOML."""
    if isinstance(value, str):
        import json

        # JSON's string syntax is TOML's, but that TOML wants DEL escaped as well.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key_text(a)} = {value_text(x)}" for a, x in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_text, value))}]"
    return repr(float(value))  # type: ignore[arg-type]
