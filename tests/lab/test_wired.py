"""Hand-wired nets for sequences of numbers: never farther from the closed form than was derived."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reberlstm.errors import CompileError, WeightsError
from reberlstm.lab.wired import (
    WiredNet,
    amplitude,
    copy,
    cosine_or_sine,
    line,
    line_parameters,
    peak,
    running_sum,
    wave,
)
from tests.stepping import State, step

ANGLE = 10.0 / 99.0
ROUNDING = 1e-9
"""The bounds are for exact arithmetic; float64 with these scales is off by less than this."""

NETS: dict[str, Callable[[], WiredNet]] = {
    "copy": copy,
    "copy of two": lambda: copy(("x", "y")),
    "running sum": running_sum,
    "line": line,
    "line parameters": line_parameters,
    "peak": peak,
    "amplitude": amplitude,
    "wave": wave,
    "cosine or sine": cosine_or_sine,
}

every_net = pytest.mark.parametrize("make", NETS.values(), ids=NETS.keys())


def inputs_for(net: WiredNet, rng: np.random.Generator, steps: int = 100) -> np.ndarray:
    """Eight sequences that the net is meant for; nothing is special about the numbers."""
    size = len(net.inputs)
    if net.name == "line":
        return np.repeat(rng.uniform(-2, 2, (8, 1, size)), steps, axis=1)
    if net.name == "cosine or sine":
        return np.repeat(rng.integers(0, 2, (8, 1, 1)).astype(float), steps, axis=1)
    return rng.uniform(-2, 2, (8, steps, size))


@every_net
def test_as_near_as_was_derived(make: Callable[[], WiredNet], seed: int) -> None:
    net = make()
    x = inputs_for(net, np.random.default_rng(seed))
    bound = net.bound(x)
    assert np.abs(net(x) - net.ideal(x)).max() <= bound + ROUNDING
    assert bound < 2e-3


@every_net
def test_pytorch_computes_the_same(make: Callable[[], WiredNet], seed: int) -> None:
    net = make()
    x = inputs_for(net, np.random.default_rng(seed))
    with torch.no_grad():
        out = net.module()(torch.tensor(x)).numpy()
    assert np.abs(out - net(x)).max() < 1e-12


@every_net
def test_float32_is_good_enough(make: Callable[[], WiredNet], seed: int) -> None:
    net = make()
    x = inputs_for(net, np.random.default_rng(seed))
    with torch.no_grad():
        out = net.module().float()(torch.tensor(x, dtype=torch.float32)).numpy()
    assert np.abs(out - net.ideal(x)).max() < net.bound(x) + 1e-3


leaky = st.floats(5.0, 20.0)
numbers = st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=30)


@pytest.mark.parametrize(
    "make", [copy, running_sum, line_parameters, peak], ids=lambda make: make.__name__
)
@settings(max_examples=60, deadline=None)
@given(gain=leaky, scale=st.sampled_from([0.1, 0.03, 0.003]), values=numbers)
def test_the_bound_is_right_where_gates_leak_and_tanh_bends(
    make: Callable[..., WiredNet], gain: float, scale: float, values: list[float]
) -> None:
    net = make(gain=gain, scale=scale)
    x = np.array(values)[np.newaxis, :, np.newaxis]
    assert np.abs(net(x) - net.ideal(x)).max() <= net.bound(x) + ROUNDING


@settings(max_examples=60, deadline=None)
@given(
    gain=leaky,
    scale=st.sampled_from([0.3, 0.1, 0.01]),
    slope=st.floats(-3.0, 3.0),
    intercept=st.floats(-2.0, 2.0),
    points=st.integers(2, 60),
)
def test_lines_however_leaky_and_bent(
    gain: float, scale: float, slope: float, intercept: float, points: int
) -> None:
    net = line(points, gain=gain, scale=scale)
    x = np.repeat([[[slope, intercept]]], points, axis=1)
    assert np.abs(net(x) - net.ideal(x)).max() <= net.bound(x) + ROUNDING


@settings(max_examples=60, deadline=None)
@given(
    gain=st.floats(10.0, 40.0),
    length=st.floats(0.005, 0.15),
    angle=st.floats(0.03, 1.2),
    phase=st.floats(-4.0, 4.0),
    steps=st.integers(1, 300),
)
def test_waves_of_any_length_angle_and_phase(
    gain: float, length: float, angle: float, phase: float, steps: int
) -> None:
    x = np.zeros((1, steps, 1))
    net = wave(angle, phase=phase, length=length, gain=gain)
    assert np.abs(net(x) - net.ideal(x)).max() <= net.bound(x) + ROUNDING
    both = cosine_or_sine(angle, length=length, gain=gain)
    x = np.concatenate([x, x + 1.0])
    assert np.abs(both(x) - both.ideal(x)).max() <= both.bound(x) + ROUNDING


@pytest.mark.parametrize(
    ("net", "x"),
    [
        (copy(), np.full((1, 1, 1), 2.0)),
        (running_sum(), np.ones((1, 100, 1))),
        (line(), np.full((1, 100, 2), (1.0, 1.0))),
        (wave(length=0.01), np.zeros((1, 100, 1))),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_bounds_are_not_far_from_the_truth(net: WiredNet, x: np.ndarray) -> None:
    error = np.abs(net(x) - net.ideal(x)).max()
    assert net.bound(x) / 3.0 < error <= net.bound(x) + ROUNDING


# What the nets are for


def test_a_line_goes_through_a_sum_and_a_line() -> None:
    """The line autoencoder: a sum reads the slope into one number, a line is drawn from it."""
    x = np.linspace(0.0, 1.0, 100)
    slopes = np.array([0.0, 0.3, 1.0, -2.0, 5.0])
    lines = slopes[:, np.newaxis] * x
    adder = running_sum()
    latent = adder(lines[..., np.newaxis])[:, -1, 0] / x.sum()
    assert np.abs(latent - slopes).max() < adder.bound(lines[..., np.newaxis]) / x.sum() < 2e-5
    drawn = line()(np.repeat(np.stack([latent, 0.0 * latent], axis=1)[:, np.newaxis], 100, axis=1))
    assert np.abs(drawn[..., 0] - lines).max() < 1e-4


def test_slope_and_intercept_inside_and_outside_of_any_training_range() -> None:
    x = np.linspace(0.0, 1.0, 100)
    truth = np.array([(0.5, 0.5), (-0.4, 0.5), (2.0, 0.5), (10.0, -4.0)])
    heard = truth[:, :1] * x + truth[:, 1:]
    net = line_parameters()
    said = net(heard[..., np.newaxis])[:, -1]
    assert np.abs(said - truth).max() <= net.bound(heard[..., np.newaxis]) + ROUNDING < 1e-2


@pytest.mark.parametrize("phase", [0.0, 1.0, 2.5])
def test_amplitudes_at_any_phase(phase: float) -> None:
    truth = np.array([0.01, 0.5, 0.8, 1.0, 10.0])
    heard = truth[:, np.newaxis] * (1.0 + np.sin(phase + ANGLE * np.arange(100)))
    net = amplitude()
    said = net(heard[..., np.newaxis])[:, -1, 0]
    error = np.abs(said - truth)
    assert (error <= net.bound(heard[..., np.newaxis])).all()
    assert (error[:4] < 1.2e-3).all()


def test_a_peak_held_long_does_not_leak_away() -> None:
    x = np.zeros((1, 5000, 1))
    x[0, 3] = 1.7
    out = peak()(x)[0, :, 0]
    assert (np.diff(out[3:]) == 0.0).all()
    assert abs(out[-1] - 1.7) < 1e-3


def test_a_disturbed_wave_comes_back() -> None:
    """Its length off by a quarter, the oscillator is on its circle again; a rotation is not."""
    net = wave(length=0.1)
    h = np.array([math.tanh(1.0), 0.075, 0.0])
    state, lengths = State(h, np.zeros(3)), []
    for _ in range(600):
        state = step(net.weights, np.zeros(1), state).state
        lengths.append(float(np.hypot(*state.h[1:])))
    assert abs(lengths[0] - 0.1) > 0.02
    assert max(abs(length - 0.1) for length in lengths[-100:]) < 1.5e-3


def test_a_wave_holds_its_height_for_long() -> None:
    """10,000 steps: the height stays, the phase is late by less than the bound says."""
    net = wave(length=0.02)
    x = np.zeros((1, 10_000, 1))
    out = net(x)[0, :, 0]
    assert np.abs(out - net.ideal(x)[0, :, 0]).max() <= net.bound(x) < 3e-3
    assert abs(np.ptp(out[-1000:]) - 0.6) < 1e-3


def test_where_nothing_was_derived_the_bound_is_infinite() -> None:
    assert peak().bound(np.full((1, 2, 1), 26.0)) == math.inf
    assert wave(gain=5.0).bound(np.zeros((1, 10, 1))) == math.inf
    assert line().bound(np.array([[[1.0, 0.0], [0.5, 0.0]]])) == math.inf
    assert cosine_or_sine().bound(np.full((1, 10, 1), 0.5)) == math.inf


# Errors


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: copy(scale=0.0), "net 'copy': scale 0; give one between 1e-09 and 1"),
        (lambda: running_sum(gain=4.0), "net 'running sum': gain 4; give one between 5 and 700"),
        (lambda: line_parameters(gain=math.inf), "net 'line parameters': gain inf; give one"),
        (lambda: line(1), "net 'line': points 1; give one between 2 and 1e"),
        (lambda: peak(bar=1.0), "net 'peak': bar 1; give one between 2 and 100"),
        (lambda: amplitude(4.0), "net 'amplitude': angle 4; give one between 0.001 and 1.57"),
        (lambda: wave(length=0.3), "net 'wave': length 0.3; give one between 1e-06 and 0.2"),
        (lambda: cosine_or_sine(math.nan), "net 'cosine or sine': angle nan; give one between"),
    ],
)
def test_numbers_that_make_no_net(make: Callable[[], WiredNet], message: str) -> None:
    with pytest.raises(CompileError, match=message):
        make()


def test_inputs_of_another_shape() -> None:
    with pytest.raises(
        WeightsError,
        match=r"net 'copy': inputs have shape \(3, 1\), expected sequences × steps × 1 \(y\)",
    ):
        copy()(np.zeros((3, 1)))


def test_it_says_what_it_is() -> None:
    assert repr(line()) == "<WiredNet 'line': 3 cells, m, t → y>"
