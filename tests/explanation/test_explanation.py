"""Explanations are true: what they say in code and in words is what the simulated gates do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.errors import GrammarError, WeightsError
from reberlstm.explanation.model import CellExplanation, Explanation
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells.cell import Floats
from reberlstm.net.loading import shipped
from reberlstm.net.net import LSTMWeights
from tests.cases import machine
from tests.pseudocode import Test, evaluate, read_pairs, read_said
from tests.stepping import State, Step, initial, one_hot, step
from tests.strategies import machines

TIE = 1e-6
"""A gate this close to ½ is neither open nor shut; rounding decides on which side it falls."""


READ_AS_SILENT = tuple(
    f"{always}{verb}" for always in ("", "always ") for verb in ("leaves", "takes", "writes")
)
"""What a candidate does that does not ring."""


# The oracle: the simulator, from the vertices that the explanation names.


def code_of(net: LSTMWeights, active: tuple[str, ...]) -> Floats:
    """1 for each cell that is said to be active, −1 where it is said to be negative."""
    return np.array([float(name in active) - float(f"−{name}" in active) for name in net.cells])


def steps(net: LSTMWeights, explanation: Explanation) -> Iterator[tuple[str, str, Step]]:
    """One step from every vertex on every symbol."""
    memory = 1.0 if net.cell == "published" else np.arctanh(net.height)
    for node, active in explanation.vertices.items():
        mask = code_of(net, active)
        for symbol in net.alphabet:
            state = State(h=net.height * mask, c=memory * mask)
            yield node, symbol, step(net, one_hot(net, symbol), state)


def assert_code_is_true(net: LSTMWeights, explanation: Explanation) -> None:
    """Rules and pseudo-code agree with the gates at every vertex, on every symbol."""
    checked = 0
    for node, symbol, result in steps(net, explanation):
        for index, cell in enumerate(explanation.cells):
            for gate in cell.gates.values():
                value = float(result.gates[gate.name][index])
                rules = [rule for rule in gate.rules if (node, symbol) in rule.cover]
                assert len(rules) == 1, (node, symbol, cell.name, gate)
                assert rules[0].low - 1e-9 <= value <= rules[0].high + 1e-9
                assert gate.value(node, symbol) == rules[0].value
                if gate.name != "candidate" and abs(value - 0.5) > TIE:
                    assert (rules[0].value > 0.5) == (value > 0.5)
                if "…" not in gate.code:
                    left, right = gate.code.split(" = ", 1)
                    said = evaluate(right, node, symbol, explanation.vertices[node])
                    assert said == pytest.approx(rules[0].value), left
                checked += 1
    assert checked == len(explanation.vertices) * len(net.alphabet) * net.size * len(net.gates)


def said_open(gate: str, sentence: str) -> Test:
    """What a gate's sentence says of the pairs that matter to it: whether the gate is over ½."""
    text = re.sub(r" \((?!a loop).*", "", sentence)
    constant = {
        "always open": True,
        "always shut": False,
        "always rings": True,
        "never rings": False,
        "erases at every step": False,
        "keeps at every step": True,
        "open wherever there is something to show": True,
        "shows nothing of what comes in": False,
    }
    if text in constant or re.fullmatch(
        r"keeps .* out, wherever from|lets .* in from anywhere", text
    ):
        truth = constant.get(text, text.startswith("lets"))
        return lambda node, symbol: truth
    for start, positive in (
        ("open, but keeps out ", False),
        ("holds back ", False),
        ("shows only ", True),
        ("keeps, but erases ", False),
        ("erases, but keeps ", True),
        ("rings ", True),
    ):
        if text.startswith(start):
            rest = text.removeprefix(start).removesuffix(", its own: on exit")
            pairs = read_said(rest)
            return lambda node, symbol: pairs(node, symbol) == positive
    if text.endswith("; from elsewhere nothing"):
        rows = text.removeprefix("lets in ").removesuffix("; from elsewhere nothing").split("; ")
        tests = []
        for row in rows:
            match = re.fullmatch(
                r"(from .*?(?:state|start|started|q\d+(?:/\d+)?'*)) (?:only )?((?:every|[a-z]\b).*)",
                row,
            )
            assert match is not None, row
            tests.append(read_pairs(f"{match[2]} {match[1]}"))
        return lambda node, symbol: any(test(node, symbol) for test in tests)
    assert gate == "input", sentence
    pairs = read_pairs(re.sub(r", [a-z, ]*(?: and [a-z])? never$", "", text.removeprefix("lets ")))
    return pairs


