"""What is known in the end: three machines compared two by two, each with its evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from reberlstm.display import Displayed
from reberlstm.extraction.sample import Sample
from reberlstm.extraction.search import Evidence
from reberlstm.machine.fsm import FSM


@dataclass(frozen=True)
class Comparison:
    """Two of net, machine and reference.

    Attributes:
        left: ``net`` or ``machine``.
        right: ``machine`` or ``reference``.
        equal: True or False where that is proved, None where it only was not refuted.
        relation: ``equal: proved``, ``equal on all words up to length L``, ``equal on N sampled
            words`` or ``different``. Where only words of the reference are meant, ``equal within
            the reference`` stands in the place of ``equal``.
        word: The word that separates them, where they differ.
        shortest: Whether no shorter word separates them.
        wrong: Which of the two is wrong, where the reference tells.
        evidence: One sentence: how it is known.
    """

    left: str
    right: str
    equal: bool | None
    relation: str
    word: tuple[str, ...] | None = None
    shortest: bool = False
    wrong: str | None = None
    evidence: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The fields, for JSON."""
        return {
            "left": self.left,
            "right": self.right,
            "equal": self.equal,
            "relation": self.relation,
            "word": None if self.word is None else list(self.word),
            "shortest": self.shortest,
            "wrong": self.wrong,
            "evidence": self.evidence,
        }


@dataclass(frozen=True)
class StateReport:
    """What the memory looks like in one state of the machine.

    Attributes:
        state: Its name.
        visits: How often the sampled words came to it.
        memories: How many different memories they came with.
        radius: The largest distance of one of them from their mean.
        nearest: The name of the state with the nearest mean, None for a machine of one state.
        distance: The distance of that mean.
        tolerance: The size of random noise on a memory, in Euclidean norm, up to which every tried
            disturbance of every tried memory of the state still behaved as that state; None where
            the time did not last for it.
    """

    state: str
    visits: int
    memories: int
    radius: float
    nearest: str | None
    distance: float | None
    tolerance: float | None

    def to_dict(self) -> dict[str, Any]:
        """The fields, for JSON, which has no word for what is not a finite number."""
        finite = {
            name: value if value is None or math.isfinite(value) else None
            for name, value in vars(self).items()
            if name in ("radius", "distance", "tolerance")
        }
        return vars(self) | finite


@dataclass(frozen=True)
class Extraction(Displayed):
    """A machine rebuilt from a net's memory, and what is known about it.

    Attributes:
        fsm: The machine, minimal among those with its behaviour.
        verdict: Net against machine, and with a reference also machine against reference and net
            against reference.
        states: One report per state.
        ended_by: The budget that ended the search (``states``, ``words`` or ``seconds``), or None
            when the search came to its own end.
        steps: Steps of the net that were run.
        memories: Different memories that were visited.
        found_after: The steps after which the machine was what it is; the others are evidence.
        margin: How far the nearest of all visited memories was from another observation (for heads
            of ours in units of their outputs, for probabilities from their threshold); None where
            the net does not tell.
        seconds: How long it took.
        observed: What was seen of the net: ``legal``, ``accept`` or ``label``, or several.
        reference: The machine that was compared with, if any.
        sample: Some of the memories, for pictures.
    """

    fsm: FSM
    verdict: tuple[Comparison, ...]
    states: tuple[StateReport, ...]
    ended_by: str | None
    steps: int
    memories: int
    found_after: int = 0
    margin: float | None = None
    seconds: float = 0.0
    observed: tuple[str, ...] = ()
    reference: FSM | None = None
    sample: Sample | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON; the machine as TOML."""
        from reberlstm.formats import toml

        return {
            "fsm": toml.write(self.fsm),
            "verdict": [comparison.to_dict() for comparison in self.verdict],
            "states": [report.to_dict() for report in self.states],
            "ended_by": self.ended_by,
            "steps": self.steps,
            "memories": self.memories,
            "found_after": self.found_after,
            "margin": self.margin,
            "seconds": self.seconds,
        }

    def _plain(self) -> str:
        """The verdicts, without what differs from run to run."""
        lines = [f"{self.fsm.name or 'machine'}: {len(self.fsm.states)} states"]
        for comparison in self.verdict:
            word = "" if comparison.word is None else f", {self.fsm.text(comparison.word)!r}"
            lines.append(f"{comparison.left} and {comparison.right}: {comparison.relation}{word}")
        return "\n".join(lines)


def equal(within: bool) -> str:
    """How a relation of equality begins."""
    return "equal within the reference" if within else "equal"


def undistinguished(
    left: str, right: str, evidence: Evidence, words: str, *, within: bool
) -> Comparison:
    """Two machines that no compared word told apart: exactly as much as was looked at.

    Args:
        left: The one.
        right: The other.
        evidence: What was looked at.
        words: Which words "all" is about, as a plural.
        within: Whether they are only words of the reference.
    """
    relation = f"{equal(within)} on all words up to length {evidence.all_up_to}"
    if evidence.all_up_to <= 0 and not evidence.closed and evidence.sampled:
        relation = f"{equal(within)} on {evidence.sampled:,} sampled words"
        means = f"{words}, up to {evidence.longest:,} symbols"
        return Comparison(left, right, None, relation, evidence=means)
    means = f"compared: {words}"
    if evidence.closed:
        means += "; every memory that any of them leads to was visited in this run, bit by bit"
    if evidence.sampled:
        means += (
            f"; besides, {evidence.sampled:,} longer words of up to {evidence.longest:,} symbols"
        )
    return Comparison(left, right, None, relation, evidence=means)
