"""How often a net is right: on words, from elsewhere, after violations; and what its cells tell."""

from __future__ import annotations

import math

import numpy as np

from reberlstm.comparison.case import Case
from reberlstm.comparison.cycles import States
from reberlstm.comparison.result import Entry, measure, not_applicable
from reberlstm.errors import GrammarError
from reberlstm.machine.counting import MAX_STATES, entropy
from reberlstm.machine.tables import Bools, Floats, Ints, Words
from reberlstm.net.net import Net

IN_A_ROW = 10
"""Words that are run without a reset."""

REPEATS, FOLLOWING = 5, 20
"""So many words follow each symbol that is not allowed, of at most so many symbols."""

GAP = 0.1
"""Values on either side of a gap of this share of a cell's range are told apart by it."""


@measure("cells", "How many cells?")
def cells(case: Case) -> Entry:
    """Numbers in h, of all layers. Of a net whose layers are not known, in the state vector."""
    known = case.net.size if isinstance(case.net, Net) else len(case.start(1)[0])
    return Entry(f"{known:,}", known)


@measure("weights", "How many weights?")
def numbers(case: Case) -> Entry:
    """Numbers in embedding, gates and the head that is asked. Two biases of a gate are one."""
    if not isinstance(case.net, Net):
        return not_applicable("the net does not tell")
    head = case.net.readout(case.head)
    assert head is not None, "the rows are about a head that there is"
    arrays = [case.net.embedding] if case.net.embedding is not None else []
    arrays += [a for x in case.net.layers for a in (x.weight_ih, x.weight_hh, x.bias)]
    arrays += [array for layer in head.layers for array in (layer.weight, layer.bias)]
    count = sum(array.size for array in arrays)
    nonzero = sum(int(np.count_nonzero(array)) for array in arrays)
    return Entry(f"{count:,}, {nonzero:,} not zero", {"all": count, "not_zero": nonzero})


@measure("accuracy", "Right on sampled words?")
def accuracy(case: Case) -> Entry:
    """Share of right answers after every proper prefix of {words} random words of the grammar.

    An answer is the set of symbols that may come next. Of a net that only accepts, and where every
    symbol is always legal: of right verdicts on prefixes, every second walk with one symbol
    changed; or of right labels.
    """
    return score(case.wrong(case.words), case.asked(case.words))


def score(wrong: Bools, asked: Bools) -> Entry:
    """The entry for answers (T, B) that were asked for, some of which were wrong."""
    answers, errors = int(asked.sum()), int(wrong.sum())
    words, spoilt = int(asked.any(axis=0).sum()), int(wrong.any(axis=0).sum())
    if not answers:
        return not_applicable("nothing is asked")
    share = 1.0 - errors / answers
    text = f"{percent(share)}, {spoilt:,} of {words:,} words wrong"
    if not errors:
        text = f"100 % ({words:,} words)"
    value = {"share": share, "answers": answers, "strings": words, "strings_wrong": spoilt}
    return Entry(text, value)


def percent(share: float) -> str:
    """A share that says 100 % only where nothing is missing."""
    if share in (0.0, 1.0):
        return f"{100 * share:.0f} %"
    digits = 1 if 0.01 < share < 0.99 else 2
    while round(100.0 * share, digits) in (0.0, 100.0) and digits < 8:
        digits += 1
    return f"{100.0 * share:.{digits}f} %"


@measure("missing start", "Right without the start?")
def without_start(case: Case) -> Entry:
    """Right answers on the sampled words without their first symbol, which all share."""
    if case.machine.legal[0].sum() != 1:
        return not_applicable("words begin with different symbols")
    rest = Words(*(part[1:] for part in vars(case.words).values()))
    return score(case.wrong(rest), case.asked(rest))


