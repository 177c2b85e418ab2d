"""Names and numbers as sentences show them."""

from __future__ import annotations

import re
from collections.abc import Sequence

RESERVED = frozenset({"node", "symbol", "in", "not", "and", "or", "if", "else"})
"""The words of the pseudo-code."""

_PLAIN = re.compile(r"\w[\w.\-+*/#$%&@~°'|]*|[.\-+*/#$%&@~°∅!?^|]")


def shown(name: str) -> str:
    """A name as it is, or quoted where it could be taken for something else."""
    plain = _PLAIN.fullmatch(name) and name.isprintable() and name not in RESERVED
    return name if plain else repr(name)


def listed(parts: Sequence[str], conjunction: str = "and") -> str:
    """Parts with commas and a last "and"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {conjunction} {parts[-1]}"


def named(names: Sequence[str], conjunction: str = "and") -> str:
    """Names as they are shown, with commas and a last "and"."""
    return listed([shown(name) for name in names], conjunction)


def amount(value: float) -> str:
    """The value of a gate, with the digits that tell it from 0 and 1."""
    size = abs(value)
    if 0.9 < size < 1.0:
        digits = f"{value:.4f}"
        if float(digits) in (1.0, -1.0):
            return f"{'−1 + ' if value < 0.0 else '1 − '}{exponent(1.0 - size)}"
    elif 0.0 < size < 0.1:
        digits = exponent(value) if size < 1e-3 else f"{value:.2g}"
    else:
        digits = f"{value:.0f}" if size in (0.0, 1.0) else f"{value:.2f}"
    return _minus(digits)


def exponent(value: float) -> str:
    """A tiny number: ``2e-9``."""
    mantissa, power = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(power)}"


def weight(value: float, *, digits: int = 4) -> str:
    """A weight with its sign."""
    return _minus(f"{value:+.{digits}g}")


def _minus(digits: str) -> str:
    return digits if "e" in digits else digits.replace("-", "−")


def units(value: float) -> str:
    """A number of units with its sign, halves as ½."""
    halves = round(2 * value)
    if abs(2 * value - halves) > 1e-6 or halves == 0:
        return weight(value, digits=3)
    whole, half = divmod(abs(halves), 2)
    return f"{'−' if halves < 0 else '+'}{whole or ''}{'½' if half else ''}"
