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

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from reberlstm.conformance.faults import Fault, faults, rounded
from reberlstm.conformance.reference import Reference
from reberlstm.conformance.suite import Call, Check
from reberlstm.errors import WeightsError
from reberlstm.net.cells.cell import Floats
from reberlstm.plain import Plain

TOLERANCE = {"float32": 2e-5, "float64": 1e-9}
"""How far a hidden state may be from the reference's, which is evaluated in float64."""

ALIKE = 10.0
"""So many times as far may an output be from that of a fault which it is explained by."""

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


def outcome_of(
    check: Check, outputs: Outputs, expected: Sequence[Floats], tolerance: float
) -> Outcome:
    """What came of a check whose expected outputs are these."""
    about = (check.id, check.kind, check.net.name, check.about)
    if isinstance(outputs, Exception):
        return Outcome(*about, "refused", note=f"{type(outputs).__name__}: {outputs}")
    error, place = 0.0, None
    cells = check.net.cells[-check.net.layers[-1].size :]
    for number, (found, right) in enumerate(zip(outputs, expected, strict=True), start=1):
        off = _distance(found, right)
        error = max(error, float(off.max(initial=0.0)))
        if place is None and (off > tolerance).any():
            # The first step in time; of several words the first.
            step, word, cell = np.argwhere(off.swapaxes(0, 1) > tolerance)[0]
            values = (float(x[word, step, cell]) for x in (found, right))
            place = Place(number, int(word) + 1, int(step) + 1, cells[cell], *values)
    return Outcome(*about, "right" if place is None else "wrong", error, place)


def _distance(found: Floats, right: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nan_to_num(np.abs(found - right), nan=np.inf))


def expected_of(check: Check, outputs: Outputs) -> list[Floats]:
    """The right outputs of a check, by the convention about ends of words that is nearer."""
    zeros = Reference().run(check.net, check.calls)
    if isinstance(outputs, Exception) or all(call.lengths is None for call in check.calls):
        return zeros
    repeated = Reference(repeats=True).run(check.net, check.calls)

    def off(expected: list[Floats]) -> float:
        return float(sum(_distance(x, y).sum() for x, y in zip(outputs, expected, strict=True)))

    return min(zeros, repeated, key=off)


def diagnose(
    checks: Sequence[Check],
    outputs: Mapping[str, Outputs],
    outcomes: Mapping[str, Outcome],
    dtype: str,
    tolerance: float,
) -> Iterator[Finding]:
    """The faults that explain what one kind of cell does wrong; nothing where it is right.

    Args:
        checks: The checks of that kind that were run.
        outputs: What each gave, by `Check.id`.
        outcomes: How each came out.
        dtype: The type of numbers that was asked for.
        tolerance: How far outputs may be from the reference.
    """
    short = [check for check in checks if not check.endures]
    wrong = [check for check in short if outcomes[check.id].outcome != "right"]
    errors = {check.id: outcomes[check.id].error or np.inf for check in wrong}
    case = _Case(checks[0].kind, short, outputs, errors, dtype, tolerance)
    if wrong:
        yield from case.explained(wrong, outcomes)
        return
    late = [check for check in checks if outcomes[check.id].outcome != "right"]
    if late:
        yield case.late(late, outcomes)