def matters(
    net: LSTMWeights, explanation: Explanation, gate: str, index: int
) -> set[tuple[str, str]]:
    """The pairs that a sentence speaks of: where there is something to let through."""
    everything = list(steps(net, explanation))
    if gate == "input":
        rings = {s for _, s, r in everything if abs(r.gates["candidate"][index]) > 0.05}
        return {(n, s) for n, s, _ in everything if s in rings}
    if gate == "output":
        return {(n, s) for n, s, r in everything if abs(r.state.c[index]) > 0.05}
    return {(n, s) for n, s, _ in everything}


def assert_sentences_are_true(net: LSTMWeights, explanation: Explanation) -> None:
    """The sentences of all gates and cells, read word by word."""
    table = list(steps(net, explanation))
    for index, cell in enumerate(explanation.cells):
        for gate in cell.gates.values():
            sentence = gate.sentence
            if gate.name == "candidate":
                sentence = re.split(r"; (?=leaves|takes|writes)", sentence)[0]
                if sentence.startswith(READ_AS_SILENT):
                    sentence = "never rings"
            said = said_open(gate.name, sentence)
            pairs = matters(net, explanation, gate.name, index)
            for node, symbol, result in table:
                value = float(result.gates[gate.name][index])
                over = 0.95 if gate.name == "candidate" else 0.5
                if (node, symbol) in pairs and abs(value - over) > TIE:
                    assert said(node, symbol) == (value > over), (node, symbol, cell.name, gate)
        assert_activity_is_true(net, cell, index, table)


def assert_activity_is_true(
    net: LSTMWeights, cell: CellExplanation, index: int, table: list[tuple[str, str, Step]]
) -> None:
    text = cell.sentence.replace(" (a loop)", "")
    if "erased" in text or "kept" in text:
        return  # a cell that keeps: its gates' sentences were read one by one
    constant = {
        "never active": False,
        "active after every symbol": True,
        "active from the first symbol on, whatever comes": True,
    }
    for node, symbol, result in table:
        height = abs(float(result.state.h[index])) / net.height
        if abs(height - 0.5) > TIE:
            truth = constant.get(text)
            said = (
                read_said(text.removeprefix("active after "))(node, symbol)
                if truth is None
                else truth
            )
            assert said == (height > 0.5), (node, symbol, cell.name, cell.sentence, height)


def assert_reasons_are_true(net: LSTMWeights, explanation: Explanation) -> None:
    """Without a weight, exactly the pairs that its reason names are treated otherwise."""
    alphabet, names = list(net.alphabet), list(net.cells)
    with_it = list(steps(net, explanation))
    for index, cell in enumerate(explanation.cells):
        for gate in cell.gates.values():
            if gate.name not in ("input", "output"):
                continue
            row = net.rows(gate.name).start + index
            lets, stops = (
                ("lets in", "keeps out") if gate.name == "input" else ("shows", "holds back")
            )
            pairs = matters(net, explanation, gate.name, index)
            for weight in gate.weights:
                if weight.kind == "bias":
                    continue
                symbols = [alphabet.index(n) for n in weight.names if weight.kind == "symbol"]
                cells = [names.index(n) for n in weight.names if weight.kind == "cell"]
                weight_ih, weight_hh = net.weight_ih.copy(), net.weight_hh.copy()
                assert all(weight_ih[row, a] == weight.value for a in symbols)
                assert all(weight_hh[row, k] == weight.value for k in cells)
                weight_ih[row, symbols], weight_hh[row, cells] = 0.0, 0.0
                other = net.replace(weight_ih=weight_ih, weight_hh=weight_hh)
                claims: dict[str, Test] = {}
                for part in re.split(r"; (?=keeps out|holds back)", weight.reason):
                    for verb in (lets, stops):
                        if part.startswith(verb):
                            claims[verb] = read_said(part.removeprefix(f"{verb} "))
                without_it = steps(other, explanation)
                for (node, symbol, now), (_, _, then) in zip(with_it, without_it, strict=True):
                    opened = now.gates[gate.name][index] > 0.5 + TIE
                    before = then.gates[gate.name][index] > 0.5 + TIE
                    if (node, symbol) not in pairs:
                        continue
                    for verb, changed in (
                        (lets, opened and not before),
                        (stops, before and not opened),
                    ):
                        claimed = verb in claims and claims[verb](node, symbol)
                        assert claimed == changed, (cell.name, weight, node, symbol)


