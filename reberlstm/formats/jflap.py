"""JFLAP's XML files (.jff) of finite automata, Moore machines and Mealy machines.

Those of versions 4 to 7, and what labels mean, are shown in docs/formats.md. JFLAP 8, a test
version, writes another XML, also inside the structures of an editor window:

    <structure type="fsa">
      <structure type="state_set"><state><name>q0</name><id>0</id></state>...</structure>
      <structure type="start_state"><state>...</state></structure>
      <structure type="transition_set">
        <fsa_trans>
          <to><name>q1</name><id>1</id></to><input>a</input><from><name>q0</name><id>0</id></from>
        </fsa_trans>
        ...

Characters that XML has not are replaced in names of states, which `losses` tells; in symbols and
outputs they are an error.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from reberlstm.errors import FormatError, shown
from reberlstm.formats.draft import Draft, to_moore
from reberlstm.formats.limits import MAX_TRANSITIONS
from reberlstm.formats.xml_syntax import Xml
from reberlstm.machine.fsm import EMPTY_OUTPUT, FSM

MAX_LABEL = 10_000
"""How many characters a label may have that is not one symbol."""

_TYPES = ("fa", "moore", "mealy")
_SETS = ("state_set", "start_state", "final_states", "transition_set", "input_alph")
_AROUND = ("editor_panel", "transition_graph", "fsa")
_KEPT = ("state", "transition", "fsa_trans", "from", "to")
_VERSION_8 = re.compile(r"<structure\b[^<>]*\btype\s*=")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLANKS = {"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_EPSILON = {"", "ε", "λ"}
_RANGE = re.compile(r"\[(.)-(.)\]", re.DOTALL)
_NOTES = {True: "as symbols of their own", False: "one character after the other"}

Word = tuple[str, ...]


def read(text: str, where: str) -> FSM:
    """Parse a JFLAP file; `where` names the file in messages.

    Raises:
        FormatError: naming the line that is not XML, or no part of a finite automaton.
        GrammarError: where the whole describes no machine.
    """
    first = text.find("<structure")
    # Version 8 says the type in an attribute, not in an element of its own.
    is_of_version_8 = first >= 0 and _VERSION_8.match(text, first) is not None
    return (_Version8 if is_of_version_8 else _Version7)(where).fsm(text)


def losses(fsm: FSM) -> list[str]:
    """What the format cannot carry of this machine."""
    lost = [key for key in ("name", "title", "source") if getattr(fsm, key)]
    lost += ["probabilities"] * bool(fsm.probabilities) + ["stop probabilities"] * bool(fsm.stop)
    if fsm.has_long_symbols:
        lost.append("symbols of several characters, which JFLAP itself reads one by one")
    if any(_NOT_XML.search(state) for state in fsm.states):
        lost.append("control characters in names of states")
    return lost


@dataclass(slots=True)
class _Element:
    """An element, with the texts of what is in it by name: ``id``, ``from``, ``from.id``."""

    name: str
    attributes: dict[str, str]
    line: int
    parts: dict[str, str] = field(default_factory=dict)


class _Reader(ABC):
    """Goes through the elements of a file, within limits, and keeps transitions to the end.

    States may come after the transitions that use them, and what a label means depends on others.
    """

    start_hint: str
    label = "read"

    def __init__(self, where: str) -> None:
        self.draft = Draft(where, self.start_hint)
        self.transitions: list[_Element] = []
        self.outputs: list[str] = []
        self.alphabet: dict[str, None] = {}
        self.open: list[_Element] = []
        self.text: list[str] = []
        self.xml = Xml(
            self.draft, "JFLAP", "structure", self._start, self._end, lambda a: self.text.append(a)
        )

    def error(self, message: str, element: _Element | None = None) -> FormatError:
        """An error about the line that is being read, or that of an element."""
        line = self.xml.line if element is None else element.line
        return self.draft.error(line, message)

    def fsm(self, text: str) -> FSM:
        self.xml.read(text)
        draft = self.draft
        given = [self.value(each.parts.get(self.label, "")) for each in self.transitions]
        labels = _Labels(given, exact=draft.alphabet is not None, symbols=self.alphabet)
        for transition, label in zip(self.transitions, given, strict=True):
            source, target = (self.end(transition, part) for part in ("from", "to"))
            try:
                words = labels.read(label, transition.line)
            except ValueError as error:
                raise self.error(str(error), transition) from None
            for word in words:
                draft.word(source, word, target, transition.line)
                silent = len(draft.arcs) - len(self.outputs) - 1
                self.outputs += [EMPTY_OUTPUT] * silent
                self.outputs.append(transition.parts.get("transout", "").strip() or EMPTY_OUTPUT)
        draft.notes += labels.notes
        return self.finished()

    def value(self, text: str) -> str:
        """An element's text without the blanks of a layout."""
        return text.strip()

    @abstractmethod
    def end(self, transition: _Element, part: str) -> int: ...

    @abstractmethod
    def finished(self) -> FSM: ...

    @abstractmethod
    def opened(self, element: _Element) -> None: ...

    @abstractmethod
    def closed(self, element: _Element, parent: str, text: str) -> None: ...

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.open.append(_Element(name, attributes, self.xml.line))
        self.text.clear()
        self.opened(self.open[-1])

    def _end(self, name: str) -> None:
        element, text = self.open.pop(), "".join(self.text)
        self.text.clear()
        parent = self.open[-1] if self.open else None
        if parent is not None and parent.name in _KEPT:
            if parent.name == "transition" and name in parent.parts:
                raise self.error(f"a second <{name}> in one <transition>")
            parent.parts[name] = text
            parent.parts |= {f"{name}.{key}": value for key, value in element.parts.items()}
        if name in ("transition", "fsa_trans"):
            self.transitions.append(element)
            if len(self.transitions) > MAX_TRANSITIONS:
                raise self.error(f"more than {MAX_TRANSITIONS:,} transitions")
        self.closed(element, "" if parent is None else parent.name, text)


