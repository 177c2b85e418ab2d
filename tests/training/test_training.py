"""Trainings: what they reach, that the seed decides all, and that nothing cuts them to pieces."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

import reberlstm as rl
from reberlstm.certificates import check
from reberlstm.errors import FormatError, TrainingError
from reberlstm.net.net import LSTMWeights, Net
from reberlstm.training import loop as checkpoints
from reberlstm.training.cells import at_random, begin_as_latches, parameters, run
from reberlstm.training.net_run import NetRun
from reberlstm.training.settings import Progress

REBER = rl.load_grammar("reber")
PARITY = rl.load_grammar("parity")
SMALL = rl.Settings(
    fsm=rl.load_grammar("tomita-1"), task="accept", cells=3, noise=0.5, seed=0, words=16
)
"""Proved in 250 steps, in two seconds or so, some of them in the second phase."""


def same(left: LSTMWeights, right: LSTMWeights) -> bool:
    """Whether two nets have the same numbers, bit for bit."""
    keys = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return all(np.array_equal(getattr(left, key), getattr(right, key)) for key in keys) and all(
        np.array_equal(left.heads[name].weight, right.heads[name].weight)
        and np.array_equal(left.heads[name].bias, right.heads[name].bias)
        for name in left.heads
    )


def lstm_of(training: rl.Training) -> LSTMWeights:
    assert isinstance(training.net, LSTMWeights)
    return training.net


@pytest.fixture(scope="module")
def proved() -> rl.Training:
    return rl.train(rl.Settings(fsm=REBER, cells=8, noise=1.0, seed=1))


@pytest.fixture(scope="module")
def small() -> rl.Training:
    training = rl.train(SMALL)
    assert training.success
    assert training.certificate is not None
    assert training.certificate.scope == "all"
    assert 220 < training.steps < 400
    return training


def test_a_net_trained_with_noise_is_proved(proved: rl.Training) -> None:
    assert proved.success
    assert proved.accuracy == 1.0
    assert proved.attempts == 1
    assert proved.certificate is not None
    assert proved.certificate.scope == "legal"
    assert check(proved.certificate.to_dict(), lstm_of(proved), REBER).valid


def test_what_is_saved_is_right_for_the_simulator_and_for_pytorch(
    proved: rl.Training, tmp_path: Path
) -> None:
    proved.save(tmp_path / "net.safetensors")
    net = rl.load(tmp_path / "net.safetensors")
    assert same(net, lstm_of(proved))
    layer = torch.nn.LSTM(len(net.alphabet), net.size, batch_first=True).double()
    tensors = {
        "weight_ih_l0": net.weight_ih,
        "weight_hh_l0": net.weight_hh,
        "bias_ih_l0": net.bias_ih,
        "bias_hh_l0": net.bias_hh,
    }
    layer.load_state_dict({key: torch.tensor(array) for key, array in tensors.items()})
    head = net.heads["legal"]
    for word in REBER.sample(20, seed=1):
        columns = torch.tensor([net.alphabet.index(symbol) for symbol in word])
        h, _ = layer(torch.nn.functional.one_hot(columns, len(net.alphabet)).double()[None])
        said = h[0].detach().numpy() @ head.weight.T + head.bias > 0
        steps = rl.trace(net, word).steps
        for t in range(len(word) - 1):
            offered = {s for s, yes in zip(net.alphabet, said[t], strict=True) if yes}
            assert offered == set(steps[t].legal) == REBER.legal(REBER.run(word[: t + 1]))


def test_the_next_head_knows_probabilities() -> None:
    training = rl.train(rl.Settings(fsm=REBER, cells=8, seed=1))
    assert training.success
    net = lstm_of(training)
    h = rl.trace(net, "BT").steps[-1]
    assert set(h.legal) == {"S", "X"}
    assert set(net.heads) == {"legal", "next"}


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_other_cells_learn_too(cell: str, tmp_path: Path) -> None:
    training = rl.train(rl.Settings(fsm=REBER, cell=cell, cells=8))  # type: ignore[arg-type]
    assert training.success
    assert isinstance(training.net, Net)
    assert training.net.layers[0].cell.name == cell
    rl.save(training.net, tmp_path / "net.safetensors")
    training.save(tmp_path / "same.safetensors")
    content = (tmp_path / "net.safetensors").read_bytes()
    assert content == (tmp_path / "same.safetensors").read_bytes()
    assert training.net.size == training.cells == 8
    for net in (training.net, rl.load(tmp_path / "net.safetensors")):
        for word in REBER.prefixes(9):
            if word and REBER.legal(REBER.run(word)):
                states = net.start()
                for symbol in word:
                    states = net.step(states, np.array([net.alphabet.index(symbol)]))
                said = net.observe(states).legal
                assert said is not None
                offered = {s for s, yes in zip(net.alphabet, said[0], strict=True) if yes}
                assert offered == REBER.legal(REBER.run(word))


def test_latches_keep_either_value_whatever_comes() -> None:
    rng = np.random.default_rng(0)
    first = at_random(rng, cell="lstm", nets=1, symbols=7, cells=16, heads={"legal": 7})
    begin_as_latches(first, 8)
    trained = parameters(first)
    symbols = torch.as_tensor(rng.integers(0, 7, (400, 1, 20)))
    noise = torch.zeros(400, 1, 20, 16, dtype=torch.float64)
    noise[0, :, :, :8] = torch.as_tensor(rng.choice([-2.0, 2.0], (20, 8)))  # what is to be kept
    with torch.no_grad():
        _, c = run("lstm", trained, symbols, noise)
    assert bool((c[-1, ..., :8].sign() == noise[0, ..., :8].sign()).all())
    assert float(c[-1, ..., :8].abs().min()) > 0.5


def test_large_machines_that_have_to_be_proved_begin_with_latches() -> None:
    embedded = rl.load_grammar("embedded-reber")
    assert NetRun(rl.Settings(fsm=embedded, noise=0.3)).latched
    assert not NetRun(rl.Settings(fsm=embedded)).latched
    assert not NetRun(rl.Settings(fsm=embedded, noise=0.3, start="compiled")).latched
    assert not NetRun(rl.Settings(fsm=REBER, noise=0.3)).latched


def test_an_acceptor_knows_the_empty_word_and_violations(small: rl.Training) -> None:
    net, fsm = lstm_of(small), SMALL.fsm
    assert net.claims == "all"
    weight, bias = net.heads["accept"].weight, net.heads["accept"].bias
    layer = torch.nn.LSTMCell(len(net.alphabet), net.size).double()
    arrays = (net.weight_ih, net.weight_hh, net.bias_ih, net.bias_hh)
    for parameter, array in zip(layer.parameters(), arrays, strict=True):
        parameter.data = torch.tensor(array)
    for length in range(8):
        for word in product(net.alphabet, repeat=length):
            state = (torch.zeros(1, net.size).double(), torch.zeros(1, net.size).double())
            for symbol in word:
                one_hot = [[float(symbol == other) for other in net.alphabet]]
                state = layer(torch.tensor(one_hot).double(), state)
            said = state[0].detach().numpy()[0] @ weight.T + bias > 0
            assert bool(said[0]) == fsm.accepts(word)


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_other_cells_are_proved_too(cell: str) -> None:
    training = rl.train(
        "tomita-1", cell=cell, task="accept", cells=3, noise=0.2, words=8, restarts=0, seed=1
    )
    assert training.success
    assert training.certificate is not None
    assert training.certificate.scope == "all"
    assert isinstance(training.net, Net)
    assert training.net.layers[0].cell.name == cell
    assert check(training.certificate.to_dict(), training.net, SMALL.fsm).valid


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_other_cells_can_be_begun_from(cell: str) -> None:
    """What the net knows is not undone, and further cells may be trained along."""
    start = rl.train("tomita-1", cell=cell, task="accept", cells=3, words=8).net
    again = rl.train(
        "tomita-1", cell=cell, task="accept", start=start, cells=4, words=8, steps=50, restarts=0
    )
    assert again.success
    assert again.cells == 4


@pytest.mark.parametrize("name", ["reber", "embedded-reber"])
def test_training_goes_on_from_a_compiled_net(name: str) -> None:
    """What it knows is not undone: it is still right at the first look."""
    fsm = rl.load_grammar(name)
    compiled = rl.compile(fsm)
    training = rl.train(rl.Settings(fsm=fsm, start="compiled", words=8, steps=50, restarts=0))
    assert training.success
    assert training.cells == compiled.size
    moved = np.abs(lstm_of(training).weight_hh - compiled.weight_hh)
    assert moved[compiled.weight_hh == 0].max() > 0.01, "it has been trained"


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_training_goes_on_from_a_compiled_net_of_signs(cell: str) -> None:
    for name in ("embedded-reber", "modular-arithmetic"):
        compiled = rl.compile(name, cell=cell, gain=5.0)
        training = rl.train(name, cell=cell, start="compiled", words=8, steps=50, restarts=0)
        assert training.success
        assert isinstance(training.net, Net)
        (layer,), (before,) = training.net.layers, compiled.layers
        assert np.abs(layer.weight_hh - before.weight_hh).max() > 1e-4, "it has been trained"
        assert rl.certify(training.net, heads=["legal"]).holds


def test_further_cells_can_be_trained_along() -> None:
    start = rl.compile(REBER, gain=5.0)
    training = rl.train(rl.Settings(fsm=REBER, start=start, cells=10, words=8, steps=50))
    assert training.success
    assert training.cells == 10


# The seed decides


def test_equal_settings_give_equal_nets(small: rl.Training) -> None:
    again = rl.train(SMALL)
    assert same(lstm_of(again), lstm_of(small))
    assert again.certificate == small.certificate
    other = rl.train(replace(SMALL, seed=1, steps=50, restarts=0))
    assert not same(lstm_of(other), lstm_of(small))


def test_a_search_that_never_succeeds_says_so_and_keeps_the_best() -> None:
    settings = rl.Settings(fsm=REBER, cells=1, words=8, steps=30, restarts=1)
    training = rl.train(settings)
    assert not training.success
    assert training.attempts == 2
    assert training.steps == 60
    assert training.words_presented == 60 * 8
    assert 0.0 <= training.accuracy < 1.0


# What cuts it short


KILLED = """
import os, signal, sys, time
from pathlib import Path
import reberlstm as rl

