"""Random machines with counters, words for them, and what is right: for tests and tables.

`Followed` follows a machine by its transitions alone, and shares no code with the package.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any

from reberlstm.machine.counters import ANY, CounterMachine, CounterTransition

SHIPPED = (
    *("anbn", "anbncn", "anbmcnm", "dyck-1", "shuffle-2", "shuffle-6", "majority", "equal-ab"),
)
"""The machines with counters that the package brings."""

WHOLE = frozenset({-1, 0, 1})
GUARDS = tuple(
    [frozenset(part) for part in parts]
    for parts in (
        [{-1, 0, 1}],
        [{1}, {-1, 0}],
        [{0}, {-1, 1}],
        [{-1}, {0, 1}],
        [{-1}, {0}, {1}],
    )
)
"""Ways to tell the signs of a counter apart."""


def random_machine(rng: random.Random, counters: int) -> CounterMachine:
    """A machine of one to four states over two or three symbols, some of whose steps are illegal.

    For each state and symbol half of the counters are asked, in any way, and the changes are drawn
    for each answer.
    """
    states = [f"q{number}" for number in range(rng.randint(1, 4))]
    alphabet = tuple("abc"[: rng.randint(2, 3)])
    arrows = []
    for state, symbol in itertools.product(states, alphabet):
        asked = [rng.choice(GUARDS) if rng.random() < 0.5 else GUARDS[0] for _ in range(counters)]
        for when in itertools.product(*asked):
            if rng.random() < 0.15:
                continue
            change = tuple(rng.choice([0, 1, 1, -1, -1, None]) for _ in when)
            arrows.append(CounterTransition(state, symbol, rng.choice(states), when, change))
    ends = [frozenset({0}), frozenset({1}), frozenset({0, 1}), ANY]
    accepting = [
        (state, tuple(rng.choice(ends) for _ in range(counters)))
        for state in states
        if rng.random() < 0.7
    ]
    names = tuple("nmk"[:counters])
    return CounterMachine("random", alphabet, states[0], names, tuple(arrows), tuple(accepting))


class Followed:
    """A word read by a machine: the state, None after a violation, and the counters."""

    def __init__(self, machine: CounterMachine) -> None:
        self.machine = machine
        self.state: str | None = machine.start
        self.values = [0] * len(machine.counters)

    def _arrow(self, symbol: str) -> CounterTransition | None:
        for arrow in self.machine.transitions:
            fits = (arrow.source, arrow.symbol) == (self.state, symbol)
            if fits and self._holds(arrow.when):
                return arrow
        return None

    def _holds(self, when: Sequence[frozenset[int]]) -> bool:
        return all((n > 0) - (n < 0) in signs for n, signs in zip(self.values, when, strict=True))

    def read(self, symbol: str) -> None:
        """One more symbol."""
        arrow = self._arrow(symbol)
        if arrow is None:
            self.state = None
            return
        self.state = arrow.target
        self.values = [
            0 if change is None else n + change
            for n, change in zip(self.values, arrow.change, strict=True)
        ]

    @property
    def answers(self) -> list[bool]:
        """Whether each symbol is legal, and whether the word may end."""
        legal = [self._arrow(symbol) is not None for symbol in self.machine.alphabet]
        ends = any(q == self.state and self._holds(when) for q, when in self.machine.accepting)
        return [*legal, ends]


def random_word(machine: CounterMachine, rng: random.Random, length: int) -> list[int]:
    """Numbers of symbols: legal ones, the same ones for long or any; half of the words stray."""
    followed, word = Followed(machine), []
    leaning, strays = rng.random(), rng.random() < 0.5
    for _ in range(length):
        legal = [a for a, is_legal in enumerate(followed.answers[:-1]) if is_legal]
        if not legal or (strays and rng.random() < 2.0 / length):
            symbol = rng.randrange(len(machine.alphabet))
        else:
            symbol = legal[0] if rng.random() < leaning else rng.choice(legal)
        word.append(symbol)
        followed.read(machine.alphabet[symbol])
    return word


def right_answers(machine: CounterMachine, word: Sequence[int]) -> list[list[bool]]:
    """What is right before the first symbol and after each."""
    followed = Followed(machine)
    found = [followed.answers]
    for symbol in word:
        followed.read(machine.alphabet[symbol])
        found.append(followed.answers)
    return found


def onnx_step(sums: Any, c: Any) -> tuple[Any, Any]:
    """H and c after a step of onnxruntime's LSTM in float32, from pre-activations (4, N) and c."""
    import numpy as np
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    size = len(c)
    bias = np.concatenate([sums[[0, 3, 1, 2]].reshape(-1), np.zeros(4 * size)])
    arrays = {
        "W": np.zeros((1, 4 * size, 1)),
        "R": np.zeros((1, 4 * size, size)),
        "B": bias[np.newaxis],
        "h": np.zeros((1, 1, size)),
        "c": np.reshape(c, (1, 1, size)),
    }
    graph = helper.make_graph(
        [helper.make_node("LSTM", ["X", "W", "R", "B", "", "h", "c"], ["", "H", "C"],
                          hidden_size=size)],
        "step",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [1, 1, 1])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, 1, size]) for x in "HC"],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in arrays.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])
    model.ir_version = 8
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    h, after = session.run(None, {"X": np.zeros((1, 1, 1), np.float32)})
    return h.astype(np.float64).flatten(), after.astype(np.float64).flatten()
