"""The autoencoder of lines through the origin: a sum reads the slope, a line is drawn from it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from reberlstm.lab.wired.net import WiredNet
from reberlstm.lab.wired.sums import line, running_sum
from reberlstm.net.weights import Floats


@dataclass(frozen=True, eq=False)
class LineAutoencoder:
    """Two hand-wired nets with one number between them.

    Attributes:
        points: How many points a line has, for ``x`` from 0 to 1.
        encoder: The running sum; after the last point it is the slope times the sum of all ``x``.
        decoder: The net that draws a line.

    Example:
        >>> net = LineAutoencoder(points=3)
        >>> y = np.array([[[0.0], [1.0], [2.0]]])
        >>> net.encode(y).round(4).tolist(), net(y).round(4).ravel().tolist()
        ([[2.0]], [0.0, 1.0, 2.0])
    """

    points: int = 100
    encoder: WiredNet = field(default_factory=running_sum)
    decoder: WiredNet = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "decoder", line(self.points))

    @property
    def cells(self) -> int:
        """The cells of both nets."""
        return self.encoder.weights.size + self.decoder.weights.size

    def encode(self, y: Floats) -> Floats:
        """The latent number of lines (B, T, 1): (B, 1)."""
        return self.encoder(y)[:, -1] / self._total

    def decode(self, latent: Floats) -> Floats:
        """The lines of latent numbers (B, 1): (B, T, 1)."""
        parameters = np.concatenate([latent, np.zeros_like(latent)], axis=1)
        return self.decoder(self._held(parameters))

    def __call__(self, inputs: Floats) -> Floats:
        """Lines (B, T, 1) through the latent number and back."""
        return self.decode(self.encode(inputs))

    def bound(self, inputs: Floats) -> float:
        """No point of lines through the origin comes back farther off than this.

        The slope is off by at most the bound of the sum over the sum of all ``x``, and a point by
        no more than the slope, as ``x`` is at most 1; the rest is the bound of the decoder.
        """
        off = self.encoder.bound(inputs) / self._total
        steepest = np.array([[float(np.abs(inputs[:, -1]).max()) + off, 0.0]])
        return off + self.decoder.bound(self._held(steepest))

    @property
    def _total(self) -> float:
        return self.points / 2.0  # the sum of points numbers evenly spread from 0 to 1

    def _held(self, parameters: Floats) -> Floats:
        return np.repeat(parameters[:, np.newaxis], self.points, axis=1)
