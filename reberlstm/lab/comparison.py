"""A hand-wired net compared with a trained one: on the same inputs, with the bound derived."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reberlstm.lab import drawing
from reberlstm.lab.curves import points
from reberlstm.lab.experiment import Array, Claim, Picture, Run
from reberlstm.lab.wired import LineAutoencoder, WiredNet


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison:
    """What to compare on what.

    Attributes:
        trained: The name of the trained net's job.
        net: The net wired by hand.
        names, given: What the N sequences are called, and the sequences, (N, T, D).
        known: For each sequence whether the net was trained with such.
        wanted: The right answers, (N, T, K), or (N, K) after the last step; by default `given`.
        curves: What to draw of answers, (N, T); by default the answers themselves.
        drawn: How many of the sequences are drawn as curves, from the first on; by default all.
        ordered: Whether the sequences go from small to large, and are coloured from light to dark.
    """

    trained: str
    net: WiredNet | LineAutoencoder
    names: Sequence[str]
    given: Array
    known: Sequence[bool]
    wanted: Array | None = None
    curves: Callable[[Array], Array] = lambda answers: answers[:, :, 0]
    drawn: int | None = None
    ordered: bool = True

    @property
    def right(self) -> Array:
        """The right answers."""
        return self.given if self.wanted is None else self.wanted

    def answers(self, run: Run) -> tuple[Array, Array]:
        """Of the trained net and of the one by hand, both of the shape of `right`."""
        by_hand = self.net(self.given)
        if by_hand.ndim > self.right.ndim:
            by_hand = by_hand[:, -1]
        return run.predict(self.trained, self.given), by_hand

    def errors(self, run: Run) -> tuple[Array, Array, Array]:
        """The largest error on each sequence, trained and by hand; and `known` as an array."""
        answers = (np.abs(found - self.right) for found in self.answers(run))
        trained, by_hand = (found.reshape(len(self.names), -1).max(axis=1) for found in answers)
        return trained, by_hand, np.array(self.known, dtype=bool)

    def measure(self, run: Run) -> dict[str, Any]:
        """The largest errors: by hand, and trained, on what was trained and on the rest."""
        trained, by_hand, known = self.errors(run)
        return {
            "hand_cells": self.net.cells,
            "hand_error": float(by_hand.max()),
            "hand_bound": float(self.net.bound(self.given)),
            "trained_on_known": float(trained[known].max()),
            "trained_on_others": None if known.all() else float(trained[~known].max()),
        }

    def claim(self) -> Claim:
        """That the weights written down do it."""
        of = {
            "hand_cells": "cells by hand",
            "hand_error": "their largest error",
            "hand_bound": "the bound derived for it",
            "trained_on_known": "the largest error of the trained net on what it was trained for",
            "trained_on_others": "on the others",
        }
        return Claim(
            "by-hand",
            "(not in the source) It can be done: weights derived on paper, with an error that is "
            "known beforehand.",
            of if not all(self.known) else {name: of[name] for name in list(of)[:-1]},
            # Bounds are for exact arithmetic; float64 is off by less than 1e-9.
            lambda m: m["hand_error"] <= m["hand_bound"] + 1e-9,
            "see docs/hand-wired-sequences.md",
            figure="by-hand",
            by_hand=True,
        )

    def picture(self, what: str, of: Callable[[Run], Comparison] | None = None) -> Picture:
        """The two nets side by side, and their errors; `what` is what they are fed with.

        Where the comparison depends on the run, `of` makes it.
        """
        return Picture(
            "by-hand",
            f"{what}: what is wanted (broad), what the trained net gives, and what the net "
            "wired by hand gives. Right: how far each is off; the dashed line is the bound derived "
            "for the net by hand.",
            self.draw if of is None else lambda run: of(run).draw(run),
        )

    def draw(self, run: Run) -> drawing.Figure:
        """Curves of both nets, and their errors on one logarithmic scale."""
        figure, axes = drawing.panels(3, width=3.6, height=3.4)
        names = self.names[: self.drawn]
        wanted = self.curves(self.right)[: self.drawn]
        cells = "1 cell" if self.net.cells == 1 else f"{self.net.cells} cells"
        titles = f"trained: {self.trained}", f"by hand: {cells}"
        colours = None if self.ordered else drawing.COLOURS[: len(names)]
        style: dict[str, Any] = {"broad": "what is wanted", "colours": colours}
        x = points(wanted.shape[1])
        for axis, title, found in zip(axes, titles, self.answers(run), strict=False):
            drawing.family(axis, x, wanted, self.curves(found)[: self.drawn], names, **style)
            drawing.label(axis, title, "x", "y" if axis is axes[0] else "")
        axes[1].sharey(axes[0])
        drawing.legend_below(figure, axes[0], loc="outside lower left", ncols=5)
        self._draw_errors(axes[2], drawing.colour(run, self.trained), *self.errors(run))
        return figure

    def _draw_errors(
        self, axis: Any, of_trained: str, trained: Array, by_hand: Array, known: Array
    ) -> None:
        places: Array = np.arange(len(known))
        for name, errors, shown, colour, marker, style in (
            ("trained, as trained", trained, known, of_trained, "o", {}),
            ("trained, others", trained, ~known, of_trained, "s", {"markerfacecolor": "white"}),
            ("by hand", by_hand, known | ~known, drawing.INK, "D", {}),
        ):
            if shown.any():
                large = np.maximum(errors[shown], 1e-12)  # no zeros on a logarithmic scale
                axis.plot(places[shown], large, marker, color=colour, label=name, **style)
        bound = self.net.bound(self.given)
        axis.axhline(bound, color=drawing.INK, linestyle="--", linewidth=1, label="its bound")
        axis.set_yscale("log")
        few = len(places) < 3
        turned = {} if few else {"rotation": 60, "ha": "right", "rotation_mode": "anchor"}
        axis.set_xticks(places, self.names, **turned)
        axis.margins(x=0.4 if few else 0.08)
        drawing.label(axis, "Largest error")
        drawing.legend_right(axis)
