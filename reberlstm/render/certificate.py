"""A certificate as a table for a notebook."""

from __future__ import annotations

from reberlstm.certificates import Certificate
from reberlstm.display import renders
from reberlstm.render import Field, Table, block, head

MARKS = {True: "✓", False: "✗", None: "?"}


@renders(Certificate, "html")
def certificate_html(certificate: Certificate) -> str:
    """The statement, and the figures behind it."""
    rows = [[head(name), Field(text, "")] for name, text in certificate.figures]
    return block(f"{MARKS[certificate.holds]} {certificate.statement}", [], Table(rows))
