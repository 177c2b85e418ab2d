"""The subset construction: from a nondeterministic machine to a deterministic one.

M. O. Rabin and D. Scott, Finite automata and their decision problems, IBM Journal of Research and
Development 3 (1959) 114–125.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reberlstm.errors import GrammarError

MAX_SUBSETS = 50_000
"""How many states a determinised machine may have: n states may need 2ⁿ."""

MAX_WORK = 10_000_000
"""How many moves of single states are followed before the construction gives up."""

Subset = frozenset[int]


def determinise(
    initial: Iterable[int],
    moves: Sequence[Mapping[str, Sequence[int]]],
    epsilon: Mapping[int, Sequence[int]],
    alphabet: Sequence[str],
) -> tuple[list[Subset], list[dict[str, int]]]:
    """The reachable subsets in breadth-first order, and their transitions.

    A symbol is legal in a subset where it is legal in one of its members; the empty subset, which
    stands for a violation, is left out.

    Args:
        initial: The states before the first symbol.
        moves: ``moves[state][symbol]``: the states that may follow.
        epsilon: The states that may follow without a symbol.
        alphabet: The order in which the symbols are tried, which fixes the order of the subsets.

    Raises:
        GrammarError: beyond `MAX_SUBSETS` states, or `MAX_WORK` moves on the way.

    Example:
        >>> moves = [{"a": [0, 1]}, {"b": [1]}]
        >>> subsets, table = determinise([0], moves, {}, "ab")
        >>> [sorted(subset) for subset in subsets], table
        ([[0], [0, 1], [1]], [{'a': 1}, {'a': 1, 'b': 2}, {'b': 2}])
    """
    work = 0

    def closure(states: set[int]) -> Subset:
        nonlocal work
        if epsilon:
            waiting = list(states)
            while waiting:
                for target in epsilon.get(waiting.pop(), ()):
                    work += 1
                    if target not in states:
                        states.add(target)
                        waiting.append(target)
        return frozenset(states)

    start = closure(set(initial))
    index = {start: 0}
    subsets = [start]
    table: list[dict[str, int]] = []
    order = {symbol: number for number, symbol in enumerate(alphabet)}
    for subset in subsets:
        reached: dict[str, set[int]] = {}
        for state in subset:
            for symbol, targets in moves[state].items():
                reached.setdefault(symbol, set()).update(targets)
                work += len(targets)
        line: dict[str, int] = {}
        for symbol in sorted(reached, key=order.__getitem__):
            target = closure(reached[symbol])
            number = index.setdefault(target, len(subsets))
            if number == len(subsets):
                subsets.append(target)
            line[symbol] = number
            work += len(target)
        table.append(line)
        if len(subsets) > MAX_SUBSETS or work > MAX_WORK:
            raise GrammarError(
                f"determinising stopped at {len(subsets):,} states: the limits are "
                f"{MAX_SUBSETS:,} states and {MAX_WORK:,} moves; give a deterministic machine"
            )
    return subsets, table


def subset_names(subsets: Sequence[Subset], names: Sequence[str], most: int = 4) -> list[str]:
    """A readable, distinct name for every subset: its only member's, or ``{a,b}``.

    Of more than `most` members the first are named and the rest counted.

    Example:
        >>> subset_names([frozenset([0]), frozenset([0, 2])], ["p", "q", "r"])
        ['p', '{p,r}']
    """
    taken: dict[str, int] = {}
    result = []
    for subset in subsets:
        members = sorted(subset)
        inner = ",".join(names[state] for state in members[:most])
        more = f",+{len(members) - most}" if len(members) > most else ""
        name = inner if len(members) == 1 else f"{{{inner}{more}}}"
        result.append(distinct(name, taken))
    return result


def distinct(name: str, taken: dict[str, int]) -> str:
    """`name`, with a number where it is taken already; the result is taken from then on.

    Example:
        >>> taken: dict[str, int] = {}
        >>> [distinct(name, taken) for name in ("a", "b", "a", "a")]
        ['a', 'b', 'a#2', 'a#3']
    """
    result = name
    while result in taken:
        taken[name] += 1
        result = f"{name}#{taken[name]}"
    taken[result] = 1
    return result
