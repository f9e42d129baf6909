"""A real Valkey for tests."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import redis

from script.lib import process
from script.lib.data_folder import free_port
from script.lib.valkey import answers_ping, valkey_arguments

READY_SECONDS = 20.0


class ValkeyServer:
    """A server on a free loopback port; it can be stopped, killed and started again with its data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it answers with its data loaded."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "valkey.log").open("ab") as log:
            self._child = process.spawn(valkey_arguments(self.port, self.folder), stdout=log, stderr=log)
        if not process.wait_until(lambda: answers_ping(self.port), READY_SECONDS):
            raise RuntimeError("Valkey did not start:\n" + (self.folder / "valkey.log").read_text())

    def stop(self) -> None:
        """Ends it in order; what was written is on disk."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it as a crash would."""
        self._end(signal.SIGKILL)

    def flush(self) -> None:
        """Empties it."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def version(self) -> str:
        """The version that the running server gives."""
        with redis.Redis.from_url(self.url) as client:
            return str(client.info("server")["valkey_version"])

    def _end(self, number: int) -> None:
        if self._child is not None:
            process.stop(self._child, number)
            self._child = None
