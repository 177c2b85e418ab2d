"""The questions that `compare` asks of nets for a machine with counters.

An answer is right when it is the machine's: the symbols that may come next, and whether the word
may end, as far as the net tells them and claims it, see `reberlstm.machine.complete.Scope`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from reberlstm.certificates import CountingProof, Refutation, certify
from reberlstm.comparison import answers
from reberlstm.comparison.case import Settings
from reberlstm.comparison.cycles import States
from reberlstm.comparison.result import Entry, Measure, measure, not_applicable
from reberlstm.errors import GrammarError, ReberLSTMError
from reberlstm.extraction.nets import Subject
from reberlstm.extraction.trajectories import BudgetEnd
from reberlstm.machine.complete import Walk, includes_empty_word
from reberlstm.machine.counters import Configuration, CounterMachine
from reberlstm.machine.crawl import crawl
from reberlstm.machine.repeats import folded
from reberlstm.machine.words import Word
from reberlstm.net.base import Observed, check_alphabets
from reberlstm.net.net import Net

BATCH = 500
"""Words that are run at once."""

MOST_WORDS = 20_000
"""So many words are tried in the search for a shortest wrong one."""

NEAR = 100
"""So many configurations are tried for where a counter begins to go up or down."""

SMALL = 30
"""Counts up to here are all tried, then every one that is a tenth larger."""


class CountingCase:
    """A net and the machine with counters that says what is right.

    Attributes:
        head: The question that the rows on weights are about.
        kinds: What is judged of the net's answers.

    Raises:
        GrammarError: for a net over other symbols, or one that tells neither legal symbols nor
            acceptance.
    """

    def __init__(
        self, name: str, net: Subject, machine: CounterMachine, settings: Settings
    ) -> None:
        self.name, self.net, self.machine, self.settings = name, net, machine, settings
        remedy = "compare nets over the grammar's alphabet"
        check_alphabets(machine, net, name=name, remedy=remedy)
        told: tuple[str, ...] = net.asked(net.claims) if isinstance(net, Net) else net.observed
        self.kinds = tuple(kind for kind in told if kind in ("legal", "accept"))
        if not self.kinds:
            raise GrammarError(
                f"net {name!r} tells neither which symbols may come nor whether a word may end, "
                f"and {machine} says nothing else"
            )
        self.head = self.kinds[0]
        on_violation: Any = getattr(net, "on_violation", "absorb")
        self.walk: Walk = machine.complete(on_violation)
        self.deadline = time.process_time() + settings.seconds
        self._numbers = {symbol: net.alphabet.index(symbol) for symbol in machine.alphabet}

    @property
    def left(self) -> float:
        """Seconds."""
        return max(0.0, self.deadline - time.process_time())

    def start(self, count: int) -> States:
        """The state vector that words begin in, so many times."""
        return self.net.start(count)

    def step(self, states: States, symbols: Sequence[str]) -> States:
        """The state vectors after one symbol each."""
        return self.net.step(states, np.array([self._numbers[symbol] for symbol in symbols]))

    def first_wrong(self, words: Sequence[Word]) -> Iterator[int | None]:
        """For each word the number of symbols after which an answer is first wrong, or None.

        Raises:
            BudgetEnd: when the time is over.
        """
        for begin in range(0, len(words), BATCH):
            yield from self._first_wrong(words[begin : begin + BATCH])

    def _first_wrong(self, words: Sequence[Word]) -> list[int | None]:
        wrong: list[int | None] = [None] * len(words)
        nodes = [self.walk.start] * len(words)
        states = self.net.start(len(words))
        for t in range(max(map(len, words)) + 1):
            if not self.left:
                raise BudgetEnd("seconds")
            rows = [row for row, word in enumerate(words) if len(word) >= t and wrong[row] is None]
            if not rows:
                break
            if t:
                symbols = [words[row][t - 1] for row in rows]
                states[rows] = self.step(states[rows], symbols)
                for row, symbol in zip(rows, symbols, strict=True):
                    nodes[row] = self.walk.after(nodes[row], self.machine.alphabet.index(symbol))
            seen = self.net.observe(states[rows])
            for place, row in enumerate(rows):
                if self.is_asked(nodes[row], t) and not self.is_right(seen, place, nodes[row]):
                    wrong[row] = t
        return wrong

    def is_right(self, seen: Observed, row: int, node: Any) -> bool:
        """Whether the answers in a row are those of a node of the machine."""
        right = True
        if "legal" in self.kinds:
            assert seen.legal is not None, "the net tells legal symbols"
            offered, legal = seen.legal[row], self.walk.legal_at(node)
            right = all(offered[n] == (a in legal) for a, n in self._numbers.items())
        if "accept" in self.kinds:
            assert seen.accept is not None, "the net tells acceptance"
            right = right and bool(seen.accept[row]) == self.walk.accepts_at(node)
        return right

    def is_asked(self, node: Any, length: int) -> bool:
        """Whether the net is asked after a word of that length which leads to a node."""
        scope = self.net.claims
        return self.walk.is_asked(scope, node) if length else includes_empty_word(scope)

    def text(self, word: Word) -> str:
        """A word to be read, with repetitions folded."""
        separator = " " if self.machine.has_long_symbols else ""
        return folded(word, separator) or "the empty word"


@measure("accuracy", "Right on sampled words?")
def accuracy(case: CountingCase) -> Entry:
    """Share of {words} random words after whose every prefix the answer is right.

    Words are accepted ones, every second with one symbol replaced by any.
    """
    rng = random.Random(case.settings.seed)  # noqa: S311 - for experiments, not for secrets
    words = case.machine.sample(case.settings.words, seed=case.settings.seed)
    for number in range(1, len(words), 2):
        if words[number]:
            place, word = rng.randrange(len(words[number])), list(words[number])
            word[place] = rng.choice(case.machine.alphabet)
            words[number] = tuple(word)
    found = list(case.first_wrong(words))
    wrong = sum(at is not None for at in found)
    share = 1.0 - wrong / len(found)
    value = {"share": share, "strings": len(found), "strings_wrong": wrong}
    if not wrong:
        return Entry(f"100 % ({len(found):,} words)", value)
    return Entry(f"{answers.percent(share)}, {wrong:,} of {len(found):,} words wrong", value)


@measure("wrong prefix", "Shortest wrong word?")
def wrong_prefix(case: CountingCase) -> Entry:
    """A shortest word after which an answer is wrong, as far as some 20,000 words reach.

    Shortest first; legal words, and of a net that claims every word also those with a violation as
    their last symbol.
    """
    level: list[tuple[Word, Any]] = [((), case.walk.start)]
    states, tried, length = case.start(1), 0, 0
    while level and tried < MOST_WORDS:
        if not case.left:
            raise BudgetEnd("seconds")
        seen = case.net.observe(states)
        for row, (word, node) in enumerate(level):
            if case.is_asked(node, length) and not case.is_right(seen, row, node):
                text = f"{case.text(word)} ({length:,} symbols)"
                return Entry(text, {"word": list(word)}, "refuted")
        tried += len(level)
        before, level, sources, symbols = level, [], list[int](), list[str]()
        for row, (word, node) in enumerate(before):
            if case.walk.name(node) is None:
                continue
            for number, symbol in enumerate(case.machine.alphabet):
                after = case.walk.after(node, number)
                if case.net.claims == "all" or case.walk.name(after) is not None:
                    level.append(((*word, symbol), after))
                    sources.append(row)
                    symbols.append(symbol)
        if level:
            states = case.step(states[sources], symbols)
            length += 1
    last = length - 1 if level else length
    text = f"none of up to {last:,} symbols; {tried:,} words tried"
    return Entry(text, {"up_to": last, "words": tried})


@measure("counts", "How far does it count?")
def counts(case: CountingCase) -> Entry:
    """The least count with a wrong answer, on the way up to {rounds} and back to acceptance.

    Of each counter, one word that moves it by one again and again; all counts up to 30 are tried,
    and then every one that is a tenth larger.
    """
    texts, values, status = [], {}, "measured"
    for counter, name in enumerate(case.machine.counters):
        pump = _pump(case.machine, counter)
        if pump is None:
            texts.append(f"{name} not tried")
            continue
        numbers = _numbers(case.settings.rounds)
        words = [word for n in numbers if (word := _up_and_down(case.machine, *pump, n))]
        last = 0
        for n, word, wrong in zip(numbers, words, case.first_wrong(words), strict=False):
            if wrong is not None:
                texts.append(f"{name} wrong at {n:,}: {case.text(word[:wrong])}")
                status = "refuted"
                values[name] = {"wrong_at": n, "word": list(word[:wrong])}
                break
            last = n
        else:
            texts.append(f"{name} right up to {last:,}")
            values[name] = {"right_to": last}
    return Entry(", ".join(texts), values, status)  # type: ignore[arg-type]


def _numbers(most: int) -> list[int]:
    found = list(range(1, min(most, SMALL) + 1))
    while found[-1] < most:
        found.append(min(most, found[-1] + max(1, found[-1] // 10)))
    return found


def _pump(machine: CounterMachine, counter: int) -> tuple[Word, Word] | None:
    """A word, and a symbol that after it moves a counter by one, again and again."""
    near = crawl([machine.start_configuration], machine.steps, most=NEAR)
    for here, symbol in product(near.found, machine.alphabet):
        there: Configuration | None = here
        for _ in range(3):
            there = None if there is None else machine.step(there, symbol)
        if there is not None and abs(there[1][counter] - here[1][counter]) == 3:
            return near.word(here), (symbol,)
    return None


def _up_and_down(machine: CounterMachine, before: Word, pump: Word, n: int) -> Word | None:
    up = before + pump * n
    top = machine.configuration(up)
    down = None if top is None else machine.way_to_acceptance(top, most=50 * n + 1_000)
    return None if down is None else up + down


@measure("certificate", "Proved right?")
def certified(case: CountingCase) -> Entry:
    """What `certify` proves: in float32 and in real arithmetic, as far as the entry says.

    In float32 of words of every length whose counters stay within a bound; in real arithmetic,
    where no counter holds for ever, of words of up to so many symbols.
    """
    if not case.settings.prove:
        return not_applicable("not tried")
    if not isinstance(case.net, Net):
        return not_applicable("the weights of this net are not known")
    texts = list[str]()
    value: dict[str, int | None] = {"limit": None, "length": None}
    try:
        for arithmetic, name in (("float32", "float32"), ("real", "real arithmetic")):
            seconds = case.left / 2 if arithmetic == "float32" else case.left
            found = certify(case.net, case.machine, arithmetic=arithmetic, seconds=seconds)
            if isinstance(found, Refutation) and not texts:
                word = found.counterexample
                return Entry(f"no: {case.text(word)}", {"word": list(word)}, "refuted")
            if isinstance(found, CountingProof):
                texts.append(f"{name}: {found.extent}")
                value |= {"limit": found.limit} if found.limit else {"length": found.length}
    except ReberLSTMError as error:
        return not_applicable(str(error).partition(";")[0])
    if texts:
        return Entry(", ".join(texts), value, "proved")
    return Entry("not proved", status="unknown")


def counting_measures(settings: Settings) -> list[Measure]:
    """All questions, in the order of the table."""
    sizes = {"words": f"{settings.words:,}", "rounds": f"{settings.rounds:,}"}
    asked = (answers.cells, answers.numbers, accuracy, wrong_prefix, counts, certified)
    return [one.filled(**sizes) for one in asked]
