"""What several commands share: their options, and how a net is named and read."""

from __future__ import annotations

import functools
import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from reberlstm import formats
from reberlstm.errors import FormatError, ReberLSTMError, WeightsError, printable
from reberlstm.files import claim
from reberlstm.grammars import (
    counter_machine_names,
    grammar_names,
    load_grammar,
    save_grammar,
    warn_of_losses,
)
from reberlstm.machine.counters import CounterMachine, Machine

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from reberlstm.net.net import Net
    from reberlstm.net.scalars import ScalarNet

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

DEFAULT_GRAMMAR = "reber"

option = partial(click.option, show_default=True)
"""A click option whose help tells its default."""

AT_LEAST_1 = click.IntRange(min=1)


def _completions(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """Those of the names that begin so, else files."""
    from click.shell_completion import CompletionItem

    found = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="file")]


def complete_grammar(context: Any, parameter: Any, incomplete: str) -> list[CompletionItem]:
    """What a shell may put in the place of a machine: the names of grammars, or files."""
    return _completions((*grammar_names(), *counter_machine_names()), incomplete)


def complete_net(context: Any, parameter: Any, incomplete: str) -> list[CompletionItem]:
    """What a shell may put in the place of a net: its names, or files."""
    from reberlstm.compiler import compiled_names
    from reberlstm.net.loading import shipped_names

    return _completions((*compiled_names(), "published", *shipped_names()), incomplete)


def grammar_argument(name: str = "grammar", **about: Any) -> Callable[[Decorated], Decorated]:
    """An argument that is a machine: a name, a file, or ``regex:...``."""
    return click.argument(name, shell_complete=complete_grammar, **about)


def is_grammar(text: str) -> bool:
    """Whether a text names a machine, and is no file of anything else."""
    from pathlib import Path

    if text.startswith("regex:"):
        return True
    if text in ("", "-"):
        return False
    path = Path(text)
    if path.is_file():
        suffixes = path.suffixes[:-1] if path.suffix == ".gz" else path.suffixes
        return bool(suffixes) and suffixes[-1].lower() in formats.SUFFIXES
    try:
        load_grammar(text)
    except ReberLSTMError:
        return False
    return True


def one_grammar(argument: str | None, option: str | None, name: str = "--grammar") -> str | None:
    """The machine that is given as an argument or with an option.

    Raises:
        UsageError: where two are given.
    """
    if argument is not None and option is not None and argument != option:
        raise click.UsageError(f"two grammars: {argument}, and {name} {option}; give one")
    return option if argument is None else argument


net_option = click.option(
    "--net",
    shell_complete=complete_net,
    default="compiled",
    show_default=True,
    metavar="compiled|published|NAME|FILE",
    help="The net: compiled from the grammar (compiled:latch, compiled:keep, compiled:gru and so "
    "on: with that memory or cell), the published Toy LSTM, one that comes with the "
    "package (reber-2, reber-4 and embedded-reber-16 are trained), or a weights file.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, never coloured.")

seed_option = click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed of everything random."
)


def probed(context: click.Context, option: click.Parameter, out: str | None) -> str | None:
    """The path, if it can be written: before the work rather than after it; see `claim`."""
    if out is not None and out != "-":
        from pathlib import Path

        claim(Path(out))
    return out


def out_option(
    required: bool = True, help: str = "The file to write."
) -> Callable[[Decorated], Decorated]:
    """``-o/--out FILE``, probed before the work; commands pick the format by its suffix."""
    return click.option(
        "-o", "--out", required=required, metavar="FILE", help=help, callback=probed
    )


