"""Pictures of an extraction are whole files that name every state."""

from __future__ import annotations

from pathlib import Path

import pytest

import reberlstm as rl
from reberlstm.errors import FormatError
from reberlstm.render.extraction_plots import cells_by_state, save, trajectories


def test_pictures(tmp_path: Path) -> None:
    net = rl.compile(rl.load_grammar("reber"))
    found = rl.extract(net, reference=net.grammar)
    plane = trajectories(net, found.fsm)
    axes = plane.axes[0]
    points = [tuple(dots.get_offsets().mean(axis=0)) for dots in axes.collections]
    assert len(points) == len(found.fsm.states)
    assert (
        min(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a in points for b in points if a is not b)
        > 0.05
    ), "no state hides another one"
    for figure, suffix in ((plane, "svg"), (cells_by_state(net, found.fsm), "png")):
        save(figure, tmp_path / f"p.{suffix}")
        assert (tmp_path / f"p.{suffix}").stat().st_size > 5_000
    with pytest.raises(FormatError, match=r"pictures are written as \.svg or \.png"):
        save(plane, tmp_path / "p.gif")


def test_notebook_display_escapes() -> None:
    found = rl.extract(rl.compile(rl.load_grammar("parity")))
    html = found._repr_html_()
    assert "<td>equal: proved</td>" in html
    assert "2 states" in html
    assert "success" not in html
