"""The explorer's colours: told apart with every common kind of colour blindness, and easy to read."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from reberlstm.render.bundle import FOLDER

# Machado, Oliveira & Fernandes (2009), severity 1, for linear RGB.
SIGHT = {
    "all": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])

TOLD_APART = 20.0
"""Distances in CIELAB; 2 is just seen where two fields touch."""

READABLE = 4.5
"""The contrast that WCAG 2.2 asks of texts (AA)."""


def themes():
    style = (FOLDER / "style.css").read_text("utf-8")
    blocks = re.findall(r":root[^{]*\{([^}]*)\}", style)
    light, dark, chosen_dark, *_ = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", b)) for b in blocks
    )
    assert dark == chosen_dark
    return {"light": light, "dark": dark}


THEMES = themes()


def linear(colour):
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    ratio = TO_XYZ @ np.clip(rgb, 0.0, 1.0) / WHITE
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one, other):
    low, high = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("theme", THEMES)
def test_colours_that_mean_something_are_told_apart(theme, sight):
    colours, seen = THEMES[theme], SIGHT[sight]
    pairs = [*itertools.combinations(("strong", "wrong", "link", "text"), 2)]
    pairs += [("plus", "minus"), ("plus", "track"), ("minus", "track")]
    for one, other in pairs:
        apart = lab(seen @ linear(colours[one])) - lab(seen @ linear(colours[other]))
        assert np.linalg.norm(apart) > TOLD_APART, f"{one} and {other}"


@pytest.mark.parametrize("theme", THEMES)
def test_texts_can_be_read_on_their_grounds(theme):
    colours = THEMES[theme]
    pairs = [("text", ground) for ground in ("card", "page", "plus", "minus", "track")]
    pairs += [("quiet", ground) for ground in ("card", "page", "track")]
    pairs += [("wrong", "card"), ("wrong", "wrong-soft"), ("strong", "card")]
    pairs += [("lit-text", "lit"), ("on-strong", "strong"), ("link", "card")]
    for one, ground in pairs:
        assert contrast(colours[one], colours[ground]) >= READABLE, f"{one} on {ground}"
