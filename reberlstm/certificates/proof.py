"""What makes boxes a proof: they hold the start, no step leads out of them, every head is right.

Everything that `reberlstm.certificates.search` does is guessing; what it returns was verified here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.boxes import Boxes, BoxNet
from reberlstm.certificates.claims import Claim, margins, threshold
from reberlstm.certificates.intervals import Interval
from reberlstm.certificates.nodes import Indices, Nodes
from reberlstm.certificates.paths import follow

SLACK = 1e-12
"""How far inside its box, times the size of the numbers, a step has to lead."""

Margins = dict[str, float]
"""For every judged head how far it is from wrong at least; negative where it may be wrong."""


@dataclass(frozen=True, eq=False)
class Invariant:
    """Boxes for all nodes; the first one is the zero vector.

    Attributes:
        nodes: The graph.
        boxes: One box a node.
        margins: For every judged head the smallest distance from wrong, on the way too.
    """

    nodes: Nodes
    boxes: Boxes
    margins: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Image:
    """Where boxes lead.

    Attributes:
        targets: The nodes, each once.
        boxes: For each the hull of what arrives there, and a little more, so that other
            arithmetic finds it inside, too.
        margins: How far the heads are from wrong on the way there, between boxes.
    """

    targets: Indices
    boxes: Boxes
    margins: Margins

    def inside(self, boxes: Boxes) -> bool:
        """Whether all that arrives does so within the boxes of the targets."""
        return self.boxes.inside(boxes[self.targets])


@dataclass(frozen=True, eq=False)
class Problem:
    """What has to be proved, with which nodes."""

    net: BoxNet
    claim: Claim
    nodes: Nodes

    @property
    def slack(self) -> float:
        """How far inside, so that other arithmetic agrees: it may differ more after more steps."""
        return float(SLACK * 10.0 ** (self.nodes.stride - 1))

    @property
    def floor(self) -> float:
        """About how thin boxes should at most be."""
        return 10.0 * self.slack

    def image(self, boxes: Boxes, chosen: NDArray[np.bool_] | None = None) -> Image | None:
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
            empty = Boxes.empty(0, self.net.size)
            return Image(targets, empty, smallest)
        first = np.concatenate([[0], 1 + np.flatnonzero(np.diff(targets))])
        hull = Boxes(
            *(
                Interval(
                    np.minimum.reduceat(part.lo, first, axis=0),
                    np.maximum.reduceat(part.hi, first, axis=0),
                )
                for part in (arrived.h, arrived.c)
            )
        )
        return Image(targets[first], with_slack(hull, self.slack), smallest)

    def margins_on(self, boxes: Boxes, states: Indices) -> Margins:
        """How far the heads are from wrong on boxes that belong to these states."""
        smallest = {}
        for head in self.claim.heads:
            value = self.net.read(head, boxes)
            over = threshold(self.net.weights, head)
            distance = margins(head, self.claim.right[head][states], value.lo, value.hi, over)
            smallest[head] = float(distance.min(initial=np.inf))
        return smallest

    def margins_at(self, boxes: Boxes, rows: Indices) -> Margins:
        """The same on the boxes of these nodes."""
        return self.margins_on(boxes[rows], self.nodes.states[rows])

    def margins_of(self, boxes: Boxes) -> Margins:
        """The same on the boxes of all nodes that are judged."""
        return self.margins_at(boxes, np.arange(not self.claim.judges_start, len(self.nodes)))

    def proves(self, boxes: Boxes) -> Margins | None:
        """The margins, if these boxes are a proof, else None."""
        if not Boxes.zero(1, self.net.size).inside(boxes[:1]):
            return None
        image = self.image(boxes)
        found = self.margins_of(boxes)
        if image is not None:
            if not image.inside(boxes):
                return None
            found = {head: min(margin, image.margins[head]) for head, margin in found.items()}
        return found if all(margin > 0.0 for margin in found.values()) else None


def with_slack(boxes: Boxes, slack: float) -> Boxes:
    """Boxes that are larger by the slack, times the size of the numbers."""

    def larger(x: Interval) -> Interval:
        size = np.where(np.isfinite(x.size), x.size, 0.0)
        return x.widen(slack * np.maximum(1.0, size))

    return Boxes(larger(boxes.h), larger(boxes.c))
