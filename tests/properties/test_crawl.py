"""Laws of the breadth-first search, the merging of states and the tables of a machine.

The oracles are networkx, automata-lib, and brute force over all words of a length.
"""

from __future__ import annotations

import itertools

import networkx
import numpy as np
from automata.fa.dfa import DFA
from hypothesis import given
from hypothesis import strategies as st

from reberlstm.machine.crawl import crawl, refine
from reberlstm.machine.fsm import FSM, Word
from tests.oracles import expected
from tests.strategies import machines, machines_with_words

Table = list[list[int]]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """The next states of a machine, −1 where there is none."""
    states, symbols = draw(st.integers(1, 8)), draw(st.integers(1, 3))
    line = st.lists(st.integers(-1, states - 1), min_size=symbols, max_size=symbols)
    return draw(st.lists(line, min_size=states, max_size=states))


def follow(table: Table, state: int) -> list[tuple[int, int]]:
    return [(symbol, target) for symbol, target in enumerate(table[state]) if target >= 0]


def walk(table: Table, state: int, word: tuple[int, ...]) -> int:
    for symbol in word:
        state = table[state][symbol] if state >= 0 else -1
    return state


@given(tables(), st.data())
def test_words_are_the_first_of_the_shortest(table: Table, data: st.DataObject) -> None:
    starts = data.draw(st.lists(st.integers(0, len(table) - 1), min_size=1, max_size=3))
    found = crawl(starts, lambda state: follow(table, state))
    graph = networkx.DiGraph((q, t) for q, line in enumerate(table) for t in line if t >= 0)
    graph.add_nodes_from(range(len(table)))
    lengths = networkx.multi_source_dijkstra_path_length(graph, set(starts))
    assert found.distances() == lengths
    assert list(found.distances().values()) == sorted(lengths.values()), "nearest first"
    if len(set(starts)) == 1:
        for state, length in lengths.items():
            words = itertools.product(range(len(table[0])), repeat=length)
            assert found.word(state) == next(w for w in words if walk(table, starts[0], w) == state)


@given(tables(), st.integers(1, 8), st.integers(0, 7))
def test_a_search_ends_at_its_goal_or_bound(table: Table, most: int, goal: int) -> None:
    everything = crawl([0], lambda state: follow(table, state))
    bounded = crawl([0], lambda state: follow(table, state), most=most)
    assert bounded.found == everything.found[:most]
    aimed = crawl([0], lambda state: follow(table, state), goal=lambda state: state == goal)
    if goal in everything.came:
        assert aimed.goal == goal
        assert aimed.word(goal) == everything.word(goal)
        assert aimed.found == everything.found[: everything.found.index(goal) + 1]
    else:
        assert aimed.goal is None
        assert aimed.found == everything.found


@given(tables(), st.data())
def test_refinement_tells_apart_what_some_word_tells_apart(
    table: Table, data: st.DataObject
) -> None:
    seen = data.draw(st.lists(st.booleans(), min_size=len(table), max_size=len(table)))
    shown = [
        (mark, *(target < 0 for target in line)) for mark, line in zip(seen, table, strict=True)
    ]
    blocks = refine(table, shown)
    assert list(dict.fromkeys(blocks)) == list(range(max(blocks) + 1)), "numbered as they come"
    symbols = range(len(table[0]))
    words = [w for length in range(4) for w in itertools.product(symbols, repeat=length)]

    def differ(p: int, q: int, word: tuple[int, ...]) -> bool:
        p, q = walk(table, p, word), walk(table, q, word)
        return (p < 0) != (q < 0) or (p >= 0 and shown[p] != shown[q])

    for p, q in itertools.combinations(range(len(table)), 2):
        if any(differ(p, q, word) for word in words):
            assert blocks[p] != blocks[q]
        if blocks[p] == blocks[q]:
            for a, b in zip(table[p], table[q], strict=True):
                assert (a < 0) == (b < 0)
                assert a < 0 or blocks[a] == blocks[b]
    # Complete machines have as many blocks as automata-lib has states.
    sink = len(table)
    complete = [[target if target >= 0 else sink for target in line] for line in table]
    complete.append([sink] * len(symbols))
    dfa = DFA(
        states=set(range(sink + 1)),
        input_symbols={str(symbol) for symbol in symbols},
        transitions={q: {str(a): t for a, t in enumerate(line)} for q, line in enumerate(complete)},
        initial_state=0,
        final_states={q for q, mark in enumerate(seen) if mark},
    )
    reached = crawl([0], lambda state: follow(complete, state)).found
    merged = refine(complete, [*seen, False])
    assert len({merged[state] for state in reached}) == len(dfa.minify().states)


