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
everything that a machine has. A file with the key `counters` describes a machine with counters, in
the form that `reberlstm.formats.counters` shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reberlstm.errors import FormatError, GrammarError, one_line, shown
from reberlstm.formats.toml_syntax import key_text, line_of, parsed, value_text
from reberlstm.machine.counters import CounterMachine, Machine
from reberlstm.machine.fsm import FSM

_TEXTS = ("name", "title", "source")
_TABLES = ("transitions", "probabilities", "stop", "outputs")
_KEYS = (*_TEXTS, "alphabet", "start", "accepting", *_TABLES)
_REQUIRED = ("alphabet", "start", "transitions")


def read(text: str, where: str) -> Machine:
    """Parse a grammar; `where` names the file in messages.

    Raises:
        FormatError: where the text is not TOML or not of the form above.
        GrammarError: where it describes no machine.
    """
    data = parsed(text, where)
    if "counters" in data:
        from reberlstm.formats import counters

        return counters.read(data, text, where)
    for message, key in _faults(data):
        at = line_of(text, (key,) if key else ())
        raise FormatError(one_line(f"{where}{at}: {message}"))
    try:
        return FSM(**data)
    except GrammarError as error:
        at = line_of(text, error.place)
        raise GrammarError(one_line(f"{where}{at}: {error}"), error.place) from None
    except ValueError:
        # Python refuses to print them, too.
        raise FormatError(f"{where}: not a grammar: a number of thousands of digits") from None


def write(fsm: Machine) -> str:
    """The machine as TOML; `read` gives the same machine back."""
    if isinstance(fsm, CounterMachine):
        from reberlstm.formats import counters

        return counters.write(fsm)
    lines = [f"{key} = {value_text(getattr(fsm, key))}" for key in _TEXTS if getattr(fsm, key)]
    lines.append(f"alphabet = {value_text(fsm.alphabet)}")
    lines.append(f"start = {value_text(fsm.start)}")
    lines.append(f"accepting = {value_text(fsm.ends)}")
    for name in _TABLES:
        if table := getattr(fsm, name):
            lines += ["", f"[{name}]"]
            lines += [f"{key_text(q)} = {value_text(x)}" for q, x in table.items()]
    return "\n".join(lines) + "\n"


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
