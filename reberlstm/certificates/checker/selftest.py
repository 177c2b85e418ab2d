"""Is this computer's arithmetic what the bounds take it for?

The bounds rely on IEEE 754 double precision, rounded to nearest; on matrix products that are off by
no more than the rounding of each product and sum; and on numpy's exp and tanh being off by less
than 2⁻⁴⁶ of their values. A library, a BLAS or a flag of a compiler can break each of these for a
whole process, without a word. So each is tried once per process, on a few dozen values, some
milliseconds. That is no proof of the rest, but a broken kernel seldom breaks only between them.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

# Arguments and values, rounded once: tests compute them again, with mpmath to 60 digits.
EXP = (
    (8.673617379884035e-19, 1.0),
    (-9.313225746154785e-10, 0.9999999990686774),
    (0.001, 1.0010005001667084),
    (-0.0625, 0.9394130628134758),
    (0.1, 1.1051709180756477),
    (-0.3465735902799726, 0.7071067811865476),
    (0.3465735902799727, 1.4142135623730951),
    (0.5, 1.6487212707001282),
    (-0.7, 0.4965853037914095),
    (1.0, 2.718281828459045),
    (-1.0, 0.36787944117144233),
    (-2.718281828459045, 0.06598803584531254),
    (3.3, 27.112638920657883),
    (-5.5, 0.004086771438464067),
    (7.75, 2321.572414611057),
    (-10.1, 4.1079555225300724e-05),
    (12.125, 184425.34012565826),
    (-17.4, 2.7750832422407563e-08),
    (20.0, 485165195.4097903),
    (-23.9, 4.172168910160028e-11),
    (30.5, 17619017951355.633),
    (-36.8, 1.042228790559592e-16),
    (40.0, 2.3538526683702e17),
    (-50.25, 1.5021118919431522e-22),
    (64.0, 6.235149080811617e27),
    (-88.7, 3.006626321563833e-39),
    (100.3, 3.628578599676532e43),
    (-150.7, 3.5630472135664083e-66),
    (256.0, 1.5114276650041035e111),
    (-300.125, 4.543270750163927e-131),
    (500.5, 2.314132344963141e217),
    (-600.0, 2.6503965530043108e-261),
    (700.1, 1.120899771073261e304),
    (-700.9, 4.0086453375488673e-305),
)
TANH = (
    (1e-300, 1e-300),
    (-1e-20, -1e-20),
    (3.725290298461914e-09, 3.725290298461914e-09),
    (-1e-05, -9.999999999666668e-06),
    (0.001, 0.0009999996666668),
    (-0.0625, -0.062418746747512514),
    (0.1, 0.09966799462495582),
    (-0.25, -0.24491866240370913),
    (0.3, 0.2913126124515909),
    (-0.5, -0.46211715726000974),
    (0.5493061443340549, 0.5),
    (-0.5625, -0.5098299737352566),
    (0.625, 0.5545997223493823),
    (-0.75, -0.6351489523872873),
    (1.0, 0.7615941559557649),
    (-1.3, -0.8617231593133063),
    (1.75, 0.9413755384972874),
    (-2.5, -0.9866142981514303),
    (3.25, 0.996997635486526),
    (-4.4, -0.9996985792838805),
    (5.0, 0.9999092042625951),
    (-6.6, -0.9999962988044543),
    (8.125, 0.999999824715051),
    (-9.0104, -0.9999999701670644),
    (11.0, 0.9999999994421064),
    (-14.5, -0.9999999999994913),
    (17.3, 0.9999999999999981),
    (-18.7, -0.9999999999999999),
    (19.06, 0.9999999999999999),
    (-20.0, -1.0),
    (22.0, 1.0),
    (-40.0, -1.0),
    (300.0, 1.0),
)

ALLOWED = 2.0**-48
"""How far values may be off, relatively: a quarter of what the bounds allow for."""

LENGTHS = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 66)
"""Of the arrays tried: kernels do the ends of arrays otherwise than what is before them."""

SHAPES = ((1, 1), (4, 1), (12, 3), (8, 4), (33, 17), (64, 129))
"""Of the matrices tried."""

BITS = ((26, 26), (47, 8), (8, 47))
"""How many bits the entries of the two factors have."""


@functools.cache
def arithmetic_fault() -> str | None:
    """What is wrong with the arithmetic of this process, or None; found out once."""
    return fault_of(np.exp, np.tanh, np.matmul)


def fault_of(exp: Callable[..., Any], tanh: Callable[..., Any], product: Any) -> str | None:
    """What is wrong with these functions, or with rounding, or None."""
    half = np.full(5, 2.0**-53)
    for one, other in ((1.0, 1.0), (-1.0, -1.0)):
        # Halfway between two numbers, so to the even one, which is the nearer to 0 here …
        even = one + other * half == one
        # … and where it is more or less than half, to the nearer one.
        nearer = (one + other * 1.5 * half != one) & (one - other * 0.25 * half == one)
        if not (even & nearer).all():
            return "floating-point numbers are not rounded to nearest, in double precision"
    for name, function, table in (("exp", exp, EXP), ("tanh", tanh, TANH)):
        points, right = np.tile(np.array(table), (4, 1)).T
        for length in LENGTHS:
            for first in (0, 1, len(table) - 1):
                chosen = slice(first, first + length)
                off = np.abs(function(points[chosen]) - right[chosen])
                if not (off <= ALLOWED * np.abs(right[chosen])).all():
                    return f"numpy's {name} is wrong between {min(points)} and {max(points)}"
    for (rows, terms), bits in itertools.product(SHAPES, BITS):
        # Whole numbers of so many bits, of both signs: as integers all products and sums are exact.
        weight, x = (
            (
                np.arange(shape[0] * shape[1]) * 39_916_801 * 27_644_437 % 2**many - 2 ** (many - 1)
            ).reshape(shape)
            for shape, many in zip(((rows, terms), (terms, 6)), bits, strict=True)
        )
        right, size = weight @ x, np.abs(weight) @ np.abs(x)
        allowed = 2.0 * (terms + 16) * 2.0**-53 * size
        floats, columns = weight.astype(np.float64), x.astype(np.float64)
        single = [product(floats, columns[:, column]) for column in range(6)]
        batch = product(columns.T.copy(), floats.T)
        for found in (np.stack(single, axis=1), product(floats, columns), batch.T):
            if not (np.abs(found - right) <= allowed).all():
                return f"the product of a matrix ({rows} × {terms}) and a vector is wrong"
    return None
