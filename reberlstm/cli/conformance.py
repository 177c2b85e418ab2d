"""``reberlstm conformance``: what a runtime of recurrent nets does wrong, by its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reberlstm.cli.functions import METAVAR, named_function
from reberlstm.cli.options import (
    echo,
    echo_json,
    json_line,
    json_option,
    progress,
    terminal_width,
)
from reberlstm.errors import ConformanceError
from reberlstm.files import claim, write_atomically

if TYPE_CHECKING:
    from reberlstm.conformance import Progress, Report

SUFFIXES = (".json", ".xml", ".svg")
"""What a report is written as: JSON, JUnit, a badge."""


@dataclass(frozen=True)
class Options:
    """What the command was asked."""

    runtime: str | None
    folder: str | None
    module: str | None
    onnx: str | None
    time_first: bool
    kinds: str | None
    dtype: str | None
    steps: int | None
    tolerance: float | None
    out: tuple[str, ...]
    as_json: bool


def _outs(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> Any:
    for out in given:
        if Path(out).suffix.lower() not in SUFFIXES:
            raise ConformanceError(f"{out}: a report is written as one of {' '.join(SUFFIXES)}")
        claim(Path(out))
    return given


@click.command("conformance")
@click.argument("runtime", required=False, metavar="[torch|onnxruntime|keras|write|score]")
@click.argument("folder", required=False, metavar="[DIR]")
@click.option(
    "--module",
    metavar=METAVAR,
    help="A runtime of yours, called as function(kind, weights, x). The file is executed.",
)
@click.option(
    "--onnx",
    metavar="FOLDER",
    help="The nets of `write` as ONNX models of your converter: lstm-walk.onnx and so on.",
)
@click.option("--time-first", is_flag=True, help="For --onnx: x and the output are (T, B, ...).")
@click.option(
    "--kinds",
    metavar="KIND,...",
    help="The kinds of cell: lstm, gru, gru-before, rnn.  [default: all]",
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float64"]),
    help="The type of weights and inputs.  [default: float32]",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1, max=10_000_000),
    metavar="N",
    help="The length of the longest string.  [default: 100,000; for keras 5,000]",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0.0, min_open=True, max=1.0),
    metavar="X",
    help="How far a hidden state may be from the reference.  [default: 2e-5; 1e-9 for float64]",
)
@click.option(
    "-o",
    "--out",
    multiple=True,
    metavar="FILE",
    callback=_outs,
    help="Write the report as .json, as JUnit .xml, or a badge as .svg; may be repeated.",
)
@json_option
def command(**given: Any) -> int:
    """Run small nets with known answers on a runtime, and name its faults.

    The nets are compiled, so the right hidden states are known after strings of any length. Where
    outputs are wrong they are compared with those of a reference that has one of over 280 known
    faults: gates in another order, a bias left out, a lost state, rounding, and so on.

    `write DIR` writes nets, inputs and expected outputs as files, for runtimes without Python.
    `score DIR` reads what a runtime wrote into DIR/outputs, and reports in the same way.

    Exit status: 0 without a fault, 1 with one, 2 where the runtime cannot be run.

    \b
    reberlstm conformance torch
    reberlstm conformance onnxruntime -o report.xml -o badge.svg
    reberlstm conformance --module mine.py:run --kinds lstm
    reberlstm conformance write suite
    reberlstm conformance score suite
    """
    asked = Options(**given)
    _check(asked)
    if asked.runtime == "write":
        return _write(asked)
    report = _report(asked)
    for out in asked.out:
        write_atomically(Path(out), _content(report, Path(out).suffix.lower()))
    if asked.as_json:
        echo_json(report)
    else:
        from reberlstm.display import rendered

        for line in rendered(report, "text", terminal_width()):
            echo(line)
        for out in asked.out:
            echo(f"{out}: written", err=True)
    return 0 if report.holds else 1


def _check(asked: Options) -> None:
    given = [x for x in (asked.runtime, asked.module, asked.onnx) if x is not None]
    if len(given) != 1:
        raise click.UsageError("say one runtime: its name, --module, --onnx, write or score")
    in_folder = asked.runtime in ("write", "score")
    if in_folder and asked.folder is None:
        raise click.UsageError(f"{asked.runtime}: say the folder")
    if not in_folder and asked.folder is not None:
        raise click.UsageError(f"{asked.folder}: only write and score take a folder")
    if asked.time_first and asked.onnx is None:
        raise click.UsageError("--time-first is for --onnx; leave it out")
    if asked.runtime == "score" and (asked.kinds or asked.dtype or asked.steps):
        raise click.UsageError("score: --kinds, --dtype and --steps are those of the suite in DIR")
    if asked.runtime == "write" and (asked.out or asked.tolerance or asked.as_json):
        raise click.UsageError("write: -o, --tolerance and --json are for score")


def _kinds(asked: Options) -> tuple[str, ...]:
    from reberlstm.conformance.suite import KINDS

    kinds = tuple(asked.kinds.split(",")) if asked.kinds else KINDS
    for kind in kinds:
        if kind not in KINDS:
            raise ConformanceError(f"no kind of cell {kind!r}; there are {', '.join(KINDS)}")
    return kinds


def _write(asked: Options) -> int:
    from reberlstm.conformance import folder
    from reberlstm.conformance.suite import STEPS

    assert asked.folder is not None, "checked"
    files, size = folder.write(
        asked.folder,
        kinds=_kinds(asked),
        steps=asked.steps or STEPS,
        dtype=asked.dtype or "float32",
    )
    echo(f"{asked.folder}: {files} files, {size / 1e6:.1f} MB; begin with suite.json")
    echo(f"write hidden states into {asked.folder}/outputs, then: ", nl=False)
    echo(f"reberlstm conformance score {asked.folder}")
    return 0


def _report(asked: Options) -> Report:
    from reberlstm.conformance import check_runtime, folder, runtimes

    if asked.runtime == "score":
        assert asked.folder is not None, "checked"
        return folder.score(asked.folder, tolerance=asked.tolerance)
    subject: Any = asked.runtime
    if asked.module is not None:
        function = named_function("--module", asked.module)
        subject = runtimes.OfFunction(function, Path(asked.module).name)
    elif asked.onnx is not None:
        subject = runtimes.OnnxFolder(asked.onnx, time_first=asked.time_first)
    with _progress() as told:
        return check_runtime(
            subject,
            kinds=_kinds(asked),
            dtype=asked.dtype or "float32",
            steps=asked.steps,
            tolerance=asked.tolerance,
            progress=told,
        )


@contextmanager
def _progress() -> Iterator[Progress]:
    with progress() as show:
        yield lambda done, of, name: show(done, f"of {of}, {name}")


def _content(report: Report, suffix: str) -> bytes:
    if suffix == ".json":
        return (json_line(report) + "\n").encode()
    if suffix == ".xml":
        from reberlstm.conformance.junit import to_junit

        return to_junit(report)
    from reberlstm.display import rendered

    badge: str = rendered(report, "svg")
    return badge.encode()
