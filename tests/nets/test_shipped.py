"""The net that is shipped was trained, not wired, and is proved all the same, without torch."""

import subprocess
import sys
from pathlib import Path

import reberlstm as rl
from reberlstm.certificates import check

SHIPPED = Path(rl.__file__).parent / "nets" / "shipped" / "reber-4.safetensors"


def test_four_trained_cells_are_proved_and_the_checker_agrees() -> None:
    net, reber = rl.load(SHIPPED), rl.load_grammar("reber")
    assert net.size == 4
    assert net.gain is None
    certificate = rl.certify(net, reber)
    assert certificate.holds
    assert certificate.scope == "legal"
    assert certificate.margin > 3.0
    assert check(certificate.to_dict(), net, reber).valid


def test_it_says_what_the_grammar_says() -> None:
    net, reber = rl.load(SHIPPED), rl.load_grammar("reber")
    for word in reber.prefixes(14):
        state = reber.run(word)
        if word and reber.legal(state):
            assert set(rl.trace(net, word).steps[-1].legal) == reber.legal(state)


def test_no_torch_is_loaded_for_it() -> None:
    code = (
        "import sys, reberlstm as rl; rl.certify(rl.load(sys.argv[1]));"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(SHIPPED)], check=True)
