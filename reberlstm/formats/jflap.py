"""JFLAP's XML files (.jff) of finite automata, Moore machines and Mealy machines.

    <structure>
      <type>fa</type>
      <automaton>
        <state id="0" name="even"><x>100</x><y>100</y><initial/><final/></state>
        <state id="1" name="odd"><x>250</x><y>100</y></state>
        <transition><from>0</from><to>1</to><read>1</read></transition>
        ...

Read: an empty ``<read/>`` is an epsilon transition. A label of several characters is read as
parallel transitions, one for each character, ``[a-z]`` as the characters of that range, and
``a,b`` as the symbols between the commas; a warning says so, since JFLAP itself takes ``ab`` for
one after the other. A file with an ``<alphabet>`` of ``<symbol>`` elements, an extension of ours
that JFLAP passes over, has labels that are symbols of it, whatever their length. Moore machines
have an ``<output>`` in each state; Mealy machines, with a ``<transout>`` in each transition, become
Moore machines, with a warning. There are no documents with a DTD or entities.

Written: the machine but for its probabilities, name, title and source. Characters that XML has not
are replaced in names of states; in symbols and outputs they are an error.
"""

from __future__ import annotations

import math
import re
from xml.parsers import expat
from xml.sax.saxutils import escape

from reberlstm.errors import FormatError
from reberlstm.formats.draft import (
    EMPTY_OUTPUT,
    MAX_STATES,
    MAX_TRANSITIONS,
    Draft,
)
from reberlstm.formats.mealy import to_moore
from reberlstm.formats.messages import shown
from reberlstm.fsm import FSM

MAX_DEPTH = 50
"""How deep elements may be nested."""

MAX_ELEMENTS = 6 * MAX_STATES + 5 * MAX_TRANSITIONS
"""How many elements a file may have."""

