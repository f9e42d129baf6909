"""script/server with the product's own processes: from the first start to the second, as a person sees it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from script.lib.data_folder import free_port
from script.lib.process import wait_until
from tests.script.runs import is_alive
from tests.support.demo import Demo, new_data_folder


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Starts script/server on one data folder and waits until it has said where everything is."""
    runs: list[Demo] = []
    data = new_data_folder(tmp_path)

    def start(*arguments: str, port: int) -> Demo:
        runs.append(Demo(data, port, *arguments))
        runs[-1].wait()
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.stop()


def sign_in(address: str, email: str, password: str) -> requests.Response:
    with requests.Session() as session:
        page = session.get(address, timeout=10)  # a stranger is led to the sign-in page
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        assert token, page.text
        values = {"email": email, "password": password, "csrf_token": token[1]}
        return session.post(page.url, data=values, timeout=10)


def test_the_second_start_continues_with_the_same_data_addresses_and_password_and_no_log_has_a_secret(
    demo: Callable[..., Demo],
) -> None:
    port = free_port()
    first = demo(port=port)
    email, password = first.shown("Email"), first.shown("Password")
    assert first.shown("Panel") == f"http://localhost:{port}"
    assert list(first.pids()) == ["valkey", "tenant", "clock", "worker", "web"]
    certificate = str(first.data / "tenant" / "ca.pem")
    assert requests.get(first.shown("Outlook page") or "", verify=certificate, timeout=10).ok
    pids = first.pids().values()
    secrets = [password, first.shown("Secret Value"), *json.loads((first.data / "keys.json").read_text()).values()]

    assert first.stop() == 0
    logs = "".join(file.read_text(errors="replace") for file in (first.data / "log").iterdir())
    assert all(secrets)
    assert not [secret for secret in secrets if secret and secret in logs]
    assert first.last_words_of_tenant() == {"personal": 0, "improper": []}
    assert not [pid for pid in pids if is_alive(pid)]
    assert first.pids() == {}

    second = demo(port=port)
    assert second.shown("Password") is None
    for label in ("Panel", "Outlook page", "Application/Client ID", "Secret Value"):
        assert second.shown(label) == first.shown(label)
    answer = sign_in(second.shown("Panel") or "", email or "", password or "")
    assert answer.ok
    assert "sign-in" not in answer.url


def test_without_the_tenant_its_port_taken_and_its_valkey_killed_the_panel_still_answers(
    demo: Callable[..., Demo],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = demo("--no-tenant", port=port)
        address = run.shown("Panel") or ""

        assert address != f"http://localhost:{port}"
        assert f"Port {port} cannot be had" in run.said
        assert requests.get(address, timeout=10).ok
        assert list(run.pids()) == ["valkey", "clock", "worker", "web"]
        assert "Outlook page" not in run.said

        before = run.pids()
        killed = before.pop("valkey")
        os.kill(killed, signal.SIGKILL)
        assert wait_until(lambda: run.pids()["valkey"] != killed, 20.0), run.said
        assert {name: pid for name, pid in run.pids().items() if name != "valkey"} == before
        assert requests.get(address, timeout=10).ok
