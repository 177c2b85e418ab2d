"""The causal map of a net: which direction of its state vector is which variable of its machine.

A state of the machine is a *node* and perhaps some remembered *bits*: embedded Reber is in one of
fourteen nodes, and one bit tells whether its second symbol was T or P. Most machines have no bits,
and a node for each state. A *distractor* is a cell that the answers do not depend on.

A direction has a row for each part of the state (h, and c of an LSTM), of one number for each cell.
A node's points from the state vector of `CausalMap.rest`, the node that no direction stands for, to
its own; a bit's is where the bit is +. In what sense directions *are* these variables is said, and
tested, by `reberlstm.zoo.interchange`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np

from reberlstm.errors import FormatError, ZooError, shown
from reberlstm.machine.complete import CompleteMachine, Scope
from reberlstm.net.cells.cell import Floats
from reberlstm.plain import in_form

Kind = Literal["node", "bit", "distractor"]
KINDS: tuple[Kind, ...] = get_args(Kind)

FORMAT = "reberlstm-causal-map-1"

VIOLATION = "(violation)"
"""What the state after a violation is called here."""

Step = tuple[int, int]
"""A state of the machine and the symbol that it reads, by number."""


@dataclass(frozen=True, eq=False)
class Variable:
    """One variable and the direction that stands for it.

    Attributes:
        name: Its name; no two variables of a map have the same.
        kind: ``node``, ``bit`` or ``distractor``.
        values: Its value in each state of the machine: of a node 1 or 0; of a bit 1, −1, 0 where
            it is silent, or None where it may be any of these; of a distractor 0 everywhere.
        direction: Its direction, (P, H) for P parts of the state.
    """

    name: str
    kind: Kind
    values: tuple[int | None, ...]
    direction: Floats


@dataclass(frozen=True, eq=False)
class CausalMap:
    """All variables of a net.

    Attributes:
        states: The names of the machine's states in the order of `FSM.complete`.
        variables: The variables, nodes first.
        asked: The numbers of the states that the map speaks of: some word but the empty one leads
            to them, and the net is asked there. (In the scope ``all``, these are all but a start
            that no word leads back to: it is the state vector that words begin in.)
    """

    states: tuple[str, ...]
    variables: tuple[Variable, ...]
    asked: tuple[int, ...]

    def __getitem__(self, name: str) -> Variable:
        """The variable of that name.

        Raises:
            ZooError: listing the names.
        """
        for variable in self.variables:
            if variable.name == name:
                return variable
        names = ", ".join(variable.name for variable in self.variables)
        raise ZooError(f"the causal map has no variable {name!r}; it has {names}")

    def of(self, *kinds: Kind) -> list[Variable]:
        """The variables of these kinds."""
        return [variable for variable in self.variables if variable.kind in kinds]

    @cached_property
    def node_of(self) -> tuple[int, ...]:
        """The number of each state's node, among the nodes; −1 for `rest`."""
        nodes = self.of("node")
        return tuple(
            next((n for n, node in enumerate(nodes) if node.values[state]), -1)
            for state in range(len(self.states))
        )

    @property
    def rest(self) -> tuple[str, ...]:
        """The states of the node that no direction stands for."""
        return tuple(self.states[q] for q in self.asked if self.node_of[q] < 0)

    def moved(self, matrix: Floats) -> CausalMap:
        """The map of a net whose cells are another basis: directions (P, H) times (H, H')."""
        moved = [
            Variable(each.name, each.kind, each.values, each.direction @ matrix)
            for each in self.variables
        ]
        return replace(self, variables=tuple(moved))

    def with_distractors(self, named: Iterable[tuple[str, Floats]]) -> CausalMap:
        """The map with further variables that nothing depends on."""
        none = (0,) * len(self.states)
        more = [Variable(name, "distractor", none, direction) for name, direction in named]
        return replace(self, variables=(*self.variables, *more))

    def after(self, variable: Variable, base: int, source: int) -> int | None:
        """The state in which one variable is that of `source`, and all else that of `base`.

        None where there is no such state, or nothing is exchanged. Nodes are one variable of many
        values: it is exchanged where exactly one of the two states is at the node asked about.
        """
        bits = self.of("bit")
        node, wanted = self.node_of[base], [bit.values[base] for bit in bits]
        if variable.kind == "distractor":
            return base
        if variable.values[base] == variable.values[source] or variable.values[source] is None:
            return None
        if variable.kind == "node":
            node = self.node_of[source]
        else:
            wanted[bits.index(variable)] = variable.values[source]
        for state in self.asked:
            pairs = zip((bit.values[state] for bit in bits), wanted, strict=True)
            if self.node_of[state] == node and all(own in (None, value) for own, value in pairs):
                return state
        return None

    def steps(self, variable: Variable, machine: CompleteMachine) -> dict[str, list[Step]]:
        """Which steps write, hold and read a variable.

        A step *writes* a node where it leads to it; a bit where the state before, up to that bit,
        and the symbol decide its value. It *holds* a bit where the bit after it is the one before.
        It *reads* a node where it starts at it; a bit where the next node, another bit or what is
        said after the step would be another if the bit were.
        """
        found: dict[str, list[Step]] = {"writes": [], "holds": [], "reads": []}
        value = variable.values
        for state, line in enumerate(machine.table if variable.kind != "distractor" else ()):
            twin = self._flipped(variable, state) if variable.kind == "bit" else None
            for symbol, target in enumerate(line):
                step, at = (state, symbol), value[target]
                if twin is None:
                    if at:
                        found["writes"].append(step)
                    if variable.kind == "node" and value[state]:
                        found["reads"].append(step)
                    continue
                there = machine.table[twin][symbol]
                if at:
                    found["holds" if _opposite(at, value[there]) else "writes"].append(step)
                if self._seen(variable, machine, target) != self._seen(variable, machine, there):
                    found["reads"].append(step)
        return found

    def _flipped(self, bit: Variable, state: int) -> int | None:
        """The state that differs from one in the sign of a bit alone."""
        for twin in self.asked:
            same = self._but(bit, twin) == self._but(bit, state)
            if same and _opposite(bit.values[twin], bit.values[state]):
                return twin
        return None

    def _but(self, variable: Variable, state: int) -> tuple[int | None, ...]:
        """The values of all variables but one."""
        return tuple(each.values[state] for each in self.variables if each is not variable)

    def _seen(self, variable: Variable, machine: CompleteMachine, state: int) -> tuple[Any, ...]:
        """The same, and what is said in that state."""
        line = machine.lines[state]
        return *self._but(variable, state), *line.legal, line.accepting, line.output

    # Files

    def to_dict(self, machine: CompleteMachine) -> dict[str, Any]:
        """As JSON values; docs/zoo.md describes them."""
        names = machine.alphabet
        return {
            "format": FORMAT,
            "states": list(self.states),
            "asked": [self.states[q] for q in self.asked],
            "rest": list(self.rest),
            "variables": [
                {
                    "name": each.name,
                    "kind": each.kind,
                    "values": dict(zip(self.states, each.values, strict=True)),
                    "direction": each.direction.tolist(),
                    **{
                        what: [[self.states[state], names[symbol]] for state, symbol in steps]
                        for what, steps in self.steps(each, machine).items()
                    },
                }
                for each in self.variables
            ],
        }

    @staticmethod
    def from_dict(document: Any) -> CausalMap:
        """What `to_dict` made.

        Raises:
            FormatError: naming what is wrong in it.
        """
        variable = {
            "name": str,
            "kind": str,
            "values": {str: (int, type(None))},
            "direction": [[float]],
        }
        form = {"format": str, "states": [str], "asked": [str], "variables": [variable]}
        in_form(document, form, "the map")
        if document["format"] != FORMAT:
            raise FormatError(f"its format is {shown(document['format'])}, not {FORMAT!r}")
        found = []
        for each in document["variables"]:
            name, values = each["name"], tuple(each["values"].values())
            if each["kind"] not in KINDS:
                raise FormatError(f"{name!r} is {shown(each['kind'])}, not {', '.join(KINDS)}")
            if list(each["values"]) != document["states"] or not {-1, 0, 1, None}.issuperset(
                values
            ):
                raise FormatError(f"{name!r} has not a value of −1, 0, 1 or null for each state")
            if len(set(map(len, each["direction"]))) != 1:
                raise FormatError(f"the direction of {name!r} has rows of different lengths")
            found.append(Variable(name, each["kind"], values, np.array(each["direction"])))
        names = [each.name for each in found]
        if len(set(names)) < len(names):
            raise FormatError("two variables have the same name")
        states = tuple(document["states"])
        if not set(states).issuperset(document["asked"]):
            raise FormatError("a state that is asked is none of the machine's")
        return CausalMap(states, tuple(found), tuple(map(states.index, document["asked"])))


def _opposite(one: int | None, other: int | None) -> bool:
    return bool(one and other and one == -other)


def map_of(
    machine: CompleteMachine,
    scope: Scope,
    nodes: Mapping[str, tuple[Iterable[int], Floats]],
    bits: Mapping[str, tuple[Sequence[int | None], Floats]] = {},
) -> CausalMap:
    """A map of nodes, by their states and directions, and of bits, by values and directions."""
    variables = []
    for name, (own, direction) in nodes.items():
        at = set(own)
        values = tuple(int(state in at) for state in range(len(machine)))
        variables.append(Variable(name, "node", values, direction))
    variables += [Variable(name, "bit", tuple(v), d) for name, (v, d) in bits.items()]
    return CausalMap(state_names(machine), tuple(variables), asked_states(machine, scope))


def asked_states(machine: CompleteMachine, scope: Scope) -> tuple[int, ...]:
    """The states that `CausalMap.asked` has."""
    entered = {target for line in machine.table for target in line}
    return tuple(state for state in sorted(entered) if machine.is_asked(scope, state))


def state_names(machine: CompleteMachine) -> tuple[str, ...]:
    """The names of a machine's states, with a name for the one after a violation."""
    return tuple(VIOLATION if name is None else name for name in machine.names)
