"""The data folder of script/server: keys, ports, logs, and which processes are running on it."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import socket
from pathlib import Path
from typing import IO, Any

from script.lib.process import STOP_SECONDS, process_identity, stop_leftover

LOG_BYTES = 5_000_000
PRIVATE = 0o600


class FolderInUse(Exception):
    """Another script/server runs on this data folder; `address` is its panel's, where it is known."""

    def __init__(self, path: Path, address: str | None) -> None:
        self.path = path
        self.address = address
        super().__init__(f"{path} is in use")


class KeysUnreadable(Exception):
    """The keys file is damaged. New keys would make every stored secret unreadable, so none are made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} cannot be read")


class DataFolder:
    """Everything that script/server keeps between two starts."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.logs = self.path / "log"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        self._lock: IO[str] | None = None

    def lock(self) -> None:
        """Takes the folder for this process; the system frees it when the process ends, however it ends."""
        lock = (self.path / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise FolderInUse(self.path, self._read("running.json").get("address")) from None
        self._lock = lock

    def keys(self) -> dict[str, str]:
        """SECRET_KEY and SECRET_ENCRYPTION_KEYS; made at the first call, readable by their owner only."""
        file = self.path / "keys.json"
        if not file.exists():
            made = {
                "SECRET_KEY": secrets.token_urlsafe(48),
                "SECRET_ENCRYPTION_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            }
            write_private(file, json.dumps(made, indent=1))
        file.chmod(PRIVATE)
        try:
            stored = json.loads(file.read_text())
            return {name: stored[name] for name in ("SECRET_KEY", "SECRET_ENCRYPTION_KEYS")}
        except (ValueError, KeyError, TypeError):
            raise KeysUnreadable(file) from None

    def port(self, name: str, first: int) -> tuple[int, bool]:
        """The port that this service had at the last start, else the next free one from `first`; did it move?"""
        ports = self._read("ports.json")
        kept = ports.get(name)
        if isinstance(kept, int) and is_free(kept):
            return kept, False
        ports[name] = next_free_port(first)
        write_private(self.path / "ports.json", json.dumps(ports))
        return ports[name], kept is not None

    def open_log(self, name: str) -> IO[bytes]:
        """The log of one child, to append to; a log that has grown long is set aside first."""
        path = self.log_path(name)
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE), "ab")

    def log_path(self, name: str) -> Path:
        """Where the output of one child goes."""
        return self.logs / f"{name}.log"

    def note_running(self, pids: dict[str, int], address: str | None = None) -> None:
        """Remembers who runs, for the next start in case this one is killed."""
        children = {name: [pid, process_identity(pid)] for name, pid in pids.items()}
        write_private(self.path / "running.json", json.dumps({"address": address, "children": children}))

    def stop_leftovers(self, seconds: float = STOP_SECONDS) -> list[str]:
        """Ends what a killed supervisor left running; the names of what was still there."""
        children = self._read("running.json").get("children", {})
        return [
            name for name, (pid, identity) in children.items() if identity and stop_leftover(pid, identity, seconds)
        ]

    def _read(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads((self.path / name).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def write_private(path: Path, text: str) -> None:
    """Writes a file whole or not at all, readable by its owner only."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        # As servers do it: a port in TIME_WAIT after a restart counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def next_free_port(first: int) -> int:
    """The port itself, or the next higher one that is free."""
    return next((port for port in range(first, min(first + 100, 65536)) if is_free(port)), 0) or free_port()
