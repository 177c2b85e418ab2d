"""``reberlstm zoo``: nets with a known mechanism, and scores of methods that look for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import click

from reberlstm.cli.functions import METAVAR, named_function
from reberlstm.cli.options import (
    AT_LEAST_1,
    echo,
    echo_json,
    json_option,
    option,
    progress,
    seed_option,
)
from reberlstm.errors import ZooError, one_line

if TYPE_CHECKING:
    from reberlstm.zoo.entries import Entry


@click.group("zoo")
def command() -> None:
    """Make nets whose mechanism is known, and score methods that look for it.

    Each has its machine, a proof that it follows it, and a causal map: which direction of its state
    is which node, or remembered bit, of the machine.

    \b
    reberlstm zoo make -o zoo --count 24
    reberlstm zoo list zoo
    reberlstm zoo score zoo
    reberlstm zoo score zoo --extract mine.py:machine
    """


@command.command("make")
@click.option("-o", "--out", required=True, metavar="DIR", help="The folder to write into.")
@click.option("--count", type=AT_LEAST_1, help="Make only so many; the first 8 have every dial.")
@seed_option
@json_option
def make_command(out: str, count: int | None, seed: int, as_json: bool) -> None:
    """Make the nets, or those that DIR does not have yet.

    The same seed makes the same files, byte for byte, on one machine and version of PyTorch. Each
    net is proved, the proof is checked, and its causal map is tested by interventions.

    \b
    reberlstm zoo make -o zoo --count 24
    """
    from reberlstm.zoo import make, plans

    wanted = len(plans(count))
    with progress(wanted) as show:
        lines = make(out, seed=seed, count=count, report=show)
    if as_json:
        echo_json({"seed": seed, "entries": lines})
        return
    failed = f"; {wanted - len(lines):,} more failed, and are none" if len(lines) < wanted else ""
    echo(f"{out}: {len(lines):,} nets, seed {seed}{failed}")


@command.command("list")
@click.argument("folder", metavar="DIR")
@json_option
def list_command(folder: str, as_json: bool) -> None:
    """List the nets in DIR: sizes, variables of the causal map, and margin of the proof."""
    from reberlstm.zoo import read_index

    seed, lines = read_index(folder)
    if as_json:
        echo_json({"seed": seed, "entries": lines})
        return
    rows = [("net", "cells", "states", "nodes", "bits", "margin")]
    for line in lines:
        kinds = line["variables"]
        counts = line["cells"], line["states"], kinds["node"], kinds["bit"]
        rows.append((line["name"], *map(str, counts), f"{line['margin']:.2g}"))
    _echo_table(rows)


@command.command("score")
@click.argument("folder", metavar="DIR")
@click.option(
    "--extract",
    "extractor",
    metavar=METAVAR,
    help="Called with a net and seconds; returns the machine that it finds.",
)
@click.option(
    "--probe",
    metavar=METAVAR,
    help="Called with a net and samples; returns a direction for each node and bit.",
)
@click.option(
    "--attribute",
    metavar=METAVAR,
    help="Called with a net and a word; returns a number for each symbol.",
)
@click.option("--entry", "names", multiple=True, metavar="NAME", help="Only this net; repeat it.")
@option("--seconds", type=click.FloatRange(min=0), default=60.0, help="What an extractor may take.")
@seed_option
@json_option
def score_command(
    folder: str,
    extractor: str | None,
    probe: str | None,
    attribute: str | None,
    names: tuple[str, ...],
    seconds: float,
    seed: int,
    as_json: bool,
) -> int:
    """Score a method on the nets in DIR, or verify the zoo itself.

    With no method, every proof is checked again, and every causal map is tested again by
    interventions on words of --seed. Exit status 1: one of them failed.

    The functions are those of your own modules, which are imported and called. docs/zoo.md says
    what they get, and what the scores are.

    \b
    reberlstm zoo score zoo
    reberlstm zoo score zoo --probe mine.py:directions --attribute mine.py:saliency
    """
    from reberlstm.zoo import load_entry, read_index
    from reberlstm.zoo.scores import score_extraction

    given = {"extract": extractor, "probe": probe, "attribute": attribute}
    methods = {
        name: named_function(f"--{name}", text) for name, text in given.items() if text is not None
    }
    lines = {line["name"]: line for line in read_index(folder)[1]}
    for name in names:
        if name not in lines:
            raise ZooError(f"{folder}: no net {name!r}; `reberlstm zoo list` lists them")
    results: list[dict[str, Any]] = []
    with progress(len(names or lines)) as show:
        for name in names or lines:
            entry = load_entry(f"{folder}/{name}", lines[name]["dials"])
            result: dict[str, Any] = {"name": name}
            if not methods:
                result |= _verified(entry, seed)
            if "extract" in methods:
                score = score_extraction(entry, methods["extract"], seconds=seconds, seed=seed)
                result["extract"] = score.to_dict()
            if "probe" in methods:
                result["probe"] = _probed(entry, _called("probe", methods["probe"]), seed)
            if "attribute" in methods:
                method = _called("attribute", methods["attribute"])
                result["attribute"] = _attributed(entry, method, seed)
            results.append(result)
            show(len(results), name)
    failed = [one for one in results if not one.get("verified", True)]
    if as_json:
        echo_json({"seed": seed, "entries": results})
        return int(bool(failed))
    errors = [(one.get("extract") or {}).get("error", "") for one in results]
    _echo_table(list(_rows(results)), ["error" * any(errors), *errors])
    return int(bool(failed))


def _called(option: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """A user's method that tells what it raises as an error of its own."""

    def call(*given: Any) -> Any:
        try:
            return method(*given)
        except Exception as error:
            what = f"{type(error).__name__}: {one_line(str(error))}"
            raise ZooError(f"--{option}: the function raises {what}") from error

    return call


