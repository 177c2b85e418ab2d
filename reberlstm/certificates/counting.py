"""Nets that count: nodes with small counters are found by running the net; the checker proves them.

What a node is, and why the nodes are a proof, is in `reberlstm.certificates.checker.counting`.
Counters are told apart up to 2 in size. From each node the net is run for each symbol, from two
values of those counters that are larger, so as to see what its cells do.
"""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from reberlstm.certificates.arithmetic import ARITHMETICS, Execution, arithmetic_named
from reberlstm.certificates.boxes import Inputs
from reberlstm.certificates.claims import Claim, claim, margins
from reberlstm.certificates.refutation import Budget, WrongAnswer, answer_after, explore
from reberlstm.certificates.replay import replay
from reberlstm.certificates.results import (
    CountingProof,
    Refutation,
    Unknown,
    digest_of_grammar,
    digest_of_net,
)
from reberlstm.certificates.runtime import SATURATED, has_torch, torch_fault
from reberlstm.errors import CertificateError
from reberlstm.machine.counters import CounterMachine, CounterTransition, level_after
from reberlstm.machine.fsm import FSM, Word
from reberlstm.machine.tables import Scope
from reberlstm.net.base import check_alphabets
from reberlstm.net.cells.cell import Floats
from reberlstm.net.counting import Counting, Way
from reberlstm.net.height import ACTIVE
from reberlstm.net.net import Net

MAX_NODES = 20_000
FAR = (5, 9)
"""What stands for a counter of at least 2 in size when the net is run."""

MOST_OFFSET = 3
LEAST, MOST = 0.02, 0.49
"""How far c may be from a whole number in real arithmetic: between these the most is sought."""

ROUGH = {"real": 0.01, "float64": 1e-9, "float32": 2e-6, "float16": 1.6e-3, "bfloat16": 0.0124}
"""How far an active cell may be from tanh 1 by rounding."""

SLACK = 1e-9

Examine = Callable[
    [Mapping[str, Any], Net, CounterMachine], tuple[Mapping[str, float], int | None] | str
]
"""What the checker says of nodes: margins and length, or why they are no proof."""


class Node(NamedTuple):
    """State (None after a violation), counters up to ±2, n − c of each cell, and active cells."""

    state: str | None
    levels: tuple[int, ...]
    offsets: tuple[int | None, ...]
    on: tuple[int, ...]


def prove(
    net: Net, counting: Counting, subject: dict[str, Any], arithmetic: str, examine: Examine
) -> CountingProof | str:
    """The proof, or why there is none."""
    if arithmetic not in ("real", *SATURATED):
        return f"nothing is proved of counters in {arithmetic}"
    plain = net.is_plain and net.layers[0].cell.name == "lstm"
    if not plain or not {"legal", "accept"} <= set(net.heads):
        return "a net that counts is proved where it is one LSTM with heads legal and accept"
    found = _nodes(net, counting)
    if isinstance(found, str):
        return found
    subject |= {"counts": tuple(each.cell for each in counting.cells)}
    subject |= {"nodes": tuple(_written(node, net, _caps(counting)) for node in found)}
    proof = _proof(net, counting.machine, subject, arithmetic, examine)
    if isinstance(proof, str) and not ARITHMETICS[arithmetic].exact:
        for wider in ("float16", "float32", "float64"):
            if ARITHMETICS[wider].precision > ARITHMETICS[arithmetic].precision and not isinstance(
                _proof(net, counting.machine, subject, wider, examine), str
            ):
                return (
                    f"the bounds of rounding in {arithmetic} are too wide ({proof}); in {wider} "
                    "it is proved"
                )
    return proof


