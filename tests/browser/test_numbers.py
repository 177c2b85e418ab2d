"""The page computes the same numbers as Python, for both kinds of cell."""

from __future__ import annotations

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.net import Net
from reberlstm.net.readouts import Head, Readout, Rule
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
    c: [...step.c], h: [...step.h], reader: step.reader && [...step.reader], ends: step.ends,
    offers: step.offers && step.offers.map((symbol) => app.machine.alphabet[symbol]),
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
    path.write_text(explorer_page(reber, nets, shown=3), encoding="utf-8")
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


# Nets of every kind


def random_layer(random, kind, size, inputs):
    rows = len(CELLS[kind].gates) * size
    arrays = [random.normal(size=(rows, n)) * 0.7 for n in (inputs, size)]
    return Layer(CELLS[kind], *arrays, random.normal(size=rows), random.normal(size=rows))


def random_net(
    fsm, kinds, seed, *, vectors=False, units=0, suffix=0, start=False, rules=None, extra=0
):
    """Layers of the given kinds with random weights, symbols in another order than the grammar's."""
    random = np.random.default_rng(seed)
    alphabet = tuple(random.permutation(fsm.alphabet).tolist())
    width = 3 if vectors else len(alphabet)
    layers, inputs = [], width
    for number, kind in enumerate(kinds):
        layers.append(random_layer(random, kind, 3 + number, inputs))
        inputs = 3 + number

    def linear(rows, columns):
        return Head(random.normal(size=(rows, columns)), random.normal(size=rows))

    heads = {}
    for kind, rule in (rules or {"legal": "logit>0.2", "accept": "logit>-0.1"}).items():
        rows = 1 if kind == "accept" else len(alphabet) + extra
        rows += rule == "argmax"
        parts = (linear(units, inputs), linear(rows, units)) if units else (linear(rows, inputs),)
        heads[kind] = Readout(kind, Rule.parse(rule), parts, "relu" if units else "", extra=extra)
    states = sum(len(layer.cell.parts) * layer.size for layer in layers)
    return Net.of(
        alphabet=alphabet,
        layers=tuple(layers),
        heads=heads,
        embedding=random.normal(size=(len(alphabet), width)) if vectors else None,
        suffix=random.normal(size=(suffix, width)) if suffix else None,
        start_state=random.normal(size=states) if start else None,
        name=f"{'-'.join(kinds)} {seed}",
    )


KINDS = {
    **{kind: {"kinds": [kind]} for kind in CELLS},
    "stack": {"kinds": ["gru", "gru"]},
    "mixed stack": {"kinds": ["lstm", "gru-before", "rnn"], "start": True},
    "vectors and a start": {"kinds": ["lstm"], "vectors": True, "start": True},
    "suffix": {"kinds": ["gru"], "vectors": True, "suffix": 2},
    "softmax": {"kinds": ["rnn"], "rules": {"next": "softmax>0.13"}},
    "outputs for no symbol": {"kinds": ["gru"], "rules": {"legal": "softmax>0.13"}, "extra": 2},
    "tanh": {"kinds": ["gru"], "rules": {"legal": "tanh>0.4", "accept": "argmax"}},
    "units": {"kinds": ["lstm", "lstm"], "units": 5},
    "acceptor": {"kinds": ["gru"], "rules": {"accept": "logit>0"}},
    "acceptor of two": {"kinds": ["rnn-relu"], "units": 4, "rules": {"accept": "argmax"}},
}


@pytest.mark.parametrize("which", KINDS)
def test_every_kind_of_net_runs_as_in_python(open_page, folder, reber, which):
    nets = [random_net(reber, seed=seed, **KINDS[which]) for seed in (1, 2)]
    path = folder / f"{which}.html"
    path.write_text(explorer_page(reber, nets, shown=2), encoding="utf-8")
    page = open_page(path)
    for number, net in enumerate(nets):
        order = [net.alphabet.index(symbol) for symbol in reber.alphabet]
        for word in reber.sample(2, seed=number):
            steps = page.evaluate(STEPS, [number, list(word), 0])
            state = net.initial()
            compare_answers(net, state, steps[0], order)
            for shown, symbol in zip(steps[1:], word, strict=True):
                found = net.record(state, net.alphabet.index(symbol))
                at = 0
                for layer, part in zip(net.layers, found, strict=True):
                    own = slice(at, at + layer.size)
                    at += layer.size
                    for gate, values in part.gates.items():
                        assert shown["gates"][gate][own] == pytest.approx(values, abs=TOLERANCE)
                    assert shown["h"][own] == pytest.approx(part.hidden, abs=TOLERANCE)
                    assert shown["c"][own] == pytest.approx(part.state[-1], abs=TOLERANCE)
                state = np.concatenate([x for part in found for x in part.state])
                compare_answers(net, state, shown, order)
    look_at_every_number(page, nets)


def compare_answers(net, state, shown, order):
    answers = net.observe(state[np.newaxis])
    if answers.legal is None:
        assert shown["offers"] is None
    else:
        assert shown["reader"] == pytest.approx(net.values("legal", state)[order], abs=TOLERANCE)
        offered = {a for a, yes in zip(net.alphabet, answers.legal[0], strict=True) if yes}
        assert set(shown["offers"]) == offered
    assert shown["ends"] == (None if answers.accept is None else bool(answers.accept[0]))


def look_at_every_number(page, nets):
    """Each number's formula comes to the number, and each weight that is shown can be changed."""
    faults = page.evaluate("""async () => {
      const app = window.explorer;
      const faults = [];
      app.goTo(3);
      for (const entry of app.nets) {
        const elements = entry.card.root.querySelectorAll("td[role=gridcell], button.answer");
        for (const element of elements) {
          element.click();
          const { place } = app.selected;
          const name = `${entry.net.name} ${JSON.stringify(place)}`;
          const { rows } = app.inspector.weights;
          const numbers = document.querySelector(".numbers").textContent;
          if (/NaN|undefined|null/.test(numbers)) faults.push(`${name}: ${numbers}`);
          if (rows.length === 0) continue;
          const sum = rows.reduce((z, { product }) => z + Number(product.textContent.replace("−", "-")), 0);
          const shown = entry.card.find(place).element.dataset.value;
          const letters = document.querySelector(".letters").textContent;
          const value = letters.startsWith("σ") ? 1 / (1 + Math.exp(-sum)) : letters.startsWith("tanh") ? Math.tanh(sum) : letters.startsWith("relu") ? Math.max(0, sum) : sum;
          if (!letters.startsWith("softmax") && Math.abs(value - (shown ?? element.dataset.value)) > 0.03) faults.push(`${name}: ${letters}, ${value} for ${shown}`);
        }
        entry.card.root.querySelector("td[role=gridcell]:nth-child(3)").click();
        const input = document.querySelector("#inspector input[type=number]");
        input.value = "1.25";
        input.dispatchEvent(new Event("change"));
        if (entry.edits.size !== 1) faults.push(`${entry.net.name}: not changed`);
      }
      return faults;
    }""")
    assert faults == []
    fragment = page.evaluate("new Promise((r) => setTimeout(() => r(location.hash), 400))")
    assert fragment.count("weight=") == len(nets)
