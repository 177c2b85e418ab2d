"""Proofs of nets that are kept sparse, and the checker that verifies them as they are."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

import reberlstm as rl
from reberlstm.certificates import Proof, check, load_certificate
from reberlstm.certificates.arithmetic import arithmetic_named
from reberlstm.certificates.boxes import BoxNet, Inputs
from reberlstm.certificates.claims import claim
from reberlstm.certificates.codes import CodeInvariant, find_codes
from reberlstm.errors import CertificateError
from tests.cases import compiled_sparse
from tests.certificates.test_checker import with_checksum
from tests.strategies import random_machine


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_the_verdict_is_that_of_whole_arrays(cell: str) -> None:
    """Random machines and questions; hypothesis would shrink proofs for minutes."""
    rng, proved = random.Random(cell), 0
    for seed in range(27):
        fsm = random_machine(
            seed,
            states=rng.randint(1, 9),
            symbols=rng.randint(1, 4),
            density=rng.choice((0.3, 0.6, 1.0)),
        )
        net = compiled_sparse(fsm, on_violation=rng.choice(("absorb", "resync")), cell=cell)
        question: dict[str, Any] = {
            "scope": rng.choice(("all", "legal")),
            "arithmetic": rng.choice(("real", "float32", "float16", "int8")),
            "noise": rng.choice((0.0, 0.0, 1e-3)),
            "inputs": Inputs(noise=rng.choice((0.0, 0.0, 1e-4))),
        }
        if question["scope"] == "legal" and not claim(net, fsm, "legal", None).going_on[0]:
            continue
        whole = rl.certify(net.whole(), max_k=1, max_depth=0, seconds=2.0, **question)
        boxes = BoxNet(net, arithmetic_named(question["arithmetic"]), *list(question.values())[2:])
        found = find_codes(boxes, claim(net, fsm, question["scope"], None))
        if not isinstance(found, CodeInvariant):
            continue
        proved += 1
        assert whole.holds
        assert isinstance(whole, Proof)
        assert found.margins.keys() == whole.margins.keys()
        for head, margin in whole.margins.items():
            assert found.margins[head] == pytest.approx(margin, abs=0.15)
        document = rl.certify(net, **question).to_dict()
        verdict = check(document, net)
        assert verdict.valid, verdict.reason
        if seed % 9 == 0:
            assert check(document, net, exact=True).valid
    assert proved > 15


def test_what_is_no_proof_by_codes_is_checked_as_whole_arrays() -> None:
    """A cell whose reset gate is before the matrix; and two intervals that overlap."""
    fsm = random_machine(1, states=5, symbols=2, density=1.0)
    net = compiled_sparse(fsm, cell="gru-before")
    assert check(rl.certify(net).to_dict(), net).valid
    fsm = random_machine(3, states=2, symbols=1, density=1.0)
    net = compiled_sparse(fsm, cell="rnn")
    document = rl.certify(net).to_dict()
    proof = document["proof"]
    proof["intervals"] = [[-1.0, 1.0], [0.5, 1.0]]
    for box in proof["boxes"]:
        box |= {"most": 0, "others": dict.fromkeys(list(net.cells)[:1], 1)}
    assert check(with_checksum(document), net).valid


def tampered(net: Any, rng: random.Random) -> Any:
    """One weight is gone, turned round, or what all other columns have is another number."""
    weight, how = net.layers[0].weight_hh, rng.randrange(3)
    numbers = weight.numbers.copy()
    if how == 2:
        numbers[rng.randrange(len(weight))] += rng.choice((-60.0, 60.0))
    else:
        numbers[len(weight) + rng.randrange(len(weight.values))] *= -how
    return net.replace(weight_hh=weight.with_numbers(numbers))


def test_a_net_with_one_wrong_weight_is_not_proved() -> None:
    rng = random.Random(0)
    outcomes = []
    for seed in range(9):
        net = compiled_sparse(random_machine(seed, states=12, symbols=4, density=0.8))
        true = rl.certify(net).to_dict()
        wrong = tampered(net, rng)
        whole = rl.certify(wrong.whole(), max_k=1, seconds=5.0)
        found = rl.certify(wrong, max_k=1, seconds=5.0)
        assert found.holds == whole.holds
        outcomes.append(found.holds)
        assert check(found.to_dict(), wrong).valid
        if found.holds is False:
            # The proof of the right net, as if it were of the wrong one.
            assert len(found.counterexample) == len(whole.counterexample)
            true["net"]["sha256"] = found.net_sha256
            assert check(with_checksum(true), wrong).valid is False
    assert outcomes.count(False) > 3


LARGE = random_machine(3, states=330, symbols=4, density=0.9)


@pytest.fixture(scope="module")
def proved() -> Any:
    net = rl.compile(LARGE)
    proof = rl.certify(net)
    assert isinstance(proof, Proof)
    assert net.is_sparse
    return net, proof


@pytest.mark.parametrize("seed", range(15))
def test_forged_certificates_are_rejected(proved: Any, seed: int) -> None:
    net, proof = proved
    rng, document = random.Random(seed), proof.to_dict()
    boxes, intervals = document["proof"]["boxes"], document["proof"]["intervals"]
    box, other = rng.sample([box for box in boxes if len(box["others"]) > 1], 2)

    def swap(key: str) -> None:
        box[key], other[key] = other[key], box[key]

    def narrow() -> None:
        ends = rng.choice(intervals)
        ends[0], ends[1] = 0.5 * (ends[0] + ends[1]), ends[1]

    forgeries = [
        lambda: swap("state"),
        lambda: swap("others"),
        narrow,
        lambda: box["others"].popitem(),
        lambda: box["others"].update(other["others"]),
        lambda: boxes.remove(box),
        lambda: boxes.append(box | {"state": other["state"]}),
        lambda: intervals[box["most"]].__setitem__(1, 0.9),
        lambda: document["proof"]["margins"].update(legal=0.39),
        lambda: document.update(scope="legal"),
        lambda: document.update(noise=0.05),
        lambda: box.update(last=["a"]),
        lambda: box.update(most=17),
        lambda: intervals.__setitem__(0, [1.0, 0.0, 0.0, 1.0]),
        lambda: box["others"].update(nobody=1),
    ]
    forgeries[seed % len(forgeries)]()
    verdict = check(with_checksum({k: v for k, v in document.items() if k != "checksum"}), net)
    assert verdict.valid is False


def test_a_certificate_of_a_large_net_is_read_back(proved: Any, tmp_path: Any) -> None:
    net, proof = proved
    proof.save(tmp_path / "proof.json")
    again = load_certificate(tmp_path / "proof.json")
    assert again == proof
    assert again.to_dict() == proof.to_dict()
    assert (tmp_path / "proof.json").stat().st_size < 120 * net.size
    box = again.boxes[5]
    assert len(box.h) == len(box.c) == net.size
    assert sum(low > 0.5 for low, _ in box.h) == 2
    rl.save(net, tmp_path / "net.safetensors")
    assert rl.certificates.check_files(proof.to_dict(), tmp_path / "net.safetensors").valid


def test_work_that_is_too_much_is_not_begun(proved: Any) -> None:
    net, proof = proved
    with pytest.raises(CertificateError, match=r"^not checked: it would take about .* --seconds"):
        check(proof.to_dict(), net, seconds=1e-3)
    with pytest.raises(CertificateError, match=r"^not checked: .* would take about"):
        check(proof.to_dict(), net, exact=True, seconds=1.0)


def test_a_thousand_states_are_certified_and_checked_in_seconds() -> None:
    net = rl.compile(random_machine(7, states=1_000, symbols=4))
    begin = time.process_time()
    proof = rl.certify(net, arithmetic="float32")
    assert proof.holds
    assert proof.margin > 0.3
    assert check(proof.to_dict(), net).valid
    assert time.process_time() - begin < 3.0
