"""Runs as text, tables and pictures: of every kind of net, and what was not judged is said to be so."""

from __future__ import annotations

import itertools
import json

import click
import numpy as np
import pytest

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.compiler import compiled_as
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.net import Net
from reberlstm.net.readouts import Head
from reberlstm.render.trace import trace_lines

REBER = rl.load_grammar("reber")


def random_net(kinds: list[str], heads: tuple[str, ...] = ("legal", "accept")) -> Net:
    """Layers of three cells with random weights."""
    normal = np.random.default_rng(len(kinds)).normal
    layers, inputs = [], len(REBER.alphabet)
    for kind in kinds:
        rows = 3 * len(CELLS[kind].gates)
        arrays = [normal(size=shape) for shape in ((rows, inputs), (rows, 3), rows, rows)]
        layers.append(Layer(CELLS[kind], *arrays))
        inputs = 3
    sizes = {"legal": len(REBER.alphabet), "accept": 1}
    return Net.of(
        alphabet=REBER.alphabet,
        layers=tuple(layers),
        heads={
            kind: Head(normal(size=(sizes[kind], 3)), normal(size=sizes[kind])) for kind in heads
        },
        grammar=REBER,
        name="random",
    )


def text_of(trace: rl.Trace) -> list[str]:
    return [click.unstyle(line) for line in trace_lines(trace, 100)]


def test_what_was_never_asked_is_not_judged() -> None:
    lines = text_of(rl.trace(rl.published(), "BTXSE"))
    assert lines[0] == "BTXSE: published net"
    assert " ".join(lines[1:4]) == (
        "A Toy LSTM of 6 cells. Each cell has the name of the node that it stands for. It says "
        "which symbols may come next (legal: tanh > 0.5). It is compared with the grammar reber "
        "after every beginning of a word that can go on."
    )
    assert "before the first symbol the net offers nothing (not judged)" in lines
    heads = [line for line in lines if "→" in line]
    assert heads[0] == "  1  B   node start → 0   B not judged   offers T P"
    assert heads[1] == "  2  T   node 0 → 1   ok   offers S X"
    assert heads[4].endswith("not judged")
    assert "WRONG" not in "".join(lines)
    assert lines[-1].startswith(
        "accepted: no violation, and by the grammar the word may end here; "
    )
    assert lines[-1].endswith("(not judged)")


def test_a_wrong_answer_and_a_violation() -> None:
    wrong = text_of(rl.trace(rl.published(), "BTSSSSSSXXV"))
    assert "WRONG: the grammar allows P V" in "".join(wrong)
    assert wrong[-1] == "✗ wrong after symbol 11 (V): it offers P V E; the grammar allows P V"
    assert sum("wrong after" in line for line in wrong) == 1
    later = text_of(rl.trace(rl.published(), "BTSSSSSSXXVE"))
    assert "node 4 → none   offered wrongly   offers E   not judged" in "".join(later)
    assert later[-2:] == ["not judged: the answer after symbol 12", wrong[-1]]
    assert wrong[-2] == "no violation: the net had offered every symbol of the string"
    refused = text_of(rl.trace(rl.published(), "BP" + "T" * 60 + "VVE"))
    assert "violation at symbol 49: T came, but the net offered S X" in refused
    assert refused[-1].startswith("✗ wrong after symbol 44 (T)")
    drifts = text_of(rl.trace(rl.published(), "BP" + "T" * 50))
    again = [line for line in drifts if line.startswith("wrong after symbol ")]
    assert again[0] == "wrong after symbol 45 (T): it offers T S X V; the grammar allows T V"
    assert len(again) == 8
    assert drifts[-1].startswith("✗ wrong after symbol 44 (T): ")
    broken = text_of(rl.trace(rl.compile(REBER), "BTP"))
    assert broken[-1] == "violation at symbol 3: P came, but the net offered S X"
    assert any(line.startswith("  3  P   node 1 → none   VIOLATION") for line in broken)


def test_after_a_violation_of_the_grammar_nothing_is_judged() -> None:
    net = rl.published()
    wrong = net.with_rule("legal", "tanh > -0.99999999")
    lines = text_of(rl.trace(wrong, "BTPSE"))
    assert next(line for line in lines if "→ none" in line).endswith("not judged")
    assert all("WRONG" not in line for line in lines if "→ none" in line)


@pytest.mark.parametrize("kinds", [[kind] for kind in CELLS] + [["gru", "gru"], ["lstm", "gru"]])
def test_every_kind_of_net(kinds: list[str]) -> None:
    trace = rl.trace(random_net(kinds), "BTXSE")
    lines = text_of(trace)
    gates = {gate for kind in kinds for gate in CELLS[kind].gates}
    for gate in gates:
        assert sum(gate in line.split()[:2] for line in lines) >= 5, gate
    assert "nan" not in "".join(lines)
    assert "NaN" not in json.dumps(trace.to_dict())
    assert "random net on BTXSE" in trace._repr_html_()
    assert "legal: " in trace.net._repr_html_()
    plots = pytest.importorskip("reberlstm.render.plots")
    pytest.importorskip("matplotlib")
    from reberlstm.render.animation import frames

    panels = len(plots.heat_map(trace).axes)
    assert panels == len(gates) + 1 + ("output" in gates)
    assert next(iter(frames(trace))).any()
    plots.trajectory([trace])
    plots.timeline({"random": trace}, trace.net.cells[0])


