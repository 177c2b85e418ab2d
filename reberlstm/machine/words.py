"""Alphabets, and words over them: what machines of every kind share."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from reberlstm.errors import GrammarError

Word = tuple[str, ...]
"""A sequence of symbols. Where a word is an argument, a string will do too: see
`HasAlphabet.word`."""

_SURROGATE = re.compile("[\ud800-\udfff]")


class HasAlphabet:
    """A machine with an alphabet, so that text can be split into words."""

    alphabet: tuple[str, ...]

    def word(self, text: str | Iterable[str]) -> Word:
        """Split `text` into symbols of the alphabet.

        A string is split into characters, or at white space where the alphabet has a symbol of
        several characters. White space is passed over where no symbol is white space. Any other
        iterable is taken as the symbols themselves.

        Raises:
            GrammarError: naming the first symbol that is not in the alphabet and its position.
        """
        if not isinstance(text, Iterable):
            raise GrammarError(
                f"expected a word: a string, or its symbols one by one; got {reprlib.repr(text)}"
            )
        if isinstance(text, str) and self.has_long_symbols:
            text = text.split()
        elif isinstance(text, str) and self.ignores_blanks:
            text = "".join(text.split())
        word = tuple(text)
        for position, symbol in enumerate(word, start=1):
            if not isinstance(symbol, str) or symbol not in self._index:
                raise GrammarError(
                    f"unknown symbol {symbol!r} at position {position}; "
                    f"the alphabet of {self} is {' '.join(self.alphabet)}"
                )
        return word

    def text(self, word: Iterable[str]) -> str:
        """The inverse of `word`: one string, with spaces where symbols are long."""
        return (" " if self.has_long_symbols else "").join(word)

    @cached_property
    def has_long_symbols(self) -> bool:
        """Whether some symbol has several characters, so that words are written with spaces."""
        return any(len(symbol) != 1 for symbol in self.alphabet)

    @cached_property
    def ignores_blanks(self) -> bool:
        """Whether blanks in a word are no symbols, so that they may stand around and between."""
        return not any(map(str.isspace, self.alphabet))

    @cached_property
    def _index(self) -> Mapping[str, int]:
        return {symbol: index for index, symbol in enumerate(self.alphabet)}


def check_alphabet(alphabet: Sequence[str]) -> None:
    """Raise a `GrammarError` unless these are distinct symbols that words can be written in."""
    if isinstance(alphabet, str):
        raise GrammarError(f"alphabet {alphabet!r} is one string; give a tuple of symbols instead")
    for message in _faults_of_alphabet(alphabet):
        raise GrammarError(message, ("alphabet",))


def _faults_of_alphabet(alphabet: Sequence[str]) -> Iterator[str]:
    if not alphabet:
        yield "the alphabet is empty; give at least one symbol"
    seen: set[str] = set()
    for symbol in alphabet:
        if not is_text(symbol):
            yield f"symbol {symbol!r} of the alphabet is not a non-empty string of Unicode text"
        if symbol in seen:
            yield f"symbol {symbol!r} stands twice in the alphabet; keep one"
        seen.add(symbol)
    if any(len(symbol) != 1 for symbol in alphabet):
        for symbol in alphabet:
            if symbol.split() != [symbol]:
                yield (
                    f"symbol {symbol!r} has white space, which separates the symbols of words "
                    "when some symbol has several characters; rename it"
                )


def is_text(value: object) -> bool:
    """Whether `value` can name something in a file: a string, not empty, without surrogates."""
    return isinstance(value, str) and value != "" and not _SURROGATE.search(value)


def some(items: Iterable[object], most: int = 12) -> str:
    """The first few items, for a message that stays one readable line."""
    shown = [str(item) for item in items]
    more = f" … ({len(shown)} in all)" if len(shown) > most else ""
    return " ".join(shown[:most]) + more
