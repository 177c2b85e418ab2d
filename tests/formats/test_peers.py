"""Files that other programs write are read, and other programs read ours."""

from __future__ import annotations

import contextlib
import io
import json
import random
import warnings
from pathlib import Path

import networkx
import pytest
from aalpy.utils import (
    generate_random_deterministic_automata,
    load_automaton_from_file,
    save_automaton_to_file,
)
from automata.fa.dfa import DFA
from automata.fa.nfa import NFA
from hypothesis import given

import reberlstm as rl
from reberlstm import formats
from reberlstm.formats import json as node_link
from reberlstm.machine.fsm import FSM, Word
from tests.strategies import machines


def quietly(path: Path) -> FSM:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rl.FormatWarning)
        return rl.load_grammar(path)


def random_words(fsm: FSM, count: int = 300, length: int = 12) -> list[Word]:
    rng = random.Random(1)
    return [tuple(rng.choices(fsm.alphabet, k=rng.randrange(length))) for _ in range(count)]


# AALpy


def aalpy_machine(kind: str, seed: int) -> object:
    random.seed(seed)
    return generate_random_deterministic_automata(
        kind, num_states=8, input_alphabet_size=3, output_alphabet_size=3
    )


def saved_by_aalpy(machine: object, path: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        save_automaton_to_file(machine, path)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["dfa", "moore", "mealy"])
def test_files_written_by_aalpy(kind: str, seed: int, tmp_path: Path) -> None:
    path = tmp_path / "m.dot"
    peer = aalpy_machine(kind, seed)
    saved_by_aalpy(peer, path)
    fsm = quietly(path)
    for word in random_words(fsm):
        peer.reset_to_initial()  # type: ignore[attr-defined]
        for end, symbol in enumerate(word, start=1):
            output = peer.step(symbol)  # type: ignore[attr-defined]
            state = fsm.run(word[:end])
            found = state in fsm.accepting if kind == "dfa" else fsm.outputs[str(state)]
            assert found == output


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["dfa", "moore"])
def test_aalpy_reads_what_we_write(kind: str, seed: int, tmp_path: Path) -> None:
    path = tmp_path / "m.dot"
    saved_by_aalpy(aalpy_machine(kind, seed), path)
    fsm = quietly(path)
    rl.save_grammar(fsm, tmp_path / "ours.dot")
    peer = load_automaton_from_file(tmp_path / "ours.dot", kind)
    for word in random_words(fsm, count=50):
        if not word:
            continue
        state = fsm.run(word)
        expected = state in fsm.accepting if kind == "dfa" else fsm.outputs[str(state)]
        peer.reset_to_initial()
        assert [peer.step(symbol) for symbol in word][-1] == expected


def test_aalpy_reads_reber(tmp_path: Path) -> None:
    fsm = rl.load_grammar("reber")
    rl.save_grammar(fsm, tmp_path / "reber.dot")
    with contextlib.redirect_stdout(io.StringIO()):  # it remarks that the machine is partial
        peer = load_automaton_from_file(tmp_path / "reber.dot", "dfa")
    for word in fsm.sample(20, seed=1):
        peer.reset_to_initial()
        assert [peer.step(symbol) for symbol in word][-1]


# automata-lib


@pytest.mark.parametrize(
    "expression", ["(a|b)*abb", "a{2,5}b?", "(ab|ba)+", "a*&(aa)*", "[a-c]*c[a-c]"]
)
def test_drawings_of_automata_lib(expression: str, tmp_path: Path) -> None:
    pytest.importorskip("coloraide", reason="automata-lib draws with it")
    nfa = NFA.from_regex(expression)
    reference = rl.load_grammar(f"regex:{expression}")
    for name, peer in {"nfa": nfa, "dfa": DFA.from_nfa(nfa)}.items():
        path = tmp_path / f"{name}.dot"
        path.write_text(peer.show_diagram().to_string(), "utf-8")
        assert quietly(path).difference(reference) is None


# networkx


@given(fsm=machines())
def test_node_link_data_of_our_own_graph(fsm: FSM) -> None:
    data = json.dumps(networkx.node_link_data(fsm.to_networkx(), edges="edges"))
    found = node_link.read(data, "file")
    assert found.transitions == fsm.transitions
    assert (found.start, found.accepting, found.outputs) == (fsm.start, fsm.accepting, fsm.outputs)


def test_networkx_reads_what_we_write() -> None:
    fsm = rl.load_grammar("embedded-reber")
    graph = networkx.node_link_graph(json.loads(node_link.write(fsm)), edges="edges")
    assert isinstance(graph, networkx.MultiDiGraph)
    expected = fsm.to_networkx()
    assert list(graph.nodes) == list(expected.nodes)
    assert set(graph.edges(keys=True)) == set(expected.edges(keys=True))
    assert graph.graph["alphabet"] == list(fsm.alphabet)


def test_an_old_graph_of_networkx() -> None:
    graph = networkx.DiGraph(start=(0, 0))
    graph.add_edge((0, 0), (0, 1), label="a,b")
    graph.add_edge((0, 1), (0, 0), label="c")
    graph.nodes[0, 1]["accepting"] = True
    data = json.dumps(networkx.node_link_data(graph, edges="links"))
    fsm = node_link.read(data, "file")
    assert fsm.states == ("(0, 0)", "(0, 1)")
    assert fsm.accepts("bca")


# Graphviz


def test_graphviz_reads_what_we_write() -> None:
    pygraphviz = pytest.importorskip("pygraphviz")
    awkward = FSM(
        alphabet=("a b"[0], '"', "\\", "<", "é"),
        start='q"0',
        accepting={"q\\1"},
        transitions={
            'q"0': {'"': "q\\1", "\\": 'q"0', "<": "node"},
            "q\\1": {},
            "node": {"é": "q\\1"},
        },
        title="two\nlines",
    )
    graph = pygraphviz.AGraph(formats.write(awkward, "dot").decode())
    assert len(graph.nodes()) == len(awkward.states) + 1
    assert len(graph.edges()) == 5
    # What Graphviz writes itself, with all attributes kept, is the same machine.
    assert formats.read(graph.to_string().encode(), "file", "dot") == awkward
