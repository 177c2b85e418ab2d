"""Score any extractor against nets whose machine is known: compiled, disturbed and trained ones.

An extractor is a callable ``extractor(net, seconds)``. It returns an `FSM`, or an object with one
as ``fsm``; ``net`` has the protocol `reberlstm.extraction.RecurrentNet`. Yours is named by module
and function::

    python scripts/score_extractors.py --extractor my_package.mine:extract_machine

For every net: whether the machine is the true one (for trained nets: the one they were trained
on, which they may not have learned), the number of states, a shortest word on which it differs
from the true machine, and its agreement with the *net* on all short words that the net offers.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

from agreement import agreement, reader, short_words
from extraction_nets import PERTURBATIONS, Begun, Seen, perturbed, trained
from in_docs import put

import reberlstm as rl
from reberlstm.extraction import extract
from reberlstm.extraction.nets import Kind
from reberlstm.machine.fsm import FSM
from reberlstm.render.extraction import word_text

Extractor = Callable[[Any, float], Any]

DEFAULT = ["reber", "tomita-3", "contains-abba"]


def ours(net: Any, seconds: float) -> FSM:
    """The extractor of this package."""
    return extract(net, seconds=seconds).fsm


def nets(grammars: list[str], seed: int, train: bool) -> Iterator[tuple[FSM, str, Any]]:
    """The machines, what was made of them, and the nets.

    A net of a complete machine, to which every symbol is legal, is asked what it accepts.
    """
    for name in grammars:
        fsm = rl.load_grammar(name)
        net = rl.compile(fsm)
        kinds: tuple[Kind, ...] = ("accept",) if fsm.is_complete else ("legal", "accept")
        for kind in kinds:
            yield fsm, f"compiled, {kind}", Seen(net, kind)
        for how in PERTURBATIONS:
            yield fsm, f"{how}, {kinds[0]}", perturbed(net, how, kinds[0], seed)
        if train:
            for cell in ("LSTM", "GRU", "RNN"):
                yield _trained(fsm, cell, seed)


def _trained(fsm: FSM, cell: str, seed: int) -> tuple[FSM, str, Any]:
    """A trained net: acceptance of a complete machine, else legal sets after the first symbol."""
    kind: Kind = "accept" if fsm.is_complete else "legal"
    net: Any = trained(fsm, cell, kind, cells=8, steps=400, seed=seed)
    if kind == "legal":
        first = min(fsm.legal(fsm.start))
        net, fsm = Begun(net, first), replace(fsm, start=fsm.transitions[fsm.start][first])
    return fsm, f"trained {cell}, {kind}", net


def score(extractor: Extractor, fsm: FSM, net: Any, seconds: float) -> list[str]:
    """The cells of one row."""
    start = time.process_time()
    try:
        found = extractor(net, seconds)
    except Exception as error:  # an extractor of others may raise anything
        return [type(error).__name__, "", "", "", f"{time.process_time() - start:.1f}"]
    spent = time.process_time() - start
    machine: FSM = found if isinstance(found, FSM) else found.fsm
    kind = net.kind

    different = machine.difference(fsm, by=kind)

    agrees = agreement(reader(machine, net), list(short_words(net, 8, 5_000)))
    true = (
        "yes"
        if different is None
        else f"no: `{word_text(fsm, different).replace('; --json has all', '')}`"
    )
    after_violations = kind == "accept" and not fsm.is_complete
    sizes = f"{len(machine.states)} of {len(fsm.minimise().reachable) + after_violations}"
    return [true, sizes, f"{agrees:.2%}", "" if agrees == 1 else "refuted", f"{spent:.1f}"]


def main() -> None:
    """Print or write the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extractor", default="", metavar="MODULE:FUNCTION")
    parser.add_argument("--grammars", nargs="+", default=DEFAULT)
    parser.add_argument("--seconds", type=float, default=60.0, help="the budget for each net")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-training", action="store_true", help="leave out trained nets")
    parser.add_argument("--write", action="store_true", help="put the table into the docs")
    arguments = parser.parse_args()
    extractor: Extractor = ours
    if arguments.extractor:
        module, _, function = arguments.extractor.partition(":")
        try:
            extractor = getattr(import_module(module), function)
        except (ImportError, AttributeError, ValueError) as error:
            parser.error(f"--extractor {arguments.extractor}: {error}; give MODULE:FUNCTION")
    lines = [
        "| grammar | net | the true machine | states | agreement ≤ 8 | by the net | CPU s |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = nets(arguments.grammars, arguments.seed, not arguments.no_training)
    for fsm, how, net in rows:
        cells = score(extractor, fsm, net, arguments.seconds)
        lines.append(f"| {fsm} | {how} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    put("scores", lines, arguments.write)


if __name__ == "__main__":
    main()
