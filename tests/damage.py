"""Damage to files of nets and to records, and the law that all their readers keep.

What is read gives a value, or a `ReberLSTMError` whose message is one printable line. Injuries are
of three kinds: to bytes; to the values in JSON, which keep it valid; and to members of archives,
which are packed again so that no checksum gives them away.
"""

from __future__ import annotations

import io
import json
import random
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import reberlstm as rl
from reberlstm.certificates import check
from reberlstm.certificates.results import load as load_certificate
from reberlstm.comparison.study import Nets, Table, grid, summary
from reberlstm.comparison.study.table import to_csv
from reberlstm.comparison.study.trials import Done
from reberlstm.errors import ReberLSTMError
from reberlstm.net.files import keras
from reberlstm.net.files.containers import pack_npz, pack_safetensors, pack_torch
from reberlstm.net.files.safetensors import to_bytes, to_npz
from reberlstm.render.comparison import study_lines
from tests.formats.mutations import mutate

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, -0.0, 1e308, float("inf"), float("nan")),
    *("", "a", "\x1b[2J", "\x9b", "\u202e", "\ud800", "9" * 5_000, "x" * 100_000),
    *([], {}, [[]], {"": {}}, [None] * 1_000, ["a", 1], {"key": "a"}),
)
"""What may stand in a record in the place of any other value."""


def mutate_json(value: Any, rng: random.Random) -> Any:
    """One value of a document replaced, removed, repeated, or put somewhere else."""
    places = list(_places(value))
    if not places:
        return deepcopy(rng.choice(VALUES))
    holder, key = rng.choice(places)
    kind = rng.randrange(6)
    if kind == 0 and isinstance(holder, dict):
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[rng.choice(["", "\x1b[2J", "a", f"{key}s", "x" * 1_000])] = holder.pop(key)
    elif kind == 2 and isinstance(holder, list):
        holder.insert(key, holder[key])
    elif kind == 3:
        other, there = rng.choice(places)
        holder[key] = other[there] if not isinstance(other[there], dict | list) else None
    elif kind == 4 and type(holder[key]) in (int, float) and abs(holder[key]) < 2**63:
        holder[key] = holder[key] * rng.choice([-1, 0.5, 2, 10, 1e300]) + rng.choice([0, 1])
    else:
        holder[key] = deepcopy(rng.choice(VALUES))
    return value


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def in_json(content: bytes, rng: random.Random) -> bytes:
    """A JSON document, or several in lines, one of them with another value in it; or deep ones."""
    if rng.random() < 0.01:
        deep = rng.choice([100, 100_000])
        return rng.choice([b"[" * deep, b"[" * deep + b"]" * deep, b'{"a":' * deep])
    lines = content.splitlines()
    number = rng.randrange(len(lines))
    document = json.loads(lines[number])
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        if isinstance(document, dict | list):
            document = mutate_json(document, rng)
    lines[number] = json.dumps(document).encode()
    return b"\n".join(lines) + b"\n"


def in_header(content: bytes, rng: random.Random) -> bytes:
    """A safetensors file whose header says something else; JSON within its metadata, too."""
    end = 8 + int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8:end]), content[end:]
    texts = header.get("__metadata__", {})
    inner = [key for key, text in texts.items() if text[:1] in ("[", "{")]
    if inner and rng.random() < 0.5:
        key = rng.choice(inner)
        texts[key] = in_json(texts[key].encode(), rng).decode()
    else:
        header = mutate_json(header, rng)
    written = json.dumps(header).encode()
    size = rng.choice([len(written)] * 8 + [0, 2**63 - 1, len(written) - 1])
    return size.to_bytes(8, "little") + written + data


