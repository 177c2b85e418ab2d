"""What cells stand for: which of them tell nodes apart, and which only the last symbol."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reberlstm.comparison.case import Case, Memories
from reberlstm.comparison.result import Entry, not_applicable
from reberlstm.machine.tables import Ints
from reberlstm.net.weights import LSTMWeights

GAP = 0.1
"""Values on either side of a gap of this share of a cell's range are told apart by it."""

STILL = 0.02
"""A cell stands still where its range is this share of the largest one's, or less."""


def meanings(case: Case) -> Entry:
    """How many cells have a gap in their values with whole nodes, or symbols, on each side."""
    words = case.words
    values, nodes, symbols = [], [], []
    for t, here in enumerate(case.steps(words)):
        rows = words.present[t]
        values.append(_read(case, here[rows]))
        nodes.append(words.states[t, rows])
        symbols.append(words.symbols[t, rows])
    if not values:
        return not_applicable("no words")
    every, at, came = np.concatenate(values), np.concatenate(nodes), np.concatenate(symbols)
    least = STILL * float((every.max(axis=0) - every.min(axis=0)).max())
    by_node = [sides(column, at, least) for column in every.T]
    by_symbol = [sides(column, came, least) for column in every.T]
    size = every.shape[1]
    single = sum(side is not None and min(side) == 1 for side in by_node)
    several = sum(side is not None for side in by_node) - single
    only_symbol = sum(
        node is None and symbol is not None for node, symbol in zip(by_node, by_symbol, strict=True)
    )
    value = {
        "cells": size,
        "one_node": single,
        "nodes": several,
        "symbols": only_symbol,
        "none": size - single - several - only_symbol,
    }
    parts = (
        ("one node", single),
        ("a set of nodes", several),
        ("last symbols", only_symbol),
        ("neither", value["none"]),
    )
    text = ", ".join(f"{count} {what}" for what, count in parts if count)
    return Entry(f"of {size}: {text}", value)


def _read(case: Case, memories: Memories) -> NDArray[np.float64]:
    """What the gates read, (N, H); of a net that is not one LSTM layer, the whole memory."""
    net = case.net
    if isinstance(net, LSTMWeights) and net.cell == "standard":
        memories = memories[:, : net.size]
    return np.asarray(memories, dtype=np.float64)


def sides(values: NDArray[np.float64], groups: Ints, least: float) -> tuple[int, int] | None:
    """How many groups lie wholly below and above the widest gap between groups, if it is wide.

    Args:
        values: What a cell had, (N,).
        groups: The node or symbol at which it had it, (N,).
        least: A cell with a smaller range stands still.
    """
    ranges = sorted(
        (float(values[groups == group].min()), float(values[groups == group].max()))
        for group in np.unique(groups)
    )
    whole = float(values.max() - values.min())
    if whole <= least:
        return None
    best, found, reached = GAP * whole, None, ranges[0][1]
    for number, (low, high) in enumerate(ranges[1:], start=1):
        if low - reached > best:
            best, found = low - reached, (number, len(ranges) - number)
        reached = max(reached, high)
    return found
