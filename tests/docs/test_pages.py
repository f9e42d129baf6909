"""What the pages say of files, addresses and settings is so."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.pages import ROOT, anchors, links, pages

MACHINE = re.compile(r"(?<![\w.])/(?:work|root|home|tmp|Users)/")


def name_of(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("document", pages(), ids=name_of)
def test_every_link_of_a_page_leads_somewhere(document: Path) -> None:
    broken = []
    for link in links(document):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / unquote(path)).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert not broken


@pytest.mark.parametrize("document", pages(), ids=name_of)
def test_no_page_names_a_place_that_only_one_machine_has(document: Path) -> None:
    assert not MACHINE.findall(document.read_text())


def test_every_page_and_picture_is_reached_from_the_readme() -> None:
    reached, to_read = set[Path](), [ROOT / "README.md"]
    while to_read:
        page = to_read.pop()
        reached.add(page)
        if page.suffix != ".md":
            continue
        for link in links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            if not link.startswith("http") and target.is_file() and target not in reached:
                to_read.append(target)
    everything = {path for path in (ROOT / "docs").rglob("*") if path.is_file()}

    assert everything - reached == set()
