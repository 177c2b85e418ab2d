"""The table as a whole: any grammar, any net, any shape, and within its budget."""

from __future__ import annotations

import itertools
import json
import time
from html.parser import HTMLParser

import networkx
import numpy as np
import pytest
from hypothesis import given, settings

import reberlstm as rl
from reberlstm.comparison import compare, keys
from reberlstm.comparison.cycles import simple_cycles, ways_to
from reberlstm.machine.fsm import FSM
from reberlstm.net.readouts import Head
from tests.extraction.nets import RandomNet, TableNet
from tests.strategies import machines, random_machine

REBER = rl.load_grammar("reber")


def test_every_row_has_a_definition_and_an_entry_for_each_net() -> None:
    nets = {"compiled": rl.compile(REBER), "resync": rl.compile(REBER, on_violation="resync")}
    table = rl.compare(REBER, nets, words=50, rounds=20, seconds=200)
    assert tuple(row.key for row in table.rows) == keys(REBER)
    for row in table.rows:
        assert len(row.entries) == 2
        assert len(row.meaning) > 10
        for entry in row.entries:
            assert entry.text
    assert table["certificate", "compiled"].status == "proved"
    assert table["wrong prefix", "resync"].text == "none, proved"
    assert table["extracted", "compiled"].value["states"] == 8
    with pytest.raises(KeyError, match="no row 'size'; the rows are cells, weights, accuracy"):
        table.row("size")


@settings(max_examples=6)
@given(fsm=machines(max_states=4))
def test_compiled_nets_are_right_in_every_row(fsm: FSM) -> None:
    if not fsm.legal(fsm.start):
        with pytest.raises(rl.ReberLSTMError, match="has no word of one symbol or more"):
            compare(fsm, {"compiled": rl.compile(fsm)})
        return
    rows = ["accuracy", "wrong prefix", "certificate", "extracted"]
    rows += ["loop"] if any(key.startswith("loop") for key in keys(fsm)) else []
    table = compare(
        fsm, {"net": rl.compile(fsm)}, rows=rows, words=40, rounds=20, cycles=3, seconds=600
    )
    for row in table.rows:
        entry = row.entries[0]
        if row.key == "accuracy":
            assert entry.status == "none" or entry.value["share"] == 1.0
        elif row.key == "extracted":
            assert entry.value["equal"]
        else:
            assert entry.status == "proved", row.key


def test_the_order_of_the_alphabet_does_not_matter() -> None:
    turned = FSM(
        alphabet=tuple(reversed(REBER.alphabet)),
        start=REBER.start,
        accepting=REBER.accepting,
        transitions=REBER.transitions,
    )
    net = rl.compile(turned)
    rows = [key for key in keys(REBER) if key not in ("noise", "soft inputs")]
    table = compare(
        REBER, {"turned": net, "net": rl.compile(REBER)}, rows=rows, words=60, rounds=9, seconds=600
    )
    for row in table.rows:
        one, other = row.entries
        assert one.status == other.status, row.key
        if row.key in ("accuracy", "invalid", "perplexity", "snap 1", "missing start"):
            assert one.text == other.text


@pytest.mark.parametrize("kind", ["legal", "accept", "label"])
def test_nets_behind_the_protocol(kind: str) -> None:
    machine = rl.load_grammar("mod-3")
    if kind == "label":
        machine = FSM(
            alphabet=machine.alphabet,
            start=machine.start,
            transitions=machine.transitions,
            outputs={state: f"is {state}" for state in machine.states},
        )
    right = TableNet(machine, kind)  # type: ignore[arg-type]
    nets = {"right": right, "random": RandomNet(3, kind, symbols=len(machine.alphabet))}  # type: ignore[arg-type]
    nets["random"].alphabet = machine.alphabet
    nets["random"].labels = right.labels
    table = compare(machine, nets, words=40, rounds=10, seconds=5)
    assert table["accuracy", "right"].value["share"] == 1.0
    assert table["extracted", "right"].value["equal"]
    if kind != "legal":  # here every symbol is legal everywhere, which random nets may say too
        assert table["accuracy", "random"].value["share"] < 1.0


