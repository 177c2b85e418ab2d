"""Which known fault explains the outputs of a runtime.

The outputs are compared with those of the reference, and where they differ with those of every
faulty reference of `reberlstm.conformance.faults`. A fault is named where

1. its reference gives the outputs of all checks, the right ones and the wrong ones. If several do,
   all are told, for then the suite cannot tell them apart;
2. or calls are wrong from some number of words on, and those of fewer words are right;
3. or it does so together with one or two others;
4. or all short words are right, and a long one is wrong from some step on.

Faults of rounding are named where they are near, since the order of operations takes part in them.

Otherwise the runtime is wrong, and none of the known faults explains it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from reberlstm.conformance.faults import Fault, faults, rounded
from reberlstm.conformance.reference import Kept, Reference
from reberlstm.conformance.suite import Call, Check
from reberlstm.errors import WeightsError
from reberlstm.net.cells.cell import Floats
from reberlstm.plain import Plain

TOLERANCE = {"float32": 2e-5, "float64": 1e-9}
"""How far a hidden state may be from the reference's, which is evaluated in float64."""

SLACK = 10.0
"""So many times the tolerance may an output be from that of a fault that explains it."""

NEAR = 0.06
"""So far for faults of rounding, which the order of operations takes part in."""

MOST_FAULTS = 3
"""So many faults at a time are looked for."""

FEW_WORDS = 5
"""Only calls of so few words are run with faults."""

Outputs: TypeAlias = "list[Floats] | Exception"
"""The hidden states of each call of a check, or what was raised."""


@dataclass(frozen=True)
class Place(Plain):
    """Where an output is wrong for the first time; words, steps and calls are counted from 1."""

    call: int
    word: int
    step: int
    cell: str
    found: float
    expected: float

    def __str__(self) -> str:
        call = f"call {self.call}, " if self.call > 1 else ""
        short, exact = ([f"{x:.{n}g}" for x in (self.found, self.expected)] for n in (6, 12))
        found, expected = short if short[0] != short[1] else exact
        place = f"{call}word {self.word}, step {self.step:,}, cell {self.cell}"
        return f"{place}: {found} where {expected} is right"


@dataclass(frozen=True)
class Outcome(Plain):
    """What came of a check.

    Attributes:
        check: The name of the check, such as ``lstm-step``.
        kind: The kind of cell.
        net: The name of the net, such as ``lstm-walk``.
        about: What it asks.
        outcome: ``right``, ``wrong``, ``refused`` where the runtime raised an error or returned
            something of another shape, or ``not run``.
        error: The largest distance from the reference; None where there is no output.
        place: Where it is wrong for the first time.
        note: What was raised, or why it was not run.
    """

    check: str
    kind: str
    net: str
    about: str
    outcome: str
    error: float | None = None
    place: Place | None = None
    note: str = ""

    @property
    def where(self) -> str:
        """The place, or what was raised."""
        return self.note if self.place is None else str(self.place)


@dataclass(frozen=True)
class Finding(Plain):
    """A fault that was found.

    Attributes:
        kind: The kind of cell.
        fault: The name of the fault; ``unknown`` where none of the known ones explains the outputs.
        says: What is done wrong.
        evidence: Why it is said.
        certain: Whether one fault, and no other, gives the outputs of all checks.
        others: What else the faults that give the same outputs say.
        checks: The checks that it makes wrong.
    """

    kind: str
    fault: str
    says: str
    evidence: str
    certain: bool
    others: tuple[str, ...]
    checks: tuple[str, ...]


class WrongShapeError(ValueError):
    """The shape of what a runtime returned; it is told as the runtime's fault."""


def told(error: Exception) -> str:
    """An error in words."""
    return str(error) if isinstance(error, WrongShapeError) else f"{type(error).__name__}: {error}"


