"""XState's JSON of state machines, as far as they are plain finite machines.

    {"id": "light", "initial": "green",
     "states": {"green": {"on": {"TIMER": "red"}}, "red": {"type": "final"}}}

The symbols are the events, the accepting states those of type ``final``. Described at
https://stately.ai/docs/machines and https://stately.ai/docs/transitions. Nested and parallel
states, guards, delays, invocations and transitions without an event are refused: what they do does
not depend on the events alone. Actions are left out, with a note. An event that a state does not
name is a violation here; XState ignores it.
"""

from __future__ import annotations

from typing import Any

from reberlstm.errors import shown
from reberlstm.formats.draft import Draft
from reberlstm.formats.json_syntax import parsed
from reberlstm.machine.fsm import FSM

_REFUSED = {
    "states": "nested states",
    "always": "transitions without an event",
    "after": "delayed transitions",
    "invoke": "invocations",
    "guard": "guards",
    "cond": "guards",
    "in": "guards",
}
_ACTIONS = ("actions", "entry", "exit", "onEntry", "onExit", "activities", "output")

Json = dict[str, Any]


def is_xstate(data: object) -> bool:
    """Whether parsed JSON is a machine of XState rather than a graph."""
    return isinstance(data, dict) and isinstance(data.get("states"), dict) and "nodes" not in data


def read(text: str, where: str) -> FSM:
    """Parse a machine of XState; `where` names the file in messages.

    Raises:
        FormatError: naming the line that is not JSON, or the path of what is not plain.
        GrammarError: where the whole describes no machine.
    """
    return read_data(parsed(text, where), where)


def read_data(data: object, where: str) -> FSM:
    """The machine in parsed JSON."""
    return _Reader(where).fsm(data)


class _Reader:
    def __init__(self, where: str) -> None:
        hint = 'name it in "initial"'
        self.draft = Draft(where, hint, lambda path: f": {path}" if path else "")
        self.has_actions = False
        self.ids: dict[str, int] = {}

    def fsm(self, data: object) -> FSM:
        draft, top = self.draft, self.table(data, "the file")
        if top.get("type") == "parallel":
            raise draft.error("type", "parallel states, which make no plain finite machine")
        states = self.table(top.get("states"), "states")
        self.check({**top, "states": None}, "", known=("states",))
        for name, value in states.items():
            number = draft.state(name, f"states.{name}", name)
            if isinstance(value, dict) and isinstance(value.get("id"), str):
                self.ids.setdefault(value["id"], number)
        initial = top.get("initial")
        if isinstance(initial, dict):
            initial = initial.get("target")
        if initial is not None:
            draft.initial[self.target(initial, "initial", top)] = None
        if isinstance(top.get("id"), str):
            draft.name = top["id"]
        for name, value in states.items():
            path = f"states.{name}"
            state = self.table(value or {}, path)
            self.check(state, path)
            kind = state.get("type", "atomic")
            if kind not in ("atomic", "final"):
                raise draft.error(path, f"a state of type {shown(kind)}, which is not plain")
            number = draft.state(name, path)
            if kind == "final":
                draft.accepting.add(number)
            on = {
                **self.table(top.get("on") or {}, "on"),
                **self.table(state.get("on") or {}, path),
            }
            for event, value in on.items() if kind != "final" else ():
                at = f"{path}.on.{event}"
                if "*" in event or not event:
                    raise draft.error(at, f"{shown(event)} stands for any event; spell them out")
                draft.arc(number, event, self.destination(value, number, at, top), at)
        if not draft.accepting:
            draft.notes.append('no state is of "type": "final"; none accepts')
        draft.notes.append(
            "a machine of XState: an event that a state does not name is a violation here, where "
            "XState ignores it" + ("; its actions were left out" if self.has_actions else "")
        )
        return draft.finish()

    def destination(self, value: Any, source: int, path: str, top: Json) -> int:
        """The state that an event leads to: the same one where there is no target."""
        if isinstance(value, list):
            if len(value) > 1:
                raise self.draft.error(path, "several transitions on one event, which are guarded")
            value = value[0] if value else None
        if isinstance(value, dict):
            self.check(value, path)
            value = value.get("target")
            if isinstance(value, list) and len(value) == 1:
                value = value[0]
        return source if value is None else self.target(value, path, top)

    def target(self, value: object, path: str, top: Json) -> int:
        if isinstance(value, str):
            for name in (value, value.removeprefix(f"#{top.get('id')}.")):
                number = self.draft.find(name)
                if number is not None:
                    return number
            if value.startswith("#") and value[1:] in self.ids:
                return self.ids[value[1:]]
        raise self.draft.error(path, f"{shown(value)} is no state of the machine")

    def table(self, value: object, path: str) -> Json:
        if not isinstance(value, dict):
            raise self.draft.error(path, f"expected an object, found {shown(value)}")
        return value

    def check(self, table: Json, path: str, known: tuple[str, ...] = ()) -> None:
        """Refuse what is not plain."""
        for key in table:
            if key in _REFUSED and key not in known and table[key]:
                raise self.draft.error(
                    f"{path}.{key}".strip("."),
                    f"{_REFUSED[key]}, which make no plain finite machine",
                )
            self.has_actions |= key in _ACTIONS and bool(table[key])