settings = rl.Settings(
    fsm=rl.load_grammar("tomita-1"), task="accept", cells=3, noise=0.5, seed=0, words=16
)

def training(path, at):
    def report(progress):
        if progress.step == at:
            os.kill(os.getpid(), signal.SIGKILL)
    rl.train(settings, report=report, checkpoint=path, checkpoint_seconds=0.0)

folder = Path(sys.argv[1])
for at in (30, 220):
    if not (child := os.fork()):
        training(folder / f"{at}.checkpoint", at)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    (folder / f"{at} was killed").touch()
while not (folder / "go on").exists():
    time.sleep(0.05)
while True:
    training(folder / "always.checkpoint", -1)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, subprocess.Popen]]:  # type: ignore[type-arg]
    """Trainings that were killed after 30 and 220 steps, and one that goes on when it is told to."""
    folder = tmp_path_factory.mktemp("killed")
    with subprocess.Popen([sys.executable, "-c", KILLED, str(folder)]) as process:
        yield folder, process
        process.kill()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("at", [30, 220], ids=["while it learns", "while it is being proved"])
def test_a_killed_training_is_resumed_to_the_same_net(
    small: rl.Training, killed: tuple[Path, object], at: int
) -> None:
    path = killed[0] / f"{at}.checkpoint"
    wait_for(killed[0] / f"{at} was killed")
    went: list[Progress] = []
    resumed = rl.train(SMALL, report=went.append, checkpoint=path, resume=True)
    assert went[0].step == at, "the step before the kill was the last one that was written"
    assert went[0].phase == ("learn" if at == 30 else "prove")
    assert same(lstm_of(resumed), lstm_of(small))
    assert resumed.steps == small.steps
    assert not path.exists(), "a finished training leaves no checkpoint"


