"""Families of machines that have names, and operators that build on machines.

A family has a name with its parameters in it, which `load_grammar` understands as well::

    load_grammar("dyck-2-3")        # two kinds of brackets, at most three deep
    load_grammar("contains-abba")

The members that are shipped as files are those of the diagrams in docs/grammars.md.
"""

from reberlstm.grammars.builders import (
    FAMILIES,
    Family,
    anbn,
    by_name,
    contains,
    cycle_navigation,
    dyck,
    mod,
    modular_arithmetic,
)
from reberlstm.grammars.frames import REBER_FRAMES, continual, embed

__all__ = [
    "FAMILIES",
    "REBER_FRAMES",
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
