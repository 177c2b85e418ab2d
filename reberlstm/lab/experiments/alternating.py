"""The alternating pattern out of noise: why it did not work as printed, and what makes it work."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.compiler.oscillator import oscillator
from reberlstm.lab import alternation
from reberlstm.lab import alternation_pictures as draw
from reberlstm.lab.experiment import (
    Array,
    Claim,
    Data,
    Experiment,
    Job,
    Picture,
    Recipe,
    Run,
    Settings,
)
from reberlstm.lab.nets import Recurrent

if TYPE_CHECKING:
    import torch

    from reberlstm.extraction import Extraction
    from reberlstm.net.weights import LSTMWeights

SEQUENCES, STEPS, CELLS = 2, 50, 6
FRESH, LONG = 100, 500
"""Sequences of new noise that nets are tested with, and their length."""

LEARNED = 0.9
"""A net has learned if more labels than this share are right on new noise; guessing gets half."""


@dataclass(frozen=True)
class Variant:
    """One way to train the net.

    Attributes:
        name: As in tables.
        optimiser, rate: See `Recipe`.
        longer: By how much longer than the source trains.
        starts_with_one: Whether the first input is 1, the others noise.
    """

    name: str
    optimiser: str
    rate: float
    longer: int = 1
    starts_with_one: bool = True


PRINTED = Variant("as printed", "none", 0.1)
STEPPED = Variant("steps taken", "sgd", 0.1)
FASTER = Variant("steps taken, rate 1", "sgd", 1.0)
LONGER = Variant("steps taken, 6 × longer", "sgd", 0.1, longer=6)
ADAM = Variant("Adam", "adam", 0.01)
NOISE_ONLY = Variant("Adam, noise from the start", "adam", 0.01, starts_with_one=False)

STEPPED_FIRST = f"{STEPPED.name}, run 1"

VARIANTS = (PRINTED, STEPPED, FASTER, LONGER, ADAM, NOISE_ONLY)


def jobs(settings: Settings, rng: np.random.Generator) -> list[Job]:
    """Every variant a few times, each time with noise of its own."""
    found = []
    for number in range(1, settings.runs + 1):
        noise = rng.uniform(0.0, 1.0, (SEQUENCES, STEPS, 1)).astype(np.float32)
        for variant in VARIANTS:
            if variant is LONGER and number > settings.long_runs:
                continue
            heard = noise.copy()
            if variant.starts_with_one:
                heard[:, 0] = 1.0
            found.append(_job(variant, number, heard, settings))
    return found


def _job(variant: Variant, number: int, heard: Array, settings: Settings) -> Job:
    labels = np.repeat(alternation.pattern(STEPS)[np.newaxis], SEQUENCES, axis=0)
    recipe = Recipe(
        epochs=settings.epochs * variant.longer,
        batch=1,
        learning_rate=variant.rate,
        optimiser=variant.optimiser,
        loss="nll",
        shuffle=False,
    )
    return Job(
        _named(variant, number),
        lambda: Recurrent(1, CELLS, 2),
        Data(heard, labels),
        recipe,
        watch=lambda net: {"multiplier": alternation.flip_multiplier(_weights(net, ""))},
    )


def _named(variant: Variant, number: int) -> str:
    return f"{variant.name}, run {number}"


def _weights(net: torch.nn.Module, name: str) -> LSTMWeights:
    return alternation.weights_of(net.recurrent, net.head, name)  # type: ignore[arg-type]


def _lstm(run: Run, name: str) -> torch.nn.Module:
    return run.nets[name].get_submodule("recurrent")


def measure(run: Run) -> dict[str, Any]:
    """How often each variant learned, and what tells; machines and certificates."""
    noise = fresh(run)
    nets = {name: _weights(net, name) for name, net in run.nets.items()}
    right = {name: alternation.accuracy(net, noise) for name, net in nets.items()}
    learned = {name: share > LEARNED for name, share in right.items()}
    multiplier = {name: alternation.flip_multiplier(net) for name, net in nets.items()}
    begins = {name: _says_one_first(net, noise) for name, net in nets.items()}
    proved = {
        name: alternation.certificate(net).holds is True
        for name, net in nets.items()
        if learned[name]
    }
    best, machines = good(right, proved), {}
    for what, name in (("good", best), ("bad", STEPPED_FIRST)):
        found = alternation.machine(nets[name])
        relation = found.verdict[0].relation
        machines[what] = {
            "states": len(found.fsm.states) if found.ended_by is None else None,
            "size": _size(found),
            "turns": alternation.takes_turns(found.fsm),
            "relation": relation,
        }
    variants = _by_variant(run)
    runs = {variant.name: len(names) for variant, names in variants.items()}
    count = {v.name: sum(learned[name] for name in names) for v, names in variants.items()}
    return {
        "right": right,
        "runs": runs,
        "learned": count,
        "outcome": {v.name: _outcome(right, names) for v, names in variants.items()},
        "begins": {v.name: sum(begins[name] for name in names) for v, names in variants.items()},
        "multiplier": multiplier,
        "nets": len(nets),
        "told": sum((value < -1.0) == learned[name] for name, value in multiplier.items()),
        "highest_learned": max((multiplier[n] for n in nets if learned[n]), default=math.nan),
        "lowest_other": min((multiplier[n] for n in nets if not learned[n]), default=math.nan),
        "proved": proved,
        "proofs": sum(proved.values()),
        "learners": len(proved),
        "machine": machines,
        "good": best,
        "wired": _by_hand(noise),
    }


def _size(found: Extraction) -> str:
    states = len(found.fsm.states)
    if found.ended_by is not None:
        return f"more than {alternation.MOST_STATES} states"
    return "1 state" if states == 1 else f"{states} states"


def _by_hand(noise: Array) -> dict[str, Any]:
    net = oscillator()
    proof = alternation.certificate(net)
    return {
        "right": alternation.accuracy(net, noise),
        "proved": proof.holds is True,
        "verdict": "proved right" if proof.holds else proof.outcome,
        "margin": proof.margin,
        "multiplier": alternation.flip_multiplier(net),
    }


def fresh(run: Run) -> Array:
    """Sequences of new noise after a 1, longer than those learned from."""
    noise = run.generator("fresh").uniform(0.0, 1.0, (FRESH, LONG))
    noise[:, 0] = 1.0
    return noise


def good(right: Mapping[str, float], proved: Mapping[str, bool]) -> str:
    """The net shown as one that works: the first that is proved, or else the best."""
    return next((name for name, yes in proved.items() if yes), max(right, key=lambda n: right[n]))


def _says_one_first(net: LSTMWeights, noise: Array) -> bool:
    _, lead = alternation.run(net, noise[:, :1])
    return bool((lead > 0.0).all())


def _by_variant(run: Run) -> dict[Variant, list[str]]:
    """The names of the nets of every variant; none where the preset leaves a variant out."""
    return {
        variant: [name for name in run.jobs if name.startswith(f"{variant.name}, run ")]
        for variant in VARIANTS
    }


def _outcome(right: Mapping[str, float], names: Sequence[str]) -> str:
    if not names:
        return "not tried with this preset"
    shares = [right[name] for name in names]
    learned = sum(share > LEARNED for share in shares)
    return (
        f"{learned} of {len(names)} nets learned; {np.mean(shares):.1%} of labels are right on new "
        "noise"
    )


def _three(run: Run) -> dict[str, LSTMWeights]:
    """A net that did not learn, one that did, and the one by hand."""
    best = run.measured["good"]
    return {name: _weights(run.nets[name], name) for name in (STEPPED_FIRST, best)} | {
        "by hand: one cell": oscillator()
    }


def _claim(variant: Variant, text: str) -> Claim:
    """Whether a variant always learns."""
    name = variant.name

    def holds(measured: Mapping[str, Any]) -> bool | None:
        runs: int = measured["runs"][name]
        return measured["learned"][name] == runs if runs else None

    return Claim(f"(not in the source) {text}", f"{{outcome[{name}]}}", holds)


EXPERIMENT = Experiment(
    name="alternating",
    title="Say 1, 0, 1, 0, … whatever noise is heard",
    source="“Simple LSTM Experiment to Predict Pattern 010101… Understanding Hidden State”, a "
    "question on forums.fast.ai (topic 82412).",
    task="The input is a 1 and then noise between 0 and 1, one number a step; the labels are "
    "1, 0, 1, 0, … in turn. An LSTM of six cells with a linear readout of two labels learns from "
    "two sequences of 50 steps. The source's code never calls backward and step: it is run as "
    "printed (with the two names that it lacks supplied), and corrected in several ways. Nets are "
    "tested on new noise, ten times as long, and count as having learned if more than 90 % of all "
    "labels are right; guessing gets 50 %.",
    presets={
        "quick": {"runs": 2, "long_runs": 0, "epochs": 500},
        "source": {"runs": 5, "long_runs": 3, "epochs": 500},
    },
    jobs=jobs,
    measure=measure,
    pictures=(
        Picture(
            "learning",
            "Left: the loss stays at ln 2 ≈ 0.69, that of guessing, until it falls all at once. "
            "Right: the lowest eigenvalue of a step at its fixed point. A net can alternate only "
            "where it is under −1; it falls below at the same epoch, or never.",
            lambda run: draw.learning(run, {v.name: n for v, n in _by_variant(run).items()}),
        ),
        Picture(
            "leads",
            "What three nets say on eight sequences of new noise: by how much label 1 leads over "
            "label 0. Without the recipe the noise decides; a net that learned does not listen.",
            lambda run: draw.leads(_three(run), fresh(run)[:8]),
        ),
        Picture(
            "memories",
            "Above: the hidden state of the three nets after odd and even steps, on new noise; × "
            "is the fixed point. Below: the same over the noise just heard. A net that failed "
            "stays around its fixed point, wherever the noise pushes it. One that learned jumps "
            "from one side to the other, and so does the cell by hand. Green: where a certificate "
            "says that a net is, for all noise and every length.",
            lambda run: draw.memories(_three(run), fresh(run)[:12, :60]),
        ),
        Picture(
            "machine",
            "The machine extracted from the net that learned, on its memories: two states, which "
            "take turns whatever is heard. The noise is read as three letters, 0, ½ and 1, a third "
            "of its range each.",
            lambda run: draw.machine(_three(run)[run.measured["good"]], fresh(run)[:12, :40]),
        ),
        Picture(
            "gates",
            "Inside the net that learned: every gate and memory over the first 30 steps.",
            lambda run: draw.gates(_lstm(run, run.measured["good"]), fresh(run)[0, :30]),
        ),
    ),
    claims=(
        Claim(
            "As printed it did not work.",
            "{outcome[as printed]}",
            lambda m: m["learned"][PRINTED.name] == 0,
            "it never takes a step, so this is the untrained net",
        ),
        _claim(STEPPED, "Taking the steps (SGD, rate 0.1, 500 epochs) is enough."),
        _claim(FASTER, "Taking steps ten times as large is enough."),
        _claim(LONGER, "Taking six times as many steps is enough."),
        _claim(ADAM, "Adam at rate 0.01 is enough."),
        Claim(
            "In theory, should it not work?",
            "one cell wired by hand: {wired[right]:.0%} right on new noise, and {wired[verdict]} "
            "for all noise and every length (margin {wired[margin]:.2f})",
            lambda m: m["wired"]["proved"] and m["wired"]["right"] == 1.0,
        ),
        Claim(
            "The model would find that the inputs mean nothing, and discard them.",
            "with Adam {outcome[Adam]}; {proofs} of {learners} are proved right for all noise",
            lambda m: m["learned"][ADAM.name] == m["runs"][ADAM.name],
            "once it is trained",
        ),
        Claim(
            "Solely the hidden state would be used to predict the next label.",
            "the machine extracted from a net that learned has {machine[good][size]}, "
            "which take turns on every input: {machine[good][turns]} (net and machine are "
            "{machine[good][relation]}); that of one that did not learn has {machine[bad][size]}",
            lambda m: m["machine"]["good"]["turns"],
        ),
        Claim(
            "X[0] = 1 guides the net to say 1 first, which it does.",
            "as printed {begins[as printed]} of {runs[as printed]} nets say 1 first; "
            "with Adam and noise from the start {begins[Adam, noise from the start]} of "
            "{runs[Adam, noise from the start]}",
            lambda m: m["begins"][PRINTED.name] == m["runs"][PRINTED.name],
            "an untrained net says what its weights happen to say; a trained one needs no guide",
        ),
        Claim(
            "(not in the source) A net learns if and only if its flip multiplier gets under −1.",
            "so it is for {told} of {nets} nets; highest of those that learned "
            "{highest_learned:.2f}, lowest of the others {lowest_other:.2f}",
            lambda m: m["told"] == m["nets"],
        ),
    ),
)
