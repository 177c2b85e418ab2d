"""A net's weights, and a certificate, as tables for a notebook."""

from __future__ import annotations

import numpy as np

from reberlstm.certificates import Certificate
from reberlstm.display import renders
from reberlstm.errors import count
from reberlstm.net.net import Net
from reberlstm.render import Field, Table, block, gate_titles, head, number_field

MAX_CELLS = 24
MAX_COLUMNS = 40


def kind_of(net: Net) -> str:
    """What a net is made of: ``LSTM``, or ``GRU, 2 layers``."""
    kinds = " and ".join(dict.fromkeys(layer.cell.title for layer in net.layers))
    return kinds + (f", {len(net.layers)} layers" if len(net.layers) > 1 else "")


@renders(Net, "html")
def net_html(net: Net) -> str:
    """Every weight in a field, a table for each layer; of a large net only its size."""
    facts = [
        f"{kind_of(net)}, {count(net.size, 'cell')} over {count(len(net.alphabet), 'symbol')} "
        f"({' '.join(net.alphabet[:40])}); claims: {net.claims}"
        + (f"; gain {net.gain:g}" if net.gain is not None else ""),
        net.reading or "no heads",
    ]
    title = f"{net.name or 'unnamed'} net"
    if net.size > MAX_CELLS or net.size + len(net.alphabet) > MAX_COLUMNS:
        arrays = [array for layer in net.layers for array in (layer.weight_ih, layer.weight_hh)]
        nonzero = sum(np.count_nonzero(array) for array in arrays)
        return block(title, [*facts, f"{nonzero:,} weights are not zero, too many for a table"])
    return block(title, facts, *(_layer_table(net, number) for number in range(len(net.layers))))


def _layer_table(net: Net, number: int) -> Table:
    layer = net.layers[number]
    ends = np.cumsum([0, *(other.size for other in net.layers)])
    cells, below = (net.cells[ends[n] : ends[n + 1]] for n in (number, number - 1))
    letter = layer.cell.parts[0][0]
    inputs = [f"h[{cell}]" for cell in below] if number else list(net.alphabet)
    if number == 0 and net.embedding is not None:
        inputs = [f"x[{place + 1}]" for place in range(layer.weight_ih.shape[1])]
    heads = ["gate", "cell", "bias", *inputs, *(f"{letter}[{cell}]" for cell in cells)]
    array = np.column_stack([layer.bias, layer.weight_ih, layer.weight_hh])
    largest = max(np.abs(array[:, 1:]).max(), 1e-9)
    rows: list[list[Field | str]] = []
    for gate, title in gate_titles(layer.cell.gates).items():
        for index, (cell, row) in enumerate(zip(cells, array[layer.rows(gate)], strict=True)):
            first = [head(title, layer.size)] if index == 0 else []
            rows.append([*first, head(cell), *(number_field(value, largest) for value in row)])
    return Table(rows, heads)


@renders(Certificate, "html")
def certificate_html(certificate: Certificate) -> str:
    """The statement, and the figures behind it."""
    rows = [[head(name), Field(text, "")] for name, text in certificate.figures]
    mark = {True: "✓", False: "✗", None: "?"}[certificate.holds]
    return block(f"{mark} {certificate.statement}", [], Table(rows))
