"""docs/graph.md and the code that stands on it agree: no fact without a user, no citation without a fact."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, pages, section

PAGE = ROOT / "docs" / "graph.md"
CODE = ("webapp", "worker", "tests", "script", "migrations")
CITATION = re.compile(r"graph\.md#([a-z0-9-]+)")
FACT = re.compile(r"^### (.+)$", re.MULTILINE)
HOW_SURE = ("documented", "recorded", "observed", "unconfirmed")


def facts() -> list[str]:
    return FACT.findall(PAGE.read_text())


def readers() -> Iterator[Path]:
    for folder in CODE:
        for file in (ROOT / folder).rglob("*"):
            if (
                file.is_file()
                and file.suffix in {".py", ".html", ".js", ".css", ".md", ""}
                and file != Path(__file__)
            ):
                yield file
    yield from (page for page in pages() if page != PAGE)


def cited() -> set[str]:
    return {slug for file in readers() for slug in CITATION.findall(file.read_text())}


def test_every_fact_that_is_cited_is_on_the_page() -> None:
    assert cited() - set(facts()) == set()


def test_every_fact_on_the_page_is_cited_somewhere() -> None:
    assert set(facts()) - cited() == set()


def test_no_fact_stands_on_the_page_twice() -> None:
    assert len(facts()) == len(set(facts()))


@pytest.mark.parametrize("fact", facts())
def test_a_fact_says_where_it_is_from_how_sure_it_is_and_what_stands_on_it(fact: str) -> None:
    lines = dict(re.findall(r"^- \*\*(Source|How sure|Here)\*\*: (.+(?:\n  .+)*)", section(PAGE, fact), re.MULTILINE))

    assert set(lines) == {"Source", "How sure", "Here"}
    assert any(word in lines["How sure"].lower() for word in HOW_SURE)
    files = re.findall(r"`((?:webapp|worker)/[\w/]+\.py)`", lines["Here"])
    assert files
    assert [file for file in files if not (ROOT / file).is_file()] == []
