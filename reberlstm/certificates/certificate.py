"""The certificate: what was found out about a net, as a value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reberlstm.certificates.boxes import Inputs
from reberlstm.certificates.refutation import WrongAnswer
from reberlstm.display import Displayed
from reberlstm.machine.fsm import Word
from reberlstm.net.weights import Scope

Bounds = tuple[tuple[float, float], ...]
"""For every cell the least and the greatest value."""

Alike = tuple[str | None, Word]
"""A state, or None after a violation, and last symbols."""


@dataclass(frozen=True)
class Box:
    """Where the net is after the words of one node.

    Attributes:
        state: The grammar's state, or None after a violation.
        last: The last symbols of the words, or all where there are fewer than ``k``.
        h: Bounds of what the gates read, one pair a cell.
        c: Bounds of the memory, possibly infinite.
    """

    state: str | None
    last: Word
    h: Bounds
    c: Bounds


@dataclass(frozen=True, kw_only=True)
class Certificate(Displayed):
    """What was found out: the net is proved right, or refuted by a word, or neither.

    Attributes:
        holds: True: proved, for words of every length. False: refuted. None: unknown.
        net: The net's name.
        grammar: The name of the machine that it was judged by.
        scope: After which words it was judged: ``legal`` or ``all``.
        heads: Which heads were judged.
        arithmetic: On which machine, see `reberlstm.certificates.arithmetic`.
        noise: The disturbance of every ``h`` and ``c`` after each step, at most.
        inputs: What stands for a symbol.
        cells: The names of the cells.
        gain: The gain of a compiled net.
        long_symbols: Whether words are written with spaces.
        net_sha256: Identifies the weights.
        grammar_sha256: Identifies the machine.
        margins: Where it holds: for each head how far its values are from wrong, at least; a head
            that no word of the scope asks is left out.
        k: Where it holds: how many symbols the nodes remember.
        stride: Where it holds: after how many symbols there is a box again.
        boxes: Where it holds: the invariant, one box a node.
        alike: Where it holds: states, each with last symbols that share a box, that of the first.
        counterexample: Where it is refuted: a shortest word after which a head is wrong.
        wrong: Where it is refuted: which head, what it says, and what is right.
        depth: Where it is unknown: no word of at most so many symbols is wrong.
        states: Where it is unknown: how many states of net and machine were tried.
        closed: Where it is unknown: whether these are all that any word leads to, as executed here.
        reason: Where it is unknown: why no invariant was found.
    """

    holds: bool | None
    net: str
    grammar: str
    scope: Scope
    heads: tuple[str, ...]
    arithmetic: str
    noise: float
    inputs: Inputs
    cells: tuple[str, ...]
    gain: float | None
    long_symbols: bool
    net_sha256: str
    grammar_sha256: str
    margins: Mapping[str, float] = field(default_factory=dict)
    k: int | None = None
    stride: int = 1
    boxes: tuple[Box, ...] = ()
    alike: tuple[Alike, ...] = ()
    counterexample: Word | None = None
    wrong: WrongAnswer | None = None
    depth: int | None = None
    states: int | None = None
    closed: bool = False
    reason: str = ""

    @property
    def outcome(self) -> str:
        """``holds``, ``refuted`` or ``unknown``."""
        return {True: "holds", False: "refuted", None: "unknown"}[self.holds]

    @property
    def margin(self) -> float:
        """How far the nearest head is from wrong: at least, where it holds.

        Negative where it is refuted: how far the head is on the wrong side after the
        counterexample. NaN where nothing is known, infinite where nothing is judged.
        """
        if self.wrong is not None:
            return self.wrong.margin
        return min(self.margins.values(), default=float("inf" if self.holds else "nan"))

    @property
    def nodes(self) -> int:
        """The number of boxes of the invariant."""
        return len(self.boxes)

    @property
    def offered(self) -> tuple[str, ...] | None:
        """What the wrong head says after the counterexample: the symbols offered, for ``legal``."""
        return None if self.wrong is None else self.wrong.said

    @property
    def allowed(self) -> tuple[str, ...] | None:
        """What it had to say: the symbols that the grammar allows, for ``legal``."""
        return None if self.wrong is None else self.wrong.right

    def text(self, word: Word) -> str:
        """A word as it is written on the command line."""
        return (" " if self.long_symbols else "").join(word)

    def _plain(self) -> str:
        return str(self)

    def __str__(self) -> str:
        from reberlstm.certificates.report import lines

        return "\n".join(lines(self))

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of a certificate file, see `reberlstm.certificates.document`."""
        from reberlstm.certificates.document import to_dict

        return to_dict(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the certificate as JSON, whole or not at all.

        Raises:
            FormatError: when the file cannot be written.
        """
        from reberlstm.certificates.document import save

        save(self, path)
