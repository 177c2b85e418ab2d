"""Brackets nested up to a bound, in as many cells as a stack has slots and a kind has bits.

The bounded Dyck language of ``k`` kinds and depth ``m`` has about ``k^m`` states, so one cell per
state soon is too many. A stack is written with ``m·(1 + ⌈log₂ k⌉)`` cells instead. Slot ``j`` has
a cell that is active while at least ``j`` brackets are open, and cells for the kind of the
``j``-th open bracket in binary, +1 or −1 while there is one and 0 else. No memory is kept, which
would leak: every cell is written anew at every step, so the net can be proved for words of every
length. All cells of a slot have one filter; with ``o[j]`` for "slot j is in use", in units of 2·K
::

    input gate   o[j−1] + o[j+1] − ½    on an opening bracket: slot j−1 is in use
                 o[j−1] + o[j+1] − 3/2  on a closing one: slot j+1 is in use
    candidate    +½                     of the cell o[j]
                 own h ± ½              of a bit: its own sign, or that of the bracket where it is 0

A closing bracket is legal if its kind is that of the last slot in use. Slots count the more the
later they are, so a sum over all of them has the sign of the last one: all heads are affine. The
same sums let violations be seen, in ``⌊k/2⌋ + 1`` further cells: the two filters of one judge a
kind of closing bracket each, and the last sees too many opening ones. From then on all of them
are active.

J. Hewitt, M. Hahn, S. Ganguli, P. Liang and C. D. Manning (RNNs can generate bounded hierarchical
languages with optimal memory, EMNLP 2020) show that ``Ω(m·log k)`` cells are needed, and give
``m·(3⌈log₂ k⌉ − 1)`` for an LSTM, whose memory is kept.
"""

from __future__ import annotations

import math

import numpy as np

from reberlstm._version import __version__
from reberlstm.errors import CompileError
from reberlstm.grammars.builders import dyck
from reberlstm.net.cells.cell import Floats
from reberlstm.net.height import ACTIVE
from reberlstm.net.net import LSTMWeights
from reberlstm.net.readouts import Head


def stack_net(
    kinds: int, depth: int, *, violations: bool = True, gain: float | None = None
) -> LSTMWeights:
    """The net of the bounded Dyck language, for `reberlstm.grammars.builders.dyck(kinds, depth)`.

    Args:
        kinds: How many kinds of brackets there are, ``k``.
        depth: How deep they may be nested, ``m``.
        violations: Whether the net sees violations and never forgets them. Without, it is to be
            judged in scope ``legal`` only.
        gain: The size ``K`` that the pre-activation of every gate has at least; by default one at
            which deviations stay below a thousandth of what the readouts tell apart.

    Returns:
        A net with heads ``legal`` and ``accept``, of ``m·(1 + ⌈log₂ k⌉)`` cells, and with
        `violations` of ``⌊k/2⌋ + 1`` more.

    Raises:
        GrammarError: for numbers that are not positive, or a machine that is too large to be named.
        CompileError: for a gain that is not positive and finite.

    Example:
        >>> from reberlstm import certify
        >>> net = stack_net(2, 3)
        >>> net.size, certify(net).holds
        (8, True)
        >>> stack_net(4, 3, violations=False).size
        9
    """
    stack = _Stack(kinds, depth, violations)
    if gain is None:
        gain = max(20.0, math.ceil(math.log(1e6 * (stack.weight + 1.0))))
    if not 0.0 < gain < math.inf:
        raise CompileError(f"the gain is {gain}; it must be positive and finite")
    return stack.net(gain)


