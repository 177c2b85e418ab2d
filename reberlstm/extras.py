"""Optional dependencies: imported when they are needed, and asked for by name when missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from reberlstm.errors import MissingExtraError


def require(module: str, *, extra: str, purpose: str) -> Any:
    """Import an optional module.

    Args:
        module: Its name, such as ``onnx``.
        extra: The extra of this package that installs it.
        purpose: What needs it, as the subject of a sentence.

    Raises:
        MissingExtraError: when it is not installed.

    Example:
        >>> require("not_installed", extra="torch", purpose="this example")
        Traceback (most recent call last):
        ...
        reberlstm.errors.MissingExtraError: this example needs not_installed, which is not \
installed: pip install "reberlstm[torch]"
    """
    try:
        return import_module(module)
    except ImportError:
        raise MissingExtraError(
            f'{purpose} needs {module}, which is not installed: pip install "reberlstm[{extra}]"'
        ) from None