@st.composite
def edited(draw: st.DrawFn, **kinds: object) -> LSTMWeights:
    """A compiled net, a few of whose weights have been set to something else."""
    net = rl.compile(draw(machines(**kinds)), gain=draw(st.sampled_from([4.0, 20.0])))  # type: ignore[arg-type]
    arrays = {name: getattr(net, name).copy() for name in ("weight_ih", "weight_hh", "bias_ih")}
    for _ in range(draw(st.integers(1, 3))):
        array = arrays[draw(st.sampled_from(sorted(arrays)))]
        # Weights that are not zero are the more interesting ones.
        places = list(zip(*np.nonzero(array), strict=True)) if draw(st.integers(0, 3)) else []
        place = (
            draw(st.sampled_from(places))
            if places
            else tuple(draw(st.integers(0, n - 1)) for n in array.shape)
        )
        factor = draw(st.sampled_from([0.0, -1.0, 0.5, 0.9, 2.0]))
        array[place] = (
            array[place] * factor
            if array[place]
            else draw(st.sampled_from([-90.0, -9.0, 1.0, 33.0]))
        )
    return net.replace(**arrays)


# The laws


@given(machines())
def test_code_of_compiled_nets_is_true(fsm: FSM) -> None:
    net = rl.compile(fsm)
    explanation = rl.explain(net)
    assert_code_is_true(net, explanation)
    assert any("steps as the grammar does" in sentence for sentence in explanation.summary)


@given(edited())
def test_code_of_edited_nets_is_true(net: LSTMWeights) -> None:
    assert_code_is_true(net, rl.explain(net))


@given(machines(max_states=4, plain=True))
def test_sentences_of_compiled_nets_are_true(fsm: FSM) -> None:
    net = rl.compile(fsm)
    assert_sentences_are_true(net, rl.explain(net))


@given(edited(max_states=4, plain=True))
def test_sentences_of_edited_nets_are_true(net: LSTMWeights) -> None:
    assert_sentences_are_true(net, rl.explain(net))


@given(machines(max_states=4, plain=True))
@settings(max_examples=30)
def test_reasons_of_compiled_nets_are_true(fsm: FSM) -> None:
    net = rl.compile(fsm)
    assert_reasons_are_true(net, rl.explain(net))


@given(edited(max_states=3, max_symbols=3, plain=True))
@settings(max_examples=30)
def test_reasons_of_edited_nets_are_true(net: LSTMWeights) -> None:
    assert_reasons_are_true(net, rl.explain(net))


@pytest.mark.parametrize("edit", ["none", "shut", "open", "moved"])
def test_code_of_the_published_net_is_true(edit: str) -> None:
    net = rl.published()
    bias = net.bias_ih.copy()
    if edit == "shut":
        bias[net.rows("input")] -= 10.0
    elif edit == "open":
        bias[net.rows("forget")] += 7.0
    elif edit == "moved":
        bias += np.linspace(-6.0, 6.0, len(bias))
    net = net.replace(bias_ih=bias)
    assert_code_is_true(net, rl.explain(net))


def test_code_of_a_resynchronising_net_is_true() -> None:
    net = rl.compile(rl.load_grammar("reber"), on_violation="resync")
    explanation = rl.explain(net)
    assert_code_is_true(net, explanation)
    assert explanation.cell("0").sentence == "active after B"
    assert explanation.nodes["lost"].startswith("only started active: after a violation, until")


# What the sentences are


