"""Nets whose causal map is known since they were wired: compiled ones, and exact changes of them.

A net's nonlinearity acts cell by cell, so its cells can be permuted and their signs flipped, but
not rotated. Further cells may read everything as long as nobody reads them. See
`reberlstm.zoo.sets` for nets in which each cell stands for several nodes.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from reberlstm.compiler import compile
from reberlstm.errors import CompileWarning
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells.cell import Floats, Layer
from reberlstm.net.net import Net
from reberlstm.net.readouts import Head
from reberlstm.zoo.causal import CausalMap, map_of, state_names
from reberlstm.zoo.interchange import reached

Wired = tuple[Net, CausalMap]

ASKED = ("legal", "accept", "label")
"""The heads that entries have: those that certificates are about."""


def compiled(
    machine: FSM, cell: str = "lstm", *, memory: str = "rewrite", gain: float | None = None
) -> Wired:
    """A compiled net and its causal map; the arguments are those of `reberlstm.compile`.

    Example:
        >>> from reberlstm import load_grammar
        >>> net, causal_map = compiled(load_grammar("embedded-reber"), memory="latch")
        >>> net.size, len(causal_map.of("node")), causal_map["latch"].direction.tolist()[0][-2:]
        (14, 12, [0.0, 1.0])
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)
        net: Net = compile(machine, cell=cell, memory=memory, gain=gain)  # type: ignore[call-overload]
    net = net.replace(heads={kind: net.heads[kind] for kind in ASKED if kind in net.heads})
    return net, _map(net, machine)


def _map(net: Net, machine: FSM) -> CausalMap:
    """What the cells of a compiled net stand for.

    A cell is a latch, `started`, or one of the copies of a state's or class's cell. All are named
    so; which states belong to a class, and which sign a latch has in them, is seen in a run.
    """
    tables = machine.tables()
    vectors, states = reached(net, tables, np.random.default_rng(0))
    h = net.hidden(vectors) / net.height
    signs = np.round(h).astype(int)
    names = state_names(tables)
    groups: dict[str, list[int]] = {}
    bits = {}
    one_hot = np.eye(net.size)
    parts = len(net.layers[0].cell.parts)

    def direction(cells: Sequence[int]) -> Floats:
        total = one_hot[cells].sum(axis=0)
        return np.tile(total / np.linalg.norm(total), (parts, 1))

    for number, name in enumerate(net.cells):
        if name.startswith("latch") and name not in names:
            seen = [set(signs[states == state, number].tolist()) for state in range(len(names))]
            bits[name] = [one.pop() if len(one) == 1 else None for one in seen], direction([number])
        elif not name.startswith("started") or name in names:
            stem, _, copy = name.rpartition("/")
            groups.setdefault(stem if copy.isdigit() and stem else name, []).append(number)
    nodes = {}
    for name, cells in groups.items():
        active = (signs[:, cells] > 0).any(axis=1)
        nodes[name] = np.unique(states[active]).tolist(), direction(cells)
    return map_of(tables, "all", nodes, bits)


# Exact changes


def in_another_basis(wired: Wired, rng: np.random.Generator) -> Wired:
    """The same net with its cells in a random order and half of their signs flipped.

    A cell is flipped by changing the signs of its candidate's row and of all weights that read it.
    """
    net, causal_map = wired
    (layer,) = net.layers
    order, signs = rng.permutation(layer.size), rng.choice([-1.0, 1.0], layer.size)
    rows: dict[str, Floats] = {}
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        blocks = []
        for gate in layer.cell.gates:
            block = getattr(layer, name)[layer.rows(gate)][order]
            sign = signs if gate == "candidate" else np.ones_like(signs)
            blocks.append(block * (sign if block.ndim == 1 else sign[:, None]))
        rows[name] = np.concatenate(blocks)
    rows["weight_hh"] = rows["weight_hh"][:, order] * signs
    heads = {kind: Head(x.weight[:, order] * signs, x.bias) for kind, x in net.heads.items()}
    matrix = np.eye(layer.size)[:, order] * signs
    names = tuple(net.cells[k] for k in order)
    changed = net.replace(layers=(Layer(layer.cell, **rows),), heads=heads, cells=names)
    return changed, causal_map.moved(matrix)


READS, OWN = 1.5, 1.2
"""The size of what a distractor reads of the net, and of what it reads of other distractors."""


def with_distractors(wired: Wired, number: int, rng: np.random.Generator) -> Wired:
    """The same net with random cells more, which read symbols, the net and each other.

    Nothing reads them, so they carry what the net knows, and more, without any effect.
    """
    if not number:
        return wired
    net, causal_map = wired
    (layer,) = net.layers
    size, gates = layer.size, len(layer.cell.gates)

    def appended(own: Floats, new: Floats) -> Floats:
        """Rows of the new cells after those of the net, in each gate."""
        shape = (gates, -1, *own.shape[1:])
        both = np.concatenate([own.reshape(shape), new.reshape(shape)], axis=1)
        return both.reshape(-1, *own.shape[1:])

    rows = gates * number
    reads = np.concatenate(
        [
            rng.normal(0.0, READS, (rows, size)) / np.sqrt(size) / net.height,
            rng.normal(0.0, OWN, (rows, number)) / np.sqrt(number),
        ],
        axis=1,
    )
    wider = np.pad(np.asarray(layer.weight_hh), ((0, 0), (0, number)))
    changed = Layer(
        layer.cell,
        appended(layer.weight_ih, rng.normal(0.0, 1.0, (rows, layer.weight_ih.shape[1]))),
        appended(wider, reads),
        appended(layer.bias_ih, rng.normal(0.0, 0.3, rows)),
        appended(layer.bias_hh, np.zeros(rows)),
    )
    heads = {
        kind: Head(np.pad(x.weight, ((0, 0), (0, number))), x.bias) for kind, x in net.heads.items()
    }
    names = [f"distractor {k}" for k in range(1, number + 1)]
    moved = causal_map.moved(np.eye(size, size + number))
    parts = len(layer.cell.parts)
    own = [
        (name, np.tile(np.eye(1, size + number, size + k), (parts, 1)))
        for k, name in enumerate(names)
    ]
    return (
        net.replace(layers=(changed,), heads=heads, cells=(*net.cells, *names)),
        moved.with_distractors(own),
    )


def with_noise(net: Net, size: float, rng: np.random.Generator) -> Net:
    """The same net with random numbers added to all weights and biases of its layer.

    Their standard deviation is `size` times that of the array, zeros included; so every cell reads
    every other one a little.
    """
    (layer,) = net.layers
    arrays = {
        name: np.asarray(getattr(layer, name), dtype=np.float64)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    }
    noisy = {
        name: array + rng.normal(0.0, 1.0, array.shape) * size * array.std()
        for name, array in arrays.items()
    }
    return net.replace(layers=(Layer(layer.cell, **noisy),))
