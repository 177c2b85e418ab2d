"""Many strings against a machine: any number, of any length, in bounded memory.

Strings come one a line, as text in pieces that may end anywhere, so that one line of ten million
symbols needs no more memory than a million short ones.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Container, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Literal

from reberlstm.errors import FormatError, GrammarError, one_line, shown
from reberlstm.files import GZIP_MAGIC
from reberlstm.machine.complete import Walk, includes_empty_word
from reberlstm.machine.counters import Configuration, CounterMachine, Machine
from reberlstm.machine.repeats import folded
from reberlstm.net.base import check_alphabets
from reberlstm.plain import Plain

if TYPE_CHECKING:  # numpy is loaded for nets alone
    from numpy.typing import NDArray

    from reberlstm.net.net import Net

PIECE_BYTES = 2**18
"""How much is read at a time."""

Kind = Literal["violation", "unknown symbol", "incomplete"]

Row = dict[str, Any]
"""The row of a state maps a symbol to the row of the next state.

Rows that are filled while they are used say what may come in an attribute ``legal``, and in
``judged`` whether a string that ends here is accepted or incomplete, or neither.
"""

FEW = 3
"""How many strings are shown of which net and grammar say different things."""

LONGEST = 10_000
"""Longer ones are counted only."""

ACCEPTING = ""
"""A key that no symbol has: it is in the rows of accepting states."""


@dataclass(frozen=True)
class Failure(Plain, rename={"source": "file"}):
    """A string that is not as it should be.

    Attributes:
        source: The file it came from.
        line: Its line there, from 1.
        position: The position of the symbol that was not allowed, from 1; for an incomplete string
            the position after its last symbol.
        symbol: That symbol, cut where it is long; None for an incomplete string.
        allowed: The symbols that were allowed there, in alphabet order.
        kind: ``violation`` of a symbol that is in the alphabet, ``unknown symbol``, or
            ``incomplete``.
    """

    source: str
    line: int
    position: int
    symbol: str | None
    allowed: tuple[str, ...]
    kind: Kind

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}: position {self.position}: "
        allowed = " ".join(map(_plain, self.allowed)) or "nothing"
        if self.symbol is None:
            return f"{place}the string ends too early; allowed: {allowed}"
        what = "unknown symbol " if self.kind == "unknown symbol" else ""
        return f"{place}{what}{shown(self.symbol)}; allowed: {allowed}"


@dataclass(frozen=True)
class Difference(Plain):
    """A string of which net and grammar say different things.

    Attributes:
        string: The symbols up to there.
        allowed: By whom the last of them is allowed, or where `ends` is true, by whom the string
            may end: ``net`` or ``grammar``.
        ends: Whether it is about the end.
    """

    string: tuple[str, ...]
    allowed: Literal["net", "grammar"]
    ends: bool

    def text(self, fsm: Machine) -> str:
        """A line for people."""
        other = "grammar" if self.allowed == "net" else "net"
        string = folded(self.string, " " if fsm.has_long_symbols else "") or "the empty string"
        what = (
            "it may end there"
            if self.ends
            else f"the symbol at position {len(self.string)} may come"
        )
        return f"{string}: {what} by the {self.allowed}, not by the {other}"


@dataclass
class Report(Plain):
    """What has been seen so far.

    Attributes:
        strings: How many strings; each is accepted, incomplete, not judged, or has a violation.
        incomplete: How many are without a violation, but may not end there.
        not_judged: How many are without a violation, but end outside the scope of the net.
        unknown: How many violations are symbols that are not in the alphabet at all.
        symbols: How many symbols, those after a violation included.
        failures: The first failures.
        differing: Of how many strings net and grammar say different things, where both are asked.
        differences: The shortest of these, cut after what differs.
    """

    strings: int = 0
    accepted: int = 0
    incomplete: int = 0
    not_judged: int = 0
    violations: int = 0
    unknown: int = 0
    symbols: int = 0
    failures: list[Failure] = field(default_factory=list)
    differing: int = 0
    differences: list[Difference] = field(default_factory=list)


class Checker:
    r"""Checks text that comes in pieces.

    Args:
        fsm: The machine.
        first: How many failures to keep.
        complete: Whether an incomplete string is a failure, too.
        start: The row to begin in, where a net takes the machine's place: `start_row`.
        compared: Whether to say where net and machine differ.

    Example:
        >>> from reberlstm import load_grammar
        >>> checker = Checker(load_grammar("reber"))
        >>> checker.feed("BTXSE\nBTS", "strings.txt"); checker.feed("X\nBTE\n", "strings.txt")
        >>> checker.end("strings.txt")
        >>> (checker.report.accepted, checker.report.incomplete, checker.report.violations)
        (1, 1, 1)
        >>> print(checker.report.failures[0])
        strings.txt:3: position 3: 'E'; allowed: S X
    """

    def __init__(
        self,
        fsm: Machine,
        *,
        first: int = 10,
        complete: bool = False,
        start: Row | None = None,
        compared: bool = False,
    ) -> None:
        self.fsm = fsm
        self.report = Report()
        self._first = first
        self.complete = complete
        rows = grammar_row(fsm)
        self._start = rows if start is None else start
        self._both = _Both(self._start, rows, self.report) if compared else None
        self._longest = max(map(len, fsm.alphabet))
        self._begin_file()

    @property
    def failed(self) -> bool:
        """Whether some string so far is not as it should be."""
        report = self.report
        return report.violations > 0 or (self.complete and report.incomplete > 0)

    def feed(self, text: str, source: str = "") -> None:
        """Check a piece of the file `source`; strings end at line ends."""
        self._source = source
        if text:
            self._is_open = not text.endswith("\n")
        words = self._words(self._carried + text)
        if len(words) > 1:
            self._advance(words[0])
            self._end_line()
            self._whole_lines(words[1:-1])
        self._advance(words[-1])

    def _words(self, text: str) -> Sequence[Sequence[str]]:
        """The symbols of each line; what may go on in the next piece is carried over to it."""
        self._carried = ""
        if not self.fsm.has_long_symbols:
            if "\r" not in self.fsm.alphabet:
                if text.endswith("\r"):
                    text, self._carried = text[:-1], "\r"
                text = text.replace("\r\n", "\n")
            if self.fsm.ignores_blanks:
                text = text.replace(" ", "").replace("\t", "")
            return text.split("\n")
        words = [line.split() for line in text.split("\n")]
        if words[-1] and not text[-1].isspace():
            # A symbol that is longer than any is unknown, however it goes on.
            self._carried = words[-1].pop()[: self._longest + 1]
        return words

    def end(self, source: str = "") -> None:
        """End the file; its last line need not have a line end."""
        self._source = source
        if self._carried:
            self._advance([self._carried] if self.fsm.has_long_symbols else self._carried)
        if self._is_open:
            self._end_line()
        self._begin_file()

    def _begin_file(self) -> None:
        self.line = 1
        self._source = ""
        self._carried = ""
        self._is_open = False
        self._begin_line()

    def _begin_line(self) -> None:
        self._row: Row | None = self._start
        self._position = 0
        if self._both is not None:
            self._both.begin()

    def _whole_lines(self, words: Sequence[Sequence[str]]) -> None:
        """The loop in which the time goes."""
        start, report, both = self._start, self.report, self._both
        for word in words:
            row = start
            try:
                for symbol in word:
                    row = row[symbol]
                usual = ACCEPTING in row and (both is None or both.grammar_accepts(word))
            except KeyError:
                usual = False
            if usual:
                report.strings += 1
                report.accepted += 1
                report.symbols += len(word)
                self.line += 1
            else:
                self._advance(word)
                self._end_line()

    def _advance(self, symbols: Sequence[str]) -> None:
        """Go on in the current line."""
        row = self._row
        if self._both is not None:
            self._both.advance(symbols)
        if row is not None:
            try:
                for symbol in symbols:
                    row = row[symbol]
            except KeyError:
                self._violation(symbols)
                row = None
            self._row = row
        self._position += len(symbols)
        self.report.symbols += len(symbols)

    def _violation(self, symbols: Sequence[str]) -> None:
        """Find the first of the symbols that is not allowed, and note it."""
        row = self._row
        assert row is not None
        for position, symbol in enumerate(symbols, start=self._position + 1):
            if symbol not in _legal(row):
                known = symbol in self.fsm.alphabet
                self.report.unknown += not known
                self._note(position, symbol, row, "violation" if known else "unknown symbol")
                return
            row = row[symbol]

    def _end_line(self) -> None:
        report = self.report
        if self._both is not None:
            self._both.end()
        report.strings += 1
        if self._row is None:
            report.violations += 1
        elif ACCEPTING in self._row:
            report.accepted += 1
        elif not getattr(self._row, "judged", True):
            report.not_judged += 1
        else:
            report.incomplete += 1
            if self.complete:
                self._note(self._position + 1, None, self._row, "incomplete")
        self.line += 1
        self._begin_line()

    def _note(self, position: int, symbol: str | None, row: Row, kind: Kind) -> None:
        if len(self.report.failures) < self._first:
            legal = _legal(row)
            allowed = tuple(a for a in self.fsm.alphabet if a in legal)
            failure = Failure(self._source, self.line, position, symbol, allowed, kind)
            self.report.failures.append(failure)


class _Both:
    """Follows net and grammar along a string, up to where they say different things."""

    def __init__(self, net: Any, grammar: Row, report: Report) -> None:
        self._starts, self._report = (net, grammar), report
        self.begin()

    def begin(self) -> None:
        """Begin a string."""
        self._net, self._grammar = self._starts
        self._word: list[str] = []
        self._is_open = True

    def grammar_accepts(self, word: Sequence[str]) -> bool:
        """Whether the grammar accepts a whole string; a KeyError says no, too."""
        row = self._starts[1]
        for symbol in word:
            row = row[symbol]
        return ACCEPTING in row

    def advance(self, symbols: Sequence[str]) -> None:
        """Read on."""
        if not self._is_open:
            return
        for symbol in symbols:
            said, right = symbol in _legal(self._net), symbol in _legal(self._grammar)
            if len(self._word) <= LONGEST:
                self._word.append(symbol)
            if said != right and self._net.asked:
                self._differ("net" if said else "grammar", ends=False)
            if not (said and right):
                self._is_open = False
                return
            self._net, self._grammar = self._net[symbol], self._grammar[symbol]

    def end(self) -> None:
        """End the string."""
        said, right = ACCEPTING in self._net, ACCEPTING in self._grammar
        if self._is_open and said != right and self._net.judged:
            self._differ("net" if said else "grammar", ends=True)

    def _differ(self, allowed: Literal["net", "grammar"], *, ends: bool) -> None:
        report = self._report
        report.differing += 1
        if len(self._word) > LONGEST:
            return
        found = Difference(tuple(self._word), allowed, ends)
        if found not in report.differences:
            report.differences.append(found)
            report.differences.sort(key=lambda difference: len(difference.string))
            del report.differences[FEW:]


def grammar_row(fsm: Machine) -> Row:
    """The row of a machine before the first symbol."""
    if isinstance(fsm, CounterMachine):
        return _Counted(fsm).row(fsm.start_configuration)
    rows: dict[str, Row] = {state: {} for state in fsm.states}
    for state, row in rows.items():
        row.update({a: rows[target] for a, target in fsm.transitions[state].items()})
        if state in fsm.accepting:
            row[ACCEPTING] = None
    return rows[fsm.start]


class _Counted:
    """The rows of a machine with counters, made when they are first asked for."""

    def __init__(self, machine: CounterMachine) -> None:
        self.machine = machine
        self.known: dict[Configuration, CounterRow] = {}

    def row(self, configuration: Configuration) -> CounterRow:
        """The row of a configuration; it is kept where there is room."""
        found = self.known.get(configuration)
        if found is None:
            found = CounterRow(self, configuration)
            if len(self.known) < MOST_ROWS:
                self.known[configuration] = found
        return found


class CounterRow(dict[str, Any]):
    """The symbols that have been read in one configuration, and the rows after them."""

    def __init__(self, rows: _Counted, configuration: Configuration) -> None:
        super().__init__()
        self._rows, self._configuration = rows, configuration
        if rows.machine.accepting_at(configuration):
            self[ACCEPTING] = None

    @property
    def legal(self) -> tuple[str, ...]:
        """The symbols that may come."""
        return self._rows.machine.legal(self._configuration)

    def __missing__(self, symbol: str) -> CounterRow:
        after = self._rows.machine.step(self._configuration, symbol)
        if after is None:
            raise KeyError(symbol)
        found = self._rows.row(after)
        if after in self._rows.known:  # else a long line would keep all its rows
            self[symbol] = found
        return found


def _legal(row: Row) -> Container[str]:
    legal: Container[str] = getattr(row, "legal", row)
    return legal


def check_stream(
    checker: Checker, stream: IO[bytes], source: str, advance: Callable[[int], None] | None = None
) -> None:
    """Check a whole binary stream of text in UTF-8, which gzip may have compressed.

    Args:
        checker: What checks, and keeps the report.
        stream: Where to read.
        source: Its name, for messages.
        advance: Called with the number of decompressed bytes of every piece.

    Raises:
        FormatError: naming the line that is not UTF-8, or saying that compressed data is damaged.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    begins = True
    for piece in _pieces(stream, source):
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            line = checker.line + error.object.count(b"\n", 0, error.start)
            raise FormatError(f"{source}:{line}: not text in UTF-8") from None
        if begins and text:
            begins = False
            if "\ufeff" not in checker.fsm.alphabet:
                text = text.removeprefix("\ufeff")
        if text:
            checker.feed(text, source)
        if advance is not None:
            advance(len(piece))
    checker.end(source)


