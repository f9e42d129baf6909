"""What is kept of other projects is named with the version and the licence that lie beside it."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "third-party.md"
STATIC, WHEELS, TESTS = (ROOT / "webapp/static/vendor", ROOT / "script/vendor", ROOT / "tests/browser/vendor")
VENDORED = (STATIC, WHEELS, TESTS)


def test_every_version_that_is_noted_beside_a_part_is_on_the_page() -> None:
    beside = [STATIC / "VERSIONS", STATIC / "htmx" / "VERSION", TESTS / "axe-core" / "VERSION"]
    noted = "".join(file.read_text() for file in beside)
    wheels = [file.name.split("-")[1] for file in WHEELS.glob("*.whl")]
    versions = {*re.findall(r"\d+\.\d+\.\d+", noted), *wheels}

    assert len(versions) >= 4
    assert {version for version in versions if version not in PAGE.read_text()} == set()


def test_every_licence_that_is_kept_is_linked() -> None:
    licences = [file.name for folder in VENDORED for file in folder.rglob("LICENSE*")]

    assert len(licences) >= 4
    assert [name for name in licences if name not in PAGE.read_text()] == []


def test_every_folder_of_parts_is_on_the_page() -> None:
    folders = {file.parent for folder in VENDORED for file in folder.rglob("*") if file.is_file()}

    assert {f for f in folders if f"`{f.relative_to(ROOT).as_posix()}/" not in PAGE.read_text()} == set()
