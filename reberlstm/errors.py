"""The exceptions of the package: every one names the culprit, the place and the remedy.

The command line prints the message of any of them as one line and exits with status 2; nothing
else that a user can cause may reach the user. `shown` and `one_line` keep messages short, whatever
a file holds.
"""

from __future__ import annotations

MOST_SHOWN = 60
"""How many characters of a culprit a message quotes."""

MOST_CHARACTERS = 600
"""How long a message may become."""


class ReberLSTMError(Exception):
    """Base of all errors that a user of the package can cause and mend.

    Names from files may stand in its message: what a terminal would act on is escaped, also line
    ends, so an error is one line.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(printable(str(message)))


class GrammarError(ReberLSTMError):
    """A machine or a grammar is not what it should be, or a word does not fit its alphabet.

    Attributes:
        place: The field of the machine that is concerned, then the state and the symbol where
            there are any, such as ``("transitions", "q0", "a")``; empty where unknown. A reader
            of files turns it into a line.
    """

    def __init__(self, message: str, place: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.place = place


class CompileError(ReberLSTMError):
    """A machine cannot be compiled with the options asked for."""


class FormatError(ReberLSTMError):
    """A file is damaged, foreign, or not of the format that its name says."""


class WeightsError(ReberLSTMError):
    """Arrays do not fit together as the weights of one LSTM."""


class CertificateError(ReberLSTMError):
    """A certificate cannot be made or read for the net and machine given."""


class ExtractionError(ReberLSTMError):
    """A net cannot be extracted from: it lacks something, or answers in a wrong shape."""


class LabError(ReberLSTMError):
    """An experiment of the lab is unknown, described wrongly, or asked for the impossible."""


class ConformanceError(ReberLSTMError):
    """A runtime cannot be run, or files of its outputs cannot be read."""


class MissingExtraError(ReberLSTMError):
    """An optional dependency is needed; the message says which extra installs it."""


class NoteWarning(UserWarning):
    """What the command line prints as a note on standard error."""


class FormatWarning(NoteWarning):
    """What the reader of a file did that its author may not expect, such as determinising it."""


class CompileWarning(NoteWarning):
    """What the compiler could not do as asked, and did otherwise."""


class TrainingError(ReberLSTMError):
    """A training cannot be done as asked, or cannot be taken up where it was left."""


class ZooError(ReberLSTMError):
    """An entry of the zoo cannot be made or scored as asked."""


INVISIBLE = frozenset(
    [*"\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"]
    + [chr(c) for c in (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))]
)
"""What is shown as nothing although it counts as printable: fillers and selectors of variants.

They are those of Unicode's default ignorable code points that ``str.isprintable`` lets pass.
"""


def printable(text: str) -> str:
    r"""The text with characters escaped on which a terminal acts, or which nobody sees.

    These are control characters (C0, C1), those that change the direction of writing, and those of
    no width.

    Example:
        >>> print(printable("a\x1b[2J\u202eb\ufe0f"))
        a\x1b[2J\u202eb\ufe0f
    """
    if text.isprintable() and (text.isascii() or INVISIBLE.isdisjoint(text)):
        return text
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if not character.isprintable():
        return repr(character)[1:-1]
    return ascii(character)[1:-1] if character in INVISIBLE else character


def shown(value: object) -> str:
    r"""The value quoted on one line, its middle left out where it is long.

    Example:
        >>> shown("a\nb"), shown(10**6 * "x")
        ("'a\\nb'", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxxxxxxxxxxx'")
    """
    if isinstance(value, str):
        # Cut before quoting: a culprit may be megabytes long.
        return repr(value if len(value) <= MOST_SHOWN else _cut(value, MOST_SHOWN - 1))
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 200:
        return f"a number of {value.bit_length()} bits"
    try:
        return _cut(repr(value), MOST_SHOWN)
    except (RecursionError, ValueError):
        return f"a {type(value).__name__}"


def count(number: int, noun: str) -> str:
    """A number with its noun: ``1 state``, ``1,024 states``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def one_line(message: str, most: int = MOST_CHARACTERS) -> str:
    """The message with line ends and other unprintable characters escaped, cut where it is long."""
    return printable(_cut(message, most)).strip()


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[:half]}…{text[-half:]}"
