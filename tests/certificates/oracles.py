"""What certificates are held against: enumeration of all words, and arithmetic with 40 digits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, getcontext

import numpy as np

from reberlstm.machine.fsm import FSM, Word
from reberlstm.net.net import LSTMWeights
from tests.stepping import State, initial, one_hot, read, step

getcontext().prec = 40

BLURRED = 1e-12
"""Values as near to a threshold as this may be rounded to either side of it."""


@dataclass(frozen=True)
class Enumerated:
    """What all words say.

    Attributes:
        word: The first wrong word: shortest, then in alphabet order.
        heads: The heads that are wrong after it.
        length: All words up to this length were tried.
        closed: Whether no word leads anywhere else.
        blurred: Whether some value was too near its threshold to be sure.
    """

    word: Word | None
    heads: tuple[str, ...]
    length: int
    closed: bool
    blurred: bool


def target(fsm: FSM, state: str | None, symbol: str, on_violation: str) -> str | None:
    """The state after a symbol, straight from the table."""
    if state is not None and symbol in fsm.transitions[state]:
        return fsm.transitions[state][symbol]
    return fsm.transitions[fsm.start].get(symbol) if on_violation == "resync" else None


def allowed(fsm: FSM, state: str | None, on_violation: str) -> set[str]:
    """The symbols that may come next."""
    if state is None:
        return set(fsm.transitions[fsm.start]) if on_violation == "resync" else set()
    return set(fsm.transitions[state])


def wrong_heads(
    net: LSTMWeights, fsm: FSM, node: str | None, state: State, heads: tuple[str, ...]
) -> tuple[list[str], bool]:
    """The heads that are wrong in a state, and whether one is nearly undecided."""
    wrong, blurred = [], False
    for head in heads:
        values = read(net, head, state)
        over = net.reader_threshold if head == "legal" else 0.0
        if head == "label":
            if node is None:
                continue
            order = np.sort(values)
            blurred |= len(order) > 1 and order[-1] - order[-2] < BLURRED
            if net.labels[int(values.argmax())] != fsm.outputs[node]:
                wrong.append(head)
            continue
        blurred |= bool((np.abs(values - over) < BLURRED).any())
        said = {name for name, value in zip(net.alphabet, values, strict=False) if value > over}
        if head == "legal" and said != allowed(fsm, node, net.on_violation):
            wrong.append(head)
        if head == "accept" and (values[0] > over) != (node in fsm.accepting):
            wrong.append(head)
    return wrong, blurred


def enumerate_words(
    net: LSTMWeights,
    fsm: FSM,
    scope: str,
    heads: tuple[str, ...],
    *,
    max_length: int,
    max_states: int,
) -> Enumerated:
    """Try all words one symbol at a time, with the reference step, in order."""
    level: list[tuple[Word, str | None, State]] = [((), fsm.start, initial(net))]
    seen, blurred, length = set(), False, 0
    for length in range(max_length + 1):
        following = []
        for word, node, state in level:
            key = (node, (state.h + 0.0).tobytes(), (state.c + 0.0).tobytes())
            if key in seen and word:
                continue
            seen.add(key)
            if scope == "all" or (word and fsm.transitions[node or ""]):
                wrong, close = wrong_heads(net, fsm, node, state, heads)
                blurred |= close
                if wrong:
                    return Enumerated(word, tuple(wrong), length, False, blurred)
            following.append((word, node, state))
        if len(seen) > max_states:
            return Enumerated(None, (), length, False, blurred)
        level = [
            ((*word, symbol), after, step(net, one_hot(net, symbol), state).state)
            for word, node, state in following
            for symbol, after in _steps(fsm, node, scope, net.on_violation)
        ]
        if not level:
            return Enumerated(None, (), length, True, blurred)
    return Enumerated(None, (), length, False, blurred)


def _steps(
    fsm: FSM, node: str | None, scope: str, on_violation: str
) -> Iterator[tuple[str, str | None]]:
    for symbol in fsm.alphabet:
        after = target(fsm, node, symbol, on_violation)
        if scope == "all" or (node is not None and symbol in fsm.transitions[node]):
            yield symbol, after


def decimal_states(net: LSTMWeights, word: Word) -> Iterator[tuple[list[Decimal], list[Decimal]]]:
    """``h`` and ``c`` after every symbol of a standard net, to 40 digits."""
    size = net.size

    def numbers(array: np.ndarray) -> list[Decimal]:
        return [Decimal(float(x)) for x in array.ravel()]

    u = [numbers(row) for row in net.weight_hh]
    bias = [a + b for a, b in zip(numbers(net.bias_ih), numbers(net.bias_hh), strict=True)]
    h = c = [Decimal(0)] * size
    for symbol in word:
        column = numbers(net.weight_ih[:, net.alphabet.index(symbol)])
        z = [
            column[r]
            + bias[r]
            + sum((a * b for a, b in zip(u[r], h, strict=True) if a), Decimal(0))
            for r in range(4 * size)
        ]
        i, f, g, o = (z[k * size : (k + 1) * size] for k in range(4))
        c = [
            decimal_sigmoid(f[j]) * c[j] + decimal_sigmoid(i[j]) * decimal_tanh(g[j])
            for j in range(size)
        ]
        h = [decimal_sigmoid(o[j]) * decimal_tanh(c[j]) for j in range(size)]
        yield h, c


def decimal_sigmoid(z: Decimal) -> Decimal:
    """``1 / (1 + exp(−z))``."""
    return 1 / (1 + (-z).exp())


def decimal_tanh(z: Decimal) -> Decimal:
    """``tanh z``; near 0 by its series, where the quotient would cancel."""
    if abs(z) < Decimal("1e-8"):
        return z - z**3 / 3
    e = (2 * z).exp()
    return (e - 1) / (e + 1)
