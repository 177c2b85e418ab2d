"""From what a search found to the certificate that says it."""

from __future__ import annotations

import math
from typing import Any

from reberlstm.certificates.boxes import Inputs
from reberlstm.certificates.certificate import Box, Certificate
from reberlstm.certificates.claims import Claim
from reberlstm.certificates.document import digest_of_grammar, digest_of_net
from reberlstm.certificates.proof import Invariant
from reberlstm.certificates.refutation import Exploration
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import LSTMWeights

MARGIN_SLACK = 1e-9
"""What is taken off a margin before it is claimed, so that other arithmetic finds it too."""


def describe(
    net: LSTMWeights, fsm: FSM, judged: Claim, arithmetic: str, noise: float, inputs: Inputs
) -> dict[str, Any]:
    """What every certificate says of its subject."""
    return {
        "net": net.name,
        "grammar": str(fsm),
        "scope": judged.scope,
        "heads": judged.heads,
        "arithmetic": arithmetic,
        "noise": float(noise),
        "inputs": inputs,
        "cells": net.cells,
        "gain": net.gain,
        "long_symbols": fsm.has_long_symbols,
        "net_sha256": digest_of_net(net),
        "grammar_sha256": digest_of_grammar(fsm),
    }


def proved(
    subject: dict[str, Any], net: LSTMWeights, judged: Claim, found: Invariant
) -> Certificate:
    """The certificate of an invariant."""
    ends = (found.boxes.h.lo, found.boxes.h.hi, found.boxes.c.lo, found.boxes.c.hi)
    rows = zip(*(end.tolist() for end in ends), strict=True)
    boxes = [
        Box(
            judged.tables.names[state],
            tuple(net.alphabet[column] for column in last),
            tuple(zip(h_lo, h_hi, strict=True)),
            tuple(zip(c_lo, c_hi, strict=True)),
        )
        for (state, last), (h_lo, h_hi, c_lo, c_hi) in zip(found.nodes.names, rows, strict=True)
    ]
    margins = {
        head: max(0.0, margin - MARGIN_SLACK * (1.0 + margin))
        for head, margin in found.margins.items()
        if margin < math.inf
    }
    kinds: dict[tuple[int, int], list[str]] = {}
    for (state, column), said in (found.nodes.alike or {}).items():
        kinds.setdefault((state, said), []).append(net.alphabet[column])
    # The first node is the empty word, whose box is the zero vector and needs no saying.
    return Certificate(
        holds=True,
        margins=margins,
        k=found.nodes.k,
        stride=found.nodes.stride,
        boxes=tuple(boxes[1:]),
        alike=tuple(
            (judged.tables.names[state], tuple(symbols))
            for (state, _), symbols in kinds.items()
            if len(symbols) > 1
        ),
        **subject,
    )


def unproved(subject: dict[str, Any], explored: Exploration, reason: str) -> Certificate:
    """The certificate of a wrong word, or of not knowing."""
    if explored.word is not None:
        return Certificate(
            holds=False, counterexample=explored.word, wrong=explored.wrong, **subject
        )
    return Certificate(
        holds=None,
        depth=explored.depth,
        states=explored.states,
        closed=explored.closed,
        reason=reason,
        **subject,
    )
