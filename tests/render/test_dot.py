"""The DOT text of diagrams: what is drawn, read back by Graphviz's own parser."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

import pygraphviz
import pytest
from hypothesis import given, settings

import reberlstm as rl
from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM
from reberlstm.render.machine import DARK, LIGHT, MAX_SYMBOLS_SHOWN, dot
from tests.cases import machine
from tests.strategies import machines, machines_with_words

REBER = rl.load_grammar("reber")
EXTRA = {"start", "violation"}


class Drawing:
    """What Graphviz understands of a DOT text."""

    def __init__(self, text: str) -> None:
        self.graph = pygraphviz.AGraph(text)
        self.label = {
            str(node): shown(node.attr["label"])
            for node in self.graph.nodes()
            if str(node) not in EXTRA
        }
        self.caption = shown(self.graph.graph_attr.get("label") or "").strip()

    def node(self, label: str) -> pygraphviz.ItemAttribute:
        name = next(name for name, text in self.label.items() if text.split("\n")[0] == label)
        return self.graph.get_node(name).attr

    def edges(self) -> dict[tuple[str, str], str]:
        return {
            (self.label[source], self.label[target]): shown(edge.attr["label"])
            for edge in self.graph.edges()
            for source, target in [map(str, edge)]
            if source in self.label and target in self.label
        }

    def edge(self, source: str, target: str) -> pygraphviz.ItemAttribute:
        names = {label.split("\n")[0]: name for name, label in self.label.items()}
        return self.graph.get_edge(names[source], names.get(target, target)).attr


def shown(text: str) -> str:
    """What Graphviz would write: without the escapes of DOT, or the marks of an HTML string."""
    if text.endswith("</FONT>"):  # pygraphviz leaves out the outer angle brackets
        plain = re.sub(r"<[^<>]*>", "", text.replace("<BR/>", "\n"))
        return "\n".join(line.strip() for line in html.unescape(plain).rstrip().split("\n"))
    lines = re.sub(r"\\(.)", lambda m: m[1] if m[1] not in "nlr" else "\n", text).split("\n")
    return "\n".join(line.strip() for line in lines).replace("&amp;", "&")


def drawing(fsm: FSM, **options: object) -> Drawing:
    return Drawing(dot(fsm, **options))  # type: ignore[arg-type]


# What is drawn


def test_reber() -> None:
    picture = drawing(REBER)
    assert sorted(picture.label.values()) == sorted(REBER.states)
    assert picture.edges() == {
        ("start", "0"): "B",
        ("0", "1"): "T",
        ("0", "5"): "P",
        ("1", "1"): "S",
        ("1", "2"): "X",
        ("2", "3"): "S",
        ("2", "5"): "X",
        ("3", "end"): "E",
        ("4", "2"): "P",
        ("4", "3"): "V",
        ("5", "5"): "T",
        ("5", "4"): "V",
    }
    assert picture.node("end")["peripheries"] == "2"
    assert not picture.node("3")["peripheries"]
    assert picture.caption == ""


def test_an_arrow_from_nowhere_shows_the_start() -> None:
    picture = drawing(REBER)
    (edge,) = [edge for edge in picture.graph.edges() if str(edge[0]) == "start"]
    assert picture.label[str(edge[1])] == "start"


@settings(max_examples=40)
@given(machines(plain=True, max_states=5, max_symbols=3))
def test_every_transition_is_drawn_once(fsm: FSM) -> None:
    picture = drawing(fsm, dead_states=True, probabilities=False)
    drawn = {
        (source.split("\n")[0], symbol, target.split("\n")[0])
        for (source, target), label in picture.edges().items()
        for symbol in label.replace("\n", " ").split(", ")
    }
    assert drawn == {(q, a, to) for q, line in fsm.transitions.items() for a, to in line.items()}
    accepting = {q for q in fsm.states if picture.node(q)["peripheries"] == "2"}
    assert accepting == fsm.accepting


@settings(max_examples=40)
@given(machines(max_states=4, max_symbols=3))
def test_awkward_names_are_drawn_as_they_are(fsm: FSM) -> None:
    picture = drawing(fsm, dead_states=True)
    assert len(picture.label) == len(fsm.states)
    for state in fsm.states:
        if state.isprintable() and state.strip() == state and len(state) < 20:
            assert any(label.split("\n")[0] == state for label in picture.label.values())


def test_states_that_cannot_reach_acceptance_are_left_out() -> None:
    fsm = rl.load_grammar("tomita-7")
    picture = drawing(fsm)
    assert "dead" not in picture.label.values()
    assert picture.caption == "not drawn: 1 state that cannot reach acceptance"
    assert "dead" in drawing(fsm, dead_states=True).label.values()
    two = machine("abc", "0", "1", {"0": "a1 bx cy", "1": "", "x": "", "y": "ax"})
    assert drawing(two).caption == "not drawn: 2 states that cannot reach acceptance"


def test_nothing_is_left_out_where_nothing_is_accepted() -> None:
    picture = drawing(machine("a", "0", "", {"0": "a1", "1": ""}))
    assert sorted(picture.label.values()) == ["0", "1"]
    assert picture.caption == ""


def test_parallel_transitions_share_an_arrow() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    fsm = machine(letters, "0", "1", {"0": " ".join(f"{s}1" for s in letters[:8]), "1": ""})
    assert drawing(fsm).edges() == {("0", "1"): "a, b, c, d, e, f,\ng, h"}
    fsm = machine(letters, "0", "1", {"0": " ".join(f"{s}1" for s in letters), "1": ""})
    assert drawing(fsm).edges() == {("0", "1"): "any symbol"}
    fsm = machine(letters, "0", "1", {"0": " ".join(f"{s}1" for s in letters[:25]), "1": ""})
    label = drawing(fsm).edges()["0", "1"]
    assert label.endswith("x,\n… 1 more")
    assert label.count(",") == MAX_SYMBOLS_SHOWN


def test_symbols_that_would_be_misread() -> None:
    fsm = FSM(
        alphabet=(",", " ", "x"),
        start="0",
        accepting={"0"},
        transitions={"0": {",": "0", " ": "0", "x": "0"}},
    )
    assert drawing(fsm).edges() == {("0", "0"): "‘,’, ␣, x"}


def test_probabilities() -> None:
    uniform = drawing(REBER, probabilities=True).edges()
    assert (uniform["0", "1"], uniform["3", "end"]) == ("T 0.5", "E")
    fsm = machine(
        "ab",
        "0",
        "0",
        {"0": "a0 b1", "1": "a0"},
        probabilities={"0": {"a": 1 / 3, "b": 2 / 3}},
        stop={"0": 0.125},
    )
    picture = drawing(fsm)
    assert sorted(picture.label.values()) == ["0\nstop 0.125", "1"]
    assert set(picture.edges().values()) == {"a 0.333", "b 0.667", "a"}
    plain = drawing(fsm, probabilities=False)
    assert sorted(plain.label.values()) == ["0", "1"]
    assert set(plain.edges().values()) == {"a", "b"}


def test_outputs() -> None:
    picture = drawing(rl.load_grammar("cycle-navigation"))
    assert sorted(picture.label.values()) == [f"{n}\noutput {n}" for n in range(5)]


def test_long_names_are_broken() -> None:
    name = "the number of ones is even and so is the number of zeros, " * 3
    fsm = FSM(alphabet=("a",), start=name, transitions={name: {}})
    (label,) = drawing(fsm).label.values()
    assert label.endswith("\n…")
    assert max(map(len, label.split("\n"))) <= 24
    assert len(label.split("\n")) == 4


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_direction(direction: str) -> None:
    picture = drawing(REBER, direction=direction)
    assert picture.graph.graph_attr["rankdir"] == direction


def test_unknown_direction() -> None:
    with pytest.raises(GrammarError, match="direction 'RL'; choose 'LR'"):
        dot(REBER, direction="RL")  # type: ignore[arg-type]


# Colours


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_contrasts(theme: object) -> None:
    """Text has 4.5 to 1 and more, as WCAG 2.1 asks (1.4.3); lines at least 3 to 1 (1.4.11)."""
    colours = vars(theme)
    for ground in ("paper", "node", "visited"):
        assert contrast(colours["ink"], colours[ground]) >= 4.5
    assert contrast(colours["trail"], colours["paper"]) >= 4.5
    assert contrast(colours["trail"], colours["visited"]) >= 3
    assert contrast(colours["wrong"], colours["paper"]) >= 3


def test_dark_theme_uses_none_of_the_light_colours() -> None:
    text = dot(REBER, dark=True, word="BTSV")
    assert all(colour not in text for colour in vars(LIGHT).values())


# A word laid over the graph


def test_steps_are_numbered_and_bold() -> None:
    picture = drawing(REBER, word="BTSSX")
    edges = picture.edges()
    assert edges["1", "1"] == "S (3 4)"
    assert edges["0", "1"] == "T (2)"
    assert edges["4", "2"] == "P"
    assert float(picture.edge("1", "1")["penwidth"]) > float(picture.graph.edge_attr["penwidth"])
    assert picture.edge("4", "2")["penwidth"] == picture.graph.edge_attr["penwidth"]
    assert picture.caption == "BTSSX: in state 2, not complete, S or X may follow"


def test_the_last_state_has_the_heaviest_border() -> None:
    picture = drawing(REBER, word="BTSSX")
    width = {label: float(picture.node(label)["penwidth"]) for label in picture.label.values()}
    assert max(width, key=lambda label: width[label]) == "2"
    usual = float(picture.graph.node_attr["penwidth"])
    assert {label for label in width if width[label] > usual} == {"start", "0", "1", "2"}


def test_accepted_words_say_so() -> None:
    assert drawing(REBER, word="BTXSE").caption == "BTXSE: in state end, accepted"
    empty = drawing(REBER, word="")
    assert empty.caption == "the empty word: in state start, not complete, B may follow"


def test_a_violation_is_a_dashed_arrow_to_a_box() -> None:
    picture = drawing(REBER, word="BTV")
    edge = picture.edge("1", "violation")
    assert (edge["style"], shown(edge["label"])) == ("dashed", "V (3)")
    assert picture.graph.get_node("violation").attr["label"] == "× violation"
    assert picture.caption == "BTV: violation at 3, V in state 1, where S or X may follow"
    after_the_end = drawing(REBER, word="BTXSEB").caption
    assert after_the_end == "BTXSEB: violation at 6, B in state end, where nothing may follow"


def test_a_word_into_a_dead_state_brings_it_into_the_picture() -> None:
    picture = drawing(rl.load_grammar("tomita-1"), word="10")
    assert sorted(picture.label.values()) == ["dead", "ones"]
    assert picture.caption == "10: in state dead, not complete, 0 or 1 may follow"


def test_long_words_are_counted_in_the_caption() -> None:
    picture = drawing(REBER, word="BP" + "T" * 60)
    assert picture.caption == "62 symbols: in state 5, not complete, T or V may follow"
    assert picture.edges()["5", "5"] == "T (3 4 5 6 7 8 9 10 …)"


def test_unknown_symbols_of_the_word() -> None:
    with pytest.raises(GrammarError, match="unknown symbol 'Q' at position 2"):
        dot(REBER, word="BQ")


@settings(max_examples=40)
@given(machines_with_words(count=1, plain=True, outputs=False, probabilities=False))
def test_the_overlay_follows_the_machine(example: tuple[FSM, list[Iterable[str]]]) -> None:
    fsm, (word,) = example
    symbols = tuple(word)
    picture = drawing(fsm, word=symbols)
    numbered = sorted(
        int(number)
        for label in picture.edges().values()
        for numbers in re.findall(r"\(([0-9 ]+)", label)
        for number in numbers.split()
    )
    legal = next(n for n in range(len(symbols), -1, -1) if fsm.run(symbols[:n]) is not None)
    if legal <= 8:
        assert numbered == list(range(1, legal + 1))
    assert ("violation" in picture.caption) == (legal < len(symbols))
    if legal == len(symbols):
        assert picture.caption.split("\n")[0].endswith("accepted") == fsm.accepts(symbols)