def test_node_1_of_reber_as_a_person_would_have_said_it() -> None:
    cell = rl.explain(rl.compile(rl.load_grammar("reber"))).cell("1")
    assert cell.role == "node 1"
    assert cell.sentence == "active after T from node 0 or S from node 1 (a loop)"
    assert {name: (gate.sentence, gate.code) for name, gate in cell.gates.items()} == {
        "forget": ("erases at every step", "eraser[1] = 0"),
        "candidate": ("rings on T and S", "writer[1] = symbol in {T, S}"),
        "input": (
            "lets T in only from nodes 0 and 1, S only from node 1",
            "filter[1] = node == 1 or (node == 0 and symbol != S)",
        ),
        "output": ("holds back T at node 1", "output[1] = node != 1 or symbol == S"),
    }
    assert [
        (weight.kind, weight.names, weight.units, weight.reason)
        for weight in cell.gates["input"].weights
    ] == [
        ("bias", (), -0.5, "shut at rest; over ½ opens it"),
        ("symbol", ("S",), -1.0, "keeps out S from node 0"),
        ("cell", ("0",), pytest.approx(1.0), "lets in T from node 0"),
        ("cell", ("1",), pytest.approx(2.0), "lets in T and S from node 1"),
    ]


def test_published_net_reads_like_its_author() -> None:
    """eraser[1]: reset on X; filter[1]: not on node 5; writer[2]: breadcrumbs; eraser[2]: on exit."""
    explanation = rl.explain(rl.published())
    sentences = {
        (cell.name, gate.name): gate.sentence.split(" (")[0]
        for cell in explanation.cells
        for gate in cell.gates.values()
    }
    assert sentences == {
        ("0", "forget"): "erases at every step",
        ("0", "candidate"): "rings on B",
        ("0", "input"): "always open",
        ("1", "forget"): "keeps, but erases on X",
        ("1", "candidate"): "rings on T",
        ("1", "input"): "open, but keeps out T from node 5",
        ("2", "forget"): "keeps, but erases at node 2, its own: on exit",
        ("2", "candidate"): "leaves breadcrumbs: 0.50 on T, X and P",
        ("2", "input"): "open, but keeps out T, X and P from node 5",
        ("3", "forget"): "keeps, but erases on P",
        ("3", "candidate"): "rings on S; leaves breadcrumbs: 0.50 on V",
        ("3", "input"): "open, but keeps out S and V from node 1",
        ("4", "forget"): "keeps, but erases at node 4, its own: on exit",
        ("4", "candidate"): "rings on V",
        ("4", "input"): "open, but keeps out V from node 4",
        ("5", "forget"): "keeps, but erases on S and V",
        ("5", "candidate"): "rings on X; leaves breadcrumbs: 0.60 on P and 0.50 on B",
        ("5", "input"): "open, but keeps out B, X and P from node 1",
    }
    assert "node 5 counts from 0.75 on" in explanation.sentence("1", "input")
    assert any("keeping leaks" in sentence for sentence in explanation.summary)
    assert explanation.heads["legal"].lines[1].sentence == (
        "offered at nodes 0 and 5 (memory 0 + memory 5 over 0.81)"
    )


def test_leaks_of_the_published_net_are_as_counted() -> None:
    """The numbers of the notes, counted with the simulator while the looping node is held at 1."""
    net = rl.published()
    notes = {cell.name: " ".join(cell.notes) for cell in rl.explain(net).cells}

    def rounds(symbol: str, held: str | None, cell: str, start: float, past: float) -> int:
        state = initial(net)
        c = state.c.copy()
        c[int(cell)] = start
        for count in range(1, 1_000):
            if held is not None:
                c[int(held)] = 1.0
            c = step(net, one_hot(net, symbol), State(c, c)).state.c.copy()
            if (c[int(cell)] > past) != (start > past):
                return count
        raise AssertionError("never")

    filling = rounds("S", "1", "3", 0.0, 0.5)
    assert (
        f"leaks in a loop of S at node 1: 0.047 comes in a step and adds up to 7.1, past ½ after {filling} steps"
        in notes["3"]
    )
    fading = rounds("T", None, "5", 1.0, 0.5)
    assert (
        f"fades in a loop of T at node 5: 0.9933 is left a step, half after {fading} steps"
        in notes["5"]
    )
    worn = rounds("T", None, "5", 1.0, 0.75)
    assert (
        f"its filter counts on memory 5 to be over 0.75; a loop of T at node 5 wears it down to that in {worn} steps"
        in notes["1"]
    )


