"""Many words through a net at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM
from reberlstm.net.loading import as_net
from reberlstm.net.net import Net

Words = Sequence[str] | Sequence[Sequence[str]] | NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Runs:
    """What a net comes to after each of B words.

    Attributes:
        states: The state vectors, (B, D).
        hidden: What the heads read, (B, H).
        heads: The logits of each head by name, (B, R).
    """

    states: NDArray[Any]
    hidden: NDArray[Any]
    heads: Mapping[str, NDArray[Any]]


def run(net: Any, words: Words, **options: Any) -> Runs:
    """Run many words, of any lengths, through a net.

    Args:
        net: A net, or what `reberlstm.load` takes.
        words: Strings or lists of symbols, or indices into the alphabet, shape (B, T).
        options: How a net of others is read, see `reberlstm.load`.

    Raises:
        GrammarError: for a symbol that the net does not know.

    Example:
        >>> import reberlstm as rl
        >>> runs = run(rl.compile("parity"), ["1", "", "11"])
        >>> (runs.heads["accept"][:, 0] > 0).tolist()
        [False, True, True]
    """
    net = as_net(net, **options)
    indices = _indices(net, words)
    states = net.start(len(indices))
    order = sorted(range(len(indices)), key=lambda number: -len(indices[number]))
    length = max(map(len, indices), default=0)
    for t in range(length):
        # Words are in the order of their lengths, so those that go on come first.
        rows = [number for number in order if len(indices[number]) > t]
        states[rows] = net.step(states[rows], np.array([indices[number][t] for number in rows]))
    hidden = net.hidden(states)
    heads = {kind: x.cast(net.dtype).logits(hidden)[:, : x.rows] for kind, x in net.heads.items()}
    return Runs(states, hidden, heads)


def _indices(net: Net, words: Words) -> list[NDArray[np.intp]]:
    """The indices of the symbols of each word."""
    if isinstance(words, str) or not hasattr(words, "__len__"):
        raise GrammarError(f"{words!r} is one word; give several, in a list")
    each = list(words)
    symbols = [
        symbol for word in each if not isinstance(word, str) for symbol in np.atleast_1d(word)
    ]
    if any(isinstance(symbol, str) for symbol in symbols) or not symbols:
        number = {symbol: index for index, symbol in enumerate(net.alphabet)}
        machine = FSM(alphabet=net.alphabet, start="0", transitions={"0": {}}, name=net.name)
        return [np.array([number[x] for x in machine.word(w)], dtype=np.intp) for w in each]
    array = [np.asarray(word) for word in each]
    if any(word.ndim != 1 or (word.size and word.dtype.kind not in "iu") for word in array):
        raise GrammarError("words are strings, lists of symbols, or indices of symbols, (B, T)")
    wrong = [symbol for symbol in symbols if not 0 <= symbol < len(net.alphabet)]
    if wrong:
        raise GrammarError(
            f"there is no symbol {wrong[0]} in an alphabet of {len(net.alphabet)} symbols"
        )
    return [word.astype(np.intp) for word in array]
