"""Results as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reberlstm.errors import FormatError
from reberlstm.plain import Plain, in_form, plain


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


FORM = {
    "key": str,
    "count?": int,
    "size": (int, type(None)),
    "rows": {str: {"status": str, "figures": [float]}},
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": 1}, "key of it is 1, not a text"),
        ({"count": True}, "count of it is True, not a whole number"),
        ({"count": 2**63}, "count of it is 9223372036854775808, not a whole number"),
        ({"size": 0.5}, "size of it is 0.5, not a whole number"),
        ({"rows": []}, "rows of it is [], not an object"),
        ({"rows": {"a": {}}}, "rows.a of it has no 'status'"),
        (
            {"rows": {"a": {"status": "x", "figures": [1, math.inf]}}},
            "rows.a.figures[1] of it is inf, not a finite number",
        ),
    ],
)
def test_what_is_not_in_form_is_named(change: dict[str, Any], message: str) -> None:
    right = {"key": "k", "size": None, "rows": {"a": {"status": "x", "figures": [1, 0.5]}}}
    assert in_form(right, FORM) is right
    assert in_form(right | {"more": object()}, FORM)
    with pytest.raises(FormatError) as caught:
        in_form(right | change, FORM)
    assert str(caught.value) == message
    with pytest.raises(FormatError, match=r"^it is 3, not an object$"):
        in_form(3, FORM)
