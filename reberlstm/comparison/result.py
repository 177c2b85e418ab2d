"""What comes out of a comparison: a table of entries, each a figure with the words for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from reberlstm.display import Displayed, rendered
from reberlstm.plain import Plain

Status = Literal["measured", "proved", "refuted", "unknown", "none"]


@dataclass(frozen=True)
class Entry(Plain):
    """One field of the table.

    Attributes:
        text: The answer, and after a semicolon more about it.
        value: The figures, as JSON values.
        status: ``measured`` on what its row says; ``proved`` for words of every length, or those
            that the text names; ``refuted`` by a word; ``unknown`` where the budget ended before
            there was an answer; ``none`` where the question does not apply.
    """

    text: str
    value: Any = None
    status: Status = "measured"

    @property
    def short(self) -> str:
        """The answer without what comes after a semicolon."""
        return self.text.partition(";")[0]


@dataclass(frozen=True)
class Measure:
    """A question about a net, which `of` answers for a `Case`: a row of the table.

    In its key, title and meaning (its definition) stands in braces what is filled in.
    """

    key: str
    title: str
    meaning: str
    of: Callable[..., Entry]

    def filled(self, **texts: str) -> Measure:
        """With texts in the place of names in braces."""
        change = {name: getattr(self, name) for name in ("key", "title", "meaning")}
        for name, text in texts.items():
            change = {key: value.replace(f"{{{name}}}", text) for key, value in change.items()}
        return replace(self, **change)

    def about(self, **what: Any) -> Measure:
        """The same question with something given, such as a cycle."""
        return replace(self, of=partial(self.of, **what))


def measure(key: str, title: str) -> Callable[[Callable[..., Entry]], Measure]:
    """Make a question of a function that answers it: its docstring is the definition."""

    def make(of: Callable[..., Entry]) -> Measure:
        text = " ".join((of.__doc__ or "").split()).rstrip(".")
        return Measure(key, title, text[:1].lower() + text[1:], of)

    return make


def not_applicable(why: str) -> Entry:
    """The entry of a question that does not apply to this net or grammar."""
    return Entry(f"– ({why})", status="none")


def not_within(what: str = "the budget") -> Entry:
    """The entry of a question that was not answered in time."""
    return Entry(f"not within {what}", status="unknown")


@dataclass(frozen=True)
class Row(Plain):
    """One question, asked of every net.

    Attributes:
        key: A short name, such as ``accuracy``; ``loop S`` and ``drift S`` name a cycle.
        title: The question as people ask it.
        meaning: Its definition; the first sentence is the gist.
        entries: One for each net, in their order.
    """

    key: str
    title: str
    meaning: str
    entries: tuple[Entry, ...]

    @property
    def gist(self) -> str:
        """The first sentence of the definition."""
        return self.meaning.partition(". ")[0]


@dataclass(frozen=True)
class Comparison(Displayed):
    """Several nets, one machine, one table.

    Attributes:
        grammar: The name of the machine.
        nets: The names of the nets, one a column.
        readings: How the answers of each are read, such as ``legal: softmax > 0.1``.
        rows: The questions with their answers.
        seed: Of everything random.
        seconds: The budget of a column.
        took: The seconds that each column took.
        proved: Of which words an entry with the status ``proved`` is.

    ``comparison["accuracy", "compiled"]`` is one entry; ``str``, `to_markdown`, `to_html` and
    `to_dict` are the whole of it in other shapes.
    """

    grammar: str
    nets: tuple[str, ...]
    readings: tuple[str, ...]
    rows: tuple[Row, ...]
    seed: int
    seconds: float
    took: tuple[float, ...]
    proved: str = "for words of every length"

    def __getitem__(self, place: tuple[str, str]) -> Entry:
        key, net = place
        return self.row(key).entries[self.nets.index(net)]

    def row(self, key: str) -> Row:
        """The row of that key.

        Raises:
            KeyError: listing the keys.
        """
        for row in self.rows:
            if row.key == key:
                return row
        raise KeyError(f"no row {key!r}; the rows are {', '.join(row.key for row in self.rows)}")

    def column(self, net: str) -> Mapping[str, Entry]:
        """All entries of a net by their rows' keys."""
        return {row.key: row.entries[self.nets.index(net)] for row in self.rows}

    @property
    def footnotes(self) -> tuple[str, ...]:
        """A line for each net: how its answers are read."""
        pairs = zip(self.nets, self.readings, strict=True)
        return tuple(f"readout of {net}: {reading}" for net, reading in pairs)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that ``reberlstm compare --json`` prints."""
        return {
            "grammar": self.grammar,
            "nets": list(self.nets),
            "readings": dict(zip(self.nets, self.readings, strict=True)),
            "seed": self.seed,
            "seconds": self.seconds,
            "took": list(self.took),
            "rows": [
                {**row, "entries": dict(zip(self.nets, row["entries"], strict=True))}
                for row in map(Row.to_dict, self.rows)
            ],
        }

    def lines(self, width: int = 100) -> Iterator[str]:
        """The table for a terminal of so many columns."""
        yield from rendered(self, "text", width)

    def to_markdown(self) -> str:
        """The table as Markdown, with the definitions of its rows below it."""
        return str(rendered(self, "markdown"))

    def to_html(self) -> str:
        """The table as a page for the browser, which loads nothing from anywhere."""
        return str(rendered(self, "page"))

    def _plain(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return "\n".join(self.lines())
