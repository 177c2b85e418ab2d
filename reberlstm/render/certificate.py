"""A certificate as a table for a notebook."""

from __future__ import annotations

from reberlstm.certificates import Certificate
from reberlstm.certificates.report import figure
from reberlstm.display import renders
from reberlstm.render import Field, Table, block, head

MARKS = {True: "✓", False: "✗", None: "?"}

WIDTH = len(figure("", ""))
"""Where the text begins in a line of a certificate's figures."""


@renders(Certificate, "html")
def certificate_html(certificate: Certificate) -> str:
    """The statement, and the figures behind it."""
    title, *figures = str(certificate).splitlines()
    rows = [[head(line[:WIDTH].strip()), Field(line[WIDTH:].strip(), "")] for line in figures]
    return block(f"{MARKS[certificate.holds]} {title}", [], Table(rows))
