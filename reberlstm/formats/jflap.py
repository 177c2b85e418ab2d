"""JFLAP's XML files (.jff) of finite automata, Moore machines and Mealy machines.

    <structure>
      <type>fa</type>
      <automaton>
        <state id="0" name="even"><x>100</x><y>100</y><initial/><final/></state>
        <state id="1" name="odd"><x>250</x><y>100</y></state>
        <transition><from>0</from><to>1</to><read>1</read></transition>
        ...

Read: an empty ``<read/>`` is an epsilon transition; what labels of several characters mean,
`jflap_labels` tells. A file with an ``<alphabet>`` of ``<symbol>`` elements, an extension of ours
that JFLAP passes over, has labels that are symbols of it, whatever their length. Moore machines
have an ``<output>`` in each state; Mealy machines, with a ``<transout>`` in each transition, become
Moore machines, with a warning. There are no documents with a DTD or entities. Files of version 8,
which look different, are read by `jflap8`.

Written: the machine but for its probabilities, name, title and source. Characters that XML has not
are replaced in names of states; in symbols and outputs they are an error.
"""

from __future__ import annotations

import math
import re
from xml.sax.saxutils import escape

from reberlstm.errors import FormatError
from reberlstm.formats import jflap8
from reberlstm.formats.draft import EMPTY_OUTPUT, MAX_TRANSITIONS
from reberlstm.formats.jflap_labels import Labels
from reberlstm.formats.mealy import to_moore
from reberlstm.formats.messages import shown
from reberlstm.formats.xml_elements import Elements
from reberlstm.machine.fsm import FSM

_TYPES = ("fa", "moore", "mealy")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLANKS = {"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}


def read(text: str, where: str) -> FSM:
    """Parse a JFLAP file; `where` names the file in messages.

    Raises:
        FormatError: naming the line that is not XML, or no part of a finite automaton.
        GrammarError: where the whole describes no machine.
    """
    if jflap8.is_of_version_8(text):
        return jflap8.read(text, where)
    return _Reader(where).fsm(text)


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


class _Reader(Elements):
    """Collects states and transitions from the elements of a file.

    States may come after the transitions that use them, and what a label means depends on others,
    so transitions are kept to the end.
    """

    def __init__(self, where: str) -> None:
        super().__init__(where, "put <initial/> into the element of one state")
        self.type = ""
        self.state: int | None = None
        self.transition: _Transition | None = None
        self.transitions: list[_Transition] = []
        self.seen: set[str] = set()

    def fsm(self, text: str) -> FSM:
        self.parse(text)
        draft = self.draft
        labels = (self.value(each.parts.get("read", "")) for each in self.transitions)
        self.labels = Labels(labels, exact=draft.alphabet is not None, words=self.type == "fa")
        outputs = [self.add(transition) for transition in self.transitions]
        draft.notes += self.labels.notes
        if self.type == "mealy":
            each = [output or EMPTY_OUTPUT for output, count in outputs for _ in range(count)]
            return to_moore(draft, each).finish()
        if self.type == "moore":
            for number in range(len(draft.names)):
                draft.outputs.setdefault(number, EMPTY_OUTPUT)
        elif not draft.accepting and draft.alphabet is None:
            draft.notes.append("no state is <final/>; none accepts")
        return draft.finish()

    # Events

    def opened(self, name: str, attributes: dict[str, str]) -> None:
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

    def closed(self, name: str, parent: str, text: str) -> None:
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
        label = self.value(transition.parts.get("read", ""))
        count = self.add_transition(label, self.labels, ends, transition.line)
        return transition.parts.get("transout", "").strip(), count


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
