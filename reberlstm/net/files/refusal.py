"""What cannot be expressed in the cell that the rest of the world has."""

from __future__ import annotations

from reberlstm.errors import FormatError
from reberlstm.net.weights import LSTMWeights


def require_standard_cell(weights: LSTMWeights, target: str) -> None:
    """Refuse a net whose step is not that of a standard LSTM.

    Raises:
        FormatError: for the published net, saying why and what to use instead.
    """
    if weights.cell != "standard":
        raise FormatError(
            f"{target} cannot hold the net {weights.name!r}: its gates read the memory itself and "
            "it has no output gate, so it is no standard LSTM; export it as safetensors or npz "
            "(--to npz), or compile the grammar instead (--net compiled)"
        )
