"""The README's commands, settings and folders are those that there are."""

from __future__ import annotations

import ast
import os
import re

from tests.docs.pages import ROOT, section

README = ROOT / "README.md"
READER = {"text", "whole", "checked", "keys"}
ELSEWHERE = {"PORT", "WEB_HOST", "REQUESTS_CA_BUNDLE"}
"""Read by the Procfile's own lines or by libraries, not by `webapp/config.py`."""


def settings_of_config() -> set[str]:
    """Names that `webapp/config.py` reads from the environment."""
    tree = ast.parse((ROOT / "webapp" / "config.py").read_text())
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    return {
        str(call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in READER
        and isinstance(call.args[0], ast.Constant)
    }


def test_the_configuration_table_names_every_setting_and_no_other() -> None:
    table = section(README, "Configuration")
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE))

    assert len(settings_of_config()) > 10
    assert told == settings_of_config() | ELSEWHERE


def test_the_integration_runs_exactly_the_test_command_of_the_readme() -> None:
    command = re.findall(r"^script/test$", section(README, "How to develop"), re.MULTILINE)
    runs = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if not line.startswith("#")]

    assert command
    assert runs == ["set -eu", 'cd "$(dirname "$0")/.."', 'exec script/test "$@"']


def test_every_command_of_the_readme_is_a_program_of_the_project() -> None:
    named = set(re.findall(r"\bscript/[a-z-]+\b(?!/)", README.read_text())) - {"script/lib"}

    assert {"script/server", "script/test", "script/new-key"} <= named
    assert [name for name in named if not os.access(ROOT / name, os.X_OK)] == []


def folders_of(layout: str) -> list[str]:
    """Folders that an indented list names, a folder under the last one that stands further left."""
    found: list[str] = []
    above = ""
    for line in layout.splitlines():
        names = re.split(r"\s{2,}", line.strip())[0].split()
        if not line.startswith(" "):
            above = names[0]
        found += names if names[0] == above else [above + name for name in names]
    return found


def test_every_folder_that_the_layout_names_is_there() -> None:
    layout = re.search(r"```\n(webapp/.*?)```", README.read_text(), re.DOTALL)
    assert layout
    named = folders_of(layout[1])

    assert {"webapp/domain/", "webapp/static/", "worker/sync/", "tests/"} <= set(named)
    assert [name for name in named if not (ROOT / name).is_dir()] == []


def test_every_process_of_the_procfile_is_named() -> None:
    names = [line.partition(":")[0] for line in (ROOT / "Procfile").read_text().splitlines() if line]

    assert [name for name in names if f"`{name}`" not in section(README, "Running it on a host")] == []