def _pieces(stream: IO[bytes], source: str) -> Iterator[bytes]:
    """The content in pieces of bounded size, decompressed; then an empty piece."""
    buffered: Any = stream if hasattr(stream, "peek") else io.BufferedReader(stream)
    try:
        if buffered.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC):
            buffered = gzip.GzipFile(fileobj=buffered)
        while piece := buffered.read(PIECE_BYTES):
            yield piece
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FormatError(one_line(f"{source}: damaged gzip data: {error}")) from None
    except OSError as error:
        raise FormatError(f"{source}: cannot be read: {error.strerror or error}") from None
    yield b""


def _plain(symbol: str) -> str:
    return symbol if symbol.isprintable() and not symbol.isspace() else repr(symbol)


# A net in the place of the machine


MOST_ROWS = 20_000
"""How many rows of a net are kept.

The rows of a net are made when they are first asked for, one for each state vector, bit by bit the
same; a saturated net comes to few of them, so that it checks as fast as the machine. An unsaturated
net hardly ever comes to the same state vector twice.
"""


def start_row(net: Net, grammar: Machine) -> NetRow:
    """The row before the first symbol.

    What a net offers, and whether it accepts, is as in `reberlstm.trace`. Where the net is not
    asked (see `reberlstm.machine.tables.Scope`) every symbol may come; of a net that claims the
    scope ``legal``, a string that ends after a violation is neither accepted nor incomplete. A net
    without a ``legal`` head lets every symbol come, one without an accept head accepts where the
    grammar does.

    Raises:
        GrammarError: for a net that tells neither, or with another alphabet.

    Example:
        >>> import reberlstm as rl
        >>> reber = rl.load_grammar("reber")
        >>> row = start_row(rl.compile(reber), reber)
        >>> sorted(row.legal), sorted(row["B"]["T"].legal)
        (['B'], ['S', 'X'])
    """
    if not {"legal", "accept"} & set(net.observed):
        raise GrammarError(
            f"net {net.name!r} has no 'legal' and no 'accept' head, so nothing says which strings "
            "it takes"
        )
    check_alphabets(grammar, net)
    rows = _Rows(net, grammar)
    return rows.row(net.start(), rows.walk.start, includes_empty_word(net.claims))


