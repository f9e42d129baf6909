"""The real services are real, apart from each other, and the network is out of reach."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis
import requests
from playwright.sync_api import Page

from tests.support import chromium
from tests.support.network import NetworkForbidden
from tests.support.postgres import PostgresServer
from tests.support.valkey import ValkeyServer


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_starts_with_an_empty_valkey(valkey_url: str, turn: str) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        assert client.dbsize() == 0
        client.set("left by", turn)


def test_a_valkey_that_crashed_still_has_what_was_written(tmp_path: Path) -> None:
    server = ValkeyServer(tmp_path)
    server.start()
    with redis.Redis.from_url(server.url) as client:
        client.set("job", "waiting")
    server.kill()
    with pytest.raises(redis.ConnectionError), redis.Redis.from_url(server.url) as client:
        client.ping()

    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.get("job") == b"waiting"
    server.stop()


def test_a_copied_database_has_the_templates_tables_and_leaves_it_alone(
    postgres_database: Callable[..., str], postgres_server: PostgresServer
) -> None:
    template = postgres_server.create_database()
    with psycopg.connect(postgres_server.url(template)) as connection:
        connection.execute("CREATE TABLE room (name text)")
    with psycopg.connect(postgres_database(template)) as connection:
        connection.execute("INSERT INTO room VALUES ('Ada')")
    with psycopg.connect(postgres_database(template)) as connection:
        assert connection.execute("SELECT count(*) FROM room").fetchone() == (0,)
    postgres_server.drop_database(template)


def test_a_database_is_gone_after_its_test_even_if_someone_is_connected(
    postgres_server: PostgresServer,
) -> None:
    name = postgres_server.create_database()
    connection = psycopg.connect(postgres_server.url(name))
    postgres_server.drop_database(name)

    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")


def test_the_browser_shows_a_page_and_reaches_no_other_machine(page: Page) -> None:
    page.set_content("<title>Rooms</title>")
    assert page.title() == "Rooms"
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://example.com/")


@pytest.mark.parametrize("address", ["https://graph.microsoft.com/v1.0", "http://192.0.2.1/"])
def test_a_request_to_another_machine_is_refused_loudly(address: str) -> None:
    with pytest.raises(NetworkForbidden, match=r"graph\.microsoft\.com|192\.0\.2\.1"):
        requests.get(address, timeout=5)


def test_asyncio_and_datagrams_are_refused_as_well() -> None:
    def open_connection() -> None:  # in a thread of its own: Playwright's loop runs in this one
        with pytest.raises(NetworkForbidden):
            asyncio.run(asyncio.open_connection("192.0.2.1", 80))
        refused.set()

    refused = threading.Event()
    thread = threading.Thread(target=open_connection)
    thread.start()
    thread.join()
    assert refused.is_set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, pytest.raises(NetworkForbidden):
        sender.sendto(b"hello", ("192.0.2.1", 53))


def test_a_name_that_never_resolves_fails_as_it_does_without_a_network() -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get("http://nowhere.invalid/", timeout=5)


def test_loopback_and_local_sockets_are_allowed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1])).close()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))


def test_a_browser_that_cannot_start_is_not_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CHROMIUM", str(broken))

    assert chromium.find_chromium() is None


def test_where_no_browser_can_be_installed_the_error_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "absent"))
    monkeypatch.setattr(chromium, "_install_with_playwright", lambda say: False)
    monkeypatch.setattr(chromium, "_install_with_apt", lambda say: False)

    with pytest.raises(chromium.ChromiumMissing, match="playwright install --with-deps chromium"):
        chromium.ensure_chromium(lambda text: None)