def _proof(
    net: Net, machine: CounterMachine, subject: dict[str, Any], arithmetic: str, examine: Examine
) -> CountingProof | str:
    """The proof that these nodes are in an arithmetic, or why they are none."""
    numbers = ARITHMETICS[arithmetic]
    real, reasons = numbers.exact, list[str]()

    def examined(epsilon: float, drift: float) -> CountingProof | None:
        proof = CountingProof(
            margins={},
            limit=None if real else numbers.ceiling - 1,
            length=1 if real else None,
            drift=drift,
            epsilon=epsilon,
            **subject | {"arithmetic": arithmetic},
        )
        found = examine(proof.to_dict(), net, machine)
        if isinstance(found, str):
            reasons.append(found)
            return None
        margins = {head: x - SLACK * (1.0 + x) for head, x in found[0].items()}
        return replace(proof, margins=margins, length=found[1])

    rough = math.exp(-(net.gain or 20.0)) + ROUGH[arithmetic]
    # In real arithmetic a cell may leak the more, the further its sums are from what is meant.
    for factor in (1.0, 0.1, 1e-4) if real else (1.0, 2.0, 8.0):
        epsilon = min(0.09, factor * rough)
        best = examined(epsilon, LEAST if real else numbers.unit / 2.0)
        if best is None:
            continue
        low, high = LEAST, MOST
        while real and high - low > LEAST:
            middle = (low + high) / 2.0
            further = examined(epsilon, middle)
            low, high = (low, middle) if further is None else (middle, high)
            best = further or best
        return best
    return reasons[0]


def _written(node: Node, net: Net, caps: Sequence[int]) -> dict[str, Any]:
    """A node as certificates have it."""
    return {
        "state": node.state,
        "values": list(map(_interval, node.levels, caps)) if node.levels else [],
        "offsets": list(node.offsets),
        "on": [net.cells[cell] for cell in node.on],
    }


def _interval(level: int, cap: int) -> list[int | None]:
    return [None, -cap] if level == -cap else [cap, None] if level == cap else [level, level]


def _caps(counting: Counting) -> list[int]:
    """Up to where values of each counter are told apart: where its sign is asked, only the sign."""
    return [1 if each.way is Way.PLAIN else 2 for each in counting.cells]


def _nodes(net: Net, counting: Counting) -> list[Node] | str:
    """What words lead to, as far as runs tell."""
    machine = counting.machine
    numbers = counting.numbers(net.cells)
    others = [cell for cell in range(net.size) if cell not in numbers]
    symbols = np.array([net.alphabet.index(symbol) for symbol in machine.alphabet])
    caps = _caps(counting)
    zeros = (0,) * len(numbers)
    nodes = {Node(machine.start, zeros, zeros, ()): None}
    for node in (queue := list(nodes)):
        if len(queue) > MAX_NODES:
            return f"its cells and counters lead to over {MAX_NODES:,} nodes"
        held = [_held(node, number, cap) for number, cap in enumerate(caps)]
        runs = [_run(net, node, numbers, [c[k] for c in held], symbols) for k in (0, 1)]
        for row, symbol in enumerate(machine.alphabet):
            h = runs[0][row, : net.size]
            on = tuple(cell for cell in others if h[cell] > ACTIVE / 2.0)
            cs = [[float(run[row, net.size + cell]) for run in runs] for cell in numbers]
            at = None if node.state is None else (node.state, node.levels)
            arrow = None if at is None else machine.arrow(at, symbol)
            lost = [Node(None, (), (), on)]
            for each in lost if arrow is None else _after(node, arrow, held, cs, on, caps):
                if each not in nodes:
                    nodes[each] = None
                    queue.append(each)
    return list(nodes)


def _held(node: Node, number: int, cap: int) -> tuple[float, float]:
    """Two values of c, which are the same where it is known."""
    if node.state is None or node.offsets[number] is None:
        return FAR
    level, offset = node.levels[number], node.offsets[number] or 0
    if abs(level) < cap:
        return level - offset, level - offset
    first, second = (int(math.copysign(n, level)) - offset for n in FAR)
    return first, second


def _run(
    net: Net, node: Node, numbers: Sequence[int], held: Sequence[float], symbols: Any
) -> Floats:
    """The state vectors after each symbol."""
    h, c = np.zeros(net.size), np.zeros(net.size)
    h[list(node.on)], c[list(node.on)] = ACTIVE, 1.0
    h[numbers], c[numbers] = np.tanh(held), held
    state = np.tile(np.concatenate([h, c]), (len(symbols), 1)).astype(net.dtype)
    return np.asarray(net.step(state, symbols), dtype=np.float64)


