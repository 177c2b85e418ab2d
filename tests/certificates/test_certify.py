"""What is proved, and that it is true."""

from __future__ import annotations

import dataclasses
import json
import math
import random
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reberlstm as rl
from reberlstm.certificates import Certificate, Inputs, Proof, Refutation, check, load_certificate
from reberlstm.certificates.arithmetic import ARITHMETICS
from reberlstm.certificates.claims import claim, shared_symbols
from reberlstm.errors import CertificateError, FormatError
from reberlstm.machine.fsm import FSM, Word
from reberlstm.net.net import LSTMWeights
from reberlstm.net.readouts import Head
from tests.cases import CASES, Case
from tests.certificates.oracles import decimal_states, target
from tests.strategies import machines, random_machine

REBER = rl.load_grammar("reber")


def confirmed(certificate: Certificate, net: LSTMWeights, fsm: FSM | None = None) -> bool | None:
    """The independent checker's verdict, on the text of the file."""
    verdict = check(json.dumps(certificate.to_dict()), net, fsm)
    assert verdict.valid, verdict.reason
    return verdict.valid


@pytest.mark.parametrize("on_violation", ["absorb", "resync"])
@pytest.mark.parametrize("name", rl.grammar_names())
def test_every_compiled_grammar_holds_after_all_words(name: str, on_violation: str) -> None:
    fsm = rl.load_grammar(name)
    net = rl.compile(fsm, on_violation=on_violation)
    cert = rl.certify(net)
    assert cert.holds
    assert cert.scope == "all"
    assert cert.heads == (("legal", "accept", "label") if fsm.outputs else ("legal", "accept"))
    assert cert.margin > 0.37
    assert cert.k == 0
    assert cert.gain == net.gain
    assert confirmed(cert, net)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cases_hold(case: Case) -> None:
    net = rl.compile(case.fsm)
    cert = rl.certify(net)
    assert cert.holds
    assert confirmed(cert, net)


@settings(max_examples=40)
@given(machines(max_states=7), st.sampled_from(["absorb", "resync"]))
def test_whatever_is_compiled_holds(fsm: FSM, on_violation: str) -> None:
    net = rl.compile(fsm, on_violation=on_violation)
    cert = rl.certify(net)
    assert cert.holds
    assert confirmed(cert, net)


def test_published_net_is_refuted_by_a_shortest_prefix() -> None:
    cert = rl.certify(rl.published(), REBER)
    assert cert.holds is False
    assert "".join(cert.counterexample or ()) == "BTSSSSSSXXV"
    assert cert.offered == ("P", "V", "E")
    assert cert.allowed == ("P", "V")
    assert cert.scope == "legal"
    assert -0.05 < cert.margin < -0.049
    assert confirmed(cert, rl.published())


def test_published_net_says_nothing_before_the_first_symbol() -> None:
    cert = rl.certify(rl.published(), scope="all")
    assert cert.counterexample == ()
    assert (cert.offered, cert.allowed) == ((), ("B",))
    assert confirmed(cert, rl.published())


def test_compiled_reber_in_figures() -> None:
    cert = rl.certify(rl.compile(REBER))
    assert (cert.nodes, cert.k, cert.gain, cert.arithmetic) == (8, 0, 20.0, "real")
    # Half of tanh 1 is what a head of the ideal net is away from its threshold.
    assert math.tanh(1) / 2 - 1e-7 < cert.margin < math.tanh(1) / 2
    assert str(cert).startswith(
        "holds: compiled follows reber, proved for words of every length (scope all; "
    )


def test_boxes_contain_what_real_arithmetic_does() -> None:
    """The net run with 40 digits stays in the boxes, after legal words and others."""
    net = rl.compile(rl.load_grammar("tomita-3"), gain=6.0)
    fsm = net.grammar
    assert fsm is not None
    cert = rl.certify(net)
    boxes = {box.state: box for box in cert.boxes}
    rng = random.Random(3)
    for _ in range(6):
        word: Word = tuple(rng.choice(fsm.alphabet) for _ in range(12))
        state: str | None = fsm.start
        for symbol, (h, c) in zip(word, decimal_states(net, word), strict=True):
            state = target(fsm, state, symbol, "absorb")
            for values, bounds in ((h, boxes[state].h), (c, boxes[state].c)):
                for value, (low, high) in zip(values, bounds, strict=True):
                    assert Decimal(low) <= value <= Decimal(high)


