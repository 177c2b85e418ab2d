"""Nets that count: right on all words, in the numbers of stock layers, saved and read."""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import reberlstm as rl
from reberlstm.errors import CompileError, CompileWarning, FormatError, WeightsError
from reberlstm.machine.counters import ANY, CounterMachine, CounterTransition
from reberlstm.net.counting import Counting, Way
from reberlstm.net.files.safetensors import from_bytes, from_parts, to_bytes, to_parts
from tests.oracles import run_torch, torch_module

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from counter_machines import SHIPPED, random_machine, random_word, right_answers

WAYS = dict.fromkeys(SHIPPED, Way.PLAIN) | {"equal-ab": Way.SIGNS}


def wrong(machine: CounterMachine, words: int, length: int, seed: int) -> int:
    """Wrong answers of a stock nn.LSTM in float32 after all prefixes of random words."""
    module, rng = torch_module(rl.compile(machine), torch.float32), random.Random(seed)
    count = 0
    for _ in range(words):
        word = random_word(machine, rng, length)
        heads = run_torch(module, word).heads
        said = torch.cat([heads["legal"], heads["accept"]], dim=1) > 0.0
        count += int((said != torch.tensor(right_answers(machine, word))).any(dim=1).sum())
    return count


@pytest.mark.parametrize("name", SHIPPED)
def test_every_answer_of_a_shipped_machine_is_right(name: str) -> None:
    net = rl.compile(name)
    assert net.counting is not None
    assert {each.way for each in net.counting.cells} == {WAYS[name]}
    machine = net.counting.machine
    assert wrong(machine, words=4, length=50, seed=1) == 0
    assert net.size <= len(machine.states) + len(machine.counters) + 6


@pytest.mark.parametrize("seed", range(8))
def test_every_answer_of_a_random_machine_is_right(seed: int) -> None:
    rng = random.Random(seed)
    assert wrong(random_machine(rng, 1 + seed % 2), words=3, length=30, seed=seed) == 0


def test_a_change_that_no_pair_of_filters_tells_comes_one_step_late() -> None:
    """What a adds in one state it takes away in the other, and b the other way round."""
    steps = [("p", "a", "p", 1), ("p", "b", "q", -1), ("q", "a", "p", -1), ("q", "b", "q", 1)]
    arrows = [CounterTransition(q, a, to, (ANY,), (by,)) for q, a, to, by in steps]
    machine = CounterMachine("xor", ("a", "b"), "p", ("n",), tuple(arrows), (("p", (ANY,)),))
    net = rl.compile(machine)
    assert net.counting is not None
    assert [each.way for each in net.counting.cells] == [Way.LATE]
    assert "one step late" in str(net.counting.cells[0])
    assert wrong(machine, words=4, length=60, seed=0) == 0


def test_a_net_that_counts_is_the_same_in_a_file() -> None:
    net = rl.compile("equal-ab")
    again = from_bytes(to_bytes(net), "equal-ab")
    assert again.counting == net.counting
    assert to_bytes(again) == to_bytes(net)
    arrays, metadata = to_parts(net)
    for key in ("counting", "grammar"):
        with pytest.raises(FormatError, match="one of the two is missing"):
            from_parts(arrays, {k: text for k, text in metadata.items() if k != key})
    with pytest.raises(WeightsError, match="no JSON list of a cell"):
        from_parts(arrays, metadata | {"counting": "[[1]]"})
    with pytest.raises(WeightsError, match="'other' is no cell of the net"):
        from_parts(arrays, metadata | {"counting": '[["other", "lead", "signs"]]'})


def test_what_a_net_counts_has_to_fit() -> None:
    net = rl.compile("anbn")
    other = rl.load_grammar("dyck-1")
    assert net.counting is not None
    with pytest.raises(WeightsError, match="alphabet a b is not that of the machine"):
        net.replace(counting=Counting(other, net.counting.cells))
    with pytest.raises(WeightsError, match="cells for the counters none"):
        net.replace(counting=Counting(net.counting.machine, ()))


@pytest.mark.parametrize(
    "option", [{"cell": "gru"}, {"memory": "latch"}, {"on_violation": "resync"}]
)
def test_there_is_one_way_of_wiring_counters(option: dict[str, str]) -> None:
    with pytest.raises(CompileError, match=r"anbn has a counter, and .*; leave out "):
        rl.compile("anbn", **option)  # type: ignore[call-overload]


def test_the_gain_has_to_be_in_range() -> None:
    assert rl.compile("anbn", gain=20).gain == 20  # without a warning
    with pytest.raises(CompileError, match="gain -1 is not in"):
        rl.compile("anbn", gain=-1)


@pytest.mark.parametrize("gain", [4.0, 6.0, 8.0])
def test_a_small_gain_says_up_to_which_length_the_net_is_right(gain: float) -> None:
    for name in SHIPPED:
        with pytest.warns(CompileWarning, match="up to about") as caught:
            net = rl.compile(name, gain=gain)
        found = re.search(
            r"about (\d+) symbols, such as a count to (\d+) and", str(caught[0].message)
        )
        assert found is not None
        length, most = map(int, found.groups())
        machine = net.counting.machine  # type: ignore[union-attr]
        words = [random_word(machine, random.Random(seed), length) for seed in range(3)]
        if name in ("anbn", "dyck-1"):
            words.append([0] * most + [1] * (length - most))
        for word in words:
            said = rl.run(net, [[*word[:t]] for t in range(len(word) + 1)]).heads
            signs = np.concatenate([said["legal"], said["accept"]], axis=1) > 0.0
            assert signs.tolist() == right_answers(machine, word)
    with pytest.warns(CompileWarning):
        anbn = rl.compile("anbn", gain=gain)
    further = length  # of the last machine: all say the same
    said = rl.run(anbn, ["a" * further + "b" * further]).heads
    assert (said["legal"] > 0.0).any() or not (said["accept"] > 0.0).all(), "no empty warning"


def test_counters_that_only_change_together_are_asked_together() -> None:
    step = CounterTransition("q", "b", "q", (ANY, ANY), (-1, 1))
    empty = ("q", (frozenset({0}), frozenset({0})))
    machine = CounterMachine("both", ("b",), "q", ("n", "m"), (step,), (empty,))
    net = rl.compile(machine)
    assert net.counting is not None
    assert [each.way for each in net.counting.cells] == ["plain", "plain"]
    assert [net.cells, rl.certify(net, arithmetic="float32").holds] == [("n", "m"), True]
