"""The page of a machine with counters: the same nodes as Python's, and number lines that tell them."""

from __future__ import annotations

import pytest

import reberlstm as rl
from reberlstm.render.page import default_nets, examples, explorer_page

pytestmark = pytest.mark.browser

MOST_BYTES = 500_000


@pytest.mark.parametrize(
    ("name", "word"),
    [("anbncn", "aabbccc"), pytest.param("equal-ab", "abbba", marks=pytest.mark.slow)],
)
def test_nodes_and_counters_are_those_of_python(open_page, folder, name: str, word: str) -> None:
    machine = rl.load_grammar(name)
    nets = default_nets(machine)
    text = explorer_page(machine, nets, word, step=len(word), examples=examples(machine, nets))
    assert len(text.encode()) < MOST_BYTES
    path = folder / f"{name}.html"
    path.write_text(text, "utf-8")
    page = open_page(path, width=1200)
    steps = rl.trace(nets[0], word, grammar=machine).steps
    for step in reversed(steps):
        labels = page.locator("#counters .value").all_inner_texts()
        for label, counter in zip(labels, machine.counters, strict=True):
            count = step.counts.get(counter)
            if count is None:
                assert label.startswith(f"{counter}: none, since a violation; compiled: c = ")
                continue
            shown = f"{count}".replace("-", "−")
            assert label == f"{counter} = {count}; compiled: c = {shown}"
        lit = page.locator("#graph .node.active text").all_text_contents()
        assert lit == ([] if step.state is None else [step.state])
        assert page.locator("#nets .verdict").first.inner_text().startswith("✓ right")
        page.keyboard.press("ArrowLeft")
