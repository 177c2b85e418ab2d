"""Corrupted nets of every kind: is what `certify` says of them true?

    python scripts/attack_verdicts.py [--nets 500] [--seed 0] [--seconds 4]

Nets that are right, or nearly (compiled, hand-wired, trained and shipped ones), are dressed up
(embeddings, a second layer, heads of several layers, softmax, argmax) and then damaged at random:
weights scaled, blurred, zeroed or flipped. Of each, `certify` says something.

- *holds* is attacked: all words breadth first, long random words, and cycles gone round a thousand
  times, with formulas of this script's own in float64.
- *refuted* is replayed: the word is run in torch (the Toy LSTM by this script), in float64.

Figures are printed with the seed; a false claim ends the script with status 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

import reberlstm as rl
from reberlstm.errors import CertificateError
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.loading import shipped_names
from reberlstm.net.net import Net
from reberlstm.net.readouts import Head, Readout, Rule

GRAMMARS = ("reber", "parity", "mod-3", "even-pairs", *(f"tomita-{n}" for n in range(1, 8)))
MODULES = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}
Floats = np.ndarray[Any, np.dtype[np.float64]]


# Nets that are right, or nearly


def wired(kind: str, fsm: FSM, gain: float) -> Net:
    """A net with a cell for each pair of a state and the last symbol: M. Minsky's construction.

    The cell of (q, a) is active iff a is read and an active cell's state leads to q on it.
    """
    places = [("", fsm.start)]
    for _, state in places:
        for symbol, target in fsm.transitions[state].items():
            if (symbol, target) not in places:
                places.append((symbol, target))
    size, alphabet = len(places), fsm.alphabet
    rows_in, rows_back = np.zeros((size, len(alphabet))), np.zeros((size, size))
    for row, (symbol, state) in enumerate(places[1:], start=1):
        rows_in[row, alphabet.index(symbol)] = 1.0
        for column, (_, before) in enumerate(places):
            rows_back[row, column] = float(fsm.transitions[before].get(symbol) == state)
    relu = kind == "rnn-relu"
    active = np.array([[float(state in fsm.accepting) for _, state in places]])
    legal = np.array([[float(a in fsm.transitions[q]) for _, q in places] for a in alphabet])
    half = np.array([-0.5])
    heads: dict[str, Any]
    if relu:  # a cell is 1 or 0
        weights, back, bias = rows_in, rows_back, -np.ones(size)
        heads = {"legal": Head(legal, np.full(len(alphabet), -0.5)), "accept": Head(active, half)}
        start = np.eye(size)[0]
    else:  # a cell is about 1 or −1
        weights, back = 2 * gain * rows_in, gain * rows_back
        bias = gain * (rows_back.sum(axis=1) - 3.0)
        heads = {
            "legal": Head(0.5 * legal, 0.5 * legal.sum(axis=1) - 0.5),
            "accept": Head(0.5 * active, 0.5 * active.sum(axis=1) - 0.5),
        }
        start = 2.0 * np.eye(size)[0] - 1.0
    zeros = np.zeros((size, size))
    if kind.startswith("gru") or kind == "toy":
        weights = np.vstack([np.zeros_like(weights)] * 2 + [weights])
        back = np.vstack([zeros, zeros, back])
        bias = np.concatenate([np.full(size, 4 * gain), np.full(size, -4 * gain), bias])
    layer = Layer(CELLS[kind], weights, back, bias, np.zeros(len(bias)))
    return Net(
        alphabet=alphabet, layers=(layer,), heads=heads, start_state=start, grammar=fsm,
        claims="all", name=f"wired {kind}",
    )  # fmt: skip


def some_net(rng: np.random.Generator) -> tuple[Net, FSM]:
    """A net and the machine that it follows, or nearly."""
    fsm = rl.load_grammar(str(rng.choice(GRAMMARS)))
    way = rng.integers(8)
    if way == 0:
        return rl.compile(fsm, gain=float(rng.uniform(3.0, 20.0))), fsm
    if way == 1:
        return rl.published(), rl.load_grammar("reber")
    if way <= 4:
        kind = str(rng.choice(["rnn", "rnn-relu", "gru", "gru-before", "toy"]))
        return wired(kind, fsm, float(rng.uniform(1.5, 5.0))), fsm
    names = [name for name in shipped_names() if "modular" not in name and "embedded" not in name]
    net = rl.load(str(rng.choice(names)))
    assert net.grammar is not None
    return net, net.grammar


# Other clothes, the same function, or nearly


def embedded(net: Net, rng: np.random.Generator) -> Net:
    """Symbols become vectors, which the first layer turns back."""
    if net.embedding is not None:
        return net
    count = len(net.alphabet)
    table = np.linalg.qr(rng.normal(size=(count, count)))[0]
    first, *rest = net.layers
    fields = _fields(net)
    layers = (replace(first, weight_ih=first.weight_ih @ table), *rest)
    return Net(**fields | {"layers": layers, "embedding": table})


def stacked(net: Net) -> Net:
    """A second layer, which hands h on as its positive and its negative part."""
    size = net.layers[-1].size
    eye, zeros = np.eye(size), np.zeros((2 * size, 2 * size))
    above = Layer(CELLS["rnn-relu"], np.vstack([eye, -eye]), zeros, *np.zeros((2, 2 * size)))
    both = np.hstack([eye, -eye])
    heads = {
        kind: replace(
            head,
            layers=(Head(head.layers[0].weight @ both, head.layers[0].bias), *head.layers[1:]),
        )
        for kind, head in net.heads.items()
    }
    start = None if net.start_state is None else np.concatenate([net.start_state, zeros[0]])
    changes = {"layers": (*net.layers, above), "heads": heads, "start_state": start, "cells": ()}
    return Net(**_fields(net) | changes)


def deeper(net: Net) -> Net:
    """Heads of two layers with ReLU between them."""

    def two(head: Readout) -> Readout:
        if len(head.layers) > 1:
            return head
        (last,) = head.layers
        rows = len(last.bias)
        both = np.vstack([last.weight, -last.weight]), np.concatenate([last.bias, -last.bias])
        back = Head(np.hstack([np.eye(rows), -np.eye(rows)]), np.zeros(rows))
        return replace(head, layers=(Head(*both), back), activation="relu")

    return Net(**_fields(net) | {"heads": {kind: two(head) for kind, head in net.heads.items()}})


def other_rules(net: Net) -> Net:
    """What may come next by softmax; acceptance by the larger of two."""
    heads: dict[str, Readout] = {}
    for kind, head in net.heads.items():
        (*below, last), rule = head.layers, head.rule
        if kind == "accept" and rule.function == "logit" and rule.threshold == 0.0:
            last = Head(np.vstack([0 * last.weight, last.weight]), np.append(0.0, last.bias))
            rule = Rule.parse("argmax")
        elif kind == "legal" and rule.function == "logit" and rule.threshold == 0.0:
            last, rule = Head(8.0 * last.weight, 8.0 * last.bias), Rule.parse("softmax>0.1")
        heads[kind] = replace(head, layers=(*below, last), rule=rule)
    return Net(**_fields(net) | {"heads": heads})


def _fields(net: Net) -> dict[str, Any]:
    return {name: getattr(net, name) for name in Net.__dataclass_fields__} | {"gain": None}


def damaged(net: Net, rng: np.random.Generator) -> Net:
    """Some of the weights changed, by little or by much."""
    size = 10.0 ** rng.uniform(-2.5, -0.3)
    flipped, zeroed = rng.random(2) < 0.3

    def change(name: str, array: Floats) -> Floats:
        changed: Floats = array * (1.0 + size * rng.normal(size=array.shape))
        changed += 0.1 * size * rng.normal(size=array.shape) * (rng.random() < 0.5)
        for wanted, factor in ((flipped, -1.0), (zeroed, 0.0)):
            if wanted and rng.random() < 0.1 and array.size:
                changed.flat[rng.integers(array.size)] *= factor
        return changed

    return net.map_arrays(change)


def corrupted(rng: np.random.Generator) -> tuple[Net, FSM]:
    """One of the nets to be judged."""
    net, fsm = some_net(rng)
    chosen = rng.random(4) < 0.35
    if chosen[0]:
        net = other_rules(net)
    if chosen[1]:
        net = embedded(net, rng)
    if chosen[2]:
        net = stacked(net)
    if chosen[3]:
        net = deeper(net)
    return (damaged(net, rng) if rng.random() < 0.9 else net), fsm


# Running them, by formulas of our own, and in torch


def sigmoid(x: Floats) -> Floats:
    """``1 / (1 + exp(−x))``."""
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-x)))


def step_of(layer: Layer, x: Floats, state: list[Floats]) -> list[Floats]:
    """The parts of the states of one layer after a step, (B, H) each."""
    kind, h = layer.cell.name, state[0]
    w, u, b, c = (np.asarray(x, float) for x in (
        layer.weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh))  # fmt: skip
    a, r = x @ w.T + b, h @ u.T + c
    n = layer.size
    if kind == "rnn":
        return [np.tanh(a + r)]
    if kind == "rnn-relu":
        return [np.maximum(a + r, 0.0)]
    if kind in ("gru", "gru-before"):
        reset, update = sigmoid((a + r)[:, :n]), sigmoid((a + r)[:, n : 2 * n])
        again = reset * r[:, 2 * n :]
        if kind == "gru-before":
            again = (reset * h) @ u[2 * n :].T + c[2 * n :]
        return [(1.0 - update) * np.tanh(a[:, 2 * n :] + again) + update * h]
    i, f, g = (
        sigmoid((a + r)[:, :n]),
        sigmoid((a + r)[:, n : 2 * n]),
        np.tanh((a + r)[:, 2 * n : 3 * n]),
    )
    memory = f * state[-1] + i * g
    if kind == "toy":
        return [memory]
    return [sigmoid((a + r)[:, 3 * n :]) * np.tanh(memory), memory]


def verdicts(head: Readout, h: Floats) -> Floats:
    """What a head says: which rows say yes, (B, R)."""
    for number, linear in enumerate(head.layers):
        if number:
            h = np.tanh(h) if head.activation == "tanh" else np.maximum(h, 0.0)
        h = h @ linear.weight.T + linear.bias
    if head.rule.function == "argmax":
        return np.asarray(np.eye(h.shape[1])[h.argmax(axis=1)] > 0.0)
    if head.rule.function == "softmax":
        h = np.exp(h - h.max(axis=1, keepdims=True))
        h = h / h.sum(axis=1, keepdims=True)
    h = np.tanh(h) if head.rule.function == "tanh" else h
    return np.asarray(h > head.rule.threshold)


@dataclass
class Attack:
    """A net, a machine and a question, run by this script alone."""

    net: Net
    fsm: FSM
    scope: str
    heads: tuple[str, ...]

    def __post_init__(self) -> None:
        count = len(self.net.alphabet)
        vectors = self.net.embedding
        self.vectors = np.eye(count) if vectors is None else np.asarray(vectors, dtype=float)
        self.states: list[str | None] = [*self.fsm.states, None]
        number = {state: n for n, state in enumerate(self.states)}
        self.target = np.full((len(self.states), count), number[None])
        self.legal = np.zeros((len(self.states), count), dtype=bool)
        for state in self.fsm.states:
            for symbol, target in self.fsm.transitions[state].items():
                self.target[number[state], self.net.alphabet.index(symbol)] = number[target]
                self.legal[number[state], self.net.alphabet.index(symbol)] = True
        if self.net.on_violation == "resync":
            first = number[self.fsm.start]
            self.legal[-1] = self.legal[first]
            missing = np.asarray(self.target == number[None])
            self.target = np.where(missing, self.target[first], self.target)
        self.start = number[self.fsm.start]
        goes_on = np.asarray(self.legal.any(axis=1))
        self.follows: Any = np.ones_like(self.legal)
        if self.scope == "legal":
            self.follows = self.legal & goes_on[self.target]
            self.follows[-1] = False

    def begin(self, count: int) -> tuple[list[list[Floats]], Any]:
        """So many empty words: the parts of the states of each layer, and the machine's states."""
        parts, at = [], 0
        start = self.net.start_state
        for layer in self.net.layers:
            width = layer.size
            own = []
            for _ in layer.cell.parts:
                part = np.zeros(width) if start is None else np.asarray(start)[at : at + width]
                own.append(np.tile(part, (count, 1)))
                at += width
            parts.append(own)
        return parts, np.full(count, self.start)

    def step(self, parts: list[list[Floats]], states: Any, symbols: Any) -> Any:
        """Both after a symbol more each."""
        x, after = self.vectors[symbols], []
        for layer, own in zip(self.net.layers, parts, strict=True):
            after.append(step_of(layer, x, own))
            x = after[-1][0]
        return after, self.target[states, symbols]

    def wrong(self, parts: list[list[Floats]], states: Any) -> Any:
        """Which of the words are answered wrongly, (B,)."""
        found = np.zeros(len(states), dtype=bool)
        for kind in self.heads:
            head = self.net.readout(kind)
            assert head is not None
            said = verdicts(head, parts[-1][0])
            found |= (said != self.right(kind, said.shape[1])[states]).any(axis=1) & (
                np.array([kind != "label" or state is not None for state in self.states])[states]
            )
        return found

    def right(self, kind: str, rows: int) -> Any:
        """What the rows of a head have to say in each state of the machine."""
        if kind == "legal":
            return self.legal
        if kind == "accept":
            ends = np.array([state in self.fsm.accepting for state in self.states])[:, np.newaxis]
            return np.hstack([~ends, ends]) if rows == 2 else ends
        outputs = [None if q is None else self.fsm.outputs.get(q) for q in self.states]
        return np.array([[label == output for label in self.net.labels] for output in outputs])

    def choose(self, rng: np.random.Generator, states: Any) -> Any:
        """A symbol each that the scope allows, and whether there is one."""
        chances = rng.random((len(states), len(self.net.alphabet))) * self.follows[states]
        return chances.argmax(axis=1), self.follows[states].any(axis=1)

    def run(self, rng: np.random.Generator) -> tuple[str, int]:
        """How a wrong word was found, empty where none was, and how many words were tried."""
        tried = 0
        parts, states = self.begin(1)
        if self.scope == "all" and self.wrong(parts, states).any():
            return "the empty word", 1
        while 0 < len(states) <= 3_000:  # all words
            rows, symbols = np.nonzero(self.follows[states])
            parts = [[part[rows] for part in own] for own in parts]
            parts, states = self.step(parts, states[rows], symbols)
            tried += len(states)
            if self.wrong(parts, states).any():
                return "enumeration", tried
        for way, count, length in (("random", 400, 150), ("cycles", 150, 1_000)):
            parts, states = self.begin(count)
            alive = np.ones(count, dtype=bool)
            word = np.zeros((0, count), dtype=int)
            lead, period = rng.integers(0, 12, count), rng.integers(1, 7, count)
            for t in range(length):
                symbols, goes = self.choose(rng, states)
                if way == "cycles" and t:
                    # After a lead, a symbol is the one of a period before, where that is allowed.
                    again = word[np.maximum(t - period, 0), np.arange(count)]
                    fits = (t >= lead + period) & self.follows[states, again]
                    symbols = np.where(fits & (rng.random(count) < 0.999), again, symbols)
                alive &= goes
                if not alive.any():
                    break
                word = np.vstack([word, symbols])
                parts, states = self.step(parts, states, symbols)
                tried += int(alive.sum())
                if (self.wrong(parts, states) & alive).any():
                    return way, tried
        return "", tried


