"""`regex:` against Python's `re`: all short expressions, and what `re` has not."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from itertools import product

import pytest

from reberlstm.errors import ReberLSTMError
from reberlstm.formats import regex
from reberlstm.machine.fsm import FSM

WORDS = ["".join(word) for length in range(4) for word in product("ab", repeat=length)]

SMALL = ("a", "b", "|", "*", "(", ")", "{0}", "?")
LARGE = (*SMALL, "+", "{1,2}", "{,1}", "{2,}", ".", "[ab]", "[^a]", "(?:")


def expressions(tokens: tuple[str, ...], length: int) -> Iterator[str]:
    for size in range(1, length + 1):
        yield from ("".join(some) for some in product(tokens, repeat=size))


def read(expression: str) -> tuple[FSM | None, str]:
    """The machine, or the message of the error."""
    try:
        return regex.read(expression), ""
    except ReberLSTMError as error:
        return None, str(error)


def compare(tokens: tuple[str, ...], length: int) -> int:
    """How many expressions both read; they must agree on all short words."""
    both = 0
    for expression in expressions(tokens, length):
        try:
            peer = re.compile(expression)
        except re.error:
            peer = None
        machine, message = read(expression)
        if machine is None:
            # Possessive repetitions, flags, and what has no symbol at all are refused.
            refused = re.search(r"[*+?}]\+", expression) or re.search("no (symbol|group)", message)
            assert peer is None or refused, (expression, message)
            continue
        if peer is None:  # a repetition of a repetition, which `re` wants in parentheses
            assert re.search(r"([*+?}])[*{?]", expression), expression
            continue
        both += 1
        # Sets and dots are over the symbols of the expression.
        only = set(machine.alphabet)
        open_set = "." in expression or "[^" in expression
        for word in WORDS:
            known = only.issuperset(word)
            if known or not open_set:
                said = known and machine.accepts(word)
                assert said == bool(peer.fullmatch(word)), (expression, word)
    return both


def test_all_short_expressions() -> None:
    assert compare(SMALL, 4) > 450
    assert compare(LARGE, 3) > 700


@pytest.mark.slow
def test_all_expressions_of_five_tokens() -> None:
    assert compare(SMALL, 5) > 9_000
    assert compare(LARGE, 4) > 10_000


@pytest.mark.parametrize(
    ("expression", "alphabet", "yes", "no"),
    [
        ("^(0|1)*1$", "01", ["1", "01"], ["", "10"]),
        (r"a\$", "a$", ["a$"], ["a", "$"]),
        (r"a\\$", "a\\", ["a\\"], ["a"]),
        ("[$^]", "$^", ["$", "^"], [""]),
        ("a{0}b", "ab", ["b"], ["ab", "a"]),
        ("(ab){0,0}c", "abc", ["c"], ["abc"]),
        ("a+?b", "ab", ["ab", "aab"], ["b"]),
        (r"\d+\.\d", "0123456789.", ["12.3"], [".1", "1."]),
        (r"[\]a-c\-]", "-]abc", ["]", "-", "b"], [""]),
        (r"[]a]\x41\u0062", "]aAb", ["]Ab", "aAb"], [""]),
        ("ab^c", "abc", ["abc", "acb", "cab"], ["ab", "ba"]),
        ("(a|b)*a&(a|b){2}", "ab", ["aa", "ba"], ["a", "ab", "aba"]),
        ("a|b&b", "ab", ["b"], ["a"]),
        ("a||b", "ab", ["", "a", "b"], ["ab"]),
    ],
)
def test_what_expressions_mean(
    expression: str, alphabet: str, yes: list[str], no: list[str]
) -> None:
    machine = regex.read(expression)
    assert set(machine.alphabet) == set(alphabet)
    assert all(map(machine.accepts, yes))
    assert not any(map(machine.accepts, no))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("a$b", r"'\$' has no meaning there; write \\\$ for the symbol"),
        ("(^a)", r"an operand of '\^' is missing; write \\\^"),
        ("a&", "an operand of '&' is missing"),
        ("a*+", r"'\+' after a repetition; put what is repeated in parentheses"),
        ("(?=a)b", r"'\(\?=a' is no group of a regular language"),
        (r"(a)\1", r"\\1 has no meaning here"),
        (r"\ba", r"\\b has no meaning here"),
        ("[z-a]", "the range z-a is empty"),
        ("a{3,2}", "the larger number comes first"),
        ("a)", r"'\)' closes no group"),
        ("*a", r"'\*' has nothing to repeat"),
        ("a{1000}{1000}", "too large"),
        ("(" * 4000 + "a{999}" + ")" * 4000 + "{999}", "too large"),
        (r"[\u0000-\uffff]", "too large"),
    ],
)
def test_what_is_refused(expression: str, message: str) -> None:
    began = time.process_time()
    with pytest.raises(ReberLSTMError, match=message) as error:
        regex.read(expression)
    assert len(str(error.value).splitlines()) == 1
    assert time.process_time() - began < 10
