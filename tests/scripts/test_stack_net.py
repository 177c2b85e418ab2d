"""Bounded brackets in the cells of a stack: right after every word, in as many cells as is said."""

import math
import random

import pytest
from stack_net import stack_net

import reberlstm as rl
from reberlstm.certificates import check
from reberlstm.errors import CompileError, GrammarError

SHAPES = [(1, 1), (1, 4), (2, 1), (2, 3), (3, 2), (4, 3), (5, 2), (8, 2), (2, 6)]


@pytest.mark.parametrize("violations", [False, True])
@pytest.mark.parametrize(("kinds", "depth"), SHAPES)
def test_it_is_proved_and_as_small_as_stated(kinds, depth, violations):
    net = stack_net(kinds, depth, violations=violations)
    bits = math.ceil(math.log2(kinds))
    assert net.size == depth * (1 + bits) + violations * (kinds // 2 + 1)
    certificate = rl.certify(net)
    assert certificate.holds
    assert certificate.scope == ("all" if violations else "legal")
    assert certificate.margin > 0.499
    assert check(certificate.to_dict(), net).valid


@pytest.mark.parametrize(("kinds", "depth"), SHAPES)
def test_it_says_what_a_list_as_a_stack_says(kinds, depth):
    net = stack_net(kinds, depth)
    rng = random.Random(10 * kinds + depth)
    for _ in range(30):
        word, stack, broken = [], [], False
        for _ in range(rng.randrange(1, 40)):
            kind, opens = rng.randrange(kinds), rng.random() < 0.55
            if not opens and stack and rng.random() < 0.9:
                kind = stack[-1]
            word.append(net.alphabet[2 * kind + (not opens)])
            if opens:
                broken |= len(stack) == depth
                stack.append(kind)
            else:
                broken |= not stack or stack.pop() != kind
            if broken:
                break
        legal = set() if broken else {net.alphabet[2 * stack[-1] + 1]} if stack else set()
        if not broken and len(stack) < depth:
            legal |= set(net.alphabet[::2])
        last = rl.trace(net, word).steps[-1]
        assert set(last.legal) == legal
        assert rl.trace(net, word).accepted == (not broken and not stack)


def test_errors_say_what_is_wrong():
    with pytest.raises(GrammarError, match="kinds of dyck-K-M, is 0"):
        stack_net(0, 3)
    with pytest.raises(CompileError, match="gain is -1"):
        stack_net(2, 3, gain=-1.0)
