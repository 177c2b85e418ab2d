"""``reberlstm sample``: random words of a grammar."""

from __future__ import annotations

import click

from reberlstm.cli.options import (
    DEFAULT_GRAMMAR,
    echo_data,
    echo_json,
    json_option,
    option,
    seed_option,
)
from reberlstm.grammars import load_grammar
from reberlstm.machine.counting import sample_of_length

AT_LEAST_0 = click.IntRange(min=0)
MAX_LENGTH = 100_000


@click.command("sample")
@option("--grammar", default=DEFAULT_GRAMMAR, metavar="NAME|FILE", help="The grammar.")
@option("-n", "--count", type=AT_LEAST_0, default=10, help="How many strings.")
@option("--length", type=AT_LEAST_0, help="Only strings of so many symbols, all equally likely.")
@option(
    "--max-length",
    type=AT_LEAST_0,
    default=MAX_LENGTH,
    help="Give up when a string grows longer, where --length is not given.",
)
@seed_option
@json_option
def command(
    grammar: str, count: int, length: int | None, max_length: int, seed: int, as_json: bool
) -> None:
    """Draw accepted strings of a grammar, one a line.

    They follow the grammar's probabilities, or uniform ones where it gives none; with --length
    every accepted string of that length is equally likely. With --json a string is the list of its
    symbols.

    \b
    reberlstm sample -n 3
    reberlstm sample --grammar dyck-2-3 --length 12 --seed 1
    """
    machine = load_grammar(grammar)
    click.echo(f"seed: {seed}", err=True)
    if length is None:
        words = machine.sample(count, seed=seed, max_length=max_length)
    else:
        words = sample_of_length(machine, length, count, seed=seed)
    for word in words:
        echo_json(word) if as_json else echo_data(machine.text(word))
