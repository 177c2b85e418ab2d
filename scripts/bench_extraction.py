"""Extraction beside AALpy: the same nets, the same limits of CPU seconds and of net steps.

AALpy (E. Muškardin et al., AALpy: an active automata learning library, 2022) runs KV and L* with
the oracles that know nothing of the machine. When a limit is reached, its last hypothesis counts.
`reberlstm` runs twice: with its usual evidence, and with a five-hundredth of it::

    python scripts/bench_extraction.py --write
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from aalpy.base import SUL
from aalpy.learning_algs import run_KV, run_Lstar
from aalpy.oracles import RandomWMethodEqOracle, RandomWordEqOracle, StatePrefixEqOracle
from extraction_nets import Begun, Seen
from in_docs import put
from train_for_extraction import OUT, RECIPES, Recipe

import reberlstm as rl
from reberlstm.extraction import Budget, extract
from reberlstm.interop.recurrent import open_net

Word = tuple[int, ...]
Machine = Callable[[Word], Any]
"""What a machine shows after a word: acceptance, or the legal set; None for a violation."""

ORACLES: dict[str, Callable[[list[Any], Any], Any]] = {
    "prefixes": lambda a, sul: StatePrefixEqOracle(a, sul, walks_per_state=25, walk_len=12),
    "W-method": lambda a, sul: RandomWMethodEqOracle(a, sul, walks_per_state=25, walk_len=12),
    "words": lambda a, sul: RandomWordEqOracle(a, sul, num_walks=500, min_walk_len=2),
}


class Limit(Exception):  # noqa: N818 - it ends a run, it is no error
    """The seconds or steps of one run are spent."""


class NetSUL(SUL):  # type: ignore[misc]
    """A net as AALpy asks it; after a symbol that is not offered it says "over"."""

    def __init__(self, net: Any, seconds: float, steps: int) -> None:
        super().__init__()
        self.net, self.steps, self._most = net, 0, steps
        self._deadline = time.process_time() + seconds
        self._state: Any = None

    def pre(self) -> None:
        """Begin a word."""
        self._state = self.net.initial()[np.newaxis]

    def post(self) -> None:
        """End a word."""

    def step(self, letter: int | None) -> Any:
        """One symbol, or none."""
        if letter is not None and self._state is not None:
            if self.steps >= self._most or time.process_time() > self._deadline:
                raise Limit
            if self.net.kind == "legal" and not self.net.observe(self._state)[0, letter]:
                self._state = None
            else:
                self._state = self.net.step(self._state, np.array([letter]))
                self.steps += 1
        if self._state is None:
            return "over"
        return _shown(self.net.observe(self._state)[0])


class Remembering:
    """An oracle that keeps the last hypothesis, for when a limit ends the run."""

    def __init__(self, oracle: Any) -> None:
        self.oracle, self.last = oracle, None
        self.num_queries = self.num_steps = 0

    def find_cex(self, hypothesis: Any) -> Any:
        """Pass it on."""
        self.last = hypothesis
        return self.oracle.find_cex(hypothesis)


def by_aalpy(
    net: Any, learner: str, oracle: str, seconds: float, steps: int, seed: int
) -> tuple[Machine, int, int, bool]:
    """The machine, its states, the steps that it took, and whether AALpy returned it."""
    random.seed(seed)
    alphabet = list(range(len(net.alphabet)))
    sul = NetSUL(net, seconds, steps)
    asked = Remembering(ORACLES[oracle](alphabet, sul))
    run = run_KV if learner == "KV" else run_Lstar
    kind = "dfa" if net.kind == "accept" else "moore"
    returned = True
    try:
        found = run(alphabet, sul, asked, automaton_type=kind, print_level=0)
    except Limit:
        found, returned = asked.last, False
    if found is None:
        return (lambda word: None), 0, sul.steps, False

    def machine(word: Word) -> Any:
        state = found.initial_state
        for symbol in word:
            state = state.transitions[symbol]
        return state.is_accepting if kind == "dfa" else state.output

    states = [q for q in found.states if kind == "dfa" or q.output != "over"]
    return machine, len(states), sul.steps, returned


def by_us(net: Any, effort: float, seed: int) -> tuple[Machine, int, int, str]:
    """The machine, its states, the steps that it took, and what is claimed.

    Its bound on seconds is one by the clock, which runs on while other programs do; words and
    states bound it here.
    """
    found = extract(
        net,
        seconds=600,
        max_words=500_000,
        max_states=200,
        budget=Budget().scaled(effort),
        seed=seed,
    )
    fsm = found.fsm

    def machine(word: Word) -> Any:
        state = fsm.run([net.alphabet[symbol] for symbol in word])
        if state is None:
            return None
        if net.kind == "accept":
            return state in fsm.accepting
        return tuple(symbol in fsm.legal(state) for symbol in fsm.alphabet)

    claim = f"{found.verdict[0].relation}; machine after {found.found_after:,} steps"
    if found.ended_by is not None:
        claim += f"; ended by {found.ended_by}"
    return machine, len(fsm.states), found.steps, claim


def _shown(seen: Any) -> Any:
    return tuple(seen.tolist()) if np.ndim(seen) else bool(seen)


def short_words(net: Any, length: int, most: int) -> Iterator[tuple[Word, Any]]:
    """All words of at most `length` symbols that the net speaks about, and what it shows."""
    words: list[Word] = [()]
    states = net.initial()[np.newaxis]
    for _ in range(length + 1):
        seen = net.observe(states)
        for word, one in zip(words, seen, strict=True):
            yield word, _shown(one)
        offered = seen if net.kind == "legal" else np.ones((len(words), len(net.alphabet)), bool)
        rows, symbols = np.nonzero(offered)
        if not len(rows) or len(rows) > most:
            return
        words = [(*words[row], int(symbol)) for row, symbol in zip(rows, symbols, strict=True)]
        states = net.step(states[rows], symbols)


def long_words(net: Any, count: int, length: int, seed: int) -> Iterator[tuple[Word, Any]]:
    """Random words along the net's offers."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        state, word = net.initial()[np.newaxis], []
        for _ in range(length):
            seen = net.observe(state)[0]
            options = np.flatnonzero(seen) if net.kind == "legal" else range(len(net.alphabet))
            if not len(options):
                break
            symbol = int(rng.choice(options))
            word.append(symbol)
            state = net.step(state, np.array([symbol]))
        yield tuple(word), _shown(net.observe(state)[0])


