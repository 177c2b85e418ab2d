"""What a net counts: the machine with counters that it follows, and which cell is which counter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from reberlstm.errors import WeightsError
from reberlstm.machine.counters import CounterMachine


class Way(StrEnum):
    """How a counter is wired; see `reberlstm.compiler.counted`."""

    PLAIN = "plain"
    """The cell's c is the counter."""
    SIGNS = "signs"
    """The same, and the cells of states tell the counter's sign."""
    LATE = "late"
    """c is by how much the counter is beyond +1 or −1, one step late; the cells of states tell its
    sign, and what is still to be added to c."""


class CountingCell(NamedTuple):
    """A cell, the counter that it holds, and how: names."""

    cell: str
    counter: str
    way: Way

    def __str__(self) -> str:
        held = f"counter {self.counter}: c of cell {self.cell}"
        if self.way is Way.LATE:
            return (
                f"{held} is how far it is beyond ±1, one step late, since one pair of filters "
                "cannot tell when it changes; states are split by its sign and by that step"
            )
        if self.way is Way.SIGNS:
            return f"{held}; states are split by its sign, which no sum over that cell tells"
        return f"{held}, whose h tells its sign"


@dataclass(frozen=True)
class Counting:
    """What a net counts.

    Attributes:
        machine: The machine that the net is meant to follow.
        cells: A cell for each of its counters, in their order.
    """

    machine: CounterMachine
    cells: tuple[CountingCell, ...]

    def numbers(self, cells: Sequence[str]) -> list[int]:
        """Which of these cells hold the counters, in the counters' order."""
        return [cells.index(each.cell) for each in self.cells]

    def check(self, cells: Sequence[str], alphabet: Sequence[str]) -> None:
        """Refuse what does not fit to a net.

        Raises:
            WeightsError: naming what differs.
        """
        if self.machine.alphabet != tuple(alphabet):
            raise WeightsError(
                f"alphabet {' '.join(alphabet)} is not that of the machine with counters, "
                f"{' '.join(self.machine.alphabet)}"
            )
        counters = tuple(each.counter for each in self.cells)
        if counters != self.machine.counters:
            raise WeightsError(
                f"counting: cells for the counters {' '.join(counters) or 'none'}, but the "
                f"machine's are {' '.join(self.machine.counters)}"
            )
        named = [each.cell for each in self.cells]
        unknown = next((x for x in named if x not in cells or named.count(x) > 1), None)
        if unknown is not None:
            raise WeightsError(f"counting: {unknown!r} is no cell of the net, or stands twice")

    @property
    def text(self) -> str:
        """What a file's metadata says of the cells."""
        return json.dumps([list(each) for each in self.cells], ensure_ascii=False)

    @classmethod
    def read(cls, machine: CounterMachine, text: str) -> Counting:
        """The inverse of `text`.

        Raises:
            WeightsError: where the text is not of that form.
        """
        try:
            listed = json.loads(text)
            cells = tuple(CountingCell(str(c), str(n), Way(way)) for c, n, way in listed)
        except (ValueError, TypeError, RecursionError):
            raise WeightsError(
                "metadata 'counting' is no JSON list of a cell, its counter and a way, one of "
                f"{', '.join(Way)}, for each counter"
            ) from None
        return cls(machine, cells)
