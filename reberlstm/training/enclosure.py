"""Training for a proof: boxes around where a net goes, and how far its steps lead out of them.

There is a box of state vectors for every node, that is, for every state of the machine with the
last symbol: the hull of where words lead, reaching beyond it on every side as far as it learns to.
(With free centres, boxes drift to where the heads would be right and the net never goes.) Three
hinges are to be 0; then the boxes are an inductive invariant, and `certify` finds one at least as
small:

- *escape*: how far the image of a box, in interval arithmetic, sticks out of the next one;
- *wrong*: by how much a head on a box falls short of a margin of 1;
- *leak*: how far the gates that keep a memory (the forget gate of an LSTM, the update gate of a
  GRU) are over 0.95, or less, on the boxes; a simple RNN has none.

Why, and where interval bounds as a loss come from: docs/training.md.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reberlstm.certificates.claims import claim, unfold
from reberlstm.machine.crawl import crawl
from reberlstm.machine.tables import Words
from reberlstm.net.cells.cell import Floats, Gates, blocks
from reberlstm.net.net import Net
from reberlstm.training.cells import Parameters, Recurrence, run
from reberlstm.training.objective import LEAK_FROM, Objective

SLACK, MARGIN = 0.003, 1.0
"""By how much within its box each step has to lead, and how far each head has to be from wrong."""

LEAK_WEIGHT = 0.03


@dataclass(frozen=True, eq=False)
class Box:
    """Lower and upper ends, without outward rounding: this is what is trained, not proved."""

    low: Tensor
    high: Tensor

    @property
    def shape(self) -> torch.Size:
        """That of both."""
        return self.low.shape

    def __getitem__(self, index: Any) -> Box:
        return Box(self.low[index], self.high[index])

    def __add__(self, other: Box) -> Box:
        return Box(self.low + other.low, self.high + other.high)

    @staticmethod
    def joined(parts: Sequence[Box]) -> Box:
        """The parts one after the other, along the last axis."""
        return Box(*(torch.cat([getattr(x, end) for x in parts], -1) for end in ("low", "high")))


@dataclass(frozen=True, eq=False)
class Gate(Box):
    """A sigmoid, whose ends are in [0, 1], with what it is taken of."""

    of: Box

    def __mul__(self, other: Box) -> Box:
        return Box(
            torch.minimum(self.low * other.low, self.high * other.low),
            torch.maximum(self.low * other.high, self.high * other.high),
        )


class Boxes:
    """The functions of a cell's formula for boxes, with weights (H, R) and biases (1, R)."""

    def linear(self, x: Box, weight: Tensor, bias: Tensor) -> Box:
        """``x @ weight + bias``."""
        middle = (x.low + x.high) / 2 @ weight + bias
        spread = (x.high - x.low) / 2 @ weight.abs()
        return Box(middle - spread, middle + spread)

    def sigmoid(self, z: Box) -> Gate:
        """A gate."""
        return Gate(z.low.sigmoid(), z.high.sigmoid(), z)

    def tanh(self, z: Box) -> Box:
        """A candidate, or what an LSTM shows of its memory."""
        return Box(z.low.tanh(), z.high.tanh())

    def mix(self, share: Box, new: Box, old: Box) -> Box:
        """``(1 − share)·new + share·old``, which is least and greatest at the ends of the share."""
        least = [torch.lerp(new.low, old.low, end) for end in (share.low, share.high)]
        most = [torch.lerp(new.high, old.high, end) for end in (share.low, share.high)]
        return Box(torch.minimum(*least), torch.maximum(*most))


