r"""The Hanoi omega-automata format (.hoa), where it is used for finite words.

    HOA: v1
    States: 2
    Start: 0
    AP: 1 "a"
    acc-name: finite
    Acceptance: 1 Final(0)
    --BODY--
    State: 0
    [0] 1
    [!0] 0
    State: 1 {0}
    --END--

Described at https://adl.github.io/hoaf/. The format is made for infinite words: acceptance by what
is seen infinitely often (Büchi, Rabin, parity, ...) says nothing of finite ones, and is refused.
Some tools use it for finite words, with ``acc-name: finite`` or the condition ``Final(0)``; there
a word is accepted if its run ends in a state, or on an edge, of set 0. A symbol is a valuation of
the atomic propositions, written like ``a&!b``.
"""

from __future__ import annotations

import re
from itertools import product

from reberlstm.errors import shown
from reberlstm.formats.draft import Draft
from reberlstm.machine.fsm import FSM

MAX_PROPOSITIONS = 8
"""How many atomic propositions there may be: n make 2ⁿ symbols."""

MAX_DEPTH = 100
"""How deep the formula of a label may be nested."""

_TOKEN = re.compile(
    r"""\s*(?:(?>/\*.*?\*/)\s*)*(?:
      (?P<header>[A-Za-z_][\w-]*:) | (?P<mark>--\w+--|[][(){}!&|]) | (?P<number>[0-9]+)
    | (?P<string>"(?:[^"\\]|\\.)*") | (?P<alias>@[\w-]+) | (?P<name>[A-Za-z_][\w-]*) )""",
    re.DOTALL | re.VERBOSE,
)
_FINITE = {"finite", "nfa", "dfa", "finite-words"}


def read(text: str, where: str) -> FSM:
    """Parse a file of the Hanoi format; `where` names the file in messages.

    Raises:
        FormatError: naming the line that is not of the format, or saying that the automaton reads
            infinite words.
        GrammarError: where the whole describes no machine.
    """
    return _Reader(text, where).fsm()


