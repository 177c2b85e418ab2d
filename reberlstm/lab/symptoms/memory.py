"""Symptoms that are seen in a net's memory: it fades, is stuck, or grows past what can be read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.lab import drawing
from reberlstm.lab.experiment import Array, Data, Job, Recipe
from reberlstm.lab.symptoms.figures import WANTED, answers, columns, gate
from reberlstm.lab.symptoms.symptom import Row, Symptom, Trained, lstm

if TYPE_CHECKING:
    from torch import nn


# Zero after some time

HELD = 100
"""Steps over which a number is to be held."""


def _hold(rng: np.random.Generator) -> list[Job]:
    def fed(sequences: int) -> tuple[Array, Array]:
        x, first = np.zeros((sequences, HELD, 1)), rng.uniform(-1.0, 1.0, (sequences, 1))
        x[:, 0] = first
        return x, first

    data, recipe = Data(*fed(64), *fed(50)), Recipe(epochs=200, batch=64, learning_rate=0.01)
    return [
        Job("biases about 0", _holder, data, recipe),
        Job("forget bias 1, as in Keras", lambda: _holder(forget=1.0), data, recipe),
        Job(
            "forget bias ln 100, input bias −ln 100",
            lambda: _holder(forget=math.log(HELD), input=-math.log(HELD)),
            data,
            recipe,
        ),
    ]


def _holder(forget: float | None = None, input: float = 0.0) -> nn.Module:
    net: Any = lstm(last=True)()
    if forget is not None:
        net.recurrent.bias_hh_l0.data[:16] = 0.0
        net.recurrent.bias_ih_l0.data[:8] = input
        net.recurrent.bias_ih_l0.data[8:16] = forget
    return net  # type: ignore[no-any-return]


def _traces(trained: Trained, net: nn.Module | None = None) -> Array:
    """By how much the memories after two first numbers, 1 and −1, differ at each step (T,)."""
    x = np.zeros((2, HELD, 1))
    x[:, 0, 0] = 1.0, -1.0
    memory = Trained(trained.job, net or trained.net, trained.fit).inside(x)["memory"]
    return np.asarray(np.abs(memory[0] - memory[1]).max(axis=-1))


def _new(trained: Trained) -> nn.Module:
    """A net like that, before its training."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return trained.job.net()


def _held(trained: Trained) -> Row:
    (found, first), new = trained.tested(), _traces(trained, trained.job.net())
    x = trained.job.data.test[0][:10]
    return {
        "forget": trained.inside(x)["forget"].mean(),
        "left": new[10] / new[0],
        "answer": np.polyfit(first[:, 0], found[:, 0], 1)[0].round(5),
    }


def _draw_trace(axis: drawing.Axes, trained: Trained, colour: str) -> None:
    step, least = np.arange(1, HELD + 1), 1e-16  # less is lost in rounding
    after, before = _traces(trained), _traces(trained, _new(trained))
    axis.plot(step, np.maximum(before, least), ":", color=colour, label="new net")
    axis.plot(step, np.maximum(after, least), color=colour, label="after the training")
    axis.set_yscale("log")
    axis.set_ylim(least, 100.0)
    drawing.label(axis, "", "step", "difference of memories")
    drawing.legend(axis)


def _draw_last(axis: drawing.Axes, trained: Trained, colour: str) -> None:
    found, first = trained.tested()
    axis.plot([-1, 1], [-1, 1], **WANTED)
    axis.scatter(first, found, s=9, color=colour, label=trained.job.name, zorder=3)
    drawing.label(axis, "", "first number", "answer after 100 steps")


ZERO = Symptom(
    name="zero-after-some-time",
    said=(
        "The output is zero after some time",
        "the output decays to zero after a few steps",
        "the net forgets the first input, what it was fed at the beginning",
        "long sequences are not learned, the gradient vanishes",
        "which forget gate bias",
    ),
    task="A number, then 99 zeros: what was the number? LSTM(1, 8) with a linear output and the "
    "squared error takes 200 steps of Adam.",
    why="At each step the memory is multiplied by the forget gate, which is near ½ in a new net: "
    "at ½, a thousandth is left after 10 steps. The gradient that reaches the first number is "
    "multiplied by the same factors, so nothing is learned from it, and the answer is the mean of "
    "the targets, which is about 0.",
    fix="Begin with forget gates that are open and input gates that are shut: for T steps with "
    "biases ln T and −ln T (C. Tallec and Y. Ollivier, Can recurrent neural networks warp time?, "
    "2018). In PyTorch's bias_ih the first quarter is the input gate, the second the forget gate.",
    measures={
        "forget": "mean of the forget gates",
        "left": "share of a difference in memory that a new net keeps for 10 steps",
        "answer": "share of the number that is in the answer",
    },
    sign="less than half of the number is in the answer",
    jobs=_hold,
    measure=_held,
    has=lambda row: row["answer"] < 0.5,
    draw=columns(_draw_last, _draw_trace),
    caption="Above: the answer after 100 steps. Below: by how much the memories differ after the "
    "first numbers 1 and −1, in a new net and after the training.",
)


