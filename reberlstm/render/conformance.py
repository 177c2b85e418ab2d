"""A report on a runtime: as text, and as a badge."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from reberlstm.conformance import Report
from reberlstm.display import renders
from reberlstm.errors import printable
from reberlstm.render import table_lines, wrapped

OUTCOMES = ("right", "wrong", "refused", "not run")


@renders(Report, "text")
def report_lines(report: Report, width: int = 100) -> Iterator[str]:
    """A table of the checks by kind of cell, and below it what was found."""
    yield printable(f"{report.runtime}, {report.dtype}: {report.summary}")
    yield f"hidden states may be off by {report.tolerance:g}; {report.seconds:.1f} s"
    yield ""
    rows = [["cell", *OUTCOMES, "largest error"]]
    for kind in dict.fromkeys(check.kind for check in report.checks):
        own = [check for check in report.checks if check.kind == kind]
        errors = [check.error for check in own if check.error is not None]
        counts = [str(sum(check.outcome == x for check in own)) for x in OUTCOMES]
        rows.append([kind, *counts, f"{max(errors):.1e}" if errors else ""])
    yield from table_lines(rows, width, numbers=True)
    left_out = [check for check in report.checks if check.outcome == "not run"]
    run = {check.kind for check in report.checks if check.outcome != "not run"}
    if left_out:
        yield ""
    for kind in dict.fromkeys(check.kind for check in left_out if check.kind not in run):
        note = next(check.note for check in left_out if check.kind == kind)
        yield from wrapped(f"not run: {kind} ({note})", width, "  ")
    for kind, note in dict.fromkeys((x.kind, x.note) for x in left_out if x.kind in run):
        names = [
            check.check.removeprefix(f"{kind}-")
            for check in report.checks
            if (check.kind, check.outcome, check.note) == (kind, "not run", note)
        ]
        yield from wrapped(f"not run, {kind}: {', '.join(names)} ({note})", width, "  ")
    for finding in report.findings:
        yield ""
        yield from wrapped(f"{finding.kind}, {finding.fault}: {finding.says}", width, "  ")
        for other in finding.others:
            yield from wrapped(f"  or: {other}", width, "    ")
        sure = "certain" if finding.certain else "not certain"
        yield from wrapped(f"  {sure}: {finding.evidence}", width, "    ")
        names = [check.removeprefix(f"{finding.kind}-") for check in finding.checks]
        yield from wrapped(f"  wrong checks: {', '.join(names)}", width, "    ")
        places = {check.check: check for check in report.checks}
        first = places[finding.checks[0]]
        where = first.note if first.place is None else str(first.place)
        if finding.fault != "unknown":
            yield from wrapped(f"  first: {first.check}, {where}", width, "    ")


@renders(Report, "html")
def report_html(report: Report) -> str:
    """For a notebook: what is printed on a terminal."""
    return f"<pre>{escape(chr(10).join(report_lines(report)))}</pre>"


@renders(Report, "svg")
def badge(report: Report) -> str:
    """A badge: what was checked, and how many checks are right."""
    run = len(report.checks) - report.count("not run")
    left = "recurrent nets"
    right = f"{report.count('right')} of {run} right"
    # About 6.5 pixels for a letter of this font at 11 pixels.
    a, b = (round(6.5 * len(text)) + 12 for text in (left, right))
    colour = "#1a7f37" if report.holds else "#b35900"
    title = escape(printable(f"{report.runtime}, {report.dtype}: {report.summary}"))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{a + b}" height="20" role="img">
<title>{title}</title>
<rect width="{a}" height="20" fill="#444"/>
<rect x="{a}" width="{b}" height="20" fill="{colour}"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{a / 2:g}" y="14">{left}</text>
<text x="{a + b / 2:g}" y="14">{right}</text>
</g>
</svg>
"""
