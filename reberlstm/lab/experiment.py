"""What an experiment is: data, nets, how they are trained, pictures, and claims.

A description has values and small functions, no loop and no file: the runner trains, times, writes
checkpoints, draws and reports in the same way for all of them. Shapes: `N` sequences, `T` steps,
`D` inputs and `K` outputs a step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from reberlstm.errors import LabError

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]
Settings = SimpleNamespace
"""The numbers of a preset as attributes, such as ``settings.epochs``."""

PRESETS = ("quick", "source")
"""The names of presets; every experiment has the first."""

OPTIMISERS = ("adam", "rmsprop", "sgd", "none")
LOSSES = ("mse", "nll")


@dataclass(frozen=True, eq=False)
class Data:
    """What a net is trained on and tested with.

    Attributes:
        x, y: Training inputs, ``(N, T, D)`` or ``(N, D)``, and targets: of the shape of the net's
            outputs, or for the loss ``nll`` the number of the right one, without the last axis.
        test_x, test_y: The same for testing; by default those for training.
    """

    x: Array
    y: Array
    test_x: Array | None = None
    test_y: Array | None = None

    def __post_init__(self) -> None:
        if (self.test_x is None) != (self.test_y is None):
            raise LabError("Data has test_x or test_y without the other: give both or none")
        x, y, test_x, test_y = map(len, (self.x, self.y, *self.test))
        if x != y or test_x != test_y or not x:
            raise LabError(
                f"Data of {x} inputs and {y} targets, for testing {test_x} and {test_y}: as many "
                "of both, and not none"
            )

    @property
    def test(self) -> tuple[Array, Array]:
        """Inputs and targets for testing."""
        both = self.test_x, self.test_y
        return (self.x, self.y) if both[0] is None or both[1] is None else (both[0], both[1])


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a net is trained.

    Attributes:
        epochs, batch: Passes over the training data; sequences in a step.
        optimiser: One of `OPTIMISERS`; ``rmsprop`` has Keras' constants, ``none`` never steps.
        loss: ``mse``, the mean squared error, or ``nll``, the negative log-likelihood of the right
            output by a softmax over all.
        shuffle: Whether every epoch has an order of its own.
    """

    epochs: int
    batch: int
    learning_rate: float
    optimiser: str = "adam"
    loss: str = "mse"
    shuffle: bool = True

    def __post_init__(self) -> None:
        if self.optimiser not in OPTIMISERS:
            raise LabError(f"optimiser {self.optimiser!r}: choose one of {', '.join(OPTIMISERS)}")
        if self.loss not in LOSSES:
            raise LabError(f"loss {self.loss!r}: choose one of {', '.join(LOSSES)}")
        if self.epochs < 1 or self.batch < 1 or not self.learning_rate > 0:
            raise LabError(
                f"{self.epochs} epochs of batches of {self.batch} at learning rate "
                f"{self.learning_rate}: all must be positive"
            )

    @classmethod
    def of(cls, settings: Settings, kind: str = "", **others: Any) -> Recipe:
        """A recipe from the settings ``epochs``, ``batch``, ``rate`` and ``optimiser``.

        With the kind ``rnn`` the settings ``rnn_epochs`` and so on come first, and before all
        settings come `others`, the attributes of the recipe.
        """
        given = vars(settings)
        for name in ("epochs", "batch", "rate", "optimiser"):
            found = given.get(f"{kind}_{name}", given.get(name))
            if found is not None:
                others.setdefault("learning_rate" if name == "rate" else name, found)
        return cls(**others)


@dataclass(frozen=True, eq=False)
class Job:
    """One net to be trained.

    Attributes:
        name: What tables and legends call it.
        net: Builds the net, a `torch.nn.Module`; called after the seed was set.
        data: What it learns from.
        recipe: How.
        watch: Numbers or arrays to take of the net, by name, whenever it is tested; see
            `Fit.watched`.
    """

    name: str
    net: Callable[[], torch.nn.Module]
    data: Data
    recipe: Recipe
    watch: Callable[[torch.nn.Module], Mapping[str, Any]] | None = None


@dataclass(frozen=True, eq=False)
class Fit:
    """What came of a job.

    Attributes:
        parameters: How many numbers were trained.
        epochs: The epochs after which the losses were taken.
        losses, test_losses: Training loss of these epochs, the mean over its batches, and test
            loss after them.
        cpu_seconds: Processor time of the training.
        diverged_at: The epoch whose loss was no finite number, which ended the training, or None.
        watched: What `Job.watch` took of the net after these epochs, by name.
    """

    parameters: int
    epochs: Sequence[int]
    losses: Sequence[float]
    test_losses: Sequence[float]
    cpu_seconds: float
    diverged_at: int | None = None
    watched: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @property
    def test_loss(self) -> float:
        """The test loss at the end; infinite after a divergence."""
        return self.test_losses[-1] if self.diverged_at is None else float("inf")

    def epochs_to(self, level: float) -> float:
        """The epochs until the test loss was at most `level`; infinite if it never was."""
        reached = zip(self.epochs, self.test_losses, strict=True)
        return next((epoch for epoch, loss in reached if loss <= level), float("inf"))


@dataclass(frozen=True, eq=False)
class Run:
    """A run of an experiment, as its measures and pictures see it.

    `jobs`, `nets` and `fits` are by the jobs' names; `measured`, what the experiment measured, is
    empty while it is measuring.
    """

    experiment: Experiment
    preset: str
    seed: int
    settings: Settings
    jobs: Mapping[str, Job] = field(default_factory=dict)
    nets: Mapping[str, torch.nn.Module] = field(default_factory=dict)
    fits: Mapping[str, Fit] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, name: str, x: Array, method: str = "forward", **options: Any) -> Array:
        """What the net of job `name` gives for inputs of shape ``(N, T, D)`` or ``(N, D)``.

        With `method` it is what another method of the net gives, such as ``encode``.
        """
        from reberlstm.lab.nets import ask

        return ask(getattr(self.nets[name], method), x, **options)

    def generator(self, name: str) -> np.random.Generator:
        """Random numbers for a measurement or picture, the same whenever they are asked for."""
        return generator(self.seed, name)


