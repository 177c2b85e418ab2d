"""``reberlstm conformance``: what a runtime of recurrent nets does wrong, by its name."""

from __future__ import annotations

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
    from reberlstm.conformance import Report
    from reberlstm.conformance.runtimes import Runtime

SUFFIXES = (".json", ".xml", ".svg")
"""What a report is written as: JSON, JUnit, a badge."""


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
    callback=lambda context, option, text: text and tuple(text.split(",")),
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
def command(
    runtime: str | None,
    folder: str | None,
    module: str | None,
    onnx: str | None,
    time_first: bool,
    out: tuple[str, ...],
    as_json: bool,
    **asked: Any,
) -> int:
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
    from reberlstm.conformance import check_runtime
    from reberlstm.conformance.folder import score, write

    if len([x for x in (runtime, module, onnx) if x is not None]) != 1:
        raise click.UsageError("say one runtime: its name, --module, --onnx, write or score")
    if runtime in ("write", "score") and folder is None:
        raise click.UsageError(f"{runtime}: say the folder")
    if runtime not in ("write", "score") and folder is not None:
        raise click.UsageError(f"{folder}: only write and score take a folder")
    if time_first and onnx is None:
        raise click.UsageError("--time-first is for --onnx; leave it out")
    asked = {name: value for name, value in asked.items() if value is not None}
    if runtime == "score":
        if {"kinds", "dtype", "steps"} & set(asked):
            raise click.UsageError(
                "score: --kinds, --dtype and --steps are those of the suite in DIR"
            )
        report = score(str(folder), **asked)
    elif runtime == "write":
        if out or as_json or "tolerance" in asked:
            raise click.UsageError("write: -o, --tolerance and --json are for score")
        files, size = write(str(folder), **asked)
        echo(f"{folder}: {files} files, {size / 1e6:.1f} MB; begin with suite.json")
        echo(f"write hidden states into {folder}/outputs, then: ", nl=False)
        echo(f"reberlstm conformance score {folder}")
        return 0
    else:
        subject = _subject(runtime, module, onnx, time_first)
        with progress() as show:
            told = lambda done, of, name: show(done, f"of {of}, {name}")  # noqa: E731
            report = check_runtime(subject, progress=told, **asked)
    for file in out:
        write_atomically(Path(file), _content(report, Path(file).suffix.lower()))
    if as_json:
        echo_json(report)
    else:
        from reberlstm.display import rendered

        for line in rendered(report, "text", terminal_width()):
            echo(line)
        for file in out:
            echo(f"{file}: written", err=True)
    return 0 if report.holds else 1


def _subject(
    runtime: str | None, module: str | None, onnx: str | None, time_first: bool
) -> str | Runtime:
    from reberlstm.conformance.runtimes import OfFunction, OnnxFolder

    if onnx is not None:
        return OnnxFolder(onnx, time_first=time_first)
    if module is not None:
        return OfFunction(named_function("--module", module), Path(module).name)
    return str(runtime)


def _content(report: Report, suffix: str) -> bytes:
    if suffix == ".json":
        return (json_line(report) + "\n").encode()
    if suffix == ".xml":
        from reberlstm.conformance.junit import to_junit

        return to_junit(report)
    from reberlstm.display import rendered

    badge: str = rendered(report, "svg")
    return badge.encode()
