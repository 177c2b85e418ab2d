"""Proofs of nets that count: what is proved, what the checker rejects, and what runtimes keep."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import reberlstm as rl
from reberlstm.certificates import (
    CountingProof,
    Refutation,
    check,
    check_files,
    load_certificate,
    minimal_gain,
)
from reberlstm.certificates.checker import counting as checker
from reberlstm.certificates.checker import read_machine
from reberlstm.certificates.results import digest_of_grammar
from reberlstm.certificates.runtime import SATURATED, rule_fault, torch_fault
from reberlstm.errors import CertificateError
from reberlstm.grammars import shipped_file
from reberlstm.machine.counters import CounterMachine
from reberlstm.net.net import Net
from tests.certificates.test_checker import with_checksum
from tests.oracles import run_torch, torch_module

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from counter_machines import SHIPPED, Followed, random_machine

LIMITS = {"float64": 2**53 - 1, "float32": 2**24 - 1, "float16": 2**11 - 1, "bfloat16": 255}
QUICK = [name for name in SHIPPED if name not in ("shuffle-6", "anbmcnm")]


def proof(net: Any, machine: Any = None, **options: Any) -> CountingProof:
    """What `certify` says, which has to be a proof that the checker confirms."""
    found = rl.certify(net, machine, **options)
    assert isinstance(found, CountingProof), str(found)
    assert check(found.to_dict(), net, machine).valid is True
    return found


@pytest.mark.parametrize("name", QUICK)
def test_shipped_machines_are_proved_as_far_as_float32_counts(name: str) -> None:
    found = proof(rl.compile(name), arithmetic="float32")
    assert found.limit == 2**24 - 1
    assert found.margin > 0.1
    assert "proved for words of every length whose counters stay within ±16,777,215" in str(found)


@pytest.mark.parametrize("arithmetic", LIMITS)
def test_the_limit_is_that_of_the_format(arithmetic: str) -> None:
    found = proof(rl.compile("dyck-1"), arithmetic=arithmetic)
    assert found.limit == LIMITS[arithmetic]
    assert f"(×{LIMITS[arithmetic] + 2:,} " in found.beyond


@pytest.mark.parametrize(("seed", "arithmetic"), [(1, "real"), (3, "float32")])
def test_random_machines_are_proved(seed: int, arithmetic: str) -> None:
    proof(rl.compile(random_machine(random.Random(seed), 1 + seed % 2)), arithmetic=arithmetic)


def test_the_word_over_the_limit_is_the_first_of_its_kind() -> None:
    """All 513 answers of torch's own LSTM in bfloat16: the last one alone is wrong."""
    net = rl.compile("anbn")
    assert proof(net, arithmetic="bfloat16").beyond.startswith(
        "a×257 b×256: not b offered, wrongly"
    )
    word = [0] * 257 + [1] * 256
    heads = run_torch(torch_module(net, torch.bfloat16), word).heads
    followed = Followed(rl.load_grammar("anbn"))
    wrong = []
    for number, row in enumerate(torch.cat([heads["legal"], heads["accept"]], dim=1) > 0.0):
        if row.tolist() != followed.answers:
            wrong.append(number)
        if number < len(word):
            followed.read("ab"[word[number]])
    assert wrong == [len(word)]


@pytest.mark.filterwarnings("ignore:.*counters fade")
@pytest.mark.parametrize("gain", [8])
def test_in_real_numbers_the_length_is_within_a_factor_of_4_of_the_first_error(gain: int) -> None:
    net = rl.compile("anbn", gain=gain)
    length = proof(net).length
    assert length is not None
    first = None
    for n in range(2, 2 * length):
        said = rl.run(net, ["a" * n + "b" * n]).heads
        if not said["accept"][0, 0] > 0.0 or (said["legal"][0] > 0.0).any():
            first = 2 * n
            break
    assert first is not None
    assert length < first <= 4 * length


# What is changed


def test_a_certificate_is_the_same_in_a_file(tmp_path: Path) -> None:
    net = rl.compile("equal-ab")
    found = proof(net, arithmetic="float32")
    path = tmp_path / "c.json"
    found.save(path)
    again = load_certificate(path)
    assert again.to_dict() == found.to_dict()
    rl.save(net, tmp_path / "net.safetensors")
    files = tmp_path / "net.safetensors", shipped_file("equal-ab")
    verdict = check_files(path.read_bytes(), *files, arithmetic="float32")
    assert verdict.valid, verdict.reason
    assert not check_files(path.read_bytes(), *files).valid  # in real arithmetic


