"""The net that is shipped was trained, not wired, and is proved all the same, without torch."""

import json
import subprocess
import sys

import pytest

import reberlstm as rl
from reberlstm.certificates import check
from reberlstm.certificates.results import read
from reberlstm.cli import run
from reberlstm.errors import FormatError
from reberlstm.net.loading import FOLDER, shipped, shipped_names

SHIPPED = FOLDER / "reber-4.safetensors"


def test_four_trained_cells_are_proved_and_the_checker_agrees() -> None:
    net, reber = rl.load(SHIPPED), rl.load_grammar("reber")
    assert net.size == 4
    assert net.gain is None
    certificate = rl.certify(net, reber)
    assert certificate.holds
    assert certificate.scope == "legal"
    assert certificate.margin > 3.0
    assert check(certificate.to_dict(), net, reber).valid


def test_two_trained_cells_are_proved_too() -> None:
    net, reber = shipped("reber-2"), rl.load_grammar("reber")
    assert net.size == 2
    certificate = rl.certify(net, reber, scope="legal")
    assert certificate.holds
    assert certificate.margin > 1.3
    assert certificate.nodes == 6  # one for each node of the graph that can go on
    assert check(certificate.to_dict(), net, reber).valid


def test_embedded_reber_was_learned_from_random_weights_and_is_proved() -> None:
    net, embedded = shipped("embedded-reber-16"), rl.load_grammar("embedded-reber")
    assert net.size == 16
    assert net.gain is None
    certificate = rl.certify(net, embedded)
    assert certificate.holds
    assert certificate.scope == "legal"
    assert certificate.margin > 3.0
    assert check(certificate.to_dict(), net, embedded).valid
    for outer in "TP":
        long = f"B{outer}BT{'S' * 300}XSE"
        assert set(rl.trace(net, long).steps[-1].legal) == {outer}


def test_it_says_what_the_grammar_says() -> None:
    net, reber = rl.load(SHIPPED), rl.load_grammar("reber")
    for word in reber.prefixes(14):
        state = reber.run(word)
        if word and reber.legal(state):
            assert set(rl.trace(net, word).steps[-1].legal) == reber.legal(state)


def test_no_torch_is_loaded_for_it() -> None:
    code = (
        "import sys, reberlstm as rl; rl.certify(rl.load(sys.argv[1]));"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(SHIPPED)], check=True)


@pytest.mark.parametrize("name", rl.grammar_names())
def test_the_smallest_net_of_a_grammar_is_proved_by_the_certificate_beside_it(name):
    fsm, net = rl.load_grammar(name), shipped(f"smallest/{name}")
    text = read(FOLDER / "smallest" / f"{name}.json")
    assert check(text, net, fsm).valid
    proof = json.loads(text)
    assert (proof["outcome"], proof["scope"], proof["heads"]) == (
        "holds",
        "all",
        ["legal", "accept"],
    )
    assert proof["noise"] == 0.0
    assert net.size <= rl.compile(fsm.minimise()).size


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(
        FormatError, match=r"no net named 'nobody' .* reber-2, reber-4, smallest/alternating"
    ):
        shipped("nobody")
    assert "reber-4" in shipped_names()


def test_a_shipped_net_is_named_on_the_command_line(capsys):
    assert run(["certify", "reber", "--net", "reber-4"]) == 0
    assert "reber-4 follows reber" in capsys.readouterr().out
