"""Machines as files and as links in the page: what a file means there is what Python's reader says."""

from __future__ import annotations

import json
import random
import warnings
from dataclasses import replace

import pytest

from reberlstm import formats
from reberlstm.errors import ReberLSTMError
from reberlstm.grammars import grammar_names, load_grammar
from reberlstm.machine.counters import finite
from reberlstm.machine.fsm import FSM
from reberlstm.render.page import _machine_data
from tests.formats.mutations import mutate
from tests.formats.test_dialects import CASES
from tests.formats.test_errors import BAD
from tests.formats.test_new_readers import BAD as NEW_BAD
from tests.formats.test_toml import BAD as TOML_BAD
from tests.formats.test_toml import GOOD
from tests.formats.valid import DETERMINISTIC, FOREIGN, MOORE, SUFFIX, valid_files
from tests.strategies import AWKWARD_NAMES, random_machine

pytestmark = pytest.mark.browser

READ = """(files) => {
  const { readFile } = $formats;
  return JSON.parse(files).map(([name, given]) => {
    const text = typeof given === "string" ? given : given[0] + given[1].repeat(given[2]) + given[3];
    const begin = performance.now();
    try {
      return { ...readFile(text, name), milliseconds: performance.now() - begin };
    } catch (error) {
      return { error: error.message, milliseconds: performance.now() - begin };
    }
  });
}"""

WRITE = """(machines) => {
  const { writeToml } = $formats;
  return JSON.parse(machines).map((machine) => writeToml(machine));
}"""

CARRY = """(machines) => {
  const { encodeMachine, decodeMachine } = $carry;
  return JSON.parse(machines).map((machine) => {
    const positions = Object.fromEntries(machine.states.map((state, k) => [state, [40 * k, -7 * k]]));
    const text = encodeMachine(machine, positions);
    const found = decodeMachine(text);
    const bare = decodeMachine(encodeMachine(machine));
    return { text, machine: found.machine, places: found.positions, wanted: positions, bare: bare.positions };
  });
}"""

ODD = FSM(
    alphabet=(
        "__proto__",
        "constructor",
        "<b>",
        "*",
        "_",
        ".",
        "é",
        "\U0001f600",
        '"',
        "\u202e",
        "1",
    ),
    start="10",
    accepting=frozenset({"__proto__"}),
    transitions={
        "10": {"__proto__": "9", "\u202e": "10", "1": "toString"},
        "9": {'"': "__proto__"},
        "__proto__": {"é": "10", "\U0001f600": "q. _*-\\'"},
        "toString": {},
        "q. _*-\\'": {"constructor": "\x7f\x1b\n"},
        "\x7f\x1b\n": {"<b>": "10"},
    },
    probabilities={"9": {'"': 1.0}, "__proto__": {"é": 1e-7, "\U0001f600": 1 - 1e-7}},
    stop={"__proto__": 0.125},
    name="</script><!--",
    title="= [odd] # \u05d0\u05d1",
    source="a\\b\tc",
)
"""Names that mean something to JavaScript, to TOML, to a link, or to a page."""


def fsm_of(data):
    """A machine of the page; JavaScript's tables have no order, so that is the lists'."""
    given = {key: data[key] for key in ("name", "title", "alphabet", "start", "accepting")}
    given |= {key: data.get(key, {}) for key in ("probabilities", "stop", "outputs")}
    lines = {state: data["transitions"][state] for state in data["states"]}
    assert len(lines) == len(data["transitions"])
    return FSM(**given, source=data.get("source", ""), transitions=lines)


def rounded(fsm):
    """All that a machine has, with its order, and numbers that may differ in the last bit rounded."""
    chances = {q: {a: round(p, 12) for a, p in x.items()} for q, x in fsm.probabilities.items()}
    stop = {state: round(p, 12) for state, p in fsm.stop.items()}
    rest = [
        getattr(fsm, key)
        for key in ("alphabet", "start", "accepting", "outputs", "name", "title", "source")
    ]
    return [
        fsm.states,
        {q: list(x.items()) for q, x in fsm.transitions.items()},
        chances,
        stop,
        *rest,
    ]


