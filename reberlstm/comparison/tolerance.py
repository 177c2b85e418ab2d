"""How much a net bears: noise on its memory, soft inputs, few digits, rounding to vertices."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates import Inputs, certify
from reberlstm.certificates.arithmetic import ARITHMETICS
from reberlstm.certificates.execution import Execution
from reberlstm.comparison.accuracy import percent, score
from reberlstm.comparison.case import Case, Memories
from reberlstm.comparison.cycles import Cycle
from reberlstm.comparison.loops import shortest_limit
from reberlstm.comparison.proofs import certificate, proved_in_general
from reberlstm.comparison.result import Entry, not_applicable
from reberlstm.errors import CertificateError
from reberlstm.extraction.subject import Kind
from reberlstm.extraction.trajectories import BudgetEnd
from reberlstm.machine.tables import Words
from reberlstm.net.weights import LSTMWeights
from reberlstm.simulator.step import State, read, snap_to_vertex, step

MOST_NOISE = 8.0
TOLERANCE = 0.02
"""Of a tolerance that is found by bisection, relatively to it."""

LEAST = 1e-6
PROOFS = 12
"""Amounts that are tried for a proof."""

NOISE, PRECISION, SOFT = 0.06, 0.04, 0.06
"""Shares of the budget for proofs."""


def noise(case: Case) -> Entry:
    """The most noise with which all is right, proved and as measured on sampled words."""
    words, rng = _right_ones(case), case.rng(5)
    size = len(case.subject.initial())
    pattern = rng.uniform(-1.0, 1.0, (len(words.symbols), words.count, size))

    def holds(amount: float) -> bool:
        def disturb(memories: Memories, t: int) -> Memories:
            return np.asarray(memories + amount * pattern[t], dtype=memories.dtype)

        return not case.wrong(words, disturb=disturb).any()

    measured = most(holds, MOST_NOISE)

    return _tolerance(case, words, measured, NOISE, lambda amount: {"noise": amount})


def soft_inputs(case: Case) -> Entry:
    """The same for inputs between symbols: how far from its vertex may an input be?"""
    weights = case.weights
    if weights is None or not isinstance(case.net, LSTMWeights):
        return not_applicable("only symbols can be put in")
    words, rng, symbols = _right_ones(case), case.rng(6), len(case.machine.alphabet)
    others = rng.dirichlet(np.ones(symbols), (len(words.symbols), words.count))

    def holds(share: float) -> bool:
        h = c = np.zeros((words.count, weights.size))
        wrong = False
        for t, (column, present) in enumerate(zip(words.symbols, words.present, strict=True)):
            case.check()
            x = (1.0 - share) * np.eye(symbols)[case.columns[column]] + share * others[t]
            after = step(weights, x, State(h, c)).state
            h, c = (np.where(present[:, None], *pair) for pair in ((after.h, h), (after.c, c)))
            memories = c if weights.cell == "published" else np.concatenate([h, c], axis=1)
            asked = present & case.judged(words.states[t])
            wrong |= bool((~case.right(memories, words.states[t]) & asked).any())
        return not wrong

    measured = most(holds, 1.0)

    return _tolerance(case, words, measured, SOFT, lambda amount: {"inputs": Inputs(noise=amount)})


def _right_ones(case: Case) -> Words:
    """The words that are right without any disturbance."""
    words = case.fewer
    right = ~case.wrong(words).any(axis=0)
    return Words(*(part[:, right] for part in vars(words).values()))


def most(holds: Callable[[float], bool], upper: float) -> float:
    """The largest amount that holds, by bisection; 0 is taken to hold."""
    low, high = 0.0, upper
    if holds(upper):
        return upper
    while high - low > TOLERANCE * high and high > LEAST:
        middle = 0.5 * (low + high)
        if holds(middle):
            low = middle
        else:
            high = middle
    return low


def _tolerance(
    case: Case,
    words: Words,
    measured: float,
    share: float,
    options: Callable[[float], dict[str, Any]],
) -> Entry:
    if not words.count:
        value = {"measured": None, "proved": None, "strings": 0}
        return Entry("none: no string is right without any", value)
    proved = _proved(case, measured, share, options) if proved_in_general(case) else 0.0
    text = f"{measured:.2g} on strings"
    result = {"measured": measured, "proved": proved, "strings": words.count}
    if not proved:
        return Entry(f"{text}; none proved", result)
    return Entry(f"{proved:.2g} proved, {text}", result, "proved")


def _proved(
    case: Case, measured: float, share: float, options: Callable[[float], dict[str, Any]]
) -> float:
    """The largest amount that is proved, found by bisection in a bounded time."""
    weights, still = case.weights, certificate(case)
    assert weights is not None
    assert still is not None
    ends = time.monotonic() + case.share(share)
    low, high = 0.0, measured
    for _ in range(PROOFS):
        left = ends - time.monotonic()
        if high - low <= TOLERANCE * high or left <= 0.0:
            break
        middle = 0.5 * (low + high)
        found = certify(
            weights,
            case.fsm,
            seconds=left,
            max_depth=0,
            max_k=max(1, still.k or 0),
            **options(middle),
            heads=case.heads,
        )
        if found.holds:
            low = middle
        else:
            high = middle
    return low


def precision(case: Case, name: str) -> Entry:
    """Right on a machine that rounds: proved, or the share that is right on sampled words."""
    weights = case.weights
    if weights is None:
        return not_applicable("only LSTM weights are rounded here")
    try:
        if proved_in_general(case):
            found = certify(
                weights,
                case.fsm,
                arithmetic=name,
                seconds=case.share(PRECISION),
                max_depth=0,
                heads=case.heads,
            )
            if found.holds:
                return Entry("proved", {"proved": True, "share": 1.0}, "proved")
        execution = Execution(weights, ARITHMETICS[name])
    except CertificateError as error:
        return not_applicable(str(error))
    counted = score(*_executed(case, execution, case.fewer))
    value = {"proved": False} | (counted.value or {})
    return Entry(f"not proved; {counted.text}", value, counted.status)


def _executed(
    case: Case, execution: Execution, words: Words
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Wrong answers and answers asked for on a machine that rounds."""
    h, c = (np.repeat(part, words.count, axis=0) for part in execution.start())
    every = np.arange(words.count)
    wrong = np.zeros(words.symbols.shape, dtype=bool)
    asked = case.asked(words)
    over = execution.weights.reader_threshold if case.head == "legal" else 0.0
    for t, column in enumerate(words.symbols):
        case.check()
        h, c = execution.step(h, c, every, case.columns[column])
        said = execution.read(case.head, h)
        if case.head == "legal":
            said = said[:, case.columns]
        states = words.states[t]
        if case.head == "legal":
            right = ((said > over) == case.machine.legal[states]).all(axis=1)
        elif case.head == "accept":
            right = (said[:, 0] > over) == case.machine.accepting[states]
        else:
            right = said.argmax(axis=1) == case.labels[states]
        wrong[t] = ~right & asked[t]
    return wrong, asked