class _Version7(_Reader):
    start_hint = "put <initial/> into the element of one state"
    type = ""

    def finished(self) -> FSM:
        draft = self.draft
        if self.type == "mealy":
            return to_moore(draft, self.outputs).finish()
        if self.type == "moore":
            for number in range(len(draft.names)):
                draft.outputs.setdefault(number, EMPTY_OUTPUT)
        elif not draft.accepting and draft.alphabet is None:
            draft.notes.append("no state is <final/>; none accepts")
        return draft.finish()

    def opened(self, element: _Element) -> None:
        if element.name == "alphabet" and self.draft.alphabet is None:
            self.draft.alphabet, self.draft.alphabet_place = [], element.line

    def closed(self, element: _Element, parent: str, text: str) -> None:
        draft, name = self.draft, element.name
        if name == "state":
            self.state(element)
        elif name == "type" and parent == "structure":
            self.type = text.strip()
            if self.type not in _TYPES:
                raise self.error(
                    f"a JFLAP file of type {shown(self.type)}; expected a finite automaton, whose "
                    f"type is one of {', '.join(_TYPES)}"
                )
        elif name == "symbol" and parent == "alphabet" and draft.alphabet is not None:
            draft.alphabet.append(text)

    def state(self, element: _Element) -> None:
        draft, key = self.draft, element.attributes.get("id")
        if key is None:
            raise self.error("a <state> without the attribute 'id'", element)
        if draft.find(key) is not None:
            raise self.error(f"a second <state> with id={shown(key)}", element)
        number = draft.state(key, element.line, element.attributes.get("name", ""))
        if "initial" in element.parts:
            draft.initial[number] = None
        if "final" in element.parts:
            draft.accepting.add(number)
        if "output" in element.parts:
            draft.outputs[number] = self.value(element.parts["output"]) or EMPTY_OUTPUT

    def value(self, text: str) -> str:
        """An element's text: exact in files of ours, else without the blanks of a layout."""
        if self.draft.alphabet is not None or (text.isspace() and "\n" not in text):
            return text
        return text.strip()

    def end(self, transition: _Element, part: str) -> int:
        if part not in transition.parts:
            raise self.error(f"a <transition> without a <{part}>", transition)
        key = transition.parts[part].strip()
        state = self.draft.find(key)
        if state is None:
            message = f"<{part}>{shown(key)[1:-1]}</{part}> names no state of the file"
            raise self.error(message, transition)
        return state


