"""A net's weights as a table for a notebook."""

from __future__ import annotations

import numpy as np

from reberlstm.display import renders
from reberlstm.net.weights import LSTMWeights
from reberlstm.render import GATES, Field, Table, block, head, number_field

MAX_CELLS = 24
MAX_COLUMNS = 40


@renders(LSTMWeights, "html")
def net_html(net: LSTMWeights) -> str:
    """Every weight in a field; of a large net only its size."""
    facts = [
        f"{net.size} cells over {len(net.alphabet)} symbols ({' '.join(net.alphabet[:40])}); "
        f"heads: {', '.join(net.heads) or 'none'}; claims: {net.claims}"
        + (f"; gain {net.gain:g}" if net.gain is not None else "")
    ]
    title = f"{net.name or 'unnamed'} net"
    if net.size > MAX_CELLS or net.size + len(net.alphabet) > MAX_COLUMNS:
        nonzero = int(np.count_nonzero(net.weight_ih) + np.count_nonzero(net.weight_hh))
        facts.append(f"{nonzero:,} weights are not zero, too many for a table")
        return block(title, facts)
    reads = "h" if "output" in net.gates else "c"
    heads = ["gate", "cell", "bias", *net.alphabet, *(f"{reads}[{cell}]" for cell in net.cells)]
    array = np.column_stack([net.bias, net.weight_ih, net.weight_hh])
    largest = max(np.abs(array[:, 1:]).max(), 1e-9)
    rows: list[list[Field | str]] = []
    for gate in (name for name in GATES if name in net.gates):
        for index, (cell, row) in enumerate(zip(net.cells, array[net.rows(gate)], strict=True)):
            first = [head(GATES[gate], net.size)] if index == 0 else []
            rows.append([*first, head(cell), *(number_field(value, largest) for value in row)])
    return block(title, facts, Table(rows, heads))
