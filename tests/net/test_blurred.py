"""Inputs that are off by a little, where symbols are embedded or a suffix is fed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import reberlstm as rl
from reberlstm.certificates import Inputs, Proof, check
from reberlstm.cli import run
from reberlstm.errors import CertificateError
from reberlstm.net.net import Net

TABLE = np.array([[1.0, 0.5], [-0.5, 1.0]])
"""The vectors of 0 and 1."""


def embedded(**others: Any) -> Net:
    """Compiled parity, its two symbols embedded in the plane."""
    net = rl.compile("parity")
    (layer,) = net.layers
    weight_ih = layer.weight_ih @ np.linalg.inv(TABLE.T)
    arrays = (weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh)
    return Net(
        alphabet=net.alphabet,
        layers=(type(layer)(layer.cell, *arrays),),
        heads=net.heads,
        embedding=TABLE,
        claims="all",
        grammar=net.grammar,
        **others,
    )


@pytest.mark.parametrize("suffix", [None, TABLE[:1]], ids=["no suffix", "suffix"])
def test_a_proof_is_about_every_vector_near_that_of_the_symbol(suffix: Any) -> None:
    net = embedded(suffix=suffix)
    cert = rl.certify(net, inputs=Inputs(noise=0.02))
    assert isinstance(cert, Proof)
    assert cert.margin < rl.certify(net).margin
    assert check(cert.to_dict(), net, net.grammar).valid
    # PyTorch on long words, each vector at a corner of its square, a suffix as it is.
    rng = np.random.default_rng(0)
    (layer,) = net.layers
    core = torch.nn.LSTM(2, layer.size, batch_first=True).double()
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(core, f"{name}_l0").copy_(torch.tensor(getattr(layer, name)))
        words = rng.integers(2, size=(40, 200))
        x = TABLE[words] + rng.choice([-0.02, 0.02], size=(40, 200, 2))
        if suffix is not None:
            x = np.concatenate([x, np.tile(suffix, (40, 1, 1))], axis=1)
        h = core(torch.tensor(x))[0][:, -1].numpy()
    head = net.heads["accept"]
    logits = head.logits(h)[:, 0]
    even = words.sum(axis=1) % 2 == 0
    assert (np.where(even, logits, -logits) >= cert.margins["accept"]).all()


def test_a_range_of_the_1_of_one_hot_vectors_is_not_about_an_embedding(
    capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    net = embedded()
    with pytest.raises(CertificateError, match="give an input noise instead, which every coord"):
        rl.certify(net, inputs=Inputs(low=0.9))
    path = tmp_path / "net.safetensors"
    rl.save(net, path)
    assert run(["certify", "parity", "--net", str(path), "--input-range", "0.9", "1"]) == 2
    assert "give an input noise instead" in capsys.readouterr().err
    assert run(["certify", "parity", "--net", str(path), "--input-noise", "0.01"]) == 0
    one_hot = rl.compile("parity")
    ended = Net(
        alphabet=one_hot.alphabet,
        layers=one_hot.layers,
        heads=one_hot.heads,
        suffix=np.eye(2)[:1],
        claims="all",
    )
    cert = rl.certify(ended, "parity", inputs=Inputs(noise=0.01, low=0.9, high=1.1))
    assert cert.holds
    assert check(cert.to_dict(), ended, rl.load_grammar("parity")).valid
