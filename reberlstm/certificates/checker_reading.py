"""The checker's own reading of files: JSON without tricks, and the digests.

What is digested is described in `reberlstm.certificates.document`, and written here a second time.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from reberlstm.certificates.checker_bounds import RejectedError
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import LSTMWeights


def parsed(certificate: str | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    """The JSON object of a certificate: without duplicate keys, NaN and infinities."""
    if isinstance(certificate, Mapping):
        document: Any = certificate
    else:
        try:
            document = json.loads(certificate, object_pairs_hook=_unique, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise RejectedError(f"not JSON: {error}") from None
    if not isinstance(document, Mapping):
        raise RejectedError(f"not a JSON object but {type(document).__name__}")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = Counter(name for name, _ in pairs)
    for name, count in names.items():
        if count > 1:
            raise RejectedError(f"key {name!r} stands twice")
    return dict(pairs)


def _refuse(constant: str) -> None:
    raise RejectedError(f"{constant} is not a number that a certificate may hold")


def number_in(value: Any, what: str) -> float:
    """A finite number, or a rejection that names it."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RejectedError(f"{what} is {value!r}, not a finite number")
    return float(value)


def index_in(value: Any) -> int:
    """The number of an interval."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise RejectedError(f"{value!r} is not the number of an interval")
    return value


def count_in(proof: Mapping[str, Any], name: str, least: int, most: int) -> int:
    """A whole number within limits."""
    value = proof[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise RejectedError(f"{name} = {value!r} is not in {least}…{most}")
    return value


def alike_in(
    proof: Mapping[str, Any], k: int
) -> dict[tuple[str | None, tuple[str, ...]], tuple[str, ...]]:
    """For a state and its last symbol the one whose box it shares.

    Which box a step is to lead into is as good as any, as long as it is one of the right state.
    """
    alike: dict[tuple[str | None, tuple[str, ...]], tuple[str, ...]] = {}
    for kind in proof.get("alike", ()):
        state, symbols = kind["state"], kind["symbols"]
        for symbol in symbols:
            if k != 1 or (state, (symbol,)) in alike:
                raise RejectedError(f"'alike' says twice, or with k = {k}, what {symbol!r} is like")
            alike[state, (symbol,)] = (symbols[0],)
    return alike


def compact(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def sha256(content: bytes) -> str:
    """The digest in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_net(net: LSTMWeights) -> str:
    """Of everything in the weights that matters."""
    digest = hashlib.sha256(
        compact(
            {
                "alphabet": list(net.alphabet),
                "cell": net.cell,
                "cells": list(net.cells),
                "heads": sorted(net.heads),
                "labels": list(net.labels),
                "on_violation": net.on_violation,
            }
        )
        + b"\n"
    )
    heads = [(net.heads[name].weight, net.heads[name].bias) for name in sorted(net.heads)]
    gates = (net.weight_ih, net.weight_hh, net.bias_ih, net.bias_hh)
    for array in (*gates, *(array for pair in heads for array in pair)):
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return digest.hexdigest()


def sha256_of_grammar(fsm: FSM) -> str:
    """Of the part of the machine that words can reach."""
    lines = {fsm.start: dict(fsm.transitions[fsm.start])}
    for line in (pending := list(lines.values())):
        for target in line.values():
            if target not in lines:
                lines[target] = dict(fsm.transitions[target])
                pending.append(lines[target])
    described = {
        "alphabet": list(fsm.alphabet),
        "start": fsm.start,
        "accepting": sorted(state for state in lines if state in fsm.accepting),
        "transitions": lines,
        "outputs": {state: label for state, label in fsm.outputs.items() if state in lines},
    }
    return sha256(compact(described))
