"""What the entries of a zoo are, and how each is made: from a seed, and nothing else.

A plan has a machine, a kind of cell, and the dials. `build` wires a net, turns the dials, has it
proved and the proof checked, and tests the causal map; what fails is tried again with other random
numbers, and is no entry if it fails again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product, zip_longest
from typing import Literal, get_args

import numpy as np

from reberlstm.certificates import Proof, certify, check
from reberlstm.errors import ZooError
from reberlstm.grammars import load_grammar
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM
from reberlstm.zoo.entries import Entry
from reberlstm.zoo.interchange import check_map
from reberlstm.zoo.learned import learned
from reberlstm.zoo.sets import in_sets
from reberlstm.zoo.wiring import (
    Wired,
    compiled,
    in_another_basis,
    with_distractors,
    with_noise,
)

Wiring = Literal["one-hot", "latch", "sets", "tuned", "trained"]
Cell = Literal["lstm", "gru", "rnn"]

ATTEMPTS, TRAININGS = 3, 2
"""How often it is tried, and how often where each attempt is a training."""

SOFT = 6.0
"""The gain of a compiled net that is trained further: it is right, and its gates can still move."""

SECONDS = 30.0
"""Processor time for a proof; far more than one takes that is found, so no clock decides."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How an entry is made.

    Attributes:
        machine: The name of a machine, see `machine_of`.
        cell: ``lstm``, ``gru`` or ``rnn``.
        wiring: ``one-hot``: a cell, or copies of it, for each node; ``latch``: remembered bits have
            cells of their own; ``sets``: a cell stands for a set of nodes; ``tuned``: one-hot at a
            gain at which gates still move, with noise, and then trained until it is proved;
            ``trained``: the same from random weights.
        share: The share of the nodes in each set.
        moved: Whether cells are permuted and half of their signs flipped.
        distractors: How many cells there are that nothing depends on.
        noise: The size of random numbers on all weights, as a part of each array's deviation.
        gain: The gain, or None for the compiler's own.
        cells: The cells of a trained net; fewer than it has nodes make it superpose them.
    """

    machine: str
    cell: Cell
    wiring: Wiring = "one-hot"
    share: float = 0.0
    moved: bool = True
    distractors: int = 0
    noise: float = 0.0
    gain: float | None = None
    cells: int | None = None

    @property
    def name(self) -> str:
        """What its entry is called."""
        dials: list[str] = [self.wiring] * (self.wiring != "one-hot")
        dials += [f"{self.share:g}"] * (self.share > 0.0)
        dials += [f"distractors-{self.distractors}"] * (self.distractors > 0)
        dials += [f"noise-{self.noise:g}"] * (self.noise > 0.0)
        dials += [f"gain-{self.gain:g}"] if self.gain else []
        dials += [f"{self.cells}-cells"] if self.cells else []
        return "-".join([self.cell, self.machine, *(dials or ["plain"])])


CELLS: tuple[Cell, ...] = get_args(Cell)

MACHINES = (
    *("reber", "parity", "tomita-5", "embedded-reber", "mod-3", "contains-abba", "flip-flop-2"),
    *("even-pairs", "first-is-last-3", "cycle-navigation", "tomita-3", "dyck-2-3", "tomita-7"),
    *("continual-reber", "tomita-4", "anbn-4", "tomita-6", "mod-5", "alternating", "dyck-2-2"),
)
FEW = ("reber", "tomita-5", "mod-3", "flip-flop-2", "contains-abba", "even-pairs")
LATCHED = (
    *("embedded-reber", "dyck-2-3", "flip-flop-3", "first-is-last-4", "dyck-2-4", "even-pairs"),
    *("first-is-last-3", "dyck-2-5"),
)
SIZES = (4, 8, 16, 32, 48)
SMALL = ("reber", "mod-3", "even-pairs", "parity")
FEWEST: tuple[tuple[str, Cell, int], ...] = (
    *(("reber", "rnn", 6), ("reber", "lstm", 4), ("reber", "gru", 5)),
    ("continual-reber", "gru", 5),
)
"""Machine, kind of cell and cells of the trained nets."""

NOISES = (0.002, 0.02, 0.1)
LITTLE_NOISE = {("lstm", "reber"), ("lstm", "flip-flop-2")}
"""Wired nets that are proved with the first noise only: what is not quite 0 writes at each step."""


def plans(count: int | None = None) -> list[Plan]:
    """The plans of a zoo, or the first so many; the first eight have every dial and cell.

    Raises:
        ZooError: where there are not so many.

    Example:
        >>> [plan.name for plan in plans(3)]
        ['lstm-reber-plain', 'gru-reber-sets-0.3', 'rnn-reber-distractors-4']
    """
    groups: list[Iterator[Plan]] = [
        _each(MACHINES, "lstm"),
        _each(FEW, "gru", wiring="sets", shares=(0.3, 0.5)),
        _each(FEW, "rnn", distractors=(4, 16, 64)),
        _each(FEW[:4], "gru", noises=NOISES),
        (
            Plan(machine=name, cell="lstm", wiring="latch", distractors=n)
            for n in (0, 16)
            for name in LATCHED
        ),
        _each([f"random-{n}" for n in SIZES], "lstm"),
        _each(SMALL, "gru", wiring="tuned", noises=(0.1,), gain=SOFT),
        (
            Plan(machine=name, cell=cell, wiring="trained", cells=number)
            for name, cell, number in FEWEST
        ),
    ]
    found = [plan for each in zip_longest(*groups) for plan in each if plan is not None]
    if count is not None and not 0 < count <= len(found):
        raise ZooError(f"{count} entries; a zoo has from 1 to {len(found)}")
    return found[:count]


def _cells(first: Cell) -> tuple[Cell, ...]:
    """The kinds of cell in turn, from one of them on."""
    number = CELLS.index(first)
    return CELLS[number:] + CELLS[:number]


def _each(
    machines: Sequence[str],
    first: Cell,
    *,
    wiring: Wiring = "one-hot",
    shares: tuple[float, ...] = (0.0,),
    distractors: tuple[int, ...] = (0,),
    noises: tuple[float, ...] = (0.0,),
    gain: float | None = None,
) -> Iterator[Plan]:
    """Plans for every cell and machine, and for the positions of a dial."""
    for share, number, noise, machine, cell in product(
        shares, distractors, noises, machines, _cells(first)
    ):
        if wiring == "one-hot" and noise > NOISES[0] and (cell, machine) in LITTLE_NOISE:
            continue
        yield Plan(
            machine=machine,
            cell=cell,
            wiring=wiring,
            share=share,
            distractors=number,
            noise=noise,
            gain=gain,
        )


def machine_of(name: str, rng: np.random.Generator) -> FSM:
    """The minimal machine of a name: of a grammar, or ``random-N``: a random one of N states."""
    stem, _, size = name.partition("-")
    if stem != "random":
        return load_grammar(name).minimise()
    wanted, alphabet = int(size), ("a", "b")
    while True:
        targets = rng.integers(wanted, size=(wanted, len(alphabet))).tolist()
        accepting = [rng.random() < 0.5 for _ in range(wanted)]
        follow = [list(enumerate(line)) for line in targets]
        if len(crawl([0], follow.__getitem__).found) < wanted:
            continue  # most are so: of 48 states hardly ever all can be reached
        machine = FSM(
            name=name,
            alphabet=alphabet,
            start="0",
            transitions={
                str(state): dict(zip(alphabet, map(str, line), strict=True))
                for state, line in enumerate(targets)
            },
            accepting=frozenset(str(state) for state in range(wanted) if accepting[state]),
        )
        if len(machine.minimise().reachable) == wanted:
            return machine.minimise()


class NotBuiltError(ZooError):
    """A plan whose net is not proved, or whose map does not pass."""


def build(plan: Plan, seed: int) -> Entry:
    """Make an entry.

    Raises:
        NotBuiltError: where no attempt makes a net that is proved, with a map that passes.
    """
    name, why = plan.name, ""
    for attempt in range(TRAININGS if plan.wiring in ("tuned", "trained") else ATTEMPTS):
        rng = np.random.default_rng([seed, attempt, *name.encode()])
        machine = machine_of(plan.machine, rng)
        wired = _wired(plan, machine, rng)
        if wired is None:
            why = "does not learn"
            continue
        net, causal_map = wired
        names = tuple(f"c{k + 1}" for k in range(net.size))
        net = net.replace(name=name, grammar=None, gain=None, cells=names)
        proof = certify(net, machine, seconds=SECONDS, max_states=1, max_depth=1, max_k=1)
        if not isinstance(proof, Proof) or not check(proof.to_dict(), net, machine).valid:
            why = "is not proved"
            continue
        failed = [x.variable for x in check_map(net, machine, causal_map) if x.right < 1.0]
        if not failed:
            dials = asdict(plan) | {"attempt": attempt}
            return Entry(name, net, machine, proof, causal_map, dials)
        why = f"has no direction for {', '.join(failed)}"
    raise NotBuiltError(f"{name}: {why}; choose another seed")


def _wired(plan: Plan, machine: FSM, rng: np.random.Generator) -> Wired | None:
    """The net of a plan and its map; None where it is to be learned and is not."""
    if plan.wiring == "trained":
        return learned(machine, plan.cell, int(rng.integers(2**31)), cells=plan.cells)
    if plan.wiring == "sets":
        wired = in_sets(machine, plan.cell, plan.share, rng, gain=plan.gain)
    else:
        memory = "latch" if plan.wiring == "latch" else "rewrite"
        wired = compiled(machine, plan.cell, memory=memory, gain=plan.gain)
    wired = with_distractors(wired, plan.distractors, rng)
    net, causal_map = in_another_basis(wired, rng) if plan.moved else wired
    if plan.noise:
        net = with_noise(net, plan.noise, rng)
    if plan.wiring == "tuned":
        return learned(machine, plan.cell, int(rng.integers(2**31)), start=net)
    return net, causal_map
