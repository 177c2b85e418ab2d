"""The training of a machine whose transitions are soft, so that it can be trained like a net.

A machine of N slots is an output table and, for each symbol a, a row-stochastic matrix
T[a] = softmax(W[a]), (N, N). A word moves a distribution over the slots, p ← p·T[a], which begins
in slot 0. Trained on words, rows become nearly one-hot; rounded, they are a machine to read. What
is learned from, how it begins, and when it has succeeded: docs/training.md.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from reberlstm.machine.complete import Line
from reberlstm.machine.fsm import FSM
from reberlstm.machine.tables import Tables, Words
from reberlstm.net.cells.cell import Floats
from reberlstm.training.cells import Parameters
from reberlstm.training.objective import LONGEST, Task
from reberlstm.training.run import Run

SLOTS, MACHINES = 32, 8
"""The slots of a machine where nothing says otherwise (too many do no harm); how many learn."""

CHOICE, CHOICE_FOR = 4, 200
"""So many times as many words as are learned from are drawn at first, and the shortest taken; after
so many steps, all that are drawn; it falls by the same factor in every step."""

OFFERED = 0.4
"""A symbol is legal in a slot where its probability is over this share of the uniform one."""

LEAST = 1e-6
"""Probabilities are taken to be at least this, as the logarithm of 0 has no derivative."""


class MachineRun(Run):
    """A training of several machines, of which the best is kept."""

    dtype = torch.float32
    check_every = 25
    _rate = 0.1

    def _first_parameters(self) -> dict[str, Floats]:
        settings = self.settings
        symbols = len(settings.fsm.alphabet)
        return at_random(self.rng, MACHINES, settings.cells or SLOTS, symbols, settings.task)

    def _losses(self) -> tuple[Tensor, float]:
        choice = CHOICE ** max(0.0, 1.0 - self.step / CHOICE_FOR)
        drawn = self.objective.draw(self.rng, 1, round(choice * self.settings.words))
        words = drawn.shortest(self.settings.words)
        each = loss(self.objective.machine, self.settings.task, self.parameters, words)
        return each.sum(), float(each.detach().min())

    def _assess(self) -> tuple[float, dict[str, Floats]]:
        arrays, alphabet = self._arrays(), self.settings.fsm.alphabet
        accuracies = [self._accuracy(rounded(arrays, index, alphabet)) for index in range(MACHINES)]
        best = int(np.argmax(accuracies))
        return accuracies[best], {key: array[best : best + 1] for key, array in arrays.items()}

    def _best_like(self) -> dict[str, Floats]:
        return {key: array[:1] for key, array in self._arrays().items()}

    def _accuracy(self, found: Tables) -> float:
        """The share of validation answers that a rounded machine gets right."""
        words, truth = self.validation, self.objective.machine
        slots = found.follow(words.symbols, words.present).states
        right = found.accepting[slots] == truth.accepting[words.states]
        if self.settings.task == "next":
            right &= (found.legal[slots] == truth.legal[words.states]).all(axis=-1)
        return float((right & words.present).sum() / words.present.sum())

    def _succeeds(self) -> bool:
        if self.accuracy < 1.0:
            return False
        found, reference = self._trained(), self.objective.fsm
        return found.difference(reference) is None and (
            self.settings.task == "accept" or found.difference(reference, by="legal") is None
        )

    def _trained(self) -> FSM:
        return to_fsm(rounded(self.best, 0, self.settings.fsm.alphabet), "trained")


def at_random(
    rng: np.random.Generator, machines: int, slots: int, symbols: int, task: Task
) -> dict[str, Floats]:
    """First values: ``transitions`` (R, A, N, N) and ``outputs`` (R, N, A + 1), or (R, N, 1).

    Every symbol begins near a random permutation of the slots, which forgets nothing; its entry
    stands out of a row of W by 6.
    """
    transitions = rng.standard_normal((machines, symbols, slots, slots))
    for machine in range(machines):
        for symbol in range(symbols):
            transitions[machine, symbol, np.arange(slots), rng.permutation(slots)] += 6.0
    columns = symbols + 1 if task == "next" else 1
    return {
        "transitions": transitions,
        "outputs": 0.5 * rng.standard_normal((machines, slots, columns)),
    }


def loss(machine: Tables, task: Task, parameters: Parameters, words: Words) -> Tensor:
    """The negative logarithm of what came, per symbol, for each of R machines, (R,).

    Words are the same for all, (T, 1, B). Of the machine to learn, only labels and the ends of
    words are used.
    """
    transitions = parameters["transitions"].softmax(dim=-1)
    symbols = torch.as_tensor(words.symbols[:, 0])
    present = torch.as_tensor(words.present[:, 0]).to(transitions.dtype)
    at = _distributions(transitions, symbols, present)
    came = _next_came if task == "next" else _labels_came
    return came(machine, parameters["outputs"], at, words) / present.sum()


def _distributions(transitions: Tensor, symbols: Tensor, present: Tensor) -> Tensor:
    """Where the machines are before the first symbol and after each, (T + 1, R, B, N)."""
    machines, _, slots, _ = transitions.shape
    here = transitions.new_zeros(machines, symbols.shape[1], slots)
    here[..., 0] = 1.0
    all_of_them = [here]
    for t in range(len(symbols)):
        moved = torch.einsum("rbn,rbnm->rbm", here, transitions[:, symbols[t]])
        here = torch.where(present[t, :, None] > 0, moved, here)
        all_of_them.append(here)
    return torch.stack(all_of_them)


def _next_came(machine: Tables, outputs: Tensor, at: Tensor, words: Words) -> Tensor:
    """Of the symbols, and of the end where a word ended by itself."""
    offered = at @ outputs.softmax(dim=-1)  # (T + 1, R, B, A + 1)
    symbols = torch.as_tensor(words.symbols[:, 0])
    present = torch.as_tensor(words.present[:, 0]).to(at.dtype)
    chosen = (offered[:-1] * one_hot(symbols, offered.shape[-1])[:, None]).sum(dim=-1)
    total = -(chosen.clamp(min=LEAST).log() * present[:, None]).sum(dim=(0, 2))
    last = words.states[-1, 0]  # a word that is over stays in its last state
    ended = torch.as_tensor(machine.accepting[last] & (words.lengths[0] < LONGEST["next"]))
    return total - (offered[-1, ..., -1].clamp(min=LEAST).log() * ended).sum(dim=1)


def _labels_came(machine: Tables, outputs: Tensor, at: Tensor, words: Words) -> Tensor:
    """Of the label of every prefix, the empty one too."""
    yes = (at @ outputs.sigmoid())[..., 0].clamp(LEAST, 1.0 - LEAST)  # (T + 1, R, B)
    start = np.zeros((1, words.symbols.shape[2]), dtype=np.intp)
    label = torch.as_tensor(machine.accepting[np.concatenate([start, words.states[:, 0]])])[:, None]
    present = torch.as_tensor(words.present[:, 0]).to(at.dtype)
    counts = torch.cat([torch.ones_like(present[:1]), present])[:, None]
    return -(torch.where(label, yes, 1.0 - yes).log() * counts).sum(dim=(0, 2))


def rounded(parameters: dict[str, Floats], index: int, alphabet: tuple[str, ...]) -> Tables:
    """One of R soft machines with every row of its transitions rounded to its largest entry."""
    target = parameters["transitions"][index].argmax(axis=-1).T  # (N, A)
    outputs = parameters["outputs"][index]
    if outputs.shape[1] == 1:
        legal, accepting = np.ones(target.shape, dtype=bool), outputs[:, 0] > 0.0
    else:
        offered = torch.as_tensor(outputs).softmax(dim=1).numpy() > OFFERED / outputs.shape[1]
        legal, accepting = offered[:, :-1], offered[:, -1]
    chances = legal / np.maximum(1, legal.sum(axis=1, keepdims=True))
    lines = zip(target.tolist(), legal.tolist(), accepting.tolist(), chances.tolist(), strict=True)
    return Tables(
        alphabet=alphabet,
        names=tuple(map(str, range(len(target)))),
        lines=tuple(
            Line(to, may, ends, None, chance, 0.5 if ends else 0.0)
            for to, may, ends, chance in lines
        ),
    )


def to_fsm(machine: Tables, name: str) -> FSM:
    """The machine, minimised, its states numbered in the order of shortest words."""
    return (
        FSM(
            alphabet=machine.alphabet,
            start="0",
            accepting=frozenset(map(str, np.flatnonzero(machine.accepting))),
            transitions={
                str(slot): {machine.alphabet[a]: str(to) for a, to in machine.legal_steps(slot)}
                for slot in range(len(machine))
            },
            name=name,
        )
        .minimise()
        .numbered()
    )