def agreement(machine: Machine, words: list[tuple[Word, Any]]) -> float:
    """The share of words after which the machine shows what the net shows."""
    return float(np.mean([machine(word) == shown for word, shown in words]))


def nets() -> Iterator[tuple[str, Any]]:
    """The nets of the table."""
    for name in ("reber", "embedded-reber"):
        yield f"{name}, compiled, legal", Seen(rl.compile(rl.load_grammar(name)), "legal")
    yield "reber, compiled, accept", Seen(rl.compile(rl.load_grammar("reber")), "accept")
    for recipe in RECIPES:
        if recipe.name in TRAINED:
            yield f"{recipe.name}, trained", _loaded(recipe)


EFFORTS = {"reberlstm": 1.0, "reberlstm, little evidence": 0.002}

TRAINED = {
    "tomita-1-lstm",
    "tomita-2-gru",
    "tomita-3-rnn",
    "tomita-4-gru",
    "tomita-5-rnn",
    "tomita-6-gru",
    "tomita-7-lstm",
    "reber-gru",
}


def _loaded(recipe: Recipe) -> Any:
    """A net of `train_for_extraction.py`; one of legal symbols after the first symbol of all words.

    Before it such a net was taught nothing; so both sides ask the same.
    """
    net = open_net(OUT / f"{recipe.name}.safetensors")
    return Begun(net, "B") if getattr(net, "kind", "") == "legal" else net


def main() -> None:
    """Print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="put the table into the docs")
    arguments = parser.parse_args()
    lines = [
        "| net | method | states | words ≤ 10 | words of 100 | outcome | net steps | CPU s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for title, net in nets():
        short = list(short_words(net, 10, 20_000))
        long = list(long_words(net, 200, 100, arguments.seed + 1))

        def row(
            method: str,
            machine: Machine,
            states: int,
            steps: int,
            outcome: str,
            start: float,
            *,
            title: str = title,
            words: tuple[Any, Any] = (short, long),
        ) -> str:
            seconds = time.process_time() - start
            first, second = (agreement(machine, part) for part in words)
            if outcome == "returned" and min(first, second) < 1:
                outcome = "returned, refuted"
            return (
                f"| {title} | {method} | {states} | {first:.2%} | {second:.2%} | {outcome} | "
                f"{steps:,} | {seconds:.1f} |"
            )

        for method, effort in EFFORTS.items():
            start = time.process_time()
            machine, states, steps, claim = by_us(net, effort, arguments.seed)
            lines.append(row(method, machine, states, steps, claim, start))
            print(lines[-1], flush=True)
        for learner in ("KV", "L*"):
            for oracle in ORACLES:
                start = time.process_time()
                machine, states, steps, returned = by_aalpy(
                    net, learner, oracle, arguments.seconds, arguments.steps, arguments.seed
                )
                outcome = "returned" if returned else "limit"
                lines.append(row(f"{learner}, {oracle}", machine, states, steps, outcome, start))
                print(lines[-1], flush=True)
    put("bench", lines, arguments.write)


if __name__ == "__main__":
    main()
