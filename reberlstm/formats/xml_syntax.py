"""XML read with guards: bounded depth and number of elements, no document type declarations.

Entities can only be declared in a document type declaration, so none expands here, and nothing
outside the file is read.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.parsers import expat

from reberlstm.errors import FormatError
from reberlstm.formats.draft import Draft
from reberlstm.formats.limits import MAX_STATES, MAX_TRANSITIONS

MAX_DEPTH = 50
"""How deep elements may be nested."""

MAX_ELEMENTS = 6 * MAX_STATES + 5 * MAX_TRANSITIONS
"""How many elements a file may have."""


class Xml:
    """Goes through a file, and calls what is told of it.

    Args:
        draft: Whose errors are raised; their places are lines.
        what: The kind of file, for messages.
        root: The name of the outermost element.
        start: Called with the name and the attributes of an element that begins.
        end: Called with the name of an element that ends.
        data: Called with pieces of text.
    """

    def __init__(
        self,
        draft: Draft,
        what: str,
        root: str,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None],
        data: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._draft, self._what, self._root, self._begin, self._finish = (
            draft, what, root, start, end,
        )  # fmt: skip
        self._count = self._depth = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = data
        self._parser.StartDoctypeDeclHandler = self._doctype

    @property
    def line(self) -> int:
        """The line that is being read."""
        return self._parser.CurrentLineNumber

    def read(self, text: str) -> None:
        """Read the whole text.

        Raises:
            FormatError: naming the line that is not XML, or beyond a limit.
        """
        try:
            self._parser.Parse(text, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise self._draft.error(error.lineno, f"not XML: {reason}") from None
        except UnicodeEncodeError:
            raise self._draft.error(None, "not XML: half of a surrogate pair") from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(" ")[2]
        self._count += 1
        self._depth += 1
        if self._count > MAX_ELEMENTS:
            raise self._error(f"more than {MAX_ELEMENTS:,} elements")
        if self._depth > MAX_DEPTH:
            raise self._error(f"elements nested more than {MAX_DEPTH} deep")
        if self._depth == 1 and name != self._root:
            raise self._error(
                f"expected the element <{self._root}> of a {self._what} file, found <{name}>"
            )
        self._begin(name, attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._finish(name.rpartition(" ")[2])

    def _doctype(self, *_: object) -> None:
        raise self._error(
            f"a document type declaration, which a {self._what} file has not; remove it"
        )

    def _error(self, message: str) -> FormatError:
        return self._draft.error(self.line, message)
