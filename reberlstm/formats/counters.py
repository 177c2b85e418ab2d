"""The TOML of machines with counters: one line for each arrow.

    name = "anbn"
    alphabet = ["a", "b"]
    counters = ["n"]
    start = "as"
    accepting = [{ state = "bs", when = "n = 0" }]
    transitions = [
        { from = "as", on = "a", to = "as", do = "n + 1" },
        { from = "as", on = "b", to = "bs", when = "n > 0", do = "n - 1" },
        { from = "bs", on = "b", to = "bs", when = "n > 0", do = "n - 1" },
    ]

`when` asks of counters whether they are ``> 0``, ``= 0``, ``< 0``, ``>= 0``, ``<= 0`` or ``!= 0``,
before the step; `do` is ``+ 1``, ``- 1`` or ``:= 0``. Several counters are separated by commas, and
one that is not named is not asked, or stays. In `accepting` a state without a guard may be its name
alone. Optional: `name`, `title`, `source`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from reberlstm.errors import FormatError, GrammarError, one_line, shown
from reberlstm.formats.toml_syntax import line_of, value_text
from reberlstm.machine.counters import (
    ACTIONS,
    ANY,
    TESTS,
    CounterMachine,
    CounterTransition,
    action_text,
    guard_text,
)

_TEXTS = ("name", "title", "source")
_LISTS = ("alphabet", "counters", "accepting", "transitions")
_KEYS = (*_TEXTS, "alphabet", "counters", "start", "accepting", "transitions")
_REQUIRED = ("alphabet", "counters", "start", "transitions")
_ARROW = ("from", "on", "to", "when", "do")
_NEEDED = ("from", "on", "to")
_END = ("state", "when")

_Meaning = TypeVar("_Meaning")


def read(data: dict[str, Any], text: str, where: str) -> CounterMachine:
    """The machine that parsed TOML describes; its text and `where` are for messages.

    Raises:
        FormatError: where it is not of the form above.
        GrammarError: where it describes no machine.
    """
    for message, *place in _faults(data):
        raise FormatError(one_line(f"{where}{_line_of(text, place)}: {message}"))
    counters = tuple(data["counters"])
    try:
        transitions = tuple(
            CounterTransition(
                arrow["from"],
                arrow["on"],
                arrow["to"],
                _by_counter(counters, arrow, "when", TESTS, ANY, ("transitions", str(index))),
                _by_counter(counters, arrow, "do", ACTIONS, 0, ("transitions", str(index))),
            )
            for index, arrow in enumerate(data["transitions"])
        )
        ends = [
            {"state": end} if isinstance(end, str) else end for end in data.get("accepting", ())
        ]
        accepting = tuple(
            (
                end["state"],
                _by_counter(counters, end, "when", TESTS, ANY, ("accepting", str(index))),
            )
            for index, end in enumerate(ends)
        )
        return CounterMachine(
            name=data.get("name", ""),
            alphabet=tuple(data["alphabet"]),
            start=data["start"],
            counters=counters,
            transitions=transitions,
            accepting=accepting,
            title=data.get("title", ""),
            source=data.get("source", ""),
        )
    except GrammarError as error:
        at = _line_of(text, error.place)
        raise GrammarError(one_line(f"{where}{at}: {error}"), error.place) from None


def write(machine: CounterMachine) -> str:
    """The machine as TOML; `read` gives the same machine back."""
    counters = machine.counters
    lines = [f"{key} = {value_text(getattr(machine, key))}" for key in _TEXTS]
    lines = [line for line, key in zip(lines, _TEXTS, strict=True) if getattr(machine, key)]
    lines += [f"{key} = {value_text(getattr(machine, key))}" for key in ("alphabet", "counters")]
    lines.append(f"start = {value_text(machine.start)}")
    ends = [_without_blanks(state=q, when=guard_text(counters, w)) for q, w in machine.accepting]
    plain = [end if len(end) > 1 else end["state"] for end in ends]
    lines.append(f"accepting = {value_text(plain)}")
    lines.append("transitions = [")
    for arrow in machine.transitions:
        what = {"from": arrow.source, "on": arrow.symbol, "to": arrow.target}
        asked, done = guard_text(counters, arrow.when), action_text(counters, arrow.change)
        lines.append(f"    {value_text(what | _without_blanks(when=asked, do=done))},")
    return "\n".join([*lines, "]"]) + "\n"


def _without_blanks(**texts: str) -> dict[str, str]:
    return {key: text for key, text in texts.items() if text or key == "state"}


def _faults(data: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """What is not of the form of a machine with counters: messages, each with its place."""
    for key in data:
        if key not in _KEYS:
            yield f"unknown key {shown(key)}; a machine with counters has {', '.join(_KEYS)}", key
    for key in _REQUIRED:
        if key not in data:
            yield (f"{key!r} is missing; a machine with counters needs {', '.join(_REQUIRED)}",)
    for key in (*_TEXTS, "start"):
        if not isinstance(data.get(key, ""), str):
            yield f"{key!r} must be a string, not {shown(data[key])}", key
    for key in _LISTS:
        if not isinstance(data.get(key, []), list):
            yield f"{key!r} must be a list, not {shown(data[key])}", key
    for key in ("alphabet", "counters"):
        if not all(isinstance(item, str) for item in data[key]):
            yield f"{key!r} must be a list of strings, not {shown(data[key])}", key
    for index, end in enumerate(data.get("accepting", [])):
        if not isinstance(end, str):
            yield from _faults_of_entry("accepting", index, end, _END, _END[:1])
    for index, arrow in enumerate(data["transitions"]):
        yield from _faults_of_entry("transitions", index, arrow, _ARROW, _NEEDED)


def _faults_of_entry(
    key: str, index: int, entry: object, keys: Sequence[str], needed: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    where, place = f"{key}, entry {index + 1}", (key, str(index))
    if not isinstance(entry, dict):
        yield f"{where} must be a table with {', '.join(keys)}, not {shown(entry)}", *place
        return
    for part in entry:
        if part not in keys:
            yield f"{where}: unknown key {shown(part)}; it has {', '.join(keys)}", *place
    for part in needed:
        if part not in entry:
            yield f"{where}: {part!r} is missing; it needs {', '.join(needed)}", *place
    for part, value in entry.items():
        if not isinstance(value, str):
            yield f"{where}: {part!r} must be a string, not {shown(value)}", *place


def _by_counter(
    counters: Sequence[str],
    entry: Mapping[str, str],
    key: str,
    meanings: Mapping[str, _Meaning],
    otherwise: _Meaning,
    place: tuple[str, str],
) -> tuple[_Meaning, ...]:
    """What a text such as ``n > 0, m = 0`` says for each counter."""
    found: dict[str, _Meaning] = {}
    text = entry.get(key, "")
    for part in text.split(",") if text.strip() else ():
        match = re.fullmatch(r"\s*(\w+)\s*([^\s\d]*)\s*(\d+)\s*", part)
        meaning = f"{match[2]} {match[3]}" if match else ""
        where = f"{place[0]}, entry {int(place[1]) + 1}: {key!r} has {shown(part.strip())}"
        if match is None or meaning not in meanings:
            ways = ", ".join(f"{counters[0] if counters else 'n'} {way}" for way in meanings)
            raise GrammarError(f"{where}; write {ways}, with commas between counters", place)
        if match[1] not in counters:
            raise GrammarError(f"{where}, but the counters are {' '.join(counters)}", place)
        if match[1] in found:
            raise GrammarError(f"{where}, and counter {match[1]!r} before; name it once", place)
        found[match[1]] = meanings[meaning]
    return tuple(found.get(name, otherwise) for name in counters)


def _line_of(text: str, place: Sequence[str]) -> str:
    """``:line`` of a key, or of an entry of a list with a line for each; else nothing."""
    at = line_of(text, tuple(place[:1]))
    if at and len(place) == 2:
        lines = text.split("\n")
        first = int(at[1:])
        entries = [n for n, line in enumerate(lines, 1) if n >= first and re.match(r"\s*\{", line)]
        if int(place[1]) < len(entries) and not re.search(r"[{\]]", lines[first - 1]):
            return f":{entries[int(place[1])]}"
    return at
