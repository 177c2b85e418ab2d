"""The training of a machine whose transitions are soft, so that it can be trained like a net.

A machine of N slots is an output table and, for each symbol a, a row-stochastic matrix
T[a] = softmax(W[a]), (N, N). A word moves a distribution over the slots, p ← p·T[a], which begins
in slot 0; that is a mixture of finite-state machines, and all of it can be derived. Trained on
words, the rows become nearly one-hot, and rounding them gives a machine to read.

Only words are learned from, never the machine's states: for the task ``next`` the symbol that came
next or the end of the word, for ``accept`` the label of every prefix. Several machines learn side
by side from the same words, each from a beginning of its own. Success is exact: a rounded machine
has the legal sets and the acceptance of the one that drew the words, which is decided over the
product of the two. Why it begins as it does and with short words: docs/training.md.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import Floats
from reberlstm.training.cells import Parameters
from reberlstm.training.objective import LONGEST, Task
from reberlstm.training.run import Run
from reberlstm.training.walks import Bools, Ints, Walks, Words

SLOTS = 32
"""The slots of a machine where nothing says otherwise; too many do no harm."""

MACHINES = 8
"""How many learn side by side."""

CHOICE = 4
"""So many times as many words as are learned from are drawn at first, and the shortest taken …"""

CHOICE_FOR = 200
"""… and after so many steps, all that are drawn; by the same factor in every step."""

SHARPNESS = 6.0
"""By how much the permutation's entry stands out of a row of W at first."""

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
        each = loss(self.objective.walks, self.settings.task, self.parameters, words)
        return each.sum(), float(each.detach().min())

    def _assess(self) -> tuple[float, dict[str, Floats]]:
        arrays, alphabet = self._arrays(), self.settings.fsm.alphabet
        accuracies = [self._accuracy(Rounded(arrays, index, alphabet)) for index in range(MACHINES)]
        best = int(np.argmax(accuracies))
        return accuracies[best], {key: array[best : best + 1] for key, array in arrays.items()}

    def _accuracy(self, machine: Rounded) -> float:
        """The share of validation answers that a rounded machine gets right."""
        words, walks = self.validation, self.objective.walks
        slots = machine.follow(words)
        right = machine.accepting[slots] == walks.accepting[words.states]
        if self.settings.task == "next":
            right &= (machine.legal[slots] == walks.legal[words.states]).all(axis=-1)
        return float((right & words.present).sum() / words.present.sum())

    def _succeeds(self) -> bool:
        if self.accuracy < 1.0:
            return False
        found, reference = self._trained(), self.settings.fsm
        return found.difference(reference) is None and (
            self.settings.task == "accept" or found.difference(reference, by="legal") is None
        )

    def _trained(self) -> FSM:
        return Rounded(self.best, 0, self.settings.fsm.alphabet).to_fsm("trained")


def at_random(
    rng: np.random.Generator, machines: int, slots: int, symbols: int, task: Task
) -> dict[str, Floats]:
    """First values: ``transitions`` (R, A, N, N) and ``outputs`` (R, N, A + 1), or (R, N, 1).

    Every symbol begins near a random permutation of the slots, which forgets nothing.
    """
    transitions = rng.standard_normal((machines, symbols, slots, slots))
    for machine in range(machines):
        for symbol in range(symbols):
            transitions[machine, symbol, np.arange(slots), rng.permutation(slots)] += SHARPNESS
    columns = symbols + 1 if task == "next" else 1
    return {
        "transitions": transitions,
        "outputs": 0.5 * rng.standard_normal((machines, slots, columns)),
    }


def loss(walks: Walks, task: Task, parameters: Parameters, words: Words) -> Tensor:
    """The negative logarithm of what came, per symbol, for each machine, (R,).

    Args:
        walks: The machine to learn; of it, only labels and the ends of words are used.
        task: What is asked.
        parameters: Of R machines.
        words: The same for all machines, (T, 1, B).
    """
    transitions = parameters["transitions"].softmax(dim=-1)
    symbols = torch.as_tensor(words.symbols[:, 0])
    present = torch.as_tensor(words.present[:, 0]).to(transitions.dtype)
    at = _distributions(transitions, symbols, present)
    came = _next_came if task == "next" else _labels_came
    return came(walks, parameters["outputs"], at, words) / present.sum()


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


