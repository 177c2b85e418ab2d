"""The files of JFLAP 8, a test version that writes another XML than version 7 does.

    <structure type="fsa">
      <structure type="state_set"><state><name>q0</name><id>0</id></state>...</structure>
      <structure type="start_state"><state>...</state></structure>
      <structure type="final_states"><state>...</state></structure>
      <structure type="transition_set">
        <fsa_trans>
          <to><name>q1</name><id>1</id></to><input>a</input><from><name>q0</name><id>0</id></from>
        </fsa_trans>
        ...

The same may stand inside the structures of an editor window. Only finite automata are read.
"""

from __future__ import annotations

import re

from reberlstm.formats.draft import MAX_TRANSITIONS
from reberlstm.formats.jflap_labels import Labels
from reberlstm.formats.messages import shown
from reberlstm.formats.xml_elements import Elements
from reberlstm.machine.fsm import FSM

_HEAD = re.compile(r"<structure\b[^<>]*\btype\s*=")
_PARTS = ("state_set", "start_state", "final_states", "transition_set", "input_alph")
_AROUND = ("editor_panel", "transition_graph", "fsa")


def is_of_version_8(text: str) -> bool:
    """Whether the first element says its type in an attribute, not in a ``<type>`` of its own."""
    first = text.find("<structure")
    return first >= 0 and _HEAD.match(text, first) is not None


def read(text: str, where: str) -> FSM:
    """Parse a file of JFLAP 8; `where` names the file in messages.

    Raises:
        FormatError: naming the line that is not XML, or no part of a finite automaton.
        GrammarError: where the whole describes no machine.
    """
    return _Reader(where).fsm(text)


class _Reader(Elements):
    def __init__(self, where: str) -> None:
        super().__init__(where, 'name it in <structure type="start_state">')
        self.part = ""
        self.parts: dict[str, str] = {}
        self.transitions: list[tuple[int, dict[str, str]]] = []
        self.alphabet: list[str] = []

    def fsm(self, text: str) -> FSM:
        self.parse(text)
        draft = self.draft
        labels = Labels(parts.get("input", "").strip() for _, parts in self.transitions)
        for line, parts in self.transitions:
            ends = [draft.state(self.key(parts, end, line), line) for end in ("from", "to")]
            self.add_transition(parts.get("input", "").strip(), labels, ends, line)
        used = {arc.symbol for arc in draft.arcs if arc.symbol is not None}
        if used <= set(self.alphabet):
            draft.alphabet = list(dict.fromkeys(self.alphabet))
        draft.notes += labels.notes
        return draft.finish()

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "structure":
            self.part = attributes.get("type", "")
            if self.part not in _PARTS + _AROUND:
                raise self.draft.error(
                    self.line,
                    f"a structure of type {shown(self.part)} in a file of JFLAP 8; expected a "
                    "finite automaton, whose type is 'fsa'",
                )
        elif name in ("state", "fsa_trans"):
            self.parts = {}

    def closed(self, name: str, parent: str, text: str) -> None:
        if name == "structure":
            self.part = ""
        elif name == "state" and self.part in _PARTS:
            self.state()
        elif name == "fsa_trans":
            self.transitions.append((self.line, self.parts))
            if len(self.transitions) > MAX_TRANSITIONS:
                raise self.draft.error(self.line, f"more than {MAX_TRANSITIONS:,} transitions")
        elif name == "symbol" and self.part == "input_alph" and text:
            self.alphabet.append(text)
        elif name == "input" and parent == "fsa_trans":
            self.parts["input"] = text
        elif name in ("id", "name") and parent in ("state", "from", "to"):
            self.parts[f"{parent}.{name}"] = text.strip()

    def state(self) -> None:
        number = self.draft.state(self.key(self.parts, "state", self.line), self.line)
        self.draft.names[number] = self.parts.get("state.name", "") or self.draft.names[number]
        if self.part == "start_state":
            self.draft.initial[number] = None
        elif self.part == "final_states":
            self.draft.accepting.add(number)

    def key(self, parts: dict[str, str], which: str, line: int) -> str:
        found = parts.get(f"{which}.id")
        if not found:
            raise self.draft.error(line, f"a <{which}> without an <id>")
        return found
