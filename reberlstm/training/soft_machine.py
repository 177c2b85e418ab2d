"""Machines whose transitions are soft, so that they can be trained like a net.

A machine of N slots is an output table and, for each symbol a, a row-stochastic matrix
T[a] = softmax(W[a]), (N, N). A word moves a distribution over the slots, p ← p·T[a], which begins
in slot 0; that is a mixture of finite-state machines, and all of it can be derived. Trained on
words, the rows become nearly one-hot, and rounding them gives a machine to read.

Only words are learned from, never the machine's states: for the task ``next`` the symbol that came
next or the end of the word, for ``accept`` the label of every prefix.

Every symbol begins near a random permutation of the slots. Random maps soon merge all slots into
one, and uniform rows forget at once, but a permutation forgets nothing: what came first can still
be told at the end, which long dependencies need.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM
from reberlstm.machine.tables import Bools, Ints, Tables, Words
from reberlstm.net.weights import Floats
from reberlstm.training.cells import Parameters
from reberlstm.training.objective import LONGEST, Task

SHARPNESS = 6.0
"""By how much the permutation's entry stands out of a row of W at first."""

OFFERED = 0.4
"""A symbol is legal in a slot where its probability is over this share of the uniform one."""

LEAST = 1e-6
"""Probabilities are taken to be at least this, as the logarithm of 0 has no derivative."""


def at_random(
    rng: np.random.Generator, machines: int, slots: int, symbols: int, task: Task
) -> dict[str, Floats]:
    """First values: ``transitions`` (R, A, N, N) and ``outputs`` (R, N, A + 1), or (R, N, 1)."""
    transitions = rng.standard_normal((machines, symbols, slots, slots))
    for machine in range(machines):
        for symbol in range(symbols):
            transitions[machine, symbol, np.arange(slots), rng.permutation(slots)] += SHARPNESS
    columns = symbols + 1 if task == "next" else 1
    return {
        "transitions": transitions,
        "outputs": 0.5 * rng.standard_normal((machines, slots, columns)),
    }


def loss(machine: Tables, task: Task, parameters: Parameters, words: Words) -> Tensor:
    """The negative logarithm of what came, per symbol, for each machine, (R,).

    Args:
        machine: The machine to learn; of it, only labels and the ends of words are used.
        task: What is asked.
        parameters: Of R machines.
        words: The same for all machines, (T, 1, B).
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
        symbols = range(len(self.alphabet))

        def follow(slot: int) -> list[tuple[int, int]]:
            return [(a, int(self.target[slot, a])) for a in symbols if self.legal[slot, a]]

        reached = crawl([0], follow).found
        smallest = FSM(
            alphabet=self.alphabet,
            start="0",
            accepting=frozenset(str(slot) for slot in reached if self.accepting[slot]),
            transitions={
                str(slot): {self.alphabet[a]: str(to) for a, to in follow(slot)} for slot in reached
            },
            name=name,
        ).minimise()
        return smallest.numbered()