def replayed(net: Net, fsm: FSM, found: Any) -> bool:
    """Whether the word is wrong in torch too (cells that torch has not: by this script)."""
    attack = Attack(net, fsm, found.scope, (found.wrong.head,))
    word = [net.alphabet.index(symbol) for symbol in found.word]
    parts, states = attack.begin(1)
    for symbol in word:
        parts, states = attack.step(parts, states, np.array([symbol]))
    kinds = {layer.cell.name for layer in net.layers}
    if kinds <= {"lstm", "gru", "rnn", "rnn-relu"} and word:
        begun, _ = attack.begin(1)
        x = torch.tensor(attack.vectors[word])[None]
        for layer, own in zip(net.layers, begun, strict=True):
            name = layer.cell.name
            more = {"nonlinearity": "relu"} if name == "rnn-relu" else {}
            module = MODULES[name.partition("-")[0]](
                x.shape[2], layer.size, batch_first=True, dtype=torch.float64, **more
            )
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            weights = {
                f"{n}_l0": torch.tensor(getattr(layer, n), dtype=torch.float64) for n in names
            }
            module.load_state_dict(weights)
            first = [torch.tensor(part)[None] for part in own]
            with torch.no_grad():
                x, _ = module(x, tuple(first) if len(first) > 1 else first[0])
        parts[-1][0] = x[0, -1:].numpy()
    return bool(attack.wrong(parts, states)[0])


