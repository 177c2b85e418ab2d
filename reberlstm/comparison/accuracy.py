"""How often a net is right: on words, on words without their first symbol, on word after word."""

from __future__ import annotations

import math

import numpy as np

from reberlstm.comparison.case import Case
from reberlstm.comparison.result import Entry, not_applicable
from reberlstm.errors import GrammarError
from reberlstm.machine.entropy import MAX_STATES, entropy
from reberlstm.machine.tables import Bools, Words
from reberlstm.net.weights import LSTMWeights
from reberlstm.simulator.step import State, read

IN_A_ROW = 10
"""Words that are run without a reset."""


def accuracy(case: Case) -> Entry:
    """The share of right answers on sampled words, and how many words have a wrong one."""
    words = case.words
    return score(case.wrong(words), case.asked(words))


def score(wrong: Bools, asked: Bools) -> Entry:
    """The entry for answers (T, B) that were asked for, some of which were wrong."""
    answers, errors = int(asked.sum()), int(wrong.sum())
    words, spoilt = int(asked.any(axis=0).sum()), int(wrong.any(axis=0).sum())
    if not answers:
        return not_applicable("nothing is asked")
    share = 1.0 - errors / answers
    text = f"{percent(share)}, {spoilt:,} of {words:,} strings wrong"
    if not errors:
        text = f"100 % ({words:,} strings)"
    value = {"share": share, "answers": answers, "strings": words, "strings_wrong": spoilt}
    return Entry(text, value)


def percent(share: float) -> str:
    """A share that says 100 % only where nothing is missing."""
    if share in (0.0, 1.0):
        return f"{share:.0%}".replace("%", " %")
    digits = 1 if 0.01 < share < 0.99 else 2
    shown = 100.0 * share
    rounded = round(shown, digits)
    while rounded in (0.0, 100.0) and digits < 8:
        digits += 1
        rounded = round(shown, digits)
    return f"{rounded:.{digits}f} %"


def without_start(case: Case) -> Entry:
    """The same words without their first symbol, which all words share."""
    machine = case.machine
    if machine.legal[0].sum() != 1:
        return not_applicable("words begin with different symbols")
    words = case.words
    rest = Words(words.symbols[1:], words.states[1:], words.present[1:])
    return score(case.wrong(rest), case.asked(rest))


def concatenated(case: Case) -> Entry:
    """Words one after another without a reset, judged from the second one on."""
    machine = case.machine
    if machine.goes_on[machine.accepting].any() or not machine.accepting.any():
        return not_applicable("words have no end of their own")
    count = max(1, case.words.count // IN_A_ROW)
    wrong, asked = [], []
    memories = case.start(count)
    for number in range(IN_A_ROW):
        words = machine.draw(case.rng(100 + number), (count,))
        wrong.append(case.wrong(words, memories))
        asked.append(case.asked(words))
        memories = case.end(words, memories)
    return score(np.concatenate(wrong[1:]), np.concatenate(asked[1:]))


def perplexity(case: Case) -> Entry:
    """How surprised the net is by the symbols of sampled words, after the first of each."""
    machine, words = case.machine, case.words
    weights = case.net if isinstance(case.net, LSTMWeights) else None
    head = weights is not None and "next" in weights.heads
    if not head and "legal" not in case.subject.observed:
        return not_applicable("the net predicts no symbols")
    bits = own = 0.0
    number = 0
    for t, here in enumerate(case.steps(words)):
        if t + 1 == len(words.symbols):
            break
        rows = np.flatnonzero(words.present[t + 1])
        came = words.symbols[t + 1, rows]
        if head:
            assert weights is not None
            z = read(weights, "next", _h(weights, here[rows]))[:, case.columns]
            z = z - z.max(axis=1, keepdims=True)
            chance = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        else:
            offered = case.offered(here[rows])
            chance = offered / np.maximum(1, offered.sum(axis=1, keepdims=True))
        with np.errstate(divide="ignore"):
            bits -= float(np.log2(chance[np.arange(len(rows)), came]).sum())
        probability = machine.probability[words.states[t, rows], came]
        own -= float(np.log2(probability).sum())
        number += len(rows)
    if not number:
        return not_applicable("no word has a second symbol")
    net, grammar = (2.0 ** (total / number) for total in (bits, own))
    value = {
        "net": net if math.isfinite(net) else None,
        "grammar": grammar,
        "excess_bits": (bits - own) / number if math.isfinite(bits) else None,
        "by": "next head" if head else "offered symbols, all alike",
        "entropy": _entropy(case),
    }
    shown = f"{net:.4g}" if math.isfinite(net) else "infinite"
    how = "" if head else ", offered symbols taken as equally likely"
    return Entry(f"{shown} (grammar {grammar:.4g}{how})", value)


def _h(weights: LSTMWeights, memories: np.ndarray) -> State:
    h = memories if weights.cell == "published" else memories[:, : weights.size]
    return State(h, h)


def _entropy(case: Case) -> dict[str, float] | None:
    """The exact figures of the grammar, where it has them."""
    if len(case.fsm.states) > MAX_STATES // 5:
        return None
    try:
        return entropy(case.fsm).to_dict()
    except GrammarError:
        return None