_KEPT = re.compile(r"(\x1b\[[0-9;]*m|[\n\t])")


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print text for people, styled only for a terminal and only without ``NO_COLOR``.

    See no-color.org. All that commands say goes through here: whatever names from files are in it,
    only line ends, tabs and styles reach a terminal.
    """
    parts = _KEPT.split(text)
    parts[::2] = map(printable, parts[::2])
    click.echo("".join(parts), err=err, nl=nl, color=False if os.environ.get("NO_COLOR") else None)


def echo_data(line: str) -> None:
    """Print what programs may read: as it is, but escaped for a terminal, which would act on it."""
    click.echo(printable(line) if sys.stdout.isatty() else line)


def echo_each(values: Iterable[Any], text: Callable[[Any], str]) -> None:
    """`echo_data` for any number of lines: a thousand at a time where there is no terminal."""
    rest, many = iter(values), 1 if sys.stdout.isatty() else 1_000
    while lines := [text(value) for value in islice(rest, many)]:
        echo_data("\n".join(lines))


def json_line(value: Any) -> str:
    """A value, or a result, as one line of JSON; on a terminal no character of it acts."""
    import json

    from reberlstm.plain import plain

    text = json.dumps(plain(value), ensure_ascii=False)
    acts = sys.stdout.isatty() and printable(text) != text
    return json.dumps(plain(value)) if acts else text


def echo_json(value: Any) -> None:
    """Print a value, or a result, as one line of JSON."""
    click.echo(json_line(value))


def echo_content(content: bytes) -> None:
    """Print what could be a file: as it is, but escaped for a terminal, line by line."""
    if not sys.stdout.isatty():
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return
    for line in content.decode("utf-8").removesuffix("\n").split("\n"):
        click.echo("\t".join(map(printable, line.split("\t"))))


def write_machine(machine: Machine, out: str | None, format: str | None) -> None:
    """Write a machine to a file, or to standard output: as TOML, unless a format is named."""
    if out is not None and out != "-":
        save_grammar(machine, out, format)
        return
    content = formats.write(machine, format or "toml")
    warn_of_losses(machine, format or "toml", "standard output")
    echo_content(content)


def terminal_width() -> int:
    """The columns of the terminal, or 100 where the output is no terminal."""
    # As `shutil.get_terminal_size`, which takes longer to load than a short trace to run.
    try:
        columns = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        columns = 0
    if columns <= 0 and sys.__stdout__ is not None:
        with suppress(ValueError, OSError):
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns
    return columns if columns > 0 else 100


# How a net is read

_OPTIONS: dict[str, tuple[Any, str, str]] = {
    "alphabet": (
        str,
        "SYMBOLS",
        "The symbols, in a row or with spaces between them.  [default: those of the grammar]",
    ),
    "layer": (str, "NAME", "The recurrent layer, or several that read each other: rnn1,rnn2."),
    "head": (str, "NAME", "The linear layer to read, or several that read each other: fc1,fc2."),
    "head_activation": (
        ("relu", "tanh"),
        "",
        "The function between linear layers of one head.",
    ),
    "kind": (
        ("legal", "accept", "label", "next"),
        "",
        "What the head says: the symbols that may come next, whether the word may end, an output, "
        "or the probabilities of the next symbol.",
    ),
    "labels": (str, "NAMES", "The names of the outputs, with spaces between them."),
    "readout": (
        str,
        "RULE",
        "How numbers are read: 'logit>0', 'softmax>0.1', 'tanh>0.5' or argmax.",
    ),
    "embedding": (str, "NAME", "The embedding, where more than one matrix could be it."),
    "input_layer": (
        str,
        "NAME",
        "A linear layer before the recurrent one; NAME:relu if relu follows.",
    ),
    "initial": (str, "NAMES", "Tensors of a learned initial state: h0, or h0,c0."),
    "padding": (click.IntRange(min=0), "ROW", "A row of the embedding that stands for no symbol."),
    "prefix": (str, "SYMBOLS", "Symbols fed before every word; list them in --alphabet, too."),
    "suffix": (str, "SYMBOLS", "Symbols fed after every word; list them in --alphabet, too."),
    "nonlinearity": (("tanh", "relu"), "", "The function of a simple RNN.  [default: tanh]"),
}
"""Type or choices, metavar, and help of each option that tells how a net of others is read."""

_OF_0_1: dict[str, tuple[Any, str, str]] = {
    "threshold": (float, "", ""),
    "activation": (("softmax", "sigmoid"), "", ""),
}

_OF_COMPILE = ("cell", "memory", "on_violation")

_VALUES = {name: metavar or "relu" for name, (_, metavar, _) in _OPTIONS.items()}
_NAMES = "|".join(sorted((*_OPTIONS, *_OF_COMPILE), key=len, reverse=True))
_KEYWORD = rf"(?<![\w.-])({_NAMES})=(\.\.\.|'[^']*'|\w+)( or '\w+')?"


def in_options(message: str) -> str:
    """A message of the library in the words of the command line.

    Example:
        >>> in_options("give kind='accept' or alphabet=...; say padding=ROW")
        'give --kind accept or --alphabet SYMBOLS; say --padding ROW'
    """

    def option(match: re.Match[str]) -> str:
        name, value = match[1], match[2].strip("'")
        shown = _VALUES[name] if value == "..." else value
        shown = f"'{shown}'" if re.search(r"[\s>]", shown) else shown
        return f"--{name.replace('_', '-')} {shown}" + (match[3] or "").replace("'", "")

    return re.sub(_KEYWORD, option, message)


def is_compiled(net: str) -> bool:
    """Whether it is ``compiled``, or a name such as ``compiled:latch``."""
    return net.partition(":")[0] == "compiled"


class NetOptions(NamedTuple):
    """What the options say of how a net is read; None where they say nothing.

    The fields are the keywords of `reberlstm.load`, `threshold` and `activation` those of version
    0.1, for which a threshold is a probability.
    """

    alphabet: str | None = None
    layer: str | None = None
    head: str | None = None
    head_activation: str | None = None
    kind: str | None = None
    labels: str | None = None
    readout: str | None = None
    embedding: str | None = None
    input_layer: str | None = None
    initial: str | None = None
    padding: int | None = None
    prefix: str | None = None
    suffix: str | None = None
    nonlinearity: str | None = None
    threshold: float | None = None
    activation: str | None = None

    def load(self, net: str, grammar: Machine | None, *, only_files: bool = False) -> Net:
        """The net that a ``--net`` option names, read as the options say.

        The grammar is what ``compiled`` is made from, and whose symbols a file is for. With
        `only_files` the options do not concern nets with a name.
        """
        from reberlstm.net.loading import as_net, shipped_names

        given = self._keywords()
        if (is_compiled(net) or net in ("published", *shipped_names())) and only_files:
            given = {}
        held: Any = net
        if is_compiled(net):
            from reberlstm.compiler import compiled_as

            held = compiled_as(net, load_grammar(DEFAULT_GRAMMAR) if grammar is None else grammar)
        elif net == "published":
            from reberlstm.compiler import published

            held = published()
        elif grammar is not None:
            given.setdefault("alphabet", grammar.alphabet)
        if self.threshold is not None or self.activation is not None:
            softmax = "softmax" in as_net(held, **given).reading
            given["readout"] = self._rule_of_0_1("softmax" if softmax else "sigmoid")
        return as_net(held, **given)

    def in_scalars(self, net: str, grammar: Machine | None) -> ScalarNet | None:
        """The same net in Python's own numbers, where it is one of ours and read as usual."""
        if net not in ("compiled", "published") or self != NetOptions():
            return None
        from reberlstm.compiler import in_scalars

        if net == "compiled" and grammar is None:
            grammar = load_grammar(DEFAULT_GRAMMAR)
        if isinstance(grammar, CounterMachine):
            return None
        return in_scalars(grammar if net == "compiled" else None)

    def _keywords(self) -> dict[str, Any]:
        """The keywords of `reberlstm.load`."""
        told = {name: value for name, value in self._asdict().items() if value is not None}
        given: dict[str, Any] = {name: told[name] for name in _OPTIONS if name in told}
        symbols = split_symbols(given["alphabet"]) if "alphabet" in given else ()
        if symbols:
            given["alphabet"] = symbols
        for name in ("prefix", "suffix"):
            if name in given:
                whole = given[name].strip() in symbols
                given[name] = (given[name].strip(),) if whole else split_symbols(given[name])
        if "labels" in given:
            given["labels"] = tuple(given["labels"].split())
        return given

    def _rule_of_0_1(self, usual: str) -> str:
        activation, p = self.activation or usual, self.threshold
        if p is not None and not 0.0 < p < 1.0:
            raise FormatError(f"threshold {p} is no probability between 0 and 1")
        if activation == "softmax":
            return f"softmax>{p if p is not None else 0.5 if self.kind == 'accept' else 0.1!r}"
        return "logit>0" if p is None else f"logit>{math.log(p / (1.0 - p))!r}"


