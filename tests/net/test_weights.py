"""Weights are checked once, and read-only from then on."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.errors import WeightsError
from reberlstm.net.net import LSTMWeights, Net
from reberlstm.net.readouts import Head
from tests.cases import REBER

NET = rl.compile(REBER)


def arrays(net: LSTMWeights) -> dict[str, np.ndarray]:
    """All arrays of a net by name."""
    gates = {name: getattr(net, name) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    heads = {
        f"{name}.{part}": getattr(head, part)
        for name, head in net.heads.items()
        for part in ("weight", "bias")
    }
    return gates | heads


def small(**changes: object) -> LSTMWeights:
    """A net of two cells over three symbols with some fields changed."""
    fields: dict[str, object] = {
        "alphabet": ("a", "b", "c"),
        "cells": ("p", "q"),
        "weight_ih": np.zeros((8, 3)),
        "weight_hh": np.zeros((8, 2)),
        "bias_ih": np.zeros(8),
        "bias_hh": np.zeros(8),
        "heads": {},
    }
    return LSTMWeights(**(fields | changes))  # type: ignore[arg-type]


def with_nan() -> np.ndarray:
    array = np.zeros((8, 3))
    array[5, 1] = np.nan
    return array


BAD = {
    "unknown cell": ({"cell": "gru"}, "cell 'gru'; choose 'standard' or 'published'"),
    "unknown scope": ({"claims": "some"}, "claims 'some'; choose 'legal' or 'all'"),
    "unknown way": ({"on_violation": "x"}, "on_violation 'x'; choose 'absorb' or 'resync'"),
    "no symbols": ({"alphabet": ()}, "alphabet: none given; a net has at least one"),
    "no cells": ({"cells": ()}, "cells: none given; a net has at least one"),
    "symbol twice": ({"alphabet": ("a", "b", "a")}, "alphabet: 'a' stands twice"),
    "cell twice": ({"cells": ("p", "p")}, "cells: 'p' stands twice"),
    "label twice": ({"labels": ("x", "x")}, "labels: 'x' stands twice"),
    "names as a string": ({"alphabet": "abc"}, "alphabet: 'abc' is one string; give a tuple"),
    "numbers for names": ({"cells": (0, 1)}, "cells: 0 is not a non-empty string"),
    "input weights": (
        {"weight_ih": np.zeros((8, 2))},
        "weight_ih has shape (8, 2), expected (8, 3) for 2 cells × 4 gates over 3 symbols",
    ),
    "transposed": ({"weight_ih": np.zeros((3, 8))}, "weight_ih has shape (3, 8), expected (8, 3)"),
    "recurrent weights": ({"weight_hh": np.zeros(8)}, "weight_hh has shape (8,), expected (8, 2)"),
    "bias": ({"bias_hh": np.zeros((8, 1))}, "bias_hh has shape (8, 1), expected (8,)"),
    "bias of the other cell": (
        {"cell": "published"},
        "weight_ih has shape (8, 3), expected (6, 3) for 2 cells × 3 gates over 3 symbols",
    ),
    "NaN": ({"weight_ih": with_nan()}, "weight_ih[5, 1] is nan; weights must be finite"),
    "infinite": ({"bias_ih": np.full(8, -np.inf)}, "bias_ih[0] is -inf; weights must be finite"),
    "ragged": ({"bias_ih": [[1.0], [1.0, 2.0]]}, "bias_ih is not an array of numbers"),
    "text": ({"bias_ih": ["zero"] * 8}, "bias_ih is not an array of numbers"),
    "unknown head": (
        {"heads": {"value": Head(np.zeros((1, 2)), np.zeros(1))}},
        "unknown head 'value'; the heads are legal, accept, next, label",
    ),
    "head of another size": (
        {"heads": {"accept": Head(np.zeros((1, 3)), np.zeros(1))}},
        "accept.weight has shape (1, 3), expected (1, 2)",
    ),
    "head with two rows": (
        {"heads": {"accept": Head(np.zeros((3, 2)), np.zeros(3))}},
        "an 'accept' head of 3 outputs, read by 'logit > 0'",
    ),
    "head's bias": (
        {"heads": {"legal": Head(np.zeros((3, 2)), np.zeros(2))}},
        "legal.bias has shape (2,), expected (3,)",
    ),
    "label head without labels": (
        {"heads": {"label": Head(np.zeros((2, 2)), np.zeros(2))}},
        "label.weight has shape (2, 2), expected (0, 2)",
    ),
    "another alphabet": (
        {"grammar": REBER},
        "alphabet a b c is not that of the grammar, B T S X P V E",
    ),
    "height": ({"height": 0.0}, "height 0.0 is not a positive number"),
    "gain": ({"gain": float("nan")}, "gain nan is not a positive number"),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_bad_weights(changes: dict[str, object], message: str) -> None:
    with pytest.raises(WeightsError) as error:
        small(**changes)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_lists_will_do() -> None:
    net = small(bias_ih=[0] * 8, alphabet=["a", "b", "c"], cells=["p", "q"])
    assert net.bias_ih.dtype == np.float64
    assert (net.alphabet, net.cells) == (("a", "b", "c"), ("p", "q"))


def test_arrays_are_copies_and_read_only() -> None:
    mine = np.zeros((8, 3))
    net = small(weight_ih=mine)
    mine[0, 0] = 1.0
    assert not net.weight_ih.any()
    for array in arrays(rl.compile(REBER)).values():
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0
    with pytest.raises(AttributeError):
        net.cells = ("r", "s")  # type: ignore[misc]
    with pytest.raises(TypeError):
        net.heads["legal"] = None  # type: ignore[index]


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_are_equal(duplicate) -> None:
    again = duplicate(NET)
    assert again.grammar == REBER
    for name, array in arrays(NET).items():
        assert np.array_equal(arrays(again)[name], array), name
        assert not arrays(again)[name].flags.writeable


def test_replace_checks_again() -> None:
    assert NET.replace(name="mine").name == "mine"
    with pytest.raises(WeightsError, match="bias_ih has shape"):
        NET.replace(bias_ih=np.zeros(3))


def test_what_lstm_weights_cannot_keep_makes_another_net() -> None:
    parity = rl.compile("parity")
    fed = parity.replace(suffix=[[0.0, 1.0]], name="fed")
    assert type(fed) is Net
    assert (fed.name, fed.grammar, fed.cells) == ("fed", parity.grammar, parity.cells)
    # It says the opposite of what is right, also in copies.
    for net in (fed, fed.map_arrays(lambda _, x: x), pickle.loads(pickle.dumps(fed))):
        for arithmetic in ("real", "float32"):
            assert rl.certify(net, arithmetic=arithmetic).counterexample == ()
    above = replace(parity.layer, weight_ih=np.ones((4, 1)))
    two = parity.replace(layers=(parity.layer, above), cells=())
    assert len(two.layers) == 2
    vectors = {"start_state": [0.5, 0.5], "embedding": [[0.0, 1.0], [1.0, 0.0]]}
    for name, value in vectors.items():
        net = parity.replace(**{name: value, "bias_ih": parity.bias_ih + 1.0})
        assert np.array_equal(getattr(net.map_arrays(lambda _, x: x), name), value)
        assert np.array_equal(net.layers[0].bias_ih, parity.bias_ih + 1.0)
        assert parity.replace(**{name: None}).cells == parity.cells
    with pytest.raises(WeightsError, match=r"cannot keep suffix=; use Net.of"):
        LSTMWeights(**parity._fields(), suffix=[[0.0, 1.0]])


def test_the_representation_is_one_line() -> None:
    assert repr(NET) == (
        "<LSTMWeights 'compiled': 8-cell LSTM over 7 symbols, heads legal accept next>"
    )


def test_rows_of_a_gate() -> None:
    assert [NET.rows(gate) for gate in NET.gates] == [slice(k, k + 8) for k in (0, 8, 16, 24)]
    assert NET.gates == ("input", "forget", "candidate", "output")
