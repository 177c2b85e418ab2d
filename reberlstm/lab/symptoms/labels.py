"""Symptoms of nets that choose between labels: losses that stay where they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.lab.experiment import Array, Data, Job, Recipe
from reberlstm.lab.symptoms.figures import answers, columns, gate, learning_curves
from reberlstm.lab.symptoms.symptom import Facts, Row, Symptom, Trained, lstm

if TYPE_CHECKING:
    from torch import nn

# 0.693: the net knows how frequent the labels are


def _alternating(rng: np.random.Generator) -> list[Job]:
    def fed(sequences: int, steps: int) -> tuple[Array, Array]:
        noise = rng.uniform(0.0, 1.0, (sequences, steps, 1))
        return noise, np.tile(1 - np.arange(steps) % 2, (sequences, 1))

    data = Data(*fed(16, 50), *fed(50, 100))
    seen, seen_in_test = (labels[:, :, None].astype(float) for labels in (data.y, data.test[1]))
    given_away = Data(seen, data.y, seen_in_test, data.test[1])
    common: dict[str, Any] = {"epochs": 400, "batch": 16, "loss": "nll"}
    sgd = Recipe(learning_rate=0.1, optimiser="sgd", **common)
    adam = Recipe(learning_rate=0.01, **common)
    return [
        Job("SGD, rate 0.1", lstm(6, 2), data, sgd),
        Job("SGD, the label is fed", lstm(6, 2), given_away, sgd),
        Job("Adam, rate 0.01", lstm(6, 2), data, adam),
    ]


def _chances_of_1(trained: Trained) -> tuple[Array, Array]:
    """The probabilities of label 1, (N, T), and the labels."""
    logits, labels = trained.tested()
    return 1.0 / (1.0 + np.exp(logits[..., 0] - logits[..., 1])), labels


def _guesses(trained: Trained) -> Row:
    chances, labels = _chances_of_1(trained)
    return {
        "loss": trained.fit.test_loss,
        "right": ((chances > 0.5) == (labels == 1)).mean(),
        "swing": np.abs(np.diff(chances[:, 50:])).mean(),
    }


LOSS_0693 = Symptom(
    name="loss-0.693",
    said=(
        "My loss is stuck at 0.693",
        "loss stays around 0.69 and the accuracy at 50 %",
        "binary classification is not learned, no better than a random guess",
        "loss does not decrease from ln 2",
    ),
    losses=(*(math.log(labels) for labels in range(2, 11)), 0.69, 0.25),
    task="The labels are 1, 0, 1, 0, … whatever noise is fed. LSTM(1, 6) with two outputs and "
    "cross-entropy takes 400 steps.",
    why="The cross-entropy of two equally frequent labels is ln 2 = 0.693 where the answer is "
    "always ½ (for k labels it is ln k): the net has learned how frequent the labels are, and "
    "nothing else. Here the output h of every cell settles, whatever is fed, so the answers are "
    "the same at every step; plain gradient descent is too slow to make h swing, as the labels "
    "do.",
    fix="Adam in place of plain gradient descent. Where the labels cannot be told from what is "
    "fed, 0.693 is the best there is: to see that the rest works, feed the label itself, and the "
    "loss falls.",
    measures={
        "loss": "cross-entropy on new noise",
        "right": "share of right labels",
        "swing": "change of the answer from step to step, after step 50",
    },
    sign="loss from 0.68 to 0.70",
    jobs=_alternating,
    measure=_guesses,
    has=lambda row: 0.68 < row["loss"] < 0.70,
    draw=columns(answers(_chances_of_1, steps=30, y="probability of 1"), gate("hidden", steps=30)),
    caption="Above: the probability of label 1. Below: the output h of each cell, which settles "
    "on the left, follows what is fed in the middle, and swings by itself on the right.",
)


# 0.75: nothing moves


def _both_ones(rng: np.random.Generator) -> list[Job]:
    """Are both bits 1? Every pair of bits is as frequent as any other."""
    pairs = np.tile([[0, 0], [0, 1], [1, 0], [1, 1]], (10, 1))

    def fed(sequences: int) -> tuple[Array, Array]:
        bits = np.stack([rng.permutation(pairs) for _ in range(sequences)])
        return bits.astype(float), bits.prod(axis=2)

    (x, y), (test_x, test_y) = fed(32), fed(50)
    labels = Data(x, y, test_x, test_y)
    numbers = Data(x, y[:, :, None].astype(float), test_x, test_y[:, :, None].astype(float))
    common: dict[str, Any] = {"epochs": 200, "batch": 32, "learning_rate": 0.03}
    never = Recipe(optimiser="none", loss="nll", **common)
    return [
        Job("softmax over one unit", lambda: _one_unit("softmax", 2), numbers, Recipe(**common)),
        Job("no step is taken", lstm(4, 2, inputs=2), labels, never),
        Job("sigmoid", lambda: _one_unit("sigmoid", 2), numbers, Recipe(**common)),
    ]


def _one_unit(last: str, inputs: int = 1) -> nn.Module:
    from torch import nn

    after = nn.Softmax(dim=-1) if last == "softmax" else nn.Sigmoid()
    return nn.Sequential(lstm(4, inputs=inputs)(), after)


def _movement(trained: Trained) -> Row:
    losses = trained.fit.losses
    return {"first": losses[0], "last": losses[-1], "moved": round(abs(losses[-1] - losses[0]), 6)}


def constant_answers() -> Facts:
    """What it costs to give the same answer to 1,200 labels, by PyTorch's losses."""
    import torch
    from torch.nn import functional

    def two(chance: float, ones: float) -> tuple[float, float]:
        labels = (torch.arange(1200) < round(1200 * ones)).double()
        answers = torch.full_like(labels, chance)
        entropy = functional.binary_cross_entropy(answers, labels)
        return float(entropy), float(functional.mse_loss(answers, labels))

    def many(labels: int) -> tuple[float, float]:
        right = torch.eye(labels).repeat(1200 // labels, 1)
        entropy = functional.cross_entropy(torch.zeros_like(right), right)
        return float(entropy), float(((right - 1.0 / labels) ** 2).sum(-1).mean())

    half, quarter = "two, half of them 1", "two, a quarter of them 1"
    costs = [
        (half, "½", two(1 / 2, 1 / 2)),
        (half, "⅔, or ⅓", two(2 / 3, 1 / 2)),
        (half, "1, as a softmax over one unit", two(1.0, 1 / 2)),
        (quarter, "¼", two(1 / 4, 1 / 4)),
        (quarter, "1, as a softmax over one unit", two(1.0, 1 / 4)),
        *((f"{k}, equally frequent", f"1/{k} each", many(k)) for k in (3, 4, 10)),
    ]
    head = ("labels", "answered, always", "cross-entropy", "squared error")
    return head, [
        (labels, answer, *(f"{cost:.3g}" for cost in both)) for labels, answer, both in costs
    ]


LOSS_075 = Symptom(
    name="loss-0.75",
    said=(
        "My loss is stuck at 0.75",
        "the loss is exactly the same in every epoch",
        "the loss does not change at all while training",
        "the weights are not updated",
    ),
    losses=(0.75, 0.5),
    task="Are both bits 1? In a quarter of the steps they are. LSTM(2, 4) with one output and the "
    "squared error; and with two outputs and cross-entropy, but no step is ever taken.",
    why="A loss that does not move by a digit has no gradient, or no step is taken along it. A "
    "softmax over one unit says 1 to everything, so the squared error is the share of labels 0, "
    "here ¾; a net that takes no step keeps the loss of its first weights.",
    fix="A sigmoid for one unit, a softmax for two or more; backward() and step() after each "
    "batch. To find out which it is, print the largest gradient, and a weight before and after a "
    "step.",
    measures={
        "first": "training loss at the start",
        "last": "training loss at the end",
        "moved": "the difference",
    },
    sign="moved by less than 0.001",
    jobs=_both_ones,
    measure=_movement,
    has=lambda row: row["moved"] < 0.001,
    draw=learning_curves,
    caption="The loss while the three nets are trained: of two it is the same to the last digit.",
    facts=constant_answers,
    facts_title="What the same answer to everything costs in PyTorch, whose logarithms end at −100",
)


# A softmax over one unit


def _last_bit(rng: np.random.Generator) -> list[Job]:
    """The bit before this one."""

    def fed(sequences: int) -> tuple[Array, Array]:
        bits = rng.integers(0, 2, (sequences, 31, 1)).astype(float)
        bits[:, 0] = 0.0
        return bits[:, 1:], bits[:, :-1]

    data, recipe = Data(*fed(32), *fed(50)), Recipe(epochs=200, batch=32, learning_rate=0.03)
    return [
        Job("softmax over one unit", lambda: _one_unit("softmax"), data, recipe),
        Job("sigmoid", lambda: _one_unit("sigmoid"), data, recipe),
    ]


def _one_answer(trained: Trained) -> Row:
    import torch
    from torch.nn import functional

    found, bits = trained.tested()
    x, y = (torch.tensor(part, dtype=torch.float32) for part in trained.job.data.test)
    made = trained.job.net()  # as it is before the training
    gradients = torch.autograd.grad(functional.mse_loss(made(x), y), list(made.parameters()))
    return {
        "least": found.min(),
        "most": found.max(),
        "gradient": max(gradient.abs().max() for gradient in gradients),
        "right": ((found > 0.5) == (bits > 0.5)).mean(),
    }


SOFTMAX = Symptom(
    name="softmax-one-unit",
    said=(
        "A softmax over one unit",
        "Dense(1, activation='softmax') always answers 1",
        "a single output neuron always predicts the same class",
        "the output is always exactly 1",
    ),
    task="Say the bit before this one. LSTM(1, 4) with one output and the squared error takes 200 "
    "steps of Adam.",
    why="A softmax divides each unit by the sum of all; over one unit that is e^z / e^z = 1, "
    "whatever z is. So its derivative is 0 and no weight gets a gradient, although the memory "
    "behind it does tell the inputs apart.",
    fix="One unit with a sigmoid and binary cross-entropy, or two units with a softmax and "
    "cross-entropy.",
    measures={
        "least": "least answer",
        "most": "largest answer",
        "gradient": "largest entry of a new net's gradient",
        "right": "share of right bits",
    },
    sign="largest and least answer differ by less than 0.001",
    jobs=_last_bit,
    measure=_one_answer,
    has=lambda row: row["most"] - row["least"] < 0.001,
    draw=columns(answers(steps=30), gate("memory", steps=30)),
    caption="Above: the answer. Below: the memory of each cell, which follows the bits on the "
    "left, too; the softmax hides it.",
)
