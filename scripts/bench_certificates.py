"""Every figure about certificates: times, margins, gains, noise, arithmetics, the oscillator.

    python scripts/bench_certificates.py                       all tables
    python scripts/bench_certificates.py grammars arithmetics  some of them
    python scripts/bench_certificates.py --write               also into docs/certificates.md

Seconds are CPU seconds of one process; every certificate is also verified by the checker.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from in_docs import put

import reberlstm as rl
from reberlstm.certificates import (
    Certificate,
    Inputs,
    Proof,
    certify,
    check,
    largest,
    largest_noise,
    minimal_gain,
)
from reberlstm.certificates.arithmetic import ARITHMETICS
from reberlstm.lab.oscillator import oscillator
from reberlstm.net.net import LSTMWeights

SOME = ("parity", "tomita-3", "reber", "embedded-reber", "dyck-2-3", "modular-arithmetic")
WIRINGS = {
    "candidate, positive": (0.0, 0.0, 1.0, 0.0),
    "candidate, negative": (0.0, 0.0, -1.0, 0.0),
    "forget gate": (0.0, 1.0, 0.0, 0.0),
    "all gates, positive": (1.0, 1.0, 1.0, 1.0),
    "all gates, negative": (-1.0, -1.0, -1.0, -1.0),
}

Row = Sequence[object]


def seconds(work: Callable[[], Certificate]) -> tuple[Certificate, float]:
    """What the work returns, and the CPU seconds it took."""
    begin = time.process_time()
    result = work()
    return result, time.process_time() - begin


def proved(cert: Certificate) -> Proof:
    """What these tables are about: a proof, else the benchmark ends here."""
    assert isinstance(cert, Proof), str(cert)
    return cert


def checked(cert: Certificate, net: LSTMWeights, exact: bool = False) -> tuple[float, int]:
    """The seconds of the checker and the bytes of the file; stops where it disagrees."""
    text = json.dumps(cert.to_dict())
    begin = time.process_time()
    verdict = check(text, net, exact=exact, seconds=1e6)
    if not verdict.valid:
        sys.exit(f"the checker rejects a certificate: {verdict.reason}")
    return time.process_time() - begin, len(text)


def grammars() -> Iterator[Row]:
    """Every shipped grammar, compiled at the default gain, in scope `all`."""
    yield "grammar", "cells", "gain", "holds", "margin", "certify s", "check s", "exact s", "bytes"
    for name in rl.grammar_names():
        net = rl.compile(rl.load_grammar(name))
        cert, took = seconds(lambda net=net: certify(net))  # type: ignore[misc]
        verify, size = checked(cert, net)
        exactly, _ = checked(cert, net, exact=True)
        yield name, net.size, net.gain, cert.holds, cert.margin, took, verify, exactly, size


def limits() -> Iterator[Row]:
    """The smallest gain that is provable, and the largest disturbances at the default gain."""
    yield "grammar", "least gain", "its margin", "k", "most noise", "most input noise", "seconds"
    for name in SOME:
        fsm = rl.load_grammar(name)
        net = rl.compile(fsm)
        begin = time.process_time()
        least = proved(
            minimal_gain(lambda k, fsm=fsm: rl.compile(fsm, gain=k), upper=net.gain or 20.0)  # type: ignore[misc]
        )
        noise = proved(largest_noise(net))
        blur, blurred = largest(
            lambda x, net=net: certify(net, inputs=Inputs(noise=x), max_k=0, max_depth=0),  # type: ignore[misc]
            proved(certify(net)),
            1.0,
            1e-2,
        )
        took = time.process_time() - begin
        checked(least, rl.compile(fsm, gain=least.gain))
        checked(noise, net)
        checked(blurred, net)
        yield name, least.gain, least.margin, least.k, noise.noise, blur, took


def arithmetics() -> Iterator[Row]:
    """Margins at the default gain in each arithmetic; – where none was proved."""
    yield "grammar", *ARITHMETICS
    for name in SOME:
        net = rl.compile(rl.load_grammar(name))
        margins = []
        for arithmetic in ARITHMETICS:
            cert = certify(net, arithmetic=arithmetic, max_k=1, max_depth=0)
            if cert.holds:
                checked(cert, net)
            margins.append(cert.margin if cert.holds else "–")
        yield name, *margins


def alternating() -> Iterator[Row]:
    """The one-cell oscillator, for all noise in [0, 1]: the largest input weight, at gain 20."""
    yield "input weights on", "largest weight", "label margin", "5 % more"
    noise = Inputs(low=0.0, high=1.0)
    still = proved(certify(oscillator(), inputs=noise))
    checked(still, oscillator())
    yield "none", 0.0, still.margins["label"], "–"
    for name, signs in WIRINGS.items():

        def net(weight: float, signs: Sequence[float] = signs) -> LSTMWeights:
            i, f, g, o = (weight * sign for sign in signs)
            return oscillator(input_weights=(i, f, g, o))

        weight, cert = largest(
            lambda w, net=net: certify(net(w), inputs=noise, max_k=0, max_depth=0),  # type: ignore[misc]
            still,
            60.0,
            1e-3,
        )
        checked(cert, net(weight))
        beyond = certify(net(1.05 * weight), inputs=noise)
        steps = len(beyond.counterexample or ())
        yield name, weight, cert.margins["label"], f"wrong after {steps}" if steps else "unknown"


def random_machines() -> Iterator[Row]:
    """Random partial machines over 4 symbols, three transitions in four defined."""
    yield "states", "cells", "gain", "holds", "margin", "certify s", "check s", "bytes"
    for size in (10, 30, 100, 300):
        rng = random.Random(size)
        states = [str(number) for number in range(size)]
        fsm = rl.FSM(
            alphabet=tuple("abcd"),
            start="0",
            accepting=frozenset(q for q in states if rng.random() < 0.5),
            transitions={
                q: {a: rng.choice(states) for a in "abcd" if rng.random() < 0.75} for q in states
            },
            name=f"random-{size}",
        )
        net = rl.compile(fsm)
        cert, took = seconds(lambda net=net: certify(net))  # type: ignore[misc]
        verify, bytes_ = checked(cert, net)
        yield size, net.size, net.gain, cert.holds, cert.margin, took, verify, bytes_


TABLES = {
    "grammars": grammars,
    "limits": limits,
    "arithmetics": arithmetics,
    "alternating": alternating,
    "random": random_machines,
}


def main() -> None:
    """Print the tables that are asked for, as Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tables", nargs="*", choices=[[], *TABLES], default=[])
    parser.add_argument("--write", action="store_true", help="into docs/certificates.md")
    arguments = parser.parse_args()
    for name in arguments.tables or list(TABLES):
        print(f"\n{(TABLES[name].__doc__ or '').strip()}\n")
        rows = [[shown(x) for x in row] for row in TABLES[name]()]
        rows.insert(1, ["---", *["---:"] * (len(rows[0]) - 1)])
        put(
            name,
            [f"| {' | '.join(row)} |" for row in rows],
            arguments.write,
            page="certificates.md",
        )


def shown(value: object) -> str:
    """A table's entry; numbers to four digits, truth as a word."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