def _next_came(walks: Walks, outputs: Tensor, at: Tensor, words: Words) -> Tensor:
    """Of the symbols, and of the end where a word ended by itself."""
    offered = at @ outputs.softmax(dim=-1)  # (T + 1, R, B, A + 1)
    symbols = torch.as_tensor(words.symbols[:, 0])
    present = torch.as_tensor(words.present[:, 0]).to(at.dtype)
    chosen = (offered[:-1] * one_hot(symbols, offered.shape[-1])[:, None]).sum(dim=-1)
    total = -(chosen.clamp(min=LEAST).log() * present[:, None]).sum(dim=(0, 2))
    last = words.states[-1, 0]  # a word that is over stays in its last state
    ended = torch.as_tensor(walks.accepting[last] & (words.lengths[0] < LONGEST["next"]))
    return total - (offered[-1, ..., -1].clamp(min=LEAST).log() * ended).sum(dim=1)


def _labels_came(walks: Walks, outputs: Tensor, at: Tensor, words: Words) -> Tensor:
    """Of the label of every prefix, the empty one too."""
    yes = (at @ outputs.sigmoid())[..., 0].clamp(LEAST, 1.0 - LEAST)  # (T + 1, R, B)
    start = np.zeros((1, words.symbols.shape[2]), dtype=np.intp)
    label = torch.as_tensor(walks.accepting[np.concatenate([start, words.states[:, 0]])])[:, None]
    present = torch.as_tensor(words.present[:, 0]).to(at.dtype)
    counts = torch.cat([torch.ones_like(present[:1]), present])[:, None]
    return -(torch.where(label, yes, 1.0 - yes).log() * counts).sum(dim=(0, 2))


class Rounded:
    """A soft machine with every row of its transitions rounded to its largest entry.

    Args:
        parameters: As arrays, of R machines.
        index: Which one.
        alphabet: The symbols.
    """

    def __init__(
        self, parameters: dict[str, Floats], index: int, alphabet: tuple[str, ...]
    ) -> None:
        self.alphabet = alphabet
        self.target: Ints = parameters["transitions"][index].argmax(axis=-1).T  # (N, A)
        outputs = parameters["outputs"][index]
        if outputs.shape[1] == 1:
            self.legal: Bools = np.ones(self.target.shape, dtype=bool)
            self.accepting: Bools = outputs[:, 0] > 0.0
        else:
            e = np.exp(outputs - outputs.max(axis=1, keepdims=True))
            said = e / e.sum(axis=1, keepdims=True) > OFFERED / outputs.shape[1]
            self.legal, self.accepting = said[:, :-1], said[:, -1]

    def follow(self, words: Words) -> Ints:
        """The slot after every symbol, (T, 1, B)."""
        slot = np.zeros(words.symbols.shape[1:], dtype=np.intp)
        slots = np.empty_like(words.symbols)
        for t, symbols in enumerate(words.symbols):
            slot = np.where(words.present[t], self.target[slot, symbols], slot)
            slots[t] = slot
        return slots

    def to_fsm(self, name: str) -> FSM:
        """The machine, minimised, its states numbered in the order of shortest words."""
        whole = FSM(
            alphabet=self.alphabet,
            start="0",
            accepting=frozenset(map(str, np.flatnonzero(self.accepting))),
            transitions={
                str(slot): {
                    symbol: str(self.target[slot, column])
                    for column, symbol in enumerate(self.alphabet)
                    if self.legal[slot, column]
                }
                for slot in range(len(self.target))
            },
            name=name,
        ).minimise()
        order = [whole.start]
        for state in order:
            order += [to for to in whole.transitions[state].values() if to not in order]
        number = {state: str(position) for position, state in enumerate(order)}
        return FSM(
            alphabet=self.alphabet,
            start="0",
            accepting=frozenset(number[state] for state in whole.accepting),
            transitions={
                number[state]: {a: number[to] for a, to in whole.transitions[state].items()}
                for state in order
            },
            name=name,
        )
