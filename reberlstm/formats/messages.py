"""What goes into the messages of readers: one short line, whatever the file holds."""

from __future__ import annotations

from reberlstm.errors import printable

MOST_SHOWN = 60
"""How many characters of a culprit a message quotes."""

MOST_CHARACTERS = 600
"""How long a message may become."""


def shown(value: object) -> str:
    r"""The value quoted on one line, its middle left out where it is long.

    Example:
        >>> shown("a\nb"), shown(10**6 * "x")
        ("'a\\nb'", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxxxxxxxxxxx'")
    """
    if isinstance(value, str):
        # Cut before quoting: a culprit may be megabytes long.
        return repr(value if len(value) <= MOST_SHOWN else _cut(value, MOST_SHOWN - 1))
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 200:
        return f"a number of {value.bit_length()} bits"
    try:
        return _cut(repr(value), MOST_SHOWN)
    except (RecursionError, ValueError):
        return f"a {type(value).__name__}"


def one_line(message: str) -> str:
    """The message with line ends and other unprintable characters escaped, cut where it is long."""
    return printable(_cut(message, MOST_CHARACTERS)).strip()


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[:half]}…{text[-half:]}"
