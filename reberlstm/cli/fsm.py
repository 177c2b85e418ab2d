"""``reberlstm fsm``: operations on machines, and questions about them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import click

from reberlstm import formats
from reberlstm.cli.options import (
    Decorated,
    echo,
    echo_data,
    echo_json,
    grammar_argument,
    json_option,
    out_option,
    write_machine,
)
from reberlstm.errors import GrammarError
from reberlstm.grammars import as_finite, as_machine
from reberlstm.machine import algebra as operations
from reberlstm.machine import counting
from reberlstm.machine.counters import CounterMachine, up_to
from reberlstm.machine.fsm import FSM, Word, with_first_output

ALIASES = {"intersect": "intersection", "minimize": "minimise"}


class _Group(click.Group):
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The operation of that name, other spellings included."""
        return super().get_command(ctx, ALIASES.get(cmd_name, cmd_name))


@click.group("fsm", cls=_Group)
def command() -> None:
    """Operate on finite-state machines, each a GRAMMAR: a name or a file.

    Operations that make a machine print it as TOML, or write it to the file given with -o; --to
    names another format.
    """


def _makes_machine(function: Decorated) -> Decorated:
    """The options of operations whose result is a machine."""
    to = click.option(
        "--to",
        "write_as",
        type=click.Choice(list(formats.WRITTEN)),
        help="The format to write.  [default: the suffix of FILE, else toml]",
    )
    out = out_option(required=False, help="The file to write, or - for standard output.")
    return out(to(function))


def _operation(operation: Callable[..., FSM], help: str, *names: str) -> None:
    """Add a command for an operation on the machines that its arguments name."""

    def run(out: str | None, write_as: str | None, minimise: bool, **given: str) -> None:
        result = operation(*(as_finite(given[name], f"fsm {operation.__name__}") for name in names))
        write_machine(result.minimise() if minimise else result, out, write_as)

    made = click.option(
        "--minimise", is_flag=True, help="Merge states of the result that nothing tells apart."
    )(_makes_machine(run))
    for name in reversed(names):
        made = grammar_argument(name)(made)
    command.command(operation.__name__, help=help)(made)


ONE, TWO = ("grammar",), ("grammar", "other")
_operation(operations.complement, "The strings that GRAMMAR does not accept.", *ONE)
_operation(operations.reverse, "The accepted strings, read backwards.", *ONE)
_operation(operations.trim, "Leave out states that are on no way to acceptance.", *ONE)
_operation(operations.union, "The strings that GRAMMAR or OTHER accepts.", *TWO)
_operation(operations.intersection, "The strings that GRAMMAR and OTHER accept.", *TWO)
_operation(operations.difference, "The strings that GRAMMAR accepts and OTHER does not.", *TWO)


@command.command("minimise", short_help="Merge states that nothing tells apart.")
@grammar_argument()
@_makes_machine
def minimise(grammar: str, out: str | None, write_as: str | None) -> None:
    """The smallest machine with the same acceptance, legal symbols, outputs and probabilities.

    States that cannot reach acceptance stay, as their legal symbols do; see `fsm trim`.
    """
    write_machine(as_finite(grammar, "fsm minimise").minimise(), out, write_as)


@command.command("bound", short_help="Cut a machine with counters at a bound.")
@click.argument("grammar")
@click.option(
    "--counters",
    "bound",
    type=click.IntRange(min=0),
    required=True,
    metavar="N",
    help="The greatest size of a counter, with either sign.",
)
@_makes_machine
def bound(grammar: str, bound: int, out: str | None, write_as: str | None) -> None:
    """The finite machine that is right as long as no counter of GRAMMAR leaves -N … N.

    Its states are those of GRAMMAR with the values of the counters. A step that would leave the
    bound is a violation.

    \b
    reberlstm fsm bound anbn --counters 10 -o anbn-10.jff
    """
    machine = as_machine(grammar)
    if not isinstance(machine, CounterMachine):
        raise GrammarError(f"{machine} has no counters, so there is nothing to bound")
    write_machine(machine.bounded(bound), out, write_as)


@command.command("equal", short_help="Compare two machines.")
@grammar_argument()
@grammar_argument("other")
@click.option(
    "--by",
    type=click.Choice(["accept", "legal", "label"]),
    help="Compare accepted strings, legal symbols after every string, or outputs.  [default: "
    "outputs where both machines have some and neither accepts anything, else accepted strings]",
)
@json_option
def equal(grammar: str, other: str, by: str | None, as_json: bool) -> int:
    """Say whether two machines are equal; if not, give a shortest string that shows it.

    The output before the first symbol is not compared where one of the two is a Mealy machine,
    which tells none.

    Exit status: 0 when they are equal, 1 when they differ.
    """
    first, second = as_finite(grammar, "fsm equal"), as_finite(other, "fsm equal")
    if by is None:
        moore = all(m.outputs and not m.accepting for m in (first, second))
        by = "label" if moore else "accept"
    if by == "label":
        for name, machine in ((grammar, first), (other, second)):
            if not machine.outputs:
                raise GrammarError(f"{name} has no outputs to compare; leave --by label out")
        starts = first.outputs[first.start], second.outputs[second.start]
        first, second = with_first_output(first, starts[1]), with_first_output(second, starts[0])
    word = first.difference(second, by=by)  # type: ignore[arg-type]
    if word is None:
        if as_json:
            echo_json({"equal": True, "by": by, "word": None})
        else:
            echo(f"equal: {_QUESTIONS[by]} are the same for {grammar} and {other}")
        return 0
    one, two = _observed(first, word, by), _observed(second, word, by)
    if as_json:
        echo_json({"equal": False, "by": by, "word": word, "first": one, "second": two})
    else:
        echo_data(f"different: {first.text(word) if word else 'the empty string'}")
        echo_data(f"  {grammar}: {_said(one, by)}")
        echo_data(f"  {other}: {_said(two, by)}")
    return 1


