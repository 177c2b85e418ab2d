"""Soft machines: sharp ones are machines, their loss is a likelihood, and training finds them."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import reberlstm as rl
from reberlstm.net.cells.cell import Floats
from reberlstm.training.machine_run import at_random, loss, rounded, to_fsm
from reberlstm.training.objective import Task
from reberlstm.training.settings import Progress

REBER = rl.load_grammar("reber")
SMALL = rl.Settings(fsm=rl.load_grammar("tomita-3"), cell="fsm", task="accept", cells=8, words=16)


def sharp(fsm: rl.FSM, task: Task, slots: int) -> dict[str, Floats]:
    """A soft machine that is `fsm`, as nearly as makes no difference, with slots to spare."""
    states = [fsm.start, *(state for state in fsm.states if state != fsm.start)]
    arrays = at_random(np.random.default_rng(0), 1, slots, len(fsm.alphabet), task)
    for p, state in enumerate(states):
        offered = np.full(arrays["outputs"].shape[2], -40.0)
        for column, symbol in enumerate(fsm.alphabet):
            if symbol in fsm.legal(state):
                arrays["transitions"][
                    0, column, p, states.index(fsm.transitions[state][symbol])
                ] = 60
                if task == "next":
                    offered[column] = np.log(fsm.probability(state, symbol))
        if task == "accept":
            offered[0] = 40.0 if state in fsm.accepting else -40.0
        elif state in fsm.accepting:
            offered[-1] = 0.0
        arrays["outputs"][0, p] = offered
    return arrays


@pytest.mark.parametrize("name", ["reber", "embedded-reber", "tomita-1", "tomita-4"])
def test_rounding_a_sharp_machine_gives_it_back(name: str) -> None:
    fsm = rl.load_grammar(name)
    task: Task = "accept" if name.startswith("tomita") else "next"
    arrays = sharp(fsm, task, len(fsm.states) + 3)
    found = to_fsm(rounded(arrays, 0, fsm.alphabet), "found")
    assert found.difference(fsm) is None
    if task == "next":
        assert found.difference(fsm, by="legal") is None
    assert found.states == tuple(str(number) for number in range(len(found.states)))


def test_the_loss_of_the_right_machine_is_the_entropy_of_its_words() -> None:
    machine = REBER.tables()
    words = machine.draw(np.random.default_rng(1), (1, 300), 40)
    tensors = {key: torch.tensor(a) for key, a in sharp(REBER, "next", 10).items()}
    found = float(loss(machine, "next", tensors, words)[0])
    total = 0.0
    for number, length in enumerate(words.lengths[0]):
        state = REBER.start
        for column in words.symbols[:length, 0, number]:
            symbol = REBER.alphabet[column]
            total -= np.log(REBER.probability(state, symbol))
            state = REBER.transitions[state][symbol]
    assert found == pytest.approx(total / words.lengths.sum(), rel=1e-6)
    blurred = {key: 0.05 * tensor for key, tensor in tensors.items()}
    assert float(loss(machine, "next", blurred, words)[0]) > 2 * found


def test_the_loss_of_the_right_acceptor_is_nothing() -> None:
    fsm = rl.load_grammar("tomita-4")
    machine = fsm.tables()
    words = machine.stray(np.random.default_rng(1), (1, 50), 12)
    tensors = {key: torch.tensor(a) for key, a in sharp(fsm, "accept", 6).items()}
    assert float(loss(machine, "accept", tensors, words)[0]) < 1e-5
    tensors["outputs"] = -tensors["outputs"]
    assert float(loss(machine, "accept", tensors, words)[0]) > 10


def test_what_is_learned_from_words_is_the_machine() -> None:
    training = rl.train(rl.Settings(fsm=REBER, cell="fsm", cells=12, words=16, seed=1))
    assert training.success
    assert isinstance(training.net, rl.FSM)
    assert training.net.difference(REBER) is None
    assert training.net.difference(REBER, by="legal") is None
    assert training.cells == len(training.net.states) == 8
    assert training.certificate is None


@pytest.mark.slow
def test_what_has_to_be_kept_over_the_inner_word_is_learned_too() -> None:
    fsm = rl.load_grammar("embedded-reber")
    training = rl.train(rl.Settings(fsm=fsm, cell="fsm", words=16, seed=4, steps=500, restarts=0))
    assert training.success
    assert isinstance(training.net, rl.FSM)
    assert training.net.difference(fsm, by="legal") is None
    assert training.cells == 20


def test_too_few_slots_never_succeed_and_the_best_is_kept(tmp_path: Path) -> None:
    training = rl.train(replace(SMALL, cells=1, steps=20, restarts=1))
    assert not training.success
    assert training.attempts == 2
    assert 0.0 < training.accuracy < 1.0
    training.save(tmp_path / "best.dot")
    assert rl.load_grammar(str(tmp_path / "best.dot")).difference(SMALL.fsm) is not None


def test_an_interrupted_training_is_resumed_to_the_same_machine(tmp_path: Path) -> None:
    whole = rl.train(SMALL)
    assert whole.success
    path = tmp_path / "machine.checkpoint"

    def report(progress: Progress) -> None:
        if progress.step == 20:
            signal.raise_signal(signal.SIGINT)

    cut = rl.train(SMALL, report=report, checkpoint=path)
    assert cut.interrupted
    assert not cut.success
    went: list[Progress] = []
    resumed = rl.train(SMALL, report=went.append, checkpoint=path, resume=True)
    assert went[0].step == 21
    assert (resumed.net, resumed.steps) == (whole.net, whole.steps)
    again: list[float] = []
    rl.train(SMALL, report=lambda progress: again.append(progress.loss))
    assert [progress.loss for progress in went] == again[20:], "the same numbers, bit for bit"
