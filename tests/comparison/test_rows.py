"""Every row against a calculation of its own, most of them on the published net."""

from __future__ import annotations

import math

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.comparison import Entry, compare, keys
from reberlstm.comparison.answers import IN_A_ROW, from_states, percent, sides
from reberlstm.comparison.case import Case, Settings
from reberlstm.comparison.cycles import simple_cycles, ways_to
from reberlstm.comparison.loops import go_round
from reberlstm.comparison.proofs import certified, words_of
from reberlstm.extraction.nets import subject_of
from reberlstm.machine.fsm import FSM
from reberlstm.net.readouts import Head
from tests.certificates.test_words import ANY, forgetful
from tests.comparison import reber
from tests.extraction.nets import TableNet

REBER = rl.load_grammar("reber")


def case(net: object, fsm: FSM = REBER, **settings: int) -> Case:
    return Case(
        "net", subject_of(net), fsm, Settings(**{"words": 300, "seconds": 3_600} | settings)
    )  # type: ignore[arg-type]


def row(key: str, net: object, fsm: FSM = REBER, **settings: int) -> Entry:
    return compare(fsm, {"net": net}, rows=[key], seconds=600, **{"words": 300} | settings)[
        key, "net"
    ]  # type: ignore[arg-type]


PUBLISHED = case(rl.published())
CYCLES, _ = simple_cycles(PUBLISHED.machine, 10)


def texts(words: object) -> list[str]:
    """Sampled words as strings."""
    return [
        "".join(REBER.alphabet[a] for a in column[present])
        for column, present in zip(words.symbols.T, words.present.T, strict=True)
    ]


# On words


def test_accuracy_counts_every_answer_of_every_word() -> None:
    table = compare(REBER, {"old": rl.published()}, rows=["accuracy"], words=2_000, seed=3)
    words = texts(case(rl.published(), words=2_000, seed=3).words)
    right = [reber.right_answers(word, reber.run(word)) for word in words]
    assert all(reber.legal(word) == "" for word in words), "walks go to the end"
    value = table["accuracy", "old"].value
    assert value["answers"] == sum(map(len, right))
    assert value["share"] == pytest.approx(np.mean([x for row in right for x in row]), abs=1e-12)
    assert value["strings_wrong"] == sum(not all(row) for row in right) > 0
    assert value["share"] == pytest.approx(0.9992, abs=0.0006)


def test_percent_never_rounds_to_everything_or_nothing() -> None:
    assert [percent(share) for share in (1.0, 0.0, 0.5)] == ["100 %", "0 %", "50.0 %"]
    assert percent(0.99992) == "99.99 %"
    assert percent(0.999999) == "99.9999 %"
    assert percent(0.00001) == "0.001 %"


def test_words_without_their_first_symbol() -> None:
    words = texts(PUBLISHED.words)
    right = []
    for word in words:
        offers = reber.run(word[1:])
        allowed = [reber.legal(word[: t + 2]) for t in range(len(word) - 1)]
        right += [said == wanted for said, wanted in zip(offers, allowed, strict=True) if wanted]
    entry = row("missing start", rl.published())
    assert entry.value["share"] == pytest.approx(np.mean(right), abs=1e-12)


def test_a_grammar_without_a_start_symbol_has_none_to_miss() -> None:
    parity = rl.load_grammar("parity")
    entry = row("missing start", rl.compile(parity), parity)
    assert entry.status == "none"
    assert row("concatenated", rl.compile(parity), parity).status == "none"


def test_words_in_a_row(seed: int) -> None:
    rng = np.random.default_rng(seed)
    right = []
    for _ in range(150):
        memory = [0.0] * 6
        for number in range(IN_A_ROW):
            word = reber.sample(rng)
            offers = []
            for symbol in word:
                memory = reber.after(memory, symbol)
                offers.append(reber.offered(memory))
            right += reber.right_answers(word, offers) if number else []
    entry = row("concatenated", rl.published(), words=3_000)
    assert entry.value["share"] == pytest.approx(np.mean(right), abs=0.02)
    assert entry.value["share"] == pytest.approx(0.45, abs=0.03)


