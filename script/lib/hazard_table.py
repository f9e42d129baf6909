"""docs/hazards.md: finds the tests that name a hazard and writes them beside it.

The first two columns of the page's tables (id and text) are written by hand; the other two come from the tests.
A test names a hazard in its function name (`..._h35`) or in its docstring ("H35: ...").
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "hazards.md"
NOT_YET = "not yet"
TENANT = "tests/tenant/"
"""Tests in there prove that the simulated tenant produces a hazard, not that the product withstands it."""

_IN_NAME = re.compile(r"(?:^|_)([hs]\d{2})(?=_|$)")
_IN_TEXT = re.compile(r"\b([HS]\d{2})\b")
_ROW = re.compile(r"^\| ([HS]\d{2}) \| ([^|]*[^| ]) \|.*\|$")
_COUNT = re.compile(r"(?<=<!-- count -->\n).*(?=\n<!-- end of count -->)", re.DOTALL)


@dataclass(frozen=True, order=True)
class NamedTest:
    """One test function; `path` is relative to the project, `sentence` its name as it reads."""

    path: str
    line: int
    sentence: str


class UnknownHazard(Exception):
    """A test names an id that the page does not explain."""

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids
        super().__init__(f"docs/hazards.md does not explain {', '.join(ids)}")


def named_by_tests(root: Path = ROOT) -> dict[str, list[NamedTest]]:
    """Hazard id → the tests that name it, in the order of files and lines."""
    found: dict[str, list[NamedTest]] = {}
    for file in sorted((root / "tests").rglob("test_*.py")):
        path = file.relative_to(root).as_posix()
        for node in _test_functions(ast.parse(file.read_text())):
            test = NamedTest(path, node.lineno, _sentence(node.name))
            for hazard in _named(node):
                found.setdefault(hazard, []).append(test)
    return {hazard: sorted(tests) for hazard, tests in found.items()}


def _test_functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_"))


def _named(node: ast.FunctionDef) -> set[str]:
    in_name = {hazard.upper() for hazard in _IN_NAME.findall(node.name)}
    return in_name | set(_IN_TEXT.findall(ast.get_docstring(node) or ""))


def _sentence(name: str) -> str:
    return " ".join(_IN_NAME.sub("", name.removeprefix("test_")).split("_")).strip()


def written(page: str, tests: dict[str, list[NamedTest]]) -> str:
    """The page with its columns of tests and its count; raises `UnknownHazard`."""
    lines = page.splitlines()
    ids: list[str] = []
    for number, line in enumerate(lines):
        row = _ROW.match(line)
        if row:
            ids.append(row[1])
            lines[number] = _row(row[1], row[2], tests.get(row[1], []))
    unknown = sorted(tests.keys() - set(ids))
    if unknown:
        raise UnknownHazard(unknown)
    return _COUNT.sub(_count(ids, tests), "\n".join(lines) + "\n")


def _row(hazard: str, text: str, tests: list[NamedTest]) -> str:
    product = [test for test in tests if not test.path.startswith(TENANT)]
    tenant = [test for test in tests if test.path.startswith(TENANT)]
    return f"| {hazard} | {text} | {_sentences(product) or NOT_YET} | {_files(tenant)} |"


def _sentences(tests: list[NamedTest]) -> str:
    """The tests' sentences, each file named once."""
    by_file: dict[str, list[str]] = {}
    for test in tests:
        by_file.setdefault(test.path, []).append(test.sentence)
    return "<br>".join(f"{_link(path)}: {'; '.join(found)}" for path, found in by_file.items())


def _files(tests: list[NamedTest]) -> str:
    return ", ".join(_link(path) for path in dict.fromkeys(test.path for test in tests))


def _link(path: str) -> str:
    return f"[{path.removeprefix('tests/').removesuffix('.py')}](../{path})"


def _count(ids: list[str], tests: dict[str, list[NamedTest]]) -> str:
    covered = {hazard for hazard, found in tests.items() if any(not t.path.startswith(TENANT) for t in found)}
    parts = [(name, [i for i in ids if i.startswith(letter)]) for letter, name in (("H", "hazards"), ("S", "points"))]
    (hazards, h_ids), (points, s_ids) = parts
    return (
        f"{len(covered & set(h_ids))} of {len(h_ids)} {hazards} and {len(covered & set(s_ids))} of {len(s_ids)} "
        f"security {points} are named by a test of the product."
    )


def main(arguments: list[str]) -> int:
    """Writes the page, or with `--check` only compares; 1 when it was not current or cannot be written."""
    page = PAGE.read_text()
    try:
        fresh = written(page, named_by_tests())
    except UnknownHazard as error:
        print(error)
        return 1
    if fresh == page:
        return 0
    if "--check" in arguments:
        print("docs/hazards.md is out of date. Run script/hazard-table and commit the page.")
        return 1
    PAGE.write_text(fresh)
    return 0
