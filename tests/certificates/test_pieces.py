"""Several boxes for a node: a net that needs them, and certificates that are tampered with."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.certificates import Proof, check, pieces
from reberlstm.certificates.arithmetic import Execution
from reberlstm.certificates.boxes import BoxNet
from reberlstm.certificates.claims import Nodes, claim, unfold
from reberlstm.certificates.intervals import REAL, Interval
from reberlstm.certificates.pieces import covering
from reberlstm.certificates.search import Invariant, NotFound
from reberlstm.machine.fsm import FSM
from reberlstm.net.net import LSTMWeights
from reberlstm.net.readouts import Head
from tests.certificates.test_checker import with_checksum

ANYTHING = FSM(
    alphabet=("a", "b"),
    start="0",
    accepting={"0"},
    transitions={"0": {"a": "0", "b": "0"}},
    name="anything",
)


def follower(room: float = 0.5) -> LSTMWeights:
    """Two cells: x drifts up on a and down on b, y is set to what h of x was.

    The head is right where their h differ by less than `room`. They always do by less than 0.37,
    but a single box knows nothing of x and y but that each is between −1 and 1.
    """
    weight_ih, weight_hh, bias = np.zeros((8, 2)), np.zeros((8, 2)), np.zeros(8)
    bias[:] = [-2.8, 20.0, 4.0, -20.0, 0.0, 0.0, 20.0, 20.0]  # i, f, g, o of x and y
    weight_ih[4] = [20.0, -20.0]
    weight_hh[5, 0] = 1.0
    return LSTMWeights(
        alphabet=("a", "b"),
        cells=("x", "y"),
        weight_ih=weight_ih,
        weight_hh=weight_hh,
        bias_ih=bias,
        bias_hh=np.zeros(8),
        heads={"legal": Head(np.array([[1.0, -1.0], [-1.0, 1.0]]), np.full(2, room))},
        grammar=ANYTHING,
        name="follower",
    )


NET = follower()


@pytest.fixture(scope="module")
def proof() -> Proof:
    with pytest.MonkeyPatch.context() as patch:  # as few steps as this net needs
        patch.setattr(pieces, "GRIDS", ((1, 0.1),))
        found = rl.certify(NET, max_k=4, max_depth=0, scope="legal")
    assert isinstance(found, Proof)
    return found


def test_a_net_that_needs_several_boxes(proof: Proof) -> None:
    assert proof.pieces
    assert "boxes for 2 cells: one or more for each state and last symbol" in str(proof)
    assert proof.to_dict()["proof"]["pieces"] is True
    assert rl.certify(NET, max_k=1, max_depth=0, scope="legal").holds is None
    verdict = check(json.dumps(proof.to_dict()), NET)
    assert verdict.valid, verdict.reason


def test_the_net_is_as_right_as_the_proof_says(proof: Proof) -> None:
    """Long runs, which random words have not."""
    execution = Execution(NET, REAL)
    rng = np.random.default_rng(0)
    vectors, smallest = np.repeat(execution.start(), 50, axis=0), np.inf
    symbols = np.zeros(50, dtype=int)
    for _ in range(1_500):
        symbols = np.where(rng.random(50) < np.linspace(0.002, 0.5, 50), 1 - symbols, symbols)
        vectors = execution.step(vectors, symbols)
        smallest = min(smallest, execution.read("legal", vectors).min())
    assert 0.0 < proof.margin <= smallest


def test_a_file_of_several_boxes_is_read_back(proof: Proof, tmp_path: Any) -> None:
    proof.save(tmp_path / "proof.json")
    assert rl.certificates.load_certificate(tmp_path / "proof.json") == proof


def test_several_boxes_have_to_be_announced(proof: Proof) -> None:
    document = proof.to_dict()
    del document["proof"]["pieces"]
    assert "there are two boxes for state '0', last" in check(with_checksum(document), NET).reason


def test_a_piece_that_is_missing_is_missed(proof: Proof) -> None:
    """Every piece is needed: nothing leads into those that are not."""
    text = json.dumps(proof.to_dict())
    for number in np.random.default_rng(2).integers(len(proof.boxes), size=6).tolist():
        document = json.loads(text)
        box = document["proof"]["boxes"].pop(number)
        verdict = check(with_checksum(document), NET)
        others = [other for other in document["proof"]["boxes"] if other["last"] == box["last"]]
        # Another piece may hold as much; but then none of its steps may lead elsewhere.
        assert verdict.valid is False or others, verdict.reason


def test_a_piece_that_is_smaller_is_rejected(proof: Proof) -> None:
    text = json.dumps(proof.to_dict())
    rejected = 0
    rng = np.random.default_rng(3)
    for _ in range(6):
        document = json.loads(text)
        intervals = document["proof"]["intervals"]
        ends = intervals[int(rng.integers(len(intervals)))]
        part = int(rng.choice([0, 2]))
        ends[part : part + 2] = [0.5 * sum(ends[part : part + 2])] * 2
        rejected += check(with_checksum(document), NET).valid is False
    assert rejected >= 5  # one or the other is held by a neighbour


def test_a_net_that_is_wrong_after_long_runs_only_is_not_proved(proof: Proof) -> None:
    net = follower(room=0.35)  # wrong from about 30 rounds on
    assert rl.certify(net, max_k=1, max_depth=8, scope="legal").holds is not True
    problem = claim(net, ANYTHING, "legal", None)
    found = pieces.find_pieces(BoxNet(net, REAL), problem, time.process_time() + 10.0, 4)
    assert isinstance(found, NotFound)
    document = proof.to_dict()
    document["net"]["sha256"] = rl.certificates.digest_of_net(net)
    assert "may be wrong" in check(with_checksum(document), net).reason


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_covering_agrees_with_points(seed: int) -> None:
    """A union of boxes holds an image just where it holds all corners of the grid in it."""
    rng = np.random.default_rng(seed)
    lo = rng.integers(0, 3, (int(rng.integers(1, 7)), 2))
    boxes = Interval(lo.astype(float), (lo + rng.integers(1, 4, lo.shape)).astype(float))
    corner = rng.integers(0, 3, 2)
    image = Interval(corner.astype(float), (corner + rng.integers(1, 3, 2)).astype(float))
    # Middles of all unit squares of the image.
    axes = [np.arange(image.lo[i], image.hi[i]) + 0.5 for i in range(2)]
    points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 1, 2)
    held = ((points > boxes.lo) & (points < boxes.hi)).all(axis=2).any(axis=1).all()
    used = covering(image, boxes, np.arange(len(lo)))
    assert (used is not None) == held


@given(st.lists(st.integers(0, 6), max_size=12), st.integers(1, 3))
def test_steps_from_several_boxes_are_those_of_their_nodes(numbers: list[int], stride: int) -> None:
    nodes = unfold(claim(NET, ANYTHING, "legal", None), 2, 1000, stride)
    assert nodes is not None
    owners = np.array([number % len(nodes) for number in numbers], dtype=np.intp)
    levels, targets = nodes.levels_of(owners)
    found = sorted((path[0], *path[1]) for path in _paths(levels, targets))
    alone, ends = nodes.levels, nodes.targets
    wanted = [
        (box, *path[1])
        for box, owner in enumerate(owners.tolist())
        for path in _paths(list(alone), ends)
        if path[0] == owner
    ]
    assert found == sorted(wanted)


def _paths(levels: list[Any], targets: Any) -> list[tuple[int, tuple[int, ...]]]:
    """Root, and the symbols and the target of each word."""
    paths = []
    for row in range(len(targets)):
        symbols, at = [], row
        for level in reversed(levels):
            symbols.append(int(level.symbols[at]))
            root, at = int(level.roots[at]), int(level.parents[at])
        paths.append((root, (*reversed(symbols), int(targets[row]))))
    return paths


def test_nodes_without_boxes_lead_nowhere() -> None:
    nodes = unfold(claim(NET, ANYTHING, "legal", None), 1, 1000, 2)
    assert isinstance(nodes, Nodes)
    levels, targets = nodes.levels_of(np.zeros(0, dtype=np.intp))
    assert not len(targets)
    assert not any(map(len, levels))


def test_words_that_end_have_pieces_too() -> None:
    """Where no words go on from any piece that has changed."""
    net = rl.load("reber-4")
    assert net.grammar is not None
    problem = claim(net, net.grammar, "legal", None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "GRIDS", ((2, 1.0),))
        patch.setattr(pieces, "DRIFTS", 0.0)
        found = pieces.find_pieces(BoxNet(net, REAL), problem, time.process_time() + 10.0, 2)
    assert isinstance(found, (NotFound, Invariant))
