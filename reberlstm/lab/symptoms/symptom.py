"""What a symptom is, and how it is shown: a net that has it and nets without it, from one seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reberlstm.lab.drawing import Figure
from reberlstm.lab.experiment import Array, Fit, Job, generator
from reberlstm.lab.gates import Gates, record_gates
from reberlstm.lab.verdicts import spread

if TYPE_CHECKING:
    from torch import nn

Row = Mapping[str, Any]
"""What was measured of one net, by the names of `Symptom.measures`: numbers."""

Facts = tuple[Sequence[str], Sequence[Sequence[str]]]
"""A table: its head, and its rows."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A net after its training, with the job that said on what and how."""

    job: Job
    net: nn.Module
    fit: Fit

    def answers(self, x: Array) -> Array:
        """What the net gives for inputs ``(N, T, D)``."""
        from reberlstm.lab.nets import ask

        return ask(self.net, x)

    def tested(self) -> tuple[Array, Array]:
        """The answers for the test inputs, and those that were wanted."""
        x, wanted = self.job.data.test
        return self.answers(x), wanted

    def inside(self, x: Array) -> Gates:
        """All gates and memories, ``(N, T, H)``, of the last LSTM on sequences ``(N, T, D)``."""
        from torch import nn

        for lstm in (part for part in self.net.modules() if isinstance(part, nn.LSTM)):
            (gates,) = record_gates(lstm, x)
            x = gates["hidden"]
        return gates


def lstm(
    cells: int = 8, outputs: int = 1, *, inputs: int = 1, last: bool = False
) -> Callable[[], nn.Module]:
    """Builds an LSTM with a linear output at each step, or at the last only."""

    def build() -> nn.Module:
        from reberlstm.lab.nets import Recurrent  # this loads PyTorch, and a list needs none

        return Recurrent(inputs, cells, outputs, last=last)

    return build


@dataclass(frozen=True, kw_only=True, eq=False)
class Symptom:
    """A way in which LSTMs fail to learn.

    Attributes:
        name: What it is called on the command line.
        said, losses: How people put it, the first being its title; losses that give it away.
        task, why, fix: What is shown, on which nets; the mechanism, in two sentences; what to do.
        measures, measure: What is measured of a net, in words by its name, and in numbers.
        sign, has: By what a net is said to have the symptom, and whether it has.
        jobs: The nets, from random numbers for their data: the first has the symptom, the last
            does not; one between them may.
        draw, caption: The figure, and what it shows.
        facts, facts_title: A table of what else is good to know, and what it is.
    """

    name: str
    said: Sequence[str]
    losses: Sequence[float] = ()
    task: str
    why: str
    fix: str
    measures: Mapping[str, str]
    sign: str
    jobs: Callable[[np.random.Generator], Sequence[Job]]
    measure: Callable[[Trained], Row]
    has: Callable[[Row], bool]
    draw: Callable[[Mapping[str, Trained]], Figure]
    caption: str
    facts: Callable[[], Facts] | None = None
    facts_title: str = ""


@dataclass(frozen=True, eq=False)
class Shown:
    """The nets of a symptom from one seed, by the jobs' names, and what was measured of each."""

    symptom: Symptom
    seed: int
    nets: Mapping[str, Trained]
    rows: Mapping[str, Row]

    def has_it(self, net: str) -> bool:
        """Whether a net has the symptom."""
        return self.symptom.has(self.rows[net])

    def figure(self) -> Figure:
        """The figure of the symptom, of these nets."""
        return self.symptom.draw(self.nets)


def show(symptom: Symptom, seed: int = 0) -> Shown:
    """Train the nets of a symptom, in a few seconds, and measure.

    Raises:
        MissingExtraError: where PyTorch or matplotlib is not installed.

    Example:
        >>> from reberlstm.lab.symptoms import find
        >>> shown = show(find("softmax over one unit"))
        >>> {name: shown.has_it(name) for name in shown.nets}
        {'softmax over one unit': True, 'sigmoid': False}
    """
    from reberlstm.lab.runner import need_extras, seed_of

    need_extras()
    from reberlstm.lab.training import alone, train

    with alone():
        nets = {}
        for job in symptom.jobs(generator(seed, symptom.name)):
            done = train(job, seed_of(seed, job.name))
            nets[job.name] = Trained(job, done.net, done.fit())
        rows = {
            name: {key: float(value) for key, value in symptom.measure(trained).items()}
            for name, trained in nets.items()
        }
    return Shown(symptom, seed, nets, rows)


def results(runs: Sequence[Shown]) -> list[list[str]]:
    """One symptom over seeds, as a table with a column for each net.

    The first row has the nets' names, the second how many seeds gave them the symptom; the others
    have what was measured, each beginning with what that is.
    """
    symptom, nets = runs[0].symptom, list(runs[0].nets)
    often = [f"{sum(run.has_it(net) for run in runs)} of {len(runs)}" for net in nets]
    measured = [
        [spread([run.rows[net][key] for run in runs]) for net in nets] for key in symptom.measures
    ]
    labelled = zip(first_column(symptom), [often, *measured], strict=True)
    return [["", *nets], *([label, *cells] for label, cells in labelled)]


def first_column(symptom: Symptom) -> list[str]:
    """What the rows of its `results` are."""
    return [f"seeds with the symptom: {symptom.sign}", *symptom.measures.values()]
