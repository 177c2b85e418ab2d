"""How well a method finds what is known of a net: its machine, its directions, its causes.

A method is given `Entry.net`, or `asked`, and never the machine or the map.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import ZooError, shown
from reberlstm.extraction.nets import Kind
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM, Word
from reberlstm.net.cells.cell import Floats
from reberlstm.plain import Plain
from reberlstm.zoo.entries import Entry
from reberlstm.zoo.interchange import PAIRS, Interchange, interchanges, reached

Pair = tuple[str | None, str | None]
"""States of two machines; None after a violation."""

WORDS = 500
"""Words on which an extracted machine is compared."""

# Extraction


class Asked:
    """A net as extractors ask it, by the protocol `reberlstm.extraction.RecurrentNet`.

    Attributes:
        alphabet: The symbols.
        kind: What is observed: ``accept`` where every symbol is always legal, else ``legal``.
        claims: The scope in which the answers count. In the scope ``legal`` a net was never asked
            before the first symbol; it is told here to offer those that words begin with.
        steps: How many symbols it has read so far, those of all words of a batch counted.
    """

    def __init__(self, entry: Entry) -> None:
        self.kind: Kind = "accept" if entry.machine.is_complete else "legal"
        self._net = entry.net.replace(heads={self.kind: entry.net.heads[self.kind]})
        self.alphabet, self.claims, self.steps = entry.net.alphabet, entry.net.claims, 0
        self._first = entry.tables.legal[0]

    def initial(self) -> NDArray[Any]:
        """The state vector before the first symbol, (D,)."""
        return self._net.initial()

    def step(self, states: NDArray[Any], symbols: NDArray[np.intp]) -> NDArray[Any]:
        """The state vectors (B, D) after one symbol each, (B,)."""
        self.steps += len(states)
        return self._net.step(states, symbols)

    def observe(self, states: NDArray[Any]) -> NDArray[Any]:
        """The answers: (B, A) if legal, (B,) if accept."""
        seen = np.array(getattr(self._net.observe(states), self.kind))
        if self.claims == "legal":
            seen[(states == self.initial()).all(axis=1)] = self._first
        return seen


Extractor = Callable[[Asked, float], Any]
"""Takes a net and a budget in seconds; returns an `FSM`, or an object that has one as ``fsm``."""


@dataclass(frozen=True)
class ExtractionScore(Plain):
    """How good an extracted machine is.

    Attributes:
        equal: Whether it says after every word of the net's scope what the true one says.
        agreement: The share of random words after which it does; in the scope ``all`` half of them
            are legal, and the others stray.
        steps: Symbols that the net read.
        states: The states of the machine found, as it was returned.
        seconds: Processor time.
        error: What the extractor raised, or returned that is no machine.
    """

    equal: bool
    agreement: float
    steps: int
    states: int
    seconds: float
    error: str = ""


def score_extraction(
    entry: Entry, extractor: Extractor, *, seconds: float = 60.0, seed: int = 0
) -> ExtractionScore:
    """Let an extractor find the machine of an entry.

    Args:
        entry: The entry.
        extractor: Called with the net and the seconds; see `Extractor`. Where it raises, or
            returns no machine, the score is one of nothing, and says so.
        seconds: Its budget; nobody but the extractor keeps it.
        seed: Of the words for `ExtractionScore.agreement`.
    """
    net = Asked(entry)
    begun = time.process_time()
    try:
        found = extractor(net, seconds)
        spent = time.process_time() - begun
        machine = found if isinstance(found, FSM) else getattr(found, "fsm", None)
        if not isinstance(machine, FSM):
            name = getattr(extractor, "__name__", "the extractor")
            what = f"{name} returned {type(found).__name__}, not an FSM"
            return ExtractionScore(False, 0.0, net.steps, 0, spent, what)
        equal = _equal(machine, entry, net.kind)
        agreement = _agreement(machine, entry, net.kind, seed)
    except Exception as error:  # an extractor of others may raise anything, or return anything
        spent = time.process_time() - begun
        what = f"{type(error).__name__}: {error}"
        return ExtractionScore(False, 0.0, net.steps, 0, spent, what)
    return ExtractionScore(equal, agreement, net.steps, len(machine.states), spent)


def _equal(machine: FSM, entry: Entry, kind: Kind) -> bool:
    """Whether two machines say the same after every word of the scope."""
    true = entry.machine
    if entry.net.claims == "all":
        return machine.difference(true, by=kind) is None

    def follow(pair: Pair) -> Iterator[tuple[str, Pair]]:
        found, state = pair
        for a in true.alphabet:
            if state is not None and a in true.legal(state):
                after = None if found is None else machine.next_state(found, a)
                yield a, (after, true.next_state(state, a))

    starts = [pair for _, pair in follow((machine.start, true.start))]
    for found, state in crawl(starts, follow).found:
        legal = true.legal(state) if state is not None else frozenset()
        if legal and (found is None or machine.legal(found) != legal):
            return False
    return True


def _agreement(machine: FSM, entry: Entry, kind: Kind, seed: int) -> float:
    rng, tables, scope = np.random.default_rng(seed), entry.tables, entry.net.claims
    half = (WORDS // 2,)
    drawn = [tables.draw(rng, half, 40)]
    if scope == "all":
        drawn.append(tables.stray(rng, half, 40))
    same = []
    for each in drawn:
        for number, length in enumerate(each.lengths):
            if tables.is_asked(scope, int(each.states[length - 1, number])):
                word = [tables.alphabet[a] for a in each.symbols[:length, number]]
                same.append(_says(machine, word, kind) == _says(entry.machine, word, kind))
    return float(np.mean(same)) if same else 1.0


def _says(machine: FSM, word: Sequence[str], kind: Kind) -> object:
    state = machine.run(word)
    if kind == "accept":
        return state is not None and state in machine.accepting
    return None if state is None else machine.legal(state)


# Probes


@dataclass(frozen=True)
class Samples:
    """State vectors with what the machine is in, to learn directions from.

    Attributes:
        hidden: The hidden state after each of B words, (B, H).
        values: The value of each node and bit there, (B,) each: 1 or 0 of a node; 1, −1 or 0 of a
            bit, 0 also where it may be anything.
    """

    hidden: Floats
    values: Mapping[str, NDArray[np.intp]]


def samples(entry: Entry, *, seed: int = 1, least: int = 400) -> Samples:
    """State vectors after the prefixes of random words, half of them legal, with all variables."""
    vectors, states = reached(entry.net, entry.tables, np.random.default_rng(seed), least)
    kept = np.isin(states, entry.map.asked)
    values = {
        each.name: np.array([value or 0 for value in each.values])[states[kept]]
        for each in entry.map.of("node", "bit")
    }
    return Samples(entry.net.hidden(vectors[kept]), values)


@dataclass(frozen=True)
class ProbeScore(Plain):
    """How well directions stand for variables.

    Attributes:
        right: The mean of `Interchange.right` over the nodes and bits. Distractors are left out,
            unless nothing else was given: where a direction does nothing, one passes for theirs.
        each: The result for each variable.
    """

    right: float
    each: tuple[Interchange, ...]


def score_probes(
    entry: Entry, directions: Mapping[str, Any], *, pairs: int = PAIRS, seed: int = 0
) -> ProbeScore:
    """Do directions stand for the nodes and bits that they are said to stand for?

    Each is tested alone, by interchange interventions: for the other node of a pair of words the
    true direction is taken. See `reberlstm.zoo.interchange`. The length and the sign of a direction
    do not matter.

    Args:
        entry: The entry.
        directions: For some variables of the map a direction each, of shape (H,), which is taken in
            h and, in an LSTM, in c; or (P, H), a row for each part of the state.
        pairs: Pairs of words for each.
        seed: Of the words.

    Raises:
        ZooError: for a variable that the map does not have, or a direction of another shape.
    """
    if not isinstance(directions, Mapping):
        raise ZooError(f"directions are a mapping of names, not {type(directions).__name__}")
    if not directions:
        raise ZooError("no directions to score; give one for some node or bit of the map")
    each = interchanges(entry.net, entry.machine, entry.map, directions, pairs=pairs, seed=seed)
    means = {x.name for x in entry.map.of("node", "bit")}
    counted = [x.right for x in each if x.variable in means] or [x.right for x in each]
    return ProbeScore(float(np.mean(counted)), tuple(each))


# Attribution


def causes(machine: FSM, word: str | Sequence[str]) -> tuple[int, ...]:
    """The positions of a word, from 0, that cause what is right after it.

    A position is a cause if another symbol there, and no other change, makes another legal word
    after which other symbols may follow, or the word may end where it could not, or the reverse, or
    the output is another one.

    Example:
        >>> from reberlstm import load_grammar
        >>> causes(load_grammar("embedded-reber"), "BPBTXSE")
        (1,)

    Raises:
        GrammarError: for a symbol that is none of the machine's.
        ZooError: for a word that is not legal.
    """
    symbols = machine.word(word)
    right = _answer(machine, symbols)
    if right is None:
        raise ZooError(f"{shown(''.join(symbols))} is no legal word of {machine}; give one")
    found = []
    for position, symbol in enumerate(symbols):
        for other in machine.alphabet:
            changed = (*symbols[:position], other, *symbols[position + 1 :])
            if other != symbol and _answer(machine, changed) not in (None, right):
                found.append(position)
                break
    return tuple(found)


def _answer(machine: FSM, word: Word) -> object:
    state = machine.run(word)
    if state is None:
        return None
    return machine.legal(state), state in machine.accepting, machine.outputs.get(state)


DRAWS = 6
"""So often random words are looked through for some to explain."""


def words_with_causes(
    entry: Entry, count: int = 30, *, seed: int = 0, longest: int = 12
) -> list[Word]:
    """Legal words to explain, if there are any: their causes are not just the last symbols."""
    rng, found = np.random.default_rng(seed), dict[Word, None]()
    for _ in range(DRAWS):
        drawn = entry.tables.draw(rng, (count,), longest)
        for number, length in enumerate(drawn.lengths):
            word = tuple(entry.tables.alphabet[a] for a in drawn.symbols[:length, number])
            for end in range(2, len(word) + 1):
                own = causes(entry.machine, word[:end])
                if own and own != tuple(range(end - len(own), end)):
                    found[word[:end]] = None
        if len(found) >= 4 * count:
            break
    words = list(found)
    return [words[k] for k in rng.permutation(len(words))[:count]]


@dataclass(frozen=True)
class AttributionScore(Plain):
    """How well scores point at causes.

    Attributes:
        words: How many words had some, but not only causes; others tell nothing and are left out.
        hit: The share of them in which the position of the largest size is a cause.
        chance: What `hit` is for scores at random: the mean share of causes.
        area: The probability that a cause has a larger size than a position that is none, ties
            counted half, as a mean over words; ½ for scores at random.
    """

    words: int
    hit: float
    chance: float
    area: float


def score_attribution(
    entry: Entry, scores: Mapping[str | tuple[str, ...], Any]
) -> AttributionScore:
    """Do scores for the positions of words point at the causes of the net's answers?

    Args:
        entry: The entry.
        scores: For legal words, as strings or tuples of symbols, a number for each position. What
            counts is its size.

    Raises:
        ZooError: for scores that are not one finite number for each position.
    """
    hits, chances, areas = [], [], []
    for text, given in scores.items():
        word = entry.machine.word(text)
        try:
            sizes = np.abs(np.asarray(given, dtype=np.float64))
        except (TypeError, ValueError):
            sizes = np.array(np.nan)
        if sizes.shape != (len(word),) or not np.isfinite(sizes).all():
            raise ZooError(
                f"the scores of {shown(''.join(word))} are {shown(given)}; give a finite number "
                f"for each of its {len(word)} positions"
            )
        is_cause = np.isin(np.arange(len(word)), causes(entry.machine, word))
        if is_cause.all() or not is_cause.any():
            continue
        most = sizes == sizes.max()
        hits.append(float(is_cause[most].mean()))
        chances.append(float(is_cause.mean()))
        apart = sizes[is_cause][:, None] - sizes[~is_cause]
        areas.append(float((np.sign(apart) / 2.0 + 0.5).mean()))
    if not hits:
        raise ZooError("no word has causes and other positions; see words_with_causes")
    return AttributionScore(len(hits), *(float(np.mean(x)) for x in (hits, chances, areas)))