def in_archive(content: bytes, rng: random.Random) -> bytes:
    """An archive packed again with a member damaged, renamed, twice there, or left out."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    at = rng.randrange(len(members))
    name, data = members[at]
    kind = rng.randrange(5)
    if kind == 0:
        del members[at]
    elif kind == 1:
        members[at] = (rng.choice(["b", "a", "../a.npy", "a.npy", "\x1b[2J.npy", "data.pkl"]), data)
    elif kind == 2:
        members.append((name, mutate(data, rng, [data])))
    else:
        members[at] = (name, mutate(data, rng, [x for _, x in members]))
    buffer = io.BytesIO()
    method = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of two members with one name
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for name, data in members:
                archive.writestr(name, data)
    return buffer.getvalue()


Injury = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True)
class Reader:
    """A reader: valid inputs, what is done with an input, and how it can be injured within.

    `read` gets the path of a file.
    """

    inputs: tuple[bytes, ...]
    suffix: str
    read: Callable[[Path], object]
    injury: Injury


def readers(folder: Path) -> dict[str, Callable[[], Reader]]:
    """All readers by name; each is made when it is asked for, with a folder for what it needs."""
    return {
        "safetensors": _safetensors,
        "npz": _npz,
        "pt": _pt,
        "certificate": partial(_certificate, folder),
        "study": _study,
        "facts": partial(_facts, folder),
        "metrics": partial(_metrics, folder),
        "checkpoint": partial(_checkpoint, folder),
        "lab net": partial(_lab_net, folder),
    }


def _nets() -> list[Any]:
    return [rl.compile("parity"), rl.compile("tomita-4")]


def _foreign() -> tuple[dict[str, Any], dict[str, str]]:
    """A state dict of somebody else: a simple RNN over two symbols, and a linear layer."""
    import numpy as np

    rng = np.random.default_rng(0)
    shapes = {
        "rnn.weight_ih_l0": (3, 2),
        "rnn.weight_hh_l0": (3, 3),
        "rnn.bias_ih_l0": (3,),
        "rnn.bias_hh_l0": (3,),
        "accept.weight": (1, 3),
        "accept.bias": (1,),
    }
    return {key: rng.standard_normal(shape) for key, shape in shapes.items()}, {}


def _net(path: Path) -> object:
    net = rl.load(path, alphabet="01")
    assert str(net).isprintable() or "\n" in str(net)
    return rl.run(net, ["0110"])


def _safetensors() -> Reader:
    inputs = [*map(to_bytes, _nets()), pack_safetensors(*_foreign())]
    return Reader(tuple(inputs), ".safetensors", _net, in_header)


def _npz() -> Reader:
    layers = keras.export(rl.compile("parity"), "net.npz")[0]
    return Reader((*map(to_npz, _nets()), pack_npz(*_foreign()), layers), ".npz", _net, in_archive)


def _pt() -> Reader:
    arrays, _ = _foreign()
    import torch

    checkpoint, buffer = {"model": arrays, "epoch": 3, "args": {"lr": (0.1, 1e-4)}}, io.BytesIO()
    checkpoint["model"] = {key: torch.tensor(x) for key, x in arrays.items()}
    torch.save(checkpoint, buffer)
    old = io.BytesIO()
    torch.save(checkpoint["model"], old, _use_new_zipfile_serialization=False)
    inputs = (pack_torch(arrays, {}), buffer.getvalue(), old.getvalue())

    def injure(content: bytes, rng: random.Random) -> bytes:
        zipped = content.startswith(b"PK")
        return in_archive(content, rng) if zipped else mutate(content, rng, [content])

    return Reader(inputs, ".pt", _net, injure)


def _certificate(folder: Path) -> Reader:
    net, machine = rl.compile("parity"), rl.load_grammar("parity")
    wrong = rl.certify(net, rl.load_grammar("tomita-1"))
    inputs = [json.dumps(x.to_dict()).encode() for x in (rl.certify(net, machine), wrong)]

    def read(path: Path) -> object:
        assert check(path.read_bytes(), net, machine).reason
        return str(load_certificate(path))

    return Reader(tuple(inputs), ".json", read, in_json)


def _trial() -> Any:
    (trial,) = grid([rl.load_grammar("parity")], hidden=[4], seeds=[0], task="accept")
    return trial


FACTS = {
    "hidden": 4,
    "success": True,
    "accuracy": 1.0,
    "attempts": 1,
    "steps": 10,
    "words": 320,
    "margin": None,
}


def _study() -> Reader:
    trial = _trial()
    about = {"key": trial.key, "name": trial.name, "grammar": "parity", "task": "accept"}
    about |= {"cell": "lstm", "hidden": 4, "noise": 0.0, "seed": 0, "from": "random"}
    loop = {"first": 3, "inside": 1, "rounds": 5, "repeats": False, "proved": False, "ways": []}
    rows = {
        "accuracy": {"text": "100 %", "value": {"share": 1.0}, "status": "measured"},
        "certificate": {"text": "proved", "value": None, "status": "proved"},
        "wrong prefix": {"text": "none", "value": None, "status": "unknown"},
        "loop 0": {"text": "round 3", "value": loop, "status": "refuted"},
    }
    lines = [about | FACTS | {"rows": rows}, about | {"error": "why"}, {"key": "of another study"}]

    def read(path: Path) -> object:
        records = Table(path).of([trial])
        return to_csv(records), summary(records), list(study_lines(records))

    content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    return Reader((content,), ".jsonl", read, in_json)


def _facts(folder: Path) -> Reader:
    trial, nets = _trial(), Nets(folder / "nets")
    nets.keep(trial, Done(rl.compile("parity"), dict(FACTS)))
    (path,) = (folder / "nets").glob("*.json")

    def read(written: Path) -> object:
        path.write_bytes(written.read_bytes())
        return nets.find(trial)

    return Reader((path.read_bytes(),), ".json", read, in_json)


def _metrics(folder: Path) -> Reader:
    from reberlstm.lab.runner import _refuse_to_replace

    asked = {"experiment": "x", "preset": "quick", "seed": 0, "settings": {"epochs": 3}}
    (folder / "lab").mkdir()

    def read(path: Path) -> object:
        (folder / "lab" / "metrics.json").write_bytes(path.read_bytes())
        _refuse_to_replace(folder / "lab", asked)
        return None

    return Reader((json.dumps(asked | {"measured": {}}).encode(),), ".json", read, in_json)


def _checkpoint(folder: Path) -> Reader:
    from reberlstm.training import Settings
    from reberlstm.training.loop import load, save
    from reberlstm.training.net_run import NetRun

    machine = rl.load_grammar("parity")
    common: dict[str, Any] = {"fsm": machine, "task": "accept", "cells": 2, "words": 1}
    run = NetRun(Settings(**common, cell="rnn"))
    run.advance()
    run.check()
    save(folder / "checkpoint", run.to_checkpoint())
    inputs = [(folder / "checkpoint").read_bytes()]

    def read(path: Path) -> object:
        run.restore(load(path), str(path))
        return run.advance()

    return Reader(tuple(inputs), ".checkpoint", read, in_header)


def _lab_net(folder: Path) -> Reader:
    import numpy as np
    from torch import nn

    from reberlstm.lab import Data, Job, Recipe
    from reberlstm.lab.training import keep, train

    x = np.ones((4, 1), dtype=np.float32)
    recipe = Recipe(epochs=2, batch=4, learning_rate=0.1)
    job = Job("one", lambda: nn.Linear(1, 1), Data(x, x), recipe)
    keep(train(job, 0, asked={"seed": 0}), folder / "lab-net")

    def read(path: Path) -> object:
        return f"{train(job, 0, path=path, asked={'seed': 0}).fit().test_loss:.2g}"

    return Reader(((folder / "lab-net").read_bytes(),), ".safetensors", read, in_header)


@dataclass
class Tally:
    """What became of the inputs to one reader.

    Attributes:
        outcomes: How many gave a ``value``, an ``error``, or broke the law: ``failure``.
        failures: The inputs that did, and how.
        longest: The seconds of processor time of the slowest input.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[bytes, str]] = field(default_factory=list)
    longest: float = 0.0


def fuzz(name: str, count: int, seed: int, folder: Path) -> Tally:
    """Damage the valid inputs of a reader, so many times, and read the result."""
    reader = readers(folder)[name]()
    rng = random.Random(f"{name} {seed}")
    path, tally = folder / f"input{reader.suffix}", Tally()
    for content in reader.inputs:
        path.write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader.read(path)  # what is valid is read
    for _ in range(count):
        content = rng.choice(reader.inputs)
        if rng.random() < 0.6:
            content = reader.injury(content, rng)
        else:
            content = mutate(content, rng, list(reader.inputs))
        path.write_bytes(content)
        began = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                reader.read(path)
            result = "value"
        except ReberLSTMError as error:
            message = str(error)
            fine = message.isprintable() and message
            result = "error" if fine else "failure"
            if not fine:
                tally.failures.append((content, f"message {message!r}"))
        except (Exception, KeyboardInterrupt) as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            result = "failure"
            tally.failures.append((content, f"{type(error).__name__}: {error}"))
        tally.outcomes[result] += 1
        tally.longest = max(tally.longest, time.process_time() - began)
    return tally
