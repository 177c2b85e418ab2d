"""Nesting up to a bound: what of brackets and of aⁿbⁿ a finite machine can know."""

from __future__ import annotations

from reberlstm.grammars.families.limits import MAX_STATES, check_at_least, check_states
from reberlstm.machine.fsm import FSM

PAIRS = ("()", "[]", "{}", "<>")
"""The brackets of the first kinds; with more kinds the tokens are ``(1 )1 (2 )2`` and so on."""

EMPTY = "empty"
"""The name of the state in which no bracket is open."""


def dyck(kinds: int, depth: int) -> FSM:
    """The bounded Dyck language: balanced brackets of `kinds` kinds, at most `depth` deep.

    A state is the row of open brackets, so there are ``1 + k + k² + … + k^m``.

    Example:
        >>> brackets = dyck(2, 2)
        >>> brackets.accepts("([])()"), brackets.accepts("([)]"), brackets.accepts("((()))")
        (True, False, False)
    """
    check_at_least("K, the number of kinds of dyck-K-M,", kinds, 1)
    check_at_least("M, the depth of dyck-K-M,", depth, 1)
    name = f"dyck-{kinds}-{depth}"
    check_states(name, _tree_size(kinds, depth))
    if kinds <= len(PAIRS):
        pairs = [(pair[0], pair[1]) for pair in PAIRS[:kinds]]
    else:
        pairs = [(f"({kind}", f"){kind}") for kind in range(1, kinds + 1)]
    separator = "" if kinds <= len(PAIRS) else " "

    if kinds == 1:
        # A row of equal brackets is a number; written out, many long rows would fill the memory.
        names = [
            EMPTY,
            *(f"{count} open" if count > 8 else "(" * count for count in range(1, depth + 1)),
        ]
        transitions = {
            state: ({")": names[count - 1]} if count else {})
            | ({"(": names[count + 1]} if count < depth else {})
            for count, state in enumerate(names)
        }
    else:
        transitions = _tree(pairs, depth, separator)
    return FSM(
        alphabet=tuple(symbol for pair in pairs for symbol in pair),
        start=EMPTY,
        accepting=frozenset({EMPTY}),
        transitions=transitions,
        name=name,
        title=f"Bounded Dyck language: brackets of {kinds} kinds, at most {depth} deep",
        source="J. Hewitt et al., RNNs can generate bounded hierarchical languages with optimal "
        "memory, EMNLP 2020 (there with a symbol for the end of a word)",
    )


def anbn(n: int) -> FSM:
    """The words ab, aabb, … up to `n` of each: aⁿbⁿ as far as a finite machine can count.

    Example:
        >>> ["".join(word) for word in anbn(3).enumerate()]
        ['ab', 'aabb', 'aaabbb']
    """
    check_at_least("n of anbn-N", n, 1)
    check_states(f"anbn-{n}", 2 * n + 1)
    transitions = {"start": {"a": "a1"}}
    for count in range(1, n + 1):
        line = {"a": f"a{count + 1}"} if count < n else {}
        transitions[f"a{count}"] = line | {"b": f"b{count - 1}" if count > 1 else "end"}
    for left in range(n - 1, 0, -1):
        transitions[f"b{left}"] = {"b": f"b{left - 1}" if left > 1 else "end"}
    transitions["end"] = {}
    return FSM(
        alphabet=("a", "b"),
        start="start",
        accepting=frozenset({"end"}),
        transitions=transitions,
        name=f"anbn-{n}",
        title=f"aⁿbⁿ for n from 1 to {n}; the states count the a read and the b to come",
        source="F. A. Gers and J. Schmidhuber, LSTM recurrent networks learn simple context-free "
        "and context-sensitive languages, IEEE Trans. Neural Networks 12 (2001) 1333–1340",
    )


def _tree(pairs: list[tuple[str, str]], depth: int, separator: str) -> dict[str, dict[str, str]]:
    """The transitions where a state is a row of open brackets, breadth first."""

    def state(opened: tuple[int, ...]) -> str:
        return separator.join(pairs[kind][0] for kind in opened) or EMPTY

    transitions: dict[str, dict[str, str]] = {}
    queue: list[tuple[int, ...]] = [()]
    for opened in queue:
        line = {pairs[opened[-1]][1]: state(opened[:-1])} if opened else {}
        if len(opened) < depth:
            deeper = [(*opened, kind) for kind in range(len(pairs))]
            line |= {pair[0]: state(row) for pair, row in zip(pairs, deeper, strict=True)}
            queue.extend(deeper)
        transitions[state(opened)] = line
    return transitions


def _tree_size(kinds: int, depth: int) -> int:
    """The number of nodes of a complete tree, counted no further than is needed to refuse it."""
    size = level = 1
    for _ in range(depth):
        level *= kinds
        size += level
        if size > MAX_STATES:
            break
    return size
