"""Operators that build larger grammars around a given one, as the embedded Reber grammar is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reberlstm.errors import GrammarError, shown
from reberlstm.grammars import Grammar, as_finite
from reberlstm.machine.algebra import Names
from reberlstm.machine.fsm import FSM, Word

Frame = tuple[str | Iterable[str], str | Iterable[str]]
"""What stands before and after a word of the inner grammar; each one symbol or more."""

Lines = dict[str, dict[str, str]]
Chances = dict[str, dict[str, float]]

REBER_FRAMES: Mapping[str, Frame] = {"T": ("BT", "TE"), "P": ("BP", "PE")}
"""The two frames of the embedded Reber grammar."""


def embed(inner: Grammar, frames: Mapping[str, Frame]) -> FSM:
    """Set the words of a machine into frames: before · word · after, for one of the frames.

    Every frame has its own copy of `inner`, which is how the machine remembers what stood before.
    Frames are equally likely where they part; where an inner word may end, its stop probability
    becomes that of the frame's first closing symbol.

    Args:
        inner: The machine in the middle.
        frames: For each frame a name, which begins the names of its copy's states, and the two
            words around it. Symbols that `inner` has not are added to the alphabet.

    Raises:
        GrammarError: where one frame begins like the whole of another, where an inner word may end
            and go on with the symbol that closes the frame, or for a machine with outputs.

    Example:
        >>> from reberlstm import load_grammar
        >>> embedded = embed(load_grammar("reber"), {"T": ("BT", "TE"), "P": ("BP", "PE")})
        >>> embedded.accepts("BTBTXSETE"), embedded.accepts("BTBTXSEPE")
        (True, False)
    """
    inner = as_finite(inner, "embed")
    try:
        split = {key: (tuple(before), tuple(after)) for key, (before, after) in frames.items()}
    except (AttributeError, TypeError, ValueError):
        raise GrammarError(
            "expected frames: a table of pairs of words, as in {'T': ('BT', 'TE')}; "
            f"got {shown(frames)}"
        ) from None
    _check_frames(inner, split)
    names = Names()
    start = names.fresh("start")
    copies = {key: {q: names.fresh(f"{key}.{q}") for q in inner.states} for key in split}
    transitions: Lines = {start: {}}
    probabilities: Chances = {}

    opened: dict[Word, str] = {(): start}
    for key, (before, _) in split.items():
        for length in range(1, len(before)):
            prefix = before[:length]
            if prefix not in opened:
                opened[prefix] = names.fresh("".join(prefix))
                transitions[opened[prefix]] = {}
                transitions[opened[prefix[:-1]]][prefix[-1]] = opened[prefix]
        transitions[opened[before[:-1]]][before[-1]] = copies[key][inner.start]

    # What is still to come of a frame's end is a state, which frames share.
    closings = {after[index:] for _, after in split.values() for index in range(1, len(after) + 1)}
    closed = {
        closing: names.fresh("…" + "".join(closing) if closing else "end")
        for closing in sorted(closings, key=lambda closing: (-len(closing), closing))
    }
    for key, (_, after) in split.items():
        copy = copies[key]
        for q in inner.states:
            transitions[copy[q]] = {a: copy[to] for a, to in inner.transitions[q].items()}
            if q in inner.probabilities:
                probabilities[copy[q]] = dict(inner.probabilities[q])
            if q in inner.accepting:
                transitions[copy[q]][after[0]] = closed[after[1:]]
                probabilities[copy[q]] = _ending(inner, q, {after[0]: 1.0})
    for closing, state in closed.items():
        transitions[state] = {closing[0]: closed[closing[1:]]} if closing else {}

    around = (symbol for before, after in split.values() for symbol in (*before, *after))
    return FSM(
        alphabet=tuple(dict.fromkeys((*inner.alphabet, *around))),
        start=start,
        accepting=frozenset({closed[()]}),
        transitions=transitions,
        probabilities=probabilities,
        name=f"embedded-{inner.name}" if inner.name else "",
        title=f"Embedded: {inner.title}" if inner.title else "",
        source=inner.source,
    )


def continual(inner: Grammar, again: float = 0.9) -> FSM:
    """Any number of words of a machine, one after the other without a mark between them.

    Where a word may end the next one may begin; the machine accepts between words, and so the
    empty word too.

    Args:
        inner: The machine of one word.
        again: The probability that another word follows, in [0, 1).

    Raises:
        GrammarError: where a word may end and go on with a symbol that also begins one, where the
            start is entered again within a word, or for a machine with outputs.

    Example:
        >>> from reberlstm import load_grammar
        >>> endless = continual(load_grammar("reber"))
        >>> endless.accepts("BTXSEBPVVE"), sorted(endless.legal(endless.run("BTXSE")))
        (True, ['B'])
    """
    inner = as_finite(inner, "continual")
    if inner.outputs:
        raise GrammarError(f"{inner} has outputs, for which no rule is known here; drop them")
    if not 0.0 <= again < 1.0:
        raise GrammarError(f"again={again} is not in [0, 1)")
    first = inner.transitions[inner.start]
    reentered = any(inner.start in line.values() for line in inner.transitions.values())
    if reentered and inner.start not in inner.accepting:
        raise GrammarError(
            f"the start state {inner.start!r} of {inner} is entered within words, "
            "so it cannot also stand for the end of one; give the machine a start of its own"
        )

    # A state in which words end and nothing follows is the start of the next word.
    merged = {q for q in inner.accepting if not inner.transitions[q]} - {inner.start}
    transitions: Lines = {}
    probabilities: Chances = {}
    stop: dict[str, float] = {}
    for q in inner.states:
        if q in merged:
            continue
        line = {a: inner.start if to in merged else to for a, to in inner.transitions[q].items()}
        if q in inner.probabilities:
            probabilities[q] = dict(inner.probabilities[q])
        if q in inner.accepting and q != inner.start:
            _check_apart(inner, q, first)
            line |= {a: inner.start if to in merged else to for a, to in first.items()}
            starts = {a: again * inner.probability(inner.start, a) for a in first}
            stop[q] = inner.stop_probability(q) * (1.0 - again)
            chances = _ending(inner, q, starts)
            probabilities[q] = {a: chance / (1.0 - stop[q]) for a, chance in chances.items()}
        transitions[q] = line
    stop[inner.start] = 1.0 - again if first else 1.0
    return FSM(
        alphabet=inner.alphabet,
        start=inner.start,
        accepting=(inner.accepting - merged) | {inner.start},
        transitions=transitions,
        probabilities=probabilities,
        stop=stop,
        name=f"continual-{inner.name}" if inner.name else "",
        title=f"Continual: {inner.title}" if inner.title else "",
        source=inner.source,
    )


def _ending(inner: FSM, state: str, ending: Mapping[str, float]) -> dict[str, float]:
    """Probabilities where a word may end: it goes on, or ends and `ending` says what follows."""
    stop = inner.stop_probability(state)
    going_on = {a: (1.0 - stop) * inner.probability(state, a) for a in inner.transitions[state]}
    return going_on | {a: stop * chance for a, chance in ending.items()}


def _check_frames(inner: FSM, frames: Mapping[str, tuple[Word, Word]]) -> None:
    if inner.outputs:
        raise GrammarError(f"{inner} has outputs, for which no rule is known here; drop them")
    if not frames:
        raise GrammarError("no frames given; name at least one, as in {'T': ('BT', 'TE')}")
    for key, (before, after) in frames.items():
        if not before or not after:
            raise GrammarError(f"frame {key!r} needs a symbol or more both before and after")
        for other, (longer, _) in frames.items():
            if other != key and longer[: len(before)] == before:
                raise GrammarError(
                    f"frame {other!r} begins with the whole of frame {key!r}, so the two cannot "
                    "be told apart when the inner word begins; let them part before"
                )
        for state in inner.states:
            if state in inner.accepting:
                _check_apart(inner, state, after[:1])


def _check_apart(inner: FSM, state: str, symbols: Iterable[str]) -> None:
    for symbol in symbols:
        if symbol in inner.transitions[state]:
            raise GrammarError(
                f"in state {state!r} of {inner} a word may end, but also go on with {symbol!r}, "
                "which would follow its end; choose another symbol"
            )
