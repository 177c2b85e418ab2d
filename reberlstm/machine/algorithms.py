"""Algorithms on whole machines; `FSM` offers each of them as a method."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Hashable, Iterator
from typing import Literal

from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM, Word


def enumerate_words(fsm: FSM, max_length: int | None) -> Iterator[Word]:
    """The accepted words in length-lexicographic order; endless for an infinite language.

    Each length is a walk of its own through the states that can still end in time, so that the
    memory needed grows with the length and not with the number of words.
    """
    # ends[n]: the states from which some word of exactly n symbols is accepted.
    ends = [{q for q in fsm.reachable if q in fsm.accepting}]
    while ends[-1] and (max_length is None or len(ends) <= max_length + 1):
        length = len(ends) - 1
        if fsm.start in ends[length]:
            yield from _words_of_length(fsm, ends, length)
        ends.append(
            {q for q in fsm.reachable if not ends[-1].isdisjoint(fsm.transitions[q].values())}
        )


def _words_of_length(fsm: FSM, ends: list[set[str]], length: int) -> Iterator[Word]:
    if length == 0:
        yield ()
        return
    word: list[str] = []
    branches = [iter(fsm.transitions[fsm.start].items())]
    while branches:
        remaining = length - len(branches)
        for symbol, target in branches[-1]:
            if target not in ends[remaining]:
                continue
            word.append(symbol)
            if remaining:
                branches.append(iter(fsm.transitions[target].items()))
                break
            yield tuple(word)
            word.pop()
        else:
            branches.pop()
            if word:
                word.pop()


def enumerate_prefixes(fsm: FSM, max_length: int) -> Iterator[Word]:
    """All words without a violation, of at most `max_length` symbols, in the same order."""
    level: list[tuple[Word, str]] = [((), fsm.start)]
    for length in range(max_length + 1):
        yield from (word for word, _ in level)
        if length == max_length:
            return
        level = [
            ((*word, symbol), target)
            for word, state in level
            for symbol, target in fsm.transitions[state].items()
        ]


MAX_REDRAWS = 10_000
"""How many walks in a row may end where nothing can be accepted before sampling gives up."""


def sample(fsm: FSM, count: int, *, seed: int | None, max_length: int) -> list[Word]:
    """Draw words by walking the graph; see `FSM.sample`."""
    if fsm.start not in fsm.distance_to_acceptance:
        raise GrammarError(f"{fsm} accepts no word, so none can be sampled")
    rng = random.Random(seed)  # noqa: S311 - for experiments, not for secrets
    return [_draw(fsm, rng, max_length) for _ in range(count)]


def _draw(fsm: FSM, rng: random.Random, max_length: int) -> Word:
    for _ in range(MAX_REDRAWS):
        word = _walk(fsm, rng, max_length)
        if word is not None:
            return word
    raise GrammarError(
        f"sampling from {fsm}: {MAX_REDRAWS:,} walks in a row came to a state from which nothing "
        "is accepted; give probabilities that avoid such states"
    )


def _walk(fsm: FSM, rng: random.Random, max_length: int) -> Word | None:
    """One walk from the start, or None when it comes to where nothing can be accepted."""
    state = fsm.start
    word: list[str] = []
    while state in fsm.distance_to_acceptance:
        if state in fsm.accepting and rng.random() < fsm.stop_probability(state):
            return tuple(word)
        if len(word) >= max_length:
            raise GrammarError(
                f"sampling from {fsm}: a word grew over {max_length:,} symbols; "
                "raise the stop probabilities or the maximum length"
            )
        line = fsm.transitions[state]
        if not line:
            return None
        weights = [fsm.probability(state, symbol) for symbol in line]
        symbol = rng.choices(list(line), weights)[0]
        word.append(symbol)
        state = line[symbol]
    return None


def difference(fsm: FSM, other: FSM, *, by: Literal["accept", "legal", "label"]) -> Word | None:
    """A shortest separating word by breadth-first search of the product; see `FSM.difference`."""
    if by not in ("accept", "legal", "label"):
        raise GrammarError(f"by={by!r}; choose 'accept', 'legal' or 'label'")

    def observe(machine: FSM, state: str | None) -> object:
        if by == "accept":
            return state in machine.accepting
        if state is None:
            return None
        return machine.legal(state) if by == "legal" else machine.outputs.get(state)

    def follow(machine: FSM, state: str | None, symbol: str) -> str | None:
        return None if state is None else machine.transitions[state].get(symbol)

    alphabet = dict.fromkeys(fsm.alphabet + other.alphabet)
    start = (fsm.start, other.start)
    came_from: dict[
        tuple[str | None, str | None], tuple[tuple[str | None, str | None], str] | None
    ] = {start: None}
    queue: deque[tuple[str | None, str | None]] = deque([start])
    while queue:
        pair = queue.popleft()
        if observe(fsm, pair[0]) != observe(other, pair[1]):
            word: list[str] = []
            step = came_from[pair]
            while step is not None:
                word.append(step[1])
                step = came_from[step[0]]
            return tuple(reversed(word))
        for symbol in alphabet:
            successor = (follow(fsm, pair[0], symbol), follow(other, pair[1], symbol))
            if successor != (None, None) and successor not in came_from:
                came_from[successor] = (pair, symbol)
                queue.append(successor)
    return None


def minimise(fsm: FSM) -> FSM:
    """Hopcroft's partition refinement (1971) on the reachable states.

    Two states are merged when no word tells them apart by acceptance, legal sets, outputs or
    probabilities. States that cannot reach acceptance stay: their legal sets are part of the
    machine. Each block keeps the name of its first state in breadth-first order.
    """
    states = fsm.reachable
    block_of = _refine(fsm, states)
    representative: dict[int, str] = {}
    for state in states:
        representative.setdefault(block_of[state], state)
    name = {state: representative[block_of[state]] for state in states}
    kept = [state for state in states if name[state] == state]
    return FSM(
        alphabet=fsm.alphabet,
        start=name[fsm.start],
        accepting=frozenset(state for state in kept if state in fsm.accepting),
        transitions={q: {a: name[t] for a, t in fsm.transitions[q].items()} for q in kept},
        probabilities={q: fsm.probabilities[q] for q in kept if q in fsm.probabilities},
        stop={q: fsm.stop[q] for q in kept if q in fsm.stop},
        outputs={q: fsm.outputs[q] for q in kept} if fsm.outputs else {},
        name=fsm.name,
        title=fsm.title,
        source=fsm.source,
    )


def _observation(fsm: FSM, state: str) -> Hashable:
    """All that can be seen of a state without reading on."""
    line = fsm.transitions[state]
    return (
        state in fsm.accepting,
        tuple(line),
        fsm.outputs.get(state),
        tuple(fsm.probability(state, symbol) for symbol in line),
        fsm.stop_probability(state),
    )


def _refine(fsm: FSM, states: tuple[str, ...]) -> dict[str, int]:
    """The number of each state's block in the coarsest stable partition."""
    sources: dict[str, dict[str, list[str]]] = {symbol: {} for symbol in fsm.alphabet}
    for state in states:
        for symbol, target in fsm.transitions[state].items():
            sources[symbol].setdefault(target, []).append(state)

    numbers: dict[Hashable, int] = {}
    block_of: dict[str, int] = {}
    blocks: list[set[str]] = []
    for state in states:
        number = numbers.setdefault(_observation(fsm, state), len(blocks))
        if number == len(blocks):
            blocks.append(set())
        blocks[number].add(state)
        block_of[state] = number

    waiting = {(number, symbol) for number in range(len(blocks)) for symbol in fsm.alphabet}
    while waiting:
        number, symbol = waiting.pop()
        incoming: dict[int, set[str]] = {}
        for target in blocks[number]:
            for source in sources[symbol].get(target, ()):
                incoming.setdefault(block_of[source], set()).add(source)
        for split, part in incoming.items():
            if len(part) == len(blocks[split]):
                continue
            # Work no larger than the smaller half, or the whole would take quadratic time.
            if 2 * len(part) <= len(blocks[split]):
                small = part
                blocks[split] -= part
            else:
                small = blocks[split] - part
                blocks[split] = part
            blocks.append(small)
            for state in small:
                block_of[state] = len(blocks) - 1
            for other in fsm.alphabet:
                # If (split, other) is waiting, both halves must be; else the smaller one is enough.
                waiting.add((len(blocks) - 1, other))
    return block_of
