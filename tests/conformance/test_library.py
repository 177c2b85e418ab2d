"""The suite shows every known fault, and tells each from the others and from what is right."""

import re
from pathlib import Path

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.conformance import check_runtime
from reberlstm.conformance.diagnosis import FEW_WORDS, SLACK, TOLERANCE
from reberlstm.conformance.faults import faults, rounded
from reberlstm.conformance.reference import Reference
from reberlstm.conformance.suite import GAIN, KINDS, checks, uneven, weights_of
from reberlstm.errors import WeightsError
from tests.conformance.runtimes import plain


def outputs(reference, kind):
    """What a reference gives on all short checks, one after the other; infinite where it cannot."""
    found, kept = [], {}
    for check in checks((kind,), 100):
        if check.endures:
            continue
        calls = [call for call in check.calls if len(call.x) <= FEW_WORDS]
        size = sum(call.x.shape[0] * call.x.shape[1] for call in calls) * check.net.layers[-1].size
        try:
            with np.errstate(all="ignore"):
                given = np.concatenate([x.ravel() for x in reference.run(check.net, calls, kept)])
        except (ValueError, IndexError, WeightsError):
            given = np.full(size, 9.0)
        found.append(given if len(given) == size else np.full(size, 9.0))
    return np.nan_to_num(np.concatenate(found), nan=9.0)


@pytest.mark.parametrize(
    "kind",
    [kind if kind == "gru" else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS],
)
def test_faults_are_told_apart(kind):
    known = [fault for fault in faults(kind) if not fault.rounds]
    given = np.array([outputs(x, kind) for x in (Reference(), *(x.reference for x in known))])
    says = ["what is right", *(fault.says for fault in known)]
    for number in range(1, len(given)):
        off = np.abs(given[:number] - given[number]).max(axis=1)
        nearest = int(off.argmin())
        if says[nearest] != says[number]:
            enough = 2 * SLACK * TOLERANCE["float32"]
            assert off[nearest] > enough, f"{says[number]} / {says[nearest]}"


def test_the_nets_still_follow_their_machines():
    """Uneven weights, and numbers of float32: they are proved, for words of every length."""
    for kind in KINDS:
        for grammar, tag in (("reber", "walk"), ("parity", "long")):
            net = uneven(rl.compile(grammar, cell=kind, gain=GAIN), tag)
            assert rl.certify(net, grammar).holds
    (memory,) = (check.net for check in checks(("lstm",), 100) if check.name == "memory")
    assert rl.certify(memory, "embedded-reber").holds


def test_all_numbers_are_those_of_float32():
    for check in checks(steps=100):
        for array in weights_of(check.net).values():
            assert (array == array.astype(np.float32)).all()


@pytest.mark.parametrize(("bits", "dtype"), [(11, np.float16), (24, np.float32)])
def test_rounding_is_that_of_the_formats(bits, dtype):
    values = np.random.default_rng(0).uniform(1e-4, 1, 1000) * 10.0 ** np.arange(5).repeat(200)
    np.testing.assert_array_equal(rounded(values, bits), values.astype(dtype).astype(float))


def test_the_reference_is_the_kernel_of_the_package():
    """On a word of many steps, which it does not run step by step."""
    for kind in KINDS:
        (check,) = (x for x in checks((kind,), 3000) if x.name == "long")
        (hidden,) = Reference().run(check.net, check.calls)
        word = check.calls[0].x[0].argmax(axis=1)
        last = rl.run(check.net, word[None]).hidden[0]
        np.testing.assert_allclose(hidden[0, -1], last, rtol=0, atol=1e-12)


DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text("utf-8")


def test_the_report_in_the_documentation(tmp_path, monkeypatch, capsys):
    """It is that of the runtime above it."""
    part = DOCUMENTATION.split("## A report")[1]
    program, shown = (re.search(f"```{x}\n(.*?)```", part, re.S)[1] for x in ("python", "text"))
    (tmp_path / "mine.py").write_text(program, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["conformance", "--module", "mine.py:run", "--steps", "1000"]) == 1
    seconds = re.compile(r"; [0-9.]+ s$", re.M)
    assert seconds.sub("", capsys.readouterr().out) == seconds.sub("", shown)


def test_a_notebook_shows_a_report():
    found = check_runtime(lambda kind, w, x: 0.0 * plain(kind, w, x), kinds=("rnn",), steps=10)
    html = found._repr_html_()
    assert html.startswith("<pre>&lt;lambda&gt;, float32: 0 of 9 checks right")
    assert html.endswith("</pre>")


def test_the_documentation_lists_every_fault_and_check():
    text = DOCUMENTATION
    names = {fault.name for kind in KINDS for fault in faults(kind, "float64")}
    names |= {fault.name for fault in faults("lstm")} | {check.name for check in checks(steps=100)}
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []
