"""The alternating pattern out of noise: why it did not work as printed, and what makes it work.

The labels 1, 0, 1, 0, … do not depend on the noise that is fed, so a net has to make them itself.
Whether it can, its *flip multiplier* tells: see `reberlstm.lab.flipping`.
"""

from __future__ import annotations

import itertools
import math
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates import Proof
from reberlstm.errors import count
from reberlstm.lab import drawing, flipping
from reberlstm.lab.experiment import Claim, Data, Experiment, Job, Recipe, Run, picture, presets
from reberlstm.lab.gates import record_gates, unrolled
from reberlstm.lab.nets import Recurrent
from reberlstm.lab.oscillator import oscillator
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net

if TYPE_CHECKING:
    from torch import nn

SEQUENCES, STEPS = 2, 50
FRESH, LONG = 100, 500
"""Sequences of new noise that nets are tested with, and their length."""

LEARNED = 0.9
"""A net has learned if more labels than this share are right on new noise; guessing gets half."""


class Variant(NamedTuple):
    """One way to train the net; `longer` is by how many times the epochs of the source.

    `key` begins the names of what is measured of it.
    """

    key: str
    name: str
    optimiser: str
    rate: float
    longer: int = 1
    starts_with_one: bool = True


PRINTED = Variant("printed", "as printed", "none", 0.1)
STEPPED = Variant("stepped", "steps taken", "sgd", 0.1)
FASTER = Variant("faster", "steps taken, rate 1", "sgd", 1.0)
LONGER = Variant("longer", "steps taken, 6 × longer", "sgd", 0.1, longer=6)
ADAM = Variant("adam", "Adam", "adam", 0.01)
NOISE_ONLY = Variant("noise", "Adam, noise from the start", "adam", 0.01, starts_with_one=False)

STEPPED_FIRST = f"{STEPPED.name}, run 1"

VARIANTS = (PRINTED, STEPPED, FASTER, LONGER, ADAM, NOISE_ONLY)


def jobs(settings: Any, rng: np.random.Generator) -> list[Job]:
    """Every variant a few times, each time with noise of its own."""
    found, labels = [], np.tile(flipping.pattern(STEPS), (SEQUENCES, 1))
    for number in range(1, settings.runs + 1):
        noise = rng.uniform(0.0, 1.0, (SEQUENCES, STEPS, 1)).astype(np.float32)
        for variant in VARIANTS:
            if variant is LONGER and number > settings.long_runs:
                continue
            fed = noise.copy()
            if variant.starts_with_one:
                fed[:, 0] = 1.0
            recipe = Recipe(
                epochs=settings.epochs * variant.longer,
                batch=1,
                learning_rate=variant.rate,
                optimiser=variant.optimiser,
                loss="nll",
                shuffle=False,
            )
            name, data = f"{variant.name}, run {number}", Data(fed, labels)
            net = partial(Recurrent, 1, 6, 2)
            found.append(Job(name, net, data, recipe, watch=_multiplier))
    return found


def _multiplier(net: nn.Module) -> dict[str, float]:
    return {"multiplier": flipping.flip_multiplier(flipping.net_of(net, ""))}


def measure(run: Run) -> dict[str, Any]:
    """How often each variant learned, and what tells; machines and certificates."""
    noise = fresh(run)
    nets = {name: flipping.net_of(net, name) for name, net in run.nets.items()}
    right = {name: flipping.accuracy(net, noise) for name, net in nets.items()}
    learned = {name: share > LEARNED for name, share in right.items()}
    multiplier = {name: flipping.flip_multiplier(net) for name, net in nets.items()}
    begins = {
        name: bool((flipping.leads(net, noise[:, :1]) > 0.0).all()) for name, net in nets.items()
    }
    proved = {n: flipping.certificate(net).holds is True for n, net in nets.items() if learned[n]}
    # The net shown as one that works: the first that is proved, or else the best.
    best = next((name for name, yes in proved.items() if yes), max(right, key=lambda n: right[n]))
    by_hand = oscillator()
    proof = flipping.certificate(by_hand)
    found: dict[str, Any] = {}
    for variant, names in _by_variant(run).items():
        found |= {
            f"{variant.key}_runs": len(names),
            f"{variant.key}_learned": sum(learned[name] for name in names),
            f"{variant.key}_right": float(np.mean([right[n] for n in names])) if names else None,
            f"{variant.key}_says_one": sum(begins[name] for name in names),
        }
    return {
        **found,
        "right": right,
        "multiplier": multiplier,
        "nets": len(nets),
        "told": sum((value < -1.0) == learned[name] for name, value in multiplier.items()),
        "highest_learned": max((multiplier[n] for n in nets if learned[n]), default=math.nan),
        "lowest_other": min((multiplier[n] for n in nets if not learned[n]), default=math.nan),
        "proved": proved,
        "proofs": sum(proved.values()),
        "learners": len(proved),
        **_machine("good", nets[best]),
        **_machine("bad", nets[STEPPED_FIRST]),
        "good": best,
        "wired_right": flipping.accuracy(by_hand, noise),
        "wired_proved": proof.holds is True,
        "wired_margin": proof.margin,
        "wired_multiplier": flipping.flip_multiplier(by_hand),
    }


def _machine(which: str, net: Net) -> dict[str, Any]:
    found = flipping.machine_of(net)
    states, whole = len(found.fsm.states), found.ended_by is None
    return {
        f"{which}_states": states if whole else None,
        f"{which}_size": count(states, "state")
        if whole
        else f"more than {flipping.MOST_STATES} states",
        f"{which}_turns": flipping.alternates(found.fsm),
        f"{which}_relation": found.verdict[0].relation,
    }


def fresh(run: Run) -> Floats:
    """Sequences of new noise after a 1, longer than those learned from."""
    noise = run.generator("fresh").uniform(0.0, 1.0, (FRESH, LONG))
    noise[:, 0] = 1.0
    return noise


def _by_variant(run: Run) -> dict[Variant, list[str]]:
    """The names of the nets of every variant; none where the preset leaves a variant out."""
    return {
        variant: [name for name in run.jobs if name.startswith(f"{variant.name}, run ")]
        for variant in VARIANTS
    }


def _three(run: Run) -> dict[str, Net]:
    """A net that did not learn, one that did, and the one by hand."""
    best = run.measured["good"]
    return {name: flipping.net_of(run.nets[name], name) for name in (STEPPED_FIRST, best)} | {
        "by hand: one cell": oscillator()
    }


def _claim(variant: Variant, says: str, why: str = "") -> Claim:
    """That a variant always learns; not decided where the preset leaves it out."""
    learned, runs = f"{variant.key}_learned", f"{variant.key}_runs"
    return Claim(
        variant.key,
        f"(not in the source) {says}",
        _outcome(variant),
        lambda m: m[learned] == m[runs] if m[runs] else None,
        why=why,
        figure="learning",
    )


def _outcome(variant: Variant) -> dict[str, str]:
    return {
        f"{variant.key}_learned": "nets that learned",
        f"{variant.key}_runs": "of so many",
        f"{variant.key}_right": "labels right on new noise",
    }


# Pictures

ONE, ZERO, GREEN = drawing.COLOURS[:3]
DOTS: dict[str, Any] = {"alpha": 0.5, "linewidths": 0, "rasterized": True}
Ranges = list[tuple[float, float]]

SHOWN, SETTLED = 40, 6
"""Steps of a picture; those after which a state is shown, when its beginning is forgotten."""


def _learning_caption(run: Run) -> str:
    m = run.measured
    return (
        "Left: the loss, which is ln 2 ≈ 0.69 for guessing. Right: the lowest eigenvalue of a step "
        "at its fixed point. A net can alternate only where it is under −1, and at the end it is "
        f"so for {m['told']} of {m['nets']} nets that those that learned are under −1 and the "
        "others are not."
    )


@picture(_learning_caption)
def _learning(run: Run) -> drawing.Figure:
    figure, axes = drawing.panels(2, width=4.4, height=3.6)
    for number, (variant, names) in enumerate(_by_variant(run).items()):
        style: dict[str, Any] = {"color": drawing.COLOURS[number], "linewidth": 1.2}
        for name in names:
            fit = run.fits[name]
            axes[0].plot(fit.epochs, fit.losses, **style)
            axes[1].plot(fit.epochs, fit.watched["multiplier"], **style)
        if names:
            axes[1].plot([], [], label=variant.name, **style)
    axes[1].axhline(-1.0, color=drawing.INK, linewidth=1.0, linestyle="--")
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.8}
    text: dict[str, Any] = {"va": "top", "fontsize": 8, "color": drawing.QUIET, "zorder": 4}
    place = ("axes fraction", "data")
    axes[1].annotate("below: it can alternate", (0.02, -1.05), xycoords=place, bbox=box, **text)
    for axis in axes:
        axis.set_xscale("log")
    axes[0].set_yscale("log")
    drawing.label(axes[0], "Loss", "epoch", "negative log-likelihood")
    drawing.label(axes[1], "Flip multiplier", "epoch", "lowest eigenvalue at the fixed point")
    drawing.legend_right(axes[1])
    return figure


