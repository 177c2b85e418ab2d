"""The project's own grammar format: TOML, with one line per state.

    name = "parity"
    alphabet = ["0", "1"]
    start = "even"
    accepting = ["even"]

    [transitions]
    even = { 0 = "even", 1 = "odd" }
    odd = { 0 = "odd", 1 = "even" }

Optional: `title`, `source`, `[probabilities]` (same shape as the transitions), `[stop]` and
`[outputs]` (one value per state); their meaning is that of the fields of `FSM`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from reberlstm.errors import FormatError, GrammarError
from reberlstm.fsm import FSM

_TEXTS = ("name", "title", "source")
_TABLES = ("transitions", "probabilities", "stop", "outputs")
_KEYS = (*_TEXTS, "alphabet", "start", "accepting", *_TABLES)
_REQUIRED = ("alphabet", "start", "transitions")


def read(text: str, where: str) -> FSM:
    """Parse a grammar; `where` names the file in messages.

    Raises:
        FormatError: where the text is not TOML or not of the form above.
        GrammarError: where it describes no machine.
    """
    try:
        data = tomllib.loads(text)
        _check_shape(data, where)
        return FSM(**data)
    except GrammarError as error:
        raise GrammarError(f"{where}: {error}") from None
    except RecursionError:
        raise FormatError(f"{where}: nested too deeply for a grammar") from None
    except ValueError as error:
        # Not only tomllib's own error: Python refuses integers of thousands of digits.
        raise FormatError(f"{where}: not TOML: {error}") from None


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


def _check_shape(data: Mapping[str, Any], where: str) -> None:
    for key in data:
        if key not in _KEYS:
            raise FormatError(f"{where}: unknown key {key!r}; a grammar has {', '.join(_KEYS)}")
    for key in _REQUIRED:
        if key not in data:
            raise FormatError(
                f"{where}: {key!r} is missing; a grammar needs {', '.join(_REQUIRED)}"
            )
    for key in (*_TEXTS, "start"):
        if not isinstance(data.get(key, ""), str):
            raise FormatError(f"{where}: {key!r} must be a string, not {data[key]!r}")
    for key in ("alphabet", "accepting"):
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise FormatError(f"{where}: {key!r} must be a list of strings, not {value!r}")
    for key in _TABLES:
        if not isinstance(data.get(key, {}), dict):
            raise FormatError(f"{where}: {key!r} must be a table, not {data[key]!r}")


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
