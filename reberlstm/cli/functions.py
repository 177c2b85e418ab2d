"""Functions of the user's own, as options name them: ``file.py:function``, ``module:function``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from reberlstm.errors import FormatError
from reberlstm.programs import names_of_file, names_of_module

METAVAR = "FILE.py:FUNCTION"


def named_function(option: str, text: str) -> Callable[..., Any]:
    """The function that the value of an option names. Its file, or module, is executed.

    Raises:
        UsageError: where there is no such file, module or function, or it cannot be executed.
    """
    place, colon, name = text.rpartition(":")
    if not (colon and place and name.isidentifier()):
        raise click.UsageError(f"{option} {text}: say file.py:function, or module:function")
    path = Path(place)
    is_file = path.suffix == ".py" or path.name != place or path.exists()
    try:
        names = names_of_file(path) if is_file else names_of_module(place, Path())
    except FormatError as error:
        raise click.UsageError(f"{option} {error}") from None
    function = names.get(name)
    if not callable(function):
        raise click.UsageError(f"{option} {place}: it has no function {name}")
    found: Callable[..., Any] = function
    return found