def _after(
    node: Node,
    arrow: CounterTransition,
    held: Sequence[tuple[float, float]],
    cs: Sequence[Sequence[float]],
    on: tuple[int, ...],
    caps: Sequence[int],
) -> Iterator[Node]:
    """The nodes that a transition leads to."""
    each: list[list[tuple[int, int | None]]] = []
    for level, change, before, after, offset, cap in zip(
        node.levels, arrow.change, held, cs, node.offsets, caps, strict=True
    ):
        added = -level if change is None else change
        keeps = abs(after[1] - after[0]) > 1.0
        new: int | None = None
        if abs(level) < cap and (before[0] == before[1] or not keeps):
            new = level + added - round(after[0])
        elif change is None and not keeps:
            new = -round(after[0])
        elif change is not None and keeps and offset is not None:
            new = offset + change - round(after[0] - before[0])
        new = new if new is not None and abs(new) <= MOST_OFFSET else None
        each.append([(n, new) for n in level_after(level, change, cap)])
    for chosen in itertools.product(*each):
        after_levels, offsets = zip(*chosen, strict=True)
        yield Node(arrow.target, tuple(after_levels), tuple(offsets), on)


# Wrong words

WORDS, LONGEST = 64, 300
"""So many random words of so many symbols are run."""

MOST_STATES = 1_000
"""Of the finite machine that is right for short words."""


def certify_counters(
    net: Net,
    given: Any,
    machine: CounterMachine,
    *,
    scope: Scope | None,
    heads: Sequence[str] | None,
    arithmetic: str,
    seconds: float,
    max_states: int,
    examine: Examine,
    check: Callable[..., Any],
) -> CountingProof | Refutation | Unknown:
    """What `reberlstm.certificates.certify` does for a machine with counters.

    A proof is of both heads in scope ``all``. Without one all short words are tried, and some long
    ones. The checker is given, by `examine` and `check`.
    """
    end = time.process_time() + seconds
    check_alphabets(machine, net, error=CertificateError)
    claimed = claim(net, machine.within(0), scope, heads)
    subject: dict[str, Any] = {
        "net": net.name,
        "grammar": str(machine),
        "arithmetic": arithmetic,
        "noise": 0.0,
        "inputs": Inputs(),
        "cells": net.cells,
        "gain": net.gain,
        "long_symbols": machine.has_long_symbols,
        "net_sha256": digest_of_net(net),
        "grammar_sha256": digest_of_grammar(machine),
    }
    both = {x: str(net.heads[x].rule) for x in ("legal", "accept") if x in net.heads}
    asked = {"scope": "all", "heads": tuple(both), "readouts": both}
    reason = "the net does not say which of its cells count, so only words are tried"
    counting = net.counting
    if counting is not None and digest_of_grammar(counting.machine) != subject["grammar_sha256"]:
        reason = f"the net counts for {counting.machine}, which is another machine"
    elif counting is not None and set(claimed.heads) <= set(both):
        proof = prove(net, counting, subject | asked, arithmetic, examine)
        if isinstance(proof, CountingProof):
            return _with_rule(proof, net, counting)
        reason = proof
    rules = {head: str(rule) for head, rule in claimed.rules.items()}
    subject |= {"scope": claimed.scope, "heads": claimed.heads, "readouts": rules}
    execution = Execution(net, arithmetic_named(arithmetic))

    def is_confirmed(word: Word, wrong: WrongAnswer) -> bool:
        refutation = Refutation(word=word, wrong=wrong, version=3, **subject)
        return check(refutation.to_dict(), net, machine).valid is True

    cut = _cut(machine, end)
    budget = Budget(min(max_states, 3_000), cut.depth, seconds / 4.0)
    short = claim(net, cut.machine, scope, heads)
    explored = explore(execution, short, budget, is_confirmed)
    found = None if explored.wrong is None else (explored.word, explored.wrong)
    suspect = explored.suspect
    if found is None:
        for word in _wrong_words(execution, machine, claimed, end):
            along = claim(net, _along(machine, word), claimed.scope, claimed.heads)
            wrong = answer_after(execution, along, word)
            if wrong is not None and is_confirmed(word, wrong):
                found = word, wrong
                break
            suspect = suspect or (None if wrong is None else (word, wrong))
    if found is None:
        return Unknown(
            depth=explored.depth,
            states=explored.states,
            closed=False,
            reason=reason,
            suspect=suspect,
            version=3,
            **subject,
        )
    word, wrong = found
    least = min(len(word), explored.depth + 1)
    lines = replay(net, given, word, wrong)
    return Refutation(
        word=word, wrong=wrong, none_shorter_than=least, replay=lines, version=3, **subject
    )