def test_a_machine_that_the_net_was_not_made_for() -> None:
    """The judge is the machine that is given; states may have any names, symbols any order."""
    renamed = FSM(
        alphabet=tuple(reversed(REBER.alphabet)),
        start="in",
        accepting={"out"},
        transitions={
            {"start": "in", "end": "out"}.get(q, f"n{q}"): {
                a: {"start": "in", "end": "out"}.get(t, f"n{t}") for a, t in line.items()
            }
            for q, line in REBER.transitions.items()
        },
        name="other names",
    )
    net = rl.compile(REBER)
    cert = rl.certify(net, renamed)
    assert cert.holds
    assert {box.state for box in cert.boxes} == {None, "out", *(f"n{i}" for i in range(6))}
    assert confirmed(cert, net, renamed)

    more = dict(REBER.transitions) | {"3": {"E": "end", "B": "0"}}
    longer = FSM(alphabet=REBER.alphabet, start="start", accepting={"end"}, transitions=more)
    cert = rl.certify(net, longer)
    assert "".join(cert.counterexample or ()) == "BTXS"
    assert (cert.offered, cert.allowed) == (("E",), ("B", "E"))
    assert confirmed(cert, net, longer)


def test_an_accept_head_that_is_wrong() -> None:
    net = rl.compile(REBER)
    head = net.heads["accept"]
    always = net.replace(heads=dict(net.heads) | {"accept": Head(0 * head.weight, head.bias + 9)})
    cert = rl.certify(always)
    assert cert.counterexample == ()
    assert isinstance(cert, Refutation)
    assert (cert.wrong.head, cert.offered, cert.allowed) == ("accept", ("yes",), ("no",))
    assert rl.certify(always, scope="legal").holds
    assert rl.certify(always, heads=["legal"]).holds
    assert confirmed(cert, always)


def test_a_label_head_that_is_wrong() -> None:
    net = rl.compile(rl.load_grammar("cycle-navigation"))
    head = net.heads["label"]
    weight = head.weight.copy()
    weight[2] *= -1
    broken = net.replace(heads=dict(net.heads) | {"label": Head(weight, head.bias)})
    cert = rl.certify(broken)
    assert cert.holds is False
    assert isinstance(cert, Refutation)
    assert cert.wrong.head == "label"
    assert cert.offered != cert.allowed
    assert confirmed(cert, broken)
    assert rl.certify(broken, heads=["legal", "accept"]).holds


def test_more_symbols_remembered_prove_more() -> None:
    """At this gain the boxes of the states alone do not close, those of state and symbol do."""
    net = rl.compile(rl.load_grammar("parity"), gain=3.1)
    assert rl.certify(net, max_k=0).holds is None
    cert = rl.certify(net)
    assert (cert.holds, cert.k, cert.nodes) == (True, 1, 4)
    assert confirmed(cert, net)


def test_what_cannot_be_decided_is_unknown() -> None:
    cert = rl.certify(rl.compile(rl.load_grammar("parity")), noise=0.3, max_k=1, max_depth=2)
    assert cert.holds is None
    assert cert.counterexample is None
    assert math.isnan(cert.margin)
    assert (cert.depth, cert.closed) == (2, False)
    assert "with k = 1" in cert.reason
    assert str(cert).startswith("unknown: whether compiled follows parity (scope all; ")


def test_closed_exploration_is_reported_and_no_proof() -> None:
    """A head at its threshold: right as executed, but no invariant has any room."""
    fsm = FSM(alphabet=("a",), start="0", accepting=set(), transitions={"0": {"a": "0"}})
    net = rl.compile(fsm)
    heads = dict(net.heads) | {"accept": Head(np.zeros((1, net.size)), np.zeros(1))}
    cert = rl.certify(net.replace(heads=heads))
    assert (cert.holds, cert.closed) == (None, True)
    assert "none of them is wrong; that is no proof" in str(cert)


def test_a_drifting_memory_is_no_obstacle() -> None:
    """A cell that counts up for ever, its tanh saturated, beside a net that does its work."""
    inner = rl.compile(rl.load_grammar("parity"))
    size = inner.size + 1

    def blocks(array: np.ndarray, rows: list[np.ndarray]) -> np.ndarray:
        return np.concatenate(
            [np.vstack([array[g * inner.size : (g + 1) * inner.size], rows[g]]) for g in range(4)]
        )

    column = np.zeros((4 * inner.size, 1))
    bias = inner.bias[:, np.newaxis]
    drift = [np.array([[b]]) for b in (50.0, 50.0, 1.0, 50.0)]  # input, forget, candidate, output
    net = LSTMWeights(
        alphabet=inner.alphabet,
        cells=(*inner.cells, "counter"),
        weight_ih=blocks(inner.weight_ih, [np.zeros((1, 2))] * 4),
        weight_hh=blocks(np.hstack([inner.weight_hh, column]), [np.zeros((1, size))] * 4),
        bias_ih=blocks(bias, drift).ravel(),
        bias_hh=np.zeros(4 * size),
        heads={
            name: Head(np.hstack([head.weight, np.zeros((len(head.weight), 1))]), head.bias)
            for name, head in inner.heads.items()
        },
        grammar=inner.grammar,
        claims="all",
    )
    cert = rl.certify(net)
    assert cert.holds
    assert any(math.isinf(high) for box in cert.boxes for _, high in box.c)
    assert confirmed(cert, net)
    for arithmetic in ("float32", "float16"):
        assert confirmed(rl.certify(net, arithmetic=arithmetic), net)


