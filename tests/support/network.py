"""Keeps tests on this machine: anything but loopback and local sockets is refused, names included."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest

# For child processes, which the ban below does not reach: every request leaves through a proxy that is not there.
OFFLINE = {
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "no_proxy": "localhost,127.0.0.1,::1",
}


class NetworkForbidden(Exception):
    """A test tried to leave this machine. Not an OSError, so that no client takes it for a network fault."""

    def __init__(self, host: object) -> None:
        self.host = host
        super().__init__(f"tests may not reach {host}: only loopback and local sockets are allowed")


def forbid_network(patch: pytest.MonkeyPatch) -> None:
    """Puts the ban in place for this process, for as long as the patch lives."""
    for name in ("connect", "connect_ex", "sendto"):
        patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(host, str) and host.endswith(".invalid"):  # RFC 6761: such a name never resolves
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        _check(host)
        return look_up(host, *args, **kwargs)

    patch.setattr(socket, "getaddrinfo", getaddrinfo)


def _guarded(method: Any) -> Any:
    def guarded(self: socket.socket, *args: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _check(args[-1][0])
        return method(self, *args)

    return guarded


def _check(host: object) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or name in ("", "localhost"):
        return
    try:
        if ipaddress.ip_address(str(name)).is_loopback:
            return
    except ValueError:
        pass  # a name, and not this machine's
    raise NetworkForbidden(name)
