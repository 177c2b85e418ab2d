"""What is claimed: after which words which heads must say what.

The scope ``legal`` is every non-empty prefix of legal words that can still go on, that is, whose
state has a legal symbol. The scope ``all`` is every word over the alphabet, the empty one and those
with violations included. `Claim` says it for the states of the complete machine, so the search for
a proof, the search for a wrong word and what is written about both mean the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reberlstm.errors import CertificateError
from reberlstm.machine.fsm import FSM
from reberlstm.machine.tables import Tables
from reberlstm.net.weights import Floats, LSTMWeights, Scope

JUDGED = ("legal", "accept", "label")
"""The heads that a certificate can be about; probabilities (``next``) are not judged."""


@dataclass(frozen=True, eq=False)
class Claim:
    """The words and answers that a net is judged by.

    Attributes:
        scope: ``legal`` or ``all``.
        heads: The heads that are judged, of `JUDGED`.
        tables: The complete machine.
        symbols: For each symbol in the machine's order its column in the net.
        steps: ``steps[p]``: pairs (column in the net, next state) for the symbols with which words
            of the scope go on from state ``p``, in the machine's alphabet order.
        right: ``right[head]``, shape (states, R): +1 where the value must be over the threshold, −1
            where it must not be, 0 where it does not matter. For ``label`` +1 is the label that
            must be the largest.
        lacking: A head that the scope judges and the net has not, else empty: such a net can be
            refuted by the heads it has, but not proved.
    """

    scope: Scope
    heads: tuple[str, ...]
    tables: Tables
    symbols: tuple[int, ...]
    steps: tuple[tuple[tuple[int, int], ...], ...]
    right: dict[str, NDArray[np.int8]]
    lacking: str

    def goes_on(self, state: int) -> bool:
        """Whether words of the scope that lead to `state` are judged and go on."""
        return bool(self.steps[state])

    @property
    def judges_start(self) -> bool:
        """Whether the empty word is in the scope."""
        return self.scope == "all"


def claim(
    weights: LSTMWeights, fsm: FSM, scope: Scope | None, heads: Sequence[str] | None
) -> Claim:
    """Work out what is to be proved of `weights` against `fsm`.

    Raises:
        CertificateError: where the alphabets differ, a head is missing, or a label is unknown.
    """
    if set(fsm.alphabet) != set(weights.alphabet):
        raise CertificateError(
            f"the alphabet of {fsm} is {' '.join(fsm.alphabet)}, but that of net "
            f"{weights.name!r} is {' '.join(weights.alphabet)}; give the grammar that it is for"
        )
    scope = weights.claims if scope is None else scope
    if scope not in ("legal", "all"):
        raise CertificateError(f"scope {scope!r}; choose 'legal' or 'all'")
    tables = fsm.tables(weights.on_violation)
    judged = _heads(weights, fsm, scope, heads)
    lacking = "accept" if heads is None and scope == "all" and "accept" not in judged else ""
    symbols = tuple(weights.alphabet.index(symbol) for symbol in fsm.alphabet)
    legal = [_legal_steps(tables, p, symbols) for p in range(len(tables))]
    every = [tuple(zip(symbols, row, strict=True)) for row in tables.table]
    answers = {"legal": _legal_signs, "accept": _accept_signs, "label": _label_signs}
    return Claim(
        scope=scope,
        heads=judged,
        tables=tables,
        symbols=symbols,
        steps=tuple(every if scope == "all" else legal),
        right={head: answers[head](weights, tables) for head in judged},
        lacking=lacking,
    )


def threshold(weights: LSTMWeights, head: str) -> float:
    """The value above which a head says yes."""
    return weights.reader_threshold if head == "legal" else 0.0


def margins(head: str, right: NDArray[np.int8], lo: Floats, hi: Floats, over: float) -> Floats:
    """How far the values are on their right sides, one number a row; negative where wrong.

    Args:
        head: Its name; ``label`` is judged by its largest value, the others by the threshold.
        right: What must be, as in `Claim`, shape (N, R).
        lo: The least values, shape (N, R).
        hi: The greatest values, shape (N, R).
        over: The threshold, see `threshold`.
    """
    if head == "label":
        chosen = np.where(right > 0, lo, np.inf).min(axis=1)
        other = np.where(right < 0, hi, -np.inf).max(axis=1)
        return np.asarray(chosen - other)
    above = np.where(right > 0, lo - over, np.inf)
    below = np.where(right < 0, over - hi, np.inf)
    return np.asarray(np.minimum(above, below).min(axis=1))


def _heads(
    weights: LSTMWeights, fsm: FSM, scope: Scope, heads: Sequence[str] | None
) -> tuple[str, ...]:
    if heads is None:
        wanted = ["legal"]
        if scope == "all":
            labels = ["label"] if fsm.outputs else []
            wanted += [head for head in ("accept", *labels) if head in weights.heads]
    else:
        wanted = [head for head in JUDGED if head in heads]
        unknown = [head for head in heads if head not in JUDGED]
        if unknown or not wanted:
            raise CertificateError(
                f"head {unknown[0] if unknown else ''!r} cannot be judged; choose among "
                f"{', '.join(JUDGED)}"
            )
    for head in wanted:
        if head not in weights.heads:
            raise CertificateError(
                f"net {weights.name!r} has no {head!r} head, which scope {scope!r} judges; its "
                f"heads are {', '.join(weights.heads) or 'none'}; choose another scope or heads"
            )
    if "label" in wanted:
        missing = sorted(set(fsm.outputs.values()) - set(weights.labels))
        if missing or not fsm.outputs:
            lacking = f"output {missing[0]!r}" if missing else "no outputs"
            raise CertificateError(
                f"{fsm} has {lacking}, but the labels of net {weights.name!r} are "
                f"{' '.join(weights.labels) or 'none'}"
            )
    return tuple(wanted)


def _legal_steps(
    tables: Tables, state: int, symbols: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    if tables.names[state] is None:
        return ()
    return tuple((symbols[a], target) for a, target in tables.legal_steps(state))


def _signs(truth: ArrayLike) -> NDArray[np.int8]:
    return np.where(np.array(truth, dtype=bool), 1, -1).astype(np.int8)


def _legal_signs(weights: LSTMWeights, tables: Tables) -> NDArray[np.int8]:
    return _signs(tables.legal[:, tables.columns(weights.alphabet)])


def _accept_signs(weights: LSTMWeights, tables: Tables) -> NDArray[np.int8]:
    return _signs(tables.accepting[:, None])


def _label_signs(weights: LSTMWeights, tables: Tables) -> NDArray[np.int8]:
    signs = _signs([[label == output for label in weights.labels] for output in tables.outputs])
    signs[[output is None for output in tables.outputs]] = 0
    return signs