class _Reader:
    """A recursive descent with one token ahead: its `kind` and its text `word`."""

    def __init__(self, text: str, where: str) -> None:
        self.text, self.position, self.offset = text, 0, 0
        self.draft = Draft(
            where,
            "name it, as in Start: 0",
            lambda at: f":{text.count(chr(10), 0, at) + 1}" if isinstance(at, int) else "",
        )
        self.kind = self.word = ""
        self.aliases: dict[str, int] = {}
        self.ends: list[int] = []
        self.arcs: list[tuple[int, int, int, bool, int]] = []
        self.scan()

    def error(self, message: str) -> Exception:
        return self.draft.error(self.offset, message)

    def scan(self) -> None:
        match = _TOKEN.match(self.text, self.position)
        if match is None:
            rest = self.text[self.position :].lstrip()
            self.offset = len(self.text) - len(rest)
            if rest:
                raise self.error(f"found {shown(rest[:20])}, which cannot stand here")
            self.kind, self.word = "end", ""
            return
        self.kind, self.position = match.lastgroup or "", match.end()
        self.word, self.offset = match[self.kind], match.start(self.kind)

    def take(self, kind: str, what: str) -> str:
        if self.kind != kind:
            found = "the end of the file" if self.kind == "end" else shown(self.word)
            raise self.error(f"expected {what}, found {found}")
        word = self.word
        self.scan()
        return word

    def number(self, what: str) -> int:
        offset, digits = self.offset, self.take("number", what)
        if len(digits) > 9:
            raise self.draft.error(offset, f"{what} of {len(digits)} digits")
        return int(digits)

    def skip(self, mark: str) -> bool:
        found = self.kind == "mark" and self.word == mark
        if found:
            self.scan()
        return found

    # Header

    def fsm(self) -> FSM:
        if self.take("header", "'HOA:'") != "HOA:":
            raise self.draft.error(0, "expected 'HOA:' at the beginning")
        headers: dict[str, list[tuple[str, str, int]]] = {"HOA:": []}
        key = "HOA:"
        while not (self.kind == "mark" and self.word == "--BODY--"):
            if self.kind == "end":
                raise self.error("expected --BODY--, found the end of the file")
            if self.kind == "header":
                key = self.word
                if key == "Alias:":
                    self.propositions(headers)
                    self.scan()
                    name = self.take("alias", "a name such as @a")
                    self.aliases[name] = self.formula(0)
                    continue
            else:
                headers.setdefault(key, []).append((self.kind, self.word, self.offset))
            self.scan()
        self.refuse_infinite_words(headers)
        self.propositions(headers)
        self.scan()
        self.draft.name = self.quoted(headers.get("name:", []))
        while not self.skip("--END--"):
            self.state()
        self.finish(headers.get("Start:", []))
        return self.draft.finish()

    def quoted(self, values: list[tuple[str, str, int]]) -> str:
        strings = [word[1:-1] for kind, word, _ in values if kind == "string"]
        return re.sub(r"\\(.)", r"\1", strings[0]) if strings else ""

    def refuse_infinite_words(self, headers: dict[str, list[tuple[str, str, int]]]) -> None:
        names = {word.lower() for _, word, _ in headers.get("acc-name:", [])[:1]}
        condition = [word for _, word, _ in headers.get("Acceptance:", [])]
        if not names & _FINITE and "Final" not in condition:
            said = " ".join(word for _, word, _ in headers.get("acc-name:", []))
            raise self.draft.error(
                None,
                "an automaton of infinite words, as its acceptance is "
                f"{shown(said or ' '.join(condition))}: it says nothing of finite ones; where it "
                "is meant for them, write acc-name: finite and Acceptance: 1 Final(0)",
            )
        if "".join(condition) not in ("1Final(0)", "1Inf(0)", "0t"):
            raise self.draft.error(
                None, "the acceptance of finite words is one set: Acceptance: 1 Final(0)"
            )
        self.all_accept = condition == ["0", "t"]

    def propositions(self, headers: dict[str, list[tuple[str, str, int]]]) -> None:
        """The symbols, and for each proposition those in which it holds, as bits of a number."""
        if self.draft.alphabet is not None:
            return
        values = headers.get("AP:", [])
        names = [self.quoted([value]) for value in values[1:]]
        if len(names) > MAX_PROPOSITIONS:
            raise self.draft.error(
                values[0][2],
                f"{len(names)} atomic propositions make 2^{len(names)} symbols; the limit is "
                f"2^{MAX_PROPOSITIONS}",
            )
        valuations = [bits[::-1] for bits in product((False, True), repeat=len(names))]
        self.draft.alphabet = [
            "&".join(("" if holds else "!") + name for name, holds in zip(names, bits, strict=True))
            or "t"
            for bits in valuations
        ]
        self.every = (1 << len(valuations)) - 1
        self.holds = [
            sum(1 << index for index, bits in enumerate(valuations) if bits[number])
            for number in range(len(names))
        ]

    # Body

    def formula(self, depth: int) -> int:
        """A formula over propositions: the set of symbols in which it holds, as bits."""
        found = self.conjunction(depth)
        while self.skip("|"):
            found |= self.conjunction(depth)
        return found

    def conjunction(self, depth: int) -> int:
        found = self.literal(depth)
        while self.skip("&"):
            found &= self.literal(depth)
        return found

    def literal(self, depth: int) -> int:
        negated = False
        while self.skip("!"):
            negated = not negated
        if depth > MAX_DEPTH:
            raise self.error(f"parentheses nested more than {MAX_DEPTH} deep")
        if self.skip("("):
            found = self.formula(depth + 1)
            if not self.skip(")"):
                raise self.error(f"expected ')', found {shown(self.word)}")
        elif self.kind == "number":
            offset, number = self.offset, self.number("a proposition")
            if number >= len(self.holds):
                raise self.draft.error(offset, f"there is no proposition {number}")
            found = self.holds[number]
        elif self.kind == "alias":
            if self.word not in self.aliases:
                raise self.error(f"the alias {shown(self.word)} is not defined")
            found = self.aliases[self.word]
            self.scan()
        elif self.kind == "name" and self.word in ("t", "f"):
            found = self.every if self.word == "t" else 0
            self.scan()
        else:
            raise self.error(f"expected a proposition, found {shown(self.word or 'the end')}")
        return self.every & ~found if negated else found

    def label(self) -> int | None:
        if not self.skip("["):
            return None
        found = self.formula(0)
        if not self.skip("]"):
            raise self.error(f"expected ']', found {shown(self.word)}")
        return found

    def marks(self) -> bool:
        """Whether the acceptance sets that stand here include set 0."""
        found = False
        if self.skip("{"):
            while not self.skip("}"):
                found |= self.number("the number of an acceptance set") == 0
        return found

    def state(self) -> None:
        if self.take("header", "'State:' or --END--") != "State:":
            raise self.error("expected 'State:'")
        common = self.label()
        offset, key = self.offset, self.number("the number of a state")
        name = self.take("string", "a name")[1:-1] if self.kind == "string" else ""
        source = self.draft.state(key, offset, name)
        self.draft.names[source] = name or self.draft.names[source]
        self.draft.places[source] = offset
        if self.marks() or self.all_accept:
            self.ends.append(source)
        implicit = 0
        while self.kind == "number" or (self.kind == "mark" and self.word == "["):
            offset, label = self.offset, self.label()
            if label is None:
                label = common if common is not None else 1 << implicit
                implicit += 1
            target = self.draft.state(self.number("the number of a state"), offset)
            if self.skip("&"):
                raise self.draft.error(offset, "an alternating automaton, which is not read")
            self.arcs.append((source, label & self.every, target, self.marks(), offset))

    def finish(self, start: list[tuple[str, str, int]]) -> None:
        """Add the transitions. A state entered by a marked edge is a state of its own."""
        draft = self.draft
        if any(word == "&" for _, word, _ in start):
            raise draft.error(start[0][2], "an alternating automaton, which is not read")
        for kind, word, offset in start:
            if kind == "number":
                draft.initial[draft.state(int(word[:9]), offset)] = None
        draft.accepting = set(self.ends)
        plain, states = list(draft.names), len(draft.names)
        if any(marked for *_, marked, _ in self.arcs):
            for number in range(states):
                draft.state(("marked", number), draft.places[number], f"{plain[number] or number}!")
                draft.accepting.add(states + number)
        for source, label, target, marked, offset in self.arcs:
            for copy in (source, source + states)[: 1 + (len(draft.names) > states)]:
                for number, symbol in enumerate(draft.alphabet or ()):
                    if label >> number & 1:
                        draft.arc(copy, symbol, target + states * marked, offset)
