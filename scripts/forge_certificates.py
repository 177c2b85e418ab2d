"""Try to have false certificates accepted: true ones are changed, and given a checksum that fits.

    python scripts/forge_certificates.py --count 5000 --seed 1

True certificates of many nets (LSTM, GRU, simple RNN, stacks; logit, softmax, argmax and tanh;
with composed steps, noise, input ranges, every arithmetic; compiled, trained and random nets) are
changed in one to three ways at a time: boxes shrunk, shifted and swapped, nodes dropped and
renamed, margins raised, k, stride, scope, heads, readouts, inputs, noise and arithmetic changed,
weights and machines changed with digests that fit. What the checker then accepts must be true all
the same. So it is checked once more in whole numbers, and the net is run on random words of the
scope: a wrong answer, or one that is nearer to wrong than the margin says, makes it a forgery
accepted though false.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import hashlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import reberlstm as rl
from reberlstm import certificates
from reberlstm.certificates import Inputs, Proof, check
from reberlstm.certificates.checker import question
from reberlstm.certificates.checker.document import SUMS, compact
from reberlstm.certificates.results import digest_of_grammar, digest_of_net
from reberlstm.certificates.search import Shape
from reberlstm.errors import CertificateError, ReberLSTMError
from reberlstm.machine.fsm import FSM
from reberlstm.net.cells import CELLS, Layer
from reberlstm.net.net import Net
from reberlstm.net.readouts import Head, Readout, Rule

Document = dict[str, Any]


@dataclass
class Case:
    """A certificate with what it is about, and what was asked."""

    name: str
    net: Net
    machine: FSM
    document: Document
    asked: dict[str, Any]


# True certificates


def recalling(kinds: tuple[str, ...], seed: int, rule: str) -> tuple[Net, FSM]:
    """A random net that soon forgets, its heads fitted to the last symbol, and its machine."""
    rng, size, symbols = np.random.default_rng(seed), 4, ("a", "b", "c")
    layers, inputs = [], 3
    for kind in kinds:
        rows = len(CELLS[kind].gates) * size
        arrays = [rng.normal(0, 1.5, (rows, inputs)), rng.normal(0, 0.08, (rows, size))]
        arrays += [rng.normal(0, 0.3, rows), rng.normal(0, 0.3, rows)]
        if kind == "lstm":
            arrays[2][size : 2 * size] -= 3.0  # forget
        if kind.startswith("gru"):
            arrays[2][size : 2 * size] -= 3.0  # take what is new
        layers.append(Layer(CELLS[kind], *arrays))
        inputs = size
    follows = {"a": "ab", "b": "bc", "c": "abc"}
    machine = FSM(
        alphabet=symbols,
        start="c",
        accepting=frozenset({"a", "c"}),
        transitions={q: {x: x for x in follows[q]} for q in symbols},
        outputs={"a": "x", "b": "y", "c": "z"},
        name="last",
    )
    blank = Head(np.zeros((3, size)), np.zeros(3))
    heads = {"legal": Readout("legal", Rule.parse(rule), (blank,))}
    net = Net.of(alphabet=symbols, layers=tuple(layers), heads=heads, labels=("x", "y", "z"))
    words = [tuple(rng.choice(symbols, 12)) for _ in range(300)]
    h = np.hstack([rl.run(net, words).hidden, np.ones((300, 1))])
    last = [word[-1] for word in words]

    def fitted(rows: list[Callable[[str], bool]]) -> Head:
        wanted = np.array([[4.0 if row(x) else -4.0 for row in rows] for x in last])
        found = np.linalg.lstsq(h, wanted, rcond=None)[0]
        return Head(found[:-1].T, found[-1])

    legal = fitted([lambda q, x=x: x in follows[q] for x in symbols])  # type: ignore[misc]
    accept = fitted([lambda q: q == "b", lambda q: q != "b"])
    label = fitted([lambda q, x=x: q == x for x in symbols])  # type: ignore[misc]
    heads = {
        "legal": Readout("legal", Rule.parse(rule), (legal,)),
        "accept": Readout("accept", Rule("argmax"), (accept,)),
        "label": Readout("label", Rule("argmax"), (label,)),
    }
    return net.replace(heads=heads, name=" ".join(kinds)), machine


STRIDES = (Shape(2, 2), Shape(2, 3), Shape(1, 2))


def questions() -> Iterator[tuple[str, Net, FSM, dict[str, Any]]]:
    """Nets, machines, and what to ask of them."""
    usual: list[dict[str, Any]] = [{}]
    varied: list[dict[str, Any]] = [
        *usual,
        {"noise": 0.01},
        {"inputs": Inputs(0.0, 0.95, 1.05)},
        *({"arithmetic": name} for name in ("float64", "float32", "float16", "bfloat16", "int8")),
    ]
    for name in ("parity", "tomita-3", "reber", "mod-3", "tomita-6", "contains-abba"):
        machine = rl.load_grammar(name)
        for options in varied if name in ("parity", "tomita-3") else usual:
            yield name, rl.compile(machine), machine, options
    yield "reber", rl.compile("reber"), rl.load_grammar("reber"), {"scope": "legal"}
    for name in ("reber-4",):
        yield name, rl.load(name), rl.load_grammar("reber"), {}
    kinds = [*((kind,) for kind in CELLS if kind != "toy"), ("gru", "lstm"), ("rnn", "gru-before")]
    for number, kind in enumerate(kinds):
        for seed, rule in enumerate(("logit > 0", "softmax > 0.1", "tanh > 0.25")):
            net, machine = recalling(kind, 10 * number + seed, rule)
            for options in ({"scope": "legal"}, {"scope": "legal", "heads": ["accept", "label"]}):
                yield f"{' '.join(kind)} {rule}", net, machine, options
            yield (
                f"{' '.join(kind)} {rule}",
                net,
                machine,
                {"scope": "legal", "arithmetic": "float32"},
            )


def true_certificates() -> list[Case]:
    """All of them that are found within some seconds each."""
    cases, shapes = [], certificates.SHAPES
    shapes_of: Any = certificates  # what it tries is for this script to choose
    for name, net, machine, options in questions():
        for tried in (shapes, STRIDES):
            if tried is STRIDES and options.get("inputs"):
                continue
            shapes_of.SHAPES = tried
            try:
                found = certificates.certify(net, machine, seconds=4.0, **options)
            except ReberLSTMError:
                continue
            finally:
                shapes_of.SHAPES = shapes
            if isinstance(found, Proof):
                keywords = dict(options)
                if "inputs" in keywords:
                    keywords["inputs"] = tuple(vars(keywords["inputs"]).values())
                asked = question(net, machine, **keywords)
                case = Case(name, net, machine, found.to_dict(), asked)
                assert check(case.document, net, machine, asked=asked).valid, (name, options)
                cases.append(case)
    return cases


# Forgeries


def interval(case: Case, rng: Any) -> list[Any]:
    """A random interval, and its place."""
    intervals = case.document["proof"]["intervals"]
    ends: list[Any] = intervals[rng.integers(len(intervals))]
    return ends


def box(case: Case, rng: Any) -> Document:
    """A random box."""
    boxes = case.document["proof"]["boxes"]
    chosen: Document = boxes[rng.integers(len(boxes))]
    return chosen


def shrink(case: Case, rng: Any) -> None:
    """An interval a little shorter at one end."""
    ends = interval(case, rng)
    at = 2 * int(rng.integers(len(ends) // 2))
    low, high = ends[at : at + 2]
    if low is not None and high is not None:
        part = 10.0 ** -rng.uniform(0, 12) * (high - low)
        ends[at : at + 2] = [low + part, high] if rng.random() < 0.5 else [low, high - part]


def shift(case: Case, rng: Any) -> None:
    """An interval elsewhere."""
    ends = interval(case, rng)
    by = rng.choice([-1.0, 1.0]) * 10.0 ** -rng.uniform(0, 12)
    ends[:] = [end if end is None else end + by for end in ends]


def widen(case: Case, rng: Any) -> None:
    """An interval that contains nearly everything."""
    ends = interval(case, rng)
    for at in range(0, len(ends), 2):
        if ends[at] is not None and ends[at + 1] is not None:
            ends[at], ends[at + 1] = ends[at] - 10.0, ends[at + 1] + 10.0


def unbound(case: Case, rng: Any) -> None:
    """An interval with an open end."""
    ends = interval(case, rng)
    ends[int(rng.integers(len(ends)))] = None


def swap(case: Case, rng: Any) -> None:
    """Two boxes change their nodes."""
    a, b = box(case, rng), box(case, rng)
    for key in ("state", "last") if rng.random() < 0.5 else ("most", "others"):
        a[key], b[key] = b[key], a[key]


def redirect(case: Case, rng: Any) -> None:
    """A cell of a box in another interval."""
    chosen, name = box(case, rng), str(rng.choice(case.document["net"]["cells"]))
    chosen["others"][name] = int(rng.integers(len(case.document["proof"]["intervals"])))


def split(case: Case, rng: Any) -> None:
    """A box as two, perhaps with a gap between them."""
    chosen, name = box(case, rng), str(rng.choice(case.document["net"]["cells"]))
    intervals = case.document["proof"]["intervals"]
    ends = intervals[chosen["others"].get(name, chosen["most"])]
    at = 2 * int(rng.integers(len(ends) // 2))
    low, high = ends[at : at + 2]
    if low is None or high is None:
        return
    middle, gap = low + rng.random() * (high - low), 0.0
    if rng.random() < 0.7:
        gap = 10.0 ** -rng.uniform(0, 9) * (high - low)
    for begin, end in ((low, middle), (min(middle + gap, high), high)):
        half = copy.deepcopy(chosen)
        half["others"][name] = len(intervals)
        intervals.append([*ends[:at], begin, end, *ends[at + 2 :]])
        case.document["proof"]["boxes"].append(half)
    case.document["proof"]["boxes"].remove(chosen)
    case.document["proof"]["pieces"] = True


def drop(case: Case, rng: Any) -> None:
    """A node less."""
    boxes = case.document["proof"]["boxes"]
    if len(boxes) > 1:
        boxes.pop(int(rng.integers(len(boxes))))


def rename(case: Case, rng: Any) -> None:
    """A box for another state."""
    box(case, rng)["state"] = rng.choice([*case.machine.states, None])


def forget(case: Case, rng: Any) -> None:
    """A node of other last symbols."""
    chosen = box(case, rng)
    chosen["last"] = chosen["last"][1:] if rng.random() < 0.5 else [*chosen["last"], "a"]


def raise_margin(case: Case, rng: Any) -> None:
    """A larger margin."""
    margins = case.document["proof"]["margins"]
    head = str(rng.choice(list(margins)))
    margins[head] += 10.0 ** -rng.uniform(0, 13)


def numbers(case: Case, rng: Any) -> None:
    """Another k or stride."""
    proof = case.document["proof"]
    proof[str(rng.choice(["k", "stride"]))] = int(rng.integers(0, 4))


def share(case: Case, rng: Any) -> None:
    """Symbols that are said to share a box."""
    symbols = list(rng.permutation(case.machine.alphabet)[:2])
    shared = case.document["proof"].setdefault("alike", [])
    shared.append({"state": str(rng.choice(case.machine.states)), "symbols": symbols})


def other_question(case: Case, rng: Any) -> None:
    """Another scope, noise, arithmetic or range of inputs."""
    document = case.document
    changes: list[Document] = [
        {"scope": "legal" if document["scope"] == "all" else "all"},
        {"noise": float(rng.choice([0.0, 1e-6, 0.01, 0.3]))},
        {
            "arithmetic": str(
                rng.choice(["real", "float64", "float32", "float16", "bfloat16", "int8"])
            )
        },
        {"inputs": {"noise": 0.0, "low": 1024.0, "high": 1024.0}},
        {"inputs": {"noise": 0.0, "low": 0.5, "high": 1.0}},
        {"inputs": {"noise": 0.1, "low": 1.0, "high": 1.0}},
    ]
    document.update(changes[rng.integers(len(changes))])


def other_heads(case: Case, rng: Any) -> None:
    """Other heads."""
    document = case.document
    has = [head for head in ("legal", "accept", "label") if case.net.readout(head) is not None]
    chosen = [head for head in has if rng.random() < 0.5] or has
    document["heads"] = chosen
    document["readouts"] = {x: str(case.net.readout(x).rule) for x in chosen}  # type: ignore[union-attr]
    margins = document["proof"]["margins"]
    document["proof"]["margins"] = {x: margins.get(x, 1e-6) for x in chosen}


def other_rule(case: Case, rng: Any) -> None:
    """Another reading, sometimes of the net too."""
    head = str(rng.choice(case.document["heads"]))
    rule = rng.choice(["logit > 0", "softmax > 0.1", "argmax", "tanh > 0.5", "logit > -100"])
    case.document["readouts"][head] = str(rule)
    if rng.random() < 0.5:  # the net is read so, too
        case.net = case.net.with_rule(head, str(rule))


def other_weights(case: Case, rng: Any) -> None:
    """A weight changed afterwards."""
    net = case.net
    number = int(rng.integers(len(net.layers)))
    layer = net.layers[number]
    name = str(rng.choice(["weight_ih", "weight_hh", "bias_ih", "bias_hh"]))
    array = getattr(layer, name).copy()
    place = tuple(rng.integers(size) for size in array.shape)
    array[place] = rng.choice(
        [-array[place], 0.0, array[place] * 1.001, array[place] + rng.normal(), 1e300]
    )
    arrays = {x: getattr(layer, x) for x in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    changed = Layer(layer.cell, **arrays | {name: array})
    layers = [changed if i == number else x for i, x in enumerate(net.layers)]
    case.net = net.replace(layers=tuple(layers))


def other_head_weights(case: Case, rng: Any) -> None:
    """A bias of a head changed afterwards."""
    kind = str(rng.choice(list(case.net.heads)))
    head = case.net.heads[kind]
    (linear,) = head.layers
    bias = linear.bias.copy()
    place = rng.integers(len(bias))
    bias[place] += rng.normal() * 10.0 ** rng.uniform(-3, 1)
    changed = dataclasses.replace(head, layers=(Head(linear.weight, bias),))
    heads = {**case.net.heads, kind: changed}
    case.net = case.net.replace(heads=heads)


def other_machine(case: Case, rng: Any) -> None:
    """A machine changed afterwards."""
    machine = case.machine
    lines = {state: dict(line) for state, line in machine.transitions.items()}
    accepting, outputs = set(machine.accepting), dict(machine.outputs)
    state = str(rng.choice(machine.states))
    match int(rng.integers(4)):
        case 0:
            accepting ^= {state}
        case 1:
            symbol = str(rng.choice(machine.alphabet))
            lines[state][symbol] = str(rng.choice(machine.states))
        case 2:
            if lines[state]:
                lines[state].pop(str(rng.choice(list(lines[state]))))
        case 3:
            if outputs:
                outputs[state] = str(rng.choice(list(outputs.values())))
    case.machine = FSM(
        alphabet=machine.alphabet,
        start=machine.start if rng.random() < 0.8 else state,
        accepting=frozenset(accepting),
        transitions=lines,
        outputs=outputs,
        name=machine.name,
    )


def refute(case: Case, rng: Any) -> None:
    """A refutation out of thin air."""
    document = case.document
    document.pop("proof", None)
    word = [str(x) for x in rng.choice(case.machine.alphabet, rng.integers(0, 6))]
    head = str(rng.choice(document["heads"]))
    said = [x for x in case.machine.alphabet if rng.random() < 0.5]
    document["outcome"] = "refuted"
    right = [x for x in case.machine.alphabet if x in case.machine.transitions[case.machine.start]]
    margin = float(-rng.random())
    document["refutation"] = {
        "word": word,
        "head": head,
        "said": said,
        "right": right,
        "margin": margin,
    }


CHANGES: tuple[Callable[[Case, Any], None], ...] = (
    *(
        shrink,
        shift,
        widen,
        unbound,
        swap,
        redirect,
        split,
        drop,
        rename,
        forget,
        raise_margin,
        numbers,
    ),
    *(share, other_question, other_heads, other_rule, other_weights, other_head_weights),
    *(other_machine, refute),
)


def forged(case: Case, changes: list[Callable[[Case, Any], None]], rng: Any) -> Case:
    """A case changed in these ways, with digests and a checksum that fit."""
    case = Case(case.name, case.net, case.machine, copy.deepcopy(case.document), case.asked)
    for change in changes:
        if "proof" in case.document or change in (other_weights, other_machine):
            change(case, rng)
    document = case.document
    document["net"]["sha256"] = digest_of_net(case.net)
    document["grammar"]["sha256"] = digest_of_grammar(case.machine)
    for name in SUMS:
        document.pop(name, None)
    document["checksum"] = hashlib.sha256(compact(document)).hexdigest()
    return case


# What is true all the same


def falsehood(case: Case, answered: dict[str, Any], rng: Any) -> str:
    """Why what a certificate says is false, as far as can be found out, or nothing."""
    try:
        if not (verdict := check(case.document, case.net, case.machine, exact=True)).valid:
            return f"in whole numbers: {verdict.reason}"
    except CertificateError:
        pass  # composed steps; the words are left
    net, machine, scope = case.net, case.machine, answered["scope"]
    if answered["arithmetic"] not in ("real", "float64") or case.document["outcome"] != "holds":
        return ""
    words: list[tuple[str, ...]] = [()] if scope == "all" else []
    for _ in range(40):
        word: list[str] = []
        state: str | None = machine.start
        for _ in range(25):
            line = machine.transitions[state] if state is not None else {}
            going_on = [x for x, q in line.items() if machine.transitions[q]]
            symbols = machine.alphabet if scope == "all" else going_on
            if not symbols:
                break
            symbol = str(rng.choice(symbols))
            word.append(symbol)
            state = line.get(symbol)
            if state is None and net.on_violation == "resync":
                state = machine.transitions[machine.start].get(symbol)
            if state is None and scope == "legal":
                break
            words.append(tuple(word))
    if not words:
        return ""
    runs = rl.run(net, words)
    for number, read in enumerate(words):
        for head in answered["heads"]:
            margin = margin_after(net, machine, head, read, runs, number)
            claimed = case.document["proof"]["margins"].get(head, np.inf)
            if margin is not None and margin < min(claimed, 1e300) - 1e-9 * (1.0 + abs(margin)):
                return f"after {''.join(read)!r} the margin of {head} is {margin}, not {claimed}"
    return ""


def margin_after(
    net: Net, machine: FSM, head: str, word: tuple[str, ...], runs: Any, number: int
) -> float | None:
    """How far a head is from wrong after a word, or None where it is not asked."""
    state: str | None = machine.start
    resync = net.on_violation == "resync"
    for symbol in word:
        following = machine.transitions[state].get(symbol) if state is not None else None
        if following is None and resync:
            following = machine.transitions[machine.start].get(symbol)
        state = following
    known = machine.start if state is None and resync else state
    readout = net.readout(head)
    assert readout is not None
    z = runs.heads[head if head in runs.heads else "next"][number]
    if head == "legal":
        yes = np.array(
            [known is not None and x in machine.transitions[known] for x in net.alphabet]
        )
    elif head == "accept":
        ends = state in machine.accepting
        yes = np.array([not ends, ends] if readout.rule.function == "argmax" else [ends])
    elif state is None:
        return None
    else:
        yes = np.array([machine.outputs[state] == name for name in net.labels])
    if readout.rule.function == "argmax":
        return float(z[yes].min() - z[~yes].max(initial=-np.inf)) if yes.any() else -np.inf
    if readout.rule.function == "softmax":
        z = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    elif readout.rule.function == "tanh":
        z = np.tanh(z)
    over = readout.rule.threshold
    return float(np.where(yes, z - over, over - z).min())


def forge(
    cases: list[Case], count: int, seed: int, show: Any = None, *, one: bool = False
) -> tuple[Counter[str], list[str]]:
    """Try so many forgeries, or until one is accepted though it is false.

    Returns:
        How they ended, and what was accepted though it is false.
    """
    rng = np.random.default_rng(seed)
    ends: Counter[str] = Counter()
    false = []
    for number in range(count):
        case = cases[int(rng.integers(len(cases)))]
        chosen = [CHANGES[int(i)] for i in rng.integers(len(CHANGES), size=rng.integers(1, 4))]
        try:
            forgery = forged(case, chosen, rng)
        except ReberLSTMError:
            ends["no net or machine"] += 1
            continue
        if forgery.document == case.document:
            ends["nothing was changed"] += 1
            continue
        try:
            verdict = check(forgery.document, forgery.net, forgery.machine, asked=case.asked)
        except CertificateError:
            ends["not checked (too much work, another alphabet)"] += 1
            continue
        if not verdict.valid:
            ends["damaged" if verdict.damaged else "rejected"] += 1
            continue
        why = falsehood(forgery, dict(verdict.question), rng)
        ends["accepted though false" if why else "accepted, and true all the same"] += 1
        if why:
            what = " ".join(change.__name__ for change in chosen)
            false.append(f"{case.name}: {what}: {why} (number {number})")
            if one:
                break
        if show is not None and number % 500 == 499:
            show(f"{number + 1} forgeries: {dict(ends)}")
    return ends, false


def main() -> int:
    """Print a line for each way that forgeries ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    cases = true_certificates()
    strides = sum(case.document["proof"]["stride"] > 1 for case in cases)
    kinds = Counter(" ".join(layer.cell.name for layer in case.net.layers) for case in cases)
    print(f"{len(cases)} true certificates, {strides} with composed steps; by cells {dict(kinds)}")
    ends, false = forge(
        cases, options.count, options.seed, lambda line: print(line, file=sys.stderr)
    )
    for name, number in ends.most_common():
        print(f"{number:7,}  {name}")
    for line in false:
        print(line)
    print(
        f"{len(false)} of {options.count:,} accepted though false, seed {options.seed}, "
        f"{time.monotonic() - began:.0f} s"
    )
    return 1 if false else 0


if __name__ == "__main__":
    sys.exit(main())
