"""Results as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reberlstm.plain import Plain, plain


@dataclass(frozen=True)
class Part(Plain, rename={"cover": "where"}):
    cover: tuple[int, ...] = (1, 2)
    name: str = "p"


@dataclass(frozen=True)
class Whole(Part, omit=("name",)):
    parts: MappingProxyType[str, Part] = field(default_factory=lambda: MappingProxyType({}))
    values: object = None


def test_fields_keep_their_order_and_get_their_names() -> None:
    whole = Whole(parts=MappingProxyType({"a": Part()}), values=np.array([[1.0, np.inf]]))
    found = whole.to_dict()
    part = {"where": [1, 2], "name": "p"}
    assert found == {"where": [1, 2], "parts": {"a": part}, "values": [[1.0, np.inf]]}
    assert list(found) == ["where", "parts", "values"]
    assert Part().to_dict() == part, "what a subclass leaves out its base has"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
        max_leaves=20,
    )
)
def test_what_json_gives_back_is_plain(value: object) -> None:
    assert plain(value) == value
    assert json.loads(json.dumps(plain((value, np.float32(0.5), np.int64(3))))) == [value, 0.5, 3]