def split_symbols(text: str) -> tuple[str, ...]:
    """Symbols in a row, or with spaces between them."""
    return tuple(text.split() if " " in text.strip() else text.strip())


def net_options(
    *, leave_out: tuple[str, ...] = (), aliases: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options that tell how a net is read; a command gets them as one value, `reading`.

    Left out are those that it has in a form of its own; aliases are those of version 0.1.
    """
    options = {name: about for name, about in _OPTIONS.items() if name not in leave_out}
    options |= _OF_0_1 if aliases else {}

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def called(**given: Any) -> Any:
            read = {name: given.pop(name) for name in options}
            return command(**given, reading=NetOptions(**read))

        wrapped: Callable[..., Any] = called
        for name, (kind, metavar, help) in reversed(options.items()):
            about: dict[str, Any] = {"metavar": metavar or None, "hidden": name in _OF_0_1}
            about["type"] = click.Choice(kind) if isinstance(kind, tuple) else kind
            wrapped = click.option(f"--{name.replace('_', '-')}", help=help, **about)(wrapped)
        return wrapped

    return decorate


def cells_option(help: str) -> Callable[[Decorated], Decorated]:
    """``--cells NAME,...``, which may be repeated; ``--cell`` as in version 0.1."""
    return click.option("--cells", "--cell", "cells", multiple=True, metavar="NAME,...", help=help)


def chosen_cells(given: tuple[str, ...], cells: Sequence[str]) -> tuple[str, ...]:
    """The cells that ``--cells`` names; a name may have commas in it.

    Raises:
        WeightsError: naming the cells there are, when there is no such cell.
    """
    names = [name for text in given for name in ([text] if text in cells else text.split(","))]
    for name in names:
        if name not in cells:
            some = ", ".join(cells[:10]) + (", …" if len(cells) > 10 else "")
            raise WeightsError(f"no cell {name!r} in the net; its cells are {some}")
    return tuple(dict.fromkeys(names))


def standard_input_lines() -> Iterator[str]:
    """The lines of standard input as text, without their ends.

    Raises:
        FormatError: naming the line that is not UTF-8.
    """
    number = 0
    try:
        for number, line in enumerate(sys.stdin.buffer, start=1):  # noqa: B007
            yield line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise FormatError(f"standard input, line {number}: not text in UTF-8") from None
    except OSError as error:
        raise FormatError(f"standard input: cannot be read: {error.strerror}") from None


SECONDS = 60.0
"""Between two lines where there is no terminal."""

Show = Callable[[int, str], None]
"""Is told how much is done, and a few words about it."""


@contextmanager
def progress(total: int | None = None, done: int = 0) -> Iterator[Show]:
    """Show how much of a total is done, for as long as the context lasts."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
        )
        with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=total, completed=done)
            yield lambda done, text: bar.update(task, completed=done, description=printable(text))
        return
    last = time.monotonic()

    def line(completed: int, text: str) -> None:
        nonlocal last
        if time.monotonic() >= last + SECONDS:
            last = time.monotonic()
            of = "" if total is None else f" of {total:,}"
            click.echo(f"{completed:,}{of}: {printable(text)}", err=True)

    yield line
