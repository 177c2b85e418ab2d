"""``reberlstm certify``: a proof for words of every length, or a word that refutes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

import click

from reberlstm.choices import ARITHMETICS, PROVABLE_HEADS
from reberlstm.cli.options import (
    AT_LEAST_1,
    NetOptions,
    echo,
    echo_json,
    grammar_argument,
    is_compiled,
    json_option,
    net_option,
    net_options,
    option,
    out_option,
    terminal_width,
)
from reberlstm.errors import CertificateError, CompileWarning, FormatError, printable
from reberlstm.grammars import (
    counter_machine_names,
    grammar_names,
    load_grammar,
    shipped_file,
)
from reberlstm.machine.counters import Machine
from reberlstm.render import wrapped

if TYPE_CHECKING:
    from reberlstm.certificates import Certificate
    from reberlstm.machine.tables import Scope
    from reberlstm.net.net import Net

COLOURS = {True: "green", False: "red", None: "yellow"}
CHECKED = {
    True: "confirmed,",
    False: "rejected, it does not show that",
    None: "nothing to check, it leaves open whether",
}


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
    exact: bool
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
        if self.least_gain and not is_compiled(self.net):
            raise click.UsageError(
                "--minimal-gain compiles the grammar itself; leave --net out, or give compiled:gru "
                "and so on"
            )
        if self.file is not None and self.out is not None:
            raise click.UsageError("--check writes no certificate; leave -o/--out out")
        if self.exact and self.file is None:
            raise click.UsageError("--exact is how --check computes; give a certificate to check")
        if self.most_noise and self.noise:
            raise click.UsageError("--largest-noise finds the noise; leave --noise out")

    @property
    def asked(self) -> dict[str, Any]:
        """The question, as `certify` takes it."""
        from reberlstm.certificates import Inputs

        return {
            "scope": self.scope,
            "heads": tuple(head for head in self.heads if head in PROVABLE_HEADS) or None,
            "arithmetic": self.arithmetic,
            "inputs": Inputs(self.input_noise, *self.input_range),
        }

    @property
    def reads(self) -> NetOptions:
        """How the net is read: a head that is no kind is the name of a layer."""
        layers = [head for head in self.heads if head not in PROVABLE_HEADS]
        if len(layers) > 1:
            raise click.UsageError(f"--head {layers[0]} and --head {layers[1]}: name one layer")
        return self.reading._replace(head=next(iter(layers), None))


@click.command("certify")
@grammar_argument()
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
    help=f"Prove this head only ({', '.join(PROVABLE_HEADS)}; repeat for several), or the name of "
    "the linear layer to read.  [default: those of the scope]",
)
@option(
    "--arithmetic",
    type=click.Choice(ARITHMETICS),
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
@click.option(
    "--exact", is_flag=True, help="With --check, compute in whole numbers: slow, and independent."
)
@option(
    "--seconds",
    type=float,
    default=60.0,
    help="Processor seconds to spend; --check refuses certificates that would take longer.",
)
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
    refuted, with a word after which it is wrong; or it is unknown, with what was tried.
    --check FILE checks such a certificate; it must answer the question asked without --check.
    The first sentence says what was asked: scope, heads and their rules, inputs, noise, arithmetic.

    Exit status: 0 when it holds, 1 when it is refuted or unknown, or a certificate is rejected; 2
    for a certificate that is damaged or too much work to check.

    \b
    reberlstm certify reber
    reberlstm certify reber --net published
    reberlstm certify reber -o reber.json; reberlstm certify reber --check reber.json
    reberlstm certify reber --arithmetic bfloat16 --largest-noise
    reberlstm certify reber --minimal-gain
    reberlstm certify reber --minimal-gain --net compiled:gru
    """
    from reberlstm.certificates import certify, largest_noise, minimal_gain

    options = Options(**values)
    machine = load_grammar(options.grammar)
    asked = options.asked | {"seconds": options.seconds, "max_states": options.max_states}
    if options.least_gain:
        from reberlstm.compiler import compiled_as

        upper = compiled_as(options.net, machine).gain or 1.0
        asked |= {"upper": upper, "noise": options.noise}
        with catch_warnings():
            simplefilter("ignore", CompileWarning)  # it has been said
            least = minimal_gain(lambda gain: compiled_as(options.net, machine, gain), **asked)
        return _show(least, options)
    net = options.reads.load(options.net, machine)
    if options.file is not None:
        return _check(options.file, net, machine, options)
    if options.most_noise:
        return _show(largest_noise(net, machine, **asked), options)
    return _show(certify(net, machine, noise=options.noise, **asked), options)


