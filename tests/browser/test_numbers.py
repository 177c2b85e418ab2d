"""The page computes the same numbers as Python, for both kinds of cell."""

from __future__ import annotations

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.net.weights import Head
from reberlstm.render.page import explorer_page

pytestmark = pytest.mark.browser

TOLERANCE = 1e-9

STEPS = """([net, text, slots]) => {
  const app = window.explorer;
  app.slots = slots;
  const word = text.map((symbol) => app.machine.alphabet.indexOf(symbol));
  app.setWord(word, word.length);
  const entry = app.nets[net];
  return entry.steps.map((step) => ({
    gates: step.gates && Object.fromEntries(
      Object.entries(step.gates).map(([name, values]) => [name, [...values]])),
    c: [...step.c], h: [...step.h], reader: [...step.reader],
    offers: step.offers.map((symbol) => app.machine.alphabet[symbol]),
  }));
}"""


def trained_like(fsm, seed, cells=9):
    """A dense net with random weights: nothing in it is saturated."""
    random = np.random.default_rng(seed)
    alphabet = tuple(reversed(fsm.alphabet))
    size = len(alphabet)
    return rl.LSTMWeights(
        alphabet=alphabet,
        cells=tuple(f"unit {cell}" for cell in range(cells)),
        weight_ih=random.normal(size=(4 * cells, size)),
        weight_hh=random.normal(size=(4 * cells, cells)),
        bias_ih=random.normal(size=4 * cells),
        bias_hh=random.normal(size=4 * cells),
        heads={"legal": Head(random.normal(size=(size, cells)), random.normal(size=size))},
        name="trained",
    )


@pytest.fixture(scope="module")
def reber():
    return rl.load_grammar("reber")


@pytest.fixture(scope="module")
def nets(reber):
    return [rl.compile(reber), rl.published(), trained_like(reber, 1)]


@pytest.fixture(scope="module")
def path(reber, nets, folder):
    path = folder / "three.html"
    path.write_text(explorer_page(reber, nets), encoding="utf-8")
    return path


@pytest.mark.parametrize("slots", [0, 1, 2])
def test_every_gate_agrees_with_python(open_page, path, reber, nets, slots):
    page = open_page(path)
    words = [reber.word("BTSSSSSSXXV"), reber.word("BTSSPEEB"), *reber.sample(4, seed=3)]
    words.append(reber.word("BP" + "T" * 150 + "VV"))
    worst = 0.0
    for word in words:
        for number, net in enumerate(nets):
            expected = rl.trace(net, word, grammar=reber, snap=slots > 0, slots=slots or 1)
            steps = page.evaluate(STEPS, [number, list(word), slots])
            order = [net.alphabet.index(symbol) for symbol in reber.alphabet]
            for step, record in zip(steps[1:], expected.steps, strict=True):
                assert set(step["gates"]) == set(record.gates)
                for gate, values in record.gates.items():
                    worst = max(worst, np.abs(np.array(step["gates"][gate]) - values).max())
                worst = max(worst, np.abs(np.array(step["c"]) - record.memory).max())
                worst = max(worst, np.abs(np.array(step["h"]) - record.hidden).max())
                reader = np.array(list(record.reader.values()))[order]
                worst = max(worst, np.abs(np.array(step["reader"]) - reader).max())
                assert set(step["offers"]) == set(record.legal)
            assert set(steps[0]["offers"]) == set(expected.offered_first)
    assert worst < TOLERANCE


@pytest.mark.parametrize("gain", [3.0, 7.5])
def test_the_gain_of_a_compiled_net_is_that_of_the_compiler(open_page, path, reber, gain):
    page = open_page(path)
    page.evaluate("(gain) => explorer.setFactor(explorer.nets[0], gain / 20)", gain)
    word = reber.word("BTSSXXTVVE")
    steps = page.evaluate(STEPS, [0, list(word), 0])
    expected = rl.trace(rl.compile(reber, gain=gain), word)
    for step, record in zip(steps[1:], expected.steps, strict=True):
        for gate, values in record.gates.items():
            assert np.array(step["gates"][gate]) == pytest.approx(values, abs=TOLERANCE)


def test_the_numbers_shown_are_those_computed(open_page, path, reber, nets):
    page = open_page(path, "#string=BTSSXXTVVE&step=7&nets=0,1")
    record = rl.trace(nets[1], "BTSSXXT").steps[-1]
    cells = page.get_by_role("grid", name="published").locator("tbody tr")
    assert cells.count() == 6
    for index in range(6):
        values = cells.nth(index).locator("td").evaluate_all("e => e.map(x => x.dataset.value)")
        expected = [record.gates[g][index] for g in ("forget", "candidate", "input")]
        assert [float(v) for v in values[1:4]] == pytest.approx(expected, abs=TOLERANCE)
        assert float(values[4]) == pytest.approx(record.memory[index], abs=TOLERANCE)


@pytest.mark.parametrize("name", ["parity", "embedded-reber"])
def test_other_grammars_run_too(open_page, folder, name):
    fsm = rl.load_grammar(name)
    net = rl.compile(fsm)
    path = folder / f"{name}.html"
    path.write_text(explorer_page(fsm, [net]), encoding="utf-8")
    page = open_page(path)
    for word in fsm.sample(3, seed=5):
        steps = page.evaluate(STEPS, [0, list(word), 0])
        for step, record in zip(steps[1:], rl.trace(net, word).steps, strict=True):
            assert np.array(step["c"]) == pytest.approx(record.memory, abs=TOLERANCE)
            assert tuple(step["offers"]) == record.legal
    assert page.locator(".verdict.right").count() == 1


def test_a_net_that_starts_over_after_a_violation(open_page, folder):
    fsm = rl.load_grammar("reber")
    net = rl.compile(fsm, on_violation="resync")
    path = folder / "resync.html"
    path.write_text(explorer_page(fsm, [net]), encoding="utf-8")
    page = open_page(path, "#string=BTEBPT&step=6")
    assert page.locator(".verdict").inner_text().startswith("✓ right")
    assert "T led from node 5 to node 5" in page.locator("#graph-text").inner_text()