def test_perplexity_of_the_heads_probabilities() -> None:
    biased = FSM(
        alphabet=("a", "b"),
        start="0",
        accepting=frozenset({"0"}),
        transitions={"0": {"a": "0", "b": "1"}, "1": {"a": "0", "b": "1"}},
        probabilities={"0": {"a": 0.9, "b": 0.1}},
        stop={"0": 0.1},
    )
    entry = row("perplexity", rl.compile(biased), biased)
    words = case(rl.compile(biased), biased).words
    bits, number = 0.0, 0
    for column, present in zip(words.symbols.T, words.present.T, strict=True):
        word = [biased.alphabet[a] for a in column[present]]
        for t in range(1, len(word)):
            state = biased.run(word[:t])
            assert state is not None
            bits -= math.log2(biased.probability(state, word[t]))
            number += 1
    value = entry.value
    assert value["grammar"] == pytest.approx(2 ** (bits / number), rel=1e-9)
    assert value["net"] == pytest.approx(value["grammar"], rel=1e-5)
    assert value["by"] == "next head"


def test_perplexity_of_a_net_that_only_offers() -> None:
    value = row("perplexity", rl.published()).value
    assert value["by"] == "offered symbols, equally likely"
    assert value["net"] == pytest.approx(value["grammar"], rel=0.01)
    assert value["grammar"] == pytest.approx(2 ** (6 / 7), rel=0.03), "6 bits, 7 symbols after B"
    assert value["entropy"]["word_entropy"] == pytest.approx(6.0)
    nothing = rl.published()
    nothing = nothing.replace(heads={"legal": Head(np.zeros((7, 6)), np.full(7, -9.0))})
    assert row("perplexity", nothing).text.startswith("infinite")


# In cycles


@pytest.mark.parametrize(
    ("cycle", "inside"),
    [("S", {"BT": 13}), ("T", {"BP": 42, "BTXX": 87, "BTSXX": 27, "BPVPX": 99})],
)
def test_loop_limits_of_the_published_net(cycle: str, inside: dict[str, int]) -> None:
    value = row(f"loop {cycle}", rl.published(), rounds=120).value
    found = {way["way"]: way["inside"] for way in value["ways"]}
    assert inside.items() <= found.items()
    for way, limit in found.items():
        offers = reber.run(way + cycle * 120)
        right = [offers[len(way) + n] == reber.legal(way + cycle) for n in range(120)]
        first = right.index(False) + 1 if False in right else None
        assert limit == first, way


def test_six_rounds_of_s_fail_later() -> None:
    entry = row("loop S", rl.published(), rounds=50)
    assert entry.text == "round 6: BT S×6 XXV; within the cycle in round 13"
    assert entry.status == "refuted"
    value = entry.value
    assert (value["first"], value["inside"]) == (6, 13)
    for rounds in range(1, 6):
        for leaving in ("X", "XX", "XXV", "XXVP", "XXT", "XXTV", "XXTT", "XS"):
            word = "BT" + "S" * rounds + leaving
            assert all(reber.right_answers(word, reber.run(word))), word
    assert not all(reber.right_answers("BTSSSSSSXXV", reber.run("BTSSSSSSXXV")))


def test_the_orbit_of_pxv_is_proved_for_ever_and_where_it_should_be() -> None:
    entry = row("loop PXV", rl.published(), rounds=50)
    assert (entry.text, entry.status) == ("for ever, proved", "proved")
    (cycle,) = [c for c in CYCLES if c.text == "PXV"]
    path = go_round(PUBLISHED, cycle, 200).path
    memory = [0.0] * 6
    for symbol in "BP" + "VPX" * 200:
        memory = reber.after(memory, symbol)
    assert path[-1] == pytest.approx(memory, abs=1e-9)
    assert memory[5] == pytest.approx(1.61, abs=0.005)
    drifted = row("drift PXV", rl.published(), rounds=200)
    assert drifted.value["period"] == 1


