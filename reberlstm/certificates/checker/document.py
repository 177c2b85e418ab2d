"""The form of a certificate's file: JSON without tricks, known keys, numbers, and a checksum."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Result = TypeVar("Result")

KEYS: Mapping[str, tuple[str, str]] = {
    "certificate": (
        "format version outcome scope heads arithmetic noise inputs net grammar",
        "readouts proof counting refutation search checksum seal",
    ),
    "inputs": ("noise low high", ""),
    "proof": ("k stride margins intervals boxes", "alike varies pieces"),
    "box": ("state last most others", ""),
    "counting": ("limit length drift epsilon cells margins nodes", ""),
    "node": ("state values offsets on", ""),
    "refutation": ("word head said right margin", "shortest none_shorter_than replay"),
    "search": ("depth states closed reason", "suspect"),
}
"""The keys of each object in a file: those that it has, and those that it may have."""

PART = {"holds": "proof", "refuted": "refutation", "unknown": "search"}
PARTS = {1: PART, 2: PART, 3: PART | {"holds": "counting"}}
"""The part of a file that says what was found out, by version; 3 is of machines with counters."""

SUMS = ("checksum", "seal")  # what version 0.1 and 0.2 called the checksum


class RejectedError(Exception):
    """The certificate does not prove what it says; the text says where."""


class DamagedError(RejectedError):
    """It is not of the form of a certificate, so it says nothing."""


def demand(condition: Any, reason: str, error: type[RejectedError] = RejectedError) -> None:
    """A rejection, unless the condition is true."""
    if not condition:
        raise error(reason)


def well_formed(read: Callable[..., Result]) -> Callable[..., Result]:
    """What a function that reads a file finds missing or of another type is damage."""

    @functools.wraps(read)
    def reading(*arguments: Any) -> Result:
        try:
            return read(*arguments)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise DamagedError(f"not of the form that it has to be: {error!r}") from None
        except RecursionError:
            raise DamagedError("it is nested too deeply") from None

    return reading


def parsed(content: str | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    """A JSON object: without duplicate keys, NaN and infinities."""
    if isinstance(content, Mapping):
        document: Any = content
    else:
        try:
            document = json.loads(content, object_pairs_hook=_unique, parse_constant=_refuse)
        except RecursionError:
            raise DamagedError("not JSON of a certificate: it is nested too deeply") from None
        except ValueError as error:
            raise DamagedError(f"not JSON: {error}") from None
    if not isinstance(document, Mapping):
        raise DamagedError(f"not a JSON object but {type(document).__name__}")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = Counter(name for name, _ in pairs)
    for name, count in names.items():
        demand(count == 1, f"key {name!r} stands twice", DamagedError)
    return dict(pairs)


def _refuse(constant: str) -> None:
    raise DamagedError(f"{constant} is not a number that a certificate may hold")


@well_formed
def certificate_in(content: str | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    """The object of a certificate's file, with the keys that its outcome has."""
    document = parsed(content)
    form, version, outcome = (document.get(key) for key in ("format", "version", "outcome"))
    known = form == "reberlstm certificate" and version in PARTS
    wanted = "expected 'reberlstm certificate', version 1, 2 or 3"
    demand(known, f"format {form!r}, version {version!r}; {wanted}", DamagedError)
    demand(outcome in PART, f"outcome {outcome!r} is none of {', '.join(PART)}", DamagedError)
    keys_in("certificate", document)
    parts = PARTS[int(str(version))]
    for part in ("proof", "counting", "refutation", "search", "readouts"):
        expected = part == parts[str(outcome)] or (part == "readouts" and version != 1)
        fault = "missing" if expected else "not expected"
        demand((part in document) == expected, f"{part!r} is {fault}", DamagedError)
    keys_in("inputs", document["inputs"])
    keys_in(parts[str(outcome)], document[parts[str(outcome)]])
    demand(sum(name in document for name in SUMS) == 1, "it has not one checksum", DamagedError)
    return document


def keys_in(what: str, given: Mapping[str, Any]) -> None:
    """Demand the keys that such an object has, and no others."""
    needed, possible = (set(names.split()) for names in KEYS[what])
    for key in sorted((needed - set(given)) | (set(given) - needed - possible)):
        fault = "missing" if key in needed else "not expected"
        where = "" if what == "certificate" else f" in {what}"
        raise DamagedError(f"{key!r} is {fault}{where}")


def checksum_fits(document: Mapping[str, Any]) -> bool:
    """Whether the file is as it was written, unless somebody made the checksum fit."""
    content = {key: value for key, value in document.items() if key not in SUMS}
    (written,) = (document[name] for name in SUMS if name in document)
    return bool(hashlib.sha256(compact(content)).hexdigest() == written)


def compact(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def number_in(value: Any, what: str) -> float:
    """A finite number, or a rejection that names it."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    finite = is_number and math.isfinite(value)
    demand(finite, f"{what} is {value!r}, not a finite number", DamagedError)
    return float(value)


def whole(value: Any, least: int, most: float, what: str) -> int:
    """A whole number within limits, or a rejection that says what is wrong."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    demand(is_whole and least <= value <= most, what, DamagedError)
    number: int = value
    return number


def index_in(value: Any) -> int:
    """The number of an interval."""
    return whole(value, 0, math.inf, f"{value!r} is not the number of an interval")
