"""The fixture that starts supervisors, and kills what a failed test leaves."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.script.runs import Run, is_alive


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Starts a supervisor: `start("web=sleep 600")`; whatever it leaves is killed after the test."""
    runs: list[Run] = []

    def start_run(*lines: str) -> Run:
        runs.append(Run(tmp_path / "data", *lines))
        return runs[-1]

    yield start_run
    for run in runs:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()
    for file in tmp_path.glob("*.pid"):
        for pid in map(int, file.read_text().split()):
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