def test_drift_of_s_climbs_and_goes_on() -> None:
    value = row("drift S", rl.published(), rounds=300).value
    memory = [0.0] * 6
    for symbol in "BT" + "S" * 300:
        memory = reber.after(memory, symbol)
    assert value["coordinate"] == "memory of 3"
    assert value["last"] == pytest.approx(memory[3], abs=1e-9)
    assert value["last"] == pytest.approx(117, abs=1)
    assert value["period"] is None
    assert value["speed"] == pytest.approx(0.2, abs=0.1)
    # Each round keeps σ(5) and adds almost 1, slightly less as the other memories fade.
    for _ in range(5_000):
        memory = reber.after(memory, "S")
    assert value["towards"] == pytest.approx(memory[3], abs=0.5)


def test_a_cycle_that_holds_while_others_fail_is_proved_on_its_own() -> None:
    """The machine for one cycle has the grammar's legal sets, and no other cycle."""
    for cycle in CYCLES:
        ways = ways_to(PUBLISHED.machine, cycle)
        fsm = words_of(PUBLISHED.machine, cycle, ways, "rounds")
        assert fsm is not None
        judged = [word for word in fsm.prefixes(9) if word and fsm.legal(str(fsm.run(word)))]
        assert len(judged) > 20
        for word in judged:
            assert fsm.legal(str(fsm.run(word))) == set(reber.legal("".join(word)) or "")
        for state, word in ways:
            name = "".join(REBER.alphabet[a] for a in word)
            turn = "".join(REBER.alphabet[a] for a in cycle.from_state(state))
            assert fsm.legal(str(fsm.run(name + turn * 5))) == set(reber.legal(name) or "")


def test_cycles_with_rows_of_their_own_are_bounded() -> None:
    found = keys(rl.load_grammar("embedded-reber"), cycles=2)
    assert [key for key in found if key.startswith("loop")] == ["loop S", "loop T"]
    assert "other cycles" in found


# Violations and unknown memories


def test_silence_after_illegal_symbols_of_the_published_net() -> None:
    ways = ["", "B", "BT", "BP", "BTX", "BPV", "BTXS", "BTXSE"]
    pairs = [(way, a) for way in ways for a in "BTSXPVE" if a not in (reber.legal(way) or "")]
    silent = [reber.run(way + a)[-1] == "" for way, a in pairs]
    value = row("invalid", rl.published()).value
    assert value["violations"] == len(pairs)
    assert value["silent"] == pytest.approx(np.mean(silent), abs=1e-12)


def test_compiled_nets_do_after_a_violation_what_they_are_compiled_for() -> None:
    absorbs = row("invalid", rl.compile(REBER)).value
    assert (absorbs["silent"], absorbs["for_good"], absorbs["starts_over"]) == (1.0, 1.0, 0.0)
    again = row("invalid", rl.compile(REBER, on_violation="resync")).value
    assert (again["silent"], again["starts_over"]) == (0.0, 1.0)


def test_a_net_that_passes_over_illegal_symbols_carries_on() -> None:
    forgiving = FSM(
        alphabet=REBER.alphabet,
        start=REBER.start,
        transitions={q: {a: line.get(a, q) for a in REBER.alphabet} for q, line in _lines()},
    )
    net = TableNet(forgiving, "legal")
    net._shown[:-1] = [[a in line for a in REBER.alphabet] for _, line in _lines()]
    value = row("invalid", net).value
    # At the end, nothing may follow, and whatever comes leaves it at that.
    assert (value["carries_on"], value["for_good"]) == (1.0, 7 / 44)


def _lines() -> list[tuple[str, dict[str, str]]]:
    return [(state, dict(line)) for state, line in REBER.transitions.items()]


def test_complete_machines_have_no_violations() -> None:
    parity = rl.load_grammar("parity")
    assert row("invalid", rl.compile(parity), parity).status == "none"


