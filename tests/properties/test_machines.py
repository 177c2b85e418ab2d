"""Laws of machines, against brute force and against automata-lib."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product

from automata.fa.dfa import DFA
from hypothesis import assume, given
from hypothesis import strategies as st

from reberlstm.formats import toml
from reberlstm.machine.fsm import FSM, Word
from tests.strategies import machines, machines_with_words

MAX_LENGTH = 5


def all_words(alphabet: tuple[str, ...], max_length: int = MAX_LENGTH) -> Iterator[Word]:
    """All words over an alphabet, shortest first, then in alphabet order."""
    for length in range(max_length + 1):
        yield from product(alphabet, repeat=length)


def walk(fsm: FSM, word: Word) -> str | None:
    """The state after a word, straight from the tables."""
    state = fsm.start
    for symbol in word:
        if symbol not in fsm.transitions[state]:
            return None
        state = fsm.transitions[state][symbol]
    return state


def dfa(fsm: FSM) -> DFA:
    """The machine in automata-lib, completed by a sink."""
    states = {f"s {state}" for state in fsm.states}
    return DFA(
        states=states | {"sink"},
        input_symbols=set(fsm.alphabet),
        transitions={
            f"s {state}": {
                symbol: f"s {line[symbol]}" if symbol in line else "sink" for symbol in fsm.alphabet
            }
            for state, line in fsm.transitions.items()
        }
        | {"sink": dict.fromkeys(fsm.alphabet, "sink")},
        initial_state=f"s {fsm.start}",
        final_states={f"s {state}" for state in fsm.accepting},
    )


@given(machines_with_words())
def test_run_and_accepts(drawn: tuple[FSM, list[Word]]) -> None:
    fsm, words = drawn
    other = dfa(fsm)
    for word in words:
        assert fsm.run(word) == walk(fsm, word)
        assert fsm.accepts(word) == other.accepts_input(word)
        assert fsm.accepts(fsm.text(word)) == fsm.accepts(word), "as a string, too"


@given(machines(max_states=4, max_symbols=3))
def test_enumerate_and_prefixes_are_all_words_in_order(fsm: FSM) -> None:
    words = list(all_words(fsm.alphabet))
    accepted = [word for word in words if walk(fsm, word) in fsm.accepting]
    assert list(fsm.enumerate(MAX_LENGTH)) == accepted
    assert list(fsm.prefixes(MAX_LENGTH)) == [word for word in words if walk(fsm, word) is not None]
    if accepted:
        assert list(islice(fsm.enumerate(), len(accepted))) == accepted


@given(st.data())
def test_difference_is_the_first_separating_word_or_none(data: st.DataObject) -> None:
    one = data.draw(machines(max_states=3, max_symbols=2, plain=True))
    other = data.draw(machines(max_states=3, max_symbols=2, plain=True))
    alphabet = tuple(dict.fromkeys(one.alphabet + other.alphabet))

    def seen(fsm: FSM, word: Word, by: str) -> object:
        state = walk(fsm, word)
        if by == "accept":
            return state in fsm.accepting
        if state is None:
            return None
        return set(fsm.transitions[state]) if by == "legal" else fsm.outputs.get(state)

    for by in ("accept", "legal", "label"):
        # Two machines of at most 3 states and a sink are told apart by 4 · 4 symbols, most by fewer.
        words = all_words(alphabet, 7)
        first = next((word for word in words if seen(one, word, by) != seen(other, word, by)), None)
        found = one.difference(other, by=by)
        if first is None:
            assert found is None or len(found) > 7
        else:
            assert found == first
        assert (other.difference(one, by=by) is None) == (found is None)
    if one.alphabet == other.alphabet:
        assert (one.difference(other) is None) == (dfa(one) == dfa(other))


@given(machines(complete=True, probabilities=False, outputs=False))
def test_minimise_is_as_small_as_automata_libs(fsm: FSM) -> None:
    assert len(fsm.minimise().states) == len(dfa(fsm).minify(retain_names=False).states)


def equivalent_pairs(fsm: FSM) -> set[tuple[str, str]]:
    """All pairs of reachable states that no word tells apart, by filling the table (Moore 1956)."""

    def seen(state: str) -> object:
        return (
            state in fsm.accepting,
            set(fsm.transitions[state]),
            fsm.outputs.get(state),
            [fsm.probability(state, symbol) for symbol in fsm.alphabet],
            fsm.stop_probability(state),
        )

    pairs = {(p, q) for p in fsm.reachable for q in fsm.reachable if seen(p) == seen(q)}
    while True:
        kept = {
            (p, q)
            for p, q in pairs
            if all(
                (to, fsm.transitions[q][symbol]) in pairs
                for symbol, to in fsm.transitions[p].items()
            )
        }
        if kept == pairs:
            return pairs
        pairs = kept


@given(machines())
def test_minimise_merges_exactly_the_equivalent_states(fsm: FSM) -> None:
    small = fsm.minimise()
    pairs = equivalent_pairs(fsm)
    classes = {frozenset(q for q in fsm.reachable if (p, q) in pairs) for p in fsm.reachable}
    assert len(small.states) == len(classes)
    assert all(len(set(small.states) & members) == 1 for members in classes)
    for by in ("accept", "legal", "label"):
        assert fsm.difference(small, by=by) is None
    assert small.minimise() == small


@given(machines_with_words(probabilities=True))
def test_minimise_keeps_probabilities(drawn: tuple[FSM, list[Word]]) -> None:
    fsm, words = drawn
    small = fsm.minimise()
    for word in words:
        state, merged = walk(fsm, word), walk(small, word)
        assert (state is None) == (merged is None)
        if state is not None and merged is not None:
            assert fsm.stop_probability(state) == small.stop_probability(merged)
            for symbol in fsm.alphabet:
                assert fsm.probability(state, symbol) == small.probability(merged, symbol)


@given(machines())
def test_distance_to_acceptance(fsm: FSM) -> None:
    for state in fsm.states:
        from_here = FSM(
            alphabet=fsm.alphabet, start=state, accepting=fsm.accepting, transitions=fsm.transitions
        )
        shortest = next(from_here.enumerate(len(fsm.states)), None)
        assert fsm.distance_to_acceptance.get(state) == (
            None if shortest is None else len(shortest)
        )


@given(machines(), st.integers(0, 2**32))
def test_samples_are_accepted_and_repeat(fsm: FSM, number: int) -> None:
    assume(fsm.start in fsm.distance_to_acceptance)
    # Given probabilities may be 0 on every way to acceptance; the uniform ones are not.
    uniform = FSM(
        alphabet=fsm.alphabet, start=fsm.start, accepting=fsm.accepting, transitions=fsm.transitions
    )
    words = uniform.sample(5, seed=number)
    assert all(walk(fsm, word) in fsm.accepting for word in words)
    assert uniform.sample(5, seed=number) == words


@given(machines())
def test_toml_is_read_as_it_was_written(fsm: FSM) -> None:
    again = toml.read(toml.write(fsm), "it")
    assert again == fsm
    assert again.states == fsm.states
    assert toml.write(again) == toml.write(fsm)