def test_a_kill_at_any_moment_leaves_a_whole_checkpoint(
    killed: tuple[Path, subprocess.Popen],  # type: ignore[type-arg]
) -> None:
    """Killed from outside, while it writes as often as it can."""
    path, process = killed[0] / "always.checkpoint", killed[1]
    (killed[0] / "go on").touch()
    wait_for(path)
    whole = 0
    while whole < 3:
        if path.exists():  # a training that has finished removes it
            whole += checkpoints.load(path).state["step"] > 0
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    if path.exists():
        assert checkpoints.load(path).state["step"] > 0


def test_an_interrupt_keeps_the_best_and_the_rest_can_follow(
    small: rl.Training, tmp_path: Path
) -> None:
    path = tmp_path / "net.checkpoint"

    def report(progress: Progress) -> None:
        if progress.step == 70:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    training = rl.train(SMALL, report=report, checkpoint=path)
    assert signal.getsignal(signal.SIGINT) is before
    assert training.interrupted
    assert not training.success
    assert training.steps == 70
    assert training.accuracy > 0.5, "of the best so far, at the look after 50 steps"
    resumed = rl.train(SMALL, checkpoint=path, resume=True)
    assert same(lstm_of(resumed), lstm_of(small))


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.checkpoint"

    def report(progress: Progress) -> None:
        signal.raise_signal(signal.SIGINT)

    rl.train(rl.Settings(fsm=REBER, seed=1), report=report, checkpoint=path)
    with pytest.raises(TrainingError) as caught:
        rl.train(rl.Settings(fsm=REBER, seed=2), checkpoint=path, resume=True)
    assert str(caught.value) == (
        f"{path} is of a training with seed 1; resume with the same settings, or delete it to "
        "begin anew"
    )
    with pytest.raises(TrainingError, match="is of a training with another grammar; resume"):
        rl.train(rl.Settings(fsm=PARITY, seed=1), checkpoint=path, resume=True)


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.checkpoint"
    settings = rl.Settings(fsm=REBER)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(FormatError, match=r"net\.checkpoint: damaged, or no checkpoint"):
        rl.train(settings, checkpoint=path, resume=True)
    rl.save(rl.compile(REBER), tmp_path / "net.safetensors")
    (tmp_path / "net.safetensors").rename(path)
    with pytest.raises(FormatError, match=r"net\.checkpoint: no checkpoint of a training"):
        rl.train(settings, checkpoint=path, resume=True)
    state = {"settings": settings.to_dict(), "step": 3}
    checkpoints.save(path, checkpoints.Checkpoint({"net.bias": np.zeros(3)}, state))
    with pytest.raises(
        TrainingError, match=r"net\.checkpoint: not a complete checkpoint \(the state has no 'att"
    ):
        rl.train(settings, checkpoint=path, resume=True)