def _show(certificate: Certificate, options: Options) -> int:
    from reberlstm.certificates import Refutation
    from reberlstm.certificates.results import figure

    if options.out is not None:
        certificate.save(options.out)
    if options.as_json:
        echo_json(certificate)
    else:
        echo(
            click.style(
                _wrapped(certificate.first_line),
                bold=True,
                fg=COLOURS[certificate.holds],
            )
        )
        for name, text in certificate.figures:
            echo(_wrapped(figure(name, text), 14))
        if isinstance(certificate, Refutation) and "import torch" in certificate.replay:
            echo("  replay it in your own module:")
            for line in certificate.replay:
                echo(f"    {printable(line)}")
        if options.out is not None:
            echo(figure("written to", options.out))
    return 0 if certificate.holds else 1


def _wrapped(text: str, indent: int = 2) -> str:
    """A line as lines of at most 80 columns, all but the first one indented."""
    width = min(terminal_width(), 80)
    return "\n".join(wrapped(text, width, " " * indent, break_long_words=False))


def _check(file: str, net: Net, machine: Machine, options: Options) -> int:
    from reberlstm.certificates import check_files, question
    from reberlstm.certificates.results import in_words, read

    asked = question(net, machine, noise=options.noise, **options.asked)
    paths, trusted = _read_by_the_checker(options)
    # What was not asked is left to the checker, too: it reads the claim of the file itself.
    given = {"scope": options.scope, "heads": options.asked["heads"], "noise": options.noise}
    given |= {"arithmetic": options.arithmetic, "inputs": tuple(asked["inputs"].values())}
    try:
        verdict = check_files(
            read(file),
            paths.get("net", net),
            paths.get("machine", machine),
            exact=options.exact,
            seconds=options.seconds,
            **given,
        )
    except CertificateError as error:
        raise CertificateError(f"{file}: {error}") from None
    if verdict.damaged:
        raise FormatError(f"{file}: {verdict.reason}")
    answered = verdict.question if verdict.valid else asked
    if options.as_json:
        answer = {"valid": verdict.valid, "outcome": verdict.outcome, "reason": verdict.reason}
        echo_json(answer | {"question": answered, "read_by_checker": sorted(paths)})
    else:
        follows = "does not follow" if verdict.outcome == "refuted" else "follows"
        subject = f"{file}: {CHECKED[verdict.valid]} {net.name} {follows} {machine}"
        line = _wrapped(f"{subject} ({in_words(answered)})")
        echo(click.style(line, bold=True, fg=COLOURS[verdict.valid]))
        for text in (verdict.reason, trusted):
            echo(_wrapped(f"  {text}", 4))
    return 0 if verdict.valid and verdict.outcome == "holds" else 1


def _read_by_the_checker(options: Options) -> tuple[dict[str, Path], str]:
    """The files that the checker can read itself, and what it says of that."""
    from reberlstm.certificates.checker import is_ours
    from reberlstm.net.loading import FOLDER, shipped_names

    paths, trusted = {}, []
    net, grammar = options.net, options.grammar
    path = FOLDER / f"{net}.safetensors" if net in shipped_names() else Path(net)
    if is_compiled(net) or net == "published":
        trusted.append("the weights, as they are made here")
    elif options.reads != NetOptions() or not (path.is_file() and is_ours(path.read_bytes())):
        trusted.append(f"the loader of {net}")
    else:
        paths["net"] = path
    shipped = (*grammar_names(), *counter_machine_names())
    path = shipped_file(grammar) if grammar in shipped else Path(grammar)
    if path.suffix == ".toml" and path.is_file():
        paths["machine"] = path
    else:
        trusted.append(f"the reader of {grammar}")
    read_itself = {"net": "weights", "machine": "machine"}
    own = " and ".join(text for name, text in read_itself.items() if name in paths)
    texts = ([f"{own} read by the checker itself"] if own else []) + (
        [f"trusted: {', '.join(trusted)}"] if trusted else []
    )
    return paths, "; ".join(texts)
