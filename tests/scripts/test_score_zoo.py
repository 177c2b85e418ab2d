"""The methods of others that score_zoo.py scores, on one net that is easy for all of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from reberlstm.zoo import Entry, Plan, build
from reberlstm.zoo.scores import (
    samples,
    score_attribution,
    score_extraction,
    score_probes,
    words_with_causes,
)

methods = pytest.importorskip("zoo_methods")
script = pytest.importorskip("score_zoo")


@pytest.fixture(scope="module")
def entry() -> Entry:
    return build(Plan(machine="contains-abba", cell="gru"), seed=0)


def test_extractors_find_an_easy_machine(entry: Entry) -> None:
    found = {
        name: score_extraction(entry, each, seconds=10) for name, each in methods.EXTRACTORS.items()
    }
    assert {name: one.error for name, one in found.items() if one.error} == {}
    assert {name for name, one in found.items() if one.equal} >= {*methods.EXTRACTORS} - {"k-means"}


def test_probes(entry: Entry) -> None:
    given = samples(entry)
    right = {
        name: score_probes(entry, probe(entry.net, given)).right
        for name, probe in methods.PROBES.items()
    }
    assert right["linear probe"] > 0.9
    assert right["random"] < 0.3


def test_attributions(entry: Entry) -> None:
    words = words_with_causes(entry, 10)
    for name, method in methods.ATTRIBUTIONS.items():
        found = {word: method(entry.net, word) for word in words}
        assert 0.0 <= score_attribution(entry, found).area <= 1.0, name


def test_the_module_of_torch_is_the_net(entry: Entry) -> None:
    word = list("abbab")
    state = entry.net.start()
    for symbol in word:
        state = entry.net.step(state, np.array([entry.net.alphabet.index(symbol)]))
    logits = np.concatenate([entry.net.values(k, state)[0] for k in entry.net.heads])
    with torch.no_grad():
        found = methods._module(entry.net)(methods._one_hot(entry.net, word)[None])[0]
    np.testing.assert_allclose(found.numpy(), logits, atol=1e-9)


def test_integrated_gradients_add_up_to_the_difference(entry: Entry) -> None:
    """Completeness (Sundararajan and others, 2017), on a net whose gates are soft."""
    soft = entry.net.map_arrays(lambda name, array: array * (0.02 if "." not in name else 1.0))
    word, x = list("abba"), methods._one_hot(soft, "abba")
    signs = methods._signs(soft, x)
    with torch.no_grad():
        base = torch.full_like(x, 0.5)
        ends = [float((methods._module(soft)(each[None])[0] * signs).sum()) for each in (x, base)]
    total = methods.by_integrated_gradients(soft, word).sum()
    assert total == pytest.approx(ends[0] - ends[1], abs=1e-3)


def test_every_dial_is_turned() -> None:
    from reberlstm.zoo import plans

    turned = {dial[0] for plan in plans() if (dial := script.dial(plan)) is not None}
    assert turned == {"none", *script.DIALS}
