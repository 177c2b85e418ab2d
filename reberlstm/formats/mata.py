"""Mata's text format of finite automata (.mata), as far as symbols are written out.

    @NFA-explicit
    %Alphabet-auto
    %Initial q0
    %Final q1
    q0 a q1
    q1 "b c" q0

Described in https://github.com/VeriFIT/mata/blob/devel/AUTOMATAFORMAT.md. Automata over bit vectors
or intervals, alternating automata and transducers are refused.
"""

from __future__ import annotations

import re

from reberlstm.errors import FormatError, shown
from reberlstm.formats.draft import Draft, lost_in_lists
from reberlstm.machine.fsm import FSM

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(#.*)|([^\s"#][^\s"]*))')
_EPSILON = {"4294967295"}
"""Mata's number for no symbol, the largest of 32 bits."""
_PLAIN = re.compile(r"[A-Za-z0-9_][^\s\"\\#]*")
_BETWEEN = {"&", "|"}


def read(text: str, where: str) -> FSM:
    """Parse Mata's text; `where` names the file in messages.

    Raises:
        FormatError: naming the line that is not of the format, or of a kind that is not read.
        GrammarError: where the whole describes no machine.
    """
    draft = Draft(where, "name it, as in %Initial q0")
    section, epsilon = "", set(_EPSILON)
    keys: dict[str, list[tuple[int, str]]] = {"Initial": [], "Final": []}
    for number, tokens in _lines(draft, text):
        first = tokens[0]
        if first.startswith("@"):
            if section:
                raise draft.error(number, "a second automaton begins here; give each its own file")
            section = first[1:]
            if section.upper() != "NFA-EXPLICIT":
                raise draft.error(
                    number,
                    f"an automaton of type {shown(section)}; only NFA-explicit is read, whose "
                    "symbols are written out",
                )
        elif not section:
            raise draft.error(number, f"expected @NFA-explicit, found {shown(first)}")
        elif first.startswith("%"):
            key, values = first[1:], [(number, token) for token in tokens[1:]]
            if key in keys:
                keys[key] += [value for value in values if value[1] not in _BETWEEN]
            elif key == "Epsilon":
                epsilon |= set(tokens[1:])
            elif key == "Alphabet-enum":
                draft.alphabet = list(dict.fromkeys([*(draft.alphabet or ()), *tokens[1:]]))
                draft.alphabet_place = number
            elif key.startswith("Levels"):
                raise draft.error(number, "a transducer; only acceptors are machines here")
        else:
            rest = [word for word in tokens[1:] if word != "&"]
            if len(rest) != 2:
                raise draft.error(number, "expected 'source symbol target'")
            source, target = (draft.state(key, number, key) for key in (first, rest[1]))
            draft.arc(source, None if rest[0] in epsilon else rest[0], target, number)
    for number, name in keys["Initial"]:
        draft.initial[draft.state(name, number, name)] = None
    draft.accepting = {draft.state(name, number, name) for number, name in keys["Final"]}
    if not section:
        raise draft.error(None, "expected @NFA-explicit, found nothing")
    return draft.finish()


def _lines(draft: Draft, text: str) -> list[tuple[int, list[str]]]:
    """The tokens of every line that has some; a backslash at its end goes on in the next line."""
    found: list[tuple[int, list[str]]] = []
    begun: tuple[int, list[str]] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        goes_on = line.endswith("\\")
        tokens, position, line = [], 0, line.removesuffix("\\").rstrip()
        while position < len(line):
            match = _TOKEN.match(line, position)
            if match is None:
                raise draft.error(number, "a string begins here and is never closed")
            position = match.end()
            quoted, comment, plain = match.groups()
            if comment is None:
                tokens.append(plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        if begun is not None:
            begun[1].extend(tokens)
        elif tokens:
            found.append(begun := (number, tokens))
        if not goes_on:
            begun = None
    return found


def losses(fsm: FSM) -> list[str]:
    """What the format cannot carry of this machine."""
    return lost_in_lists(fsm)


def write(fsm: FSM) -> str:
    """The machine as Mata's text; what is lost is told by `losses`.

    Raises:
        FormatError: naming a symbol or state that a line cannot hold, or for a machine without a
            transition, whose alphabet would be lost.
    """
    if not any(fsm.transitions.values()):
        raise FormatError(
            f"{fsm} cannot be written as Mata's text, whose symbols are those of transitions: it "
            "has none"
        )
    names = {text: _quoted(fsm, text) for text in (*fsm.states, *fsm.alphabet)}
    lines = ["@NFA-explicit", "%Alphabet-auto", f"%Initial {names[fsm.start]}"]
    lines.append(" ".join(["%Final", *(names[q] for q in fsm.states if q in fsm.accepting)]))
    lines += [
        f"{names[state]} {names[symbol]} {names[target]}"
        for state, line in fsm.transitions.items()
        for symbol, target in line.items()
    ]
    return "\n".join(lines) + "\n"


def _quoted(fsm: FSM, text: str) -> str:
    if text in _EPSILON or text.splitlines() != [text]:
        raise FormatError(
            f"{fsm} cannot be written as Mata's text, whose lines cannot hold {shown(text)}; "
            "rename the state or symbol"
        )
    if _PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
