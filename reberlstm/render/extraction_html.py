"""What a notebook shows of an extraction: verdict, machine, states and pictures."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape

from reberlstm.errors import ReberLSTMError
from reberlstm.extraction import Extraction
from reberlstm.render.extraction import ended_text, word_text
from reberlstm.render.extraction_plots import PICTURES, picture

MOST_ROWS = 40
MOST_SYMBOLS = 24

CAPTIONS = {
    "machines": "the machine",
    "memories": "where its states lie in the memory",
    "cells": "what every part of the memory is in every state",
}


def to_html(found: Extraction) -> str:
    """The whole display; pictures are left out where they cannot be drawn, with the reason."""
    return "".join(_parts(found))


def _parts(found: Extraction) -> Iterator[str]:
    fsm = found.fsm
    yield f"<p><b>{escape(fsm.name)}</b>: {len(fsm.states)} states; {escape(ended_text(found))}</p>"
    yield _table(
        ("compared", "verdict", "word", "evidence"),
        [
            (
                f"{pair.left} and {pair.right}",
                pair.relation,
                "" if pair.word is None else word_text(fsm, pair.word),
                pair.evidence,
            )
            for pair in found.verdict
        ],
    )
    if len(fsm.states) <= MOST_ROWS and len(fsm.alphabet) <= MOST_SYMBOLS:
        yield _table(
            ("state", "", *fsm.alphabet),
            [
                (
                    ("→ " if state == fsm.start else "") + state,
                    "accepting" if state in fsm.accepting else "",
                    *(line.get(symbol, "") for symbol in fsm.alphabet),
                )
                for state, line in fsm.transitions.items()
            ],
        )
    for what in PICTURES:
        yield _figure(found, what)


def _figure(found: Extraction, what: str) -> str:
    """A picture as an image of its own, so that names in one SVG do not meet those of another."""
    try:
        content = picture(found, what, "svg")
    except ReberLSTMError as error:
        return f"<p>no picture of {CAPTIONS[what]}: {escape(str(error))}</p>"
    source = "data:image/svg+xml;base64," + base64.b64encode(content).decode("ascii")
    return (
        f'<figure><img src="{source}" alt="{CAPTIONS[what]}" style="max-width:100%">'
        f"<figcaption>{CAPTIONS[what]}</figcaption></figure>"
    )


def _table(heading: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    def row(cells: tuple[str, ...], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return f"<table>{row(heading, 'th')}{''.join(row(cells, 'td') for cells in rows)}</table>"
