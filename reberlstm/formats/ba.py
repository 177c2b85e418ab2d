"""The BA format of RABIT, Reduce, GOAL and others, read as an automaton of finite words.

    q0
    a,q0->q1
    b,q1->q0
    q1

The initial state, the transitions, the accepting states, one a line. Where no initial state is
given it is the source of the first transition; where no accepting states are given, all accept.
Described at http://languageinclusion.org/doku.php?id=tools and https://spot.lre.epita.fr/tut25.html.
Such a file may be meant as a Büchi automaton, of infinite words; a note says how it was read.
"""

from __future__ import annotations

import re

from reberlstm.errors import FormatError, shown
from reberlstm.formats.draft import Draft, lost_in_lists
from reberlstm.machine.fsm import FSM

ARC = re.compile(r"(?P<symbol>[^,\n]+),(?P<source>[^,\n]+?)->(?P<target>[^,\n]+)")


def read(text: str, where: str) -> FSM:
    """Parse a file of the BA format; `where` names the file in messages.

    Raises:
        FormatError: naming the line that is neither a state nor a transition.
        GrammarError: where the whole describes no machine.
    """
    draft = Draft(where, "the first line is it")
    begun = False
    ends: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line:
            continue
        if match := ARC.fullmatch(line):
            if ends:
                raise draft.error(number, "a transition after the accepting states")
            symbol, *names = (part.strip() for part in match.groups())
            source, target = (draft.state(name, number, name) for name in names)
            if not draft.initial:
                draft.initial[source] = None
            draft.arc(source, symbol, target, number)
            begun = True
        elif "," in line or "->" in line:
            raise draft.error(
                number, f"expected a state or 'symbol,source->target', found {shown(line)}"
            )
        elif not begun:
            if draft.initial:
                raise draft.error(number, "a second initial state; the format has one")
            draft.initial[draft.state(line, number, line)] = None
        else:
            ends.append((number, line))
    draft.accepting = {draft.state(name, number, name) for number, name in ends}
    if not ends:
        draft.accepting = set(range(len(draft.names)))
        draft.notes.append("no accepting states are listed, which means that all accept")
    draft.notes.append(
        "a .ba file, read as an automaton of finite words; as a Büchi automaton, which reads "
        "infinite ones, it means another language"
    )
    return draft.finish()


def losses(fsm: FSM) -> list[str]:
    """What the format cannot carry of this machine."""
    return lost_in_lists(fsm)


def write(fsm: FSM) -> str:
    """The machine in the BA format; what is lost is told by `losses`.

    Raises:
        FormatError: naming a symbol or state that the format cannot hold, or a machine without a
            transition or without an accepting state.
    """
    if not fsm.accepting or not any(fsm.transitions.values()):
        what = "transition" if fsm.accepting else "accepting state"
        raise FormatError(f"{fsm} cannot be written in the BA format, which needs one {what}")
    for text in (*fsm.states, *fsm.alphabet):
        if re.search(r"[,>-]", text) or text.strip() != text or text.splitlines() != [text]:
            raise FormatError(
                f"{fsm} cannot be written in the BA format, which cannot hold {shown(text)}; "
                "rename the state or symbol"
            )
    arcs = [
        f"{symbol},{state}->{target}"
        for state, line in fsm.transitions.items()
        for symbol, target in line.items()
    ]
    return "\n".join([fsm.start, *arcs, *(q for q in fsm.states if q in fsm.accepting)]) + "\n"
