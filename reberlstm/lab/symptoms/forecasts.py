"""Symptoms of forecasts: the mean, the last value again, and values that were never seen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reberlstm.lab import drawing
from reberlstm.lab.experiment import Array, Data, Job, Recipe
from reberlstm.lab.symptoms.figures import answers, columns, gate, points
from reberlstm.lab.symptoms.symptom import Row, Symptom, Trained, lstm

# The mean


def _circle(rng: np.random.Generator) -> list[Job]:
    """The sine of an angle, from its cosine alone, or also from that a little earlier."""

    def fed(sequences: int) -> tuple[Array, Array]:
        angle = rng.uniform(0.0, 2.0 * math.pi, (sequences, 1))
        return np.cos(np.add(angle, (-0.5, 0.0)))[:, :, None], np.sin(angle)

    (x, y), (test_x, test_y) = fed(200), fed(200)
    recipe = Recipe(epochs=100, batch=50, learning_rate=0.02)
    return [
        Job(name, lstm(last=True), Data(x[:, last:], y, test_x[:, last:], test_y), recipe)
        for name, last in (("one cosine", 1), ("two cosines", 0))
    ]


def _explained(trained: Trained) -> Row:
    found, wanted = trained.tested()
    return {
        "spread": found.std() / wanted.std(),
        "explained": 1.0 - np.mean((found - wanted) ** 2) / wanted.var(),
    }


def _on_circle(trained: Trained) -> tuple[Array, Array, Array]:
    found, wanted = trained.tested()
    return trained.job.data.test[0][:, -1], wanted, found


def _draw_memories(axis: drawing.Axes, trained: Trained, colour: str) -> None:
    x = trained.job.data.test[0]
    memory = trained.inside(x)["memory"][:, -1]
    axis.scatter(
        np.repeat(x[:, -1], memory.shape[1], axis=1), memory, s=3, color=colour, rasterized=True
    )
    drawing.label(axis, "", "cosine that was fed last", "memory")


MEAN = Symptom(
    name="predicts-the-mean",
    said=(
        "The LSTM predicts the mean",
        "predictions are always near the average of the targets",
        "regression output is the average value",
        "predictions hardly vary around the mean",
    ),
    task="Say the sine of an angle whose cosine is fed: alone, or after the cosine of an angle "
    "0.5 smaller. LSTM(1, 8) with a linear output and the squared error takes 400 steps of Adam.",
    why="Two angles have the same cosine, and their sines are y and −y: of all answers to one "
    "input the mean of its right ones has the least squared error, and that is 0. The memory is "
    "the same for both, since the net was fed nothing that differs.",
    fix="Feed what tells the cases apart: here the value before. Where there is nothing to feed, "
    "let the net say a distribution, or choose among labels; the mean is then the best single "
    "number.",
    measures={
        "spread": "standard deviation of the answers, over that of the targets",
        "explained": "share of the targets' variance that the answers explain",
    },
    sign="less than a tenth of the variance is explained",
    jobs=_circle,
    measure=_explained,
    has=lambda row: row["explained"] < 0.1,
    draw=columns(points(_on_circle, x=""), _draw_memories),
    caption="Above: the sine over the cosine that was fed last. Below: the memory of each cell: "
    "one value for each cosine on the left, two on the right.",
)


# One step behind

WINDOW = 40


def _series(rng: np.random.Generator) -> list[Job]:
    """The next value of two added waves with noise, in windows; and of random walks."""

    def waves(steps: int) -> Array:
        t, phase = np.arange(steps), rng.uniform(0.0, 2.0 * math.pi, 2)
        noise = rng.normal(0.0, 0.1, steps)
        return np.asarray(np.sin(0.1 * t + phase[0]) + np.sin(t + phase[1]) + noise)

    def pairs(series: Array, window: int) -> tuple[Array, Array]:
        return series[:-1].reshape(-1, window, 1), series[1:].reshape(-1, window, 1)

    def walks(count: int) -> tuple[Array, Array]:
        walk = np.cumsum(rng.normal(0.0, 0.3, (count, WINDOW + 1)), axis=1)[:, :, None]
        return walk[:, :-1], walk[:, 1:]

    series, test = waves(50 * WINDOW + 1), waves(20 * WINDOW + 1)
    data = {
        "windows of 1 step": Data(*pairs(series, 1), *pairs(test, 1)),
        "random walks": Data(*walks(200), *walks(50)),
        f"windows of {WINDOW} steps": Data(*pairs(series, WINDOW), *pairs(test, WINDOW)),
    }
    recipe = Recipe(epochs=200, batch=4000, learning_rate=0.01)
    return [Job(name, lstm(16), of_it, recipe) for name, of_it in data.items()]


def _behind(trained: Trained) -> Row:
    found, wanted = trained.tested()
    settled = 10 if wanted.shape[1] > 1 else 0  # without the first steps of a window
    parts = trained.job.data.test[0], found, wanted
    fed, answered, right = (part[:, settled:].ravel() for part in parts)
    return {
        "next": np.corrcoef(answered, right)[0, 1],
        "last": np.corrcoef(answered, fed)[0, 1],
        "gain": 1.0 - np.mean((answered - right) ** 2) / np.mean((fed - right) ** 2),
    }


LAGS = Symptom(
    name="lags-by-one-step",
    said=(
        "Predictions lag one step behind",
        "the prediction is shifted by one time step",
        "the LSTM echoes the last value instead of predicting the next",
        "it repeats the previous value, a time delay",
        "predicted prices follow the real ones with a lag",
    ),
    task="Say the next value of two added waves with noise, in windows of 1 step or of 40; and of "
    "random walks. LSTM(1, 16) with a linear output and the squared error takes 200 steps of "
    "Adam.",
    why="Where the next value is close to the last one and nothing else is known, saying the last "
    "one again is about the best answer, and its curve is the true one, a step late. A random "
    "walk is so by nature; a window of one step makes it so for any series, since each window "
    "begins with an empty memory.",
    fix="Windows long enough to see where the series is going, or a state that is kept between "
    "them. Compare with “the last value again”: where nothing beats it, as on a random walk, "
    "there is nothing to learn.",
    measures={
        "next": "correlation of the answer with the next value",
        "last": "correlation of the answer with the last value fed",
        "gain": "1 − squared error over that of saying the last value again",
    },
    sign="closer to the last value than to the next",
    jobs=_series,
    measure=_behind,
    has=lambda row: row["last"] > row["next"],
    draw=columns(answers(steps=WINDOW), gate("memory", steps=WINDOW, width=0.8), shared=False),
    caption="Above: the next value. Below: the memory when it is said; with windows of 1 step it "
    "is made anew from each value.",
)


# Outside of what was trained

TESTED = 50
"""Waves of each range in the test."""

LARGE = 4.0


def _amplitudes(rng: np.random.Generator) -> list[Job]:
    """The next value of waves: of amplitudes 0.1 to 0.5, tested with these and with 4."""

    def waves(count: int, least: float, most: float) -> Array:
        amplitude, speed, phase = rng.uniform(
            [least, 0.2, 0.0], [most, 0.6, 2.0 * math.pi], (count, 3)
        ).T[:, :, None]
        return np.asarray(amplitude * np.sin(speed * np.arange(41) + phase))[:, :, None]

    x = waves(64, 0.1, 0.5)
    test = np.concatenate([waves(TESTED, LARGE, LARGE), waves(TESTED, 0.1, 0.5)])
    recipe = Recipe(epochs=300, batch=64, learning_rate=0.01)
    jobs = []
    for name, scale in (("values as they are", np.ones_like), ("values over their size", _size)):
        (a, b), (c, d) = (
            (w[:, :-1] / scale(w[:, :-1]), w[:, 1:] / scale(w[:, :-1])) for w in (x, test)
        )
        jobs.append(Job(name, lstm(16), Data(a, b, c, d), recipe))
    return jobs


def _size(waves: Array) -> Array:
    """The largest value in size of each sequence (N, T, 1)."""
    return np.asarray(np.abs(waves).max(axis=1, keepdims=True))


def _in_and_out(trained: Trained) -> Row:
    found, wanted = (part[:, 10:] for part in trained.tested())
    squares = np.mean((found - wanted) ** 2, axis=(1, 2)) / np.mean(wanted**2, axis=(1, 2))
    outside, inside = np.sqrt(squares[:TESTED].mean()), np.sqrt(squares[TESTED:].mean())
    beyond = np.abs(_candidates(trained)) > 0.95
    return {
        "inside": inside,
        "outside": outside,
        "ratio": outside / inside,
        "flat inside": beyond[TESTED:].mean(),
        "flat outside": beyond[:TESTED].mean(),
    }


def _candidates(trained: Trained) -> Array:
    return trained.inside(trained.job.data.test[0])["candidate"]


def _draw_candidates(axis: drawing.Axes, trained: Trained, colour: str) -> None:
    both, bins = _candidates(trained), np.linspace(-1.0, 1.0, 41)
    style: dict[str, Any] = {"bins": bins, "density": True, "histtype": "step", "color": colour}
    axis.hist(both[TESTED:].ravel(), linestyle=":", label="amplitudes 0.1 to 0.5", **style)
    axis.hist(both[:TESTED].ravel(), label="amplitude 4", **style)
    drawing.label(axis, "", "candidate (writer)", "density")
    drawing.legend(axis)


OUTSIDE = Symptom(
    name="outside-the-range",
    said=(
        "Right inside the training range and wrong outside",
        "fails on values larger than those it was trained on",
        "the LSTM does not extrapolate or generalise to larger amplitudes",
        "predictions are truncated at the highest value of the training data",
    ),
    task="Say the next value of a wave. Trained on amplitudes 0.1 to 0.5, asked for these and for "
    "4. LSTM(1, 16) with a linear output and the squared error takes 300 steps of Adam.",
    why="In the training the candidates and gates were where their curves are nearly straight, or "
    "bent in a way that the weights make up for. Larger values reach the flat ends of the curves, "
    "which were hardly used, so the answer is too small and its shape is another.",
    fix="Divide each sequence by its own size, and multiply the answer by it: then nothing is "
    "outside. Or train on the whole range.",
    measures={
        "inside": "root mean squared error over that of saying 0, amplitudes 0.1 to 0.5",
        "outside": "the same, amplitude 4",
        "ratio": "the second over the first",
        "flat inside": "share of candidates beyond ±0.95, amplitudes 0.1 to 0.5",
        "flat outside": "the same, amplitude 4",
    },
    sign="more than twice the error outside",
    jobs=_amplitudes,
    measure=_in_and_out,
    has=lambda row: row["ratio"] > 2.0,
    draw=columns(answers(), _draw_candidates, shared=False),
    caption="Above: a wave of amplitude 4; on the right it is divided by its size. Below: how "
    "often the candidates have which value. On the left large waves push them to ±1, on the right "
    "they do as small ones do.",
)