class Enclosure:
    """The boxes of one net, which says what machine and claim they are for, with N = 1 parameters.

    `leak` is the weight of the leak, and the pre-activation from which a gate leaks.
    """

    def __init__(
        self,
        net: Net,
        objective: Objective,
        parameters: Parameters,
        rng: np.random.Generator,
        leak: tuple[float, float] = (LEAK_WEIGHT, LEAK_FROM),
    ) -> None:
        (layer,) = net.layers
        self._cell = layer.cell
        claimed = claim(net, objective.fsm, objective.claims, [objective.head])
        # Where states with last symbols have more steps than this, states alone are the nodes.
        nodes = unfold(claimed, 1, 1000) or unfold(claimed, 0, sys.maxsize)
        assert nodes is not None, "states alone are never too many"
        self._objective = objective
        self._leak_weight, self._leak_from = leak
        self._head = objective.head
        (level,) = nodes.levels
        sources, symbols, targets = level.roots, level.symbols, nodes.targets
        self._next = np.full((len(nodes), len(net.alphabet)), -1, dtype=np.intp)
        self._next[sources, symbols] = targets  # −1 where that is out of scope
        steps: list[list[tuple[int, int]]] = [[] for _ in range(len(nodes))]
        every = (sources.tolist(), symbols.tolist(), targets.tolist())
        for source, symbol, target in zip(*every, strict=True):
            steps[source].append((symbol, target))
        found = crawl([0], steps.__getitem__)
        words = [[net.alphabet[a] for a in found.word(node)] for node in found.found[1:]]
        self._access = objective.machine.given(words).for_nets()  # a shortest word to each node
        self._sources, self._symbols = torch.as_tensor(sources), torch.as_tensor(symbols)
        self._targets = torch.as_tensor(targets)
        signs = np.array(claimed.right[self._head][nodes.states], dtype=float)
        if not claimed.includes_empty_word:
            signs[0] = 0.0
        self._signs = torch.as_tensor(signs)
        # The first box is a point: every word begins from zero.
        self._movable = torch.ones(len(nodes), 1, dtype=torch.float64)
        self._movable[0] = 0.0
        # No box has to reach beyond where the cell can be: h is never beyond 1, but c is.
        hidden, parts = layer.cell.hidden(layer.cell.parts), layer.cell.parts
        ends = [layer.cell.bound if part == hidden else torch.inf for part in parts]
        self._bound = torch.tensor(ends, dtype=torch.float64).repeat_interleave(net.size)
        size = len(self._bound)
        # At first, boxes reach so far beyond the hulls.
        self.reach = torch.full((2, len(nodes), size), float(np.log(0.02)), dtype=torch.float64)
        self.reach.requires_grad_()
        self.hull = torch.zeros(2, len(nodes), size, dtype=torch.float64)
        self.follow(parameters, rng)

    def follow(self, parameters: Parameters, rng: np.random.Generator) -> None:
        """Take the hulls anew: where do words lead now?"""
        drawn = self._objective.draw(rng, 1, 100, 40)
        low, high = self._hull(parameters, self._access)
        more_low, more_high = self._hull(parameters, drawn)
        self.hull = torch.stack([torch.minimum(low, more_low), torch.maximum(high, more_high)])

    def restore(self, reach: Floats, hull: Floats) -> None:
        """Boxes as they were; a ValueError where they are of other shapes."""
        if reach.shape != self.reach.shape or hull.shape != self.hull.shape:
            raise ValueError(f"boxes of the shapes {reach.shape} and {hull.shape}")
        self.reach = torch.tensor(reach, requires_grad=True)
        self.hull = torch.tensor(hull)

    def loss(self, parameters: Parameters) -> Tensor:
        """How far the boxes are from a proof; 0 is one."""
        one = {key: tensor[0] for key, tensor in parameters.items()}
        boxes = self.boxes()
        low, high = boxes.low, boxes.high
        gates, after = self.step(one, boxes[self._sources], self._symbols)
        out_high = after.high - high[self._targets]
        out_low = low[self._targets] - after.low
        room_high = SLACK * (high < self._bound)[self._targets]
        room_low = SLACK * (low > -self._bound)[self._targets]
        escape = torch.relu(out_high + room_high).sum() + torch.relu(out_low + room_low).sum()

        head = (one[f"{self._head}.weight"], one[f"{self._head}.bias"])
        value = Boxes().linear(self._cell.hidden(self._parts(boxes)), *head)
        least = torch.where(self._signs > 0, value.low, -value.high)
        wrong = (torch.relu(MARGIN - least) * self._signs.abs()).sum()
        total: Tensor = escape + wrong
        if self._cell.keeping:
            leak = torch.relu(gates[self._cell.keeping].of.high - self._leak_from).sum()
            total = total + self._leak_weight * leak
        return total

    def boxes(self) -> Box:
        """The box of every node, (nodes, D)."""
        beyond = self.reach.exp() * self._movable
        low, high = self.hull[0] - beyond[0], self.hull[1] + beyond[1]
        return Box(torch.maximum(low, -self._bound), torch.minimum(high, self._bound))

    def step(self, one: Parameters, boxes: Box, symbols: Tensor) -> tuple[Gates, Box]:
        """The gates on boxes (E, D) that read a symbol each, and the boxes after it.

        The parameters are those of one net, without the axis N.
        """
        came = one["weight_ih"][symbols] + one["bias"]
        layer: Any = Recurrence.of(self._cell, one)
        gates, after = self._cell.step(layer, Box(came, came), self._parts(boxes), Boxes())
        return gates, Box.joined(after)

    def _parts(self, boxes: Box) -> tuple[Box, ...]:
        """The parts of the state vector."""
        return blocks(boxes, len(self._cell.parts))

    def _hull(self, parameters: Parameters, words: Words) -> tuple[Tensor, Tensor]:
        """The least and greatest state vectors at every node; infinite where no word comes by."""
        at, every = np.zeros(words.symbols.shape[1:], dtype=np.intp), np.empty_like(words.symbols)
        for t, symbols in enumerate(words.symbols):
            at = np.where((at >= 0) & words.present[t], self._next[at, symbols], -1)
            every[t] = at  # −1 where the word is over or out of scope, (N, B)
        node = every.reshape(-1)
        seen = torch.as_tensor(node >= 0)
        with torch.no_grad():
            h, memory = run(self._cell.name, parameters, torch.as_tensor(words.symbols))
        every_part = (h, memory)[: len(self._cell.parts)]
        states = torch.cat(every_part, dim=-1).reshape(len(node), -1)[seen]
        where = torch.as_tensor(node)[seen][:, None].expand(-1, states.shape[1])
        empty = torch.full_like(self.hull[0], torch.inf)
        low = empty.scatter_reduce(0, where, states, "amin")
        high = (-empty).scatter_reduce(0, where, states, "amax")
        low[0], high[0] = 0.0, 0.0
        return low, high
