"""Names for new states."""

from __future__ import annotations

from collections.abc import Iterable


class Names:
    """Names that are all different: one that is taken gets primes."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def fresh(self, name: str) -> str:
        """`name`, or with as many primes as make it new."""
        while name in self._taken:
            name += "'"
        self._taken.add(name)
        return name
