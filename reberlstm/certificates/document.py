"""Certificates as files: one JSON object.

==============  =================================================================================
``format``      ``reberlstm certificate``
``version``     1
``outcome``     ``holds``, ``refuted`` or ``unknown``
``scope``       ``legal`` or ``all``, see `reberlstm.certificates.claims`
``heads``       the heads that were judged
``arithmetic``  the machine it is about, see `reberlstm.certificates.arithmetic`
``noise``       the disturbance of every ``h`` and ``c`` after each step, at most
``inputs``      ``noise``, ``low``, ``high``: what stands for a symbol; 0, 1, 1 is one-hot
``net``         ``name``, ``cells`` (their names), ``gain``, ``sha256``
``grammar``     ``name``, ``sha256``, ``long_symbols``
``proof``       where it holds: ``k`` and ``stride``; ``margins`` by head; ``intervals``, a list of
                ``[h low, h high, c low, c high]`` (null: unbounded); ``boxes``, a list of
                ``{"state", "last", "most", "others"}``: after a word that leads to this state
                (null: after a violation), has a multiple of ``stride`` symbols and ends with these
                (``k`` of them, or the whole word), each cell is in the interval with the number
                ``most``, or, where its name is among the ``others``, in that one; perhaps
                ``alike`` (with ``k`` 1), a list of ``{"state", "symbols"}``: after these last
                symbols this state has one box, whose ``last`` is the first of them
``refutation``  where it is refuted: ``word``, ``head``, ``said``, ``right``, ``margin``
``search``      where it is unknown: ``depth``, ``states``, ``closed``, ``reason``
``seal``        SHA-256 of the object without the seal, as canonical JSON
==============  =================================================================================

Canonical JSON has sorted keys, no spaces, and only ASCII. ``net.sha256`` is over canonical JSON of
``alphabet``, ``cell``, ``cells``, ``heads`` (sorted), ``labels`` and ``on_violation``, a newline,
and the arrays as little-endian float64: weight_ih, weight_hh, bias_ih, bias_hh, then weight and
bias of each head in the order of their names. ``grammar.sha256`` is over canonical JSON of
``alphabet``, ``start``, ``accepting`` (sorted), ``transitions`` and ``outputs``, of the reachable
states only.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from reberlstm.certificates.boxes import Inputs
from reberlstm.certificates.certificate import Box, Certificate
from reberlstm.certificates.refutation import WrongAnswer
from reberlstm.errors import FormatError
from reberlstm.files import read_bytes, write_atomically
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import LSTMWeights

FORMAT = "reberlstm certificate"
VERSION = 1
MAX_FILE_BYTES = 256 * 2**20
"""Files above this size are refused before they are parsed."""

INFINITY = float("inf")


def to_dict(certificate: Certificate) -> dict[str, Any]:
    """The JSON object that is described above."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "outcome": certificate.outcome,
        "scope": certificate.scope,
        "heads": list(certificate.heads),
        "arithmetic": certificate.arithmetic,
        "noise": certificate.noise,
        "inputs": vars(certificate.inputs).copy(),
        "net": {
            "name": certificate.net,
            "cells": list(certificate.cells),
            "gain": certificate.gain,
            "sha256": certificate.net_sha256,
        },
        "grammar": {
            "name": certificate.grammar,
            "long_symbols": certificate.long_symbols,
            "sha256": certificate.grammar_sha256,
        },
    }
    wrong = certificate.wrong
    if certificate.holds:
        document["proof"] = _proof(certificate)
    elif wrong is not None:
        document["refutation"] = {
            "word": list(certificate.counterexample or ()),
            "head": wrong.head,
            "said": list(wrong.said),
            "right": list(wrong.right),
            "margin": wrong.margin,
        }
    else:
        names = ("depth", "states", "closed", "reason")
        document["search"] = {name: getattr(certificate, name) for name in names}
    return document | {"seal": _digest(_canonical(document))}


def to_json(document: dict[str, Any]) -> str:
    """The object as text: a line for every key, and for every interval and box."""
    return "{\n" + ",\n".join(_entry(key, value) for key, value in document.items()) + "\n}\n"


def save(certificate: Certificate, path: str | os.PathLike[str]) -> None:
    """Write a certificate, whole or not at all."""
    write_atomically(Path(path), to_json(to_dict(certificate)).encode())


def read(path: str | os.PathLike[str]) -> bytes:
    """The content of a certificate file, for `reberlstm.certificates.check`.

    Raises:
        FormatError: where there is no such file, or it is far too large to be a certificate.
    """
    return read_bytes(Path(path), limit=MAX_FILE_BYTES)


def load(path: str | os.PathLike[str]) -> Certificate:
    """Read a certificate back, as it claims to be: only the checker says whether that is true.

    Raises:
        FormatError: where the file is not a certificate that `save` may have written.
    """
    where = os.fspath(path)
    try:
        document = json.loads(read(path))
        if document["format"] != FORMAT or document["version"] != VERSION:
            raise FormatError(
                f"{where}: format {document['format']!r}, version {document['version']!r}; "
                f"expected {FORMAT!r}, version {VERSION}"
            )
        return _from_dict(document)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise FormatError(f"{where}: not a certificate: {error!r}") from None


