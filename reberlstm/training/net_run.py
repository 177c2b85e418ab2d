"""The training of nets, in one phase or two.

1. *learn*: on words, until all validation words are right. Without noise this is success.
2. *prove* (with noise): boxes are trained along with the net, see
   `reberlstm.training.enclosure`, with a weight that grows, so that what was learned is kept;
   success is a certificate.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Literal
from warnings import catch_warnings, simplefilter

import torch
from torch import Tensor

from reberlstm.certificates import certify
from reberlstm.errors import CompileWarning
from reberlstm.machine.counters import CounterMachine
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net
from reberlstm.training.cells import CellType, at_random, begin_as_latches, from_weights, to_net
from reberlstm.training.enclosure import LEAK_WEIGHT, Enclosure
from reberlstm.training.loop import Arrays, Checkpoint
from reberlstm.training.objective import LEAK_FROM
from reberlstm.training.run import Run
from reberlstm.training.settings import Settings

CELLS = 8
"""The cells of a net where nothing says otherwise."""

RATE, TUNING_RATE = 1e-2, 1e-3
"""Adam's learning rate, and that of a net that knows something, which the first steps at the other
would undo; in the second phase it falls to nothing along half a cosine.

Adam moves every weight by about the rate. In a compiled GRU or simple net every cell is +1 or −1,
so a logit moves by that times the number of cells, and the rate is divided by that: undivided, 50
steps move a logit by 0.65 in the 13 cells of Reber, and its margin is 0.5."""

FIRST_WEIGHT, LAST_WEIGHT, GROWS, SHRINKS = 1e-3, 10.0, 1.5, 0.5
"""The weight of the boxes at the beginning of the second phase, and the largest one. With every
check it grows by one factor, or shrinks by the other where too many answers are wrong by now."""

KNOWN = 0.99
"""The share of right answers from which weight and noise grow; boxes set right what is left."""

NOISE_GROWS = 1.0 / 6.0
"""By so much of what is asked for the noise grows with every such check, and is halved with the
others: some nets cannot bear all of it from the first."""

FEW_STATES, LONG_LEAK = 16, (0.1, 1.0)
"""Where a machine has more, and has to be proved, half of random cells of an LSTM begin as latches;
unless it begins compiled, this is the weight of the leak, from forget gates of 0.73 on. (What is
kept for long has to be refreshed; kept by a gate, it would fade away in a loop that is long
enough.) It is that of a GRU, too, whose boxes hardly close in a loop that keeps 0.95 of h."""

SOFT_GAIN, COUNTING_GAIN = 5.0, 10.0
"""The gain of a compiled net that is trained further: it is right, and its gates can still move.

