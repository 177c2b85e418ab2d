"""What a machine and a net are, in sentences: the same in ``trace`` and on the page."""

from __future__ import annotations

import json
import re

import click
import pytest

import reberlstm as rl
from reberlstm.render.page import explorer_page
from reberlstm.render.sentences import about_machine, about_net
from reberlstm.render.trace import trace_lines


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "reber",
            "Every word begins with B and ends with E; in between, 8 states say which of 7 symbols "
            "may come next.",
        ),
        ("parity", "Any of 2 symbols may come at any time; 2 states say whether the word may end."),
        ("continual-reber", "7 states say which of 7 symbols may come next."),
        (
            "anbn",
            "Every word begins with a and ends with b; in between, 2 states and 1 counter say "
            "which of 2 symbols may come next.",
        ),
        ("dyck-1", "1 state and 1 counter say which of 2 symbols may come next."),
    ],
)
def test_a_machine_in_a_sentence(name: str, sentence: str) -> None:
    assert about_machine(rl.load_grammar(name)) == sentence


def test_the_page_and_trace_begin_with_the_same_words() -> None:
    fsm, net = rl.load_grammar("reber"), rl.published()
    text = explorer_page(fsm, [net], "BT")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found is not None
    data = json.loads(found[1])
    assert data["about"] == about_machine(fsm)
    assert data["nets"][0]["about"] == about_net(net, fsm)
    traced = click.unstyle(" ".join(" ".join(trace_lines(rl.trace(net, "BT"), 80)).split()))
    assert data["nets"][0]["about"] in traced
