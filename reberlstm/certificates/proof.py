"""What makes boxes a proof: they hold the start, no step leads out of them, every head is right.

Everything that `reberlstm.certificates.search` does is guessing; what it returns was verified here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.boxes import BoxNet
from reberlstm.certificates.claims import Claim
from reberlstm.certificates.intervals import Indices, Interval
from reberlstm.certificates.nodes import Nodes
from reberlstm.certificates.paths import follow

SLACK = 1e-12
"""How far within its box, times the size of the numbers, a step has to lead."""

Margins = dict[str, float]
"""For every head of the claim how far it is from wrong at least; negative where it may be wrong."""


@dataclass(frozen=True, eq=False)
class Invariant:
    """Boxes for all nodes; the first one is the state vector that words begin in.

    Attributes:
        nodes: The graph.
        boxes: One box a node, (N, D).
        margins: For every head the smallest distance from wrong, between boxes too.
    """

    nodes: Nodes
    boxes: Interval
    margins: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Image:
    """Where boxes lead.

    Attributes:
        targets: The nodes, each once.
        boxes: For each the hull of what arrives there, and a little more, so that other
            arithmetic finds it included, too.
        margins: How far the heads are from wrong on the way there, between boxes.
    """

    targets: Indices
    boxes: Interval
    margins: Margins

    def included_in(self, boxes: Interval) -> bool:
        """Whether all that arrives does so within the boxes of the targets."""
        return self.boxes.included_in(boxes[self.targets])


@dataclass(frozen=True, eq=False)
class Problem:
    """What has to be proved, with which nodes."""

    net: BoxNet
    claim: Claim
    nodes: Nodes

    @property
    def slack(self) -> float:
        """How far within, so that other arithmetic agrees: it may differ more after more steps."""
        return float(SLACK * 10.0 ** (self.nodes.stride - 1))

    @property
    def floor(self) -> float:
        """About how thin boxes should at most be."""
        return 10.0 * self.slack

    def image(self, boxes: Interval, chosen: NDArray[np.bool_] | None = None) -> Image | None:
        """Where the boxes of all or the chosen nodes lead; None where words end there."""
        if chosen is None:
            chosen = np.ones(len(self.nodes), dtype=bool)
        levels, targets = self.nodes.levels_from(chosen)
        if not len(levels[0]):
            return None
        smallest = dict.fromkeys(self.claim.heads, np.inf)
        if len(levels) == 1:
            arrived = self.net.step(boxes, levels[0].roots, levels[0].symbols)
        else:
            for level, arrived in zip(levels, follow(self.net, boxes, levels), strict=True):
                if level is levels[-1]:
                    break
                for head, margin in self.margins_on(arrived, level.states).items():
                    smallest[head] = float(np.minimum(smallest[head], margin))  # NaN stays
        if not len(targets):
            return Image(targets, boxes[:0], smallest)
        first = np.concatenate([[0], 1 + np.flatnonzero(np.diff(targets))])
        hull = Interval(
            np.minimum.reduceat(arrived.lo, first, axis=0),
            np.maximum.reduceat(arrived.hi, first, axis=0),
        )
        return Image(targets[first], with_slack(hull, self.slack), smallest)

    def margins_on(self, boxes: Interval, states: Indices) -> Margins:
        """How far the heads are from wrong on boxes that belong to these states."""
        smallest = {}
        for head in self.claim.heads:
            distance = self.net.margin(head, self.claim.right[head][states], boxes)
            smallest[head] = float(distance.min(initial=np.inf))
        return smallest

    def margins_at(self, boxes: Interval, rows: Indices) -> Margins:
        """The same on the boxes of these nodes."""
        return self.margins_on(boxes[rows], self.nodes.states[rows])

    def margins_of(self, boxes: Interval) -> Margins:
        """The same on the boxes of all nodes that the claim is about."""
        first = 0 if self.claim.includes_empty_word else 1
        return self.margins_at(boxes, np.arange(first, len(self.nodes)))

    def proves(self, boxes: Interval) -> Margins | None:
        """The margins, if these boxes are a proof, else None."""
        if not self.net.start().included_in(boxes[:1]):
            return None
        image = self.image(boxes)
        found = self.margins_of(boxes)
        if image is not None:
            if not image.included_in(boxes):
                return None
            found = {head: min(margin, image.margins[head]) for head, margin in found.items()}
        return found if all(margin > 0.0 for margin in found.values()) else None


def with_slack(boxes: Interval, slack: float) -> Interval:
    """Boxes that are larger by the slack, times the size of the numbers."""
    size = np.where(np.isfinite(boxes.size), boxes.size, 0.0)
    return boxes.widen(slack * np.maximum(1.0, size))
