"""``reberlstm certify``: a proof for words of every length, or a word that refutes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import click

from reberlstm.certificates import (
    Certificate,
    Inputs,
    certify,
    check,
    largest_noise,
    minimal_gain,
    question,
)
from reberlstm.certificates.arithmetic import ARITHMETICS
from reberlstm.certificates.claims import HEADS
from reberlstm.certificates.results import ARITHMETIC, figure, read
from reberlstm.cli.options import (
    AT_LEAST_1,
    NetOptions,
    echo,
    echo_json,
    json_option,
    net_option,
    net_options,
    option,
    out_option,
)
from reberlstm.grammars import load_grammar
from reberlstm.machine.fsm import FSM
from reberlstm.machine.tables import Scope
from reberlstm.net.net import Net

COLOURS = {True: "green", False: "red", None: "yellow"}
CHECKED = {True: "confirmed", False: "rejected", None: "nothing to check"}
SAYS = {"holds": "follows", "refuted": "does not follow"}


@dataclass(frozen=True, kw_only=True)
class Options:
    """What was asked on the command line."""

    grammar: str
    net: str
    reading: NetOptions
    scope: Scope | None
    heads: tuple[str, ...]
    arithmetic: str
    noise: float
    input_noise: float
    input_range: tuple[float, float]
    most_noise: bool
    least_gain: bool
    file: str | None
    seconds: float
    max_states: int
    out: str | None
    as_json: bool

    def __post_init__(self) -> None:
        wanted = {
            "--largest-noise": self.most_noise,
            "--minimal-gain": self.least_gain,
            "--check": self.file,
        }
        given = [name for name, value in wanted.items() if value]
        if len(given) > 1:
            raise click.UsageError(f"{given[0]} and {given[1]} are different questions; ask one")
        if self.least_gain and self.net != "compiled":
            raise click.UsageError("--minimal-gain compiles the grammar itself; leave --net out")
        if self.file is not None and self.out is not None:
            raise click.UsageError("--check writes no certificate; leave -o/--out out")
        if self.most_noise and self.noise:
            raise click.UsageError("--largest-noise finds the noise; leave --noise out")

    @property
    def asked(self) -> dict[str, Any]:
        """The question, as `certify` takes it."""
        return {
            "scope": self.scope,
            "heads": tuple(head for head in self.heads if head in HEADS) or None,
            "arithmetic": self.arithmetic,
            "inputs": Inputs(self.input_noise, *self.input_range),
        }

    @property
    def reads(self) -> NetOptions:
        """How the net is read: a head that is no kind is the name of a layer."""
        layers = [head for head in self.heads if head not in HEADS]
        if len(layers) > 1:
            raise click.UsageError(f"--head {layers[0]} and --head {layers[1]}: name one layer")
        return replace(self.reading, head=next(iter(layers), None))


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
    help=f"Prove this head only ({', '.join(HEADS)}; repeat for several), or the name of the "
    "linear layer to read.  [default: those of the scope]",
)
@option(
    "--arithmetic",
    type=click.Choice(list(ARITHMETICS)),
    default="real",
    help="What the net is run in.",
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
@click.option(
    "--largest-noise",
    "most_noise",
    is_flag=True,
    help="Find the largest noise for which it is proved.",
)
@click.option(
    "--minimal-gain",
    "least_gain",
    is_flag=True,
    help="Find the smallest gain for which it is proved.",
)
@click.option("--check", "file", metavar="CERT.json", help="Verify this certificate instead.")
@option("--seconds", type=float, default=60.0, help="Time to spend.")
@option(
    "--max-states",
    type=AT_LEAST_1,
    default=200_000,
    help="States to visit in the search for a wrong word.",
)
@out_option(required=False, help="Write the certificate to this JSON file.")
@json_option
def command(**values: Any) -> int:
    """Prove that a net follows GRAMMAR (a name or a file) after words of every length.

    The answer is a certificate: the net holds, with an invariant that anyone can check; or it is
    refuted, with a shortest word after which it is wrong; or it is unknown, with what was tried.
    With --check it is whether a certificate answers the same question, and is true.

    Exit status: 0 when it holds, 1 when it is refuted or unknown, or a certificate is rejected.

    \b
    reberlstm certify reber
    reberlstm certify reber --net published
    reberlstm certify reber -o reber.json; reberlstm certify reber --check reber.json
    reberlstm certify reber --arithmetic bfloat16 --largest-noise
    reberlstm certify reber --minimal-gain
    """
    options = Options(**values)
    machine = load_grammar(options.grammar)
    asked = options.asked | {"seconds": options.seconds, "max_states": options.max_states}
    if options.least_gain:
        from reberlstm.compiler import compile

        asked |= {"upper": compile(machine).gain or 1.0, "noise": options.noise}
        return _show(minimal_gain(lambda gain: compile(machine, gain=gain), **asked), options)
    net = options.reads.load(options.net, machine)
    if options.file is not None:
        return _check(options.file, net, machine, options)
    if options.most_noise:
        return _show(largest_noise(net, machine, **asked), options)
    return _show(certify(net, machine, noise=options.noise, **asked), options)


def _show(certificate: Certificate, options: Options) -> int:
    if options.out is not None:
        certificate.save(options.out)
    if options.as_json:
        echo_json(certificate)
    else:
        echo(click.style(certificate.statement, bold=True, fg=COLOURS[certificate.holds]))
        for name, text in certificate.figures:
            echo(figure(name, text))
        if options.out is not None:
            echo(figure("written to", options.out))
    return 0 if certificate.holds else 1


def _check(file: str, net: Net, machine: FSM, options: Options) -> int:
    asked = question(net, machine, noise=options.noise, **options.asked)
    verdict = check(read(file), net, machine)
    valid, reason = verdict.valid, verdict.reason
    for name, value in asked.items():
        # What it says may be true, but is it what was asked?
        if valid and verdict.question[name] != value:
            is_ = "are" if name.endswith("s") else "is"
            reason = f"its {name} {is_} {verdict.question[name]!r}, not {value!r} as asked"
            valid = False
    if options.as_json:
        answer = {"valid": valid, "outcome": verdict.outcome, "reason": reason}
        echo_json(answer | {"question": asked})
    else:
        subject = f"{file}: {CHECKED[valid]}"
        if valid:
            heads = " ".join(asked["heads"])
            subject += (
                f", {net.name} {SAYS[verdict.outcome]} {machine} (scope {asked['scope']}, "
                f"heads {heads}, {ARITHMETIC[asked['arithmetic']]})"
            )
        echo(click.style(subject, bold=True, fg=COLOURS[valid]))
        echo(f"  {reason}")
    return 0 if valid and verdict.outcome == "holds" else 1