def _verified(entry: Entry, seed: int) -> dict[str, Any]:
    from reberlstm.certificates import check
    from reberlstm.zoo import check_map

    proof = check(entry.certificate.to_dict(), entry.net, entry.machine).valid is True
    each = check_map(entry.net, entry.machine, entry.map, seed=seed)
    right = min((one.right for one in each), default=1.0)
    return {"proof": proof, "map": right, "verified": proof and right == 1.0}


def _probed(entry: Entry, method: Callable[..., Any], seed: int) -> dict[str, Any]:
    from reberlstm.zoo.scores import samples, score_probes

    found = method(entry.net, samples(entry, seed=seed + 1))
    score: dict[str, Any] = score_probes(entry, found, seed=seed).to_dict()
    return score


def _attributed(entry: Entry, method: Callable[..., Any], seed: int) -> dict[str, Any] | None:
    from reberlstm.zoo.scores import score_attribution, words_with_causes

    words = words_with_causes(entry, seed=seed)
    if not words:
        return None
    found = score_attribution(entry, {word: method(entry.net, word) for word in words})
    score: dict[str, Any] = found.to_dict()
    return score


def _echo_table(rows: Sequence[Sequence[str]], remarks: Sequence[str] = ()) -> None:
    """Print a table whose names are whole on every terminal, as `--entry` takes no other."""
    from reberlstm.render import table_lines

    width = sum(max(map(len, column)) + 2 for column in zip(*rows, strict=True))
    lines = table_lines(rows, width, numbers=True)
    for text, remark in zip_longest(lines, map(one_line, remarks), fillvalue=""):
        echo(f"{text}  {remark}".rstrip())


COLUMNS = {
    "extract": ("equal", "agreement", "steps"),
    "probe": ("right",),
    "attribute": ("hit", "chance", "area"),
}


def _rows(results: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """The lines of the table, its head first."""
    shown = {key: columns for key, columns in COLUMNS.items() if results and key in results[0]}
    if not shown:
        yield "net", "proof", "map"
        for one in results:
            yield one["name"], "checked" if one["proof"] else "WRONG", f"{one['map']:.0%}"
        return
    yield ("net", *(name for columns in shown.values() for name in columns))
    for one in results:
        cells = [
            "–" if one[key] is None else _text(one[key][name])
            for key, columns in shown.items()
            for name in columns
        ]
        yield (one["name"], *cells)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:.2f}"
