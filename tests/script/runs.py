"""Runs tests.script.fake_run and looks at the processes that it starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from script.lib.process import process_identity, wait_until

LONG = 20.0


class Run:
    """One supervisor in a process of its own, over shell commands that write their pid to a file."""

    def __init__(self, folder: Path, *lines: str) -> None:
        self.folder = folder
        self._said = folder.parent / f"{folder.name}-said-{len(list(folder.parent.iterdir()))}"
        with self._said.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.script.fake_run", str(folder), *lines],
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        """All that the supervisor has printed so far."""
        return self._said.read_text()

    def wait_for(self, text: str) -> None:
        """Waits until the supervisor has printed it."""
        assert wait_until(lambda: text in self.said, LONG), f"{text!r} was not said:\n{self.said}"

    def ends(self) -> int:
        """Waits for the end of the supervisor; its exit code."""
        return self.process.wait(LONG)

    def pid(self, name: str) -> int:
        """The pid that a service wrote with `echo $$ >> NAME.pid`, the newest one."""
        return self.pids(name)[-1]

    def pids(self, name: str) -> list[int]:
        """All pids that a service has had."""
        file = self.folder.parent / f"{name}.pid"
        assert wait_until(lambda: file.exists() and file.read_text().endswith("\n"), LONG), self.said
        return [int(line) for line in file.read_text().split()]


def is_alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    return process_identity(pid) is not None


def noting(folder: Path, name: str, command: str) -> str:
    """A shell command that writes its pid where `Run.pid` finds it, then becomes `command`."""
    return f"sh -c 'echo $$ >> {folder}/{name}.pid; {command}'"
