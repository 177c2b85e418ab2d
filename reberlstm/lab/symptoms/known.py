"""All symptoms, and how one is found from the words that somebody types."""

from __future__ import annotations

import re
from collections import Counter

from reberlstm.errors import LabError, shown
from reberlstm.lab.symptoms.forecasts import LAGS, MEAN, OUTSIDE
from reberlstm.lab.symptoms.labels import LOSS_0693, LOSS_075, SOFTMAX
from reberlstm.lab.symptoms.memory import CONSTANT, SATURATES, STRAIGHT, ZERO
from reberlstm.lab.symptoms.symptom import Symptom

SYMPTOMS = {
    symptom.name: symptom
    for symptom in (
        *(LOSS_0693, LOSS_075, SOFTMAX, CONSTANT, MEAN),
        *(LAGS, ZERO, STRAIGHT, OUTSIDE, SATURATES),
    )
}
"""The symptoms by name."""

SILENT = """
a all always an and any are as at be because but by can cannot do does doe down every for from get
gets go goes going has have how i in instead is it its keras loss lstm model my net network not of
on or pytorch rnn so such tensorflow than that the their there these they this those
to too train trained training up was what when where which while why with
"""
"""Words that tell nothing."""

CLOSE = 0.006
"""Losses this near are the same."""


def find(words: str) -> Symptom:
    """The symptom that some words tell of: its name, a loss, or how somebody would put it.

    Raises:
        LabError: where they tell of none, or of several equally well.

    Example:
        >>> [find(words).name for words in ("loss-0.693", "0.6931", "stuck at 0.69")]
        ['loss-0.693', 'loss-0.693', 'loss-0.693']
        >>> [find(words).name for words in ("predicts the mean", "predictions are lagging")]
        ['predicts-the-mean', 'lags-by-one-step']
    """
    if (name := "-".join(words.lower().split())) in SYMPTOMS:
        return SYMPTOMS[name]
    asked = _stems(words)
    numbers = [float(number) for number in re.findall(r"\d*\.?\d+", words)]
    known = {
        name: _stems(" ".join([name.replace("-", " "), *symptom.said]))
        for name, symptom in SYMPTOMS.items()
    }
    often = Counter(stem for stems in known.values() for stem in stems)
    # A word that tells of one symptom counts as much as two that tell of two.
    scores = {
        name: sum(1.0 / often[stem] for stem in asked & stems) for name, stems in known.items()
    }
    for number in numbers:
        near = {
            name
            for name, symptom in SYMPTOMS.items()
            if any(abs(number - loss) <= CLOSE for loss in symptom.losses)
        }
        if near:  # of "loss 0.693, accuracy 0.5" only the first is a loss
            scores |= {name: scores[name] + 2.0 for name in near}
            break
    best = max(scores.values())
    if not best:
        raise LabError(
            f"no symptom is known by {shown(words)}; `reberlstm lab why` lists them (a loss that "
            "grows or becomes NaN, overfitting and slow training are not among them)"
        )
    likely = [name for name, score in scores.items() if score > 0.8 * best]
    if len(likely) > 1:
        raise LabError(f"{shown(words)} may be {', '.join(likely)}; name one of them, or say more")
    return SYMPTOMS[likely[0]]


def _stems(words: str) -> set[str]:
    """Words without their endings: predicts, predicted and prediction are one."""
    found, silent = set(), SILENT.split()
    for word in re.findall(r"[a-z]{2,}|(?<![\d.])1(?![\d.])", words.lower().replace("'", "")):
        if word in silent:
            continue
        stem = re.sub(r"(?<=[a-z]{3})(ions?|ings?|ed|es|s|ly|e)$", "", word)
        found.add(re.sub(r"([b-df-hj-np-tv-z])\1$", r"\1", stem)[:6])
    return found