@given(machines_with_words(), st.sampled_from(["absorb", "resync"]))
def test_tables_say_what_is_true_after_every_word(drawn: tuple[FSM, list[Word]], way) -> None:
    fsm, words = drawn
    found = fsm.tables(way)
    together = found.given(words)
    assert together.lengths.tolist() == [len(word) for word in words]
    for number, word in enumerate(words):
        states = [0, *together.states[: len(word), number].tolist()]
        for state, truth in zip(states, expected(fsm, word, way), strict=True):
            assert found.names[state] == truth.state
            assert set(found.symbols[state]) == truth.legal
            assert found.accepting[state] == truth.accepted
            assert found.outputs[state] == truth.label
            assert np.allclose(found.probability[state], truth.probabilities)
            assert [found.alphabet[a] for a, _ in found.legal_steps(state)] == list(
                found.symbols[state]
            )
            if truth.state is not None and truth.legal:
                assert found.stop[state] == fsm.stop_probability(truth.state)


@given(machines(), st.integers(0, 2**32))
def test_walks_are_legal_words_of_their_states(fsm: FSM, seed: int) -> None:
    found = fsm.tables()
    for shape in [(5,), (2, 3)]:
        drawn = found.draw(np.random.default_rng(seed), shape, 6)
        assert drawn.symbols.shape[1:] == shape
        again = found.follow(drawn.symbols, drawn.present)
        assert np.array_equal(again.states, drawn.states)
        for place in np.ndindex(shape):
            length = int(drawn.lengths[place])
            word = tuple(fsm.alphabet[a] for a in drawn.symbols[(slice(length), *place)])
            assert fsm.run(word) is not None
            assert (length > 0) == bool(fsm.legal(fsm.start))


@given(machines(), st.integers(0, 2**32))
def test_walks_of_many_nets_are_those_of_one(fsm: FSM, seed: int) -> None:
    """The same random numbers give the same words, in whatever shape they are asked for."""
    found = fsm.tables()
    flat = found.draw(np.random.default_rng(seed), (6,), 5)
    nets = found.draw(np.random.default_rng(seed), (2, 3), 5)
    assert np.array_equal(flat.symbols, nets.symbols.reshape(len(nets.symbols), 6))
    assert np.array_equal(flat.present, nets.present.reshape(len(nets.symbols), 6))


@given(machines())
def test_shortest_words_lead_to_their_states(fsm: FSM) -> None:
    found = fsm.tables()
    words = found.shortest_words()
    assert [found.names[state] for state in words] == list(fsm.reachable)
    for state, word in words.items():
        assert fsm.run(tuple(fsm.alphabet[a] for a in word)) == found.names[state]
    assert list(found.shortest_words(2)) == list(words)[:2]


@given(machines(outputs=True))
def test_numbering_changes_names_only(fsm: FSM) -> None:
    numbered = fsm.numbered()
    assert numbered.states == tuple(str(number) for number in range(len(fsm.reachable)))
    assert numbered.reachable == numbered.states
    for by in ("accept", "legal", "label"):
        assert numbered.difference(fsm, by=by) is None