@pytest.mark.parametrize(("kind", "share"), [("uniform", 0.038), ("one-hot", 0.485)])
def test_unknown_initial_memory_of_the_published_net(kind: str, share: float, seed: int) -> None:
    net = case(rl.published(), words=3_000)
    rng = np.random.default_rng(seed)
    memories = rng.random((3_000, 6))
    if kind == "one-hot":
        memories = np.eye(6)[rng.integers(6, size=3_000)]
    value = from_states(net, memories).value
    assert value["right"] == pytest.approx(share, abs=0.02)
    every = [
        reber.right_answers(word, reber.run(word, start))
        for word, start in zip(texts(net.words), memories, strict=True)
    ]
    assert value["right"] == pytest.approx(np.mean([all(row) for row in every]))
    assert value["recovered"] == pytest.approx(np.mean([row[-1] for row in every]))
    steps = [max((t for t, x in enumerate(row, 1) if not x), default=0) for row in every if row[-1]]
    assert value["median_steps"] == np.median(steps)


def test_a_net_that_resynchronises_recovers_at_the_next_word() -> None:
    value = row("other memory", rl.compile(REBER, on_violation="resync")).value
    assert (value["right"], value["next_right"]) == (1.0, 1.0)
    value = row("other memory", rl.compile(REBER)).value
    assert (value["right"], value["next_right"]) == (0.0, 0.0)


# What it bears


def test_tolerated_noise_is_proved_and_measured_to_a_percent() -> None:
    parity = rl.load_grammar("parity")
    net = rl.compile(parity)
    value = row("noise", net, parity).value
    assert 0.1 < value["proved"] <= value["measured"]
    assert rl.certify(net, noise=value["proved"], max_depth=0).holds
    assert not rl.certify(net, noise=1.1 * value["proved"], max_depth=0).holds
    # One cell, which is read over tanh(1)/2: the least noise that can push it over that.
    assert value["measured"] > 0.25


def test_soft_inputs_of_the_published_net_step_by_step() -> None:
    value = row("soft inputs", rl.published(), words=100).value
    assert value["proved"] == 0.0
    assert 0.0 < value["measured"] < 0.1
    assert value["strings"] <= 20


def test_precision_is_proved_where_certify_proves_it() -> None:
    net = rl.compile(REBER, gain=6.0)
    for name in ("float16", "bfloat16", "int8"):
        entry = row(name, net)
        assert entry.value["proved"] == bool(rl.certify(net, arithmetic=name).holds)


def test_precision_on_strings_where_nothing_is_proved() -> None:
    entry = row("float16", rl.published(), words=1_000)
    wrong = sum(not all(reber.right_answers(word, _half(word))) for word in texts(_fewer(1_000)))
    assert entry.value["strings_wrong"] == wrong


def _fewer(words: int) -> object:
    return case(rl.published(), words=words).fewer


def _half(word: str) -> list[str]:
    """The published net with its memory kept in float16, which is what matters here."""
    memory, found = [0.0] * 6, []
    for symbol in word:
        memory = [float(np.float16(x)) for x in reber.after(memory, symbol)]
        found.append(reber.offered(memory))
    return found


@pytest.mark.parametrize(("slots", "right"), [(1, False), (2, True)])
def test_snapping_the_published_net(slots: int, right: bool) -> None:
    entry = row(f"snap {slots}", rl.published(), words=500, rounds=40)
    words = texts(_fewer(500))
    wrong = sum(not all(reber.right_answers(word, _snapped(word, slots))) for word in words)
    assert entry.value["strings_wrong"] == wrong
    assert (wrong == 0) == right
    assert entry.value["first_without"] == 6
    assert (entry.value["first"] is None) == right


def _snapped(word: str, slots: int) -> list[str]:
    memory, found = [0.0] * 6, []
    for symbol in word:
        memory = [
            max(-1.0, min(1.0, float(np.round(x * slots)) / slots))
            for x in reber.after(memory, symbol)
        ]
        found.append(reber.offered(memory))
    return found


