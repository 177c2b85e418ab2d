"""SCXML (.scxml), the W3C's XML of state charts, as far as they are plain finite machines.

    <scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" initial="green">
      <state id="green"><transition event="timer" target="red"/></state>
      <final id="red"/>
    </scxml>

The symbols are the events, the accepting states those that are ``final``. As in the recommendation
(https://www.w3.org/TR/scxml/), the first state is the start where none is named, a transition lists
events, ``error`` is also taken for ``error.io``, and the first transition that fits is made. Nested
and parallel states, conditions, transitions without an event, and machines that raise events of
their own are refused: what they do does not depend on the events alone. Other actions are left out,
with a note. An event that a state does not name is a violation here; a state chart ignores it.
"""

from __future__ import annotations

from typing import NamedTuple

from reberlstm.errors import shown
from reberlstm.formats.draft import Draft
from reberlstm.formats.xml_syntax import Xml
from reberlstm.machine.fsm import FSM

MAX_PARTS = 50
"""How many dots the name of an event may have."""

_REFUSED = {
    "parallel": "parallel states",
    "history": "history states",
    "invoke": "invocations",
    "raise": "events that it raises itself",
}
_PLAIN = {"scxml", "state", "final", "transition", "initial"}


class _Transition(NamedTuple):
    source: int
    events: tuple[str, ...]
    target: str
    line: int


def read(text: str, where: str) -> FSM:
    """Parse a state chart; `where` names the file in messages.

    Raises:
        FormatError: naming the line that is not XML, or not plain.
        GrammarError: where the whole describes no machine.
    """
    return _Reader(where).fsm(text)


class _Reader:
    def __init__(self, where: str) -> None:
        self.draft = Draft(where, 'name it, as in <scxml initial="q0">')
        self.xml = Xml(self.draft, "SCXML", "scxml", self.start, self.end)
        self.open: list[tuple[str, int]] = []
        self.initial = ""
        self.transitions: list[_Transition] = []
        self.has_actions = False

    def fsm(self, text: str) -> FSM:
        self.xml.read(text)
        draft = self.draft
        if draft.names:
            draft.initial[self.state(self.initial, None) if self.initial else 0] = None
        events = dict.fromkeys(event for each in self.transitions for event in each.events)
        below: dict[str, list[str]] = {}  # the events that the name of another one stands for
        for event in events:
            parts = event.split(".")
            for count in range(1, len(parts) + 1):
                below.setdefault(".".join(parts[:count]), []).append(event)
        taken: set[tuple[int, str]] = set()
        for source, names, to, line in self.transitions:
            target = self.state(to, line) if to else source
            for event in (event for name in names for event in below[name]):
                if (source, event) not in taken:
                    taken.add((source, event))
                    draft.arc(source, event, target, line)
        if not draft.accepting:
            draft.notes.append("no state is <final>; none accepts")
        draft.notes.append(
            "a state chart: an event that a state does not name is a violation here, where SCXML "
            "ignores it" + ("; its actions were left out" if self.has_actions else "")
        )
        return draft.finish()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        draft, line = self.draft, self.xml.line
        parent, number = self.open[-1] if self.open else ("", -1)
        if name in _REFUSED:
            raise draft.error(line, f"{_REFUSED[name]}, which make no plain finite machine")
        if name in ("state", "final"):
            if parent != "scxml":
                raise draft.error(line, "nested states, which make no plain finite machine")
            key = attributes.get("id") or f"state {len(draft.names)}"
            if draft.find(key) is not None:
                raise draft.error(line, f"a second state with id={shown(key)}")
            number = draft.state(key, line, key)
            if name == "final":
                draft.accepting.add(number)
        elif name == "scxml":
            self.initial = attributes.get("initial", "").strip()
            draft.name = attributes.get("name", "")
        elif name == "transition" and parent == "state":
            self.transition(attributes, number)
        elif name not in _PLAIN:
            self.has_actions = True
        self.open.append((name, number))

    def transition(self, attributes: dict[str, str], source: int) -> None:
        draft, line = self.draft, self.xml.line
        if "cond" in attributes:
            raise draft.error(line, "a condition, which makes no plain finite machine")
        names = [
            name.removesuffix(".*").rstrip(".") for name in attributes.get("event", "").split()
        ]
        if not names:
            raise draft.error(line, "a transition without an event, which is no plain one")
        if any(name.count(".") > MAX_PARTS for name in names):
            raise draft.error(line, f"an event of more than {MAX_PARTS} parts between dots")
        if any("*" in name or not name for name in names):
            raise draft.error(line, "the event * stands for any event; spell them out")
        target = attributes.get("target", "").split()
        if len(target) > 1:
            raise draft.error(line, "a transition to several states, which is no plain one")
        self.transitions.append(_Transition(source, tuple(names), "".join(target), line))

    def end(self, _: str) -> None:
        self.open.pop()

    def state(self, key: str, line: int | None) -> int:
        number = self.draft.find(key)
        if number is None:
            raise self.draft.error(line, f"{shown(key)} names no state of the file")
        return number
