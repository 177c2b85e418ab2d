"""The project's own grammar format: TOML, with one line per state.

    name = "parity"
    alphabet = ["0", "1"]
    start = "even"
    accepting = ["even"]

    [transitions]
    even = { 0 = "even", 1 = "odd" }
    odd = { 0 = "odd", 1 = "even" }

Optional: `title`, `source`, `[probabilities]` (same shape as the transitions), `[stop]` and
`[outputs]` (one value per state); their meaning is that of the fields of `FSM`. It carries
everything that a machine has.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from reberlstm.errors import FormatError, GrammarError
from reberlstm.formats.draft import MAX_STATES, MAX_TRANSITIONS
from reberlstm.formats.messages import one_line, shown
from reberlstm.machine.fsm import FSM

_TEXTS = ("name", "title", "source")
_TABLES = ("transitions", "probabilities", "stop", "outputs")
_KEYS = (*_TEXTS, "alphabet", "start", "accepting", *_TABLES)
_REQUIRED = ("alphabet", "start", "transitions")

_MAX_ITEMS = 3 * MAX_TRANSITIONS
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
_DEEP_KEY = re.compile(rf"(?<![\w-])(?:{_PART}\.[ \t]*+){{50}}")
_STRING = re.compile(
    r"""\"{3}(?:[^\\]|\\.)*?"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|\#[^\n]*+""",
    re.DOTALL,
)
_HEADER = re.compile(r"[ \t]*\[\[?[ \t]*([A-Za-z]+)[ \t]*\]")
_ENTRY = re.compile(r"""[ \t]*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([\w-]+))[ \t]*[.=]""")


def read(text: str, where: str) -> FSM:
    """Parse a grammar; `where` names the file in messages.

    Raises:
        FormatError: where the text is not TOML or not of the form above.
        GrammarError: where it describes no machine.
    """
    _check_size(text, where)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        at = f":{line[1]}" if line else ""
        raise FormatError(one_line(f"{where}{at}: not TOML: {error}")) from None
    except ValueError as error:
        # Python refuses integers of thousands of digits.
        raise FormatError(one_line(f"{where}: not TOML: {error}")) from None
    except RecursionError:
        raise FormatError(f"{where}: nested too deeply for a grammar") from None
    _check_shape(data, where, text)
    try:
        return FSM(**data)
    except GrammarError as error:
        at = _line_of(text, error.place)
        raise GrammarError(one_line(f"{where}{at}: {error}"), error.place) from None
    except ValueError:
        # Python refuses to print them, too.
        raise FormatError(f"{where}: not a grammar: a number of thousands of digits") from None


def write(fsm: FSM) -> str:
    """The machine as TOML; `read` gives the same machine back."""
    lines = [f"{key} = {_quoted(getattr(fsm, key))}" for key in _TEXTS if getattr(fsm, key)]
    lines.append(f"alphabet = {_array(fsm.alphabet)}")
    lines.append(f"start = {_quoted(fsm.start)}")
    lines.append(f"accepting = {_array(q for q in fsm.states if q in fsm.accepting)}")
    lines += ["", "[transitions]"]
    lines += [f"{_key(q)} = {_inline(line)}" for q, line in fsm.transitions.items()]
    if fsm.probabilities:
        lines += ["", "[probabilities]"]
        lines += [f"{_key(q)} = {_inline(line)}" for q, line in fsm.probabilities.items()]
    for name in ("stop", "outputs"):
        table = getattr(fsm, name)
        if table:
            lines += ["", f"[{name}]"]
            lines += [f"{_key(q)} = {_value(value)}" for q, value in table.items()]
    return "\n".join(lines) + "\n"


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
        text = _STRING.sub(lambda match: '""' + "\n" * match[0].count("\n"), text)
        deep = _DEEP_KEY.search(text)
    if deep:
        line = text.count("\n", 0, deep.start()) + 1
        raise FormatError(f"{where}:{line}: a key of 50 or more dotted parts; a grammar has none")


def _check_shape(data: dict[str, Any], where: str, text: str) -> None:
    def wrong(place: tuple[str, ...], message: str) -> FormatError:
        return FormatError(one_line(f"{where}{_line_of(text, place)}: {message}"))

    for key in data:
        if key not in _KEYS:
            raise wrong((key,), f"unknown key {shown(key)}; a grammar has {', '.join(_KEYS)}")
    for key in _REQUIRED:
        if key not in data:
            raise wrong((), f"{key!r} is missing; a grammar needs {', '.join(_REQUIRED)}")
    for key in (*_TEXTS, "start"):
        if not isinstance(data.get(key, ""), str):
            raise wrong((key,), f"{key!r} must be a string, not {shown(data[key])}")
    for key in ("alphabet", "accepting"):
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise wrong((key,), f"{key!r} must be a list of strings, not {shown(value)}")
    for key in _TABLES:
        table = data.get(key, {})
        if not isinstance(table, dict):
            raise wrong((key,), f"{key!r} must be a table, not {shown(table)}")


def _line_of(text: str, place: tuple[str, ...]) -> str:
    """``:line`` of a top-level key, or of a state's line in a table; else nothing.

    Only the usual layout is understood, one line per key.
    """
    if not place:
        return ""
    table = found = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            table = header[1]
            if table == place[0]:
                found = f":{number}"
        elif entry := _ENTRY.match(line):
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


def _quoted(text: str) -> str:
    # JSON's string syntax is TOML's, but that TOML wants DEL escaped as well.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _quoted(text)


def _value(value: str | float) -> str:
    return _quoted(value) if isinstance(value, str) else repr(float(value))


def _array(items: Any) -> str:
    return "[" + ", ".join(_quoted(item) for item in items) + "]"


def _inline(line: Mapping[str, str | float]) -> str:
    if not line:
        return "{}"
    return "{ " + ", ".join(f"{_key(a)} = {_value(value)}" for a, value in line.items()) + " }"