@pytest.mark.parametrize("name", list(ARITHMETICS))
def test_compiled_nets_hold_on_every_machine(name: str) -> None:
    for grammar in ("reber", "parity", "cycle-navigation"):
        net = rl.compile(rl.load_grammar(grammar))
        cert = rl.certify(net, arithmetic=name)
        assert cert.holds
        assert cert.margin > 0.3
        assert confirmed(cert, net)


def test_rounding_costs_margin() -> None:
    net = rl.compile(REBER)
    margin = [rl.certify(net, arithmetic=name).margin for name in ARITHMETICS if name != "int8"]
    assert margin == sorted(margin, reverse=True)


def test_noise_and_blurred_inputs() -> None:
    net = rl.compile(REBER)
    still, noisy = rl.certify(net), rl.certify(net, noise=0.02)
    blurred = rl.certify(net, inputs=Inputs(noise=0.001))
    assert still.margin > noisy.margin > 0.0
    assert blurred.holds
    assert confirmed(noisy, net)
    assert confirmed(blurred, net)
    assert rl.certify(net, inputs=Inputs(low=0.0, high=1.0), max_k=1).holds is not True


def test_wrong_in_the_machine_s_arithmetic_only() -> None:
    """A head that works by a difference which float16 does not see."""
    fsm = rl.load_grammar("parity")
    net = rl.compile(fsm)
    bias = net.heads["accept"].bias + 3e4
    weight = np.hstack([net.heads["accept"].weight])
    big = net.replace(heads=dict(net.heads) | {"accept": Head(weight, bias - 3e4)})
    assert rl.certify(big, arithmetic="float16").holds
    shifted = net.replace(bias_ih=net.bias_ih + 3e4, bias_hh=net.bias_hh - 3e4)
    assert rl.certify(shifted).holds
    assert rl.certify(shifted, arithmetic="float16", max_states=2_000).holds is not True


def test_a_scope_without_words_asks_nothing() -> None:
    for transitions in ({"0": {}}, {"0": {"a": "1"}, "1": {}}):
        fsm = FSM(alphabet=("a",), start="0", accepting={"0"}, transitions=transitions)
        net = rl.compile(fsm)
        with pytest.raises(CertificateError, match=r"nothing is asked: .* no word"):
            rl.certify(net, scope="legal")
        assert rl.certify(net, scope="all").holds
    # Nor is a certificate of it taken for one.
    proof = rl.certify(net, scope="all")
    assert isinstance(proof, Proof)
    empty = dataclasses.replace(
        proof,
        scope="legal",
        heads=("legal",),
        readouts={"legal": "logit > 0"},
        boxes=(),
        margins={},
    )
    verdict = check(empty.to_dict(), net)
    assert (verdict.valid, "nothing was to be judged" in verdict.reason) == (False, True)


def test_certificates_are_values_and_files(tmp_path: object) -> None:
    for net, options in (
        (rl.compile(REBER), {}),
        (rl.published(), {}),
        (rl.compile(rl.load_grammar("parity")), {"noise": 0.35, "max_k": 0, "max_states": 100}),
    ):
        cert = rl.certify(net, **options)
        path = f"{tmp_path}/cert.json"
        cert.save(path)
        again = load_certificate(path)
        assert again.to_dict() == cert.to_dict()
        assert again == cert or math.isnan(cert.margin)
        with pytest.raises(dataclasses.FrozenInstanceError):
            cert.holds = True  # type: ignore[misc]


