"""Python files and modules of the user's own: the only place where such code is executed.

It runs like any Python program. Nothing else that the project reads is executed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from reberlstm.errors import FormatError, ReberLSTMError

if TYPE_CHECKING:
    from pathlib import Path

NAME = "given_to_reberlstm"
"""The name under which Python knows the module that a file is."""


def names_of_file(path: Path) -> Mapping[str, Any]:
    """What a Python file defines. While it runs, its folder is on Python's path.

    Raises:
        FormatError: naming the file, and the line where it fails; or that there is no such file.
    """
    if not path.is_file():
        raise FormatError(f"{path}: no such file")
    module = ModuleType(NAME)
    module.__file__ = str(path)
    sys.modules[NAME] = module
    with _executed(str(path), path.parent):
        exec(compile(path.read_bytes(), path, "exec"), vars(module))  # noqa: S102 the user asked
    return vars(module)


def names_of_module(name: str, folder: Path) -> Mapping[str, Any]:
    """What a module defines that Python finds, also in this folder.

    Raises:
        FormatError: where there is none, or it fails.
    """
    with _executed(name, folder):
        return vars(import_module(name))


@contextmanager
def _executed(what: str, folder: Path) -> Iterator[None]:
    """With a folder on Python's path; errors name what was executed."""
    place = str(folder.resolve())
    sys.path.insert(0, place)
    try:
        yield
    except SystemExit:
        raise FormatError(f"{what}: ends the program while it is read") from None
    except ReberLSTMError as error:
        raise FormatError(f"{what}: {error}") from None
    except Exception as error:
        raise FormatError(f"{what}{_line(error, what)}: {describe(error)}") from None
    finally:
        sys.path.remove(place)


def _line(error: Exception, file: str) -> str:
    """The last line of the file that an error came through."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    if isinstance(error, SyntaxError) and error.filename == file:
        lines = [error.lineno]
    return f", line {lines[-1]}" if lines else ""


def describe(error: Exception) -> str:
    """An error of foreign code in one line."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    text = re.sub(r"\s+", " ", text).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
