"""What is claimed: after which words which heads must say what, and how their numbers are read.

A `Claim` says it for the states of the complete machine, so the search for a proof and the search
for a wrong word are about the same. Which words they are is decided by
`reberlstm.machine.tables.Scope`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import CertificateError
from reberlstm.machine.fsm import FSM
from reberlstm.machine.tables import Scope, Tables, includes_empty_word
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net, check_alphabets
from reberlstm.net.readouts import Rule

HEADS = ("legal", "accept", "label")
"""What a certificate can be about. Probabilities as such (``next``) are not proved right."""


@dataclass(frozen=True, eq=False)
class Claim:
    """The words and answers that are to be proved right.

    Attributes:
        scope: ``legal`` or ``all``.
        heads: What is claimed, of `HEADS`.
        rules: How the net's answer to each of them is read.
        tables: The complete machine.
        steps: ``steps[p]``: pairs (column in the net, next state) for the symbols with which words
            of the scope go on from state ``p``, in the machine's alphabet order.
        right: ``right[head]``, shape (states, R): +1 where the row must say yes, −1 where it must
            say no, 0 where it does not matter. Where the rule is ``argmax``, +1 is the row that
            must be the largest.
        missing: A head that belongs to the scope and the net has not, else empty: such a net can be
            refuted by the heads it has, but not proved.
    """

    scope: Scope
    heads: tuple[str, ...]
    rules: Mapping[str, Rule]
    tables: Tables
    steps: tuple[tuple[tuple[int, int], ...], ...]
    right: Mapping[str, NDArray[np.int8]]
    missing: str

    @cached_property
    def going_on(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """The steps to where the net is asked."""
        asked = self.tables.asked(self.scope).tolist()
        return tuple(
            tuple((column, target) for column, target in steps if asked[target])
            for steps in self.steps
        )

    def words(self, net: Net, head: str, yes: NDArray[np.bool_]) -> tuple[str, ...]:
        """What the rows of a head that say yes mean: symbols, ``yes`` or ``no``, or a label."""
        if head == "accept":
            return ("yes" if yes[-1] else "no",)
        names = net.alphabet if head == "legal" else net.labels
        chosen = {name for name, true in zip(names, yes, strict=True) if true}
        order = self.tables.alphabet if head == "legal" else names
        return tuple(name for name in order if name in chosen)

    @property
    def includes_empty_word(self) -> bool:
        """Whether the empty word is in the scope."""
        return includes_empty_word(self.scope)


def claim(net: Net, fsm: FSM, scope: Scope | None, heads: Sequence[str] | None) -> Claim:
    """Work out what is to be proved of `net` against `fsm`.

    Raises:
        CertificateError: where the alphabets differ, a head is missing, or a label is unknown.
    """
    check_alphabets(fsm, net, error=CertificateError)
    scope = net.claims if scope is None else scope
    if scope not in ("legal", "all"):
        raise CertificateError(f"scope {scope!r}; choose 'legal' or 'all'")
    tables = fsm.tables(net.on_violation)
    columns = [net.alphabet.index(symbol) for symbol in fsm.alphabet]
    chosen = _heads(net, fsm, scope, heads)
    missing = "accept" if heads is None and scope == "all" and "accept" not in chosen else ""
    rules = {head: readout.rule for head in chosen if (readout := net.readout(head)) is not None}
    return Claim(
        scope=scope,
        heads=chosen,
        rules=rules,
        tables=tables,
        steps=tuple(
            tuple(
                (column, target)
                for column, target, legal in zip(columns, *rows, strict=True)
                if legal or scope == "all"
            )
            for rows in zip(tables.table, tables.legal.tolist(), strict=True)
        ),
        right={head: _signs(net, tables, head, rule) for head, rule in rules.items()},
        missing=missing,
    )


def margins(rule: Rule, right: NDArray[np.int8], lo: Floats, hi: Floats) -> Floats:
    """How far the numbers of a head are on their right sides, one a row; negative where wrong.

    Args:
        rule: How they are read.
        right: What must be, as in `Claim`, shape (N, R).
        lo: The least numbers, shape (N, R).
        hi: The greatest numbers, shape (N, R).
    """
    if rule.function == "argmax":
        chosen = np.where(right > 0, lo, np.inf).min(axis=1)
        other = np.where(right < 0, hi, -np.inf).max(axis=1)
        return np.asarray(chosen - other)
    above = np.where(right > 0, lo - rule.threshold, np.inf)
    below = np.where(right < 0, rule.threshold - hi, np.inf)
    return np.asarray(np.minimum(above, below).min(axis=1))


def _heads(net: Net, fsm: FSM, scope: Scope, heads: Sequence[str] | None) -> tuple[str, ...]:
    wanted: list[str]
    if heads is None:
        wanted = [head for head in net.asked(scope) if head != "label" or fsm.outputs]
        wanted = wanted or ["legal"]
    else:
        wanted = [head for head in HEADS if head in heads]
        unknown = [head for head in heads if head not in HEADS]
        if unknown or not wanted:
            raise CertificateError(
                f"head {unknown[0] if unknown else ''!r} cannot be certified; choose among "
                f"{', '.join(HEADS)}"
            )
    for head in wanted:
        if net.readout(head) is None:
            raise CertificateError(
                f"net {net.name!r} has no {head!r} head, which scope {scope!r} asks for; its "
                f"heads are {', '.join(net.heads) or 'none'}; choose another scope or heads"
            )
    if "label" in wanted:
        unknown = sorted(set(fsm.outputs.values()) - set(net.labels))
        if unknown or not fsm.outputs:
            lacking = f"output {unknown[0]!r}" if unknown else "no outputs"
            raise CertificateError(
                f"{fsm} has {lacking}, but the labels of net {net.name!r} are "
                f"{' '.join(net.labels) or 'none'}"
            )
    return tuple(wanted)


def _signs(net: Net, tables: Tables, head: str, rule: Rule) -> NDArray[np.int8]:
    """What the rows of a head have to say in each state of the machine."""
    if head == "legal":
        truth = tables.legal[:, tables.columns(net.alphabet)]
    elif head == "accept":
        truth = tables.accepting[:, np.newaxis]
        truth = np.hstack([~truth, truth]) if rule.function == "argmax" else truth
    else:
        truth = np.array([[label == output for label in net.labels] for output in tables.outputs])
    signs = np.where(truth, 1, -1).astype(np.int8)
    if head == "label":
        signs[[output is None for output in tables.outputs]] = 0
    return signs
