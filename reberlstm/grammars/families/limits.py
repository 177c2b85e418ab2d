"""How large a machine of a family may become."""

from __future__ import annotations

from reberlstm.errors import GrammarError

MAX_STATES = 100_000
"""A machine with more states than this is not built: a name such as dyck-9-9 is quickly typed."""


def check_at_least(what: str, value: int, least: int) -> None:
    """Refuse a parameter that makes no machine.

    Raises:
        GrammarError: naming the parameter.
    """
    if value < least:
        raise GrammarError(f"{what} is {value}; it must be at least {least}")


def check_states(what: str, states: int) -> None:
    """Refuse a machine that is too large.

    Raises:
        GrammarError: naming the machine.
    """
    if states > MAX_STATES:
        raise GrammarError(
            f"{what} has over {MAX_STATES:,} states, which is the most that is built; "
            "choose smaller parameters"
        )