class _Stack:
    """The cells, and rows of weights over them: of the cells, of the symbols, and a bias."""

    def __init__(self, kinds: int, depth: int, violations: bool) -> None:
        self.fsm = dyck(kinds, depth)
        self.kinds, self.depth = kinds, depth
        self.bits = (kinds - 1).bit_length()
        self.slots = depth * (1 + self.bits)
        self.size = self.slots + (kinds // 2 + 1 if violations else 0)
        self.opens = np.array([1.0, 0.0] * kinds)
        self.base = max(2 * self.bits, 2)
        self.weight = float(abs(self.score(0)).sum())

    def net(self, gain: float) -> LSTMWeights:
        """All gates in units of 2·K, and the heads."""
        hidden = np.zeros((4, self.size, self.size))
        symbol = np.zeros((4, self.size, len(self.fsm.alphabet)))
        bias = np.zeros((4, self.size))
        bias[[0, 2, 3]], bias[1] = 0.5, -0.5
        for slot in range(self.depth):
            cells = slice(slot * (1 + self.bits), (slot + 1) * (1 + self.bits))
            hidden[0, cells] = self.used(slot - 1) + self.used(slot + 1)
            symbol[0, cells] = self.opens
            bias[0, cells] = -1.5 if slot else -0.5
            for bit in range(self.bits):
                cell = cells.start + 1 + bit
                hidden[2, cell, cell], bias[2, cell] = 1.0, 0.0
                symbol[2, cell, ::2] = [0.5 * self.sign(kind, bit) for kind in range(self.kinds)]
        for cell in range(self.slots, self.size):
            first = 2 * (cell - self.slots)
            for gate, kind in ((0, first), (3, first + 1)):
                row = self.wrong(kind) if kind < self.kinds else self.overflow(first)
                hidden[gate, cell], symbol[gate, cell] = row
                stays = 0.5 + abs(row[0]).sum() - min(row[1])
                hidden[gate, cell, self.slots :] = stays
                bias[gate, cell] = 0.0
        unit = 2.0 * gain
        return LSTMWeights(
            alphabet=self.fsm.alphabet,
            cells=tuple(self.names()),
            weight_ih=unit * symbol.reshape(4 * self.size, -1),
            weight_hh=unit / ACTIVE * hidden.reshape(4 * self.size, -1),
            bias_ih=unit * bias.reshape(-1),
            bias_hh=np.zeros(4 * self.size),
            heads={"legal": self.legal(), "accept": self.accept()},
            grammar=self.fsm,
            gain=gain,
            claims="all" if self.size > self.slots else "legal",
            name=f"stack-{self.kinds}-{self.depth}",
            version=__version__,
        )

    def names(self) -> list[str]:
        names = []
        for slot in range(1, self.depth + 1):
            names += [f"slot {slot}", *(f"slot {slot} bit {bit}" for bit in range(self.bits))]
        return names + [f"violation {number}" for number in range(1, self.size - self.slots + 1)]

    def sign(self, kind: int, bit: int) -> float:
        return 1.0 if kind >> bit & 1 else -1.0

    def used(self, slot: int) -> Floats:
        """1 on the cell that says whether a slot is in use; nothing where there is no slot."""
        row = np.zeros(self.size)
        if 0 <= slot < self.depth:
            row[slot * (1 + self.bits)] = 1.0
        return row

    def score(self, kind: int) -> Floats:
        """Positive where the last slot in use is of this kind, else negative; 0 where none is.

        The sizes are 1 and more. A slot of this kind gives 1, one of another kind between −1 and
        1 − 2·bits, times a power that is more than all slots before it can give.
        """
        row = np.zeros(self.size)
        for slot in range(self.depth):
            cells = slot * (1 + self.bits)
            row[cells] = 1 - self.bits
            for bit in range(self.bits):
                row[cells + 1 + bit] = self.sign(kind, bit)
            row[cells : cells + 1 + self.bits] *= float(self.base**slot)
        return row

    def wrong(self, kind: int) -> tuple[Floats, Floats]:
        """Open on a closing bracket of this kind where it is not due; on the next kind, always."""
        score = self.score(kind)
        most = abs(score).sum()
        symbols = np.full(2 * self.kinds, -most - 0.5)
        partner = kind ^ 1
        symbols[2 * kind + 1] = 0.5
        if partner < self.kinds:
            symbols[2 * partner + 1] = most + 0.5
        elif self.kinds % 2:
            symbols[::2] = most + 0.5
        return -score, symbols

    def overflow(self, kind: int) -> tuple[Floats, Floats]:
        """Open on an opening bracket where no slot is free; on closing ones of a kind, always."""
        symbols = np.where(self.opens > 0.0, -0.5, -1.5)
        if kind < self.kinds:
            symbols[2 * kind + 1] = 0.5
        return self.used(self.depth - 1), symbols

    def legal(self) -> Head:
        """½ and more where the symbol is legal, −½ and less elsewhere."""
        weight = np.zeros((2 * self.kinds, self.size))
        weight[::2] = -self.used(self.depth - 1)
        for kind in range(self.kinds):
            weight[2 * kind + 1] = self.score(kind)
        weight[:, self.slots :] = -self.weight - 1.0
        return Head(weight / ACTIVE, np.array([0.5, -0.5] * self.kinds))

    def accept(self) -> Head:
        weight = -self.used(0)
        weight[self.slots :] = -1.0
        return Head(weight[None] / ACTIVE, np.array([0.5]))
