"""Conformance of runtimes: small nets with known answers, and faults that they name.

A runtime is given compiled nets, whose hidden states are known after strings of any length. Its
outputs are compared with those of a reference (`reberlstm.conformance.reference`), and what is
wrong with those of references that have a known fault each (`reberlstm.conformance.faults`).

    >>> report = check_runtime("torch", kinds=("rnn",), steps=1_000)
    >>> report.holds, len(report.checks)
    (True, 12)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reberlstm.conformance.diagnosis import (
    TOLERANCE,
    Diagnosis,
    Finding,
    Outcome,
    Outputs,
    WrongShapeError,
    outcome_of,
    told,
)
from reberlstm.conformance.faults import faults
from reberlstm.conformance.runtimes import Function, NotRunError, Runtime, runtime_of
from reberlstm.conformance.suite import KINDS, Call, Check, checks
from reberlstm.display import Displayed
from reberlstm.errors import ConformanceError, one_line
from reberlstm.net.cells.cell import Floats
from reberlstm.plain import Plain

__all__ = ["Finding", "Outcome", "Report", "check_runtime", "report_on"]

Progress = Callable[[int, int, str], None]
"""Is told how many checks are done, of how many, and which is next."""


@dataclass(frozen=True, repr=False)
class Report(Displayed, Plain):
    """What came of the suite on one runtime.

    Attributes:
        runtime: The runtime's name and version.
        dtype: The type of numbers that was asked for.
        tolerance: How far a hidden state may be from the reference's.
        holds: Whether no fault was found.
        checks: What came of every check.
        findings: The faults that were found.
        faults: How many faults are known, by kind of cell.
        seconds: How long it took.
    """

    runtime: str
    dtype: str
    tolerance: float
    holds: bool
    checks: tuple[Outcome, ...]
    findings: tuple[Finding, ...]
    faults: Mapping[str, int]
    seconds: float

    def __repr__(self) -> str:
        return f"<Report on {self.runtime}: {self.summary}>"

    def count(self, *outcomes: str) -> int:
        """How many checks came out so."""
        return sum(check.outcome in outcomes for check in self.checks)

    @property
    def summary(self) -> str:
        """One line: ``45 of 45 checks right``, and the names of the faults."""
        run = len(self.checks) - self.count("not run")
        names = dict.fromkeys(finding.fault for finding in self.findings)
        found = f": {', '.join(names)}" if names else ""
        return f"{self.count('right')} of {run} checks right{found}"


def check_runtime(
    runtime: str | Runtime | Function,
    *,
    kinds: Sequence[str] = KINDS,
    dtype: str = "float32",
    steps: int | None = None,
    tolerance: float | None = None,
    progress: Progress | None = None,
) -> Report:
    """Run the suite on a runtime, and name its faults.

    Args:
        runtime: ``torch``, ``onnxruntime`` or ``keras``; or a function that is called as
            ``function(kind, weights, x)`` and returns the hidden states (B, T, H), see
            `reberlstm.conformance.runtimes.OfFunction`.
        kinds: The kinds of cell to ask about.
        dtype: ``float32`` or ``float64``: the type of weights and inputs.
        steps: How long the longest string is.  By default 100,000, for Keras 5,000.
        tolerance: How far a hidden state may be from the reference's: by default 2e-5 in float32,
            1e-9 in float64.
        progress: Is told how far it is.

    Raises:
        ConformanceError: for a runtime that runs nothing of what it is given.
        MissingExtraError: for one that is not installed.

    Example:
        >>> def echo(kind, weights, x):           # a "runtime" that forgets the recurrent part
        ...     z = x @ weights["weight_ih_l0"].T + weights["bias_ih_l0"] + weights["bias_hh_l0"]
        ...     return np.tanh(z)
        >>> report = check_runtime(echo, kinds=("rnn",), steps=1_000)
        >>> [finding.fault for finding in report.findings]
        ['no-recurrence', 'layer-left-out']
    """
    begun = time.monotonic()
    subject = runtime_of(runtime)
    asked = checks(kinds, steps or subject.steps, dtype)
    outputs: dict[str, Outputs | str] = {}
    for number, check in enumerate(asked):
        if progress is not None:
            progress(number, len(asked), check.id)
        outputs[check.id] = outputs_of(subject, check, dtype)
    return report_on(subject.name, asked, outputs, dtype, tolerance, begun)


def outputs_of(runtime: Runtime, check: Check, dtype: str) -> Outputs | str:
    """The outputs of a check, the error that was raised, or why it is not run."""
    if check.kind not in runtime.kinds:
        return f"{runtime.name} has no {check.kind}"
    for part in ("initial", "lengths"):
        if part not in runtime.takes and any(getattr(x, part) is not None for x in check.calls):
            return f"it takes no {part}"
    try:
        return [hidden_of(runtime.run(check.net, x, dtype), x, check) for x in check.calls]
    except NotRunError as reason:
        return str(reason)
    except NotImplementedError as error:
        return told(error)
    except SystemExit as error:
        return RuntimeError(f"the runtime ends Python, with status {error.code}")
    except Exception as error:  # whatever else a runtime raises is its answer
        return error


def hidden_of(found: Any, call: Call, check: Check) -> Floats:
    """What a runtime returned, as an array (B, T, H).

    Raises:
        WrongShapeError: for another shape.
    """
    try:
        hidden = np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError):
        name = type(found).__name__
        raise WrongShapeError(f"hidden states are a {name}, and no array of numbers") from None
    shape = (*call.x.shape[:2], check.net.layers[-1].size)
    if hidden.shape != shape:
        raise WrongShapeError(
            f"hidden states have the shape {hidden.shape}, and not (B, T, H) = {shape}"
        )
    return hidden


def report_on(
    name: str,
    asked: Sequence[Check],
    given: Mapping[str, Outputs | str],
    dtype: str,
    tolerance: float | None,
    begun: float,
) -> Report:
    """The report on outputs: of each check the hidden states, an error, or why it was not run.

    Raises:
        ConformanceError: where no check has outputs.
    """
    tolerance = TOLERANCE[dtype] if tolerance is None else tolerance
    runs = {x.kind for x in asked if not isinstance(given[x.id], str)}
    if not any(isinstance(found, list | WrongShapeError) for found in given.values()):
        error = next((x for x in given.values() if isinstance(x, Exception)), None)
        why = told(error) if error else next(iter(given.values()), "there is no check")
        raise ConformanceError(f"{name} runs nothing of the suite: {one_line(str(why), 200)}")
    outcomes: dict[str, Outcome] = {}
    outputs: dict[str, Outputs] = {}
    for check in asked:
        found = given[check.id]
        if isinstance(found, str):
            about = (check.id, check.kind, check.net.name, check.about, "not run")
            outcomes[check.id] = Outcome(*about, note=one_line(found, 200))
        else:
            outputs[check.id] = found
            outcomes[check.id] = outcome_of(check, found, tolerance)
    findings: list[Finding] = []
    for kind in dict.fromkeys(check.kind for check in asked if check.id in outputs):
        own = [check for check in asked if check.kind == kind and check.id in outputs]
        findings += Diagnosis(own, outputs, outcomes, dtype, tolerance).findings()
    return Report(
        runtime=name,
        dtype=dtype,
        tolerance=tolerance,
        holds=not findings,
        checks=tuple(outcomes.values()),
        findings=tuple(findings),
        faults={kind: len(faults(kind, dtype)) for kind in KINDS if kind in runs},
        seconds=round(time.monotonic() - begun, 3),
    )
