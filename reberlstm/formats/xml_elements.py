"""XML of machines read element by element, within limits, without document types or entities."""

from __future__ import annotations

from xml.parsers import expat

from reberlstm.formats.draft import MAX_STATES, MAX_TRANSITIONS, Draft
from reberlstm.formats.jflap_labels import Labels

MAX_DEPTH = 50
"""How deep elements may be nested."""

MAX_ELEMENTS = 6 * MAX_STATES + 5 * MAX_TRANSITIONS
"""How many elements a file may have."""


class Elements:
    """Calls `opened` and `closed` for every element; `path` holds the names of those that are open.

    Attributes:
        draft: The machine that is being read.
    """

    def __init__(self, where: str, start_hint: str) -> None:
        self.draft = Draft(where, lambda line: f":{line}" if line else "", start_hint)
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.path: list[str] = []
        self._text: list[str] = []
        self._count = 0

    @property
    def line(self) -> int:
        """The line of the file that is being read."""
        return self.parser.CurrentLineNumber

    def parse(self, text: str) -> None:
        """Go through the whole file.

        Raises:
            FormatError: naming the line that is not XML, or beyond the limits.
        """
        try:
            self.parser.Parse(text, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise self.draft.error(error.lineno, f"not XML: {reason}") from None
        except UnicodeEncodeError:
            raise self.draft.error(None, "not XML: half of a surrogate pair") from None

    def add_transition(self, label: str, labels: Labels, ends: list[int], line: int) -> int:
        """Add the arcs of a transition between two states; the result is their number."""
        try:
            words = labels.read(label, line)
        except ValueError as error:
            raise self.draft.error(line, str(error)) from None
        for word in words:
            self.draft.word(ends[0], word, ends[1], line)
        return len(words)

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins; it is the last one of `path`."""
        raise NotImplementedError

    def closed(self, name: str, parent: str, text: str) -> None:
        """An element ends that holds this text, after its last child if it has children."""
        raise NotImplementedError

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise self.draft.error(self.line, f"more than {MAX_ELEMENTS:,} elements")
        if len(self.path) == MAX_DEPTH:
            raise self.draft.error(self.line, f"elements nested more than {MAX_DEPTH} deep")
        if not self.path and name != "structure":
            raise self.draft.error(
                self.line, f"expected the element <structure> of a JFLAP file, found <{name}>"
            )
        self.path.append(name)
        self._text = []
        self.opened(name, attributes)

    def _end(self, name: str) -> None:
        self.path.pop()
        self.closed(name, self.path[-1] if self.path else "", "".join(self._text))
        self._text = []

    def _characters(self, data: str) -> None:
        self._text.append(data)

    def _doctype(self, *_: object) -> None:
        raise self.draft.error(
            self.line, "a document type declaration, which a JFLAP file has not; remove it"
        )
