"""What script/server keeps between two starts."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from script.lib.data_folder import DataFolder, KeysUnreadable, next_free_port

FIRST = 20_000


def test_the_keys_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    first = DataFolder(tmp_path).keys()
    second = DataFolder(tmp_path).keys()

    assert first == second
    assert Fernet(first["SECRET_ENCRYPTION_KEYS"])
    assert len(first["SECRET_KEY"]) >= 32
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_keys_that_others_could_read_are_closed_again(tmp_path: Path) -> None:
    DataFolder(tmp_path).keys()
    (tmp_path / "keys.json").chmod(0o644)
    DataFolder(tmp_path).keys()

    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"SECRET_KEY": "x"}'])
def test_damaged_keys_are_reported_and_never_replaced(tmp_path: Path, damage: str) -> None:
    (tmp_path / "keys.json").write_text(damage)
    with pytest.raises(KeysUnreadable):
        DataFolder(tmp_path).keys()

    assert (tmp_path / "keys.json").read_text() == damage


def test_a_service_has_the_same_port_at_every_start(tmp_path: Path) -> None:
    first, _ = DataFolder(tmp_path).port("tenant", FIRST)

    assert first >= FIRST
    assert DataFolder(tmp_path).port("tenant", FIRST + 500) == (first, False)


def test_a_service_whose_port_was_taken_moves_and_stays_there(tmp_path: Path) -> None:
    first, _ = DataFolder(tmp_path).port("tenant", FIRST)
    with socket.create_server(("127.0.0.1", first)):
        second, moved = DataFolder(tmp_path).port("tenant", FIRST)
    assert moved
    assert second != first
    assert DataFolder(tmp_path).port("tenant", FIRST) == (second, False)


def test_the_next_port_is_used_where_the_wanted_one_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert next_free_port(port) > port
    assert next_free_port(port) == port


def test_a_half_written_note_of_who_runs_does_not_stop_a_start(tmp_path: Path) -> None:
    (tmp_path / "running.json").write_text('{"children": {"we')

    assert DataFolder(tmp_path).stop_leftovers() == []


def test_a_long_log_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("script.lib.data_folder.LOG_BYTES", 10)
    folder = DataFolder(tmp_path)
    for text in (b"the first start", b"the second"):
        with folder.open_log("web") as log:
            log.write(text)

    assert folder.log_path("web").read_bytes() == b"the second"
    assert (folder.logs / "web.log.1").read_bytes() == b"the first start"


def test_no_secret_is_among_the_ports_and_pids(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    keys = folder.keys()
    folder.port("tenant", FIRST)
    folder.note_running({}, "http://localhost:8000")
    kept = json.dumps([(tmp_path / name).read_text() for name in ("ports.json", "running.json")])

    assert not [value for value in keys.values() if value in kept]