# Machines


def test_a_net_for_another_machine_is_told_apart_by_a_shortest_word() -> None:
    lines = {state: dict(line) for state, line in REBER.transitions.items()}
    lines["4"]["P"] = "1"
    other = FSM(
        alphabet=REBER.alphabet, start="start", accepting=REBER.accepting, transitions=lines
    )
    table = compare(
        REBER, {"other": rl.compile(other)}, rows=["wrong prefix", "extracted", "certificate"]
    )
    word = REBER.difference(other, by="legal")
    assert word is not None
    assert table["wrong prefix", "other"].value["word"] == list(word)
    extracted = table["extracted", "other"]
    assert not extracted.value["equal"]
    assert extracted.value["word"] == list(word)
    assert table["certificate", "other"].status == "refuted"


def test_a_wrong_word_that_may_not_be_a_shortest_one_says_so() -> None:
    table = compare(ANY, {"net": forgetful(200)}, rows=["wrong prefix"], seconds=20)
    entry = table["wrong prefix", "net"]
    least = entry.value["none_shorter_than"]
    assert (entry.value["length"], entry.value["shortest"]) == (200, False)
    shown = f"a×200 (200 symbols, none of fewer than {least} is wrong); offers a, right is a b"
    assert entry.text == shown


def test_a_foreign_net_has_no_certificate_but_a_shortest_wrong_prefix() -> None:
    net = TableNet(REBER, "legal")
    table = compare(REBER, {"table": net}, rows=["wrong prefix", "certificate", "weights", "cells"])
    assert table["certificate", "table"].status == "none"
    assert table["wrong prefix", "table"].value["closed"]
    assert table["weights", "table"].status == "none"
    assert table["cells", "table"].value == len(REBER.states) + 1


# Cells


def test_compiled_cells_stand_for_one_node_each() -> None:
    value = row("meaning", rl.compile(REBER)).value
    # `started` is active at every node after the first symbol.
    assert (value["one_node"], value["cells"]) == (7, 8)


@pytest.mark.parametrize(
    ("values", "groups", "expected"),
    [
        ([0.0, 0.1, 1.0, 0.9], [0, 1, 2, 2], (2, 1)),
        ([0.0, 0.1, 1.0, 0.9], [0, 1, 1, 2], None),
        ([0.0, 0.1, 0.2, 0.3], [0, 1, 2, 3], (1, 3)),
        ([0.0, 1.0, 1.05], [0, 0, 1], None),
        ([2.0, 2.0], [0, 1], None),
    ],
)
def test_a_gap_has_whole_groups_on_its_sides(
    values: list[float], groups: list[int], expected: object
) -> None:
    assert sides(np.array(values), np.array(groups), 0.0) == expected
    assert sides(np.array(values), np.array(groups), 9.0) is None


def test_without_proofs_everything_is_measured() -> None:
    net = {"net": rl.compile(REBER)}
    rows = ["loop S", "certificate", "wrong prefix", "noise", "float16"]
    table = compare(REBER, net, rows=rows, rounds=20, words=50, prove=False)
    assert table["certificate", "net"].text == "– (not tried)"
    assert "proved" not in {row.entries[0].status for row in table.rows}
    # Its memory repeats itself, so few states of net and machine are all that there are.
    assert table["wrong prefix", "net"].value["closed"]
    assert table["loop S", "net"].text == "no error in 20 rounds"
    assert table["noise", "net"].value["proved"] == 0.0


def test_the_row_of_the_certificate_knows_what_other_rows_have_met() -> None:
    net = rl.load("reber-4")
    one = case(net)
    unknown = rl.certify(net, seconds=0.0)
    assert unknown.holds is None
    vars(one)["certificate"] = unknown
    assert certified.of(one).status == "unknown"
    one.wrong_word = (0, 1)
    entry = certified.of(one)
    assert (entry.status, entry.value["outcome"]) == ("refuted", "refuted")