@picture(
    "What three nets say on eight sequences of new noise: by how much label 1 leads over "
    "label 0. Grey: one line for each sequence."
)
def _leads(run: Run) -> drawing.Figure:
    nets, noise = _three(run), fresh(run)[:8]
    labels: dict[str, Any] = {"x": "step", "y": "lead of 1 over 0"}
    figure, axes = drawing.panels(nets, width=3.5, height=2.8, **labels)
    steps = np.arange(1, SHOWN + 1)
    odd = flipping.pattern(SHOWN) == 1
    for axis, net in zip(axes, nets.values(), strict=True):
        found = flipping.leads(net, noise[:, :SHOWN])
        axis.plot(steps, found.T, color=drawing.GRID, linewidth=0.8, zorder=1)
        for wanted, colour, text in ((odd, ONE, "1"), (~odd, ZERO, "0")):
            where = np.broadcast_to(steps[wanted], found[:, wanted].shape)
            style: dict[str, Any] = {"s": 9, "color": colour, "rasterized": True}
            axis.scatter(where, found[:, wanted], label=f"wanted: {text}", **style)
        axis.axhline(0.0, color=drawing.INK, linewidth=0.8, linestyle="--")
    drawing.legend_right(axes[-1])
    return figure


@picture(
    "Above: the hidden state of the three nets after odd and even steps, on new noise; × "
    "is the fixed point. Below: the same over the noise just fed. A net that alternates jumps "
    "from one side of its fixed point to the other. Green: where a certificate says that a net "
    "is, for all noise and every length."
)
def _memories(run: Run) -> drawing.Figure:
    # Nets of more than one cell in the two main directions of h, the others by h and c.
    from matplotlib.patches import Patch

    nets, noise = _three(run), fresh(run)[:12, :60]
    figure, axes = drawing.panels(len(nets), 2, width=3.4, height=2.7)
    odd = np.broadcast_to(flipping.pattern(noise.shape[1]) == 1, noise.shape)[:, SETTLED:]
    for column, (title, net) in enumerate(nets.items()):
        above, below = axes[column], axes[len(nets) + column]
        (first, second), places, fixed, proved = _plane(net, noise)
        places = places[:, SETTLED:]
        _cloud(above, places[..., ::-1], odd, None if fixed is None else fixed[::-1])
        over_noise = np.stack([noise[:, SETTLED:], places[..., 0]], axis=-1)
        _cloud(
            below, over_noise, odd, None if fixed is None else np.array([flipping.MIDDLE, fixed[0]])
        )
        for low, high in proved:
            below.axhspan(low, high, color=GREEN, alpha=0.2, linewidth=1)
        drawing.label(above, title, second, first)
        drawing.label(below, "", "noise fed", first)
        above.locator_params(axis="x", nbins=4)
    green = Patch(color=GREEN, alpha=0.3, label="proved to be here, for all noise")
    drawing.legend_below(figure, axes[0], [green], ncols=4, markerscale=2)
    return figure


def _plane(net: Net, noise: Floats) -> tuple[tuple[str, str], Floats, Floats | None, Ranges]:
    """Two axes, the states (B, T, 2) over them, the fixed point, proved ranges of the first."""
    states = unrolled(net.layers[0], noise[:, :, np.newaxis])
    hidden, fixed = states["hidden"], flipping.fixed_point(net)
    if net.size == 1:
        places = np.concatenate([hidden, states["memory"]], axis=-1)
        return ("h", "c"), places, fixed, _proved(net, np.zeros(1), np.ones(1))
    h = hidden[:, SETTLED:].reshape(-1, net.size)
    mean = h.mean(axis=0)
    directions = _main(h - mean)
    if fixed is not None:
        fixed = directions @ (fixed[: net.size] - mean)
    places = (hidden - mean) @ directions.T
    axes = "h, first direction", "second direction"
    return axes, places, fixed, _proved(net, mean, directions[0])


