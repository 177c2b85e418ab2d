"""What is made small, and what counts as success.

The task ``next`` is to say after every prefix of a legal word which symbols may follow (``legal``,
binary cross-entropy on legal sets) and with which probability each does (``next``, cross-entropy on
the symbol that came). The task ``accept`` is to say of every word, with violations or without,
whether it is accepted.

A machine with counters is learned from words that it accepts, of all lengths up to `COUNTED`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, product
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from reberlstm.errors import GrammarError
from reberlstm.machine.counters import CounterMachine, Machine
from reberlstm.machine.counting import count_words, samples_of_length
from reberlstm.machine.fsm import FSM, Word
from reberlstm.machine.tables import Bools, Scope, Words
from reberlstm.net.cells import CELLS
from reberlstm.training.cells import CellType, Parameters, inputs, read, run

Task = Literal["next", "accept"]

LONGEST: dict[Task, int] = {"next": 40, "accept": 20}
"""The longest words that are learned from."""

VALIDATION_SAMPLES = 200
VALIDATION_LONGEST = 60
VALIDATION_PREFIXES = 400
"""Success means all right on so many sampled words and about so many of the shortest ones."""

COUNTED, OF_EACH_LENGTH = 40, 50
"""The longest words that counting is learned from, and how many of each length there are."""

LEAK_FROM = 3.0
"""The pre-activation above which the gate that keeps a memory hardly forgets: 0.95."""


@dataclass(frozen=True)
class Loss:
    """Of N nets, (N,) each, per symbol: the loss on words, and how far keeping gates leak."""

    words: Tensor
    leak: Tensor


def objective_of(machine: Machine, task: Task) -> Objective:
    """The objective for a finite machine, or one with counters."""
    if isinstance(machine, CounterMachine):
        return CountingObjective(machine, task)
    return Objective(machine, task)


class Objective:
    """One task on one machine."""

    def __init__(self, fsm: FSM, task: Task) -> None:
        self.task = task
        self.fsm = fsm
        self.machine = fsm.tables()
        if not self.machine.goes_on[0]:
            raise GrammarError(
                f"{fsm} has no word of one symbol or more; there is nothing to learn"
            )
        truth = self.machine.legal if task == "next" else self.machine.accepting[:, None]
        self.head = "legal" if task == "next" else "accept"
        self._truth = torch.tensor(truth, dtype=torch.float64)  # (S, R)

    @property
    def heads(self) -> dict[str, int]:
        """The heads to train, with their numbers of rows."""
        symbols = len(self.fsm.alphabet)
        return {"legal": symbols, "next": symbols} if self.task == "next" else {"accept": 1}

    @property
    def claims(self) -> Scope:
        """The scope that a net of this task is meant to be right in."""
        return "legal" if self.task == "next" else "all"

    def draw(
        self, rng: np.random.Generator, nets: int, words: int, longest: int | None = None
    ) -> Words:
        """Words to learn from."""
        draw = self.machine.draw if self.task == "next" else self.machine.stray
        return draw(rng, (nets, words), LONGEST[self.task] if longest is None else longest)

    def loss(
        self,
        cell: CellType,
        parameters: Parameters,
        words: Words,
        noise: Tensor | None,
        leak_from: float = LEAK_FROM,
    ) -> Loss:
        """The loss of N nets on words of their own."""
        symbols = torch.as_tensor(words.symbols)
        h, _ = run(cell, parameters, symbols, noise)
        states = torch.as_tensor(words.states)
        asked = torch.as_tensor(self.asked(words), dtype=h.dtype)
        each = binary_cross_entropy_with_logits(
            read(parameters, self.head, h), self._truth[states], reduction="none"
        ).sum(dim=-1)
        total = (each * asked).sum(dim=(0, 2))
        number = asked.sum(dim=(0, 2))
        if self.task == "next":
            # The negative logarithm of the probability of every symbol but the first.
            came = torch.as_tensor(words.present[1:], dtype=h.dtype)
            logits = read(parameters, "next", h[:-1]).log_softmax(dim=-1)
            chosen = logits.gather(-1, symbols[1:, ..., None]).squeeze(-1)
            total = total - (chosen * came).sum(dim=(0, 2))
        else:
            empty = read(parameters, self.head, h.new_zeros(h.shape[1], 1, h.shape[3]))
            right = self._truth[0].expand_as(empty)
            missed = binary_cross_entropy_with_logits(empty, right, reduction="none")
            total = total + missed.sum(dim=(1, 2)) * symbols.shape[2]
            number = number + symbols.shape[2]
        leak = torch.zeros_like(total)
        kind = CELLS[cell]
        if kind.keeping and len(symbols) > 1:
            # How far the pre-activations of the gates that keep are over `leak_from`.
            first = kind.gates.index(kind.keeping) * h.shape[-1]
            rows = slice(first, first + h.shape[-1])
            z = inputs(parameters, symbols[1:])[..., rows]
            z = z + h[:-1] @ parameters["weight_hh"][..., rows]
            leak = (torch.relu(z - leak_from).sum(dim=-1) * asked[1:]).sum(dim=(0, 2))
        return Loss(total / number, leak / number)

    def validation(self, rng: np.random.Generator) -> Words:
        """Words on which all has to be right: sampled ones, and the shortest of all."""
        drawn = self.draw(rng, 1, VALIDATION_SAMPLES, VALIDATION_LONGEST)
        lengths = enumerate(drawn.lengths[0])
        words: list[Sequence[int | str]] = [
            drawn.symbols[:length, 0, number].tolist() for number, length in lengths
        ]
        return self.machine.given([*words, *self._shortest()]).for_nets()

    def wrong(self, cell: CellType, parameters: Parameters, words: Words) -> Bools:
        """Where an answer is wrong, (T, N, B); for ``accept`` also the empty word, at the first."""
        nets = parameters["weight_hh"].shape[0]
        with torch.no_grad():
            symbols = torch.as_tensor(words.symbols).expand(-1, nets, -1)
            h, _ = run(cell, parameters, symbols)
            said = (read(parameters, self.head, h) > 0.0).numpy()
            first = (parameters[f"{self.head}.bias"] > 0.0).numpy()
        truth = self._truth.numpy() > 0.5
        wrong: Bools = (said != truth[words.states]).any(axis=-1) & self.asked(words)
        if self.task == "accept":
            wrong[0] |= (first != truth[0]).any(axis=-1)
        return wrong

    def asked(self, words: Words) -> Bools:
        """Where something is asked: the scope ``legal`` leaves out words that cannot go on."""
        return np.asarray(words.present & self.machine.asked(self.claims)[words.states])

    def _shortest(self) -> list[Word]:
        """The shortest legal words (or all words), of whole lengths, up to about the number."""
        every: Iterable[Word] = self.fsm.prefixes(VALIDATION_LONGEST)
        if self.task == "accept":
            lengths = range(VALIDATION_LONGEST + 1)
            every = (word for n in lengths for word in product(self.fsm.alphabet, repeat=n))
        found: list[Word] = []
        for length, words in groupby(every, len):
            level = list(islice(words, VALIDATION_PREFIXES + 1 if found else None))
            if found and len(found) + len(level) > VALIDATION_PREFIXES:
                break
            found += level if length else ()
        return found


class CountingObjective(Objective):
    """One task on a machine with counters: on words drawn evenly, as many of each length.

    A random walk would hardly ever count far. For ``accept`` one symbol in five of half of the
    words is replaced by any at all, as elsewhere.
    """

    def __init__(self, machine: CounterMachine, task: Task) -> None:
        super().__init__(machine.within(COUNTED), task)
        lengths = (n for n in range(1, COUNTED + 1) if count_words(self.fsm, n))
        self._words = self.machine.given(
            [
                word
                for length in lengths
                for word in islice(samples_of_length(self.fsm, length, seed=0), OF_EACH_LENGTH)
            ]
        )
        if not self._words.count:
            raise GrammarError(
                f"{machine} accepts no word of 1 to {COUNTED} symbols; there is nothing to learn"
            )

    def draw(
        self, rng: np.random.Generator, nets: int, words: int, longest: int | None = None
    ) -> Words:
        """Words to learn from; none is cut, and none is longer than `longest`."""
        longest = COUNTED if longest is None else longest
        few = np.flatnonzero(self._words.lengths <= longest)
        chosen = self._words.take(few[rng.integers(len(few), size=nets * words)])
        symbols, present = chosen.symbols[:longest].copy(), chosen.present[:longest]
        if self.task == "accept":
            strays = 0.2 * (rng.random(symbols.shape[1:]) < 0.5)
            replaced = rng.random(symbols.shape) < strays
            symbols[replaced] = rng.integers(len(self.fsm.alphabet), size=int(replaced.sum()))
        shape = (len(symbols), nets, words)
        return self.machine.follow(symbols.reshape(shape), present.reshape(shape))