def test_files_that_are_no_certificates(tmp_path: object) -> None:
    path = f"{tmp_path}/cert.json"
    for content in (
        "",
        "[]",
        "{}",
        '{"format": "reberlstm certificate", "version": 9}',
        "[" * 10**5,
    ):
        with open(path, "w") as file:  # noqa: PTH123
            file.write(content)
        with pytest.raises(FormatError, match=r"cert\.json: "):
            load_certificate(path)
    with pytest.raises(FormatError, match="no such file"):
        load_certificate(f"{tmp_path}/none.json")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scope": "some"}, "scope 'some'; choose 'legal' or 'all'"),
        ({"arithmetic": "float8"}, "arithmetic 'float8'; choose one of real, float64"),
        ({"noise": -0.1}, "noise is -0.1; it must be finite and not negative"),
        ({"noise": math.nan}, "noise is nan"),
        ({"seconds": math.inf}, "seconds is inf"),
        ({"inputs": Inputs(low=1.0, high=0.0)}, "inputs from 1.0 to 0.0; give a finite range"),
        ({"inputs": Inputs(noise=-1.0)}, "input noise is -1.0"),
        ({"heads": ["next"]}, "head 'next' cannot be certified; choose among legal, accept, label"),
        ({"heads": []}, "cannot be certified"),
        ({"heads": ["label"]}, "net 'compiled' has no 'label' head"),
    ],
)
def test_options_that_make_no_sense(options: dict, message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        rl.certify(rl.compile(REBER), **options)


def test_nets_that_cannot_be_judged() -> None:
    net = rl.compile(REBER)
    with pytest.raises(
        CertificateError, match="alphabet of parity is 0 1, but that of net 'compiled'"
    ):
        rl.certify(net, rl.load_grammar("parity"))
    with pytest.raises(CertificateError, match="carries no grammar; say which one it is for"):
        rl.certify(net.replace(grammar=None))
    without = net.replace(heads={"legal": net.heads["legal"]})
    with pytest.raises(CertificateError, match="has no 'accept' head, which scope 'all' asks for"):
        rl.certify(without)
    assert rl.certify(without, scope="legal").holds
    assert rl.certify(without, heads=["legal"]).holds
    with pytest.raises(CertificateError, match="has no 'legal' head"):
        rl.certify(net.replace(heads={}))
    labelled = rl.compile(rl.load_grammar("alternating"))
    with pytest.raises(CertificateError, match="has output '0', but the labels of net"):
        rl.certify(labelled.replace(labels=("a", "b")))


@pytest.mark.parametrize("on_violation", ["absorb", "resync"])
@pytest.mark.parametrize(("states", "density"), [(8, 1.0), (12, 0.5)])
def test_states_of_several_cells_hold_with_a_box_for_each(
    states: int, density: float, on_violation: str
) -> None:
    """With 50 symbols a state needs copies; the last symbol tells which of them is active."""
    fsm = random_machine(3, states=states, symbols=50, density=density)
    net = rl.compile(fsm, on_violation=on_violation)
    assert net.size > states + 1
    cert = rl.certify(net)
    assert cert.holds
    assert cert.k == 1
    assert cert.nodes <= net.size + 2
    assert "one for each state and kind of last symbol (k = 1)" in str(cert)
    document = cert.to_dict()
    assert check(document, net).valid
    kinds = document["proof"]["alike"]
    assert all(len(kind["symbols"]) > 1 for kind in kinds)


def test_no_symbols_share_a_box_where_each_state_is_one_cell() -> None:
    net = rl.compile(rl.load_grammar("reber"))
    judged = claim(net, net.grammar, None, None)
    assert shared_symbols(net, judged, ARITHMETICS["real"]) is None


@pytest.mark.parametrize("size", [1e305, 1.5e308])
def test_sums_that_overflow_are_not_judged(size: float) -> None:
    """As a sum of float64 the candidate is NaN or of the other sign: nothing can be said."""
    net = rl.compile(rl.load_grammar("parity"))
    bias = net.bias_ih.copy()
    bias[net.rows("candidate")] = size
    for changed in (net.replace(bias_ih=bias), net.replace(bias_ih=bias, bias_hh=bias)):
        with pytest.raises(CertificateError, match=r"has in its gates a row of weights of total"):
            rl.certify(changed)
    accept = Head(net.heads["accept"].weight * size, net.heads["accept"].bias)
    with pytest.raises(CertificateError, match="has in its accept head a row of weights of total"):
        rl.certify(net.replace(heads=dict(net.heads) | {"accept": accept}))


def test_huge_weights_that_do_not_overflow_are_judged() -> None:
    net = rl.compile(rl.load_grammar("parity"))
    saturated = net.replace(
        bias_ih=net.bias_ih * 1e300,
        weight_ih=net.weight_ih * 1e300,
        weight_hh=net.weight_hh * 1e300,
    )
    cert = rl.certify(saturated)
    assert cert.holds
    assert confirmed(cert, saturated)
    wrong = net.replace(bias_ih=net.bias_ih * 1e300, weight_hh=net.weight_hh * 1e300)
    assert rl.certify(wrong).holds is False
