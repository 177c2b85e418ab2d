"""JSON text to a value, with one line of error that names the place."""

from __future__ import annotations

import json

from reberlstm.errors import FormatError, one_line
from reberlstm.formats.limits import MAX_TRANSITIONS

_MAX_VALUES = 12 * MAX_TRANSITIONS


def parsed(text: str, where: str) -> object:
    """The value that is written as JSON.

    Raises:
        FormatError: naming the line that is not JSON, or where it is too large.
    """
    if text.count(":") + text.count(",") > _MAX_VALUES:
        raise FormatError(f"{where}: too many values for a machine within the limits")
    try:
        data: object = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"{where}:{error.lineno}: not JSON: {error.msg} (at column {error.colno})"
        raise FormatError(one_line(message)) from None
    except ValueError as error:
        raise FormatError(one_line(f"{where}: not JSON that can be read: {error}")) from None
    except RecursionError:
        raise FormatError(f"{where}: nested too deeply for a machine") from None
    return data