# What is asked


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"cell": "transformer"}, "cell 'transformer'; choose 'lstm' or 'gru' or 'rnn' or 'fsm'"),
        ({"task": "label"}, "task 'label'; choose 'next' or 'accept'"),
        ({"start": "published"}, "start 'published'; choose 'random' or 'compiled'"),
        ({"cells": 0}, "cells is 0; it must be at least 1"),
        ({"cells": 10**6}, "cells is 1,000,000; at most 2,000 can be trained here"),
        ({"steps": 0}, "steps is 0; it must be at least 1"),
        ({"seed": -1}, "seed is -1; it must be at least 0"),
        ({"noise": -0.5}, "noise is -0.5; it must be finite and not negative"),
        ({"noise": float("nan")}, "noise is nan; it must be finite and not negative"),
        (
            {"cell": "fsm", "noise": 1.0},
            "a machine has no memory that noise could disturb; leave noise at 0",
        ),
        (
            {"start": rl.published()},
            "net 'published' (Toy LSTM) is not one layer of LSTM, GRU or RNN cells over one-hot "
            "symbols; begin from such a net",
        ),
        (
            {"cell": "gru", "start": rl.compile(REBER)},
            "net 'compiled' (LSTM) has other cells than the net to be trained, 'gru'; pass cell "
            "'lstm', or begin from another net",
        ),
        (
            {"cell": "fsm", "start": "compiled"},
            "a machine begins at random; leave start at 'random'",
        ),
        (
            {"start": rl.compile(PARITY)},
            "the alphabet of net 'compiled' is 0 1, but that of reber is B T S X P V E; begin from "
            "a net with the same one, in the same order",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_settings_are_checked(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(TrainingError) as caught:
        rl.Settings(fsm=REBER, **wrong)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_a_machine_with_counters() -> None:
    training = rl.train("dyck-1", task="accept", start="compiled", steps=50, restarts=0)
    assert training.success
    assert isinstance(training.net, Net)
    before, after = ({"noise": 0.1}, "noise asks for a proof"), ({"cell": "fsm"}, "cell 'fsm' le")
    for wrong, message in (before, after):
        with pytest.raises(TrainingError, match=f"{message}.*, but anbn has counters; leave it"):
            rl.train("anbn", **wrong)


def test_a_machine_by_name_and_a_task() -> None:
    training = rl.train("tomita-1", task="accept", cells=2, steps=1, restarts=0)
    assert training.settings == rl.Settings(
        fsm=SMALL.fsm, task="accept", cells=2, steps=1, restarts=0
    )
