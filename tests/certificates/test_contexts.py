"""How much nodes remember: enough to tell what follows, and no more than what was asked for."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.certificates.arithmetic import ARITHMETICS, Execution
from reberlstm.certificates.claims import Claim, claim, unfold
from reberlstm.certificates.contexts import Contexts, contexts, sample
from reberlstm.machine.fsm import FSM
from tests.certificates.test_kinds import random_net


def remembered(claimed: Claim, found: Contexts, word: list[int]) -> tuple[int, tuple[int, ...]]:
    """The machine state after a word, and what the whole word says is to be remembered."""
    state = 0
    for column in word:
        state = dict(claimed.going_on[state])[column]
    return state, found.of(state, tuple(word))


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([0.5, 0.1]), st.sampled_from([1, 2, 3]))
def test_a_node_says_what_is_remembered_at_the_nodes_after_it(
    seed: int, spread: float, stride: int
) -> None:
    rng = np.random.default_rng(seed)
    net = random_net(rng, ("rnn",), 3, 1.0)
    lines = {str(q): {a: str(rng.integers(3)) for a in "abc"} for q in range(3)}
    fsm = FSM(alphabet=tuple("abc"), start="0", accepting={"0"}, transitions=lines, name="random")
    claimed = claim(net, fsm, "legal", None)
    execution = Execution(net, ARITHMETICS["real"])
    sampled = sample(execution, claimed, words=20, length=40)
    found = contexts(execution, claimed, sampled, spread, stride, 4, math.inf)
    assert found is not None
    nodes = unfold(claimed, 4, 10**6, stride, memory=found.of)
    assert nodes is not None
    assert nodes.k <= max(4, stride)
    # Follow a word through the graph.
    number, word = 0, []
    for _ in range(10):
        row = None
        for level in nodes.levels:
            here = level.roots == number if row is None else level.parents == row
            row = int(rng.choice(np.flatnonzero(here)))
            word.append(int(level.symbols[row]))
        number = int(nodes.targets[row])
        assert nodes.names[number] == remembered(claimed, found, word)


def test_what_is_remembered_leaves_state_vectors_near_together() -> None:
    """Random words are run; those with the same context after them end near together."""
    net = rl.load("reber-4")
    claimed = claim(net, rl.load_grammar("reber"), "legal", None)
    execution = Execution(net, ARITHMETICS["real"])
    sampled = sample(execution, claimed, words=50, length=60)
    assert [len(vectors) > 0 for vectors in sampled] == [False] + 6 * [True] + 2 * [False]
    found = contexts(execution, claimed, sampled, 0.1, 1, 20, math.inf)
    assert found is not None
    rng = np.random.default_rng(1)
    ends: dict[tuple[int, tuple[int, ...]], list[np.ndarray]] = {}
    for _ in range(200):
        word: list[int] = []
        state, vector = 0, execution.start()
        for _ in range(15):
            choices = claimed.going_on[state]
            if not choices:
                break
            column, state = choices[rng.integers(len(choices))]
            word.append(column)
            vector = execution.step(vector, np.array([column]))
            node = remembered(claimed, found, word)
            if node not in found.longer:
                ends.setdefault(node, []).append(net.hidden(vector)[0])
    assert len(ends) > 10
    assert max(float(np.ptp(vectors, axis=0).max()) for vectors in ends.values()) < 0.12
