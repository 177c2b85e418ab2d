"""Files that version 0.1.0 wrote are read for good, and mean what they meant.

The folder holds what its `save`, ``export``, ``train`` and ``certify -o`` wrote, of compiled random
machines and of the Reber nets; ``answers.json`` what its `trace` said of each.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.cli import run

FOLDER = Path(__file__).parent / "written_by_0_1"
ANSWERS = json.loads((FOLDER / "answers.json").read_text("utf-8"))
REBER = rl.load_grammar("reber")


@pytest.mark.parametrize("file", ANSWERS)
def test_a_net_answers_as_it_did(file: str) -> None:
    net = rl.load(FOLDER / file, alphabet=None if file != "reber.pt" else REBER.alphabet)
    grammar = None if net.grammar else REBER
    for word, old in ANSWERS[file].items():
        trace = rl.trace(net, word, grammar=grammar)
        assert ["".join(step.legal or ()) for step in trace.steps] == old["offers"]
        assert trace.accepted == old["accepted"]
        if trace.steps:
            np.testing.assert_allclose(trace.steps[-1].memory, old["memory"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_trained_net_is_still_right(cell: str) -> None:
    """It was trained with sigmoids, and was right on all its validation words."""
    net = rl.load(FOLDER / f"trained-{cell}.safetensors", alphabet=REBER.alphabet)
    assert net.reading == "legal: logit > 0"
    for word in REBER.sample(30, seed=1):
        trace = rl.trace(net, word, grammar=REBER)
        assert (trace.first_wrong, trace.violation_at) == (None, None)


@pytest.mark.parametrize(
    ("certificate", "net", "status"), [("proof", "compiled", 0), ("refutation", "published", 1)]
)
def test_a_certificate_is_confirmed(certificate, net, status, capsys) -> None:
    path = str(FOLDER / f"{certificate}.json")
    assert run(["certify", "reber", "--net", net, "--check", path]) == status
    assert f"{certificate}.json: confirmed" in capsys.readouterr().out
