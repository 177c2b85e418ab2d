"""Certificates that were tampered with are rejected, with the reason."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

import reberlstm as rl
from reberlstm.certificates import Refutation, Unknown, check
from reberlstm.certificates.results import digest_of_net, to_json
from reberlstm.errors import CertificateError
from reberlstm.net.net import LSTMWeights
from tests.strategies import random_machine

Document = dict[str, Any]

REBER = rl.load_grammar("reber")
NET = rl.compile(REBER)
PROOF = rl.certify(NET).to_dict()
REFUTATION = rl.certify(rl.published()).to_dict()


def with_checksum(document: Document) -> Document:
    """The document with a checksum that fits: tampering by someone who knows the format."""
    content = {key: value for key, value in document.items() if key not in ("checksum", "seal")}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return content | {"checksum": hashlib.sha256(text.encode()).hexdigest()}


def rejected(document: Document, net: LSTMWeights = NET) -> str:
    """The reason why it is rejected."""
    verdict = check(json.dumps(document), net)
    assert verdict.valid is False
    assert "\n" not in verdict.reason
    return verdict.reason


def narrower(document: Document) -> None:
    interval = next(i for i in document["proof"]["intervals"] if i[1] - i[0] > 1e-10)
    interval[1] = interval[0]


def first_box(document: Document) -> Document:
    return document["proof"]["boxes"][0]


TAMPERINGS: dict[str, tuple[Callable[[Document], Any], str]] = {
    "a box shrunk": (narrower, r"from .*: h of cell .* may be in \[.*\], which is not inside"),
    "a margin raised": (
        lambda d: d["proof"]["margins"].update(legal=0.3808),
        r"the margin of head 'legal' is 0\.38079\d+, not 0\.3808 as claimed",
    ),
    "a margin removed": (
        lambda d: d["proof"]["margins"].pop("accept"),
        "the margin of head 'accept' is missing",
    ),
    "a margin of another head": (
        lambda d: d["proof"]["margins"].update(label=0.1),
        "the margin of head 'label' is not asked for",
    ),
    "a node missing": (lambda d: d["proof"]["boxes"].pop(3), "there is no box for state '5'"),
    "a node too many": (
        lambda d: d["proof"]["boxes"].append(dict(first_box(d), state="start")),
        "the box for state 'start' is not of scope 'all'",
    ),
    "a node of another state": (
        lambda d: first_box(d).update(state="7"),
        "there is no box for state '0'",
    ),
    "scope legal": (
        lambda d: d.update(scope="legal"),
        "the box for (the state after a violation|state 'end') is not of scope 'legal'",
    ),
    "scope some": (lambda d: d.update(scope="some"), "scope 'some' is neither 'legal' nor 'all'"),
    "another machine": (
        lambda d: d.update(arithmetic="bfloat16"),
        r"from .*: . of cell .* may be in",
    ),
    "an unknown machine": (
        lambda d: d.update(arithmetic="float8"),
        "arithmetic 'float8' is none of real float64",
    ),
    "noise": (lambda d: d.update(noise=0.01), "may be in"),
    "noise that is not a number": (
        lambda d: d.update(noise="0"),
        "noise is '0', not a finite number",
    ),
    "inputs": (lambda d: d["inputs"].update(low=0.5), "may be in"),
    "other inputs": (lambda d: d["inputs"].update(low=2.0), "the inputs end before they begin"),
    "k": (lambda d: d["proof"].update(k=1), "there is no box for state '0', last 'B'"),
    "k below zero": (lambda d: d["proof"].update(k=-1), "k = -1 is not in 0…1000"),
    "a huge stride": (lambda d: d["proof"].update(stride=99), "stride = 99 is not in 1…16"),
    "no stride": (lambda d: d["proof"].pop("stride"), "'stride' is missing in proof"),
    "a key too many in the proof": (
        lambda d: d["proof"].update(trust=1),
        "'trust' is not expected in proof",
    ),
    "k as text": (lambda d: d["proof"].update(k="0"), "k = '0' is not in 0…1000"),
    "other weights": (
        lambda d: d["net"].update(sha256="0" * 64),
        "it is about other weights than 'compiled'",
    ),
    "another grammar": (
        lambda d: d["grammar"].update(sha256="0" * 64),
        "it is about another grammar than reber",
    ),
    "other cells": (
        lambda d: d["net"]["cells"].reverse(),
        "the names of the cells are not those of the net",
    ),
    "another format": (lambda d: d.update(format="x"), "format 'x', version 2; expected"),
    "another version": (lambda d: d.update(version=4), "version 4; expected"),
    "the version of counters": (lambda d: d.update(version=3), "'proof' is not expected"),
    "another outcome": (lambda d: d.update(outcome="perhaps"), "outcome 'perhaps' is none of"),
    "an outcome without its part": (
        lambda d: d.update(outcome="unknown"),
        "'proof' is not expected",
    ),
    "a key too many": (lambda d: d.update(note="trust me"), "'note' is not expected"),
    "a key missing": (lambda d: d.pop("heads"), "'heads' is missing"),
    "no heads": (lambda d: d.update(heads=[]), r"heads \[\] cannot be certified"),
    "heads in another order": (
        lambda d: d.update(heads=["accept", "legal"]),
        "cannot be certified",
    ),
    "a head that is not there": (
        lambda d: d.update(heads=["legal", "accept", "label"]),
        "head 'label' is listed, but net or grammar has none",
    ),
    "fewer heads": (
        lambda d: d.update(heads=["legal"]),
        "there are readouts of heads that are not listed",
    ),
    "fewer heads and readouts": (
        lambda d: d.update(heads=["legal"], readouts={"legal": "logit > 0"}),
        "the margin of head 'accept' is not asked for",
    ),
    "another reading": (
        lambda d: d["readouts"].update(legal="softmax > 0.1"),
        "it reads head 'legal' by 'softmax > 0.1', but the net is read by logit > 0",
    ),
    "no reading": (lambda d: d.pop("readouts"), "'readouts' is missing"),
    "an interval of three": (
        lambda d: d["proof"]["intervals"][0].pop(),
        r"interval \[.*\] has not four ends",
    ),
    "an interval upside down": (
        lambda d: d["proof"]["intervals"][0].reverse(),
        r"interval \[.*\] is empty",
    ),
    "h unbounded": (
        lambda d: d["proof"]["intervals"][0].__setitem__(0, None),
        "h is unbounded",
    ),
    "an end as text": (
        lambda d: d["proof"]["intervals"][0].__setitem__(0, "-1"),
        "an interval is '-1', not a finite number",
    ),
    "an end as a huge integer": (
        lambda d: d["proof"]["intervals"][0].__setitem__(0, -(10**400)),
        "not of the form",
    ),
    "true for a number": (
        lambda d: d["proof"]["intervals"][0].__setitem__(0, True),
        "an interval is True, not a finite number",
    ),
    "an interval that is not there": (
        lambda d: first_box(d).update(most=10**6),
        "not of the form of a certificate",
    ),
    "a negative index": (lambda d: first_box(d).update(most=-1), "-1 is not the number of"),
    "an unknown cell": (
        lambda d: first_box(d)["others"].update(nobody=0),
        "not of the form of a certificate: KeyError",
    ),
    "a box of another shape": (
        lambda d: first_box(d).update(extra=1),
        "'extra' is not expected in box",
    ),
    "boxes as text": (lambda d: d["proof"].update(boxes=7), "not of the form of a certificate"),
}


def test_the_untouched_certificate_is_valid() -> None:
    verdict = check(to_json(PROOF), NET)
    assert verdict.valid
    assert verdict.outcome == "holds"
    assert re.fullmatch(
        r"scope all, heads legal accept: 8 boxes, 63 steps into them and every head on every box "
        r"verified; smallest margin 0\.380797",
        verdict.reason,
    )
    assert check(PROOF, NET).valid
    assert check(to_json(PROOF).encode(), NET, REBER).valid


@pytest.mark.parametrize(("tamper", "reason"), TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_tampering_is_rejected_even_with_a_checksum_that_fits(
    tamper: Callable[[Document], Any], reason: str
) -> None:
    document = copy.deepcopy(PROOF)
    tamper(document)
    assert re.search(reason, rejected(with_checksum(document)))
    rejected(document)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda d: d["proof"]["margins"].update(legal=0.2),
        lambda d: d["net"].update(name="somebody else's"),
        lambda d: d["net"].update(gain=1.0),
    ],
    ids=["a margin lowered", "the name", "the gain"],
)
def test_what_stays_true_is_rejected_by_the_checksum(tamper: Callable[[Document], Any]) -> None:
    document = copy.deepcopy(PROOF)
    tamper(document)
    assert "the checksum does not fit: the file is damaged or was edited" in rejected(document)
    assert check(with_checksum(document), NET).valid


def test_the_checksum_of_older_files_is_read_under_its_old_name() -> None:
    document = copy.deepcopy(PROOF)
    document["seal"] = document["checksum"]
    assert rejected(document) == "it has not one checksum"
    del document["checksum"]
    assert check(document, NET).valid


def test_every_number_of_every_box_counts() -> None:
    """Each interval in turn collapsed to a point: none of them is there for nothing."""
    for number, ends in enumerate(PROOF["proof"]["intervals"]):
        for end in (0, 2):
            document = copy.deepcopy(PROOF)
            middle = 0.5 * (ends[end] + ends[end + 1]) + 1e-3
            document["proof"]["intervals"][number][end : end + 2] = [middle, middle]
            assert "not inside" in rejected(with_checksum(document))


def test_other_weights_are_found_out_by_the_boxes_too() -> None:
    """With a hash that was made to fit, the steps leave the boxes."""
    weights = NET.weight_hh.copy()
    place = tuple(pair[0] for pair in weights.nonzero())
    weights[place] *= -1.0
    other = NET.replace(weight_hh=weights)
    document = copy.deepcopy(PROOF)
    assert "other weights" in rejected(document, other)
    document["net"]["sha256"] = digest_of_net(other)
    assert "not inside" in rejected(with_checksum(document), other)


def test_another_grammar_is_found_out_by_the_heads_too() -> None:
    document = copy.deepcopy(PROOF)
    other = rl.FSM(
        alphabet=REBER.alphabet,
        start="start",
        accepting={"3"},
        transitions=REBER.transitions,
        name="reber",
    )
    assert check(document, NET, other).reason.startswith("it is about another grammar")
    from reberlstm.certificates.results import digest_of_grammar

    document["grammar"]["sha256"] = digest_of_grammar(other)
    assert (
        "head 'accept' may be wrong in the box for state"
        in check(with_checksum(document), NET, other).reason
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        ("[]", "not a JSON object but list"),
        ("{}", "format None, version None"),
        ('{"format": 1, "format": 2}', "key 'format' stands twice"),
        (to_json(PROOF).replace('"noise": 0.0,\n', '"noise": NaN,\n'), "NaN is not a number"),
        (
            to_json(PROOF)
            .replace("[[", "[[-Infinity, ")
            .replace("[\n    [", "[\n    [-Infinity, "),
            "-Infinity",
        ),
        (to_json(PROOF).replace('"noise": 0.0,\n', '"noise": 1e999,\n'), "noise is inf"),
        (to_json(PROOF).replace('"noise": 0.0,\n', f'"noise": {"9" * 5_000},\n'), "not JSON"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_texts_that_are_no_certificates(text: str | bytes, reason: str) -> None:
    verdict = check(text, NET)
    assert verdict.valid is False
    assert reason in verdict.reason


REFUTATION_TAMPERINGS: dict[str, tuple[Callable[[Document], Any], str]] = {
    "a right word": (
        lambda r: r.update(word=list("BTSSSSSXXV")),
        "head 'legal' is right after 'BTSSSSSXXV'",
    ),
    "an illegal word": (
        lambda r: r.update(word=list("BTV")),
        "symbol 'V' at position 3 leaves scope 'legal'",
    ),
    "a finished word": (
        lambda r: r.update(word=list("BTXSE")),
        "symbol 'E' at position 5 leaves scope 'legal'",
    ),
    "the empty word": (lambda r: r.update(word=[]), "the empty word is not in scope 'legal'"),
    "an unknown symbol": (lambda r: r.update(word=["B", "?"]), "symbol '\\?' at position 2"),
    "other symbols offered": (
        lambda r: r.update(said=["P"]),
        "head 'legal' does not say \\['P'\\] after 'BTSSSSSSXXV'",
    ),
    "other symbols allowed": (lambda r: r.update(right=["P"]), "'right' is \\['P'\\], but it must"),
    "another head": (lambda r: r.update(head="accept"), "head 'accept' is not among those listed"),
    "another margin": (
        lambda r: r.update(margin=-3.0),
        "the margin is in \\[-0.049.*, -0.049.*\\], not -3 as claimed",
    ),
}


@pytest.mark.parametrize(
    ("tamper", "reason"), REFUTATION_TAMPERINGS.values(), ids=REFUTATION_TAMPERINGS.keys()
)
def test_refutations_are_replayed(tamper: Callable[[Document], Any], reason: str) -> None:
    verdict = check(REFUTATION, rl.published())
    assert verdict.valid
    assert verdict.reason.startswith("after BTSSSSSSXXV head 'legal' is wrong")
    document = copy.deepcopy(REFUTATION)
    tamper(document["refutation"])
    assert re.search(reason, rejected(with_checksum(document), rl.published()))


def test_refutations_on_every_machine() -> None:
    for name in ("float64", "float32", "int8"):
        cert = rl.certify(rl.published(), arithmetic=name)
        assert cert.holds is False
        assert check(cert.to_dict(), rl.published()).valid
    # Rounded so roughly, eleven steps do not decide, but a longer word does.
    cert = rl.certify(rl.published(), arithmetic="float16")
    assert isinstance(cert, Refutation)
    assert (cert.shortest, cert.none_shorter_than) == (False, 11)
    assert check(cert.to_dict(), rl.published()).valid
    cert = rl.certify(rl.published(), arithmetic="bfloat16", max_states=5_000, max_k=1)
    assert isinstance(cert, Unknown)
    assert cert.suspect is not None
    assert (len(cert.suspect[0]), cert.depth) == (11, 10)
    assert check(cert.to_dict(), rl.published()).valid is None


def test_an_unknown_certificate_says_nothing() -> None:
    cert = rl.certify(NET, noise=0.3, max_k=0, max_states=100)
    verdict = check(cert.to_dict(), NET)
    assert verdict.valid is None
    assert "nothing to check" in verdict.reason


def test_a_proof_of_the_start_state_that_comes_again() -> None:
    """The empty word and later words in the start state are different nodes: both are checked."""
    net = rl.compile(rl.load_grammar("parity"))
    document = rl.certify(net).to_dict()
    box = next(box for box in document["proof"]["boxes"] if box["state"] == "even")
    document["proof"]["intervals"].append([0.0, 0.0, 0.0, 0.0])
    box.update(most=len(document["proof"]["intervals"]) - 1, others={})
    assert "the box for state 'even'" in rejected(with_checksum(document), net)


def test_what_the_checker_cannot_be_asked() -> None:
    with pytest.raises(CertificateError, match="carries no grammar"):
        check(PROOF, NET.replace(grammar=None))
    with pytest.raises(CertificateError, match="the alphabet of parity is 0 1"):
        check(PROOF, NET, rl.load_grammar("parity"))


def test_symbols_that_are_said_to_share_a_box() -> None:
    """They only name boxes: whatever is said of them, steps have to lead into these boxes."""
    net = rl.compile(random_machine(3, states=8, symbols=12, targets=3))
    document = rl.certify(net).to_dict()
    kinds = document["proof"]["alike"]
    assert check(document, net).valid
    other = copy.deepcopy(document)
    first, second = next(
        (a, b) for a in kinds for b in kinds if a["state"] == b["state"] and a is not b
    )
    number = next(n for n, kind in enumerate(kinds) if kind is second)
    other["proof"]["alike"][number]["symbols"] += first["symbols"]
    other["proof"]["alike"].remove(first)
    assert "not inside" in rejected(with_checksum(other), net)
    other = copy.deepcopy(document)
    other["proof"]["alike"].append(first)
    assert "twice, or stands in a proof with k = 1" in rejected(with_checksum(other), net)
    other = copy.deepcopy(document)
    other["proof"]["alike"].pop()
    assert "there is no box for" in rejected(with_checksum(other), net)
    other = copy.deepcopy(document)
    other["proof"]["k"] = 0
    assert "or stands in a proof with k = 0" in rejected(with_checksum(other), net)
    other["proof"]["k"] = 1
    for nonsense in (7, [7], [{}], [{"state": [], "symbols": ["a"]}], {"a": 1}):
        other["proof"]["alike"] = nonsense
        assert "not of the form" in rejected(with_checksum(other), net)


def test_sums_that_overflow_are_rejected() -> None:
    weight = NET.weight_ih * 1e305
    other = NET.replace(weight_ih=weight)
    document = copy.deepcopy(PROOF)
    document["net"]["sha256"] = digest_of_net(other)
    assert rejected(with_checksum(document), other) == "a sum may overflow float64"


def test_long_work_is_begun_only_where_the_checksum_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    document = copy.deepcopy(PROOF)
    document["proof"]["stride"] = 3
    monkeypatch.setattr("reberlstm.certificates.checker.AT_ONCE", 0.0)
    monkeypatch.setattr("reberlstm.certificates.checker.steps.Paths.step", None)
    verdict = check(document, NET)
    assert verdict.damaged
    assert "the checksum does not fit" in verdict.reason
