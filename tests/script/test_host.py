"""The Procfile's own lines, as a host runs them: against PostgreSQL and Valkey, configured by environment only."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import requests
from cryptography.fernet import Fernet

from script.lib import process
from script.lib.data_folder import free_port
from script.lib.environment import ROOT
from script.lib.procfile import read_procfile, shell_arguments
from tests.support.network import OFFLINE

LONG = 60.0
Run = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def host(postgres_url: str, valkey_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment that a host gives to every process."""
    return {
        **OFFLINE,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PORT": str(free_port()),
        "DATABASE_URL": postgres_url.replace("postgresql://", "postgres://"),
        "REDIS_URL": valkey_url,
        "SECRET_KEY": secrets.token_urlsafe(32),
        "SECRET_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "DATA_DIR": str(tmp_path),
        "WEB_CONCURRENCY": "2",
    }


@pytest.fixture
def run(host: dict[str, str], tmp_path: Path) -> Iterator[Run]:
    """Runs a line of the Procfile; what still runs after the test is stopped."""
    lines = read_procfile(ROOT / "Procfile")
    children: list[subprocess.Popen[bytes]] = []

    def run_line(name: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"{name}.log").open("wb") as log:
            children.append(process.spawn(shell_arguments(lines[name]), env=host, cwd=ROOT, stdout=log, stderr=log))
        return children[-1]

    yield run_line
    for child in children:
        process.stop(child)


def test_release_web_worker_and_clock_run_and_stop_when_told(
    run: Run, host: dict[str, str], postgres_url: str, tmp_path: Path
) -> None:
    assert run("release").wait(LONG) == 0, (tmp_path / "release.log").read_text()
    children = {name: run(name) for name in ("web", "worker", "clock")}

    def all_seen() -> bool:
        assert not [name for name, child in children.items() if child.poll() is not None]
        return answers(f"http://127.0.0.1:{host['PORT']}/") and kinds(postgres_url) == {"worker", "clock"}

    assert process.wait_until(all_seen, LONG), "".join(log.read_text() for log in tmp_path.glob("*.log"))
    for child in children.values():
        child.send_signal(signal.SIGTERM)
    assert {name: child.wait(LONG) for name, child in children.items()} == {"web": 0, "worker": 0, "clock": 0}


def answers(address: str) -> bool:
    """Whether the web process answers; a start is not refused but slow while its workers still load: not yet."""
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False


def kinds(url: str) -> set[str]:
    """The kinds of process that have shown a sign of life."""
    with psycopg.connect(url) as connection:
        return {kind for (kind,) in connection.execute("SELECT kind FROM worker_heartbeat")}
