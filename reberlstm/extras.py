"""Optional dependencies: imported when they are needed, and asked for by name when missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from reberlstm.errors import MissingExtraError


def require(module: str, *, extra: str, purpose: str) -> Any:
    """Import an optional module.

    Args:
        module: Its name, such as ``onnx``.
        extra: The extra of this package that installs it, or several: ``torch,plots``.
        purpose: What needs it, as the subject of a sentence.

    Raises:
        MissingExtraError: when it is not installed. The message has the command that installs the
            extra from a clone, quoted so that every shell takes it.

    Example:
        >>> require("math", extra="torch", purpose="this example").sqrt(4.0)
        2.0
        >>> require("not_installed", extra="torch", purpose="this example")
        Traceback (most recent call last):
        reberlstm.errors.MissingExtraError: this example needs not_installed, which is not \
installed; in your clone of reberlstm, run: python -m pip install -e ".[torch]"
    """
    try:
        return import_module(module)
    except ImportError:
        raise MissingExtraError(
            f"{purpose} needs {module}, which is not installed; in your clone of reberlstm, run: "
            f'python -m pip install -e ".[{extra}]"'
        ) from None
