"""docs/hazards.md lists every hazard, and beside each the tests that there really are."""

from __future__ import annotations

from pathlib import Path

import pytest

from script.lib.hazard_table import NOT_YET, PAGE, UnknownHazard, named_by_tests, written

EVERY = [*(f"H{n:02}" for n in range(1, 81)), *(f"S{n:02}" for n in range(1, 26))]
SMALL = (
    "<!-- count -->\n?\n<!-- end of count -->\n| H35 | A create times out. | | |\n| S21 | One host. | old | old |\n"
)


def project(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / "tests" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".py").write_text(text)
    return folder


def test_the_page_is_what_script_hazard_table_writes() -> None:
    page = PAGE.read_text()

    assert written(page, named_by_tests()) == page, "run script/hazard-table"


def test_the_page_explains_every_hazard_once() -> None:
    ids = [line[2:5] for line in PAGE.read_text().splitlines() if line.startswith(("| H", "| S"))]

    assert sorted(ids) == sorted(EVERY)


def test_a_test_names_its_hazards_in_its_name_or_its_docstring(tmp_path: Path) -> None:
    named = "def test_one_event_and_not_two_h35_s21(): ...\n"
    told = 'class TestTwins:\n    def test_it_is_looked_for(self):\n        """H35: never twice."""\n'
    root = project(tmp_path, sync__test_a=named, sync__test_b=told)

    found = named_by_tests(root)

    assert [test.sentence for test in found["H35"]] == ["one event and not two", "it is looked for"]
    assert [test.path for test in found["S21"]] == ["tests/sync/test_a.py"]


def test_helpers_comments_and_longer_words_name_no_hazard(tmp_path: Path) -> None:
    text = '# H35\ndef make_h35():\n    """H35."""\n\ndef test_h350_and_utf_h():\n    """XH35, H3."""\n'

    assert named_by_tests(project(tmp_path, sync__test_a=text)) == {}


def test_what_only_the_tenant_shows_is_not_covered(tmp_path: Path) -> None:
    root = project(tmp_path, tenant__test_faults="def test_an_error_can_hide_that_it_is_done_h35(): ...\n")

    page = written(SMALL, named_by_tests(root))

    tenant = "[tenant/test_faults](../tests/tenant/test_faults.py)"
    assert f"| H35 | A create times out. | {NOT_YET} | {tenant} |" in page
    assert f"| S21 | One host. | {NOT_YET} |  |" in page
    assert "0 of 1 hazards and 0 of 1 security points" in page


def test_writing_the_page_again_changes_nothing(tmp_path: Path) -> None:
    tests = named_by_tests(project(tmp_path, sync__test_a="def test_one_host_only_s21(): ...\n"))
    once = written(SMALL, tests)

    assert written(once, tests) == once
    assert "1 of 1 security points" in once


def test_an_id_that_nobody_has_explained_is_named(tmp_path: Path) -> None:
    tests = named_by_tests(project(tmp_path, sync__test_a="def test_something_new_h99(): ...\n"))

    with pytest.raises(UnknownHazard) as refused:
        written(SMALL, tests)

    assert refused.value.ids == ["H99"]
