"""Machines that count round a circle: modulo n, on a cycle, in arithmetic modulo n.

The tasks of Delétang et al. (2023) follow their published code,
https://github.com/google-deepmind/neural_networks_chomsky_hierarchy, tasks/regular.
"""

from __future__ import annotations

from reberlstm.grammars.families.limits import check_at_least, check_states
from reberlstm.machine.fsm import FSM

DELETANG = "G. Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023"
INCOMPLETE = "…"
"""The output of `modular_arithmetic` where the expression still waits for a number."""


def mod(n: int) -> FSM:
    """Words over 0 and 1 whose number of ones is divisible by `n`; ``mod(2)`` is parity.

    Example:
        >>> mod(3).accepts("10101"), mod(3).accepts("1010")
        (True, False)
    """
    check_at_least("n of mod-N", n, 1)
    check_states(f"mod-{n}", n)
    return FSM(
        alphabet=("0", "1"),
        start="0",
        accepting=frozenset({"0"}),
        transitions={str(i): {"0": str(i), "1": str((i + 1) % n)} for i in range(n)},
        name=f"mod-{n}",
        title=f"Words whose number of ones is divisible by {n}",
        source="A counter modulo n, which generalises the parity check task of " + DELETANG,
    )


def cycle_navigation(n: int = 5) -> FSM:
    """The position on a circle of `n` places after moves L (−1), S (stay) and R (+1).

    A Moore machine: its output is the position. It accepts the walks that come back to place 0.

    Example:
        >>> cycle_navigation(5).outputs[cycle_navigation(5).run("RLSLL")]
        '3'
    """
    check_at_least("n of cycle-navigation-N", n, 1)
    check_states(f"cycle-navigation-{n}", n)
    moves = {"L": -1, "S": 0, "R": 1}
    return FSM(
        alphabet=tuple(moves),
        start="0",
        accepting=frozenset({"0"}),
        transitions={
            str(i): {symbol: str((i + step) % n) for symbol, step in moves.items()}
            for i in range(n)
        },
        outputs={str(i): str(i) for i in range(n)},
        name=f"cycle-navigation-{n}",
        title=f"Cycle navigation: the place on a circle of {n} after moves left, stay, right",
        source=f"{DELETANG} (task: cycle navigation)",
    )


def modular_arithmetic(n: int = 5) -> FSM:
    """The value modulo `n` of an expression such as ``1+2*3-4``, without brackets.

    A Moore machine that accepts complete expressions; its output is their value, and `INCOMPLETE`
    where a number must follow. State ``3+2`` has read finished terms with the sum 3 and then a
    product 2; in state ``3+2·`` that product waits for another factor (after a minus sign it is
    −1). So there are ``2·n²`` states.

    Example:
        >>> arithmetic = modular_arithmetic(5)
        >>> arithmetic.outputs[arithmetic.run("0*1+4*3-2")]
        '0'
    """
    check_at_least("n of modular-arithmetic-N", n, 2)
    check_states(f"modular-arithmetic-{n}", 2 * n * n)

    def complete(total: int, product: int) -> str:
        return f"{total}+{product % n}"

    def waiting(total: int, product: int) -> str:
        return f"{total % n}+{product % n}·"

    transitions: dict[str, dict[str, str]] = {}
    outputs: dict[str, str] = {}
    for total in range(n):
        for product in range(n):
            state = waiting(total, product)
            outputs[state] = INCOMPLETE
            transitions[state] = {str(d): complete(total, product * d) for d in range(n)}
            state = complete(total, product)
            outputs[state] = str((total + product) % n)
            transitions[state] = {
                "+": waiting(total + product, 1),
                "-": waiting(total + product, -1),
                "*": waiting(total, product),
            }
    return FSM(
        alphabet=(*map(str, range(n)), "+", "-", "*"),
        start=waiting(0, 1),
        accepting=frozenset(q for q, output in outputs.items() if output != INCOMPLETE),
        transitions=transitions,
        outputs=outputs,
        name=f"modular-arithmetic-{n}",
        title=f"Modular arithmetic: the value modulo {n} of a sum of products",
        source=f"{DELETANG} (task: modular arithmetic, simple)",
    )