# A constant output


def _prices(rng: np.random.Generator) -> list[Job]:
    """The next value of a wave between 280 and 320."""

    def waves(sequences: int) -> Array:
        phase = rng.uniform(0.0, 2.0 * math.pi, (sequences, 1))
        speed = rng.uniform(0.2, 0.6, (sequences, 1))
        return 300.0 + 20.0 * np.sin(speed * np.arange(41) + phase)[:, :, None]

    raw, test = waves(64), waves(50)
    mean, spread = raw.mean(), raw.std()
    scaled, test_scaled = ((part - mean) / spread for part in (raw, test))
    recipe = Recipe(epochs=150, batch=64, learning_rate=0.01)
    given = {"inputs about 300": (raw, test), "inputs standardised": (scaled, test_scaled)}
    return [
        Job(name, lstm(), Data(x[:, :-1], scaled[:, 1:], t[:, :-1], test_scaled[:, 1:]), recipe)
        for name, (x, t) in given.items()
    ]


def _same_for_all(trained: Trained) -> Row:
    found, wanted = trained.tested()
    inside = trained.inside(trained.job.data.test[0][:10])
    gates = np.stack([inside[name] for name in ("input", "forget", "output")])
    return {
        "spread": (found[:, 10:].std() / wanted[:, 10:].std()).round(5),
        "error": np.sqrt(np.mean((found - wanted)[:, 10:] ** 2)) / wanted[:, 10:].std(),
        "stuck": np.mean((gates < 0.001) | (gates > 0.999)),
    }


CONSTANT = Symptom(
    name="constant-output",
    said=(
        "The output is constant",
        "the LSTM predicts the same value for every input",
        "predictions are a flat, horizontal straight line",
        "all outputs are similar or the same, predictions converge to one value",
        "inputs not normalised or standardised",
    ),
    task="Say the next value of a wave between 280 and 320, as a price. LSTM(1, 8) with a linear "
    "output and the squared error takes 150 steps of Adam; the targets are standardised for both "
    "nets.",
    why="Inputs of about 300 times the weights of a new net, which are below 1, push the sums in "
    "the gates to tens and hundreds, where σ and tanh are flat. Most gates are fully open or shut "
    "for every input, so the outputs hardly differ, and training does not get them out of there.",
    fix="Standardise the inputs: subtract the mean, and divide by the standard deviation, of the "
    "training data.",
    measures={
        "spread": "standard deviation of the answers, over that of the targets, after step 10",
        "error": "root mean squared error, over the same",
        "stuck": "share of the gates that are within 0.001 of 0 or 1",
    },
    sign="the answers spread less than a tenth as far as the targets",
    jobs=_prices,
    measure=_same_for_all,
    has=lambda row: row["spread"] < 0.1,
    draw=columns(answers(), gate("input")),
    caption="Above: the next value, standardised. Below: the input gate of each cell, stuck on "
    "the left, at work on the right.",
)


# A straight line

TAUGHT, ASKED = 50, 200
"""Steps of the training, and of the test."""


def _line(rng: np.random.Generator) -> list[Job]:
    """From a slope, fed at each step: the line, or its change from step to step."""

    def slopes(sequences: int, steps: int) -> Array:
        return np.repeat(rng.uniform(0.2, 1.0, (sequences, 1, 1)), steps, axis=1)

    x, test = slopes(64, TAUGHT), slopes(50, ASKED)
    recipe = Recipe(epochs=300, batch=64, learning_rate=0.01)
    lines = Data(x, _added_up(x), test, _added_up(test))
    return [
        Job(SAYS_LINE, lstm(), lines, recipe),
        Job("says the change", lstm(), Data(x, x, test, test), recipe),
    ]


SAYS_LINE = "says the line"


def _added_up(changes: Array) -> Array:
    return np.cumsum(changes, axis=1) / TAUGHT


