"""Opening weights of any kind: a net of ours as it is, a foreign one with its alphabet given."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from reberlstm.errors import FormatError, ReberLSTMError
from reberlstm.net.files.safetensors import from_parts, is_ours
from reberlstm.net.files.state_dict import read_state_dict
from reberlstm.net.foreign import from_state_dict
from reberlstm.net.net import Net


def load(
    path: str | os.PathLike[str],
    *,
    alphabet: Sequence[str] | None = None,
    heads: Mapping[str, str] | None = None,
    layer: str | None = None,
    labels: Sequence[str] = (),
    threshold: float = 0.0,
) -> Net:
    """Read a net from a file.

    Files that `save` or ``reberlstm export`` wrote as safetensors or npz say all about themselves;
    their alphabet may be given, and is then checked. Others, PyTorch's among them, need it, and the
    other arguments are for them: see `reberlstm.net.foreign.import_lstm`.

    Raises:
        FormatError: for a file that cannot be read, or that holds no net of one LSTM layer.
        MissingExtraError: for a PyTorch file where PyTorch is not installed.

    Example:
        >>> import tempfile, reberlstm as rl
        >>> net = rl.compile(rl.load_grammar("parity"))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     rl.save(net, f"{folder}/parity.safetensors")
        ...     load(f"{folder}/parity.safetensors").cells
        ('odd',)
    """
    state = read_state_dict(path)
    if alphabet is None or is_ours(state.metadata):
        try:
            net = from_parts(state.tensors, state.metadata)
        except ReberLSTMError as error:
            raise FormatError(f"{state.where}: {error}") from None
        if alphabet is not None and set(alphabet) != set(net.alphabet):
            raise FormatError(
                f"{state.where}: its alphabet is {' '.join(net.alphabet)}, not "
                f"{' '.join(alphabet)}; give the grammar or alphabet that it is for"
            )
        return net
    return from_state_dict(
        state, alphabet=alphabet, heads=heads, layer=layer, labels=labels, threshold=threshold
    )


def as_net(net: Any, **options: Any) -> Net:
    """A net, or what `load` takes."""
    return net if isinstance(net, Net) else load(net, **options)
