"""How drawings mark start and end: by arrows from and to nodes that are no states, shapes, names.

i [shape=point];  i -> q0;                                  a start, with whatever label
"" [shape=none];  "" -> q0;      fake [style=invisible];  fake -> q0;
q1 -> f;  f [shape=point];                                  an end, as Vcsn draws it
q1 [shape=doublecircle];  q1 [peripheries=2];               an end
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reberlstm.formats.dot_attributes import flag, is_labelled, label, lower
from reberlstm.formats.dot_syntax import Attributes, Graph, Node

START = "__start0"
"""What AALpy calls the node from which an arrow points at the start."""

_START_NAMES = {"", "start", "init", "initial", "begin", "entry"}
_NO_SHAPES = {"none", "point", "plaintext", "plain"}
_ACCEPTING_SHAPES = {"doublecircle", "doubleoctagon", "tripleoctagon", "mdoublecircle"}


def arrow_tails(graph: Graph) -> set[str]:
    """The nodes that stand for no state but for the arrow at a start state.

    No edge leads to such a node. Where it cannot be seen at all (`_is_unseen`) its edges may be
    labelled, as in ``i -> q0 [label=start]``; else none of them is.
    """
    entered = {edge.target for edge in graph.edges}
    unlabelled: dict[str, bool] = {}
    to_seen: dict[str, bool] = {}
    for edge in graph.edges:
        plain = not is_labelled(edge.attributes)
        unlabelled[edge.source] = unlabelled.get(edge.source, True) and plain
        seen = not _is_unseen(edge.target, graph.nodes[edge.target])
        to_seen[edge.source] = to_seen.get(edge.source, True) and seen
    return {
        key
        for key, node in graph.nodes.items()
        if key not in entered
        and (
            key == START
            or (unlabelled.get(key, False) and _looks_like_no_state(key, node))
            or (to_seen.get(key, False) and _is_unseen(key, node))
        )
    }


def arrow_heads(graph: Graph) -> set[str]:
    """The nodes that stand for no state but for the arrow at an accepting state.

    They cannot be seen, no edge leaves them, and those that come to them are not labelled.
    """
    leaving = {edge.source for edge in graph.edges}
    unlabelled: dict[str, bool] = {}
    for edge in graph.edges:
        plain = not is_labelled(edge.attributes) and edge.source != edge.target
        unlabelled[edge.target] = unlabelled.get(edge.target, True) and plain
    return {
        key
        for key, plain in unlabelled.items()
        if plain and key not in leaving and _is_unseen(key, graph.nodes[key])
    }


def is_accepting(attributes: Attributes) -> bool:
    """Whether a node is drawn as an accepting state."""
    peripheries = lower(attributes, "peripheries")
    return (
        lower(attributes, "shape") in _ACCEPTING_SHAPES
        or (peripheries.isascii() and peripheries.isdigit() and peripheries.lstrip("0") not in "1")
        or flag(attributes, "accepting")
        or flag(attributes, "final")
    )


def is_initial(attributes: Attributes) -> bool:
    """Whether a node says itself that it is the start."""
    return any(flag(attributes, key) for key in ("initial", "start"))


def likely_start(
    keys: Sequence[str], names: Sequence[str], edges: Iterable[tuple[int, int]]
) -> tuple[int, str]:
    """Which state to begin in where nothing marks one, and why; states and edges by number.

    Example:
        >>> likely_start(["a", "b"], ["a", "b"], [(0, 1)])
        (0, "the first state, 'a', is taken")
        >>> likely_start(["a", "b"], ["a", "b"], [(1, 0)])
        (1, "'b' is taken, the only state that no edge enters")
        >>> likely_start(["a", "b"], ["a", "start"], [(0, 1)])
        (1, "'b' is taken for its name")
    """
    named = [
        number
        for number, both in enumerate(zip(keys, names, strict=True))
        if {text.strip().lower() for text in both} & (_START_NAMES - {""})
    ]
    if len(named) == 1:
        return named[0], f"{keys[named[0]]!r} is taken for its name"
    entered = {target for source, target in edges if source != target}
    free = [number for number in range(len(keys)) if number not in entered]
    if len(free) == 1 and free[0] != 0:
        return free[0], f"{keys[free[0]]!r} is taken, the only state that no edge enters"
    return 0, f"the first state, {keys[0]!r}, is taken"


def _looks_like_no_state(key: str, node: Node) -> bool:
    return (
        key.startswith("__start")
        or key.lower() in _START_NAMES
        or lower(node.attributes, "shape") in _NO_SHAPES
        or "invis" in lower(node.attributes, "style")
        or ("label" in node.attributes and not label(node.attributes).strip())
    )


def _is_unseen(key: str, node: Node) -> bool:
    """Whether a node is a mere point, invisible, or has neither a border nor a name to see."""
    shape = lower(node.attributes, "shape")
    name = label(node.attributes) if "label" in node.attributes else key
    return (
        shape == "point"
        or "invis" in lower(node.attributes, "style")
        or (shape in _NO_SHAPES and name.strip().lower() in _START_NAMES)
    )
