"""Reads the Procfile, so that script/server runs the very lines that a host runs."""

from __future__ import annotations

import re
from pathlib import Path

LINE = re.compile(r"^(?P<name>[A-Za-z0-9_-]+):\s*(?P<command>\S.*)$")


def read_procfile(path: Path) -> dict[str, str]:
    """{process name: shell command}, in the order of the file."""
    matches = (LINE.match(line) for line in path.read_text().splitlines())
    return {match["name"]: match["command"].strip() for match in matches if match}


def shell_arguments(command: str) -> list[str]:
    """The command as hosts run it, through a shell; `exec` so that signals reach the command itself."""
    return ["/bin/sh", "-c", f"exec {command}"]