def read(name, content):
    """What Python reads, and whether it had to make a file deterministic; None where it refuses."""
    try:
        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always")
            return finite(
                formats.read(content, name, formats.format_to_read(name)), "the page"
            ), notes
    except ReberLSTMError:
        return None, []


def check(name, content, found):
    """The page reads the same machine as Python, or says in one line why not; True where it reads."""
    assert found["milliseconds"] < 5_000, f"{name}: on any machine; it takes at most 0.5 s on ours"
    if "error" in found:
        message = found["error"]
        assert message.startswith((f"{name}: ", f"{name}, line ")), message
        assert len(message.splitlines()) == 1, message
        assert len(message) < 600, message
        assert message.isprintable(), message
        return False
    fsm, _ = read(name, content)
    assert fsm is not None, f"{name}: only the page reads {content!r}"
    assert rounded(fsm_of(found["machine"])) == rounded(fsm), content
    return True


def ask(page, script, value):
    """What a function of the page returns; as text, since Playwright loses keys like __proto__."""
    text = json.dumps(value)
    return json.loads(page.evaluate(f"(given) => JSON.stringify(({script})(given))", text))


@pytest.fixture(scope="module")
def page(with_modules):
    return with_modules("formats", "carry")


def small_grammars():
    machines = [load_grammar(name) for name in grammar_names()]
    return [fsm for fsm in machines if isinstance(fsm, FSM) and len(fsm.states) <= 200]


def test_every_shipped_grammar_in_every_format(page):
    files = {}
    for fsm in [*small_grammars(), MOORE, ODD]:
        for format, suffix in SUFFIX.items():
            try:
                files[f"{len(files)}{suffix}"] = formats.write(fsm, format)
            except ReberLSTMError:
                continue
    assert len(files) > 140
    found = ask(page, READ, [[name, text.decode()] for name, text in files.items()])
    for (name, content), result in zip(files.items(), found, strict=True):
        assert check(name, content, result), result
    drawn = [x["positions"] for name, x in zip(files, found, strict=True) if name.endswith(".jff")]
    assert all(drawn)
    assert len(found[2]["positions"]) == len(found[2]["machine"]["states"])


def test_what_the_page_writes_and_what_a_link_carries(page):
    check_round_trip(page, [*small_grammars(), MOORE, ODD])


def test_random_machines_survive_a_file_and_a_link(page):
    check_round_trip(page, [random_one(seed) for seed in range(40)])


def random_one(seed):
    """A machine with names that a careless writer of files would trip over."""
    rng = random.Random(seed)
    fsm = random_machine(seed, states=rng.randint(1, 40), symbols=rng.randint(1, 5), density=0.7)
    names = [*AWKWARD_NAMES, *ODD.states, *map(str, range(20, 0, -1)), *fsm.states]
    rng.shuffle(names)
    fsm = fsm._merged(dict(zip(fsm.states, dict.fromkeys(names), strict=False)))
    chances = {}
    for state, line in fsm.transitions.items():
        shares = [rng.random() for _ in line]
        if line and rng.random() < 0.3:
            chances[state] = {a: x / sum(shares) for a, x in zip(line, shares, strict=True)}
    stop = {state: rng.random() for state in fsm.ends if fsm.transitions[state]}
    outputs = {state: rng.choice(["ε", "<b>", "low"]) for state in fsm.states if seed % 2}
    return replace(fsm, probabilities=chances, stop=stop, outputs=outputs)


