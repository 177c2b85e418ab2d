"""Does a machine show what a net shows: on all short words, and on long random ones?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from reberlstm.machine.fsm import FSM

Word = tuple[int, ...]
Machine = Callable[[Word], Any]
"""What a machine shows after a word: acceptance, or the legal set; `OVER` after a violation."""

OVER = "over"
"""What is shown after a symbol that was not offered."""


def shown(seen: Any) -> Any:
    """An observation as a value that can be compared."""
    return tuple(seen.tolist()) if np.ndim(seen) else bool(seen)


def reader(fsm: FSM, net: Any) -> Machine:
    """What a machine shows, in the terms of a net that tells legal symbols or acceptance."""

    def machine(word: Word) -> Any:
        state = fsm.run([net.alphabet[symbol] for symbol in word])
        if net.kind == "accept":
            return state is not None and state in fsm.accepting
        if state is None:
            return OVER
        return tuple(symbol in fsm.legal(state) for symbol in net.alphabet)

    return machine


def short_words(net: Any, length: int, most: int) -> Iterator[tuple[Word, Any]]:
    """All words of at most `length` symbols that the net speaks about, and what it shows."""
    words: list[Word] = [()]
    states = net.initial()[np.newaxis]
    for _ in range(length + 1):
        seen = net.observe(states)
        for word, one in zip(words, seen, strict=True):
            yield word, shown(one)
        offered = seen if net.kind == "legal" else np.ones((len(words), len(net.alphabet)), bool)
        rows, symbols = np.nonzero(offered)
        if not len(rows) or len(rows) > most:
            return
        words = [(*words[row], int(symbol)) for row, symbol in zip(rows, symbols, strict=True)]
        states = net.step(states[rows], symbols)


def long_words(net: Any, count: int, length: int, seed: int) -> Iterator[tuple[Word, Any]]:
    """Random words along the net's offers."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        state, word = net.initial()[np.newaxis], []
        for _ in range(length):
            seen = net.observe(state)[0]
            options = np.flatnonzero(seen) if net.kind == "legal" else range(len(net.alphabet))
            if not len(options):
                break
            symbol = int(rng.choice(options))
            word.append(symbol)
            state = net.step(state, np.array([symbol]))
        yield tuple(word), shown(net.observe(state)[0])


def agreement(machine: Machine, words: list[tuple[Word, Any]]) -> float:
    """The share of words after which the machine shows what the net shows."""
    return float(np.mean([machine(word) == shown for word, shown in words]))
