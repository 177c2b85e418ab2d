"""What a net does after a symbol that is not allowed, and from a memory that it was never given."""

from __future__ import annotations

import numpy as np

from reberlstm.comparison.accuracy import percent
from reberlstm.comparison.case import Case, Memories
from reberlstm.comparison.result import Entry, not_applicable
from reberlstm.machine.tables import Bools, Words

MOST_STATES = 200
REPEATS = 5
"""Words that follow each symbol that is not allowed."""

FOLLOWING = 20
"""The longest of them."""


def invalid(case: Case) -> Entry:
    """The reaction to every illegal symbol in every state, by what may follow it."""
    machine = case.machine
    if case.head == "label":
        return not_applicable("labels say nothing about violations")
    ways = machine.shortest_words(case.affordable(MOST_STATES))
    pairs = [
        (state, column)
        for state in ways
        for column in np.flatnonzero(~machine.legal[state]).tolist()
    ]
    if not pairs:
        return not_applicable("every symbol is legal everywhere")
    before = machine.given([ways[state] for state, _ in pairs])
    illegal = np.array([column for _, column in pairs], dtype=np.intp)
    memories = case.step(case.end(before), illegal)
    silent = case.silent(memories)

    rng = case.rng(1)
    memories, origin = np.repeat(memories, REPEATS, axis=0), np.repeat(
        np.array([state for state, _ in pairs], dtype=np.intp), REPEATS
    )  # fmt: skip
    fresh = machine.draw(rng, (len(memories),), FOLLOWING)
    onward = machine.draw(rng, origin, FOLLOWING)
    quiet = _silent_throughout(case, fresh, memories) & _silent_throughout(case, onward, memories)
    kept = quiet.reshape(-1, REPEATS).all(axis=1) & silent
    shares = {
        "silent": silent.mean(),
        "for_good": kept.mean(),
        "starts_over": _right_throughout(case, fresh, memories),
        "carries_on": _right_throughout(case, onward, memories),
    }
    value: dict[str, float | int] = {name: float(share) for name, share in shares.items()}
    says = "offers nothing" if case.head == "legal" else "rejects"
    text = (
        f"{says} {percent(value['silent'])}, for good {percent(value['for_good'])}; "
        f"starts over {percent(value['starts_over'])}, carries on {percent(value['carries_on'])}"
    )
    return Entry(text, value | {"violations": len(pairs)})


def _silent_throughout(case: Case, words: Words, memories: Memories) -> Bools:
    result = np.ones(words.count, dtype=bool)
    for present, here in zip(words.present, case.steps(words, memories), strict=True):
        result &= case.silent(here) | ~present
    return result


def _right_throughout(case: Case, words: Words, memories: Memories) -> float:
    """The share of words that are followed rightly, of those with something to be right about."""
    asked = case.asked(words).any(axis=0)
    right = np.asarray(~case.wrong(words, memories).any(axis=0))
    return float(right[asked].mean()) if asked.any() else 0.0


def unknown_memory(case: Case) -> Entry:
    """Words from memories drawn uniformly between the least and greatest that words lead to."""
    visited = _visited(case)
    low, high = visited.min(axis=0), visited.max(axis=0)
    memories = case.rng(2).uniform(low, high, (case.words.count, len(low)))
    return from_memories(case, memories.astype(visited.dtype))


def other_memory(case: Case) -> Entry:
    """Words from memories that prefixes of other words have led to."""
    visited = _visited(case)
    chosen = case.rng(3).integers(len(visited), size=case.words.count)
    return from_memories(case, visited[chosen])


def _visited(case: Case) -> Memories:
    """The memories that the sampled words lead to."""
    if "visited" not in case.memo:
        words = case.words
        steps = zip(words.present, case.steps(words), strict=True)
        case.memo["visited"] = np.concatenate([here[present] for present, here in steps])
    found: Memories = case.memo["visited"]
    return found


def from_memories(case: Case, memories: Memories) -> Entry:
    """How words fare that begin from these memories instead of the initial one."""
    words = case.words
    wrong, asked = case.wrong(words, memories), case.asked(words)
    judged = asked.any(axis=0)
    if not judged.any():
        return not_applicable("nothing is asked")
    positions = np.arange(1, len(wrong) + 1)[:, None]
    # The answers before a word is right for the rest: up to and with the last wrong one.
    last_wrong = np.where(wrong, positions, 0).max(axis=0, initial=0)
    last_asked = np.where(asked, positions, 0).max(axis=0, initial=0)
    recovered = judged & (last_wrong < last_asked)
    right = judged & (last_wrong == 0)
    steps = float(np.median(last_wrong[recovered])) if recovered.any() else None
    following = case.machine.draw(case.rng(4), (words.count,))
    again = case.wrong(following, case.end(words, memories))
    shares = {
        "right": float(right[judged].mean()),
        "recovered": float(recovered[judged].mean()),
        "next_right": float((~again.any(axis=0)).mean()),
    }
    text = f"{percent(shares['right'])} right at once, {percent(shares['recovered'])} in the end"
    if steps is not None:
        text += f" (median after {steps:g})"
    text += f"; the next word right {percent(shares['next_right'])}"
    return Entry(text, shares | {"median_steps": steps, "strings": int(judged.sum())})
