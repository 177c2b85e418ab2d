"""The checker's own reading of files, its question, its count of the work, and what is damage."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.certificates import Inputs, check, check_files, question
from reberlstm.certificates.checker import is_ours, read_machine, read_net
from reberlstm.certificates.checker.document import RejectedError
from reberlstm.certificates.checker.subject import sha256_of_grammar, sha256_of_net
from reberlstm.certificates.results import digest_of_grammar, digest_of_net
from reberlstm.cli import run
from reberlstm.errors import CertificateError
from reberlstm.formats import toml
from reberlstm.grammars import grammar_names, shipped_file
from reberlstm.net.cells import CELLS
from reberlstm.net.files.safetensors import to_bytes
from reberlstm.net.loading import FOLDER, shipped_names
from reberlstm.net.readouts import Head, Readout, Rule
from tests.certificates.test_checker import with_checksum
from tests.certificates.test_kinds import random_net


def same(own: Any, net: Any) -> None:
    """That the checker reads the same net as the loader."""
    assert sha256_of_net(own) == digest_of_net(net)
    for name in ("name", "alphabet", "cells", "labels", "claims", "on_violation"):
        assert getattr(own, name) == getattr(net, name)
    assert {kind: (str(x.rule), x.rule.threshold, x.extra) for kind, x in own.heads.items()} == {
        kind: (str(x.rule), x.rule.threshold, x.extra) for kind, x in net.heads.items()
    }
    machine = net.grammar
    assert (own.grammar is None) == (machine is None)
    if machine is not None and own.grammar is not None:
        assert sha256_of_grammar(own.grammar) == digest_of_grammar(machine)
    for scope in ("legal", "all"):
        heads = [head for head in net.asked(scope) if head != "label" or machine.outputs]
        if machine is not None:
            assert question(net, machine, scope=scope, heads=heads or None)["heads"] == heads


def test_the_checker_reads_the_files_that_the_loader_reads() -> None:
    paths = [FOLDER / f"{name}.safetensors" for name in shipped_names()]
    ours = [path for path in paths if is_ours(path.read_bytes())]
    assert len(ours) > 20
    for path in ours:
        same(read_net(path.read_bytes(), path.name), rl.load(str(path)))
    for name in grammar_names():
        own = read_machine(shipped_file(name).read_bytes(), name)
        assert sha256_of_grammar(own) == digest_of_grammar(rl.load_grammar(name))


@pytest.mark.parametrize("kinds", [*((kind,) for kind in CELLS), ("gru", "lstm")], ids=" ".join)
def test_nets_of_every_kind_are_read(kinds: tuple[str, ...]) -> None:
    rng = np.random.default_rng(3)
    net = random_net(rng, kinds, 3, 1.0, claims="all", on_violation="resync", labels=("x", "yé"))
    deep = tuple(Head(rng.normal(0, 1, (2, 3 - i)), rng.normal(0, 1, 2)) for i in (0, 1))
    heads = {
        **net.heads,
        "accept": Readout("accept", Rule("argmax"), deep, "relu"),
        "label": Readout("label", Rule("argmax"), deep[:1]),
        "legal": Readout(
            "legal",
            Rule("softmax", 1 / 3),
            (Head(rng.normal(0, 1, (5, 3)), rng.normal(0, 1, 5)),),
            extra=2,
        ),
    }
    start = rng.normal(0, 1, len(net.initial()))
    net = net.replace(heads=heads, start_state=start, suffix=rng.normal(0, 1, (2, 3)))
    net = net.replace(name="n", grammar=rl.load_grammar("regex:(ab|c)*"))
    same(read_net(to_bytes(net), "x"), net)
    net = net.replace(embedding=rng.normal(0, 1, (3, 3)))
    same(read_net(to_bytes(net), "x"), net)


def edited(content: bytes, edit: Any) -> bytes:
    """A safetensors file with another header."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    edit(header)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content[8 + length :]