def check_round_trip(page, drawn):
    texts = ask(page, WRITE, [_machine_data(fsm) for fsm in drawn])
    carried = ask(page, CARRY, [_machine_data(fsm) for fsm in drawn])
    for fsm, text, link in zip(drawn, texts, carried, strict=True):
        assert formats.read(text.encode(), "page.toml", "toml") == fsm
        assert rounded(formats.read(text.encode(), "page.toml", "toml")) == rounded(fsm)
        assert rounded(fsm_of(link["machine"])) == rounded(fsm)
        assert link["places"] == link["wanted"]
        assert link["bare"] is None
        assert set(link["text"]) <= set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._*"
        )
        assert len(fsm.states) > 10 or fsm is ODD or len(link["text"]) < 600


def mutated(count, seed):
    """Valid files of all formats, and as many damaged ones."""
    rng = random.Random(seed)
    valid = [
        *valid_files().items(),
        *((name, text.encode()) for name, text in DETERMINISTIC.items()),
    ]
    others = [text for _, text in valid]
    yield from valid
    for _ in range(count):
        name, text = rng.choice(valid)
        # A file's text is what a browser makes of its bytes.
        damaged = mutate(text, rng, others).decode("utf-8", "replace")
        yield (name if rng.random() < 0.9 else "input"), damaged.encode()


def known_files():
    """The files of the tests of Python's readers, valid and not."""
    yield from ((case.format, case.text) for case in CASES.values())
    for format, text, old, new, _ in BAD.values():
        yield format, text.replace(old, new)
    for format, text, _ in NEW_BAD.values():
        yield format, text
    for old, new, *_ in TOML_BAD.values():
        yield "toml", GOOD.replace(old, new)


IN_LABEL = (
    '{"graph": {"start": "a"}, "nodes": [{"id": "a"}], "edges": [{"source": "a", "target": "a", "label": "',
    '"}]}',
)
IN_DOT = ('digraph { a [root=true]; a -> a [label="', '"] }')
IN_JFF = (
    '<structure><state id="0"><initial/></state><transition><from>0</from><to>0</to><read>',
    "</read></transition></structure>",
)

# Each: how it begins, what is in it so many times, and how it ends.
HOSTILE = {
    "deep.toml": ("a = ", "[", 490_000, ""),
    "comments.toml": ("", "#\n", 240_000, ""),
    "escapes.toml": ('a\u00a0= "', '\\"', 240_000, ""),
    "open.toml": ("", '"', 490_000, ""),
    "values.toml": ("x = [", '"a",\n', 9_000, "]"),
    "dots.toml": ("", "a.", 240_000, "a = 1"),
    "deep.json": ("", "[", 490_000, ""),
    "keys.json": ("", '{"a":', 80_000, ""),
    "nodes.json": ('{"nodes": [', '{"id": 1},', 40_000, '0], "edges": []}'),
    "blanks.json": (f"{IN_LABEL[0]}a", " ", 400_000, f"x{IN_LABEL[1]}"),
    "slashes.json": (IN_LABEL[0], "a/", 2_000, IN_LABEL[1]),
    "deep.jff": ("", "<structure>", 40_000, ""),
    "elements.jff": ("<structure>", "<a/>", 100_000, "</structure>"),
    "ranges.jff": (IN_JFF[0], "[!-\u03e0]", 600, IN_JFF[1]),
    "entity.jff": ('<!DOCTYPE x [<!ENTITY a "', "b", 1_000, '">]><structure>&a;</structure>'),
    "comments": ("", "/* */", 90_000, ""),
    "remarks": ("", "<!-- -->", 60_000, ""),
    "bars.dot": ("/*", "*", 490_000, ""),
    "deep.dot": ("digraph ", "{", 400_000, ""),
    "slashes.dot": (IN_DOT[0], "a/", 200_000, IN_DOT[1]),
    "chances.dot": (IN_DOT[0], "0.", 2_400, IN_DOT[1]),
    "brackets.dot": (IN_DOT[0], "([", 2_400, IN_DOT[1]),
    "blanks.dot": (f"{IN_DOT[0]}a", " ", 4_900, f"b{IN_DOT[1]}"),
    "quotes.mata": ('@NFA-explicit\n"', '\\"', 240_000, ""),
    "arrows.ba": ("a,", "->", 240_000, ""),
    "large.att": ("", "0 1 a a\n", 200_000, ""),
}
"""What would take a careless reader minutes."""