class _Version8(_Reader):
    start_hint = 'name it in <structure type="start_state">'
    label = "input"
    part = ""

    def finished(self) -> FSM:
        if {arc.symbol for arc in self.draft.arcs} - {None} <= self.alphabet.keys():
            self.draft.alphabet = list(self.alphabet)
        return self.draft.finish()

    def end(self, transition: _Element, part: str) -> int:
        return self.number(transition, part, f"{part}.id")

    def opened(self, element: _Element) -> None:
        if element.name == "structure":
            self.part = element.attributes.get("type", "")
            if self.part not in _SETS + _AROUND:
                raise self.error(
                    f"a structure of type {shown(self.part)} in a file of JFLAP 8; expected a "
                    "finite automaton, whose type is 'fsa'"
                )

    def closed(self, element: _Element, parent: str, text: str) -> None:
        draft = self.draft
        if element.name == "structure":
            self.part = ""
        elif element.name == "symbol" and self.part == "input_alph" and text:
            self.alphabet[text] = None
        elif element.name == "state" and self.part in _SETS:
            number = self.number(element, "state", "id")
            draft.names[number] = element.parts.get("name", "").strip() or draft.names[number]
            if self.part == "start_state":
                draft.initial[number] = None
            elif self.part == "final_states":
                draft.accepting.add(number)

    def number(self, element: _Element, what: str, part: str) -> int:
        """The number of the state whose key is a part of an element."""
        key = element.parts.get(part, "").strip()
        if not key:
            raise self.error(f"a <{what}> without an <id>", element)
        return self.draft.state(key, element.line)


class _Labels:
    """Reads the labels of one file: a label of several characters is a word, as JFLAP reads it.

    Args:
        labels: All of them.
        exact: Whether every label is one symbol, as in files of ours.
        symbols: What the file declares as a symbol, which it is then.

    Example:
        >>> _Labels(["ab", "[a-c]"]).read("ab", 1), _Labels(["a,b"]).read("a,b", 1)
        ([('a', 'b')], [('a',), ('b',)])
        >>> _Labels(["int", "letter,_"]).read("int", 1), _Labels([]).read("", 1)
        ([('int',)], [()])
    """

    def __init__(
        self, labels: Iterable[str], *, exact: bool = False, symbols: Collection[str] = ()
    ) -> None:
        self.notes: list[str] = []
        self._exact = exact
        self._declared = symbols
        self._lists_words = not exact and any(
            len(piece) > 1 and not _RANGE.search(piece)
            for label in labels
            if "," in label and 1 < len(label) <= MAX_LABEL
            for pieces in [_pieces(label)]
            if len(pieces) > 1
            for piece in pieces
        )

    def read(self, label: str, line: int) -> list[Word]:
        """The words, each of them mostly of one symbol, on which a transition can be made.

        Raises:
            ValueError: for a label that is too long.
        """
        if label == "" or (label in _EPSILON and not self._exact):
            return [()]
        if self._exact or len(label) == 1 or label in self._declared:
            return [(label,)]
        if len(label) > MAX_LABEL:
            raise ValueError(
                f"a label of {len(label):,} characters, {shown(label)}; the limit is {MAX_LABEL:,}"
            )
        found: list[Word] = []
        pieces = _pieces(label)
        for piece in pieces:
            if _RANGE.search(piece):
                found += [(symbol,) for symbol in _RANGE.sub(_spelled_out, piece)]
            else:
                found.append((piece,) if self._lists_words else tuple(piece))
        found = list(dict.fromkeys(found))
        if not self.notes:
            texts = ", ".join(" ".join(word) for word in found[:10])
            how = _NOTES[self._lists_words or all(len(word) == 1 for word in found)]
            self.notes.append(
                f"labels of several characters were read {how}, such as {shown(label)} at line "
                f"{line} as {texts}"
            )
        return found


def _pieces(label: str) -> list[str]:
    pieces = [piece.strip() for piece in label.split(",")]
    return pieces if all(pieces) else [label]


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
        name = _escaped(_NOT_XML.sub("\ufffd", state))
        lines.append(f'    <state id="{index}" name="{name}">{marks}</state>')
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


def _escaped(text: str) -> str:
    return escape(text, {'"': "&quot;", **_BLANKS})