_QUESTIONS = {
    "accept": "the accepted strings",
    "legal": "the legal symbols after every string",
    "label": "the outputs after every string",
}


def _observed(machine: FSM, word: Word, by: str) -> Any:
    """What a machine says after a word; None after a violation."""
    known = all(symbol in machine.alphabet for symbol in word)
    state = machine.run(word) if known else None
    if by == "accept":
        return state in machine.accepting
    if state is None:
        return None
    if by == "legal":
        return [symbol for symbol in machine.alphabet if symbol in machine.transitions[state]]
    return machine.outputs[state]


def _said(value: Any, by: str) -> str:
    if by == "accept":
        return "accepted" if value else "not accepted"
    if value is None:
        return "a violation"
    return f"legal: {' '.join(value) or 'nothing'}" if by == "legal" else f"output {value}"


@command.command("enumerate", short_help="Print the accepted strings in order.")
@grammar_argument()
@click.option("--max-length", type=click.IntRange(min=0), help="Only strings up to this length.")
@click.option("--limit", type=click.IntRange(min=0), help="Stop after so many strings.")
@json_option
def enumerate_words(grammar: str, max_length: int | None, limit: int | None, as_json: bool) -> None:
    """Print the accepted strings in order: shorter ones first, then in alphabet order.

    Without --max-length and --limit the first 20. With --json a string is the list of its symbols.
    """
    machine = as_machine(grammar)
    if max_length is None and limit is None:
        limit = 20
    word = None
    for word in islice(machine.enumerate(max_length), limit):
        echo_json(word) if as_json else echo_data(machine.text(word))
    if word is None and limit != 0:
        what = "no string" if max_length is None else f"no string of up to {max_length} symbols"
        echo(f"note: {grammar} accepts {what}", err=True)


@command.command("count", short_help="Count the accepted strings of a length.")
@grammar_argument()
@click.option("--length", type=click.IntRange(min=0), help="Strings of exactly this length.")
@click.option(
    "--max-length", type=click.IntRange(min=0), help="A table of all lengths up to this one."
)
@json_option
def count(grammar: str, length: int | None, max_length: int | None, as_json: bool) -> None:
    """Count the accepted strings of a length, exactly, however many they are.

    Without an option a table of the lengths up to 12.
    """
    if length is not None and max_length is not None:
        raise click.UsageError("give --length or --max-length, not both")
    most = length if length is not None else 12 if max_length is None else max_length
    machine = up_to(as_machine(grammar), most)
    with _long_integers():
        if length is not None:
            number = counting.count_words(machine, length)
            echo_json({"length": length, "count": number}) if as_json else echo(str(number))
            return
        counts = counting.count_up_to(machine, most)
        if as_json:
            echo_json({"counts": counts})
            return
        echo("length  strings")
        for n, number in enumerate(counts):
            echo(f"{n:6}  {number}")


@contextmanager
def _long_integers() -> Iterator[None]:
    """Let Python print integers of over 4,300 digits, which it else takes for an attack."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(before)


@command.command("entropy", short_help="Tell how unpredictable the strings are.")
@grammar_argument()
@json_option
def entropy(grammar: str, as_json: bool) -> None:
    """Tell how unpredictable the strings of a probabilistic grammar are.

    Probabilities are uniform where GRAMMAR gives none. The bits per string count its end as a
    choice like any other; those per symbol are shared out over its symbols.
    """
    from reberlstm.machine.counting import entropy as measure

    machine = as_finite(grammar, "fsm entropy")
    result = measure(machine)
    if as_json:
        echo_json(result)
        return
    rows = {
        "entropy": f"{result.word_entropy:.6f} bits per string",
        "expected length": f"{result.expected_length:.6f} symbols per string",
        "entropy rate": f"{result.entropy_rate:.6f} bits per symbol",
        "perplexity": f"{result.perplexity:.6f} per symbol",
        "with the end": f"{result.perplexity_with_end:.6f} per symbol, the end counted as one",
        "accepted walks": f"{result.acceptance:.6f} of all",
    }
    for name, value in rows.items():
        echo(f"{name:16} {value}")
