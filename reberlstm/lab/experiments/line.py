"""Copy a line: is what a net learns from one line the identity?"""

from __future__ import annotations

from functools import partial
from typing import Any

from reberlstm.lab import copying, curves, drawing, wired
from reberlstm.lab.comparison import Comparison
from reberlstm.lab.copying import FROM_Y, NEAR, copies
from reberlstm.lab.curves import left, lines
from reberlstm.lab.experiment import Claim, Experiment, Run, picture, presets
from reberlstm.lab.verdicts import shown

THE_LINE = lines(1.0)[0, :, 0]
SLOPES = (-0.5, 0.25, 0.5, 1.0, 1.5)
OTHER_LINES = lines(SLOPES)
NAMES = [f"{drawing.signed(slope)}·x" for slope in SLOPES]

LINES = Comparison(
    trained=FROM_Y[0],
    net=wired.copy(),
    names=NAMES,
    given=OTHER_LINES,
    known=[slope == 1.0 for slope in SLOPES],
)


def measure(run: Run) -> dict[str, Any]:
    """Errors on the line, and on other lines that an identity would copy as well."""
    wanted = OTHER_LINES[:, :, 0]
    elsewhere = {
        f"{copying.short(n)}_others": left(copies(run, n, OTHER_LINES), wanted) for n in FROM_Y
    }
    return {**copying.errors(run, THE_LINE), **elsewhere, **LINES.measure(run)}


def _caption(run: Run) -> str:
    says = ", ".join(
        f"{shown(100 * run.measured[f'{copying.short(name)}_others'])} % with {name}"
        for name in FROM_Y
    )
    return (
        "Lines of other slopes (broad) and what the nets that learned y = x give back (thin); "
        f"of the variance is left: {says}."
    )


@picture(_caption)
def _other_lines(run: Run) -> drawing.Figure:
    shown = {name: (OTHER_LINES, copies(run, name, OTHER_LINES), NAMES) for name in FROM_Y}
    return drawing.families(shown, width=4.0, height=3.2)


EXPERIMENT = Experiment(
    name="line",
    title="Sequence to sequence: copy a line",
    source=f"{curves.SOURCE}: sequence to sequence, X-Y.",
    task="A net reads the points of the line y = x, from x = 0 to x = 1 in 100 steps, and has to "
    "give them back step by step: from (x, y), then from y alone, with one layer of LSTM cells and "
    "with two. There is one training sequence, and the loss is the mean squared error.",
    presets=presets(epochs=(300, 3_000), rate=0.2, optimiser="sgd", hidden=32),
    jobs=partial(copying.jobs, THE_LINE),
    measure=measure,
    pictures=(
        copying.picture("line", THE_LINE),
        drawing.LEARNING_CURVES,
        _other_lines,
        LINES.picture("Lines of several slopes"),
    ),
    claims=(
        Claim(
            "line",
            "One layer, trained by gradient descent at a fixed rate, approximates the line.",
            {"one_from_xy": "part of the variance left"},
            lambda m: m["one_from_xy"] < NEAR,
            f"judged as less than {NEAR}; the figure is lost",
            figure="copies",
        ),
        Claim(
            "identity",
            "What the net learns should be the identity.",
            {
                "one_from_y_others": "part of the variance of lines of slope −0.5 to 1.5 left, one "
                "layer",
                "two_from_y_others": "two layers",
            },
            lambda m: m["one_from_y_others"] < NEAR,
            f"judged for one layer, from y alone, as less than {NEAR}",
            "Only values from 0 to 1 were trained, in rising order. Cells bend what lies outside.",
            figure="other-lines",
        ),
        LINES.claim(),
    ),
)
