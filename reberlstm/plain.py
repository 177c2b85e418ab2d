"""Results as JSON, and JSON that was read back.

One function, and a base class of results whose fields are their JSON object; and `in_form`, by
which all records are judged that this package has written and a user may have changed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from numbers import Real
from typing import Any, ClassVar

from reberlstm.errors import FormatError, shown

MOST = 2**63
"""Integers in records are smaller: larger ones cannot become a float, or an index."""


class Plain:
    """A dataclass that is written to JSON field by field, in their order.

    Keywords of the class say what is different: ``omit`` names fields that are left out, ``rename``
    gives fields another name.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Point(Plain, omit=("memory",), rename={"x": "right"}):
        ...     x: float
        ...     names: tuple[str, ...]
        ...     memory: object = None
        >>> Point(0.5, ("p", "q")).to_dict()
        {'right': 0.5, 'names': ['p', 'q']}
    """

    _names: ClassVar[Mapping[str, str | None]] = {}

    def __init_subclass__(
        cls, omit: tuple[str, ...] = (), rename: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        cls._names = {**cls._names, **dict.fromkeys(omit), **(rename or {})}

    def to_dict(self) -> Any:
        """The JSON object."""
        own = [field.name for field in fields(self)]  # type: ignore[arg-type]
        names = {name: self._names.get(name, name) for name in own}
        return {shown: plain(getattr(self, name)) for name, shown in names.items() if shown}


def plain(value: Any) -> Any:
    """A value as `json.dumps` takes it: results by their `to_dict`, arrays and tuples as lists.

    Example:
        >>> plain({"shape": (2, 3), "nothing": None})
        {'shape': [2, 3], 'nothing': None}
    """
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if hasattr(value, "tolist"):  # arrays and numbers of NumPy
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def in_form(value: Any, form: Any, what: str = "it") -> Any:
    """The value, if it has a form, which is described by an example of it.

    Args:
        value: What JSON held.
        form: A type; several in a tuple; ``[form]`` for a list of any length; an object with a form
            for each key, where a key that ends in ``?`` may be missing and others may be there
            too; or ``{str: form}`` for an object with any keys. `float` takes finite numbers, also
            integers, and `numbers.Real` all; `bool` is no integer; `object` takes everything.
        what: The value in messages.

    Raises:
        FormatError: naming the place that differs.

    Example:
        >>> in_form({"key": "a", "rows": [1, 2]}, {"key": str, "rows": [float], "note?": str})
        {'key': 'a', 'rows': [1, 2]}
        >>> in_form({"key": "a", "rows": [None]}, {"key": str, "rows": [float]}, "the record")
        Traceback (most recent call last):
        reberlstm.errors.FormatError: rows[0] of the record is None, not a finite number
    """
    wrong = _difference(value, form, "")
    if wrong is None:
        return value
    place, problem = wrong
    raise FormatError(f"{place.lstrip('.')} of {what} {problem}" if place else f"{what} {problem}")


_NAMES = {
    str: "a text",
    float: "a finite number",
    Real: "a number",
    int: "a whole number",
    bool: "true or false",
    type(None): "null",
}


def _difference(value: Any, form: Any, place: str) -> tuple[str, str] | None:
    if isinstance(form, tuple):
        found = [_difference(value, one, place) for one in form]
        return None if None in found else min(found, key=lambda x: -len(x[0]) if x else 0)
    if isinstance(form, list):
        if not isinstance(value, list):
            return place, f"is {shown(value)}, not a list"
        each = (_difference(item, form[0], f"{place}[{i}]") for i, item in enumerate(value))
        return next(filter(None, each), None)
    if isinstance(form, Mapping):
        if not isinstance(value, Mapping):
            return place, f"is {shown(value)}, not an object"
        if str in form:
            parts = [(key, form[str]) for key in value]
        else:
            for key in form:
                if not key.endswith("?") and key not in value:
                    return place, f"has no {key!r}"
            named = [(key.removesuffix("?"), inner) for key, inner in form.items()]
            parts = [(key, inner) for key, inner in named if key in value]
        each = (_difference(value[key], inner, f"{place}.{key}") for key, inner in parts)
        return next(filter(None, each), None)
    return None if _is_a(value, form) else (place, f"is {shown(value)}, not {_NAMES[form]}")


def _is_a(value: Any, kind: Any) -> bool:
    if isinstance(value, bool):
        return kind in (bool, object)
    if isinstance(value, int) and kind in (int, float, Real):
        return abs(value) < MOST
    if isinstance(value, float) and kind is float:
        return math.isfinite(value)
    return isinstance(value, kind)