def _proved(net: Net, mean: Floats, direction: Floats) -> Ranges:
    """The ranges of a direction of ``h`` in the boxes of a certificate; none without one."""
    proof = flipping.certificate(net)
    ranges = []
    for box in proof.boxes if isinstance(proof, Proof) else ():
        ends = (np.array(box.h) - mean[:, np.newaxis]) * direction[:, np.newaxis]
        ranges.append((float(ends.min(axis=1).sum()), float(ends.max(axis=1).sum())))
    return ranges


def _cloud(axis: drawing.Axes, plane: Floats, odd: NDArray[np.bool_], fixed: Floats | None) -> None:
    """Points (B, T, 2), coloured by whether the step was odd, and the fixed point."""
    for wanted, colour, text in ((odd, ONE, "after odd steps"), (~odd, ZERO, "after even steps")):
        x, y = plane[wanted].T
        axis.scatter(x, y, s=7, color=colour, label=text, **DOTS)
    if fixed is not None:
        cross: dict[str, Any] = {"marker": "x", "s": 45, "color": drawing.INK, "zorder": 3}
        axis.scatter(*fixed[:2], label="fixed point", **cross)
    axis.margins(0.1)


def _main(points: Floats) -> Floats:
    """The two main directions of centred points, as rows."""
    directions = np.linalg.svd(points, full_matrices=False)[2][:2]
    # The sign of a direction is arbitrary: its largest entry is made positive, everywhere.
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    turned: Floats = directions * np.sign(largest)
    return turned


@picture(
    lambda run: (
        f"The machine extracted from the net {run.measured['good']!r}, on its states: "
        f"{run.measured['good_size']}. The noise is read as three letters, 0, ½ and 1, a third of "
        "its range each."
    ),
    name="machine",
)
def _machine_picture(run: Run) -> drawing.Figure:
    net, noise = _three(run)[run.measured["good"]], fresh(run)[:12, :40]
    found = flipping.machine_of(net)
    fsm = found.fsm
    plane, visited = _visits(net, fsm, noise)
    figure, (axis,) = drawing.panels(width=5.6, height=3.8)
    middle = {}
    seen = [state for state in fsm.states if state in visited]
    few = len(seen) <= 6  # a larger machine is shown by its state vectors alone
    for state, colour in zip(seen, itertools.cycle((ONE, ZERO, *drawing.COLOURS[2:]))):
        x, y = plane[visited == state].T
        axis.scatter(x, y, s=8, color=colour, **DOTS)
        middle[state] = float(x.mean()), float(y.mean())
        if few:
            box = {"boxstyle": "round", "facecolor": colour, "edgecolor": "white"}
            text = f"{state}\nsays {fsm.outputs[state]}"
            axis.annotate(text, middle[state], color="white", bbox=box, **TEXT)
    for state, line in fsm.transitions.items() if few else ():
        for target in dict.fromkeys(line.values()):
            fed = ", ".join(symbol for symbol in fsm.alphabet if line.get(symbol) == target)
            if state in middle and target in middle:
                _arrow(axis, middle[state], middle[target], fed)
    title = count(len(fsm.states), "state") if found.ended_by is None else "no small machine"
    drawing.label(axis, f"{net.name}: {title}", "h and c, first direction", "second direction")
    axis.margins(0.15)
    return figure


def _visits(net: Net, fsm: FSM, noise: Floats) -> tuple[Floats, NDArray[Any]]:
    """State vectors (N, 2) in their two main directions, and the machine's state at each."""
    stepped = flipping.at_three_inputs(net)
    vectors, states = [], []
    vector, names = stepped.start(len(noise)), [fsm.start] * len(noise)
    for column in np.digitize(noise, (1 / 3, 2 / 3)).T:
        vectors.append(vector)
        states.append(names)
        vector = stepped.step(vector, column)
        symbols = (stepped.alphabet[number] for number in column)
        names = [fsm.transitions[name][a] for name, a in zip(names, symbols, strict=True)]
    points = np.concatenate(vectors)
    centred = points - points.mean(axis=0)
    return centred @ _main(centred).T, np.concatenate(states)


TEXT: dict[str, Any] = {"fontsize": 9, "ha": "center", "va": "center", "zorder": 4}


def _arrow(axis: drawing.Axes, source: Any, target: Any, fed: str) -> None:
    if source == target:
        axis.annotate(f"↻ {fed}", source, xytext=(0, 24), textcoords="offset points", **TEXT)
        return
    style = {"arrowstyle": "-|>", "color": drawing.INK, "shrinkA": 26, "shrinkB": 26}
    style |= {"connectionstyle": "arc3,rad=0.25"}
    axis.annotate("", target, xytext=source, zorder=3, arrowprops=style)
    # The middle of the arc, not of the chord.
    x = (source[0] + target[0]) / 2 + (target[1] - source[1]) / 8
    y = (source[1] + target[1]) / 2 + (source[0] - target[0]) / 8
    on_white = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    axis.annotate(fed, (x, y), bbox=on_white, **TEXT)


