"""The Reber grammar and the Toy LSTM written down once more, step by step, sharing no code."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

GRAPH = {
    "start": {"B": "0"},
    "0": {"T": "1", "P": "5"},
    "1": {"S": "1", "X": "2"},
    "2": {"X": "5", "S": "3"},
    "3": {"E": "end"},
    "4": {"P": "2", "V": "3"},
    "5": {"T": "5", "V": "4"},
    "end": {},
}


def legal(word: str) -> str | None:
    """The symbols that may follow, sorted; None after a violation."""
    state = "start"
    for symbol in word:
        if symbol not in GRAPH[state]:
            return None
        state = GRAPH[state][symbol]
    return "".join(sorted(GRAPH[state]))


def sigma(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z > -700 else 0.0


def after(m: list[float], symbol: str) -> list[float]:
    """The memory after one symbol, by the formulae of the source."""
    b, t, s, x, p, v = (float(symbol == letter) for letter in "BTSXPV")
    gates = [
        (0.0, math.tanh(5 * b), 1.0),
        (sigma(10 * (0.5 - x)), math.tanh(5 * t), sigma(30 * (0.75 - m[5]))),
        (sigma(30 * (0.65 - m[2])), math.tanh(0.55 * (t + x + p)), sigma(30 * (0.65 - m[5]))),
        (sigma(10 * (0.5 - p)), math.tanh(3 * s + 0.55 * v), sigma(10 * (0.7 - m[1]))),
        (sigma(10 * (0.6 - m[4])), math.tanh(5 * v), sigma(10 * (0.6 - m[4]))),
        (
            sigma(10 * (0.5 - s - v)),
            math.tanh(0.55 * b + 0.7 * p + 5 * x),
            sigma(30 * (0.65 - m[1])),
        ),
    ]
    return [old * f + g * i for old, (f, g, i) in zip(m, gates, strict=True)]


def offered(m: list[float]) -> str:
    """The symbols whose reader is over one half, sorted."""
    readers = {
        "T": m[0] + m[5],
        "S": m[1] + m[2],
        "X": m[1] + m[2],
        "P": m[0] + m[4],
        "V": m[4] + m[5],
        "E": m[3],
    }
    return "".join(sorted(a for a, sum_ in readers.items() if math.tanh(5 * (sum_ - 0.7)) > 0.5))


def run(word: Iterable[str], start: Iterable[float] = (0.0,) * 6) -> list[str]:
    """What is offered after every symbol."""
    memory, found = list(start), []
    for symbol in word:
        memory = after(memory, symbol)
        found.append(offered(memory))
    return found


def right_answers(word: str, offers: list[str]) -> list[bool]:
    """Whether each offer is right, where the word can go on."""
    allowed = [legal(word[: t + 1]) for t in range(len(word))]
    return [said == right for said, right in zip(offers, allowed, strict=True) if right]


def sample(rng: np.random.Generator) -> str:
    """A word, with each choice equally likely."""
    state, word = "start", ""
    while GRAPH[state]:
        word += (symbol := str(rng.choice(list(GRAPH[state]))))
        state = GRAPH[state][symbol]
    return word
