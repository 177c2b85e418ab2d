"""One entry: a net, its machine, a certificate that it follows it, and its causal map."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from reberlstm.certificates import Certificate, load_certificate
from reberlstm.errors import FormatError, ReberLSTMError, shown
from reberlstm.files import decoding, make_folder, read_bytes, write_atomically
from reberlstm.formats import toml
from reberlstm.grammars import load_grammar
from reberlstm.machine.fsm import FSM
from reberlstm.machine.tables import Tables
from reberlstm.net.files.safetensors import to_bytes
from reberlstm.net.loading import as_net
from reberlstm.net.net import Net
from reberlstm.plain import in_form
from reberlstm.zoo.causal import CausalMap

NET, MACHINE, CERTIFICATE, MAP = "net.safetensors", "machine.toml", "certificate.json", "map.json"
"""The files of an entry."""

INDEX = "index.json"
"""The file that lists all entries."""

MAX_BYTES = 2**28


@dataclass(frozen=True, eq=False)
class Entry:
    """One net of the zoo.

    Attributes:
        name: Its name, which is that of its folder.
        net: The net. It carries no machine, and its cells are only numbered.
        machine: The machine that it follows.
        certificate: The proof of that.
        map: Its causal map.
        dials: How it was made, see `reberlstm.zoo.plans.Plan`.
    """

    name: str
    net: Net
    machine: FSM
    certificate: Certificate
    map: CausalMap
    dials: dict[str, Any]

    @cached_property
    def tables(self) -> Tables:
        """The complete machine, whose states the map numbers."""
        return self.machine.tables()

    def line(self) -> dict[str, Any]:
        """What the index says of it."""
        kinds = {kind: len(self.map.of(kind)) for kind in ("node", "bit", "distractor")}
        return {
            "name": self.name,
            "dials": self.dials,
            "cells": self.net.size,
            "states": len(self.machine.states),
            "scope": self.certificate.scope,
            "margin": round(self.certificate.margin, 6),
            "variables": kinds,
        }

    def save(self, folder: Path) -> None:
        """Write its files into a folder of its name, each whole or not at all."""
        own = folder / self.name
        make_folder(own)
        write_atomically(own / NET, to_bytes(self.net))
        write_atomically(own / MACHINE, toml.write(self.machine).encode())
        self.certificate.save(own / CERTIFICATE)
        write_atomically(own / MAP, _json(self.map.to_dict(self.tables)))


def load_entry(path: str | os.PathLike[str], dials: dict[str, Any] | None = None) -> Entry:
    """The entry in a folder.

    Raises:
        FormatError: for a file that is missing or damaged, or a map that does not fit the net.
    """
    own = Path(path)
    net, machine = as_net(os.fspath(own / NET)), load_grammar(os.fspath(own / MACHINE))
    try:
        causal_map = CausalMap.from_dict(_read_json(own / MAP))
        (layer,) = net.layers
        shape = (len(layer.cell.parts), layer.size)
        for variable in causal_map.variables:
            if variable.direction.shape != shape:
                found = variable.direction.shape
                raise FormatError(f"the direction of {variable.name!r} is {found}, not {shape}")
        if len(causal_map.states) != len(machine.complete()):
            raise FormatError(f"its states are not those of {MACHINE}")
    except ReberLSTMError as error:
        raise FormatError(f"{own / MAP}: {error}") from None
    certificate = load_certificate(own / CERTIFICATE)
    return Entry(own.name, net, machine, certificate, causal_map, dials or {})


def load_zoo(folder: str | os.PathLike[str]) -> list[Entry]:
    """All entries of a folder that ``reberlstm zoo make`` wrote, in the order of its index.

    Raises:
        FormatError: for a file that is missing or damaged.
    """
    _, lines = read_index(folder)
    return [load_entry(Path(folder, line["name"]), line["dials"]) for line in lines]


def read_index(folder: str | os.PathLike[str]) -> tuple[int, list[dict[str, Any]]]:
    """The seed of a zoo and the lines of its index.

    Raises:
        FormatError: where there is none.
    """
    path = Path(folder, INDEX)
    try:
        found = _read_json(path)
    except FormatError as error:
        raise FormatError(f"{error}; `reberlstm zoo make` writes it") from None
    line = {"name": str, "dials": dict, "cells": int, "states": int, "margin": float}
    try:
        in_form(found, {"seed": int, "entries": [line]}, "the index")
    except FormatError as error:
        raise FormatError(f"{path}: {error}; `reberlstm zoo make` writes it") from None
    for line in found["entries"]:
        if Path(line["name"]).name != line["name"]:
            raise FormatError(f"{path}: {shown(line['name'])} is no name of an entry")
    return found["seed"], found["entries"]


def write_index(folder: Path, seed: int, lines: list[dict[str, Any]]) -> None:
    """Write the index."""
    write_atomically(folder / INDEX, _json({"seed": seed, "entries": lines}))


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _read_json(path: Path) -> Any:
    content = read_bytes(path, limit=MAX_BYTES)
    with decoding(f"{path}: no JSON"):
        return json.loads(content)
