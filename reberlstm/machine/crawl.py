"""Breadth-first search, and the merging of states: what the algorithms on machines rest on.

Both work on anything that is numbered or can be hashed, so they know no machine.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

Thing = TypeVar("Thing", bound=Hashable)
Label = TypeVar("Label")


class Crawl(NamedTuple, Generic[Thing, Label]):
    """What a breadth-first search has found.

    Attributes:
        came: For every thing found the thing before it and the label between them, None for a
            start; in the order in which they were found.
        goal: The first thing found that was looked for, or None.
    """

    came: Mapping[Thing, tuple[Thing, Label] | None]
    goal: Thing | None = None

    @property
    def found(self) -> tuple[Thing, ...]:
        """All things found, nearest first."""
        return tuple(self.came)

    def word(self, thing: Thing) -> tuple[Label, ...]:
        """The labels of a shortest way to `thing`; the first in their order among the shortest."""
        word = []
        while (step := self.came[thing]) is not None:
            thing, label = step
            word.append(label)
        return tuple(reversed(word))

    def distances(self) -> dict[Thing, int]:
        """The number of labels on a shortest way to each thing."""
        distance: dict[Thing, int] = {}
        for thing, step in self.came.items():
            distance[thing] = 0 if step is None else distance[step[0]] + 1
        return distance


def crawl(
    start: Iterable[Thing],
    follow: Callable[[Thing], Iterable[tuple[Label, Thing]]],
    *,
    goal: Callable[[Thing], bool] = lambda _: False,
    most: int | None = None,
) -> Crawl[Thing, Label]:
    """Everything that can be reached, breadth first, with a shortest word to each thing.

    Args:
        start: Where to begin; any number of things.
        follow: The labels and successors of a thing, in the order in which they are to be tried.
        goal: What to look for: the search ends at the first thing of which it is true.
        most: The search also ends when it has found so many things.

    Example:
        >>> found = crawl([1], lambda n: [("x2", 2 * n), ("+1", n + 1)], goal=lambda n: n == 10)
        >>> found.word(10)
        ('x2', 'x2', '+1', 'x2')
    """
    came: dict[Thing, tuple[Thing, Label] | None] = {}
    queue: list[Thing] = []
    for thing in start:
        if thing not in came:
            came[thing] = None
            queue.append(thing)
            if goal(thing):
                return Crawl(came, thing)
    for thing in queue:
        for label, target in follow(thing):
            if target not in came:
                if len(came) == most:
                    return Crawl(came)
                came[target] = (thing, label)
                queue.append(target)
                if goal(target):
                    return Crawl(came, target)
    return Crawl(came)


def refine(table: Sequence[Sequence[int]], seen: Sequence[Hashable]) -> list[int]:
    """Number the states such that two have one number where no word tells them apart.

    Hopcroft's partition refinement (J. Hopcroft, An n log n algorithm for minimizing states in a
    finite automaton, 1971), in time O(A · S log S).

    Args:
        table: ``table[state][symbol]``: the next state, negative where there is none.
        seen: What is seen of each state without reading on. Where the next state is missing for
            some states, this has to tell them from the others.

    Returns:
        A number for each state; 0, 1, … in the order of the first states that have them.

    Example:
        >>> refine([[1, 2], [1, 2], [0, 0]], [False, False, True])
        [0, 0, 1]
    """
    symbols = range(len(table[0]) if table else 0)
    sources: list[dict[int, list[int]]] = [{} for _ in symbols]
    for state, line in enumerate(table):
        for symbol, target in enumerate(line):
            if target >= 0:
                sources[symbol].setdefault(target, []).append(state)
    numbers = {key: number for number, key in enumerate(dict.fromkeys(seen))}
    block_of = [numbers[key] for key in seen]
    blocks: list[set[int]] = [set() for _ in numbers]
    for state, number in enumerate(block_of):
        blocks[number].add(state)

    waiting = {(number, symbol) for number in range(len(blocks)) for symbol in symbols}
    while waiting:
        number, symbol = waiting.pop()
        incoming: dict[int, set[int]] = {}
        for target in blocks[number]:
            for source in sources[symbol].get(target, ()):
                incoming.setdefault(block_of[source], set()).add(source)
        for split, part in incoming.items():
            if len(part) == len(blocks[split]):
                continue
            # The smaller part becomes the new block, or the whole would take quadratic time.
            small = part if 2 * len(part) <= len(blocks[split]) else blocks[split] - part
            blocks[split] -= small
            for state in small:
                block_of[state] = len(blocks)
            # If (split, other) is waiting, both parts must be; else the smaller one is enough.
            waiting.update((len(blocks), other) for other in symbols)
            blocks.append(small)
    in_order = {block: number for number, block in enumerate(dict.fromkeys(block_of))}
    return [in_order[block] for block in block_of]
