"""How high an active cell of a compiled net is."""

from __future__ import annotations

import math

ACTIVE = math.tanh(1.0)
"""``h`` of an active cell of a compiled net, as the gain grows: tanh of a memory of 1."""
