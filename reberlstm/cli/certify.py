"""``reberlstm certify``: a proof for words of every length, or a word that refutes it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import click

from reberlstm.certificates import (
    Certificate,
    Inputs,
    certify,
    check,
    largest_noise,
    minimal_gain,
)
from reberlstm.certificates.arithmetic import ARITHMETICS
from reberlstm.certificates.claims import JUDGED
from reberlstm.certificates.document import read
from reberlstm.certificates.report import figure, lines
from reberlstm.cli.options import NetOptions, echo, json_option, net_option, net_options, out_option
from reberlstm.grammars import load_grammar
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import LSTMWeights

SECONDS = 60.0
MAX_STATES = 200_000


@click.command("certify")
@click.argument("grammar")
@net_option
@net_options(leave_out=("head",))
@click.option(
    "--scope",
    type=click.Choice(["legal", "all"]),
    help="After which words the net has to be right.  [default: what the net claims]",
)
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="KIND|NAME",
    help=f"Prove this head only ({', '.join(JUDGED)}; repeat for several), or the name of the "
    "linear layer to read.  [default: those of the scope]",
)
@click.option(
    "--arithmetic",
    type=click.Choice(list(ARITHMETICS)),
    help="The machine that runs the net.  [default: real]",
)
@click.option("--noise", type=float, default=0.0, help="A disturbance of h and c after each step.")
@click.option("--input-noise", type=float, default=0.0, help="A disturbance of every input.")
@click.option(
    "--input-range",
    type=(float, float),
    default=(1.0, 1.0),
    metavar="LOW HIGH",
    help="What stands for the 1 of a one-hot input.",
)
@click.option("--largest-noise", "most_noise", is_flag=True, help="Find the most noise it bears.")
@click.option("--minimal-gain", "least_gain", is_flag=True, help="Find the least gain it needs.")
@click.option("--check", "file", metavar="CERT.json", help="Verify this certificate instead.")
@click.option("--seconds", type=float, default=SECONDS, show_default=True, help="Time to spend.")
@click.option(
    "--max-states",
    type=click.IntRange(min=1),
    default=MAX_STATES,
    show_default=True,
    help="States to visit in the search for a wrong word.",
)
@out_option(required=False, help="Write the certificate to this JSON file.")
@json_option
def command(
    grammar: str,
    net: str,
    reading: NetOptions,
    scope: Any,
    heads: tuple[str, ...],
    arithmetic: str | None,
    noise: float,
    input_noise: float,
    input_range: tuple[float, float],
    most_noise: bool,
    least_gain: bool,
    file: str | None,
    seconds: float,
    max_states: int,
    out: str | None,
    as_json: bool,
) -> int:
    """Prove that a net follows GRAMMAR (a name or a file) after words of every length.

    The answer is a certificate: the net holds, with an invariant that anyone can check; or it is
    refuted, with a shortest word after which it is wrong; or it is unknown, with what was tried.

    Exit status: 0 when it holds, 1 when it is refuted or unknown, or a certificate is rejected.

    \b
    reberlstm certify reber
    reberlstm certify reber --net published
    reberlstm certify reber -o reber.json; reberlstm certify reber --check reber.json
    reberlstm certify reber --arithmetic bfloat16 --largest-noise
    reberlstm certify reber --minimal-gain
    """
    machine = load_grammar(grammar)
    layers = [head for head in heads if head not in JUDGED]
    if len(layers) > 1:
        raise click.UsageError(f"--head {layers[0]} and --head {layers[1]}: give one layer")
    heads = tuple(head for head in heads if head in JUDGED)
    reading = replace(reading, head=next(iter(layers), None))
    wanted = {"--largest-noise": most_noise, "--minimal-gain": least_gain, "--check": file}
    given = [name for name, value in wanted.items() if value]
    if len(given) > 1:
        raise click.UsageError(f"{given[0]} and {given[1]} are different questions; ask one")
    if least_gain and net != "compiled":
        raise click.UsageError("--minimal-gain compiles the grammar itself; leave --net out")
    if file is not None and out is not None:
        raise click.UsageError("--check writes no certificate; leave -o/--out out")
    if most_noise and noise:
        raise click.UsageError("--largest-noise finds the noise; leave --noise out")
    options: dict[str, Any] = {
        "scope": scope,
        "heads": heads or None,
        "arithmetic": arithmetic or "real",
        "noise": noise,
        "inputs": Inputs(input_noise, *input_range),
        "seconds": seconds,
        "max_states": max_states,
    }
    if least_gain:
        return _show(_least_gain(machine, options), out, as_json)
    weights = reading.load(net, machine)
    if file is not None:
        inputs = Inputs(input_noise, *input_range)
        asked = {
            "scope": scope,
            "arithmetic": arithmetic,
            "heads": [head for head in JUDGED if head in heads] or None,
            "noise": noise or None,
            "inputs": None if inputs.exact else vars(inputs),
        }
        return _check(file, weights, machine, asked, as_json)
    if most_noise:
        del options["noise"]
        return _show(largest_noise(weights, machine, **options), out, as_json)
    return _show(certify(weights, machine, **options), out, as_json)


def _least_gain(machine: FSM, options: dict[str, Any]) -> Certificate:
    from reberlstm.compiler import compile

    def with_gain(gain: float) -> LSTMWeights:
        return compile(machine, gain=gain)

    return minimal_gain(with_gain, upper=compile(machine).gain or 1.0, **options)


def _show(certificate: Certificate, out: str | None, as_json: bool) -> int:
    if out is not None:
        certificate.save(out)
    if as_json:
        click.echo(json.dumps(certificate.to_dict(), ensure_ascii=False))
    else:
        verdict, *rest = lines(certificate)
        echo(click.style(verdict, bold=True, fg=_COLOURS[certificate.holds]))
        for line in rest:
            echo(line)
        if out is not None:
            echo(figure("written to", out))
    return 0 if certificate.holds else 1


_COLOURS = {True: "green", False: "red", None: "yellow"}


def _check(
    file: str, weights: LSTMWeights, machine: FSM, asked: dict[str, Any], as_json: bool
) -> int:
    content = read(file)
    verdict = check(content, weights, machine)
    valid, reason = verdict.valid, verdict.reason
    if valid:
        # What it says is true, but is it what was asked?
        document = json.loads(content)
        for name, value in asked.items():
            if value is not None and document[name] != value:
                is_ = "are" if name in ("heads", "inputs") else "is"
                reason = f"its {name} {is_} {document[name]!r}, not {value!r} as asked"
                valid = False
    if as_json:
        answer = {"valid": valid, "outcome": verdict.outcome, "reason": reason}
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        word = {True: "confirmed", False: "rejected", None: "nothing to check"}[valid]
        subject = f"{file}: {word}"
        if valid:
            subject += f", {weights.name} {_SAYS[verdict.outcome]} {machine}"
        echo(click.style(subject, bold=True, fg=_COLOURS[valid]))
        echo(f"  {reason}")
    return 0 if valid and verdict.outcome == "holds" else 1


_SAYS = {"holds": "follows", "refuted": "does not follow"}
