"""What has to agree before a release: versions, what is tested, what is promised."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import reberlstm as rl

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOW = (ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8")


def test_one_version_everywhere() -> None:
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.findall(r"^version: (.*)$", citation, re.M) == [rl.__version__]
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## (\S+) \((?:unreleased|\d{4}-\d\d-\d\d)\)$", changelog, re.M)
    assert versions[0] == rl.__version__
    assert versions == sorted(versions, reverse=True)
    assert changelog.count("\n## ") == len(versions)


def test_the_workflow_tests_the_pythons_that_are_promised() -> None:
    (line,) = re.findall(r"^        python: \[(.*)\]$", WORKFLOW, re.M)
    tested = re.findall(r"3\.\d+", line)
    assert tested == re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert PROJECT["requires-python"] == f">={tested[0]}"


def test_every_dependency_says_its_lowest_version() -> None:
    extras = PROJECT["optional-dependencies"].values()
    for entry in [*PROJECT["dependencies"], *(one for extra in extras for one in extra)]:
        assert entry.startswith("reberlstm[") or re.match(r"[\w-]+>=\d", entry), entry
