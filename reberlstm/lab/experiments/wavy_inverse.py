"""Where on a wavy curve: one value of it is ambiguous, three in a row are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.lab import drawing, wavy
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Picture, Recipe, Run, Settings
from reberlstm.lab.nets import Perceptron, Recurrent, uniform

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure

ONE_INPUT, WIDE, DEEP = "MLP 1-152-1", "MLP 3-152-1", "MLP 3-30-20-1"
RNN, PEEPHOLE, LSTM = "RNN 26", "peephole LSTM 16", "LSTM 16"
FASTER = f"{WIDE}, faster"
"""The net of one hidden layer at the higher learning rate, with which the series saw it fail."""


def jobs(settings: Settings, rng: np.random.Generator) -> list[Job]:
    """Six nets on the same data, or seven; the first sees one of the three values only."""
    z = rng.uniform(0.0, wavy.HIGHEST, settings.examples)
    x = wavy.readings(z, settings.noise, rng)
    split = round(0.7 * settings.examples)
    x = (x - x[:split].mean()) / x[:split].std()

    def data(x: Any, most: int = split) -> Data:
        return Data(x[:most], z[:most, None], x[split:], z[split:, None])

    def recipe(kind: str) -> Recipe:
        chosen = {name: getattr(settings, f"{kind}_{name}") for name in ("epochs", "batch", "rate")}
        return Recipe(
            optimiser=settings.optimiser,
            epochs=chosen["epochs"],
            batch=chosen["batch"],
            learning_rate=chosen["rate"],
        )

    def started(net: torch.nn.Module, bound: float) -> torch.nn.Module:
        return uniform(net, bound) if settings.optimiser == "sgd" else net

    few = min(split, settings.mlp_examples)

    def perceptron(name: str, hidden: list[int], chosen: Recipe, seen: Any = x) -> Job:
        size = seen.shape[1]
        return Job(
            name,
            lambda: started(Perceptron(size, hidden, 1), 0.1),
            data(seen, few),
            chosen,
        )

    faster = replace(recipe("mlp"), learning_rate=settings.mlp_faster or 1.0)
    return [
        perceptron(ONE_INPUT, [152], recipe("mlp"), x[:, :1]),
        perceptron(WIDE, [152], recipe("mlp")),
        *([perceptron(FASTER, [152], faster)] if settings.mlp_faster else []),
        perceptron(DEEP, [30, 20], recipe("mlp")),
        *(
            Job(
                name,
                lambda cell=cell, hidden=hidden, bound=bound: started(  # type: ignore[misc]
                    Recurrent(1, hidden, 1, cell=cell, last=True), bound
                ),
                data(x[:, :, None]),
                recipe(kind),
            )
            for name, cell, hidden, bound, kind in (
                (RNN, "rnn", 26, 0.1, "rnn"),
                (PEEPHOLE, "peephole", 16, 0.02, "lstm"),
                (LSTM, "lstm", 16, 0.1, "lstm"),
            )
        ),
    ]


def measure(run: Run) -> dict[str, Any]:
    """Errors, the least errors possible, and the epochs until RNN and LSTM are as good."""
    rng = run.generator("floor")
    # So many because few of them make most of the error: those that fit two places far apart.
    z = rng.uniform(0.0, wavy.HIGHEST, min(100_000, 5 * run.settings.examples))
    x = wavy.readings(z, run.settings.noise, rng)
    level = 1.25 * run.fits[RNN].test_loss
    epochs = {name: _epochs_to(run, name, level) for name in (RNN, PEEPHOLE, LSTM)}
    return {
        "error": {name: fit.test_loss for name, fit in run.fits.items()},
        "floor_one": wavy.least_error(x[:10_000, :1], z[:10_000], run.settings.noise),
        "floor_three": wavy.least_error(x, z, run.settings.noise),
        "crossings": len(wavy.crossings(wavy.LINE, wavy.LOWEST)),
        "crossings_trained": len(wavy.crossings(wavy.LINE, 0.0)),
        "level": level,
        "epochs": epochs,
        "speed": epochs[RNN] / epochs[PEEPHOLE],
        "faster": _faster(run),
    }


def _faster(run: Run) -> dict[str, Any]:
    """How the net does at the higher learning rate, where the preset tries it."""
    if FASTER not in run.fits:
        return {"fails": None, "says": "not tried with this preset"}
    slow, fast = (run.fits[name] for name in (WIDE, FASTER))
    end = f"{fast.test_loss:.3f}" if fast.diverged_at is None else "no number any more"
    return {
        "fails": fast.test_loss > 2 * slow.test_loss,
        "says": f"test error {end} at {run.jobs[FASTER].recipe.learning_rate:g}, "
        f"{slow.test_loss:.3f} at {run.jobs[WIDE].recipe.learning_rate:g}",
    }


def _epochs_to(run: Run, name: str, level: float) -> float:
    """The first epoch after which the test loss was at most `level`; infinite if none."""
    fit = run.fits[name]
    reached = (e for e, loss in zip(fit.epochs, fit.test_losses, strict=True) if loss <= level)
    return next(reached, float("inf"))


def curves(run: Run) -> Figure:
    """All learning curves, with the least errors possible."""
    figure = drawing.learning_curves(run)
    (axis,) = figure.axes
    for name in ("floor_one", "floor_three"):
        inputs = "one value" if name == "floor_one" else "three values"
        axis.axhline(run.measured[name], color=drawing.TARGET, linewidth=1, linestyle=":")
        axis.annotate(
            f"the least error possible from {inputs}",
            (0.99, run.measured[name]),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="top" if name == "floor_one" else "bottom",
            fontsize=8,
            color=drawing.QUIET,
        )
    drawing.legend(axis, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def predictions(run: Run) -> Figure:
    """What every net answers on clean values, against the place they were read at."""
    return wavy.draw_predictions(run, normalised=_normaliser(run))


def memory(run: Run) -> Figure:
    """The memory of the LSTM after every value, over the place."""
    return wavy.draw_memory(run, LSTM, normalised=_normaliser(run))


def _normaliser(run: Run) -> wavy.Normaliser:
    """Clean readings, normalised as the training data were."""
    rng = run.generator("data")
    z = rng.uniform(0.0, wavy.HIGHEST, run.settings.examples)
    x = wavy.readings(z, run.settings.noise, rng)[: round(0.7 * run.settings.examples)]
    return lambda z: (wavy.readings(z, 0.0) - x.mean()) / x.std()


def _errors(measured: Mapping[str, Any]) -> Mapping[str, float]:
    return measured["error"]  # type: ignore[no-any-return]


EXPERIMENT = Experiment(
    name="wavy-inverse",
    title="Find where a wavy curve was read, from three noisy values of it",
    source="K. Bullaughey, LSTM play (2015), kbullaughey.github.io/lstm-play/toy/ and its pages "
    "/mlp/, /rnn/ and /lstm/; settings and logs from github.com/kbullaughey/lstm-play.",
    task=wavy.TASK,
    presets={
        "quick": {
            "examples": 20_000,
            "mlp_examples": 20_000,
            "noise": 0.1,
            "optimiser": "adam",
            "mlp_epochs": 40,
            "mlp_batch": 200,
            "mlp_rate": 0.01,
            "mlp_faster": 0.0,
            "rnn_epochs": 40,
            "rnn_batch": 200,
            "rnn_rate": 0.01,
            "lstm_epochs": 40,
            "lstm_batch": 200,
            "lstm_rate": 0.01,
        },
        "source": {
            "examples": 200_000,
            "mlp_examples": 70_000,
            "noise": 0.1,
            "optimiser": "sgd",
            "mlp_epochs": 50,
            "mlp_batch": 20,
            "mlp_rate": 0.05,
            "mlp_faster": 0.06,
            "rnn_epochs": 20,
            "rnn_batch": 20,
            "rnn_rate": 0.02,
            "lstm_epochs": 5,
            "lstm_batch": 32,
            "lstm_rate": 0.2,
        },
    },
    jobs=jobs,
    measure=measure,
    pictures=(
        Picture(
            "curve",
            "The curve, read from left to right: one value belongs to six places between "
            "−2 and 10, five of them between 0 and 10.",
            lambda run: wavy.draw_curve(),
        ),
        Picture(
            "example",
            "Three values (triangles) read with noise at z, z − 1 and z − 2; the dotted "
            "line is what is to be told from them.",
            wavy.draw_example,
        ),
        Picture(
            "ambiguity",
            "How unlike the values read at two places are: white is alike. One value "
            "is alike at many pairs of places, three are so on the diagonal only; noise of "
            "standard deviation 0.4, as in the source's figures, blurs that.",
            wavy.draw_ambiguity,
        ),
        Picture(
            "puzzle",
            "Ten examples, first in any order: which row belongs to which place? Below, matched.",
            wavy.draw_puzzle,
        ),
        Picture(
            "learning-curves",
            "Test error of all nets over the epochs, and the least error that any "
            "net could have: that of the posterior mean.",
            curves,
        ),
        Picture(
            "predictions",
            "What each net answers for values without noise, over the place where "
            "they were read. Right answers lie on the diagonal.",
            predictions,
        ),
        Picture(
            "memory",
            "The memory of the sixteen LSTM cells after each of the three values, over the "
            "place. After one value, places with the same value have the same memory; after three "
            "they have not.",
            memory,
        ),
    ),
    claims=(
        Claim(
            "One value does not tell the place: the line at 2.6 meets the curve six times.",
            "{crossings} crossings between −2 and 10, {crossings_trained} between 0 and 10; the "
            "least possible error from one value is {floor_one:.2f}, from three {floor_three:.3f}",
            lambda m: m["crossings"] == 6 and m["floor_one"] > 100 * m["floor_three"],
        ),
        Claim(
            "A net with one hidden layer of 152 does not do well.",
            "test error {error[MLP 3-152-1]:.3f}; RNN {error[RNN 26]:.3f}",
            lambda m: _errors(m)[WIDE] > 2 * _errors(m)[RNN],
            "judged as more than twice the RNN's error",
        ),
        Claim(
            "Just a little higher a learning rate, 0.06 instead of 0.05, and it breaks down.",
            "{faster[says]}",
            lambda m: m["faster"]["fails"],
            "judged as more than twice the error, with gradient descent as in the series",
        ),
        Claim(
            "Two hidden layers of 30 and 20, with as many parameters, do much better.",
            "{error[MLP 3-30-20-1]:.3f} against {error[MLP 3-152-1]:.3f}",
            lambda m: _errors(m)[DEEP] < _errors(m)[WIDE] / 1.5,
            "judged as at most two thirds of the error; the series' logs have 0.047 and 0.608",
        ),
        Claim(
            "A simple recurrent net does quite well.",
            "test error {error[RNN 26]:.3f}, the least possible is {floor_three:.3f}",
            lambda m: _errors(m)[RNN] < 0.15,
            "judged as below 0.15; the series' log ends at 0.076",
        ),
        Claim(
            "The LSTM with peepholes learns nearly twice as fast as the RNN.",
            "epochs until the test error is {level:.3f}: RNN {epochs[RNN 26]}, peephole LSTM "
            "{epochs[peephole LSTM 16]}, standard LSTM {epochs[LSTM 16]}",
            lambda m: m["speed"] >= 1.5,
            "judged as 1.5 times as fast to 1.25 times the RNN's final error",
        ),
    ),
)