def test_edits_are_named() -> None:
    """Without the −1 on S, node 1's filter no longer keeps out S from node 0."""
    net = rl.compile(rl.load_grammar("reber"))
    weight_ih = net.weight_ih.copy()
    weight_ih[net.cells.index("1"), net.alphabet.index("S")] = 0.0
    explanation = rl.explain(net.replace(weight_ih=weight_ih))
    assert explanation.sentence("1", "input") == "lets T and S in only from nodes 0 and 1"
    assert explanation.summary[-1] == (
        "not what the grammar says at 1 of 63 (node, symbol) pairs: "
        "S at node 0 should lead to a violation, and leads to node 1"
    )


def test_a_cell_that_keeps_is_told_by_what_it_gains() -> None:
    net = rl.compile(rl.load_grammar("reber"))
    bias = net.bias_ih.copy()
    bias[net.rows("forget").start + net.cells.index("4")] = 3.0
    explanation = rl.explain(net.replace(bias_ih=bias))
    cell = explanation.cell("4")
    assert cell.sentence == "gains 1 on V from node 5; is never erased"
    assert (
        cell.gates["forget"].sentence == "keeps at every step (keeping leaves 0.9526 of it a step)"
    )
    assert any(sentence.startswith("cell 4 keeps memory") for sentence in explanation.summary)


def test_values_between_open_and_shut_are_named() -> None:
    explanation = rl.explain(rl.compile(rl.load_grammar("parity"), gain=1.0))
    gate = explanation.cell("odd").gates["input"]
    assert "only 0.73 open" in gate.sentence
    assert gate.code.endswith("0.27 if node == even and symbol == 0 else 0.73")


def test_copies_of_a_split_state() -> None:
    fsm = split_machine()
    net = rl.compile(fsm)
    explanation = rl.explain(net)
    copies = [cell for cell in explanation.cells if cell.role.startswith("copy")]
    assert copies
    assert re.fullmatch(r"copy 1 of \d of node q\d+", copies[0].role)
    assert_code_is_true(net, explanation)
    assert any("steps as the grammar does" in sentence for sentence in explanation.summary)


def split_machine() -> FSM:
    """Into q9 lead all pairs of five states and symbols but the diagonal: too much for one cell."""
    symbols = tuple("abcde")
    states = [f"q{n}" for n in range(1, 6)]
    transitions = {"q0": dict(zip(symbols, states, strict=True)), "q9": {}}
    for state, own in zip(states, symbols, strict=True):
        transitions[state] = {s: "q9" for s in symbols if s != own}
    return FSM(alphabet=symbols, start="q0", accepting={"q9"}, transitions=transitions)


def test_labels_and_acceptance() -> None:
    fsm = FSM(
        alphabet=("a", "b"),
        start="p",
        accepting={"q"},
        transitions={"p": {"a": "q"}, "q": {"a": "p", "b": "q"}},
        outputs={"p": "low", "q": "high"},
        probabilities={"q": {"a": 0.25, "b": 0.75}},
    )
    heads = rl.explain(rl.compile(fsm)).heads
    assert heads["accept"].lines[0].sentence == "the word may end at node q"
    assert heads["label"].lines[1].code == "label[high] = node == q"
    chances = {line.name: line.sentence for line in heads["next"].lines}
    assert chances["q"] == "b 0.75, a 0.25"
    assert chances["dead"] == "nothing may follow"
    legal = {line.name: line.sentence for line in heads["legal"].lines}
    assert legal == {"a": "offered everywhere but at the dead state", "b": "offered at node q"}


@given(machines())
@settings(max_examples=30)
def test_heads_are_true(fsm: FSM) -> None:
    net = rl.compile(fsm)
    explanation = rl.explain(net)
    for node, active in explanation.vertices.items():
        h = net.height * np.array([name in active for name in net.cells])
        for head in ("legal", "accept", "label"):
            if head in net.heads:
                values = net.heads[head].weight @ h + net.heads[head].bias
                truth = (
                    values > 0.0 if head != "label" else np.arange(len(values)) == values.argmax()
                )
                for line, true in zip(explanation.heads[head].lines, truth, strict=True):
                    assert (node in line.where) == bool(true)
                    if "…" not in line.code:
                        assert evaluate(line.code.split(" = ", 1)[1], node, "") == float(true)