One that counts is wrong after a few symbols at 5, as each step loses 0.7 % of what is counted."""


class NetRun(Run):
    """A training of one net, which may begin with latches."""

    check_every = 50
    counters = Run.counters | {"learned_at": int, "weight": float, "noise_share": float}

    def __init__(self, settings: Settings) -> None:
        assert settings.cell != "fsm", "machines have a run of their own"
        self.cell: CellType = settings.cell
        many = len(settings.fsm.states) > FEW_STATES
        keeps_long = settings.to_be_proved and settings.start != "compiled" and many
        long = keeps_long or self.cell == "gru"
        self._leak = LONG_LEAK if long else (LEAK_WEIGHT, LEAK_FROM)
        self.latched = keeps_long and settings.start == "random" and self.cell == "lstm"
        super().__init__(settings)
        self._questions = float(self.objective.asked(self.validation).sum())

    def _begin(self) -> None:
        self.learned_at, self.weight, self.noise_share = 0, FIRST_WEIGHT, 0.0
        self.enclosure: Enclosure | None = None
        super()._begin()

    def _first_parameters(self) -> dict[str, Floats]:
        settings, heads = self.settings, self.objective.heads
        start = self._start
        if start is not None:
            return from_weights(self.rng, start, settings.cells or start.size, heads)
        cells, symbols = settings.cells or CELLS, len(settings.fsm.alphabet)
        first = at_random(self.rng, cell=self.cell, symbols=symbols, cells=cells, heads=heads)
        if self.latched:
            begin_as_latches(first, cells // 2)
        return first

    @cached_property
    def _start(self) -> Net | None:
        """The net that it begins from; None where it begins at random."""
        if self.settings.start == "compiled":
            from reberlstm.compiler import compile

            counts = isinstance(self.settings.fsm, CounterMachine)
            gain = COUNTING_GAIN if counts else SOFT_GAIN
            with catch_warnings():
                simplefilter("ignore", CompileWarning)  # how far it counts is for training to mend
                return compile(self.settings.fsm, gain=gain, cell=self.cell)
        return self.settings.start if isinstance(self.settings.start, Net) else None

    @property
    def _rate(self) -> float:
        if self._start is None:
            return RATE
        in_signs = self._start.gain is not None and self.cell != "lstm"
        return TUNING_RATE / self._start.size if in_signs else TUNING_RATE

    @property
    def phase(self) -> Literal["learn", "prove"]:
        """Whether boxes are trained along by now."""
        return "learn" if self.enclosure is None else "prove"

    # A step

    def _losses(self) -> tuple[Tensor, float]:
        weight, leak_from = self._leak
        words = self.objective.draw(self.rng, 1, self.settings.words)
        noise = self._noise(words.symbols.shape)
        loss = self.objective.loss(self.cell, self.parameters, words, noise, leak_from)
        total = loss.words.sum()
        if self.settings.to_be_proved:
            total = total + weight * loss.leak.sum()
        if self.enclosure is not None:
            total = total + self.weight * self.enclosure.loss(self.parameters)
        return total, float(loss.words.detach().sum())

    def _update(self, total: Tensor) -> None:
        super()._update(total)
        if self.enclosure is not None and self.step % 10 == 0:
            self.enclosure.follow(self.parameters, self.rng)

    def _since_learned(self) -> float:
        """The share of the second phase that is over."""
        return (self.step - self.learned_at) / max(1, self.settings.steps - self.learned_at)

    def _noise(self, shape: tuple[int, ...]) -> Tensor | None:
        if self.enclosure is None:
            return None
        size = self.parameters["weight_hh"].shape[1]
        drawn = self.rng.standard_normal((*shape, size))
        return torch.as_tensor(self.settings.noise * self.noise_share * drawn)

    # A check

    def _assess(self) -> tuple[float, dict[str, Floats]]:
        wrong = self.objective.wrong(self.cell, self.parameters, self.validation)
        return 1.0 - float(wrong.sum()) / self._questions, self._arrays()

    def _succeeds(self) -> bool:
        right = self.accuracy == 1.0
        if not self.settings.to_be_proved:
            return right
        if right:
            # More seconds than any try takes: the result must not depend on the clock.
            found = certify(
                self._net(self._arrays()),
                heads=[self.objective.head],
                seconds=60.0,
                max_states=1,
                max_depth=1,
                max_k=1,
            )
            self.certificate = found if found.holds else None
            if self.enclosure is None and self.certificate is None:
                self.learned_at = self.step
                self.enclosure = self._boxes()
                self._optimise(RATE)
        if self.enclosure is not None:
            known = self.accuracy >= KNOWN
            changed = self.weight * (GROWS if known else SHRINKS)
            self.weight = min(max(changed, FIRST_WEIGHT), LAST_WEIGHT)
            self.noise_share = (
                min(1.0, self.noise_share + NOISE_GROWS) if known else self.noise_share / 2.0
            )
            rate = RATE * (1.0 + math.cos(math.pi * min(1.0, self._since_learned()))) / 2.0
            self.optimiser.param_groups[0]["lr"] = max(rate, RATE / 100.0)
        return self.certificate is not None

    def _boxes(self) -> Enclosure:
        net = self._net(self._arrays())
        return Enclosure(net, self.objective, self.parameters, self.rng, self._leak)

    def _net(self, arrays: dict[str, Floats]) -> Net:
        return to_net(self.cell, arrays, self.settings.fsm, claims=self.objective.claims)

    def _trained(self) -> Net:
        return self._net(self.best)

    # A checkpoint

    def _trained_along(self) -> tuple[Tensor, ...]:
        return () if self.enclosure is None else (self.enclosure.reach,)

    def _further_arrays(self) -> Arrays:
        boxes = self.enclosure
        if boxes is None:
            return {}
        return {"boxes.reach": boxes.reach.detach().numpy(), "boxes.hull": boxes.hull.numpy()}

    def _take_up(self, saved: Checkpoint) -> None:
        super()._take_up(saved)
        self.enclosure = None
        if "boxes.reach" in saved.arrays:
            self.enclosure = self._boxes()
            self.enclosure.restore(saved.arrays["boxes.reach"], saved.arrays["boxes.hull"])