def digest_of_net(weights: LSTMWeights) -> str:
    """``net.sha256``, see above."""
    header = {
        "alphabet": list(weights.alphabet),
        "cell": weights.cell,
        "cells": list(weights.cells),
        "heads": sorted(weights.heads),
        "labels": list(weights.labels),
        "on_violation": weights.on_violation,
    }
    arrays = [weights.weight_ih, weights.weight_hh, weights.bias_ih, weights.bias_hh]
    for name in sorted(weights.heads):
        arrays += [weights.heads[name].weight, weights.heads[name].bias]
    content = b"".join(array.astype("<f8").tobytes() for array in arrays)
    return _digest(_canonical(header) + b"\n" + content)


def digest_of_grammar(fsm: FSM) -> str:
    """``grammar.sha256``, see above."""
    reachable = fsm.reachable
    described = {
        "alphabet": list(fsm.alphabet),
        "start": fsm.start,
        "accepting": sorted(fsm.accepting.intersection(reachable)),
        "transitions": {q: dict(fsm.transitions[q]) for q in reachable},
        "outputs": {q: fsm.outputs[q] for q in reachable if q in fsm.outputs},
    }
    return _digest(_canonical(described))


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _entry(key: str, value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if key == "proof":
        parts = ",\n".join(f"  {json.dumps(name)}: {_listed(part)}" for name, part in value.items())
        text = "{\n" + parts + "\n}"
    return f"{json.dumps(key)}: {text}"


def _listed(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    items = ",\n    ".join(json.dumps(v, ensure_ascii=False, allow_nan=False) for v in value)
    return f"[\n    {items}\n  ]"


def _proof(certificate: Certificate) -> dict[str, Any]:
    numbers: dict[tuple[float | None, ...], int] = {}

    def number(h: tuple[float, float], c: tuple[float, float]) -> int:
        ends = tuple(end if abs(end) < INFINITY else None for end in (*h, *c))
        return numbers.setdefault(ends, len(numbers))

    boxes = []
    for box in certificate.boxes:
        each = [number(h, c) for h, c in zip(box.h, box.c, strict=True)]
        most = Counter(each).most_common(1)[0][0]
        named = zip(certificate.cells, each, strict=True)
        others = {name: index for name, index in named if index != most}
        boxes.append({"state": box.state, "last": list(box.last), "most": most, "others": others})
    alike = [{"state": state, "symbols": list(symbols)} for state, symbols in certificate.alike]
    return {
        "k": certificate.k,
        "stride": certificate.stride,
        "margins": dict(certificate.margins),
        "intervals": [list(ends) for ends in numbers],
        "boxes": boxes,
        **({"alike": alike} if alike else {}),
    }


def _from_dict(document: dict[str, Any]) -> Certificate:
    net, grammar = document["net"], document["grammar"]
    outcomes = {"holds": True, "refuted": False, "unknown": None}
    fields: dict[str, Any] = {
        "holds": outcomes[document["outcome"]],
        "net": net["name"],
        "grammar": grammar["name"],
        "scope": document["scope"],
        "heads": tuple(document["heads"]),
        "arithmetic": document["arithmetic"],
        "noise": document["noise"],
        "inputs": Inputs(**document["inputs"]),
        "cells": tuple(net["cells"]),
        "gain": net["gain"],
        "long_symbols": grammar["long_symbols"],
        "net_sha256": net["sha256"],
        "grammar_sha256": grammar["sha256"],
    }
    if fields["holds"]:
        proof = document["proof"]
        fields |= {"k": proof["k"], "stride": proof["stride"], "margins": dict(proof["margins"])}
        fields["boxes"] = tuple(
            _box(box, proof["intervals"], fields["cells"]) for box in proof["boxes"]
        )
        fields["alike"] = tuple(
            (kind["state"], tuple(kind["symbols"])) for kind in proof.get("alike", ())
        )
    elif fields["holds"] is False:
        found = document["refutation"]
        fields["counterexample"] = tuple(found["word"])
        fields["wrong"] = WrongAnswer(
            found["head"], tuple(found["said"]), tuple(found["right"]), found["margin"]
        )
    else:
        fields |= document["search"]
    return Certificate(**fields)


def _box(box: dict[str, Any], intervals: list[Any], cells: tuple[str, ...]) -> Box:
    each = [intervals[box["others"].get(name, box["most"])] for name in cells]

    def pair(low: float | None, high: float | None) -> tuple[float, float]:
        return (-INFINITY if low is None else low, INFINITY if high is None else high)

    return Box(
        box["state"],
        tuple(box["last"]),
        tuple(pair(*ends[:2]) for ends in each),
        tuple(pair(*ends[2:]) for ends in each),
    )