def test_a_timeline_of_nets_of_two_kinds() -> None:
    plots = pytest.importorskip("reberlstm.render.plots")
    pytest.importorskip("matplotlib")
    runs = {kind: rl.trace(random_net([kind]), "BTX") for kind in ("gru", "lstm")}
    titles = [axis.get_title(loc="left") for axis in plots.timeline(runs, "c1").axes]
    assert titles == [
        f"{what} of cell c1" for what in ("memory", "input gate (filter)", "update gate")
    ]


def test_a_net_that_only_accepts() -> None:
    trace = rl.trace(random_net(["gru"], ("accept",)), "BTX")
    lines = text_of(trace)
    assert lines[:2] == [
        "BTX: random net",
        "A GRU of 3 cells. It says whether the word may end (accept: logit > 0). It is compared with "
        "the",
    ]
    assert "reader: over 0 the word may end. · is 0 (±0.005)." in lines
    assert not any("before the first symbol" in line for line in lines)
    assert all("says that the word may" in line for line in lines if "→" in line)
    assert "may end" in trace._repr_html_()
    pytest.importorskip("matplotlib")
    from reberlstm.render import plots

    plots.heat_map(trace)


def test_an_animation_says_what_is_not_judged() -> None:
    pytest.importorskip("matplotlib")
    from reberlstm.render.animation import frame, said_of

    trace = rl.trace(rl.published(), "BTXSE")
    assert said_of(trace, trace.steps[0]) == "published net offers T P"
    assert said_of(trace, trace.steps[4]).endswith("(not judged)")
    words = [text.get_text() for text in frame(trace, trace.steps[4], None).texts]
    assert said_of(trace, trace.steps[4]) in words


def test_a_heat_map_says_what_is_not_judged() -> None:
    pytest.importorskip("matplotlib")
    from reberlstm.render import plots

    axis = plots.heat_map(rl.trace(rl.published(), "BTXSE")).axes[-1]
    styles = [label.get_fontstyle() for label in axis.get_xticklabels()]
    assert styles == ["normal"] * 4 + ["italic"]
    assert axis.get_xlabel().endswith("slanted: not judged")


def test_the_command_says_how_the_net_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trace", "BTXSE", "--net", "published"]) == 0
    assert "(legal: tanh > 0.5)" in capsys.readouterr().out


WIDE = {
    "compiled": (rl.compile(REBER), "BTSSXXTVVE"),
    "published": (rl.published(), "BTSSSSSSXXVE"),
    "trained": (rl.load("reber-4"), "BTXSE"),
    "gru": (compiled_as("compiled:gru", "reber"), "BTXSE"),
    "latch": (compiled_as("compiled:latch", "embedded-reber"), "BTBTXSETE"),
    "stack": (random_net(["lstm", "gru", "toy"]), "BTXSE"),
}


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", WIDE)
def test_columns_stay_where_they_are_and_fit(name: str, width: int) -> None:
    net, word = WIDE[name]
    lines = [click.unstyle(line) for line in trace_lines(rl.trace(net, word), width)]
    assert max(map(len, lines)) <= width
    assert sum("reader: " in line for line in lines) == 1, "the numbers are explained"
    starts = [place for place, line in enumerate(lines) if "→" in line]
    heads = [
        [line for line in lines[start:end] if line.startswith(" " * 11) and "→" not in line]
        for start, end in itertools.pairwise([*starts, len(lines)])
    ]
    assert len(heads) == len(word)
    assert all(head == heads[0] for head in heads)
    shown = " ".join(heads[0]).split()
    assert len(set(shown)) == len(shown)
    if width > 60 and name not in ("latch", "stack"):
        assert set(shown) == set(net.cells), "all fit"


def test_hidden_state_stands_below_the_memory_where_it_is_another() -> None:
    rows = {name: text_of(rl.trace(*WIDE[name])) for name in ("compiled", "published", "gru")}
    kept = {
        name: {title for title in ("memory", "hidden state") for line in lines if title in line}
        for name, lines in rows.items()
    }
    assert kept["compiled"] == {"memory", "hidden state"}
    assert (kept["published"], kept["gru"]) == ({"memory"}, {"hidden state"})


def test_a_stack_shows_no_number_twice() -> None:
    lines = text_of(rl.trace(random_net(["lstm", "gru"]), "B"))
    memory = next(line for line in lines if line.startswith("memory"))
    assert len(memory.split()) == 1 + 3, "the GRU has no memory but its hidden state"