def test_files_that_python_knows_and_hostile_ones(page):
    suffixes = {**SUFFIX, "hoa": ".hoa", "kiss": ".kiss2", "scxml": ".scxml", "xstate": ".json"}
    texts = [(format, text) for format, text in known_files() if format in suffixes]
    files = [(f"{number}{suffixes[format]}", text) for number, (format, text) in enumerate(texts)]
    assert len(files) > 150
    found = ask(page, READ, [*files, *HOSTILE.items()])
    read_by_page = [
        check(name, text.encode(), x) for (name, text), x in zip(files, found, strict=False)
    ]
    assert sum(read_by_page) >= 15
    for (name, (begin, piece, times, end)), x in zip(
        HOSTILE.items(), found[len(files) :], strict=True
    ):
        check(name, (begin + piece * times + end).encode(), x)


@pytest.mark.parametrize("count", [200, pytest.param(20_000, marks=pytest.mark.slow)])
def test_damaged_files(page, count):
    files = list(mutated(count, 4))
    found = ask(page, READ, [[name, text.decode()] for name, text in files])
    for (name, text), result in zip(files, found, strict=True):
        assert (
            check(name, text, result)
            or name not in DETERMINISTIC
            or text != DETERMINISTIC[name].encode()
        )
    assert sum("machine" in result for result in found) > count / 8


# Each: the file, and what the page says: what is wrong, where, and what to do.
SAID = {
    "nfa.att": (
        "0 1 a\n0 0 a\n1\n",
        "nfa.att, line 2: two arrows leave “0” on “a”: this machine is not deterministic; `reberlstm convert FILE machine.toml` makes a file of it that the page reads",
    ),
    "epsilon.jff": (FOREIGN["nfa.jff"], "an arrow from “q1” reads no symbol (ε)"),
    "mealy.dot": (
        FOREIGN["mealy.dot"],
        "mealy.dot, line 5: the label “a / x” has a slash: an output, an action or a list",
    ),
    "start.dot": (
        'digraph { a -> b [label="0"] }',
        "no start state; mark it by an edge from a node without a shape",
    ),
    "label.dot": (
        'digraph { i [shape=point]; i -> a;\n a -> b [label="0"];\n b -> a }',
        "label.dot, line 3: the edge from “b” to “a” has no label; give it a symbol",
    ),
    "finite.hoa": (
        FOREIGN["finite.hoa"],
        "a file of the Hanoi format, which the page does not read; `reberlstm convert",
    ),
    "anbn.toml": (
        formats.write(load_grammar("anbn"), "toml").decode(),
        "a machine with counters; the page draws finite machines: `reberlstm fsm bound anbn.toml --counters 10 -o machine.toml` makes one",
    ),
    "machine.dot.gz": ("", "a compressed file; unpack it first"),
    "machine.docx": (
        "",
        "the suffix “.docx” names no format of machines; the page reads .toml .dot",
    ),
    "large.att": (
        "".join(f"{i} {i + 1} a\n" for i in range(300)),
        "more than 200 states, which is what a page takes at most",
    ),
    "open.toml": ('name = "a\nalphabet = ["b"]\n', "open.toml, line 1: not TOML: "),
    "comma.json": (
        '{"nodes": [1,]}',
        "comma.json, line 1: not JSON; look for a comma or a quote that is missing near there",
    ),
}


def test_what_is_said_of_files_that_are_not_read(page):
    files = [(name, text) for name, (text, _) in SAID.items()]
    for (name, (_, expected)), result in zip(SAID.items(), ask(page, READ, files), strict=True):
        assert expected in result["error"], name
