"""The published net: xrcyz's hand-derived Toy LSTM for the Reber grammar, constant by constant.

Source: xrcyz, "Toy LSTM in p5.js" (journal.social/posts/Toy-LSTM-in-p5js.html; code
github.com/xrcyz/Toy-LSTM, MIT). Each row below has its formula as a comment. The
gates read the *old* memory, the reader reads the *new* one, the memory starts at zero, and a symbol
is offered when its reader is over 0.5. It is not a standard LSTM; see `reberlstm.net.net`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reberlstm.compiler.rows import Row, Rows

NODES = ("0", "1", "2", "3", "4", "5")

ALWAYS = 1000.0
"""A bias beyond which the sigmoid is exactly 0 or 1 in floating point: a constant gate."""

Constants = tuple[float, Mapping[str, float]]
"""A bias, and weights on symbols (letters) and on the memory of nodes (digits)."""

ERASER: tuple[Constants, ...] = (
    (-ALWAYS, {}),             # eraser[0] = 0                              always reset
    (5.0, {"X": -10.0}),       # eraser[1] = σ(10·(0.5 − X))                reset on X
    (19.5, {"2": -30.0}),      # eraser[2] = σ(30·(0.65 − memory[2]))       reset on exit
    (5.0, {"P": -10.0}),       # eraser[3] = σ(10·(0.5 − P))                reset on P
    (6.0, {"4": -10.0}),       # eraser[4] = σ(10·(0.6 − memory[4]))        reset on exit
    (5.0, {"S": -10.0, "V": -10.0}),  # eraser[5] = σ(10·(0.5 − S − V))     reset on S, V
)  # fmt: skip

WRITER: tuple[Constants, ...] = (
    (0.0, {"B": 5.0}),                        # writer[0] = tanh(5·B)
    (0.0, {"T": 5.0}),                        # writer[1] = tanh(5·T)
    (0.0, {"T": 0.55, "X": 0.55, "P": 0.55}), # writer[2] = tanh(0.55·(T + X + P))
    (0.0, {"S": 3.0, "V": 0.55}),             # writer[3] = tanh(3·S + 0.55·V)
    (0.0, {"V": 5.0}),                        # writer[4] = tanh(5·V)
    (0.0, {"B": 0.55, "P": 0.7, "X": 5.0}),   # writer[5] = tanh(0.55·B + 0.7·P + 5·X)
)  # fmt: skip

FILTER: tuple[Constants, ...] = (
    (ALWAYS, {}),              # filter[0] = 1                              never filter
    (22.5, {"5": -30.0}),      # filter[1] = σ(30·(0.75 − memory[5]))       not on node 5
    (19.5, {"5": -30.0}),      # filter[2] = σ(30·(0.65 − memory[5]))       not from node 5
    (7.0, {"1": -10.0}),       # filter[3] = σ(10·(0.7 − memory[1]))        not from node 1
    (6.0, {"4": -10.0}),       # filter[4] = σ(10·(0.6 − memory[4]))        V on exit
    (19.5, {"1": -30.0}),      # filter[5] = σ(30·(0.65 − memory[1]))       not from node 1
)  # fmt: skip

READER: Mapping[str, Constants] = {
    "B": (0.0, {}),                      # reader[0] = 0
    "T": (-3.5, {"0": 5.0, "5": 5.0}),   # reader[1] = tanh(5·(memory[0] + memory[5] − 0.7))
    "S": (-3.5, {"1": 5.0, "2": 5.0}),   # reader[2] = tanh(5·(memory[1] + memory[2] − 0.7))
    "X": (-3.5, {"1": 5.0, "2": 5.0}),   # reader[3] = tanh(5·(memory[1] + memory[2] − 0.7))
    "P": (-3.5, {"0": 5.0, "4": 5.0}),   # reader[4] = tanh(5·(memory[0] + memory[4] − 0.7))
    "V": (-3.5, {"4": 5.0, "5": 5.0}),   # reader[5] = tanh(5·(memory[4] + memory[5] − 0.7))
    "E": (-3.5, {"3": 5.0}),             # reader[6] = tanh(5·(memory[3] − 0.7))
}  # fmt: skip


def published_rows(alphabet: Sequence[str]) -> Rows:
    """The gates and the reader as rows, for the symbols in this order."""

    def rows(constants: Iterable[Constants]) -> list[Row]:
        return [
            Row(
                bias,
                {number: weights[a] for number, a in enumerate(alphabet) if a in weights},
                {number: weights[q] for number, q in enumerate(NODES) if q in weights},
            )
            for bias, weights in constants
        ]

    gates = {"input": rows(FILTER), "forget": rows(ERASER), "candidate": rows(WRITER)}
    heads = {"legal": rows(READER[symbol] for symbol in alphabet)}
    return Rows(NODES, {}, None, gates, heads, height=1.0)