def test_an_acceptor_is_judged_by_what_it_accepts() -> None:
    full = rl.compile(REBER)
    accepts = full.replace(heads={"accept": full.heads["accept"]})
    table = compare(REBER, {"net": accepts}, words=200, rounds=10)
    assert table["accuracy", "net"].value["share"] == 1.0
    assert table["certificate", "net"].status == "proved"
    assert table["invalid", "net"].value["for_good"] == 1.0
    assert table["perplexity", "net"].status == "none"
    never = full.replace(heads={"accept": Head(np.zeros((1, 8)), np.array([-1.0]))})
    share = compare(REBER, {"n": never}, rows=["accuracy"], words=200)["accuracy", "n"].value
    assert 0.5 < share["share"] < 1.0, "words are accepted at their ends only"


# Cycles


def labelled_cycles(fsm: FSM) -> set[frozenset[tuple[str, str]]]:
    """All simple cycles by networkx, as sets of (state, symbol)."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(fsm.reachable)
    for state in fsm.reachable:
        graph.add_edges_from((state, target) for target in fsm.transitions[state].values())
    found = set()
    for nodes in networkx.simple_cycles(graph):
        lines = [
            [(p, a) for a, target in fsm.transitions[p].items() if target == q]
            for p, q in itertools.pairwise([*nodes, nodes[0]])
        ]
        found |= {frozenset(choice) for choice in itertools.product(*lines)}
    return found


@pytest.mark.parametrize("number", range(6))
def test_cycles_are_those_of_networkx(number: int) -> None:
    fsm = random_machine(number, states=5, symbols=2, density=0.8)
    fsm = fsm if fsm.legal(fsm.start) else REBER
    machine = fsm.tables()
    cycles, complete = simple_cycles(machine, 10_000)
    assert complete
    found = {
        frozenset(
            (str(machine.names[p]), machine.alphabet[a])
            for p, a in zip(cycle.states, cycle.symbols, strict=True)
        )
        for cycle in cycles
    }
    assert found == labelled_cycles(fsm)
    assert len(found) == len(cycles)
    assert [len(c.symbols) for c in cycles] == sorted(len(c.symbols) for c in cycles)


def test_ways_lead_to_the_cycle_and_use_no_transition_twice() -> None:
    machine = rl.load_grammar("embedded-reber").tables()
    cycles, complete = simple_cycles(machine, 100)
    assert complete
    assert len(cycles) == 6
    for cycle in cycles:
        ways = ways_to(machine, cycle)
        assert ways
        for state, word in ways:
            here, used = 0, set()
            for column in word:
                assert machine.legal[here, column]
                assert (here, column) not in used | set(cycle.edges)
                used.add((here, column))
                here = int(machine.target[here, column])
            assert here == state in cycle.states


# Bounds and errors


def test_nothing_is_answered_without_time() -> None:
    table = compare(REBER, {"net": rl.compile(REBER)}, seconds=0)
    assert {row.entries[0].text for row in table.rows} == {"not within the budget"}
    assert {row.entries[0].status for row in table.rows} == {"unknown"}


def test_a_large_net_is_compared_in_bounded_time() -> None:
    fsm = random_machine(5, states=300, symbols=4, density=0.9)
    started = time.monotonic()
    net = rl.compile(fsm)
    table = compare(fsm, {"net": net}, seconds=2, words=200, rounds=50)
    assert time.monotonic() - started < 60
    texts = {row.key: row.entries[0].text for row in table.rows}
    assert "not within the budget" in texts.values()
    assert texts["cells"] == str(net.size)


def test_errors_name_what_is_wrong() -> None:
    net = rl.compile(REBER)
    for options, message in (
        (
            {"rows": ["size"]},
            "no row 'size'; the rows are cells, weights, accuracy, wrong prefix, certificate, meaning, loop",
        ),
        ({"words": 0}, "words is 0; it must be at least 1"),
        ({"rounds": 0}, "rounds is 0; it must be at least 1"),
        ({"cycles": -1}, "cycles is -1; it must be at least 0"),
        ({"seconds": float("nan")}, "seconds is nan; it must be finite and not negative"),
        ({"seed": -1}, "seed is -1; it must not be negative"),
    ):
        with pytest.raises(rl.ReberLSTMError, match=message):
            compare(REBER, {"net": net}, **options)  # type: ignore[arg-type]
    with pytest.raises(rl.ReberLSTMError, match="nothing to compare: give at least one net"):
        compare(REBER, {})
    parity = rl.load_grammar("parity")
    with pytest.raises(rl.ReberLSTMError, match="alphabet of parity is 0 1, but that of net 'n'"):
        compare(parity, {"n": net})
    bare = net.replace(heads={})
    with pytest.raises(rl.ReberLSTMError, match="no 'legal', 'accept', 'next' or 'label' head"):
        compare(REBER, {"n": bare})


# How it looks


class Cells(HTMLParser):
    """Rows of a table as texts."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def test_all_shapes_say_the_same() -> None:
    nets = {"a <b>|": rl.compile(REBER), "published": rl.published()}
    table = compare(REBER, nets, rows=["cells", "loop S", "certificate"], rounds=20)
    assert json.loads(json.dumps(table.to_dict()))["rows"][2]["entries"]["published"]["value"][
        "first"
    ] == 6  # fmt: skip
    cells = Cells()
    cells.feed(table._repr_html_())
    assert cells.rows[0] == ["", "a <b>|", "published"]
    assert cells.rows[3][1] == "✓ for ever, proved"
    assert cells.rows[3][2].strip() == "✗ round 6: BT S×6 XXV"
    assert 'title="✗ round 6: BT S×6 XXV; within the cycle in round 13"' in table.to_html()
    assert "<b>|" not in table.to_html()
    markdown = table.to_markdown().splitlines()
    assert markdown[0] == "|  | a \\<b\\>\\| | published |"
    assert markdown[2] == "| How many cells? | 8 | 6 |"
    assert any(line.startswith("- *Right in rounds of S?*: going round") for line in markdown)
    lines = str(table).splitlines()
    assert lines[0] == "reber: 2 nets compared"
    assert all(len(line) <= 100 for line in lines)
    assert sum("for ever, proved" in line for line in lines) == 1
    for row in table.rows:
        assert f"{row.title} {row.gist[:1].upper()}{row.gist[1:]} ({row.key})" in " ".join(
            str(table).split()
        )
    assert table._repr_mimebundle_()["text/plain"] == str(table)


def test_narrow_terminals_get_several_tables() -> None:
    nets = {f"net {number}": rl.compile(REBER) for number in range(5)}
    table = compare(REBER, nets, rows=["cells"])
    lines = list(table.lines(70))
    assert all(len(line) <= 70 for line in lines)
    assert [line.split() for line in lines if line.split()[:1] == ["net"]] == [
        ["net", "0", "net", "1"],
        ["net", "2", "net", "3"],
        ["net", "4"],
    ]


def test_where_every_symbol_is_always_legal_acceptance_is_judged() -> None:
    parity = rl.load_grammar("parity")
    net = rl.compile(parity)
    head = net.heads["accept"]
    wrong = net.replace(heads={**net.heads, "accept": Head(-head.weight, -head.bias)})
    table = compare(
        parity, {"net": net, "wrong": wrong}, rows=["accuracy", "loop", "noise"], words=100
    )
    assert table["accuracy", "net"].value["share"] == 1.0
    assert table["accuracy", "wrong"].value["share"] == 0.0
    assert table["loop 0", "net"].text == "for ever, proved"
    assert table["loop 0", "wrong"].value["first"] == 1
    assert table["noise", "wrong"].text == "– (no word is right without)"