def outcome_of(check: Check, outputs: Outputs, tolerance: float) -> Outcome:
    """What came of a check."""
    about = (check.id, check.kind, check.net.name, check.about)
    if isinstance(outputs, Exception):
        return Outcome(*about, "refused", note=told(outputs))
    error, place = 0.0, None
    cells = check.net.cells[-check.net.layers[-1].size :]
    for number, (found, right) in enumerate(zip(outputs, expected_of(check, outputs), strict=True)):
        off = _distance(found, right)
        error = max(error, float(off.max(initial=0.0)))
        if place is None and (off > tolerance).any():
            # The first step in time; of several words the first.
            step, word, cell = np.argwhere(off.swapaxes(0, 1) > tolerance)[0]
            values = (float(x[word, step, cell]) for x in (found, right))
            place = Place(number + 1, int(word) + 1, int(step) + 1, cells[cell], *values)
    return Outcome(*about, "right" if place is None else "wrong", error, place)


def expected_of(check: Check, outputs: Sequence[Floats]) -> list[Floats]:
    """The right outputs of a check, by the convention about ends of words that is nearer."""
    zeros = Reference().run(check.net, check.calls)
    if not check.has_lengths:
        return zeros
    repeated = Reference(repeats=True).run(check.net, check.calls)

    def off(expected: list[Floats]) -> float:
        return float(sum(_distance(x, y).sum() for x, y in zip(outputs, expected, strict=True)))

    return min(zeros, repeated, key=off)


def _distance(found: Floats, right: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nan_to_num(np.abs(found - right), nan=np.inf))


def apart(found: Outputs, expected: Outputs) -> float:
    """The largest distance of outputs from others, as far as these go.

    Two errors are equal; an error is infinitely far from hidden states, and so is another shape.
    """
    if isinstance(found, Exception) or isinstance(expected, Exception):
        both = isinstance(found, Exception) and isinstance(expected, Exception)
        return 0.0 if both else np.inf
    pairs = list(zip(found, expected, strict=False))
    if any(x.shape != y.shape for x, y in pairs):
        return np.inf
    return max((float(_distance(x, y).max(initial=0.0)) for x, y in pairs), default=0.0)


def simulated(reference: Reference, check: Check, kept: Kept | None = None) -> Outputs:
    """What a reference gives in the first calls of a check, those of few words."""
    try:
        with np.errstate(all="ignore"):
            return reference.run(check.net, [x for x in check.calls if len(x.x) <= FEW_WORDS], kept)
    except (ValueError, IndexError, WeightsError) as error:
        return error


