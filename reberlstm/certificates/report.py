"""A certificate in words."""

from __future__ import annotations

from collections.abc import Iterator

from reberlstm.certificates.boxes import Inputs
from reberlstm.certificates.certificate import Certificate

SCOPES = {
    "legal": "legal: every prefix of legal words that can go on, of any length",
    "all": "all: every word of any length, also the empty one and those with violations",
}
MACHINES = {
    "real": "real numbers",
    "float64": "float64, rounded after every operation",
    "float32": "float32, rounded after every operation",
    "float16": "float16, rounded after every operation",
    "bfloat16": "bfloat16, rounded after every operation",
    "int8": "weights rounded to int8, executed in float32",
}
VERDICTS = {True: "holds", False: "refuted", None: "unknown"}


def lines(certificate: Certificate) -> Iterator[str]:
    """The certificate, a statement and the figures behind it, line by line."""
    yield f"{certificate.outcome}: {_statement(certificate)}"
    for name, text in _figures(certificate):
        yield figure(name, text)


def figure(name: str, text: str) -> str:
    """One line of figures."""
    return f"  {name:<12}{text}"


def _statement(certificate: Certificate) -> str:
    net, grammar = certificate.net or "the net", certificate.grammar
    if certificate.holds:
        return f"{net} follows {grammar}, proved for words of every length"
    if certificate.counterexample is not None:
        return f"{net} does not follow {grammar}"
    return f"whether {net} follows {grammar}"


def _figures(certificate: Certificate) -> Iterator[tuple[str, str]]:
    yield "scope", SCOPES[certificate.scope]
    if certificate.holds:
        yield "margin", ", ".join(f"{h} {m:.4g}" for h, m in certificate.margins.items())
        yield "invariant", _invariant(certificate)
    elif certificate.wrong is not None and certificate.counterexample is not None:
        yield from _refutation(certificate)
    else:
        yield from _exhausted(certificate)
    if certificate.gain is not None:
        yield "gain", f"{certificate.gain:.6g}"
    yield "arithmetic", MACHINES.get(certificate.arithmetic, certificate.arithmetic)
    if certificate.noise:
        yield "noise", f"h and c each off by up to {certificate.noise:.4g} after every step"
    if not certificate.inputs.exact:
        yield "inputs", _inputs(certificate.inputs)


def _invariant(certificate: Certificate) -> str:
    boxes, cells = len(certificate.boxes), len(certificate.cells)
    remembered = {0: "state alone", 1: "state and last symbol"}
    node = remembered.get(certificate.k or 0, f"state and last {certificate.k} symbols")
    node = "state and kind of last symbol" if certificate.alike else node
    every = f", every {certificate.stride} symbols" if certificate.stride > 1 else ""
    return (
        f"{boxes} box{'es' * (boxes != 1)} for {cells} cell{'s' * (cells != 1)}: "
        f"one for each {node} (k = {certificate.k}){every}"
    )


def _refutation(certificate: Certificate) -> Iterator[tuple[str, str]]:
    word, wrong = certificate.counterexample or (), certificate.wrong
    assert wrong is not None, "a refuted certificate says what is wrong"
    shown = certificate.text(word) if word else "the empty word"
    yield "shortest", f"{shown} ({len(word)} symbol{'s' * (len(word) != 1)})"
    if wrong.head == "legal":
        yield "offered", " ".join(wrong.said) or "nothing"
        yield "allowed", " ".join(wrong.right) or "nothing"
    else:
        yield wrong.head, f"says {wrong.said[0]}, but {wrong.right[0]} is right"
    yield "off by", f"{-wrong.margin:.4g}"


def _exhausted(certificate: Certificate) -> Iterator[tuple[str, str]]:
    still = "" if not certificate.noise and certificate.inputs.exact else " (without noise)"
    if certificate.closed:
        yield (
            "searched",
            (
                f"all words lead to {certificate.states:,} states as executed here{still}, "
                "and none of them is wrong; that is no proof"
            ),
        )
    elif certificate.depth is not None:
        yield (
            "searched",
            (
                f"no word of up to {certificate.depth} symbols is wrong{still}; "
                f"{certificate.states:,} states tried"
            ),
        )
    if certificate.reason:
        yield "no proof", certificate.reason


def _inputs(inputs: Inputs) -> str:
    value = f"{inputs.low:g}" if inputs.low == inputs.high else f"[{inputs.low:g}, {inputs.high:g}]"
    noise = f", every input off by up to {inputs.noise:.4g}" if inputs.noise else ""
    return f"the symbol's own input in {value}{noise}"