@measure("concatenated", "Right without a reset?")
def concatenated(case: Case) -> Entry:
    """Right answers from the second on of ten words in a row."""
    machine = case.machine
    if machine.goes_on[machine.accepting].any() or not machine.accepting.any():
        return not_applicable("words have no end of their own")
    count = max(1, case.words.count // IN_A_ROW)
    wrong, asked = [], []
    states = case.start(count)
    for number in range(IN_A_ROW):
        words = machine.draw(case.rng(100 + number), (count,))
        wrong.append(case.wrong(words, states))
        asked.append(case.asked(words))
        states = case.end(words, states)
    return score(np.concatenate(wrong[1:]), np.concatenate(asked[1:]))


@measure("perplexity", "How well does it predict?")
def perplexity(case: Case) -> Entry:
    """Perplexity, two to the power of the mean surprise in bits, and the grammar's own.

    The mean is over every symbol but the first of the sampled words.
    """
    words = case.words
    if "legal" not in case.net.observed:
        return not_applicable("the net predicts no symbols")
    bits = own = 0.0
    number, by = 0, ""
    for t, here in enumerate(case.steps(words)):
        if t + 1 == len(words.symbols):
            break
        rows = np.flatnonzero(words.present[t + 1])
        came = words.symbols[t + 1, rows]
        chance, by = case.chances(here[rows])
        with np.errstate(divide="ignore"):
            bits -= float(np.log2(chance[np.arange(len(rows)), came]).sum())
        own -= float(np.log2(case.machine.probability[words.states[t, rows], came]).sum())
        number += len(rows)
    if not number:
        return not_applicable("no word has a second symbol")
    net, grammar = (2.0 ** (total / number) for total in (bits, own))
    finite = math.isfinite(net)
    value = {
        "net": net if finite else None,
        "grammar": grammar,
        "excess_bits": (bits - own) / number if finite else None,
        "by": by,
        "entropy": _entropy(case),
    }
    how = ", offered symbols taken as equally likely" if by.startswith("offered") else ""
    return Entry(f"{f'{net:.4g}' if finite else 'infinite'} (grammar {grammar:.4g}{how})", value)


def _entropy(case: Case) -> dict[str, float] | None:
    """The exact figures of the grammar, where it has them."""
    if len(case.fsm.states) > MAX_STATES // 5:
        return None
    try:
        return dict(entropy(case.fsm).to_dict())
    except GrammarError:
        return None


# After a violation, and from a state vector that the net was never given


@measure("invalid", "And after a wrong symbol?")
def invalid(case: Case) -> Entry:
    """What it does after a symbol that is not allowed, as shares of all such (state, symbol) pairs.

    Offers nothing: right after it. For good: also through words that follow. Starts over: a fresh
    word is followed rightly. Carries on: so is a word that goes on from the state before.
    """
    machine = case.machine
    if case.head == "label":
        return not_applicable("labels say nothing about violations")
    ways = machine.shortest_words(case.affordable(200))
    pairs = [(p, a) for p in ways for a in np.flatnonzero(~machine.legal[p]).tolist()]
    if not pairs:
        return not_applicable("every symbol is legal everywhere")
    origin, illegal = np.array(pairs, dtype=np.intp).T
    after = case.step(case.end(machine.given([ways[state] for state, _ in pairs])), illegal)
    silent = case.silent(after)

    rng = case.rng(1)
    states, origin = np.repeat(after, REPEATS, axis=0), np.repeat(origin, REPEATS)
    fresh = machine.draw(rng, (len(states),), FOLLOWING)
    onward = machine.draw(rng, origin, FOLLOWING)
    quiet = _silent_throughout(case, fresh, states) & _silent_throughout(case, onward, states)
    shares = {
        "silent": float(silent.mean()),
        "for_good": float((quiet.reshape(-1, REPEATS).all(axis=1) & silent).mean()),
        "starts_over": _right_throughout(case, fresh, states),
        "carries_on": _right_throughout(case, onward, states),
    }
    shown = {name: percent(share) for name, share in shares.items()}
    says = "offers nothing" if case.head == "legal" else "rejects"
    text = (
        f"{says} {shown['silent']}, for good {shown['for_good']}; "
        f"starts over {shown['starts_over']}, carries on {shown['carries_on']}"
    )
    return Entry(text, shares | {"violations": len(pairs)})


def _silent_throughout(case: Case, words: Words, states: States) -> Bools:
    result = np.ones(words.count, dtype=bool)
    for present, here in zip(words.present, case.steps(words, states), strict=True):
        result &= case.silent(here) | ~present
    return result


def _right_throughout(case: Case, words: Words, states: States) -> float:
    """The share of words that are followed rightly, of those with something to be right about."""
    asked = case.asked(words).any(axis=0)
    right = np.asarray(~case.wrong(words, states).any(axis=0))
    return float(right[asked].mean()) if asked.any() else 0.0


@measure("unknown memory", "Right from a random memory?")
def unknown_memory(case: Case) -> Entry:
    """The share of words all right, or right from somewhere on, that begin in random memory.

    It is drawn uniformly from the box around all state vectors that sampled words lead to. Also of
    the words that follow without a reset.
    """
    visited = case.visited
    low, high = visited.min(axis=0), visited.max(axis=0)
    states = case.rng(2).uniform(low, high, (case.words.count, len(low)))
    return from_states(case, states.astype(visited.dtype))


@measure("other memory", "Right from a used memory?")
def other_memory(case: Case) -> Entry:
    """The same, from the memory that a random prefix has left."""
    chosen = case.rng(3).integers(len(case.visited), size=case.words.count)
    return from_states(case, case.visited[chosen])


def from_states(case: Case, states: States) -> Entry:
    """How words fare that begin in these state vectors instead of the initial one."""
    words = case.words
    wrong, asked = case.wrong(words, states), case.asked(words)
    counted = asked.any(axis=0)
    if not counted.any():
        return not_applicable("nothing is asked")
    positions = np.arange(1, len(wrong) + 1)[:, None]
    # The answers before a word is right for the rest: up to and with the last wrong one.
    last_wrong = np.where(wrong, positions, 0).max(axis=0, initial=0)
    last_asked = np.where(asked, positions, 0).max(axis=0, initial=0)
    recovered = counted & (last_wrong < last_asked)
    following = case.machine.draw(case.rng(4), (words.count,))
    again = case.wrong(following, case.end(words, states))
    shares = {
        "right": float((last_wrong == 0)[counted].mean()),
        "recovered": float(recovered[counted].mean()),
        "next_right": float((~again.any(axis=0)).mean()),
    }
    median = float(np.median(last_wrong[recovered])) if recovered.any() else None
    text = (
        f"{percent(shares['right'])} right at once, {percent(shares['recovered'])} in the end"
        + ("" if median is None else f" (median after {median:g})")
        + f"; the next word right {percent(shares['next_right'])}"
    )
    return Entry(text, shares | {"median_steps": median, "strings": int(counted.sum())})


# What cells tell


@measure("meaning", "What do its cells tell?")
def meanings(case: Case) -> Entry:
    """How many cells tell one node from all others, a set of nodes, or only the last symbols.

    A cell tells them where its values on the sampled words have a gap, of a tenth of their range,
    with whole nodes on either side.
    """
    words = case.words
    every, at, came = case.hidden(case.visited), words.states, words.symbols
    at, came = at[words.present], came[words.present]
    # A cell stands still where its range is this share of the largest one's, or less.
    least = 0.02 * float((every.max(axis=0) - every.min(axis=0)).max())
    single = several = symbols = 0
    for column in every.T:
        node = sides(column, at, least)
        if node is not None:
            single, several = (single + 1, several) if min(node) == 1 else (single, several + 1)
        elif sides(column, came, least) is not None:
            symbols += 1
    size = every.shape[1]
    value = {
        "cells": size,
        "one_node": single,
        "nodes": several,
        "symbols": symbols,
        "none": size - single - several - symbols,
    }
    words_for = ("a node", "a set of nodes", "last symbols", "none of these")
    counts = zip(list(value.values())[1:], words_for, strict=True)
    return Entry(f"of {size}: {', '.join(f'{n} {what}' for n, what in counts if n)}", value)


def sides(values: Floats, groups: Ints, least: float) -> tuple[int, int] | None:
    """How many groups lie wholly below and above the widest gap between groups, if it is wide.

    Args:
        values: What a cell had, (N,).
        groups: The node or symbol at which it had it, (N,).
        least: A cell with a smaller range stands still.
    """
    ranges = sorted(
        (float(values[groups == group].min()), float(values[groups == group].max()))
        for group in np.unique(groups)
    )
    whole = float(values.max() - values.min())
    if whole <= least:
        return None
    best, found, reached = GAP * whole, None, ranges[0][1]
    for number, (low, high) in enumerate(ranges[1:], start=1):
        if low - reached > best:
            best, found = low - reached, (number, len(ranges) - number)
        reached = max(reached, high)
    return found