DAMAGES = {
    "no metadata": lambda h: h.pop("__metadata__"),
    "another version": lambda h: h["__metadata__"].update(format="9"),
    "a tensor twice as long": lambda h: h["legal.weight"].update(data_offsets=[0, 10**9]),
    "a tensor of another shape": lambda h: h["legal.weight"].update(shape=[1]),
    "a tensor turned": lambda h: h["lstm.weight_ih_l0"]["shape"].reverse(),
    "a tensor of integers": lambda h: h["legal.weight"].update(dtype="I64"),
    "a tensor missing": lambda h: h.pop("lstm.bias_hh_l0"),
    "a tensor too many": lambda h: h.update(more=h["legal.bias"]),
    "a symbol twice": lambda h: h["__metadata__"].update(alphabet='["0","0"]'),
    "an alphabet of numbers": lambda h: h["__metadata__"].update(alphabet="[0,1]"),
    "another cell": lambda h: h["__metadata__"].update(cell="gru"),
    "another scope": lambda h: h["__metadata__"].update(claims="some"),
    "a grammar that is none": lambda h: h["__metadata__"].update(grammar="start = 1"),
    "nested": lambda h: h["__metadata__"].update(alphabet="[" * 5_000),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_nets_are_refused(damage: Any) -> None:
    content = to_bytes(rl.compile("parity"))
    read_net(edited(content, lambda header: None), "x")
    with pytest.raises(RejectedError):
        read_net(edited(content, damage), "x")


def test_arrays_that_numpy_would_stretch_are_refused() -> None:
    net = rl.compile("reber")
    own = read_net(to_bytes(net), "x")
    (layer,) = own.layers
    stretched = dataclasses.replace(own, layers=(layer._replace(bias_hh=np.zeros(1)),))
    verdict = check(rl.certify(net).to_dict(), stretched)
    assert verdict.reason == "the weights of a layer 'lstm' do not fit together"


@pytest.mark.parametrize(
    "text",
    [
        "start = 'a'",
        "alphabet = ['x']\nstart = 'b'\n[transitions]\na = {}",
        "alphabet = ['x']\nstart = 'a'\naccepting = ['b']\n[transitions]\na = {}",
        "alphabet = ['x']\nstart = 'a'\n[transitions]\na = { y = 'a' }",
        "alphabet = ['x']\nstart = 'a'\n[transitions]\na = { x = 'b' }",
        "alphabet = ['x', 'x']\nstart = 'a'\n[transitions]\na = {}",
        "alphabet = ['x']\nstart = 'a'\nmore = 1\n[transitions]\na = {}",
        "alphabet = [1]\nstart = 'a'\n[transitions]\na = {}",
        "a = " + "[" * 10_000,
        "a = b",
    ],
)
def test_damaged_machines_are_refused(text: str) -> None:
    with pytest.raises(RejectedError):
        read_machine(text.encode(), "x")


def test_files_are_checked_without_the_loader(tmp_path: Path, monkeypatch: Any) -> None:
    net, machine = tmp_path / "net.safetensors", tmp_path / "m.toml"
    rl.save(rl.compile("reber"), net)
    machine.write_text(toml.write(rl.load_grammar("reber")))
    document = rl.certify(net).to_dict()

    def broken(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("the loader was used")

    monkeypatch.setattr("safetensors.deserialize", broken)
    monkeypatch.setattr("reberlstm.formats.toml.read", broken)
    verdict = check_files(document, net, machine)
    assert verdict.valid
    assert check_files(document, net).valid
    assert "its scope is 'all'" not in check_files(document, net, scope="legal").reason
    assert check_files(document, net, noise=0.1).reason == "its noise is 0.0, not 0.1 as asked"
    with pytest.raises(CertificateError, match=r"gone\.toml: cannot be read: No such file"):
        check_files(document, net, tmp_path / "gone.toml")
    machine.write_text("x")
    with pytest.raises(CertificateError, match=r"m\.toml: the checker finds"):
        check_files(document, net, machine)
    weights = bytearray(net.read_bytes())
    weights[-1] ^= 0x40
    net.write_bytes(bytes(weights))
    assert "it is about other weights" in check_files(document, net).reason


WEAKER: dict[str, dict[str, Any]] = {
    "scope": {"scope": "legal"},
    "heads": {"heads": ["accept"]},
    "noise": {"noise": 0.0},
    "a narrower range": {"inputs": (0.0, 1.0, 1.0)},
}
OTHER: dict[str, dict[str, Any]] = {
    "noise": {"noise": 0.02},
    "arithmetic": {"arithmetic": "float32"},
    "input noise": {"inputs": (0.02, 1.0, 1.0)},
    "a wider range": {"inputs": (0.01, 0.9, 1.0)},
    "a range elsewhere": {"inputs": (0.0, 2.0, 2.0)},
}


def test_an_answer_to_a_stronger_question_is_an_answer() -> None:
    net = rl.compile("parity")
    answered = {"noise": 0.01, "inputs": Inputs(0.01, 0.95, 1.05)}
    document = rl.certify(net, **answered).to_dict()
    usual = question(net, **answered)
    assert check(document, net, asked=usual).valid
    inputs = (0.01, 0.95, 1.05)
    for changes in WEAKER.values():
        asked = question(net, **({"noise": 0.01, "inputs": Inputs(*inputs)} | as_inputs(changes)))
        verdict = check(document, net, asked=asked)
        assert verdict.valid
        assert "; that decides what was asked: " in verdict.reason
    for changes in OTHER.values():
        asked = question(net, **({"noise": 0.01, "inputs": Inputs(*inputs)} | as_inputs(changes)))
        verdict = check(document, net, asked=asked)
        assert verdict.valid is False
        assert "as asked" in verdict.reason
    legal = rl.certify(net, scope="legal").to_dict()
    assert "its scope is 'legal', not 'all'" in check(legal, net, asked=question(net)).reason


def as_inputs(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: Inputs(*x) if name == "inputs" else x for name, x in changes.items()}


def test_a_refutation_of_less_refutes_more() -> None:
    net = rl.published()
    document = rl.certify(net).to_dict()
    asked = question(net)
    assert check(document, net, asked=asked | {"scope": "all", "noise": 0.1}).valid
    noisy = rl.certify(net, noise=0.1).to_dict()
    assert "its noise is 0.1, not 0.0 as asked" in check(noisy, net, asked=asked).reason


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = run(["certify", *arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_work_is_counted_before_it_is_begun(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    net, path = rl.compile("tomita-3"), tmp_path / "bomb.json"
    document = rl.certify(net).to_dict()
    for seconds in (60.0, float("nan"), 0.0):
        document["proof"]["stride"] = 16
        with pytest.raises(CertificateError, match=r"^not checked: [\d,]+ steps would take about"):
            check(with_checksum(document), net, seconds=seconds)
    path.write_text(json.dumps(with_checksum(document)))
    status, out, err = ask(capsys, "tomita-3", "--check", str(path))
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {path}: not checked: ")
    assert err.endswith(" 60 s are allowed; allow more with --seconds (seconds=)\n")
    refutation = rl.certify(rl.published()).to_dict()
    refutation["refutation"]["word"] *= 100_000
    with pytest.raises(CertificateError, match=r"^not checked: 1,100,000 steps"):
        check(with_checksum(refutation), rl.published())
    document["proof"]["stride"] = 1
    assert check(with_checksum(document), net, seconds=1.0).valid
    with pytest.raises(CertificateError, match="not checked"):
        check(with_checksum(document), net, seconds=0.01, exact=True)


def test_damage_is_no_answer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "cert.json"
    document = rl.certify(rl.compile("parity")).to_dict()
    texts = {
        '{"q": ' + "[" * 100_000: "nested too deeply",
        "": "not JSON",
        json.dumps(document | {"note": 1}): "'note' is not expected",
        json.dumps(document | {"checksum": "0"}): "the checksum does not fit: the file is damaged",
        json.dumps(document | {"proof": document["proof"] | {"boxes": 7}}): "not of the form",
    }
    for text, said in texts.items():
        path.write_text(text)
        status, out, err = ask(capsys, "parity", "--check", str(path))
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert said in err


def test_what_was_read_and_what_was_trusted_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file, net, dot = (str(tmp_path / name) for name in ("c.json", "net.npz", "m.dot"))
    assert ask(capsys, "reber", "--net", "reber-4", "-o", file)[0] == 0
    said = ask(capsys, "reber", "--net", "reber-4", "--check", file, "--exact")[1]
    assert "in whole numbers" in said
    assert said.endswith("\n  weights and machine read by the checker itself\n")
    rl.save(rl.load("reber-4"), net)
    rl.grammars.save_grammar("reber", dot)
    said = " ".join(ask(capsys, dot, "--net", net, "--check", file)[1].split())
    assert said.endswith(f" trusted: the loader of {net}, the reader of {dot}")
    said = ask(capsys, "reber", "--net", "reber-4", "--readout", "logit>0", "--check", file)[1]
    assert "  machine read by the checker itself; trusted: the loader of reber-4" in said
    answer = json.loads(ask(capsys, "reber", "--net", "reber-4", "--check", file, "--json")[1])
    assert answer["read_by_checker"] == ["machine", "net"]
    assert ask(capsys, "reber", "--exact")[0] == 2


ODD: tuple[Any, ...] = (None, True, 0, -1, 10**30, -(10**400), 1.5, "", "\ud800", [], [[]], {})


def spoilt(value: Any, rng: random.Random) -> Any:
    """The value with one part of it replaced, taken away or added."""
    if not isinstance(value, dict | list) or not value or rng.random() < 0.1:
        return rng.choice(ODD)
    spoilt_one = copy.copy(value)
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key: Any = rng.choice(list(keys))
    if rng.random() < 0.1:
        spoilt_one.pop(key)
    else:
        spoilt_one[key] = spoilt(value[key], rng)
    return spoilt_one


def test_whatever_a_file_holds_there_is_an_answer() -> None:
    """Never an error of another kind: of certificates, nets and machines with a random part odd."""
    rng = random.Random(1)
    nets = (rl.compile("parity"), rl.published())
    documents = [rl.certify(net).to_dict() for net in nets]
    contents = [*map(to_bytes, nets), shipped_file("reber").read_bytes()]
    for number in range(200):
        net, document = nets[number % 2], documents[number % 2]
        assert not check(spoilt(document, rng), net, exact=number % 20 == 0).valid
        content = bytearray(contents[number % 3])
        for _ in range(3):
            content[rng.randrange(min(1_000, len(content)))] = rng.randrange(256)
        with contextlib.suppress(RejectedError):
            (read_machine if number % 3 == 2 else read_net)(bytes(content), "x")