def generator(seed: int, name: str) -> np.random.Generator:
    """Random numbers of a seed and a purpose: adding a net to an experiment changes no other."""
    return np.random.default_rng([seed, *name.encode()])


@dataclass(frozen=True)
class Picture:
    """A figure, written to a file of that name.

    The caption says in a sentence what it shows; a function says it of a run, so that the sentence
    follows from the result. `draw` draws it; several figures are the frames of an animation.
    """

    name: str
    caption: str | Callable[[Run], str]
    draw: Callable[[Run], Figure | Sequence[Figure]]

    def says(self, run: Run) -> str:
        """The caption."""
        return self.caption if isinstance(self.caption, str) else self.caption(run)


def picture(
    caption: str | Callable[[Run], str], name: str = ""
) -> Callable[[Callable[[Run], Any]], Picture]:
    """Make a picture of the function below, named like it: ``_other_lines`` is other-lines."""
    return lambda draw: Picture(name or draw.__name__.strip("_").replace("_", "-"), caption, draw)


@dataclass(frozen=True)
class Claim:
    """What the source says, and how to tell from what was measured whether it holds.

    Attributes:
        name: A word or two, by which programs find it.
        says: The claim, in a sentence.
        of: The names of what was measured for it, and what each is, in words with its unit. What
            was measured is a number, a truth or a word.
        holds: Whether the claim is true of what was measured; None where that cannot be told.
        judged: What `holds` asks, in words; prefer a ratio to a number that we chose.
        why: Why a net fails, in a sentence or two; told where one did.
        fails: Whether the claim says that a net fails; otherwise one fails where it does not hold.
        figure: The name of the picture that shows it.
        by_hand: Whether it is about weights written by hand, which no seed changes.
    """

    name: str
    says: str
    of: Mapping[str, str]
    holds: Callable[[Mapping[str, Any]], bool | None]
    judged: str = ""
    why: str = ""
    fails: bool = False
    figure: str = ""
    by_hand: bool = False


def presets(**settings: Any) -> dict[str, dict[str, Any]]:
    """The two presets, from the values of every setting: for ``quick`` and for ``source``.

    Example:
        >>> presets(epochs=(10, 200), steps=50)
        {'quick': {'epochs': 10, 'steps': 50}, 'source': {'epochs': 200, 'steps': 50}}
    """
    return {
        preset: {
            name: value[number] if isinstance(value, tuple) else value
            for name, value in settings.items()
        }
        for number, preset in enumerate(PRESETS)
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class Experiment:
    """A declarative description of an experiment.

    Attributes:
        name: What it is called on the command line: lower-case words with dashes.
        title: One line.
        task: What is to be learned from what, in a paragraph.
        presets: The settings of ``quick``, and of ``source`` if there is such a preset; both name
            the same numbers.
        jobs: The nets to be trained, from the settings and random numbers for their data.
        measure: What is measured, by name: numbers, texts, or lists and mappings of them.
        pictures: The figures.
        claims: What the source says, and how it is decided whether that holds.
        source: Where it comes from, if from elsewhere.
    """

    name: str
    title: str
    task: str
    presets: Mapping[str, Mapping[str, Any]]
    jobs: Callable[[Settings, np.random.Generator], Sequence[Job]]
    measure: Callable[[Run], Mapping[str, Any]]
    pictures: Sequence[Picture] = ()
    claims: Sequence[Claim] = ()
    source: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise LabError(
                f"experiment {self.name!r}: its name must be lower-case words-with-dashes"
            )
        name, given = f"experiment {self.name}", ", ".join(self.presets) or "none"
        if not {"quick"} <= set(self.presets) <= set(PRESETS):
            raise LabError(f"{name}: its presets are {given}; give quick, and source if you like")
        first, *others = map(set, self.presets.values())
        if different := sorted(first.symmetric_difference(*others) if others else ()):
            raise LabError(f"{name}: only one of its presets says {', '.join(different)}")
        for what in ("pictures", "claims"):
            if len({one.name for one in getattr(self, what)}) != len(getattr(self, what)):
                raise LabError(f"{name}: two {what} have the same name")

    def settings(self, preset: str, changes: Mapping[str, Any] | None = None) -> Settings:
        """The settings of a preset, some of them changed.

        Raises:
            LabError: for a preset or a setting that there is not, or a value of another kind.
        """
        if preset not in self.presets:
            raise LabError(
                f"experiment {self.name} has no preset {preset!r}; choose one of "
                f"{', '.join(self.presets)}"
            )
        values = dict(self.presets[preset])
        for name, value in (changes or {}).items():
            if name not in values:
                raise LabError(
                    f"experiment {self.name} has no setting {name!r}; it has "
                    f"{', '.join(values) or 'none'}"
                )
            # The value, maybe a text from the command line, becomes of the type of the preset's.
            old = values[name]
            make = _truth if isinstance(old, bool) else type(old)
            try:
                values[name] = make(value)
            except (TypeError, ValueError, KeyError):
                raise LabError(
                    f"setting {name} = {value}: give a value like {old!r} ({type(old).__name__})"
                ) from None
        return Settings(**values)


def _truth(value: Any) -> bool:
    return {"true": True, "false": False}[str(value).lower()]
