"""How large the machine in a file may be; what it is made of in memory has limits of its own."""

from __future__ import annotations

MAX_STATES = 200_000
"""Files with more states are refused."""

MAX_TRANSITIONS = 1_000_000
"""Files with more transitions are refused."""