@dataclass
class Diagnosis:
    """Which faults explain what one kind of cell does wrong.

    Attributes:
        checks: The checks of that kind that were run.
        outputs: What each gave, by `Check.id`.
        outcomes: How each came out.
        dtype: The type of numbers that was asked for.
        tolerance: How far outputs may be from the reference.
    """

    checks: Sequence[Check]
    outputs: Mapping[str, Outputs]
    outcomes: Mapping[str, Outcome]
    dtype: str
    tolerance: float

    def __post_init__(self) -> None:
        self.kind = self.checks[0].kind
        self.known = faults(self.kind, self.dtype)
        self.short = [check for check in self.checks if not check.endures]

    def findings(self) -> Iterator[Finding]:
        """The faults, in the order of the module's text; nothing where all is right."""
        every = [x for x in self.checks if self.outcomes[x.id].outcome != "right"]
        wrong = [check for check in every if not check.endures]
        if every and not wrong:
            yield self.late(every)
        # Where only calls of many words are wrong, no fault changes what is compared.
        unseen = [check for check in wrong if self.off(Reference(), check) <= self.tolerance]
        if unseen and (found := self.by_words(unseen)):
            yield found
            wrong = [check for check in wrong if check not in unseen]
        if not wrong:
            return
        rules = (self.refused, self.exact, self.not_finite, self.rounding, self.of_words)
        for rule in (*rules, self.as_float32):
            if found := rule(wrong):
                yield found
                return
        yield from self.several(wrong)

    def finding(
        self,
        fault: str,
        says: str,
        evidence: str,
        checks: Sequence[Check],
        *,
        certain: bool = True,
        others: Sequence[str] = (),
    ) -> Finding:
        """A finding about this kind of cell."""
        names = tuple(check.id for check in checks)
        return Finding(self.kind, fault, says, evidence, certain, tuple(others), names)

    def off(self, reference: Reference, check: Check, kept: Kept | None = None) -> float:
        """How far the outputs of a check are from a reference's."""
        outputs = self.outputs[check.id]
        if not check.has_lengths:
            return apart(outputs, simulated(reference, check, kept))
        ways = (replace(reference, repeats=repeats) for repeats in (True, False))
        return min(apart(outputs, simulated(way, check, dict(kept or {}))) for way in ways)

    def most(self, check: Check) -> float:
        """How far outputs may be from what explains them: much nearer than from what is right."""
        outcome = self.outcomes[check.id]
        most = SLACK * self.tolerance
        return most if outcome.outcome == "right" else min(most, (outcome.error or np.inf) / 4.0)

    def fits(self, reference: Reference) -> Iterator[bool]:
        """Whether the reference gives the outputs of each short check."""
        kept: Kept = {}
        return (self.off(reference, x, kept) <= self.most(x) for x in self.short)

    # The rules, each of which has a finding or none

    def exact(self, wrong: Sequence[Check]) -> Finding | None:
        """One fault gives all outputs."""
        found = [x for x in self.known if not x.rounds and all(self.fits(x.reference))]
        evidence = (
            f"the outputs of all {len(self.short)} short checks equal those of a reference with "
            f"this fault, and of no other among {len(self.known)}"
        )
        return self.first_of(found, evidence, wrong, certain=True)

    def first_of(
        self, found: Sequence[Fault], evidence: str, wrong: Sequence[Check], certain: bool
    ) -> Finding | None:
        """A finding that names the first of these faults, if there is one, and tells the others."""
        if not found:
            return None
        name, (says, *others) = found[0].name, dict.fromkeys(x.says for x in found)
        if others:
            evidence = f"the outputs fit {len(others) + 1} known faults, which are not told apart"
            certain = False
        return self.finding(name, says, evidence, wrong, certain=certain, others=others)

    def refused(self, wrong: Sequence[Check]) -> Finding | None:
        """All that are wrong raise an error, or have another shape."""
        errors = [self.outputs[check.id] for check in wrong]
        if not all(isinstance(error, Exception) for error in errors):
            return None
        shape = all(isinstance(error, WrongShapeError) for error in errors)
        note, *others = dict.fromkeys(self.outcomes[check.id].note for check in wrong)
        what = "another shape" if shape else "no hidden states"
        says = f"{len(wrong)} of {len(self.short)} checks give {what}: {note}"
        evidence = "an error tells of no fault of arithmetic"
        if len(wrong) < len(self.short):
            evidence += ", and the others are right"
        return self.finding("shape" if shape else "refused", says, evidence, wrong, others=others)

    def not_finite(self, wrong: Sequence[Check]) -> Finding | None:
        """Hidden states are NaN or infinite, which the right ones never are."""
        found = [
            check
            for check in wrong
            if not isinstance(outputs := self.outputs[check.id], Exception)
            and not all(np.isfinite(hidden).all() for hidden in outputs)
        ]
        if not found:
            return None
        says = f"hidden states are NaN or infinite: {self.outcomes[found[0].id].where}"
        return self.finding("not-finite", says, "the right ones are all finite", found)

    def rounding(self, wrong: Sequence[Check]) -> Finding | None:
        """Faults of rounding are near, and their errors are of the size that is found.

        Where no output is far from what is right, all hidden states must be numbers of the format.
        """
        far = any(self.off(Reference(), check) > NEAR for check in self.short)
        ratios = {}
        for fault in self.known:
            if (
                fault.rounds
                and all(self.off(fault.reference, check) <= NEAR for check in self.short)
                and (far or (fault.bits and self.have(fault.bits)))
            ):
                given = {check.id: simulated(fault.reference, check) for check in self.short}
                sizes = self.sizes(self.outputs) / self.sizes(given)
                ratios[fault] = abs(float(np.median(np.log2(sizes))))
        best = min(ratios.values(), default=np.inf)
        named = [fault for fault, ratio in ratios.items() if ratio <= min(best + 1.0, 3.0)]
        evidence = "sums and weights that need more bits than that come out as they then do"
        return self.first_of(named, evidence, wrong, certain=False)

    def have(self, bits: int) -> bool:
        """Whether all hidden states are numbers of so many bits."""
        given = [self.outputs[check.id] for check in self.checks]
        hidden = [x for outputs in given if not isinstance(outputs, Exception) for x in outputs]
        return all((rounded(x, bits) == x).all() for x in hidden)

    def sizes(self, given: Mapping[str, Outputs]) -> Floats:
        """The mean error of each short check whose words have one length."""
        errors = []
        for check in self.short:
            found, right = given[check.id], simulated(Reference(), check)
            if not (
                check.has_lengths or isinstance(found, Exception) or isinstance(right, Exception)
            ):
                pairs = zip(found, right, strict=False)
                errors.append(np.mean([_distance(x, y).mean() for x, y in pairs]))
        return np.maximum(errors, 1e-30)

    def of_words(self, wrong: Sequence[Check]) -> Finding | None:
        """Calls are wrong from some number of words on, whatever the net."""
        return self.by_words(self.short)

    def by_words(self, checks: Sequence[Check]) -> Finding | None:
        """Calls of these checks are wrong from some number of words on."""
        right: set[int] = set()
        wrong: dict[int, str] = {}
        for check in checks:
            outputs = self.outputs[check.id]
            if isinstance(outputs, Exception):
                return None
            for found, expected in zip(outputs, expected_of(check, outputs), strict=True):
                if (_distance(found, expected) > self.tolerance).any():
                    wrong.setdefault(len(found), self.mixed(found, expected))
                else:
                    right.add(len(found))
        if not right or not wrong or max(right) >= min(wrong):
            return None
        says = (
            f"calls of up to {max(right)} words are right, those of {min(wrong)} and more are not"
        )
        evidence = f"the same net is right on calls of {', '.join(map(str, sorted(right)))} words"
        named = [check for check in checks if self.outcomes[check.id].outcome != "right"]
        return self.finding("words-mixed", says + wrong[min(wrong)], evidence, named)

    def mixed(self, found: Floats, expected: Floats) -> str:
        """Whose states the first wrong word of a call has."""
        off = (_distance(found, expected) > self.tolerance).any(axis=(1, 2))
        word = int(off.argmax())
        says = f": word {word + 1} of {len(found)} has"
        if not found[word].any():
            return f"{says} zeros"
        equal = (_distance(found[word], expected) <= self.tolerance).all(axis=(1, 2))
        return f"{says} the states of word {int(equal.argmax()) + 1}" if equal.any() else ""

    def as_float32(self, wrong: Sequence[Check]) -> Finding | None:
        """Float64 was asked for, and all is as near as float32 may be."""
        errors = [self.outcomes[check.id].error for check in wrong]
        if self.dtype == "float32" or any(x is None or x >= TOLERANCE["float32"] for x in errors):
            return None
        says = "somewhere numbers are float32, and float64 was asked for"
        evidence = "nothing is farther off than float32 may be"
        return self.finding("float32", says, evidence, wrong, certain=False)

    def several(self, wrong: Sequence[Check]) -> Iterator[Finding]:
        """Faults that together give all outputs, or one finding that there are none.

        One fault after the other is added, that which adds most checks and loses none.
        """
        chosen: list[Fault] = []
        combined, fit = Reference(), list(self.fits(Reference()))
        while len(chosen) < MOST_FAULTS and not all(fit):
            best = fit
            rest = [check for check, fits in zip(self.short, fit, strict=True) if not fits]
            for fault in self.known:
                both = combined.then(fault.reference)
                if fault.rounds or all(self.off(both, x) > self.most(x) for x in rest):
                    continue
                found = list(self.fits(both))
                if sum(found) > sum(best) and all(
                    x or not y for x, y in zip(found, fit, strict=True)
                ):
                    best, more, reference = found, fault, both
            if best is fit:
                break
            chosen, combined, fit = [*chosen, more], reference, best
        rest = [check for check, fits in zip(self.short, fit, strict=True) if not fits]
        if rest:
            yield self.unknown(rest, chosen)
            return
        evidence = (
            f"the outputs of {len(fit)} of {len(fit)} checks equal those of a reference with "
            f"{len(chosen)} faults, of which this is one"
        )
        for fault in chosen:
            changed = [
                check
                for check in wrong
                if apart(simulated(fault.reference, check), simulated(Reference(), check))
                > self.tolerance
            ]
            yield self.finding(fault.name, fault.says, evidence, changed, certain=False)

    def unknown(self, rest: Sequence[Check], nearest: Sequence[Fault]) -> Finding:
        """The finding that no known fault explains some checks; it tells where they are wrong."""
        first = self.outcomes[rest[0].id]
        says = (
            f"wrong, and none of the {len(self.known)} known faults explains it; first in "
            f"{first.check} (net {first.net}): {first.where}"
        )
        part = "; those of other checks are given where " if nearest else ""
        part += " and ".join(fault.says for fault in nearest)
        evidence = f"no reference gives them{part}"
        return self.finding("unknown", says, evidence, rest, certain=False)

    def late(self, late: Sequence[Check]) -> Finding:
        """What is wrong with many steps only, all short words being right."""
        evidence = "all short words are right"
        by_name = {check.name: check for check in late}
        for check in late:
            if isinstance(self.outputs[check.id], Exception):
                says = f"{check.about}: {self.outcomes[check.id].note}"
                return self.finding("refused", says, evidence, late)
        if "long" in by_name or "memory" in by_name:
            says = self.ends(by_name.get("long", late[0]))
            return self.finding("long", says, evidence, late, certain=False)
        count = by_name["count"]
        for fault in self.known:
            if fault.bits and self.off(fault.reference, count) <= NEAR:
                says = f"the cell state is kept in {fault.name}: it has {fault.bits} bits"
                evidence += ", and a counter stops where it would with so many bits"
                return self.finding(fault.name, says, evidence, late)
        place = self.outcomes[count.id].place
        says = (
            "what is kept is not exact: gates are not exactly 0 or 1, or the cell state is clipped"
        )
        evidence += f", a counter is wrong from step {place.step if place else 0:,} on"
        return self.finding("not-saturated", says, evidence, late, certain=False)

    def ends(self, check: Check) -> str:
        """What happens where a long word is wrong for the first time."""
        outputs, place = self.outputs[check.id], self.outcomes[check.id].place
        assert place is not None, "it is wrong"
        assert not isinstance(outputs, Exception), "so it has outputs"
        word, done = np.s_[place.word - 1 : place.word], place.step - 1
        hidden, x = outputs[0][word], check.calls[0].x[word]
        says, rest = f"words are right for {done:,} steps", hidden[:, done:]
        if not rest.any():
            return f"{says} and wrong from the next on: there are zeros"
        if np.ptp(rest, axis=1).max() <= self.tolerance and rest.shape[1] > 1:
            return f"{says} and wrong from the next on: the states stay the same"
        # Both may agree with what is right for a while, where the net forgets.
        for begun in range(done, max(done - 50, 0), -1):
            span = np.s_[:, begun : done + 50]
            (anew,) = Reference().run(check.net, [Call(x[span])])
            if apart([hidden[span]], [anew]) <= SLACK * self.tolerance:
                return (
                    f"words are right for {begun:,} steps; then the state is lost, and is 0 again"
                )
        return f"{says} and wrong from the next on"