def _as_lines(trained: Trained) -> tuple[Array, Array]:
    """The lines that a net says, or that what it says adds up to; and the right ones."""
    found, wanted = trained.tested()
    line = trained.job.name == SAYS_LINE
    return (found, wanted) if line else (_added_up(found), _added_up(wanted))


def _rise(trained: Trained) -> Row:
    found, wanted = _as_lines(trained)
    off = (found - wanted)[:, :TAUGHT] / wanted[:, TAUGHT - 1 : TAUGHT]
    rise, right = (part[:, -1] - part[:, -21] for part in (found, wanted))
    return {
        "taught": np.sqrt(np.mean(off**2)),
        "height": np.mean(found[:, -1] / wanted[:, -1]),
        "rise": np.mean(rise / right),
    }


STRAIGHT = Symptom(
    name="straight-line",
    said=(
        "A straight line is out of reach",
        "the LSTM cannot learn a linear trend",
        "the forecast of a trend flattens out and does not go up",
        "cannot continue y = x",
    ),
    task="A slope is fed at each step: say the line. Trained on 50 steps, asked for 200. LSTM(1, "
    "8) with a linear output and the squared error takes 300 steps of Adam.",
    why="A cell lets out at most tanh of its memory, which is below 1, so a linear output of 8 "
    "cells cannot exceed the sizes of its weights added up, and a line exceeds any number. Over "
    "the 50 steps of the training it is put together of curves that bend, and after them the "
    "curves go flat.",
    fix="Let the net say the change from step to step, and add the changes up outside of the net: "
    "differences of a series in place of the series.",
    measures={
        "taught": "root mean squared error within the 50 steps, over the line's height there",
        "height": "height at step 200, over the right one",
        "rise": "rise over the last 20 steps, over the right one",
    },
    sign="less than half of the rise at the end",
    jobs=_line,
    measure=_rise,
    has=lambda row: row["rise"] < 0.5,
    draw=columns(answers(_as_lines, y="line"), gate("hidden")),
    caption="Above: the line. Below: the output h of each cell, which goes flat on the left, and "
    "has nothing to do but stay on the right.",
)


# Never beyond 1


def _too_high(rng: np.random.Generator) -> list[Job]:
    def waves(sequences: int) -> Array:
        phase = rng.uniform(0.0, 2.0 * math.pi, (sequences, 1))
        return np.asarray(1.5 * np.sin(0.3 * np.arange(40) + phase)[:, :, None])

    x, test = waves(64), waves(50)
    data, recipe = Data(x, x, test, test), Recipe(epochs=300, batch=64, learning_rate=0.02)
    return [
        Job("an LSTM comes last", _without_readout, data, recipe),
        Job("a linear layer comes last", lstm(), data, recipe),
    ]


def _without_readout() -> nn.Module:
    from reberlstm.lab.nets import Stack

    return Stack([1, 8, 1])


def _largest(trained: Trained) -> Row:
    found, wanted = trained.tested()
    return {
        "answered": np.abs(found).max(),
        "wanted": np.abs(wanted).max(),
        "error": np.sqrt(np.mean((found - wanted) ** 2)),
    }


SATURATES = Symptom(
    name="saturates-at-1",
    said=(
        "The output saturates at ±1",
        "the output is stuck at 1 or -1 and never goes above 1",
        "predictions are cut off, peaks are flat tops",
        "the output stays between -1 and 1 because of tanh",
        "the last layer is an LSTM without Dense",
    ),
    task="Repeat a wave of amplitude 1.5. LSTM(1, 8), then LSTM(8, 1) or a linear layer; the "
    "squared error, 300 steps of Adam.",
    why="An LSTM puts out its output gate times tanh of its memory, and both are below 1 in size, "
    "so no target beyond ±1 can be reached. Peaks come out as plateaus: a memory of 3 already "
    "gives tanh 0.995, and from there on the answer hardly moves, nor does any gradient come "
    "back.",
    fix="A linear layer after the last LSTM; or targets scaled to within ±0.8, and the answers "
    "scaled back.",
    measures={
        "answered": "largest answer in size",
        "wanted": "largest target in size",
        "error": "root mean squared error",
    },
    sign="no answer beyond ±1, where targets are",
    jobs=_too_high,
    measure=_largest,
    has=lambda row: row["answered"] <= 1.0 < row["wanted"],
    draw=columns(answers(), gate("memory", y="memory of the last LSTM"), shared=False),
    caption="Above: the wave. Below: the memory of each cell of the last LSTM. On the left the "
    "tanh of one memory is all that is let out, on the right a linear layer weighs eight.",
)
