"""The command line: one module per command, loaded only when that command is called.

Each module defines ``command``, a click command that parses, calls the library and prints. What the
library raises as a `ReberLSTMError`, and click's own complaints, become one line on standard error
and exit status 2; status 1 means that the question asked was answered "no".
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from reberlstm import files
from reberlstm._version import __version__
from reberlstm.cli import streams
from reberlstm.errors import NoteWarning, ReberLSTMError, one_line, printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "trace": "Run strings through a net and show every gate at every symbol.",
    "compile": "Compile a grammar into the weights of an LSTM.",
    "extract": "Rebuild the state machine from a net's memory, and say what is known about it.",
    "certify": "Prove a net right for words of every length, or refute it by a shortest one.",
    "train": "Train a net on words of a grammar, until it is right or proved.",
    "compare": "Compare nets with a grammar, and with each other, in one table.",
    "study": "Train and compare many nets, in parallel or on a cluster, into one table.",
    "diagram": "Draw the state graph of a grammar.",
    "sample": "Draw random strings of a grammar.",
    "check": "Check many strings against a grammar, from files or a pipe.",
    "grammars": "List the grammars that are known by name.",
    "convert": "Write a machine in another file format.",
    "fsm": "Operate on finite-state machines, and ask about them.",
    "explain": "Explain every weight of a net in words and in pseudo-code.",
    "export": "Write a net for torch, ONNX, Keras or NumPy.",
    "explore": "Write a page for the browser in which the nets run, gate by gate.",
    "conformance": "Run nets with known answers on a runtime, and name its faults.",
    "zoo": "Make nets whose mechanism is known, and score methods that look for it.",
    "lab": "Run experiments with small sequence nets, and say which claims about them hold.",
}
"""The commands with their one-line help; ``x`` is ``command`` of the module ``reberlstm.cli.x``."""

IN_GRAMMARS = ("sample", "convert", "diagram")
"""The commands that are, under their own names, in ``reberlstm.cli.grammars``."""

MOST_OF_A_MESSAGE = 2_000
"""So many characters of an error are shown: names of files and choices are not cut short."""

COMPLETE = "_REBERLSTM_COMPLETE"
"""With this in the environment a shell asks what may come next, in click's way."""

DEBUG = "REBERLSTM_DEBUG"
"""With this in the environment a fault of the program is shown with its traceback."""


class LazyGroup(click.Group):
    """A group that imports a command's module when it is called, and none to list them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        shared = cmd_name in IN_GRAMMARS
        module = import_module(f"reberlstm.cli.{'grammars' if shared else cmd_name}")
        command: click.Command = getattr(module, cmd_name if shared else "command")
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands that begin so, without loading any of them, and options."""
        from click.shell_completion import CompletionItem

        names = [name for name in COMMANDS if name.startswith(incomplete)]
        found = [CompletionItem(name, help=COMMANDS[name]) for name in names]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reberlstm")
def cli() -> None:
    """Hand-wired, interpretable LSTMs from finite-state machines.

    Try: reberlstm trace BTSSXXTVVE
    """


def main() -> None:
    """Entry point of the ``reberlstm`` program."""
    streams.occupy_closed()
    if (asked := os.environ.get(COMPLETE)) is not None:
        from click.shell_completion import shell_complete

        sys.exit(shell_complete(cli, {}, "reberlstm", COMPLETE, asked))
    status = run(sys.argv[1:])
    streams.finish()
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status.

    The outermost handler of everything that can go wrong: whatever is raised becomes one line on
    standard error, and a status that is never 1.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("always", NoteWarning)
        warnings.showwarning = _show_warning(warnings.showwarning)
        try:
            status = _run(arguments)
            # What is still buffered may fail, too.
            return _complain(problem) if (problem := streams.flush()) and status != 130 else status
        finally:
            files.release()


def _run(arguments: list[str]) -> int:
    # Not by `cli.main`, which makes status 1 of a closed pipe.
    try:
        with cli.make_context("reberlstm", arguments) as context:
            status = cli.invoke(context)
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except ReberLSTMError as error:
        return _complain(_in_options(str(error)))
    except click.exceptions.NoArgsIsHelpError as error:
        with suppress(OSError, ValueError):
            click.echo(error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx is not None else "reberlstm"
        return _complain(f"{_one_line(error.format_message())} (see `{command} --help`)")
    except click.ClickException as error:
        return _complain(_one_line(error.format_message()))
    except (KeyboardInterrupt, EOFError, click.Abort):
        return _complain("interrupted", status=130)
    except (OSError, UnicodeEncodeError) as error:
        return _complain(streams.problem(error))
    except MemoryError:
        return _complain("not enough memory for this")
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        return _complain(
            f"a fault of reberlstm, not of yours: {type(error).__name__}: {error}; please report "
            f"it with what {DEBUG}=1 shows"
        )


def _show_warning(usual: Callable[..., None]) -> Callable[..., None]:
    """Show what a reader of a file had to decide as a note, and other warnings as usual."""

    def show(message: Warning | str, category: type[Warning], *args: Any, **kwargs: Any) -> None:
        if issubclass(category, NoteWarning):
            click.echo(f"note: {printable(_in_options(str(message)))}", err=True)
        else:
            usual(message, category, *args, **kwargs)

    return show


def _in_options(message: str) -> str:
    from reberlstm.cli.options import in_options

    return in_options(message)


def _complain(message: str, status: int = 2) -> int:
    with suppress(OSError, ValueError):  # where nothing can be said, the status says it
        click.echo(f"error: {one_line(message, MOST_OF_A_MESSAGE)}", err=True)
    return status


def _one_line(message: str) -> str:
    text = " ".join(message.split()).rstrip(".")
    return text[:1].lower() + text[1:]
