"""Linter, types and import arrows: findings are failures of the suite like any other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from script.lib.environment import ROOT

CHECKS = {
    "ruff": ["ruff", "check", "."],
    "mypy": ["mypy"],
    "import-linter": ["lint-imports"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_static_check_finds_nothing(check: str) -> None:
    program, *arguments = CHECKS[check]
    command = [str(Path(sys.executable).parent / program), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)
