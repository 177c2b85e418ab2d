"""How far a command is, on standard error: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from reberlstm.errors import printable

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