class _Cut(NamedTuple):
    """A finite machine that is right after words of up to so many symbols."""

    machine: FSM
    depth: int


def _cut(machine: CounterMachine, end: float) -> _Cut:
    """For as long words as can be in good time."""
    depth, best = 2, _Cut(machine.within(3), 2)
    while len(best.machine.states) < MOST_STATES and depth < LONGEST and time.process_time() < end:
        depth += 1 + depth // 2
        best = _Cut(machine.within(depth + 1), depth)
    return best


def _along(machine: CounterMachine, word: Word) -> FSM:
    """The finite machine that is right along a word."""
    lines: dict[str, dict[str, str]] = {"off": {}}
    accepting = set()
    for number, at in enumerate(machine.configurations(word)):
        symbol = word[number] if number < len(word) else None
        after = {a: str(number + 1) if a == symbol else "off" for a in machine.legal(at)}
        lines[str(number)] = after
        accepting |= {str(number)} if machine.accepting_at(at) else set()
    lines.setdefault(str(len(lines) - 1), {})
    return FSM(
        alphabet=machine.alphabet,
        start="0",
        accepting=frozenset(accepting),
        transitions=lines,
        name=machine.name,
    )


def _wrong_words(
    execution: Execution, machine: CounterMachine, claimed: Claim, end: float
) -> Iterator[Word]:
    """Words after which the net seems to be wrong, from random ones; shorter ones first."""
    rng = random.Random(0)  # noqa: S311 - for words, not for secrets
    words = [_random_word(machine, rng, claimed.scope == "all") for _ in range(WORDS)]
    at: list[Any] = [machine.start_configuration] * WORDS
    states = np.repeat(execution.start(), WORDS, axis=0)
    columns = [execution.net.alphabet.index(symbol) for symbol in machine.alphabet]
    for length in range(1, LONGEST + 1):
        if time.process_time() > end:
            return
        symbols = np.array([columns[word[length - 1]] for word in words])
        states = execution.step(states, symbols)
        at = [
            None if c is None else machine.step(c, machine.alphabet[word[length - 1]])
            for c, word in zip(at, words, strict=True)
        ]
        for head in claimed.heads:
            right = [_right(machine, c, head, execution.net.alphabet) for c in at]
            values = execution.read(head, states)
            rows = np.where(np.array(right), 1, -1).astype(np.int8)
            if claimed.rules[head].function == "argmax":
                rows = np.hstack([-rows, rows])
            off = margins(claimed.rules[head], rows, values, values)
            for number in np.flatnonzero(off <= 0.0).tolist():
                going_on = at[number] is not None and machine.legal(at[number])
                if claimed.scope == "all" or going_on:
                    yield tuple(machine.alphabet[a] for a in words[number][:length])


def _right(machine: CounterMachine, at: Any, head: str, alphabet: Sequence[str]) -> list[bool]:
    if head == "accept":
        return [at is not None and machine.accepting_at(at)]
    legal = () if at is None else machine.legal(at)
    return [symbol in legal for symbol in alphabet]


def _random_word(machine: CounterMachine, rng: random.Random, strays: bool) -> list[int]:
    """A word that mostly stays legal, and often repeats a symbol; numbers of symbols."""
    at: Any = machine.start_configuration
    leaning, strays, word = rng.random(), strays and rng.random() < 0.3, list[int]()
    for _ in range(LONGEST):
        legal = [] if at is None else [machine.alphabet.index(a) for a in machine.legal(at)]
        symbol = rng.randrange(len(machine.alphabet))
        if legal and not (strays and rng.random() < 3.0 / LONGEST):
            same = word and word[-1] in legal and rng.random() < leaning
            symbol = word[-1] if same else rng.choice(legal)
        word.append(symbol)
        at = None if at is None else machine.step(at, machine.alphabet[symbol])
    return word


# What a proof rests on, and where it ends