def described(net: Net) -> str:
    """Kinds of layers, input and heads, in short."""
    cells = "+".join(layer.cell.name for layer in net.layers)
    own = [cells, "embedded" if net.embedding is not None else ""]
    own += ["deep" if any(len(head.layers) > 1 for head in net.heads.values()) else ""]
    own += [head.rule.function for head in net.heads.values() if head.rule.function != "logit"][:1]
    return " ".join(word for word in own if word)


def main() -> int:
    """Judge the nets and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=4.0, help="of processor time for each")
    options = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    outcomes: Counter[str] = Counter()
    false, tried, longest, met, begun = [], 0, 0, 0, time.process_time()
    for number in range(options.nets):
        rng = np.random.default_rng([options.seed, number])
        net, fsm = corrupted(rng)
        try:
            found = rl.certify(net, fsm, seconds=options.seconds)
        except CertificateError as error:
            outcomes["refused"] += 1
            print(f"net {number}: refused: {error}", file=sys.stderr)
            continue
        outcomes[found.outcome] += 1
        counts[net.layers[0].cell.name, found.outcome] += 1
        if found.holds:
            how, words = Attack(net, fsm, found.scope, found.heads).run(rng)
            tried += words
            if how:
                false.append(f"net {number} ({described(net)}): holds, but wrong by {how}")
        elif found.holds is False:
            longest = max(longest, len(found.word))
            met += bool(Attack(net, fsm, found.scope, found.heads).run(rng)[0])
            outcomes["refuted, not by a shortest word"] += not found.shortest
            if not replayed(net, fsm, found):
                false.append(f"net {number} ({described(net)}): refuted, but the word is right")
        elif found.suspect is not None:
            outcomes["unknown, with a suspect"] += 1
        if sys.stderr.isatty():
            print(f"\r{number + 1} of {options.nets}", end="", file=sys.stderr)
    print(f"nets {options.nets}, seed {options.seed}, {options.seconds:g} s of processor each")
    for outcome, count in sorted(outcomes.items()):
        print(f"  {outcome:<34}{count:>6}")
    print(f"  words tried on those that hold    {tried:>10,}")
    print(f"  refuted, where the attack works   {met:>10,}")
    print(f"  longest refuting word             {longest:>10,}")
    for kind in sorted({kind for kind, _ in counts}):
        each = ", ".join(f"{counts[kind, o]} {o}" for o in ("holds", "refuted", "unknown"))
        print(f"  first layer {kind:<12} {each}")
    print(f"  false claims                      {len(false):>10}")
    for line in false:
        print(f"    {line}")
    print(f"  processor seconds                 {time.process_time() - begun:>10.0f}")
    return 1 if false else 0


if __name__ == "__main__":
    sys.exit(main())
