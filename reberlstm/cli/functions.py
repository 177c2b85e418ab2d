"""Functions of the user's own, as options name them: ``file.py:function``, ``module:function``."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from reberlstm.errors import one_line

METAVAR = "FILE.py:FUNCTION"


def named_function(option: str, text: str) -> Callable[..., Any]:
    """The function that the value of an option names. Its file, or module, is executed.

    While it is, its folder is on Python's path: that of the file, or, for a module, the current
    one.

    Raises:
        UsageError: where there is no such file, module or function, or it cannot be executed.
    """
    place, colon, name = text.rpartition(":")
    if not (colon and place and name.isidentifier()):
        raise click.UsageError(f"{option} {text}: say file.py:function, or module:function")
    path = Path(place)
    is_file = path.suffix == ".py" or path.name != place or path.exists()
    if is_file and not path.is_file():
        raise click.UsageError(f"{option} {place}: no such file")
    folder = str((path.parent if is_file else Path()).resolve())
    sys.path.insert(0, folder)
    try:
        module = _executed(path) if is_file else import_module(place)
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {one_line(str(error))}"
        raise click.UsageError(f"{option} {place}: {what}") from None
    finally:
        sys.path.remove(folder)
    function = getattr(module, name, None)
    if not callable(function):
        raise click.UsageError(f"{option} {place}: it has no function {name}")
    found: Callable[..., Any] = function
    return found


def _executed(path: Path) -> Any:
    """The module that a file is."""
    spec = importlib.util.spec_from_file_location("given_to_reberlstm", path)
    if spec is None or spec.loader is None:
        raise ImportError("no Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
