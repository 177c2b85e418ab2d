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

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from reberlstm.errors import FormatError, GrammarError, one_line, shown
from reberlstm.formats.limits import MAX_STATES, MAX_TRANSITIONS
from reberlstm.machine.fsm import FSM

_TEXTS = ("name", "title", "source")
_TABLES = ("transitions", "probabilities", "stop", "outputs")
_KEYS = (*_TEXTS, "alphabet", "start", "accepting", *_TABLES)
_REQUIRED = ("alphabet", "start", "transitions")

_MAX_ITEMS = 3 * MAX_TRANSITIONS
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
_DEEP_KEY = re.compile(rf"(?<![\w-])(?:{_PART}\.[ \t]*+){{50}}")
# What follows is needed for few files, and compiled when it is.
_STRING = (
    r"""(?s:\"{3}(?:[^\\]|\\.)*?"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|\#[^\n]*+)"""
)
_HEADER = r"[ \t]*\[\[?[ \t]*([A-Za-z]+)[ \t]*\]"
_ENTRY = r"""[ \t]*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([\w-]+))[ \t]*[.=]"""


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
    for message, key in _faults(data):
        at = _line_of(text, (key,) if key else ())
        raise FormatError(one_line(f"{where}{at}: {message}"))
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
    lines = [f"{key} = {_value(getattr(fsm, key))}" for key in _TEXTS if getattr(fsm, key)]
    lines.append(f"alphabet = {_value(fsm.alphabet)}")
    lines.append(f"start = {_value(fsm.start)}")
    lines.append(f"accepting = {_value([q for q in fsm.states if q in fsm.accepting])}")
    for name in _TABLES:
        if table := getattr(fsm, name):
            lines += ["", f"[{name}]", *(f"{_key(q)} = {_value(x)}" for q, x in table.items())]
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
        text = re.sub(_STRING, lambda match: '""' + "\n" * match[0].count("\n"), text)
        deep = _DEEP_KEY.search(text)
    if deep:
        line = text.count("\n", 0, deep.start()) + 1
        raise FormatError(f"{where}:{line}: a key of 50 or more dotted parts; a grammar has none")


def _faults(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is not of the form of a grammar: messages, with the keys that they are about."""
    for key in data:
        if key not in _KEYS:
            yield f"unknown key {shown(key)}; a grammar has {', '.join(_KEYS)}", key
    for key in _REQUIRED:
        if key not in data:
            yield f"{key!r} is missing; a grammar needs {', '.join(_REQUIRED)}", ""
    for key in (*_TEXTS, "start"):
        if not isinstance(data.get(key, ""), str):
            yield f"{key!r} must be a string, not {shown(data[key])}", key
    for key in ("alphabet", "accepting"):
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            yield f"{key!r} must be a list of strings, not {shown(value)}", key
    for key in _TABLES:
        if not isinstance(data.get(key, {}), dict):
            yield f"{key!r} must be a table, not {shown(data[key])}", key


def _line_of(text: str, place: tuple[str, ...]) -> str:
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


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _value(text)


def _value(value: object) -> str:
    if isinstance(value, str):
        import json

        # JSON's string syntax is TOML's, but that TOML wants DEL escaped as well.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(a)} = {_value(x)}" for a, x in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return repr(float(value))  # type: ignore[arg-type]
