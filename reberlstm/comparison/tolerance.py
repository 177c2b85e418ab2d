"""How much a net tolerates: noise on its state, soft inputs, few digits, rounding to vertices."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates import Inputs, Proof
from reberlstm.certificates.arithmetic import ARITHMETICS, Execution
from reberlstm.comparison.answers import percent, score
from reberlstm.comparison.case import Case
from reberlstm.comparison.cycles import States
from reberlstm.comparison.loops import first_error
from reberlstm.comparison.result import Entry, measure, not_applicable
from reberlstm.errors import CertificateError
from reberlstm.extraction.nets import ProtocolNet
from reberlstm.extraction.trajectories import BudgetEnd
from reberlstm.machine.tables import Words
from reberlstm.net.base import Observed
from reberlstm.net.net import Net
from reberlstm.simulator import snapped

TOLERANCE, LEAST = 0.02, 1e-6
"""Of an amount that is found by bisection, relatively to it, and the least one."""

PROOFS, SHARE = 12, 0.06
"""Amounts that are tried for a proof, and the share of the budget for these."""

Options = Callable[[float], dict[str, Any]]
"""What `certify` is given for an amount."""


@measure("noise", "How much noise is harmless?")
def noise(case: Case) -> Entry:
    """By how much every number of the memory may be off after each step, with all answers right.

    Proved for any disturbance, and by bisection for uniform noise on {fewer} words (those of them
    that are right without).
    """
    words, rng = _right_ones(case), case.rng(5)
    size = case.start(1).shape[1]
    pattern = rng.uniform(-1.0, 1.0, (len(words.symbols), words.count, size))

    def holds(amount: float) -> bool:
        def disturb(states: States, t: int) -> States:
            return np.asarray(states + amount * pattern[t], dtype=states.dtype)

        return not case.wrong(words, disturb=disturb).any()

    return _tolerance(case, words, holds, 8.0, lambda amount: {"noise": amount})


@measure("soft inputs", "How blurred may inputs be?")
def soft_inputs(case: Case) -> Entry:
    """How far inputs may be from their symbols.

    Proved: every coordinate of the input may be off by so much. On words (those right without):
    the largest share of a random mixture of symbols in every input with which all is right.
    """
    net = case.net
    if not isinstance(net, Net):
        return not_applicable("only symbols can be put in")
    words, rng, symbols = _right_ones(case), case.rng(6), len(case.machine.alphabet)
    mixtures = rng.dirichlet(np.ones(symbols), (len(words.symbols), words.count))

    def holds(share: float) -> bool:
        here, wrong = case.start(words.count), False
        for t, (column, present) in enumerate(zip(words.symbols, words.present, strict=True)):
            case.check()
            x = (1.0 - share) * np.eye(symbols)[case.columns[column]] + share * mixtures[t]
            here = np.where(present[:, None], net.feed(here, x @ net.vectors), here)
            asked = present & case.is_asked(words.states[t])
            wrong |= bool((~case.right(here, words.states[t]) & asked).any())
        return not wrong

    return _tolerance(case, words, holds, 1.0, lambda amount: {"inputs": Inputs(noise=amount)})


def _right_ones(case: Case) -> Words:
    """The words that are right without any disturbance."""
    return case.fewer.take(np.asarray(~case.wrong(case.fewer).any(axis=0)))


def _tolerance(
    case: Case, words: Words, holds: Callable[[float], bool], upper: float, options: Options
) -> Entry:
    if not words.count:
        nothing = {"measured": None, "proved": None, "strings": 0}
        return Entry("– (no word is right without)", nothing, "none")
    measured = upper if holds(upper) else _bisected(holds, upper)
    proved = _proved(case, measured, options) if case.proved else 0.0
    value = {"measured": measured, "proved": proved, "strings": words.count}
    text = f"{measured:.2g} on words"
    if not proved:
        return Entry(f"{text}; none proved", value)
    return Entry(f"{proved:.2g} proved, {text}", value, "proved")


def _bisected(holds: Callable[[float], bool], upper: float, least: float = LEAST) -> float:
    """The largest amount that holds, where 0 does and `upper` does not, or so far by the budget."""
    low, high = 0.0, upper
    while high - low > TOLERANCE * high and high > least:
        middle = 0.5 * (low + high)
        try:
            low, high = (middle, high) if holds(middle) else (low, middle)
        except _Enough:
            break
    return low


class _Enough(Exception):  # noqa: N818 - it ends a bisection, it is no error
    """The share of the budget is used up."""


def _proved(case: Case, measured: float, options: Options) -> float:
    """The largest amount that is proved, found by bisection in a bounded time."""
    still = case.certificate
    assert isinstance(still, Proof), "asked of nets that are proved"
    ends = time.process_time() + case.share(SHARE)
    tries = iter(range(PROOFS))

    def holds(amount: float) -> bool:
        left = ends - time.process_time()
        if left <= 0.0 or next(tries, None) is None:
            raise _Enough
        k = max(1, still.k)
        return bool(case.certify(seconds=left, max_depth=0, max_k=k, **options(amount)).holds)

    return _bisected(holds, measured, least=0.0)


@measure("{arithmetic}", "Right in {arithmetic}?")
def precision(case: Case, arithmetic: str) -> Entry:
    """Proved for arithmetic that rounds, or tried on {fewer} words.

    For int8: weights in int8, executed in float32.
    """
    net = case.weights
    if net is None:
        return not_applicable("only weights that are known are rounded here")
    try:
        if case.proved:
            seconds = case.share(0.04)
            if case.certify(arithmetic=arithmetic, seconds=seconds, max_depth=0).holds:
                return Entry("proved", {"proved": True, "share": 1.0}, "proved")
        execution = Execution(net, ARITHMETICS[arithmetic])
    except CertificateError as error:
        return not_applicable(str(error))

    def observe(states: NDArray[Any]) -> Observed:
        heads = {kind: executed.readout(kind) for kind in executed.observed}
        read = {kind: execution.read(kind, states) for kind, head in heads.items() if head}
        return Observed(**{kind: head.decide(read[kind]) for kind, head in heads.items() if head})

    words, executed = case.fewer, execution.net
    changed = Changed(executed, execution.step, observe)
    counted = score(case.on(changed).wrong(words), case.asked(words))
    value = {"proved": False} | (counted.value or {})
    return Entry(f"{counted.text}; not proved", value, counted.status)


class Changed(ProtocolNet):
    """A net that steps, and is observed, in another way."""

    def __init__(self, net: Net, step: Any, observe: Any) -> None:
        self.weights = net
        self.name, self.alphabet, self.labels = net.name, net.alphabet, net.labels
        self.observed = net.observed
        vars(self).update(start=net.start, step=step, observe=observe)  # instead of the methods


@measure("snap {slots}", "Right if memory is rounded to 1/{slots}?")
def snapping(case: Case, slots: int) -> Entry:
    """The same words and cycles, with the hidden state rounded after each step.

    To the nearest vertex, or multiple of an active cell's height divided by the slots.
    """
    net = case.net
    if not isinstance(net, Net):
        return not_applicable("only known layers are snapped")

    def step(states: NDArray[Any], symbols: NDArray[np.intp]) -> NDArray[Any]:
        parts: list[NDArray[Any]] = []
        for hidden, *rest in net.split(net.step(states, symbols)):
            parts += [snapped(hidden, net.height, slots), *rest]
        return np.concatenate(parts, axis=1, dtype=states.dtype)

    words, rounded = case.fewer, case.on(Changed(net, step, net.observe))
    asked = case.asked(words)
    counted = score(rounded.wrong(words), asked)
    value: dict[str, Any] = dict(counted.value or {})
    value["share_without"] = 1.0 - case.wrong(words).sum() / max(1, asked.sum())
    text = f"{counted.text} (without: {percent(value['share_without'])})"
    if not case.cycles:
        return Entry(text, value)
    try:
        first, without = first_error(rounded), first_error(case)
    except BudgetEnd:
        return Entry(text, value)
    value |= {"first": first, "first_without": without}
    shown, plain = ("none" if n is None else f"round {n:,}" for n in (first, without))
    text += f"; first error in a cycle: {shown} (without: {plain})"
    return Entry(text, value)
