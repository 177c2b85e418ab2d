"""Nets compared with a machine that counts."""

from __future__ import annotations

import re

import pytest

import reberlstm as rl
from reberlstm.comparison import keys
from reberlstm.errors import GrammarError

QUICK = {"words": 60, "rounds": 60, "prove": False}


@pytest.mark.filterwarnings("ignore:.*counters fade")
def test_a_compiled_net_is_right_and_one_of_low_gain_wrong_where_trace_says_so() -> None:
    nets = {"compiled": rl.compile("anbn"), "low": rl.compile("anbn", gain=6.0)}
    table = rl.compare("anbn", nets, **QUICK)
    assert [row.key for row in table.rows] == list(keys(rl.load_grammar("anbn")))
    right = table.column("compiled")
    assert right["accuracy"].text == "100 % (60 words)"
    assert re.fullmatch(
        r"none of up to 199 symbols; [\d,]+ words tried", right["wrong prefix"].text
    )
    assert right["counts"].text == "n right up to 60"
    word = table["wrong prefix", "low"].value["word"]
    run = rl.trace(nets["low"], word)
    assert [step.right for step in run.steps] == [True] * (len(word) - 1) + [False]
    at = table["counts", "low"].value["n"]
    assert (table["counts", "low"].status, at["wrong_at"]) == ("refuted", 16)
    assert rl.trace(nets["low"], at["word"]).steps[-1].right is False
    for n in (1, 15):  # all smaller counts are right
        assert rl.trace(nets["low"], "a" * n + "b" * n).first_wrong is None


@pytest.mark.parametrize("name", ["anbncn", "shuffle-2", "majority"])
def test_every_counter_has_its_count(name: str) -> None:
    machine = rl.load_grammar(name)
    rows = ["counts", "accuracy", "cells"]
    table = rl.compare(name, {"mine": rl.compile(name)}, rows=rows, **QUICK)
    assert table["counts", "mine"].value == {n: {"right_to": 60} for n in machine.counters}
    assert table["accuracy", "mine"].value["strings_wrong"] == 0


@pytest.mark.slow
def test_the_proof_is_about_counters_up_to_a_size() -> None:
    table = rl.compare("anbn", {"mine": rl.compile("anbn")}, rows=["certificate"])
    entry = table["certificate", "mine"]
    assert (entry.status, entry.value["limit"]) == ("proved", 2**24 - 1)
    limit = "words of every length whose counters stay within ±16,777,215"
    assert entry.text.startswith(f"float32: {limit}, real arithmetic: words of up to ")
    assert "✓ proved for the words that the entry names, ✗ refuted by a word" in str(table)


def test_what_is_refused() -> None:
    with pytest.raises(GrammarError, match="the alphabet of anbn is a b, but that of net 'x' is"):
        rl.compare("anbn", {"x": rl.compile("parity")})
    with pytest.raises(GrammarError, match="no row 'loop'; the rows are cells, weights, accuracy"):
        rl.compare("anbn", {"x": rl.compile("anbn")}, rows=["loop"])
