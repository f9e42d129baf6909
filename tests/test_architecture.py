"""What the import contracts of pyproject.toml cannot say: what is loaded, what names stand for, what pages carry."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from webapp import enqueue

ROOT = Path(__file__).parent.parent
HEAVY = ("flask", "sqlalchemy", "requests", "msal", "redis", "rq", "werkzeug", "wtforms")
DEVELOPERS = ("pytest", "_pytest", "hypothesis", "playwright", "time_machine", "yaml", "O365", "jsonschema", "honcho")
PURE = {"webapp/domain": ("webapp.domain",), "worker/sync": ("worker.sync", "webapp.domain")}
LIBRARIES = frozenset({*sys.stdlib_module_names, "dateutil", "tzdata", "tzlocal"})


def modules_of(folder: str) -> list[str]:
    names = (path.relative_to(ROOT).with_suffix("") for path in (ROOT / folder).glob("*.py"))
    return [".".join(name.parts).removesuffix(".__init__") for name in names]


@pytest.mark.parametrize("folder", PURE)
def test_a_pure_folder_loads_in_a_fresh_interpreter_without_anything_heavy(folder):
    code = f"import sys, {', '.join(modules_of(folder))}; print([m for m in {HEAVY} if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["script.lib.demo", "tests.tenant.__main__", "worker.main", "webapp"])
def test_what_script_server_starts_needs_nothing_that_only_developers_have(module: str) -> None:
    """A stranger's environment holds requirements-demo.txt alone."""
    code = f"import sys, {module}; print([m for m in {DEVELOPERS} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("folder", PURE)
def test_a_pure_folder_imports_only_what_it_may(folder):
    allowed = PURE[folder]
    strangers = {
        f"{path.name}: {name}"
        for path in (ROOT / folder).glob("*.py")
        for name in imports_of(path)
        if name.split(".")[0] not in LIBRARIES and not name.startswith(allowed)
    }

    assert not strangers


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, at its top or inside of a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            found.add(node.module or "")
    return found


def test_nothing_of_the_product_imports_its_tests_or_its_launcher():
    files = [path for folder in ("webapp", "worker", "migrations") for path in (ROOT / folder).rglob("*.py")]
    guilty = {str(path) for path in files for name in imports_of(path) if name.split(".")[0] in ("tests", "script")}

    assert len(files) > 50
    assert not guilty


def test_every_job_that_the_panel_can_ring_for_is_a_function_of_the_worker_and_has_a_queue_that_is_emptied():
    names = {value for value in vars(enqueue).values() if isinstance(value, str) and value.startswith("worker.")}

    assert names == set(enqueue.QUEUE_OF_JOB)
    assert set(enqueue.QUEUE_OF_JOB.values()) <= set(enqueue.QUEUE_ORDER)
    for name in names:
        module, _, function = name.rpartition(".")
        assert callable(getattr(import_module(module), function))


INLINE = {
    "a style attribute": re.compile(r"\sstyle\s*="),
    "a style element": re.compile(r"<style\b"),
    "a script without src": re.compile(r"<script(?![^>]*\bsrc=)"),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*="),
    "htmx code in an attribute": re.compile(r"hx-on[:=]|hx-vals=['\"]js:"),
    "an address of another host": re.compile(r"(?:src|href)=[\"'](?:https?:)?//"),
}


@pytest.mark.parametrize("what", INLINE)
def test_no_template_carries(what):
    templates = list((ROOT / "webapp" / "templates").rglob("*.html"))
    found = [str(path.relative_to(ROOT)) for path in templates if INLINE[what].search(path.read_text())]

    assert len(templates) > 30
    assert not found


def test_no_file_of_the_product_is_longer_than_450_lines_or_has_a_function_longer_than_60():
    files = [path for folder in ("webapp", "worker") for path in (ROOT / folder).rglob("*.py")]
    long = [f"{path.relative_to(ROOT)}" for path in files if len(path.read_text().splitlines()) > 450]
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno > 60:
                long.append(f"{path.relative_to(ROOT)}:{node.name}")

    assert not long