_TYPES = ("fa", "moore", "mealy")
_EPSILON = {"", "ε", "λ"}
_RANGE = re.compile(r"\[(.)-(.)\]", re.DOTALL)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLANKS = {"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}


def read(text: str, where: str) -> FSM:
    """Parse a JFLAP file; `where` names the file in messages.

    Raises:
        FormatError: naming the line that is not XML, or no part of a finite automaton.
        GrammarError: where the whole describes no machine.
    """
    reader = _Reader(where)
    return reader.fsm(text)


def losses(fsm: FSM) -> list[str]:
    """What the format cannot carry of this machine."""
    lost = [key for key in ("name", "title", "source") if getattr(fsm, key)]
    lost += ["probabilities"] if fsm.probabilities else []
    lost += ["stop probabilities"] if fsm.stop else []
    if fsm.has_long_symbols:
        lost.append("symbols of several characters, which JFLAP itself reads one by one")
    return lost


class _Transition:
    """A transition element while its children are read."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.parts: dict[str, str] = {}


class _Reader:
    """Collects states and transitions from the events of the XML parser.

    States may come after the transitions that use them, so transitions are kept to the end.
    """

    def __init__(self, where: str) -> None:
        self.draft = Draft(
            where,
            lambda line: f":{line}" if line else "",
            "put <initial/> into the element of one state",
        )
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.path: list[str] = []
        self.text: list[str] = []
        self.elements = 0
        self.type = ""
        self.state: int | None = None
        self.transition: _Transition | None = None
        self.transitions: list[_Transition] = []
        self.seen: set[str] = set()

    @property
    def line(self) -> int:
        return self.parser.CurrentLineNumber

    def fsm(self, text: str) -> FSM:
        try:
            self.parser.Parse(text, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise self.draft.error(error.lineno, f"not XML: {reason}") from None
        except UnicodeEncodeError:
            raise self.draft.error(None, "not XML: half of a surrogate pair") from None
        outputs = [self.add(transition) for transition in self.transitions]
        if self.type == "mealy":
            each = [output or EMPTY_OUTPUT for output, count in outputs for _ in range(count)]
            return to_moore(self.draft, each).finish()
        if self.type == "moore":
            for number in range(len(self.draft.names)):
                self.draft.outputs.setdefault(number, EMPTY_OUTPUT)
        return self.draft.finish()

    # Events

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise self.draft.error(self.line, f"more than {MAX_ELEMENTS:,} elements")
        if len(self.path) == MAX_DEPTH:
            raise self.draft.error(self.line, f"elements nested more than {MAX_DEPTH} deep")
        if not self.path and name != "structure":
            raise self.draft.error(
                self.line, f"expected the element <structure> of a JFLAP file, found <{name}>"
            )
        self.path.append(name)
        self.text = []
        if name == "state":
            self.start_state(attributes)
        elif name == "transition":
            self.transition = _Transition(self.line)
        elif name == "alphabet" and self.draft.alphabet is None:
            self.draft.alphabet = []
            self.draft.alphabet_place = self.line
        elif self.state is not None and name in ("initial", "final"):
            if name == "initial":
                self.draft.initial[self.state] = None
            else:
                self.draft.accepting.add(self.state)

    def start_state(self, attributes: dict[str, str]) -> None:
        key = attributes.get("id")
        if key is None:
            raise self.draft.error(self.line, "a <state> without the attribute 'id'")
        if key in self.seen:
            raise self.draft.error(self.line, f"a second <state> with id={shown(key)}")
        self.seen.add(key)
        self.state = self.draft.state(key, self.line, attributes.get("name", ""))

    def end(self, name: str) -> None:
        self.path.pop()
        text = "".join(self.text)
        parent = self.path[-1] if self.path else ""
        if name == "state":
            self.state = None
        elif name == "transition":
            if self.transition is not None:
                self.transitions.append(self.transition)
                if len(self.transitions) > MAX_TRANSITIONS:
                    raise self.draft.error(self.line, f"more than {MAX_TRANSITIONS:,} transitions")
            self.transition = None
        elif name == "type" and parent == "structure":
            self.type = text.strip()
            if self.type not in _TYPES:
                raise self.draft.error(
                    self.line,
                    f"a JFLAP file of type {shown(self.type)}; expected a finite automaton, whose "
                    f"type is one of {', '.join(_TYPES)}",
                )
        elif name == "symbol" and parent == "alphabet" and self.draft.alphabet is not None:
            self.draft.alphabet.append(text)
        elif name == "output" and parent == "state" and self.state is not None:
            self.draft.outputs[self.state] = self.value(text) or EMPTY_OUTPUT
        elif self.transition is not None and parent == "transition":
            if name in self.transition.parts:
                raise self.draft.error(self.line, f"a second <{name}> in one <transition>")
            self.transition.parts[name] = text
        self.text = []

    def characters(self, data: str) -> None:
        self.text.append(data)

    def doctype(self, *_: object) -> None:
        raise self.draft.error(
            self.line, "a document type declaration, which a JFLAP file has not; remove it"
        )

    # Meaning

    def value(self, text: str) -> str:
        """An element's text: exact in files of ours, else without the blanks of a layout."""
        if self.draft.alphabet is not None or (text.isspace() and "\n" not in text):
            return text
        return text.strip()

    def add(self, transition: _Transition) -> tuple[str, int]:
        """Add the arcs of a transition; the result is its output and their number."""
        ends = []
        for part in ("from", "to"):
            if part not in transition.parts:
                raise self.draft.error(transition.line, f"a <transition> without a <{part}>")
            key = transition.parts[part].strip()
            state = self.draft.find(key)
            if state is None:
                raise self.draft.error(
                    transition.line,
                    f"<{part}>{shown(key)[1:-1]}</{part}> names no state of the file",
                )
            ends.append(state)
        found = self.symbols(self.value(transition.parts.get("read", "")), transition.line)
        for symbol in found:
            self.draft.arc(ends[0], symbol, ends[1], transition.line)
        return transition.parts.get("transout", "").strip(), len(found)

    def symbols(self, label: str, line: int) -> list[str | None]:
        if self.draft.alphabet is not None:
            return [label or None]
        if label in _EPSILON:
            return [None]
        if len(label) == 1:
            return [label]
        parts = [part.strip() for part in label.split(",")]
        found = parts if len(parts) > 1 and all(parts) else list(_RANGE.sub(_spelled_out, label))
        if not any(note.startswith("labels of several") for note in self.draft.notes):
            self.draft.notes.append(
                "labels of several characters were read as parallel transitions, such as "
                f"{shown(label)} at line {line} as {' '.join(found[:10])}"
            )
        return list(dict.fromkeys(found))


def _spelled_out(match: re.Match[str]) -> str:
    first, last = ord(match[1]), ord(match[2])
    if not first <= last < first + 1000:
        return match[0]
    return "".join(map(chr, range(first, last + 1)))


# Writing


def write(fsm: FSM) -> str:
    """The machine as a JFLAP file; what is lost is told by `losses`.

    Raises:
        FormatError: naming a symbol or output that XML cannot hold.
    """
    for what, texts in (("symbol", fsm.alphabet), ("output", tuple(fsm.outputs.values()))):
        for text in texts:
            if _NOT_XML.search(text):
                raise FormatError(
                    f"{fsm} cannot be written as JFLAP: {what} {shown(text)} has a character that "
                    "XML cannot hold; rename it"
                )
    number = {state: index for index, state in enumerate(fsm.states)}
    lines = [
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
        "<structure>",
        f"  <type>{'moore' if fsm.outputs else 'fa'}</type>",
        "  <alphabet>",
        *(f"    <symbol>{_escaped(symbol)}</symbol>" for symbol in fsm.alphabet),
        "  </alphabet>",
        "  <automaton>",
    ]
    for state, index in number.items():
        x, y = _position(index, len(number))
        marks = f"<x>{x}</x><y>{y}</y>"
        marks += "<initial/>" * (state == fsm.start) + "<final/>" * (state in fsm.accepting)
        if fsm.outputs:
            marks += f"<output>{_escaped(fsm.outputs[state])}</output>"
        lines.append(f'    <state id="{index}" name="{_escaped(_legible(state))}">{marks}</state>')
    for state, line in fsm.transitions.items():
        for symbol, target in line.items():
            ends = f"<from>{number[state]}</from><to>{number[target]}</to>"
            label = f"<read>{_escaped(symbol)}</read>"
            out = f"<transout>{_escaped(fsm.outputs[target])}</transout>" if fsm.outputs else ""
            lines.append(f"    <transition>{ends}{label}{out}</transition>")
    lines += ["  </automaton>", "</structure>"]
    return "\n".join(lines) + "\n"


def _position(index: int, count: int) -> tuple[int, int]:
    """Where to draw a state: on a circle while there is room on it, then in rows of fifty."""
    if count > 50:
        return 100 + 100 * (index % 50), 100 + 100 * (index // 50)
    radius = max(100, 25 * count)
    angle = 2 * math.pi * index / count - math.pi
    center = radius + 100
    return round(center + radius * math.cos(angle)), round(center + radius * math.sin(angle))


def _legible(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _escaped(text: str) -> str:
    return escape(text, {'"': "&quot;", **_BLANKS})
