"""Nets of every kind, right ones and wrong ones, for which a proof and a wrong word are looked for.

Those of one seed are always the same, whatever their number.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator

import numpy as np

import reberlstm as rl
from reberlstm.machine.fsm import FSM
from reberlstm.net.loading import shipped, shipped_names
from reberlstm.net.net import Net
from tests.strategies import random_machine

Made = tuple[Net, FSM]

SMALL = ("reber", "parity", "mod-3", "even-pairs", "alternating", "contains-abba", "tomita-3")
SMALL += ("tomita-1", "tomita-2", "tomita-4", "tomita-5", "tomita-7", "anbn-4", "dyck-2-3")
CELLS = ("lstm", "lstm", "lstm", "gru", "gru-before", "rnn")
MEMORIES = ("rewrite", "rewrite", "latch", "keep")

TRAINED = tuple(
    name for name in shipped_names() if "embedded" not in name and "arithmetic" not in name
)


def nets(seed: int, count: int, *, easy: bool = False) -> Iterator[tuple[str, Net, FSM]]:
    """So many nets with what they are and the machine that says what is right.

    Trained nets may take seconds to decide on; the easy ones are others.
    """
    kinds: list[Callable[[random.Random], Made]] = [compiled] * 3 + [damaged] * 4
    kinds += [wired_by_hand, wired_by_hand, published, published, odd] + [trained] * (not easy)
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        make = kinds[number % len(kinds)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net, fsm = make(rng)
        yield f"{number} {make.__name__} {fsm.name} {net.name}", net, fsm


def machine(rng: random.Random) -> FSM:
    """A shipped one, or a random one of a few states whose start has a way to go on."""
    if rng.random() < 0.5:
        return rl.load_grammar(rng.choice(SMALL))
    while True:
        states, symbols = rng.randint(1, 6), rng.randint(1, 3)
        density = rng.choice((0.4, 0.7, 1.0))
        fsm = random_machine(rng.randrange(10**9), states=states, symbols=symbols, density=density)
        if fsm.transitions[fsm.start]:
            return fsm


def compiled(rng: random.Random) -> Made:
    """With a gain that is too small, just enough, or plenty."""
    fsm, cell = machine(rng), rng.choice(CELLS)
    net = rl.compile(
        fsm,
        gain=rng.choice((None, 0.5 * 60.0 ** rng.random())),
        cell=cell,
        memory=rng.choice(MEMORIES) if cell == "lstm" else "rewrite",
        on_violation=rng.choice(("absorb", "absorb", "resync")),
    )
    return net, fsm


def published(rng: random.Random) -> Made:
    """The Toy LSTM, mostly changed."""
    net = rl.published()
    return changed(net, rng) if rng.random() < 0.8 else net, rl.load_grammar("reber")


def damaged(rng: random.Random) -> Made:
    net, fsm = compiled(rng)
    return changed(net, rng), fsm


def trained(rng: random.Random) -> Made:
    name = rng.choice(TRAINED)
    net = shipped(name)
    fsm = net.grammar or rl.load_grammar(name.split("/")[1].rsplit("-", 1)[0])
    return changed(net, rng, noise=True) if rng.random() < 0.7 else net, fsm


def wired_by_hand(rng: random.Random) -> Made:
    """As a student does it: whole rows of gates set to some symbols and cells, or left empty."""
    fsm = machine(rng)
    net = rl.compile(fsm, gain=rng.choice((4.0, 8.0, 20.0)))
    gain = net.gain or 1.0
    rows = {
        (rng.randrange(4), rng.randrange(net.size)): rng.choice(("empty", "shut", "open", "some"))
        for _ in range(rng.choice((1, 1, 2, 4)))
    }

    def change(name: str, array: np.ndarray) -> np.ndarray:
        if not name.startswith(("weight_", "bias_")):
            return array
        array = array.copy()
        for (gate, cell), what in rows.items():
            row = gate * net.size + cell
            array[row] = 0.0
            if name == "bias_ih" and what != "empty":
                array[row] = gain if what == "open" else -gain
            if what == "some" and array.ndim == 2:
                chosen = [rng.random() < 0.4 for _ in range(array.shape[1])]
                array[row, chosen] = 2.0 * gain
        return array

    return net.map_arrays(change), fsm


def odd(rng: random.Random) -> Made:
    """Layers, heads, vectors and starts of all kinds, with random weights: mostly wrong at once."""
    from tests.browser.test_numbers import KINDS, random_net

    fsm = rl.load_grammar("reber") if rng.random() < 0.5 else machine(rng)
    options = KINDS[rng.choice(sorted(KINDS))]
    return random_net(fsm, seed=rng.randrange(10**6), **options), fsm


def changed(net: Net, rng: random.Random, *, noise: bool = False) -> Net:
    """One weight or row changed or removed, or noise on all of them."""
    numbers = np.random.default_rng(rng.randrange(10**9))
    kind = "noise" if noise else rng.choice(("zero", "sign", "scale", "row", "noise", "noise"))
    size = 10.0 ** rng.uniform(-3.0, -0.3 if noise else 1.0)
    names: list[str] = []
    net.map_arrays(lambda name, x: names.append(name) or x)
    target = rng.choice([name for name in names if "weight" in name])

    def change(name: str, array: np.ndarray) -> np.ndarray:
        if kind == "noise":
            return array + (array != 0.0) * numbers.normal(size=array.shape) * size
        places = np.argwhere(array)
        if name != target or not len(places):
            return array
        array = array.copy()
        place = tuple(places[numbers.integers(len(places))])
        if kind == "row":
            array[place[0]] = 0.0
        else:
            array[place] *= {"zero": 0.0, "sign": -1.0, "scale": rng.uniform(0.0, 2.0)}[kind]
        return array

    return net.map_arrays(change)
