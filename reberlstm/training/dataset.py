"""Words of a machine as tensors, for a training of your own with `torch.utils.data.DataLoader`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from reberlstm.errors import TrainingError
from reberlstm.extras import require
from reberlstm.grammars import Grammar, as_machine

if TYPE_CHECKING:
    from torch import Tensor

IGNORED = -100
"""The target that `torch.nn.functional.cross_entropy` passes over."""


class WordDataset:
    """Random words of a machine, each with the symbol that comes next at every place.

    It is a map-style data set (https://pytorch.org/docs/stable/data.html): item `i` is a pair of
    tensors (T,) of numbers of symbols for a word of T + 1 symbols, ``word[:-1]`` and ``word[1:]``.
    `collate` makes a batch of such pairs.

    Args:
        grammar: The machine, its name or its file.
        count: How many words are drawn, by the machine's own probabilities.
        seed: Of the random words.

    Attributes:
        alphabet: The symbols; tensors have their places in it.
        words: The words, as tuples of symbols.

    Raises:
        TrainingError: for a count below 1, or a word of one symbol, which has no next one.
        MissingExtraError: for an item where PyTorch is not installed.

    Example:
        >>> from torch.utils.data import DataLoader
        >>> data = WordDataset("reber", count=64, seed=0)
        >>> "".join(data.words[0]), data[0][0].shape
        ('BPTTVPXTTVVE', torch.Size([11]))
        >>> batch = next(iter(DataLoader(data, batch_size=4, collate_fn=data.collate)))
        >>> symbols, targets, lengths = batch
        >>> symbols.shape == targets.shape == (4, int(lengths.max()))
        True
    """

    def __init__(self, grammar: Grammar, count: int, seed: int = 0) -> None:
        if not isinstance(count, int) or count < 1:
            raise TrainingError(f"count is {count!r}; give the number of words, from 1")
        machine = as_machine(grammar)
        self.alphabet: tuple[str, ...] = machine.alphabet
        self.words: list[tuple[str, ...]] = [tuple(w) for w in machine.sample(count, seed=seed)]
        if any(len(word) < 2 for word in self.words):
            raise TrainingError(
                f"{machine} has words of fewer than two symbols, in which no symbol comes next; "
                "take a machine with an end symbol, such as `embed` makes"
            )
        self._numbers = {symbol: number for number, symbol in enumerate(self.alphabet)}

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor]:
        torch = require("torch", extra="torch", purpose="words as tensors")
        numbers = np.array([self._numbers[symbol] for symbol in self.words[place]])
        whole = torch.from_numpy(numbers)
        return whole[:-1], whole[1:]

    def collate(self, batch: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
        """Symbols (B, T), targets (B, T) and lengths (B,) of words of different lengths.

        After the end of a word stand symbol 0 and the target −100, which
        `torch.nn.functional.cross_entropy` passes over.
        """
        torch = require("torch", extra="torch", purpose="words as tensors")
        pad = torch.nn.utils.rnn.pad_sequence
        symbols, targets = zip(*batch, strict=True)
        lengths = torch.tensor([len(one) for one in symbols])
        return (
            pad(symbols, batch_first=True),
            pad(targets, batch_first=True, padding_value=IGNORED),
            lengths,
        )
