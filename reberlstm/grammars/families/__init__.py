"""Families of machines, one for every choice of parameters, and operators that build on machines.

A family has a name with its parameters in it, which `load_grammar` understands as well::

    load_grammar("dyck-2-3")        # two kinds of brackets, at most three deep
    load_grammar("contains-abba")

The members that are shipped as files are those of the diagrams in docs/grammars.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from reberlstm.errors import GrammarError
from reberlstm.grammars.families.brackets import anbn, dyck
from reberlstm.grammars.families.counters import cycle_navigation, mod, modular_arithmetic
from reberlstm.grammars.families.frames import continual, embed
from reberlstm.grammars.families.patterns import contains
from reberlstm.machine.fsm import FSM

__all__ = [
    "FAMILIES",
    "Family",
    "anbn",
    "by_name",
    "contains",
    "continual",
    "cycle_navigation",
    "dyck",
    "embed",
    "mod",
    "modular_arithmetic",
]


@dataclass(frozen=True)
class Family:
    """How a family is called.

    Attributes:
        pattern: The form of its names, parameters in capitals.
        example: One of its names.
        title: One line for people.
        build: From the parameters, as they stand in the name, to the machine.
    """

    pattern: str
    example: str
    title: str
    build: Callable[..., FSM]

    @property
    def stem(self) -> str:
        """What all names of the family begin with, up to the first parameter."""
        return re.split(r"[A-Z]", self.pattern, maxsplit=1)[0]

    def parameters(self, name: str) -> tuple[str, ...] | None:
        """The parameters in `name`, or None where it is not of the form `pattern`."""
        form = re.sub(
            r"[A-Z]+", lambda m: "(.+)" if m[0] == "WORD" else "([0-9]{1,9})", self.pattern
        )
        match = re.fullmatch(form, name)
        return match.groups() if match else None


def _numbers(build: Callable[..., FSM]) -> Callable[..., FSM]:
    return lambda *texts: build(*map(int, texts))


FAMILIES = (
    Family("anbn-N", "anbn-4", "aⁿbⁿ for n from 1 to N: as many b as there were a", _numbers(anbn)),
    Family("contains-WORD", "contains-abba", "Words in which WORD occurs", contains),
    Family(
        "cycle-navigation-N",
        "cycle-navigation-5",
        "The position on a circle of N places after moves to the left and right",
        _numbers(cycle_navigation),
    ),
    Family(
        "dyck-K-M",
        "dyck-2-3",
        "Balanced brackets of K kinds, nested at most M deep",
        _numbers(dyck),
    ),
    Family("mod-N", "mod-3", "Words whose number of ones is divisible by N", _numbers(mod)),
    Family(
        "modular-arithmetic-N",
        "modular-arithmetic-5",
        "The value modulo N of a sum of products, without brackets",
        _numbers(modular_arithmetic),
    ),
)
"""All families that have names."""


def by_name(name: str) -> FSM | None:
    """The member of a family that `name` names, or None where it belongs to no family.

    Raises:
        GrammarError: for a name of a family without its parameters, or parameters out of range.

    Example:
        >>> by_name("mod-7").accepts("1" * 14)
        True
    """
    for family in FAMILIES:
        if not name.startswith(family.stem):
            continue
        parameters = family.parameters(name)
        if parameters is None:
            raise GrammarError(
                f"grammar {name!r} is not of the form {family.pattern}; "
                f"an example is {family.example}"
            )
        return family.build(*parameters)
    return None