@picture("Inside the net that did best: every gate and memory over the first 30 steps.")
def _gates(run: Run) -> drawing.Figure:
    lstm = run.nets[run.measured["good"]].recurrent
    (layer,) = record_gates(lstm, fresh(run)[0, :30, np.newaxis])
    return drawing.gates(layer, title=run.measured["good"])


STUCK = (
    "The loss stays at ln 2, that of guessing, as long as the lowest eigenvalue of a step at its "
    "fixed point is above −1: the state settles, whatever the weights of the readout. Small steps "
    "do not get it there in time. `lab why loss-0.693` shows it on a small net."
)
EXPERIMENT = Experiment(
    name="alternating",
    title="Say 1, 0, 1, 0, … whatever the noise",
    source="“Simple LSTM Experiment to Predict Pattern 010101… Understanding Hidden State”, a "
    "question on forums.fast.ai (topic 82412).",
    task="The input is a 1 and then noise between 0 and 1, one number a step; the labels are "
    "1, 0, 1, 0, … in turn. An LSTM of six cells with a linear readout of two labels learns from "
    "two sequences of 50 steps. The source's code never calls backward and step: it is run as "
    "printed (with the two names that it lacks supplied), and corrected in several ways. Nets are "
    "tested on new noise, ten times as long, and count as having learned if more than 90 % of all "
    "labels are right; guessing gets 50 %.",
    presets=presets(runs=(1, 5), long_runs=(0, 3), epochs=500),
    jobs=jobs,
    measure=measure,
    pictures=(_learning, _leads, _memories, _machine_picture, _gates),
    claims=(
        Claim(
            "as-printed",
            "As printed it did not work.",
            _outcome(PRINTED),
            lambda m: m["printed_learned"] == 0,
            "the untrained net",
            "The code never calls backward and step.",
            fails=True,
            figure="learning",
        ),
        _claim(STEPPED, "Taking the steps (SGD, rate 0.1, 500 epochs) is enough.", STUCK),
        _claim(FASTER, "Taking steps ten times as large is enough.", STUCK),
        _claim(LONGER, "Taking six times as many steps is enough.", STUCK),
        _claim(ADAM, "Adam at rate 0.01 is enough."),
        Claim(
            "in-theory",
            "In theory, should it not work?",
            {
                "wired_right": "one cell wired by hand, right on new noise",
                "wired_proved": "proved for all noise and every length",
                "wired_margin": "margin",
            },
            lambda m: m["wired_proved"] and m["wired_right"] == 1.0,
            by_hand=True,
        ),
        Claim(
            "discards",
            "The model would find that the inputs mean nothing, and discard them.",
            {
                **_outcome(ADAM),
                "proofs": "proved right for all noise",
                "learners": "of so many that learned",
            },
            lambda m: m["adam_learned"] == m["adam_runs"],
            "once it is trained, with Adam",
            figure="memories",
        ),
        Claim(
            "hidden-state",
            "Solely the hidden state would be used to predict the next label.",
            {
                "good_size": "machine of a net that learned",
                "good_turns": "takes turns on every input",
                "bad_size": "machine of one that did not",
            },
            lambda m: m["good_turns"],
            figure="machine",
        ),
        Claim(
            "guide",
            "X[0] = 1 guides the net to say 1 first, which it does.",
            {
                "printed_says_one": "nets as printed that say 1 first",
                "printed_runs": "of so many",
                "noise_says_one": "trained by Adam with noise from the start",
                "noise_runs": "of so many",
            },
            lambda m: m["printed_says_one"] == m["printed_runs"],
            why="An untrained net says what its weights happen to say; a trained one needs no "
            "guide.",
            figure="leads",
        ),
        Claim(
            "multiplier",
            "(not in the source) A net learns if and only if its flip multiplier gets under −1.",
            {
                "told": "nets of which that is so",
                "nets": "of so many",
                "highest_learned": "highest multiplier of those that learned",
                "lowest_other": "lowest of the others",
            },
            lambda m: m["told"] == m["nets"],
            figure="learning",
        ),
    ),
)
