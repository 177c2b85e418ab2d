"""Results as JSON: one function, and a base class of results whose fields are their JSON object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar


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
