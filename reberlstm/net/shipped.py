"""Nets that come with the package by name: trained or built ones, each proved in the tests.

The folder ``learned`` beside them is for `extract`, by file: nets of all kinds, right and wrong.
"""

from __future__ import annotations

from pathlib import Path

from reberlstm.errors import FormatError
from reberlstm.net.loading import load
from reberlstm.net.net import Net

FOLDER = Path(__file__).parent / "zoo"


def shipped_names() -> list[str]:
    """The names of the shipped nets, sorted."""
    paths = [*FOLDER.glob("*.safetensors"), *FOLDER.glob("smallest/*.safetensors")]
    return sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in paths)


def shipped(name: str) -> Net:
    """The shipped net of that name.

    Raises:
        FormatError: where there is none; the message lists what there is.

    Example:
        >>> shipped("reber-4").size
        4
    """
    if name not in shipped_names():
        raise FormatError(
            f"no net named {name!r} comes with reberlstm; there are {', '.join(shipped_names())}"
        )
    return load(FOLDER / f"{name}.safetensors")