FORGERIES: dict[str, Any] = {
    "limit": lambda part: part.update(limit=2**24),
    "every length": lambda part: part.update(limit=None),
    "length": lambda part: part.update(length=7),
    "residue": lambda part: part.update(drift=2.0**-24),
    "no residue": lambda part: part.update(drift=0.1),
    "node": lambda part: part["nodes"].pop(1),
    "start": lambda part: part["nodes"].pop(0),
    "offset": lambda part: part["nodes"][1].update(offsets=[1]),
    "interval": lambda part: part["nodes"][1].update(values=[[2, None]]),
    "signs": lambda part: part["nodes"][1].update(values=[[0, None]]),
    "active": lambda part: part["nodes"][1].update(on=[]),
    "margin": lambda part: part["margins"].update(legal=0.5),
    "margins": lambda part: part["margins"].pop("legal"),
    "cell": lambda part: part.update(cells=["as"]),
    "wide": lambda part: part.update(epsilon=0.5),
    "narrow": lambda part: part.update(epsilon=1e-12),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_is_forged_is_rejected(name: str) -> None:
    net = rl.compile("anbn")
    document = proof(net, arithmetic="float32").to_dict()
    FORGERIES[name](document["counting"])
    assert check(with_checksum(document), net).valid is False


@pytest.mark.filterwarnings("ignore:.*counters fade")
def test_a_longer_length_in_real_numbers_is_rejected() -> None:
    net = rl.compile("anbn", gain=10)
    document = proof(net).to_dict()
    document["counting"]["length"] += 1
    verdict = check(with_checksum(document), net)
    assert verdict.valid is False
    assert "a counter may be off by" in verdict.reason


def test_a_proof_is_of_one_net_and_one_machine() -> None:
    document = proof(rl.compile("anbn"), arithmetic="float32").to_dict()
    other = rl.compile("anbn", gain=60)
    assert "other weights" in check(document, other).reason
    assert (
        "another machine" in check(document, rl.compile("anbn"), rl.load_grammar("equal-ab")).reason
    )


def tampered(net: Net, rng: random.Random, change: Any) -> Net:
    """The net with one number changed."""
    at = rng.randrange(net.parameters)

    def arrays(_: str, array: Any) -> Any:
        nonlocal at
        at, here = at - array.size, at
        if not 0 <= here < array.size:
            return array
        array = array.copy()
        array.flat[here] = change(array.flat[here])
        return array

    return net.map_arrays(arrays)


ULP = float(np.spacing(np.float32(160.0)))
CHANGES = [
    lambda w: w + ULP,
    lambda w: w - ULP,
    lambda w: -w,
    lambda w: w + 1.0,
    lambda w: w / 2.0,
    lambda w: 0.0,
]


@pytest.mark.parametrize("name", ["dyck-1", "equal-ab"])
def test_what_is_proved_of_a_tampered_net_is_true(name: str) -> None:
    """Runs of torch in float32, from small counters and from those just below the limit."""
    rng, net = random.Random(0), rl.compile(name)
    assert net.counting is not None
    outcomes = []
    for number in range(12):
        other = tampered(net, rng, CHANGES[number % len(CHANGES)])
        found = rl.certify(other, arithmetic="float32", seconds=0.0)
        outcomes.append(found.holds)
        if found.holds:
            assert wrong_near_limits(other, net.counting.machine, rng, 3) == 0, number
    assert True in outcomes


def wrong_near_limits(net: Net, machine: CounterMachine, rng: random.Random, words: int) -> int:
    """Wrong answers along words in which counters that are 2 or more jump to near 2^24 − 1."""
    module, top = torch_module(net, torch.float32), 2**24 - 1
    lstm: Any = module.lstm
    assert net.counting is not None
    cells = [net.cells.index(each.cell) for each in net.counting.cells]
    wrong = 0
    for _ in range(words):
        followed, jumped = Followed(machine), False
        h = torch.zeros(1, net.size)
        c = torch.zeros(1, net.size)
        for _ in range(25):
            legal = [a for a, yes in enumerate(followed.answers[:-1]) if yes]
            a = rng.choice(legal) if legal else rng.randrange(len(machine.alphabet))
            x = torch.nn.functional.one_hot(torch.tensor([a]), len(machine.alphabet)).float()
            _, (h, c) = lstm(x, (h, c))
            followed.read(machine.alphabet[a])
            if followed.state is None:
                continue
            if not jumped and rng.random() < 0.2:
                jumped = True
                for number, cell in enumerate(cells):
                    n = followed.values[number]
                    if abs(n) >= 2:
                        by = (1 if n > 0 else -1) * (top - rng.randint(1, 5)) - n
                        followed.values[number] += by
                        c[0, cell] += by
                        h[0, cell] = torch.tanh(c[0, cell])
            if max(map(abs, followed.values)) > top:
                break
            said = torch.cat([module.legal(h)[0], module.accept(h)[0]]) > 0.0
            wrong += said.tolist() != followed.answers
    return wrong


# What is not proved


def test_a_wrong_head_is_refuted_by_a_shortest_word() -> None:
    net = rl.compile("anbn")
    net = net.map_arrays(lambda name, x: -x if name == "accept.weight" else x)
    found = rl.certify(net)
    assert isinstance(found, Refutation)
    assert found.shortest
    assert check(found.to_dict(), net).valid is True
    document = found.to_dict() | {"grammar": {**found.to_dict()["grammar"], "sha256": "0"}}
    assert check(document, net).valid is False


def test_a_net_that_does_not_say_what_it_counts_is_only_tried() -> None:
    net = rl.compile("anbn")
    found = rl.certify(net.replace(counting=None), "anbn", seconds=2.0)
    assert found.holds is None
    assert "does not say which of its cells count" in str(found)
    assert rl.certify(net, "equal-ab", seconds=1.0).holds is False


@pytest.mark.filterwarnings("ignore:.*counters fade")
def test_a_gain_that_is_too_small_for_the_rule_is_not_proved() -> None:
    found = rl.certify(rl.compile("anbn", gain=15), arithmetic="float32", seconds=1.0)
    assert found.holds is None
    assert "the output gate is not open" in str(found)


@pytest.mark.filterwarnings("ignore:.*counters fade")
def test_no_gain_is_the_smallest_in_real_arithmetic() -> None:
    with pytest.raises(CertificateError, match="ask with --arithmetic float32"):
        minimal_gain(lambda gain: rl.compile("dyck-1", gain=gain), upper=80.0)


def test_where_rounding_is_bounded_too_widely_a_format_is_named_that_is_proved() -> None:
    found = rl.certify(rl.compile("anbncn"), arithmetic="bfloat16", seconds=0.5)
    assert (
        "no proof    the bounds of rounding in bfloat16 are too wide (head 'legal' may be wrong in "
        "a node of state 'as'); in float16 it is proved"
    ) in str(found)


def test_noise_is_refused() -> None:
    with pytest.raises(CertificateError, match="nothing is proved with noise"):
        rl.certify(rl.compile("anbn"), noise=0.1)


def test_the_checker_reads_machines_itself_and_knows_the_rule() -> None:
    for name in SHIPPED:
        own: Any = read_machine(shipped_file(name).read_bytes(), name)
        assert own.sha256 == digest_of_grammar(rl.load_grammar(name))
    assert SATURATED == checker.SATURATED


# The rule


@pytest.mark.parametrize("arithmetic", LIMITS)
def test_torch_keeps_the_rule(arithmetic: str) -> None:
    assert torch_fault(arithmetic) is None


def numpy_step(sums: Any, c: Any, sigmoid: Any = None, tanh: Any = np.tanh) -> tuple[Any, Any]:
    """A step in float32, with other functions."""
    sigmoid = sigmoid or (lambda z: 1.0 / (1.0 + np.exp(-np.float32(z).astype(np.float64))))
    i, f, o = (np.float32(sigmoid(sums[k])) for k in (0, 1, 3))
    c = f * np.float32(c) + i * np.float32(tanh(sums[2]))
    return o * np.float32(np.tanh(c)), c


def test_runtimes_that_do_not_keep_the_rule_are_told() -> None:
    assert rule_fault(numpy_step, "float32") is None
    rough = rule_fault(
        lambda z, c: numpy_step(z, c, lambda x: np.clip(x / 60.0 + 0.5, 0.0, 1.0)), "float32"
    )
    assert "is not exactly 1" in str(rough)
    leaky = rule_fault(
        lambda z, c: numpy_step(z, c, lambda x: np.where(x > 0, 1.0, 1e-8)), "float32"
    )
    assert "is not between 0 and 2·exp(−x)" in str(leaky)
    short = rule_fault(
        lambda z, c: numpy_step(z, c, tanh=lambda x: np.maximum(np.tanh(x), -0.999)), "float32"
    )
    assert short == "tanh of the candidate is not exactly 1 in size"


def test_onnxruntime_keeps_the_rule() -> None:
    from counter_machines import onnx_step

    assert rule_fault(onnx_step, "float32") is None