class NetRow(dict[str, Any]):
    """The symbols that have been read in one state vector of a net, and the rows after them.

    Attributes:
        legal: The symbols that may come.
        asked: Whether the net says so; else all may come.
        judged: Whether a string that ends here lies in the scope of the net.
    """

    def __init__(
        self,
        rows: _Rows,
        states: NDArray[Any],
        node: Hashable,
        legal: frozenset[str],
        *,
        asked: bool,
        judged: bool,
    ) -> None:
        super().__init__()
        self.legal, self.asked, self.judged = legal, asked, judged
        self._rows, self._states, self._node = rows, states, node

    def __missing__(self, symbol: str) -> NetRow:
        if symbol not in self.legal:
            raise KeyError(symbol)
        return self._rows.after(self, symbol, self._states, self._node)


class _Rows:
    def __init__(self, net: Net, grammar: Machine) -> None:
        import numpy as np

        self.net = net
        self.walk: Walk = grammar.complete(net.on_violation)
        self.known: dict[tuple[bytes, Hashable], NetRow] = {}
        self.columns = {symbol: number for number, symbol in enumerate(grammar.alphabet)}
        self.symbols = {a: np.array([number]) for number, a in enumerate(net.alphabet)}

    def after(self, row: NetRow, symbol: str, states: NDArray[Any], node: Hashable) -> NetRow:
        """The row after a symbol; it is kept where there is room."""
        states = self.net.step(states, self.symbols[symbol])
        node = self.walk.after(node, self.columns[symbol])
        key = (states.tobytes(), node)
        found = self.known.get(key)
        if found is None:
            found = self.row(states, node, self.walk.is_asked(self.net.claims, node))
            if len(self.known) >= MOST_ROWS:
                return found
            self.known[key] = found
        row[symbol] = found
        return found

    def row(self, states: NDArray[Any], node: Hashable, asked: bool) -> NetRow:
        """The row of a state vector, and of the machine's state after the same word."""
        answers = self.net.observe(states)
        legal = frozenset(self.net.alphabet)
        asked = asked and answers.legal is not None
        if asked:
            assert answers.legal is not None
            legal = frozenset(
                a for a, yes in zip(self.net.alphabet, answers.legal[0], strict=True) if yes
            )
        judged = self.net.claims == "all" or self.walk.name(node) is not None
        row = NetRow(self, states, node, legal, asked=asked, judged=judged)
        accept = self.walk.accepts_at(node) if answers.accept is None else answers.accept[0]
        if accept and row.judged:
            row[ACCEPTING] = None
        return row