def test_large_machines_stay_readable() -> None:
    """Two hundred states with random transitions: no sentence longer than a few lines."""
    rng = np.random.default_rng(1)
    fsm = FSM(
        alphabet=tuple("abcd"),
        start="q0",
        accepting={"q1"},
        transitions={
            f"q{n}": {a: f"q{rng.integers(200)}" for a in "abcd" if rng.random() < 0.9}
            for n in range(200)
        },
    )
    explanation = rl.explain(rl.compile(fsm))
    texts = [cell.sentence for cell in explanation.cells]
    texts += [gate.sentence for cell in explanation.cells for gate in cell.gates.values()]
    texts += [line.sentence for head in explanation.heads.values() for line in head.lines]
    texts += explanation.summary
    assert len(explanation.cells) > 150
    assert max(map(len, texts)) < 300
    codes = [gate.code for cell in explanation.cells for gate in cell.gates.values()]
    assert max(map(len, codes)) < 400
    counted = explanation.heads["legal"].lines[0].sentence
    assert re.search(r"\d+ of \d{3} nodes \(", counted)


# Nets that nobody wired


def trained_like(seed: int, grammar: FSM | None) -> LSTMWeights:
    rng = np.random.default_rng(seed)
    size, alphabet = 5, tuple("BTSXPVE")
    return LSTMWeights(
        alphabet=alphabet,
        cells=tuple(f"c{n}" for n in range(size)),
        weight_ih=rng.normal(0, 2, (4 * size, len(alphabet))),
        weight_hh=rng.normal(0, 2, (4 * size, size)),
        bias_ih=rng.normal(0, 1, 4 * size),
        bias_hh=rng.normal(0, 1, 4 * size),
        heads={},
        grammar=grammar,
        name="trained",
    )


@pytest.mark.parametrize("known", [True, False])
def test_a_trained_net_gets_numbers_and_says_so(known: bool, seed: int) -> None:
    reber = rl.load_grammar("reber")
    explanation = rl.explain(trained_like(seed, reber if known else None))
    assert explanation.kind == "numbers"
    assert "no explanation of its mechanism" in explanation.summary[0]
    assert ("random walks through the grammar" in explanation.summary[1]) == known
    gate = explanation.cell("c2").gates["forget"]
    assert re.fullmatch(r"\d+% open, \d+% shut of the time; largest weights .*", gate.sentence)
    assert (gate.code, gate.rules, gate.weights) == ("", (), ())


def test_the_numbers_of_a_trained_net_are_counted(seed: int) -> None:
    """A forget gate held open by its bias is open all the time; the largest weight is named."""
    net = trained_like(seed, None)
    bias, weight_hh = net.bias_ih.copy(), net.weight_hh.copy()
    row = net.rows("forget").start + 2
    bias[row] = 500.0
    weight_hh[row, 4] = -41.0
    explanation = rl.explain(net.replace(bias_ih=bias, weight_hh=weight_hh))
    sentence = explanation.sentence("c2", "forget")
    assert sentence.startswith("100% open, 0% shut of the time; largest weights −41 on cell c4, ")


# Names and errors


def test_unknown_cells_gates_and_alphabets() -> None:
    explanation = rl.explain(rl.compile(rl.load_grammar("parity")))
    with pytest.raises(
        WeightsError, match=r"no cell 'even' in the net 'compiled'; its cells are odd"
    ):
        explanation.cell("even")
    with pytest.raises(WeightsError, match=r"no gate 'reset' in cell 'odd'; its gates are forget,"):
        explanation.sentence("odd", "reset")
    with pytest.raises(WeightsError, match="nothing is known of the input gate at 'odd' on 'z'"):
        replace(explanation.cell("odd").gates["input"], rules=()).value("odd", "z")
    with pytest.raises(GrammarError, match="alphabet of parity is 0 1, but that of net"):
        rl.explain(rl.published(), rl.load_grammar("parity"))