def _with_rule(proof: CountingProof, net: Net, counting: Counting) -> CountingProof:
    """The proof with what is known of the runtime, and a word beyond its limit."""
    if proof.limit is None:
        return proof
    rule = "torch is not installed, so the rule was tried on no runtime"
    if has_torch():
        fault = torch_fault(proof.arithmetic)
        if fault is not None:
            raise CertificateError(
                f"torch's nn.LSTM on this computer does not keep the rule in {proof.arithmetic}: "
                f"{fault}; use a larger format"
            )
        rule = "tried on torch's nn.LSTM on this computer, which keeps that, and rounds to nearest"
    return replace(proof, rule=rule, beyond=_beyond(net, counting, proof.arithmetic))


NEAR = 12
"""So close to the limit, and to 0, runs are made symbol by symbol."""


def _beyond(net: Net, counting: Counting, arithmetic: str) -> str:
    """A word that takes a counter over the limit and back, after which the net is wrong.

    Some symbol is read until a counter is over the limit, then another one until the net or the
    machine takes it for 0. Where the counter is neither near 0 nor near the limit every step is the
    same, so c is set to where the steps would lead.
    """
    machine = counting.machine
    found = arithmetic_named(arithmetic)
    execution, top = Execution(net, found), found.ceiling
    for number, up, down in itertools.product(
        range(len(counting.cells)), machine.alphabet, machine.alphabet
    ):
        cell = net.size + net.cells.index(counting.cells[number].cell)
        word = _pumped(execution, machine, (up, down), number, cell, top)
        if word is not None:
            return word
    return ""


def _pumped(
    execution: Execution,
    machine: CounterMachine,
    symbols: tuple[str, str],
    number: int,
    cell: int,
    top: int,
) -> str | None:
    up, down = symbols
    at: Any = machine.start_configuration
    states, reads = execution.start(), list[tuple[str, int]]()
    size = execution.net.size
    columns = {a: np.array([execution.net.alphabet.index(a)]) for a in machine.alphabet}

    def read(symbol: str) -> int:
        """One symbol: how much the counter grows by it, 0 where it is illegal."""
        nonlocal at, states
        after = machine.step(at, symbol)
        if after is None:
            return 0
        grown = after[1][number] - at[1][number]
        at, states = after, execution.step(states, columns[symbol])
        return int(grown)

    def jump(steps: int, by: int) -> None:
        """So many more of the same steps."""
        nonlocal at, states
        values = list(at[1])
        values[number] += steps * by
        at, states = (at[0], tuple(values)), states.copy()
        states[0, cell] += steps * by
        states[0, cell - size] = math.tanh(states[0, cell])

    steady = [read(up) for _ in range(NEAR)]
    if abs(steady[-1]) != 1 or len(set(steady)) > 1:
        return None
    by = steady[-1]
    before = top - 2 * NEAR - abs(at[1][number])
    jump(before, by)
    more = 0
    while more < 4 * NEAR:
        c = states[0, cell]
        if read(up) != by:
            return None
        more += 1
        if states[0, cell] == c:
            break
    else:
        return None
    reads.append((up, NEAR + before + more))
    if [read(down) for _ in range(2)] != [-by] * 2:
        return None
    back = int(min(abs(states[0, cell]), abs(at[1][number]))) - NEAR
    jump(back, -by)
    for steps in range(1, 3 * NEAR):
        wrong = _is_wrong(execution, machine, at, states)
        if wrong:
            count = 2 + back + steps - 1
            return (
                f"{up}×{reads[0][1]:,} {down}×{count:,}: {wrong} "
                f"(c does not grow over {top:,} there)"
            )
        if read(down) != -by:
            return None
    return None


def _is_wrong(execution: Execution, machine: CounterMachine, at: Any, states: Floats) -> str:
    """Which head is wrong, in words."""
    for head in ("legal", "accept"):
        right = np.array(_right(machine, at, head, execution.net.alphabet))
        readout = execution.net.heads[head]
        said = execution.read(head, states)[0] > readout.rule.threshold
        if (said != right).any():
            row = int(np.flatnonzero(said != right)[0])
            what = "accepted" if head == "accept" else f"{execution.net.alphabet[row]} offered"
            return f"{what} wrongly" if said[row] else f"not {what}, wrongly"
    return ""
