"""Static pictures: they show the run's own numbers, are written whole, and complain in one line."""

from __future__ import annotations

import itertools
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.errors import FormatError, GrammarError, MissingExtraError

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

from reberlstm.render import plots
from reberlstm.render.animation import frames, save_animation


@pytest.fixture(scope="module")
def reber():
    return rl.load_grammar("reber")


@pytest.fixture(scope="module")
def compiled(reber):
    return rl.compile(reber)


@pytest.fixture(scope="module")
def wrong():
    return rl.trace(rl.published(), "BTSSSSSSXXV")


def texts(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_a_heat_map_shows_every_gate_and_the_memory(wrong):
    figure = plots.heat_map(wrong)
    assert [axis.get_title(loc="left") for axis in figure.axes] == [
        "forget gate (eraser)",
        "candidate (writer)",
        "input gate (filter)",
        "memory",
    ]
    memory = figure.axes[-1]
    shown = memory.images[0].get_array()
    assert np.array_equal(shown, np.array([step.memory for step in wrong.steps]).T)
    assert [label.get_text() for label in memory.get_yticklabels()] == list("012345")
    labels = [label.get_text() for label in memory.get_xticklabels()]
    assert labels[0] == "B\n0"
    assert labels[-1] == "V ✗\n4"  # the step at which the net is wrong
    assert ".82" in [text.get_text() for text in memory.texts]
    assert figure.get_suptitle().endswith("✗ wrong at step 11: offers P V E")


def test_a_standard_net_has_an_output_gate_too(compiled):
    figure = plots.heat_map(rl.trace(compiled, "BTXSE"))
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert titles[3:] == [
        "output gate",
        "memory",
        "hidden state: the memory through the output gate",
    ]
    assert figure.get_suptitle() == "compiled net on BTXSE"


def test_a_violation_is_marked(compiled):
    labels = plots.heat_map(rl.trace(compiled, "BTSP")).axes[-1].get_xticklabels()
    assert labels[-1].get_text() == "P ⊘\n✗"


def test_long_strings_count_their_steps(compiled):
    figure = plots.heat_map(rl.trace(compiled, "BP" + "T" * 302 + "VV"))
    assert figure.get_suptitle() == "compiled net on B P T×302 VV"
    assert figure.get_size_inches()[0] <= plots.WIDEST + 2
    labels = [label.get_text() for label in figure.axes[-1].get_xticklabels()]
    assert labels[:2] == ["220", "240"], "of three bands the last"
    assert texts(figure) == []


def test_a_heat_map_wraps_and_has_a_key(compiled):
    trace = rl.trace(compiled, "BP" + "T" * 70 + "VVE")
    figure = plots.heat_map(trace, quantities=["memory"])
    first, second = figure.axes
    assert second.get_xlabel().startswith("from step 61: ")
    shown = np.hstack([axis.images[0].get_array() for axis in (first, second)])
    order = ["0", "1", "2", "3", "4", "5", "end", "started"]
    assert [label.get_text() for label in first.get_yticklabels()] == order
    rows = [trace.net.cells.index(name) for name in order]
    assert np.array_equal(shown, trace.array("memory").T[rows])
    assert figure.get_supxlabel() == plots.COLOUR_KEY


def test_a_timeline_compares_nets(compiled, reber):
    word = "BTXX" + "T" * 100 + "VV"
    runs = {"compiled": rl.trace(compiled, word), "published": rl.trace(rl.published(), word)}
    figure = plots.timeline(runs, "5")
    first, second = figure.axes[0].lines[:2]
    assert np.array_equal(first.get_ydata(), [s.memory[2] for s in runs["compiled"].steps])
    assert np.array_equal(second.get_ydata(), [s.memory[5] for s in runs["published"].steps])
    assert first.get_linestyle() != second.get_linestyle()
    assert texts(figure) == ["published wrong from step 91"]


def test_a_timeline_needs_a_cell_that_is_there(compiled):
    with pytest.raises(GrammarError, match="no cell '9' in compiled; cells are 0, 1, 2"):
        plots.timeline({"compiled": rl.trace(compiled, "BT")}, "9")


def test_a_trajectory_sends_the_nodes_of_a_one_hot_net_to_their_places(compiled, reber):
    figure = plots.trajectory([rl.trace(compiled, word) for word in reber.sample(8, seed=2)])
    axis = figure.axes[0]
    clouds = {item.get_label(): item.get_offsets() for item in axis.collections}
    assert set(clouds) == {f"node {state}" for state in reber.states}
    for cloud in clouds.values():
        cloud = np.asarray(cloud)
        assert np.ptp(cloud, axis=0).max() < 2e-5
        assert np.hypot(*cloud[0]) == pytest.approx(1.0, abs=2e-5)


def test_a_trajectory_without_a_grammar_is_that_of_principal_components(compiled):
    random = np.random.default_rng(3)
    weights = {
        name: random.normal(size=(32, n)) for name, n in (("weight_ih", 7), ("weight_hh", 8))
    }
    run = rl.trace(compiled.replace(grammar=None, gain=None, **weights), "BTXSETV")
    axis = plots.trajectory([run]).axes[0]
    assert "first principal component" in axis.get_xlabel()
    states = np.vstack([np.zeros(compiled.size), *(step.hidden for step in run.steps)])
    places = np.asarray(axis.collections[0].get_offsets())
    assert len(places) == len(states)
    # The two directions of most variance: no other one has more than the second of them.
    variances = np.sort(np.linalg.eigvalsh(np.cov(states.T, bias=True)))[::-1]
    assert places.var(axis=0) == pytest.approx(variances[:2], abs=1e-4)


def test_files_by_suffix(wrong, tmp_path):
    figure = plots.heat_map(wrong)
    plots.save(figure, tmp_path / "a.svg")
    plots.save(figure, tmp_path / "a.png")
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(FormatError, match=r"pictures are \.svg, \.png, \.pdf files"):
        plots.save(figure, tmp_path / "a.bmp")


def test_equal_pictures_are_equal_files(wrong):
    first = plots.to_bytes(plots.heat_map(wrong), "svg")
    assert first == plots.to_bytes(plots.heat_map(wrong), "svg")


def test_what_is_too_large_or_empty_is_said(compiled):
    with pytest.raises(GrammarError, match="the empty string has no step"):
        plots.heat_map(rl.trace(compiled, ""))
    with pytest.raises(GrammarError, match="no symbol was read"):
        plots.trajectory([rl.trace(compiled, "")])
    with pytest.raises(GrammarError, match="501 symbols by 8 cells would give labels too small"):
        plots.heat_map(rl.trace(compiled, "B" * 501))


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_an_animation_has_a_frame_for_every_symbol(wrong, tmp_path, suffix):
    from PIL import Image

    short = rl.trace(wrong.weights, "BTXS")
    path = tmp_path / f"run.{suffix}"
    save_animation(short, path, seconds=0.5)
    with Image.open(path) as picture:
        assert picture.n_frames == 4
        times = []
        for number in range(4):
            picture.seek(number)
            picture.load()
            times.append(picture.info.get("duration"))
        assert picture.info["loop"] == 0
    assert times[0] == 500
    assert times[-1] == 1500


def test_frames_differ_and_have_one_size(compiled):
    pictures = list(frames(rl.trace(compiled, "BTP")))
    assert len({picture.shape for picture in pictures}) == 1
    assert all((a != b).any() for a, b in itertools.pairwise(pictures))


def test_animations_have_limits(compiled, tmp_path):
    with pytest.raises(GrammarError, match="too many for an animation"):
        save_animation(rl.trace(compiled, "B" * 121), tmp_path / "a.gif")
    with pytest.raises(FormatError, match=r"animations are \.gif or \.webp files"):
        save_animation(rl.trace(compiled, "B"), tmp_path / "a.mp4")
    with pytest.raises(GrammarError, match="the empty string"):
        save_animation(rl.trace(compiled, ""), tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["matplotlib", "PIL.Image"])
def test_what_is_missing_is_asked_for_in_one_line(monkeypatch, wrong, tmp_path, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtraError, match=r'python -m pip install -e "\.\[plots\]"$'):
        save_animation(wrong, tmp_path / "a.gif")


def test_a_heat_map_asks_for_matplotlib(monkeypatch, wrong):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match="drawing a picture of a run needs matplotlib"):
        plots.heat_map(wrong)


def test_the_command_draws_and_prints(tmp_path, capsys):
    picture, film = tmp_path / "heat.svg", tmp_path / "run.gif"
    status = run(["trace", "BTXS", "--json", "--plot", str(picture), "--gif", str(film)])
    output = capsys.readouterr()
    assert status == 0
    assert output.out.startswith('{"grammar": "reber"')
    assert output.err == f"{picture}: heatmap\n{film}: 4 frames\n"
    assert picture.stat().st_size > 5_000
    assert film.read_bytes().startswith(b"GIF89a")


def test_the_command_draws_the_other_pictures(tmp_path, capsys):
    out = str(tmp_path / "p.png")
    assert run(["trace", "BTXSE", "BPVVE", "--plot", out, "--picture", "trajectory"]) == 0
    options = ["--picture", "timeline", "--cells", "5"]
    assert run(["trace", "BPTTVVE", "--plot", out, *options]) == 0
    assert run(["trace", "BT", "BP", "--plot", out]) == 2
    assert "a heat map shows one string, and 2 were given" in capsys.readouterr().err
    assert run(["trace", "BT", "--plot", out, "--picture", "timeline"]) == 2
    assert "--picture timeline needs --cells: 0, 1, 5" in capsys.readouterr().err
