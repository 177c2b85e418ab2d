"""KISS2, the state tables of Berkeley's SIS and MCNC's benchmarks (.kiss2): Mealy machines.

    .i 1
    .o 1
    .r S0
    0 S0 S0 0
    1 S0 S1 0
    - S1 S0 1
    .e

A line is input, state, next state and output. A ``-`` in an input stands for both bits. Symbols
are all words of ``.i`` bits; outputs are kept as they stand, their ``-`` included. The start is
``.r``, else the state of the first line. A next state ``-`` or ``*`` is unspecified, so the
transition is left out; a state ``-`` or ``*`` stands for every one. In a BLIF file what stands
between ``.start_kiss`` and ``.end_kiss`` is read. Described in E. M. Sentovich et al., SIS: A
system for sequential circuit synthesis (UCB/ERL M92/41, 1992), appendix on BLIF.
"""

from __future__ import annotations

import re
from itertools import product

from reberlstm.errors import shown
from reberlstm.formats.draft import Draft, to_moore
from reberlstm.machine.fsm import FSM

MAX_INPUTS = 10
"""How many bits an input may have: n bits make 2ⁿ symbols."""

_ANY = {"-", "*"}


def read(text: str, where: str) -> FSM:
    """Parse a state table; `where` names the file in messages.

    Raises:
        FormatError: naming the line that is not of the format.
        GrammarError: where the whole describes no machine.
    """
    draft = Draft(where, "name it, as in .r S0")
    sizes: dict[str, int] = {}
    start: tuple[int, str] | None = None
    rows: list[tuple[int, list[str]]] = []
    for number, words in _lines(text):
        key = words[0]
        if key in (".i", ".o"):
            if len(words) != 2 or not re.fullmatch("[0-9]{1,4}", words[1]):
                raise draft.error(number, f"expected a number after {key}")
            sizes[key] = int(words[1])
        elif key == ".r" and len(words) == 2:
            start = number, words[1]
        elif not key.startswith("."):
            _check(draft, number, words, sizes)
            rows.append((number, words))
    if not rows:
        raise draft.error(None, "no row 'input state next output' of a state table")
    count = len(rows[0][1][0])
    if count > MAX_INPUTS:
        raise draft.error(
            rows[0][0], f"{count} bits of input make 2^{count} symbols; the limit is 2^{MAX_INPUTS}"
        )
    draft.alphabet = ["".join(bits) for bits in product("01", repeat=count)]
    for number, (_, *states, _) in rows:
        for name in states:
            if name not in _ANY:
                draft.state(name, number, name)
    first = start or next(((n, row[1]) for n, row in rows if row[1] not in _ANY), (0, ""))
    draft.initial[draft.state(first[1], first[0], first[1])] = None
    outputs: list[str] = []
    for number, (cube, state, after, output) in rows:
        if after in _ANY:
            draft.notes.append(f"line {number:,}: the next state is unspecified; it was left out")
            continue
        target = draft.state(after, number, after)
        sources = range(len(draft.names)) if state in _ANY else [draft.state(state, number, state)]
        for source in sources:
            for bits in product(*("01" if bit == "-" else bit for bit in cube)):
                draft.arc(source, "".join(bits), target, number)
                outputs.append(output)
    draft.notes[1:] = [f"so were {len(draft.notes) - 1:,} others"] * (len(draft.notes) > 1)
    return to_moore(draft, outputs).finish()


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """The words of the lines of the table, without comments."""
    lines = [(n, line.partition("#")[0].split()) for n, line in enumerate(text.split("\n"), 1)]
    lines = [(number, words) for number, words in lines if words]
    starts = [index for index, (_, words) in enumerate(lines) if words[0] == ".start_kiss"]
    lines = lines[starts[0] + 1 :] if starts else lines
    ends = [
        index for index, (_, words) in enumerate(lines) if words[0] in (".e", ".end_kiss", ".end")
    ]
    return lines[: ends[0]] if ends else lines


def _check(draft: Draft, number: int, words: list[str], sizes: dict[str, int]) -> None:
    """Refuse what is no row of the table."""
    if len(words) != 4:
        raise draft.error(number, f"expected 'input state next output', found {len(words)} words")
    for key, what, bits in ((".i", "input", words[0]), (".o", "output", words[3])):
        if not re.fullmatch("[01-]+", bits):
            raise draft.error(number, f"the {what} {shown(bits)} is no word of 0, 1 and -")
        if sizes.setdefault(key, len(bits)) != len(bits):
            raise draft.error(number, f"an {what} of {len(bits)} bits; {key} says {sizes[key]}")
