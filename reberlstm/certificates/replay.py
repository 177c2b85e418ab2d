"""Lines of Python that run a wrong word where the net came from, without this package's code.

For a net of others they call the user's own module, on the numbers of its own rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reberlstm.certificates.refutation import WrongAnswer
from reberlstm.errors import printable
from reberlstm.machine.fsm import Word
from reberlstm.machine.repeats import repeats
from reberlstm.net.net import Net, Origin

MOST_NAMED = 40  # outputs that are named in the lines
MOST_WRITTEN = 40  # characters of a list that is written as it is, whatever is repeated


def replay(net: Net, given: Any, word: Word, wrong: WrongAnswer) -> tuple[str, ...]:
    """The lines for a word.

    Args:
        net: The net.
        given: What it was given as: a path, a name, a module or a `Net`.
        word: A word after which it is wrong.
        wrong: What is wrong.
    """
    # Labels may hold anything, and a line is one comment.
    said, right = (printable(" ".join(answer)) or "nothing" for answer in (wrong.said, wrong.right))
    readout = net.readout(wrong.head)
    assert readout is not None, "a head that is wrong is one that the net has"
    verdict = f"{wrong.head}, by {readout.rule}: says {said}, right is {right}"
    if net.origin is None:
        name = repr(str(given)) if isinstance(given, str) else "net"
        return (
            "import reberlstm as rl",
            f"word = {_listed(word)}",
            f"runs = rl.run({name}, [word])",
            f"print(runs.heads[{readout.kind!r}][0])  # {verdict}",
        )
    return _in_torch(net, net.origin, word, readout.kind, verdict)


def _in_torch(net: Net, origin: Origin, word: Word, head: str, verdict: str) -> tuple[str, ...]:
    number = dict(zip(net.alphabet, origin.rows, strict=True))
    rows = [*origin.before, *(number[symbol] for symbol in word), *origin.after]
    reads = "rows of the embedding" if origin.width is None else "columns of one-hot vectors"
    lines = [
        "import torch",
        "module.eval()  # your module, with these weights",
        f"rows = {_listed(rows)}  # {reads}",
        "x = torch.tensor([rows])  # (1, T)",
    ]
    if origin.width is not None:
        lines += [
            f"x = torch.nn.functional.one_hot(x, {origin.width})  # (1, T, {origin.width})",
            "x = x.to(next(module.parameters()).dtype)",
        ]
    outputs = origin.outputs[head]
    lines += [
        "with torch.no_grad():",
        "    y = module(x)  # add what else your forward takes, such as lengths",
        "y = y[0] if isinstance(y, tuple) else y",
        f"print(y.reshape(-1, {outputs})[-1])  # {verdict}",
        *["# (of logits; a probability is compared with 0.5)"]
        * (head == "accept" and outputs == 1),
    ]
    if head in ("legal", "next") and outputs <= MOST_NAMED:
        at = {symbol: row for symbol, row in number.items() if row < outputs}
        lines.append(f"# outputs: {', '.join(f'{row} {symbol!r}' for symbol, row in at.items())}")
    return tuple(lines)


def _listed(word: Sequence[Any]) -> str:
    """The expression of a list; what is repeated in a long one stands there once."""
    whole = repr(list(word))
    if len(whole) <= MOST_WRITTEN:
        return whole
    folded = " + ".join(
        repr(list(part)) + (f" * {times}" if times > 1 else "") for part, times in repeats(word)
    )
    return min(folded, whole, key=len)
