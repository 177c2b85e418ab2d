"""A certificate as a table for a notebook."""

from __future__ import annotations

from reberlstm.certificates import Certificate
from reberlstm.display import renders
from reberlstm.render import Field, Table, block, head

MARKS = {True: "✓", False: "✗", None: "?"}


@renders(Certificate, "html")
def certificate_html(certificate: Certificate) -> str:
    """The statement, and the figures behind it."""
    title, *figures = str(certificate).splitlines()
    rows = []
    for line in figures:
        name, _, text = line.strip().partition("  ")
        rows.append([head(name), Field(text.strip(), "")])
    return block(f"{MARKS[certificate.holds]} {title}", [], Table(rows))
