"""Checkpoints: an unfinished training as one safetensors file, to be taken up after a kill.

Tensors are the net's parameters, the optimiser's moments and the state of the random numbers; all
else is JSON in the metadata. Nothing in the file is executed. It is written whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from reberlstm.errors import FormatError, LabError
from reberlstm.files import read_bytes, write_atomically

FORMAT = "reberlstm-lab-1"
MAX_FILE_BYTES = 2**30


def save(
    path: Path,
    net: torch.nn.Module,
    optimiser: torch.optim.Optimizer | None,
    order: torch.Generator,
    state: Mapping[str, Any],
) -> None:
    """Write a checkpoint; `state` are counters and what the run was asked for, as JSON values."""
    from safetensors.torch import save as serialise

    tensors = {f"net.{key}": value.contiguous() for key, value in net.state_dict().items()}
    tensors["order"] = order.get_state()
    if optimiser is not None:
        for number, moments in optimiser.state_dict()["state"].items():
            for key, value in moments.items():
                if value is not None:
                    tensors[f"optimiser.{number}.{key}"] = torch.as_tensor(value).contiguous()
    metadata = {"format": FORMAT, "state": json.dumps(state, ensure_ascii=False)}
    write_atomically(path, bytes(serialise(tensors, metadata=metadata)))


def load(
    path: Path,
    net: torch.nn.Module,
    optimiser: torch.optim.Optimizer | None,
    order: torch.Generator,
    asked: Mapping[str, Any],
) -> dict[str, Any]:
    """Take up a checkpoint: fill net, optimiser and random state, and return the state.

    Raises:
        FormatError: for a file that is damaged or no checkpoint.
        LabError: for the checkpoint of a run that was asked for something else.
    """
    tensors, state = _read(path)
    if state.get("asked") != asked:
        raise LabError(
            f"{path}: the checkpoint of another run ({_short(state.get('asked'))}; now "
            f"{_short(asked)}): leave out --resume, or write into another folder"
        )
    try:
        net.load_state_dict(
            {key.removeprefix("net."): value for key, value in tensors.items() if key[:4] == "net."}
        )
        order.set_state(tensors["order"])
        if optimiser is not None:
            moments: dict[int, dict[str, torch.Tensor]] = {}
            for key, value in tensors.items():
                if key.startswith("optimiser."):
                    _, number, name = key.split(".", 2)
                    moments.setdefault(int(number), {})[name] = value
            groups = optimiser.state_dict()["param_groups"]
            optimiser.load_state_dict({"state": moments, "param_groups": groups})
    except (RuntimeError, KeyError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise FormatError(f"{path}: does not fit this net: {reason}; leave out --resume") from None
    return state


def state_of(path: Path) -> dict[str, Any]:
    """The counters of a checkpoint, and what its run was asked for.

    Raises:
        FormatError: for a file that is damaged or no checkpoint.
    """
    return _read(path)[1]


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    from safetensors import SafetensorError
    from safetensors.torch import load as deserialise

    content = read_bytes(path, limit=MAX_FILE_BYTES)
    try:
        tensors = deserialise(content)
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__", {})
        state = json.loads(metadata["state"]) if metadata.get("format") == FORMAT else None
    except (SafetensorError, ValueError, KeyError, RecursionError) as error:
        raise FormatError(
            f"{path}: damaged, or no checkpoint of the lab: {error}; leave out --resume"
        ) from None
    if not isinstance(state, dict):
        raise FormatError(f"{path}: no checkpoint of the lab; leave out --resume")
    return tensors, state


def _short(asked: Any) -> str:
    text = json.dumps(asked, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:157]}..."
