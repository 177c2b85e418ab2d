"""Certificates as files: one JSON object, described in docs/certificates.md."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reberlstm.certificates.boxes import Inputs
from reberlstm.certificates.refutation import WrongAnswer
from reberlstm.certificates.results import Box, Certificate, Proof, Refutation, Unknown
from reberlstm.errors import FormatError
from reberlstm.files import read_bytes, write_atomically
from reberlstm.machine.fsm import FSM
from reberlstm.net.net import Net

FORMAT = "reberlstm certificate"
VERSION = 2
MAX_FILE_BYTES = 256 * 2**20
"""Files above this size are refused before they are parsed."""


def to_dict(certificate: Certificate) -> dict[str, Any]:
    """The JSON object of a certificate."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION if certificate.readouts else 1,
        "outcome": certificate.outcome,
        "scope": certificate.scope,
        "heads": list(certificate.heads),
        **({"readouts": dict(certificate.readouts)} if certificate.readouts else {}),
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
    match certificate:
        case Proof():
            document["proof"] = _proof(certificate)
        case Refutation(word=word, wrong=wrong):
            said = {name: list(getattr(wrong, name)) for name in ("said", "right")}
            document["refutation"] = {
                "word": list(word),
                "head": wrong.head,
                **said,
                "margin": wrong.margin,
            }
        case Unknown():
            names = ("depth", "states", "closed", "reason")
            document["search"] = {name: getattr(certificate, name) for name in names}
    return document | {"seal": _digest(_canonical(document))}


def to_json(document: Mapping[str, Any]) -> str:
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


def load(path: str | os.PathLike[str]) -> Proof | Refutation | Unknown:
    """Read a certificate back, as it claims to be: only the checker says whether that is true.

    Raises:
        FormatError: where the file is not a certificate that `save` may have written.
    """
    where = os.fspath(path)
    try:
        document = json.loads(read(path))
        if document["format"] != FORMAT or document["version"] not in (1, VERSION):
            raise FormatError(
                f"{where}: format {document['format']!r}, version {document['version']!r}; "
                f"expected {FORMAT!r}, version 1 or {VERSION}"
            )
        return _from_dict(document)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise FormatError(f"{where}: not a certificate: {error!r}") from None


_CELL_NAMES = {"lstm": "standard", "toy": "published"}
"""What version 0.1 called the cells that it knew."""


def digest_of_net(net: Net) -> str:
    """``net.sha256`` of a file."""
    heads = [(name, net.heads[name]) for name in sorted(net.heads)]
    kinds = [f"{layer.cell.name}:{layer.size}" for layer in net.layers]
    if len(kinds) == 1:
        kinds = [_CELL_NAMES.get(net.layers[0].cell.name, net.layers[0].cell.name)]
    header = {
        "alphabet": list(net.alphabet),
        "cell": ",".join(kinds),
        "cells": list(net.cells),
        "heads": [f"{name}:{head.activation}" if head.activation else name for name, head in heads],
        "labels": list(net.labels),
        "on_violation": net.on_violation,
    }
    arrays = [
        array
        for layer in net.layers
        for array in (layer.weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh)
    ]
    arrays += [array for _, head in heads for x in head.layers for array in (x.weight, x.bias)]
    others = (net.embedding, net.start_state, net.suffix)
    arrays += [array for array in others if array is not None]
    content = b"".join(array.astype("<f8").tobytes() for array in arrays)
    return _digest(_canonical(header) + b"\n" + content)


def digest_of_grammar(fsm: FSM) -> str:
    """``grammar.sha256`` of a file."""
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


def _proof(proof: Proof) -> dict[str, Any]:
    numbers: dict[tuple[float | None, ...], int] = {}
    boxes = []
    for box in proof.boxes:
        each = []
        for ends in box.cells:
            written = tuple(end if math.isfinite(end) else None for end in ends)
            each.append(numbers.setdefault(written, len(numbers)))
        most = Counter(each).most_common(1)[0][0]
        named = zip(proof.cells, each, strict=True)
        others = {name: index for name, index in named if index != most}
        boxes.append({"state": box.state, "last": list(box.last), "most": most, "others": others})
    shared = [{"state": state, "symbols": list(symbols)} for state, symbols in proof.shared]
    return {
        "k": proof.k,
        "stride": proof.stride,
        "margins": dict(proof.margins),
        "intervals": [list(ends) for ends in numbers],
        "boxes": boxes,
        **({"alike": shared} if shared else {}),
    }


def _from_dict(document: dict[str, Any]) -> Proof | Refutation | Unknown:
    net, grammar = document["net"], document["grammar"]
    subject: dict[str, Any] = {
        "net": net["name"],
        "grammar": grammar["name"],
        "scope": document["scope"],
        "heads": tuple(document["heads"]),
        "readouts": dict(document.get("readouts", {})),
        "arithmetic": document["arithmetic"],
        "noise": document["noise"],
        "inputs": Inputs(**document["inputs"]),
        "cells": tuple(net["cells"]),
        "gain": net["gain"],
        "long_symbols": grammar["long_symbols"],
        "net_sha256": net["sha256"],
        "grammar_sha256": grammar["sha256"],
    }
    match document["outcome"]:
        case "holds":
            proof = document["proof"]
            return Proof(
                k=proof["k"],
                stride=proof["stride"],
                margins=dict(proof["margins"]),
                boxes=tuple(_box(box, proof["intervals"], net["cells"]) for box in proof["boxes"]),
                shared=tuple(
                    (kind["state"], tuple(kind["symbols"])) for kind in proof.get("alike", ())
                ),
                **subject,
            )
        case "refuted":
            found = document["refutation"]
            said, right = tuple(found["said"]), tuple(found["right"])
            wrong = WrongAnswer(found["head"], said, right, found["margin"])
            return Refutation(word=tuple(found["word"]), wrong=wrong, **subject)
        case "unknown":
            return Unknown(**document["search"], **subject)
    raise ValueError(f"outcome {document['outcome']!r}")


def _box(box: dict[str, Any], intervals: list[Any], cells: list[str]) -> Box:
    infinite = (-math.inf, math.inf) * 2
    each = (intervals[box["others"].get(name, box["most"])] for name in cells)
    ends = tuple(
        tuple(limit if end is None else end for end, limit in zip(row, infinite, strict=False))
        for row in each
    )
    return Box(box["state"], tuple(box["last"]), ends)