class Snapped:
    """A net whose memory is rounded to the nearest vertex after each step.

    Args:
        net: The net.
        slots: Into how many steps the way from rest to active is divided.
        kind: The head that is observed.
    """

    def __init__(self, net: LSTMWeights, slots: int, kind: Kind) -> None:
        self._net, self._slots, self.kind = net, slots, kind
        self.labels = net.labels
        self.alphabet, self.claims = net.alphabet, net.claims
        self.name = f"{net.name}, snapped"

    def initial(self) -> NDArray[Any]:
        """Zero."""
        parts = 1 if self._net.cell == "published" else 2
        return np.zeros(parts * self._net.size)

    def step(self, states: NDArray[Any], symbols: NDArray[np.intp]) -> NDArray[Any]:
        """The memories (B, D) after one symbol each, rounded."""
        x = np.eye(len(self.alphabet))[symbols]
        after = snap_to_vertex(
            self._net, step(self._net, x, self._state(states)).state, self._slots
        )
        if self._net.cell == "published":
            return after.c
        return np.concatenate([after.h, after.c], axis=1)

    def observe(self, states: NDArray[Any]) -> NDArray[Any]:
        """What the head says: see `reberlstm.extraction.RecurrentNet`."""
        values = read(self._net, self.kind, self._state(states))
        if self.kind == "legal":
            return np.asarray(values > self._net.reader_threshold)
        return np.asarray(values[:, 0] > 0.0 if self.kind == "accept" else values.argmax(axis=1))

    def _state(self, states: NDArray[Any]) -> State:
        if self._net.cell == "published":
            return State(states, states)
        return State(states[:, : self._net.size], states[:, self._net.size :])


def snapping(case: Case, slots: int, cycles: list[Cycle]) -> Entry:
    """Accuracy and loop limits with the memory rounded after each step, against those without."""
    net = case.net
    if not isinstance(net, LSTMWeights):
        return not_applicable("only LSTM weights are snapped")
    snapped = Case(case.name, Snapped(net, slots, case.head), case.fsm, case.settings)
    snapped.deadline = min(case.deadline, snapped.deadline)
    plain = case.wrong(case.fewer)
    counted = score(snapped.wrong(case.fewer), case.asked(case.fewer))
    value: dict[str, Any] = dict(counted.value or {})
    value["share_without"] = 1.0 - plain.sum() / max(1, case.asked(case.fewer).sum())
    text = f"{counted.text} (without: {percent(value['share_without'])})"
    try:
        shortest, without = shortest_limit(snapped, cycles), shortest_limit(case, cycles)
    except BudgetEnd:
        return Entry(text, value)
    if shortest.status == "none":
        return Entry(text, value)
    value |= {"first": shortest.value["first"], "first_without": without.value["first"]}
    text += f"; first error in a cycle: {shortest.text} (without: {without.text})"
    return Entry(text, value)
