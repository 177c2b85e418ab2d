"""A report as JUnit XML, which services that run tests show: a test suite for each kind of cell."""

from __future__ import annotations

from xml.etree import ElementTree

from reberlstm.conformance import Report
from reberlstm.errors import printable


def to_junit(report: Report) -> bytes:
    """The report as a file in the form that JUnit, and everything after it, uses.

    A check that is wrong is a failure, one where the runtime raised an error an error, and one that
    was not run is skipped.

    Example:
        >>> from reberlstm.conformance import check_runtime
        >>> text = to_junit(check_runtime("torch", kinds=("rnn",), steps=100)).decode()
        >>> text.splitlines()[1].startswith('<testsuites name="torch')
        True
    """
    root = ElementTree.Element("testsuites", name=printable(report.runtime))
    for kind in dict.fromkeys(check.kind for check in report.checks):
        own = [check for check in report.checks if check.kind == kind]
        count = {
            "tests": len(own),
            "failures": sum(check.outcome == "wrong" for check in own),
            "errors": sum(check.outcome == "refused" for check in own),
            "skipped": sum(check.outcome == "not run" for check in own),
        }
        suite = ElementTree.SubElement(root, "testsuite", name=kind)
        for name, number in count.items():
            suite.set(name, str(number))
        findings = [finding for finding in report.findings if finding.kind == kind]
        for check in own:
            case = ElementTree.SubElement(suite, "testcase", classname=kind, name=check.check)
            if check.outcome == "right":
                continue
            says = [finding.says for finding in findings if check.check in finding.checks]
            detail = "; ".join([*says, check.note or str(check.place or "")])
            tag = {"wrong": "failure", "refused": "error", "not run": "skipped"}[check.outcome]
            element = ElementTree.SubElement(case, tag, message=printable(detail))
            element.text = printable(check.about)
    ElementTree.indent(root)
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"
