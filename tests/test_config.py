"""The environment: what it may say, and everything that is wrong with it said at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from webapp.config import GLOBAL_AUTHORITY, GLOBAL_GRAPH, Config, ConfigError, load_config

KEY = Fernet.generate_key().decode()
LEAST = {"SECRET_KEY": "0123456789abcdef", "SECRET_ENCRYPTION_KEYS": KEY}


def read(**environ: str) -> Config:
    return load_config(LEAST | environ)


def faults(**environ: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        read(**environ)
    return error.value.faults


def test_two_keys_are_enough_and_everything_else_has_a_default(tmp_path: Path):
    config = read(DATA_DIR=str(tmp_path))

    assert config.database_url == f"sqlite:///{tmp_path / 'app.db'}"
    assert config.redis_url == "redis://127.0.0.1:6379/0"
    assert (config.entra_authority, config.graph_base_url) == (GLOBAL_AUTHORITY, GLOBAL_GRAPH)
    assert config.graph_scope == "https://graph.microsoft.com/.default"
    assert (config.product_name, config.public_url) == ("Maptician", None)
    assert (config.poll_seconds, config.log_level, config.web_concurrency, config.worker_processes) == (
        60,
        "INFO",
        2,
        1,
    )
    assert not config.serves_https


def test_everything_that_is_wrong_is_said_at_once():
    environ = {
        "SECRET_KEY": "short",
        "SECRET_ENCRYPTION_KEYS": f"{KEY},not-a-key",
        "PUBLIC_URL": "rooms.example.com",
        "DATABASE_URL": "mysql://localhost/rooms",
        "REDIS_URL": "http://localhost",
        "ENTRA_AUTHORITY": "http://login.example",
        "GRAPH_BASE_URL": "https://graph.example",
        "SYNC_POLL_SECONDS": "often",
        "LOG_LEVEL": "LOUD",
        "WEB_CONCURRENCY": "0",
        "WORKER_PROCESSES": "-1",
    }

    with pytest.raises(ConfigError) as error:
        load_config(environ)

    said = str(error.value)
    assert len(error.value.faults) == len(environ)
    assert all(name in said for name in environ)


def test_a_fault_never_repeats_a_secret():
    assert "hunter2" not in str(faults(SECRET_ENCRYPTION_KEYS="hunter2"))
    assert "hunter2" not in str(faults(SECRET_KEY="hunter2"))


def test_missing_keys_are_named():
    with pytest.raises(ConfigError) as error:
        load_config({})

    assert ["SECRET_KEY" in fault or "SECRET_ENCRYPTION_KEYS" in fault for fault in error.value.faults] == [True] * 2


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("postgres://u:p@db.example:5432/rooms", "postgresql+psycopg://u:p@db.example:5432/rooms"),
        (
            "postgresql://u:p@db.example/rooms?sslmode=require",
            "postgresql+psycopg://u:p@db.example/rooms?sslmode=require",
        ),
        ("postgresql+psycopg://db.example/rooms", "postgresql+psycopg://db.example/rooms"),
        ("sqlite:////srv/app.db", "sqlite:////srv/app.db"),
    ],
)
def test_a_database_is_named_as_hosts_name_it(url: str, opened: str):
    assert read(DATABASE_URL=url).database_url == opened


@pytest.mark.parametrize("url", ["redis://h:1/0", "rediss://:secret@h:1", "unix:///run/redis.sock"])
def test_redis_may_be_plain_over_tls_or_a_socket(url: str):
    assert read(REDIS_URL=url).redis_url == url


@pytest.mark.parametrize(
    "authority",
    [
        "http://login.example",
        "https://login.example/tenant",
        "https://user@login.example",
        "login.example",
        "https://",
    ],
)
def test_an_authority_is_an_https_origin(authority: str):
    assert ["ENTRA_AUTHORITY" in fault for fault in faults(ENTRA_AUTHORITY=authority)] == [True]


@pytest.mark.parametrize("base", ["https://graph.example", "https://graph.example/", "http://graph.example/v1.0"])
def test_graphs_address_carries_its_version(base: str):
    assert ["GRAPH_BASE_URL" in fault for fault in faults(GRAPH_BASE_URL=base)] == [True]


def test_other_clouds_are_two_addresses_and_a_slash_at_the_end_is_no_difference():
    config = read(ENTRA_AUTHORITY="https://login.example/", GRAPH_BASE_URL="https://graph.example:8443/v1.0/")

    assert config.entra_authority == "https://login.example"
    assert config.graph_base_url == "https://graph.example:8443/v1.0"
    assert config.graph_scope == "https://graph.example:8443/.default"


@pytest.mark.parametrize(
    ("seconds", "is_good"), [("5", True), ("3600", True), ("4", False), ("3601", False), ("5.5", False), ("²", False)]
)
def test_the_poll_interval_has_bounds(seconds: str, is_good: bool):
    if is_good:
        assert read(SYNC_POLL_SECONDS=seconds).poll_seconds == int(seconds)
    else:
        assert "from 5 to 3600" in faults(SYNC_POLL_SECONDS=seconds)[0]


def test_an_empty_variable_counts_as_none_and_white_space_as_nothing():
    assert read(PRODUCT_NAME="  ", REDIS_URL="").product_name == "Maptician"
    assert read(PRODUCT_NAME=" Rooms ").product_name == "Rooms"


def test_the_first_key_encrypts_and_all_are_kept():
    other = Fernet.generate_key().decode()

    assert read(SECRET_ENCRYPTION_KEYS=f" {other} , {KEY},").secret_encryption_keys == (other, KEY)


def test_a_public_address_by_https_keeps_cookies_to_https():
    assert read(PUBLIC_URL="https://rooms.example.com").serves_https
    assert not read(PUBLIC_URL="http://rooms.example.com").serves_https


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("", "sqlite:////data/app.db"),
        ("sqlite:///rooms.db", "sqlite:////data/rooms.db"),
        ("sqlite:////elsewhere/rooms.db", "sqlite:////elsewhere/rooms.db"),
    ],
)
def test_an_sqlite_file_without_a_folder_is_the_same_one_for_every_process(url: str, opened: str) -> None:
    assert read(DATABASE_URL=url, DATA_DIR="/data").database_url == opened