@dataclass
class _Case:
    """One kind of cell of a runtime that is wrong, and what explains it."""

    kind: str
    checks: Sequence[Check]
    outputs: Mapping[str, Outputs]
    errors: Mapping[str, float]
    dtype: str
    tolerance: float

    def explained(
        self, wrong: Sequence[Check], outcomes: Mapping[str, Outcome]
    ) -> Iterator[Finding]:
        """The findings, in the order of the module's text."""
        known = faults(self.kind, self.dtype)
        exact = [fault for fault in known if not fault.rounds]
        # Where only calls of many words are wrong, no fault changes what is compared.
        unseen = [x for x in wrong if self.off(Reference(), x) <= self.tolerance]
        if unseen and (found := self.by_words(unseen)):
            yield found
            wrong = [check for check in wrong if check not in unseen]
            if not wrong:
                return
        if whole := [fault for fault in exact if self.fits_all(fault.reference)]:
            yield self.finding(whole, wrong, self.equals(len(self.checks)))
            return
        if all(outcomes[check.id].outcome == "refused" for check in wrong):
            yield self.refused(wrong, outcomes)
            return
        if rounding := self.roundings([fault for fault in known if fault.rounds]):
            evidence = "sums and weights that need more bits than that come out as they then do"
            yield self.finding(rounding, wrong, evidence, certain=False)
            return
        if found := self.by_words(self.checks):
            yield found
            return
        if self.dtype == "float64" and max(self.errors.values()) < TOLERANCE["float32"]:
            evidence = "nothing is farther off than float32 may be"
            names = tuple(check.id for check in wrong)
            says = "somewhere numbers are float32, and float64 was asked for"
            yield Finding(self.kind, "float32", says, evidence, False, (), names)
            return
        several, rest = self.several(exact)
        every = len(self.checks)
        evidence = f"the outputs of {every - len(rest)} of {every} checks equal those of a "
        evidence += f"reference with {len(several)} faults, of which this is one"
        if rest:
            yield self.unknown([x for x in self.checks if x.id in rest], outcomes, several)
        for fault in several if not rest else ():
            own = [check for check in wrong if self.changes(fault, check)]
            yield self.finding([fault], own, evidence, certain=False)

    def refused(self, wrong: Sequence[Check], outcomes: Mapping[str, Outcome]) -> Finding:
        """The finding that a runtime raises an error, or returns something of another shape."""
        notes = dict.fromkeys(outcomes[check.id].note for check in wrong)
        says = (
            f"{len(wrong)} of {len(self.checks)} checks give no hidden states: {next(iter(notes))}"
        )
        names = tuple(check.id for check in wrong)
        evidence = "the other checks are right, and no known fault raises an error in these"
        return Finding(self.kind, "refused", says, evidence, True, tuple(notes)[1:], names)

    def equals(self, number: int) -> str:
        """What an exact match is."""
        return (
            f"the outputs of all {number} checks equal those of a reference with this fault, and "
            f"of no other among {len(faults(self.kind, self.dtype))}"
        )

    def fits(self, reference: Reference) -> set[str]:
        """The checks whose outputs the reference gives."""
        kept: dict[Hashable, Any] = {}
        return {x.id for x in self.checks if self.off(reference, x, kept) <= self.most(x)}

    def fits_all(self, reference: Reference) -> bool:
        """Whether the reference gives all outputs."""
        kept: dict[Hashable, Any] = {}
        return all(self.off(reference, x, kept) <= self.most(x) for x in self.checks)

    def most(self, check: Check) -> float:
        """How far outputs may be from what explains them: much nearer than from what is right."""
        return min(ALIKE * self.tolerance, self.errors.get(check.id, np.inf) / 4.0)

    def off(
        self, reference: Reference, check: Check, kept: dict[Hashable, Any] | None = None
    ) -> float:
        """How far the outputs of a check are from a reference's; infinite where one has none."""
        if any(call.lengths is not None for call in check.calls):
            repeats = replace(reference, repeats=True)
            return min(self._off(x, check, dict(kept or {})) for x in (repeats, reference))
        return self._off(reference, check, kept)

    def _off(self, reference: Reference, check: Check, kept: dict[Hashable, Any] | None) -> float:
        calls = [call for call in check.calls if len(call.x) <= FEW_WORDS]
        outputs = self.outputs[check.id]
        try:
            with np.errstate(all="ignore"):
                given = reference.run(check.net, calls, kept)
        except (ValueError, IndexError, WeightsError):
            return 0.0 if isinstance(outputs, Exception) else np.inf
        if isinstance(outputs, Exception):
            return np.inf
        most = 0.0
        for found, expected in zip(outputs, given, strict=False):
            if found.shape != expected.shape:
                return np.inf
            most = max(most, float(_distance(found, expected).max(initial=0.0)))
        return most

    def roundings(self, known: Sequence[Fault]) -> list[Fault]:
        """The faults of rounding that are near, those whose errors are of the size that is found.

        Where no output is far from what is right, all hidden states must be numbers of the format.
        """
        healthy, far = self.sizes(Reference(), None), self.far
        found = {}
        for fault in known:
            if all(self.off(fault.reference, check) <= NEAR for check in self.checks):
                if not (far or (fault.bits and self.have(fault.bits))):
                    continue
                errors = self.sizes(Reference(), fault.reference)
                ratio = np.log2(np.maximum(healthy, 1e-30) / np.maximum(errors, 1e-30))
                found[fault] = float(np.abs(np.median(ratio)))
        best = min(found.values(), default=np.inf)
        return [fault for fault, far in found.items() if far <= min(best + 1.0, 3.0)]

    @property
    def far(self) -> bool:
        """Whether some outputs are so far from what is right that rounding has lost something."""
        return any(self.off(Reference(), check) > NEAR for check in self.checks)

    def have(self, bits: int) -> bool:
        """Whether all hidden states are numbers of so many bits."""
        found = [x for x in self.outputs.values() if not isinstance(x, Exception)]
        return all((rounded(x, bits) == x).all() for outputs in found for x in outputs)

    def sizes(self, right: Reference, other: Reference | None) -> Floats:
        """The mean errors of each check: of the outputs, or of another reference."""
        sizes = []
        for check in self.checks:
            calls = [x for x in check.calls if len(x.x) <= FEW_WORDS and x.lengths is None]
            expected = right.run(check.net, calls)
            given = self.outputs[check.id] if other is None else other.run(check.net, calls)
            if isinstance(given, Exception) or not calls:
                continue
            errors = [_distance(x, y).mean() for x, y in zip(given, expected, strict=False)]
            sizes.append(float(np.mean(errors)))
        return np.array(sizes)

    def several(self, known: Sequence[Fault]) -> tuple[list[Fault], list[str]]:
        """Faults that together give the most outputs, and the checks that they do not explain.

        One fault after the other is added, that which adds most checks and loses none.
        """
        chosen: list[Fault] = []
        combined = Reference()
        fit = self.fits(combined)
        while len(chosen) < MOST_FAULTS and len(fit) < len(self.checks):
            best = fit
            for fault in known:
                both = combined.then(fault.reference)
                rest = [x for x in self.checks if x.id not in fit]
                if any(self.off(both, x) <= self.most(x) for x in rest):
                    found = self.fits(both)
                    if found > fit and len(found) > len(best):
                        best, more, reference = found, fault, both
            if best is fit:
                break
            chosen, combined, fit = [*chosen, more], reference, best
        return chosen, [x.id for x in self.checks if x.id not in fit]

    def changes(self, fault: Fault, check: Check) -> bool:
        """Whether a fault alone makes a check wrong."""
        calls = [call for call in check.calls if len(call.x) <= FEW_WORDS]
        right = Reference().run(check.net, calls)
        try:
            given = fault.reference.run(check.net, calls)
        except (ValueError, IndexError, WeightsError):
            return True
        return any(
            x.shape != y.shape or (_distance(x, y) > self.tolerance).any()
            for x, y in zip(given, right, strict=True)
        )

    def finding(
        self,
        named: Sequence[Fault],
        wrong: Sequence[Check],
        evidence: str,
        certain: bool | None = None,
    ) -> Finding:
        """A finding that names the first of these faults, and tells the others."""
        first = named[0]
        others = [says for says in dict.fromkeys(x.says for x in named) if says != first.says]
        alone = not others
        if others:
            evidence = f"the outputs fit {len(others) + 1} known faults, which are not told apart"
        return Finding(
            self.kind,
            first.name,
            first.says,
            evidence,
            alone if certain is None else certain,
            tuple(others),
            tuple(check.id for check in wrong),
        )

    def by_words(self, checks: Sequence[Check]) -> Finding | None:
        """The finding that calls of some checks are wrong from some number of words on."""
        right: set[int] = set()
        wrong: dict[int, tuple[Floats, Floats]] = {}
        for check in checks:
            outputs = self.outputs[check.id]
            if isinstance(outputs, Exception):
                return None
            expected = expected_of(check, outputs)
            for number, (found, call) in enumerate(zip(outputs, check.calls, strict=True)):
                words = len(call.x)
                if (_distance(found, expected[number]) > self.tolerance).any():
                    wrong.setdefault(words, (found, expected[number]))
                else:
                    right.add(words)
        if not right or not wrong or max(right) >= min(wrong):
            return None
        given, expected_states = wrong[min(wrong)]
        says = (
            f"calls of up to {max(right)} words are right, those of {min(wrong)} and more are not"
        )
        return Finding(
            self.kind,
            "words-mixed",
            says + self.mixed(given, expected_states),
            f"the same net is right on calls of {', '.join(map(str, sorted(right)))} words",
            True,
            (),
            tuple(x.id for x in checks if self.errors.get(x.id)),
        )

    def mixed(self, found: Floats, expected: Floats) -> str:
        """Whose states the first wrong word has."""
        for word, states in enumerate(found):
            if (_distance(states, expected[word]) <= self.tolerance).all():
                continue
            if not states.any():
                return f": word {word + 1} of {len(found)} has zeros"
            for other, right in enumerate(expected):
                if (_distance(states, right) <= self.tolerance).all():
                    return f": word {word + 1} of {len(found)} has the states of word {other + 1}"
            break
        return ""

    def unknown(
        self, rest: Sequence[Check], outcomes: Mapping[str, Outcome], nearest: Sequence[Fault]
    ) -> Finding:
        """The finding that no known fault explains some checks; it tells where they are wrong."""
        first = outcomes[rest[0].id]
        where = first.note if first.place is None else f"{first.place}"
        says = f"wrong, and none of the {len(faults(self.kind, self.dtype))} known faults explains "
        says += f"it; first in {first.check} (net {first.net}): {where}"
        part = "; those of other checks are given where " if nearest else ""
        part += " and ".join(fault.says for fault in nearest)
        names = tuple(check.id for check in rest)
        return Finding(
            self.kind, "unknown", says, f"no reference gives them{part}", False, (), names
        )

    def late(self, late: Sequence[Check], outcomes: Mapping[str, Outcome]) -> Finding:
        """What is wrong with many steps only, all short words being right."""
        names = tuple(check.id for check in late)
        check = late[0]
        by_name = {check.name: check for check in late}
        evidence = "all short words are right"
        for each in late:
            if isinstance(outputs := self.outputs[each.id], Exception):
                says = f"{each.about}: {outcomes[each.id].note}"
                return Finding(self.kind, "refused", says, evidence, True, (), names)
        if "long" in by_name or "memory" in by_name:
            check = by_name.get("long", check)
            says = self.ends(check, outcomes[check.id])
            return Finding(self.kind, "long", says, evidence, True, (), names)
        check = by_name["count"]
        outputs = self.outputs[check.id]
        assert not isinstance(outputs, Exception), "looked at above"
        for fault in faults(self.kind, self.dtype):
            if fault.bits and self.off(fault.reference, check) <= NEAR:
                says = f"the cell state is kept in {fault.name}: it has {fault.bits} bits"
                evidence += ", and a counter stops where it would with so many bits"
                return Finding(self.kind, fault.name, says, evidence, True, (), names)
        place = outcomes[check.id].place
        says = "gates that should be exactly 0 or 1 are not, and what is kept leaks away"
        evidence += f", a counter is wrong from step {place.step if place else 0:,} on"
        return Finding(self.kind, "not-saturated", says, evidence, True, (), names)

    def ends(self, check: Check, outcome: Outcome) -> str:
        """What happens where a long word is wrong for the first time."""
        outputs, place = self.outputs[check.id], outcome.place
        assert place is not None, "it is wrong"
        assert not isinstance(outputs, Exception), "so it has outputs"
        done = place.step - 1
        says = f"words are right for {done:,} steps and wrong from the next on"
        rest = outputs[0][place.word - 1 : place.word, done:]
        if not rest.any():
            return f"{says}: there are zeros"
        if np.ptp(rest, axis=1).max() <= self.tolerance and rest.shape[1] > 1:
            return f"{says}: the states stay the same"
        # Both may agree with what is right for a while, where the net forgets.
        x = check.calls[0].x[place.word - 1 : place.word]
        for begun in range(done, max(done - 50, 0), -1):
            anew = Reference().run(check.net, [Call(x[:, begun : done + 50])])[0]
            given = outputs[0][place.word - 1 : place.word, begun : done + 50]
            if _distance(given, anew).max() <= ALIKE * self.tolerance:
                return (
                    f"words are right for {begun:,} steps; then the state is lost, and is 0 again"
                )
        return says
