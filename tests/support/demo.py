"""script/server with the product's own processes, as one child of the test process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from script.lib.data_folder import free_port
from script.lib.environment import ROOT
from script.lib.process import wait_until
from tests.support.network import OFFLINE

READY_SECONDS = 90.0
READY = "Ctrl-C stops everything."
OWN = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SECRET_ENCRYPTION_KEYS", "REQUESTS_CA_BUNDLE"}


class Demo:
    """One run of script/server inside the environment that the tests have; `settings` are set beside it."""

    def __init__(self, data: Path, port: int, *arguments: str, settings: dict[str, str] | None = None) -> None:
        self.data = data
        self._said = data.parent / f"said-{len(list(data.parent.iterdir()))}"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        inherited = {name: value for name, value in os.environ.items() if name not in OWN}
        own = {"PATH": path, "DATA_DIR": str(data), "PORT": str(port)}
        with self._said.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "script.lib.demo", *arguments],
                env=inherited | OFFLINE | own | (settings or {}),
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        """All that it has printed so far."""
        return self._said.read_text()

    def wait(self) -> None:
        """Waits until it has said where everything is."""
        wait_until(lambda: READY in self.said or self.process.poll() is not None, READY_SECONDS)
        assert READY in self.said, self.said

    def shown(self, label: str) -> str | None:
        """The value that it printed beside the label."""
        found = re.search(rf"^\s*{label}\s+(\S+)$", self.said, re.MULTILINE)
        return found[1] if found else None

    def pids(self) -> dict[str, int]:
        """The processes that it keeps running, by name."""
        children = json.loads((self.data / "running.json").read_text())["children"]
        return {name: pid for name, (pid, _) in children.items()}

    def stop(self) -> int:
        """Ctrl-C; its exit code. Fails where a person's mailbox was asked for more than may be."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(READY_SECONDS)
        assert self.last_words_of_tenant().get("improper", []) == []
        return code

    def last_words_of_tenant(self) -> dict[str, Any]:
        """What the tenant says of people's mailboxes when it ends; nothing if there is none, or it was killed."""
        announced = self.data / "tenant.out"
        lines = announced.read_text().splitlines() if announced.exists() else []
        return dict(json.loads(lines[-1])) if lines else {}


def new_data_folder(parent: Path) -> Path:
    """A data folder whose services have ports of their own.

    Test processes that run side by side would both find the same usual ports free.
    """
    folder = parent / "data"
    folder.mkdir()
    ports = {"tenant": free_port(), "valkey": free_port()}
    (folder / "ports.json").write_text(json.dumps(ports))
    return folder