def test_json_has_everything() -> None:
    explanation = rl.explain(rl.compile(rl.load_grammar("reber")))
    content = explanation.to_dict()
    assert content["cells"][1]["gates"]["input"]["sentence"] == explanation.sentence("1", "input")
    assert content["vertices"]["dead"] == ["started"]
    assert content["vertices"]["start"] == []
    assert content["unit"] == 40.0
    assert content["heads"]["legal"]["lines"][0]["code"] == "legal[B] = node == start"
    rule = content["cells"][1]["gates"]["output"]["rules"][1]
    assert rule["where"] == {
        "negated": False,
        "blocks": [{"nodes": {"only": ["1"]}, "symbols": {"all_but": ["S"]}}],
    }


@pytest.mark.parametrize("name", ["reber", "embedded-reber", "tomita-3", "dyck-2-3"])
def test_nodes_that_are_several_cells_or_their_signs(name: str) -> None:
    """The smallest nets: vertices are found by running them, and all that is said there is true."""
    net = shipped(f"smallest/{name}")
    fsm = rl.load_grammar(name)
    explanation = rl.explain(net, fsm)
    assert explanation.kind == "mechanism"
    assert any(line.startswith("cells are no nodes here") for line in explanation.summary)
    assert not any("cannot tell apart" in line for line in explanation.summary)
    assert set(fsm.states) <= set(explanation.vertices)
    assert_code_is_true(net, explanation)
    legal = {line.name: line.where for line in explanation.heads["legal"].lines}
    for state in fsm.states:
        offered = {symbol for symbol, where in legal.items() if where and state in where}
        assert offered == fsm.legal(state)


def test_signs_are_said() -> None:
    cell = rl.explain(shipped("smallest/reber")).cell("+0 / −1")
    assert cell.sentence == (
        "active after B from node start; negative after T from node 0 or S from node 1"
    )
    assert cell.gates["candidate"].sentence == "rings on B; writes −1 on T and S"
    reasons = {weight.names: weight.reason for weight in cell.gates["candidate"].weights}
    assert reasons["T",] == "writes −1"


def test_a_latch_and_a_loop_that_is_kept_are_told_as_a_person_would() -> None:
    net = rl.compile("embedded-reber", memory="latch")
    explanation = rl.explain(net)
    assert_code_is_true(net, explanation)
    gates = explanation.cell("latch").gates
    assert gates["candidate"].sentence == (
        "the latch's own sign; where it has none, + on T and − on P"
    )
    assert gates["candidate"].code == (
        "writer[latch] = sign(h[latch]) if h[latch] else 1 if symbol == T else -1 if symbol == P "
        "else 0"
    )
    assert "keeps 0.9820 of it a step and writes the other 0.018 again" in gates["forget"].sentence
    kept = rl.explain(rl.compile("contains-abba", memory="keep"))
    loops = [c.gates["forget"].sentence for c in kept.cells if "first round" in str(c.gates)]
    assert loops
    assert all("then up to 0.9526: memory grows to about 21" in text for text in loops)


def test_what_is_let_in_from_few_nodes_is_said_so() -> None:
    door = machine(
        "kpr",
        "locked",
        "open",
        {"locked": "kun rlocked", "un": "klocked popen run", "open": "pun ropen"},
    )
    cell = rl.explain(rl.compile(door, memory="keep")).cell("open")
    assert cell.gates["input"].sentence == "lets p in from anywhere, r only from node open"


def test_cells_without_vertices_get_numbers_only() -> None:
    """Wired by hand, but no longer standing at vertices, and no cell is named after a node."""
    net = shipped("smallest/reber")
    explanation = rl.explain(net.replace(weight_ih=0.01 * net.weight_ih))
    assert explanation.kind == "numbers"
    assert explanation.summary[0].startswith(
        "this net has no vertices that name its states, so what"
    )


def test_codes_that_nodes_share_are_reported() -> None:
    net = shipped("smallest/reber")
    candidate = net.weight_ih.copy()
    candidate[net.rows("candidate")] = 0.0
    summary = rl.explain(net.replace(weight_ih=candidate)).summary
    assert any("which the net cannot tell apart: 0 and " in line for line in summary)
