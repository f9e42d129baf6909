"""Nothing of a private subject, of a body or of a guest is anywhere: tables, staging, logs, pages, Redis, jobs."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from redis import Redis
from sqlalchemy import select

from tests.sync.checks import book_for, invite, once, ours_there, persons_events, put, reservations
from tests.sync.world import World
from tests.webapp.conftest import CSRF, EMAIL, PASSWORD
from webapp import create_app
from webapp.auth.passwords import hash_password
from webapp.config import load_config
from webapp.domain.words import HoldKind
from webapp.enqueue import POLL_MAILBOXES, SYNC_MAILBOXES
from webapp.models import Base, StagedRow, User, WorkerHeartbeat

CANARY = "zebra4711"
"""Part of every private subject, every body, and every guest's name and address; never of anything else."""

SUBJECT = f"Dismissal {CANARY}"
GUEST = f"guest.{CANARY}@elsewhere.example"
SEEN = "Wombat"
"""A subject that is nobody's secret: it must be found, or the search finds nothing at all."""

PRIVATE = {"sensitivity": "private", "body": f"<p>{CANARY}</p>", "guests": [GUEST]}
DAILY = {
    "pattern": {"type": "daily", "interval": 1},
    "range": {"type": "numbered", "startDate": "2026-11-24", "numberOfOccurrences": 3},
}


@pytest.fixture
def panel(world: World, valkey_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The panel over the world's database and a real Valkey."""
    assert world.engine is not None
    application = create_app(
        load_config(
            {
                "SECRET_KEY": "a key for tests only",
                "SECRET_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
                "DATA_DIR": str(tmp_path),
                "DATABASE_URL": str(world.engine.url),
                "REDIS_URL": valkey_url,
            }
        )
    )
    with world.transactions.writing() as session:
        session.add(User(email=EMAIL, name="Ines", password_hash=hash_password(PASSWORD), created_at=world.now()))
        session.add(
            WorkerHeartbeat(process="worker:test:1", kind="worker", started_at=world.now(), seen_at=world.now())
        )
    yield application


def ring(world: World, panel: Flask) -> None:
    """Ring for what is due, as a save and the clock do."""
    with world.transactions.reading():
        panel.extensions["bell"].ring(SYNC_MAILBOXES, world.due())
        panel.extensions["bell"].ring(POLL_MAILBOXES, [world.mailbox_id(name) for name in world.rooms])


def play(world: World, panel: Flask) -> None:
    """Pull, push, full runs, doubts, conflicts, holds and what cannot be understood, each with secrets in it."""
    tenant = world.tenant
    ada, room = tenant.as_person(world.address("ada")), tenant.as_delegate(world.address("alder"))
    tenant.set_policy(
        world.address("alder"), delete_subject=False, add_organizer_to_subject=False, remove_private_property=False
    )
    put(world, "alder", SEEN, world.at(6), guests=[GUEST], body=CANARY)
    put(world, "alder", SUBJECT, world.at(7), **PRIVATE)
    put(world, "alder", SUBJECT, world.at(8), shown_zone="Customized Time Zone", **PRIVATE)
    hers = invite(world, "alder", SUBJECT, world.at(9), **PRIVATE | {"sensitivity": "confidential"})
    invite(world, "alder", SUBJECT, world.at(10, 30), recurrence=DAILY, **PRIVATE)
    tenant.faults.add("create", "T+", times=2)
    for_ada, own = book_for(world, "alder", "For Ada", world.at(11)), world.book("alder", "Own", world.at(12))
    both = ada.book(
        "Two rooms", world.at(13).start, world.at(13).end,
        rooms=[world.address(name) for name in world.rooms], guests=[GUEST],
    )  # fmt: skip
    ring(world, panel)
    world.run(patience=120)
    tenant.advance(120)
    world.run()
    assert both.item is not None

    [event] = [e for e in ours_there(world, "alder") if e["subject"] == "Own"]
    [made] = [e for e in persons_events(world) if e["subject"] == "For Ada"]
    secret = {"subject": SUBJECT, "sensitivity": "private", "guests": [GUEST], "body": CANARY}
    moved = {"start": world.at(18).start, "end": world.at(18).end}
    mine = tenant.booked(world.address("alder"), event["id"])
    once(world, "patch", "before", lambda: room.change(mine, **secret, **moved))
    ada.change(tenant.booked(world.address("ada"), made["immutable_id"]), **secret)
    ada.change(hers, subject=f"{SUBJECT} again", start=world.at(15).start, end=world.at(15).end)
    world.change(own, title="Own, renamed", span=world.at(16))
    world.change(for_ada, title="For Ada, renamed", span=world.at(17))
    world.act(next(r.id for r in reservations(world, "birch")), "cancel")
    tenant.faults.add("patch", "503+")
    tenant.faults.add("delta", "410")
    ring(world, panel)
    world.run(patience=120)

    room.change(mine, subject=f"{SUBJECT} third")
    world.cancel(own)
    for hour in range(20, 28):
        put(world, "alder", SUBJECT, world.at(hour, 30), **PRIVATE)
    world.run(patience=120)
    for one in world.there("alder"):
        if one["is_organizer"] and not one["is_cancelled"] and one["start"] >= world.at(20).start:
            room.delete(tenant.booked(world.address("alder"), one["id"]))
    tenant.faults.add("view", "400", times=2)
    world.run(patience=120)
    for name in world.rooms:
        world.want(name, full=True)
    world.run(patience=120)


def found_in_tables(world: World, word: str) -> list[str]:
    """Tables with a row in which the word stands, as text."""
    with world.transactions.reading() as session:
        return [
            table.name
            for table in Base.metadata.sorted_tables
            if any(word in str(tuple(row)).lower() for row in session.execute(select(table)))
        ]


def pages_of(world: World, panel: Flask) -> dict[str, str]:
    """Every address of the panel that answers, whole and as htmx asks for it, with its text in lower case."""
    client, pages = panel.test_client(), dict[str, str]()
    token = CSRF.search(client.get("/sign-in").text)
    assert token is not None
    client.post("/sign-in", data={"csrf_token": token[1], "email": EMAIL, "password": PASSWORD})
    day = f"day={world.at(6).start:%Y-%m-%d}"
    for rule in panel.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        for number in range(1, 13) if rule.arguments else [0]:
            with panel.test_request_context():
                words = {name: next(iter(getattr(one, "items", [number]))) for name, one in rule._converters.items()}
                url = panel.url_for(rule.endpoint, **words)
            for query in ("", "?htmx") if rule.arguments else ("", "?htmx", f"?{day}", f"?{day}&view=week"):
                answer = client.get(url + query, headers={"HX-Request": "true"} if query == "?htmx" else {})
                if answer.status_code == 200:
                    pages[url + query] = answer.text.lower()
    return pages


def everything_in(redis: Redis) -> str:
    """All keys, values and job arguments, unpacked."""
    said = []
    for key in redis.scan_iter():
        read = {"hash": redis.hgetall, "list": lambda k: redis.lrange(k, 0, -1), "set": redis.smembers}
        kind = redis.type(key).decode()
        value = read.get(kind, lambda k: redis.zrange(k, 0, -1) if kind == "zset" else redis.get(k))(key)  # noqa: B023
        said += [str(key), str(value)]
        if kind == "hash" and b"data" in value:
            said.append(zlib.decompress(value[b"data"]).decode())
    return "\n".join(said).lower()


def test_nothing_of_a_private_meeting_or_of_a_guest_is_kept_or_shown_anywhere(
    world: World, panel: Flask, valkey_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """H56, S24: in both homes, with titles readable, whatever happens to the meetings."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "sqlalchemy")
    for name in ("alder", "birch"):
        world.add_room(name)
    world.set_modes(delegation=True, create=True)
    world.tenant.switches.delta_page_size_honoured, world.tenant.switches.default_delta_page = False, 2
    staged: set[str] = set()

    def look(_phase: str, _info: object) -> None:
        with world.transactions.reading() as session:
            staged.update(str(tuple(row)).lower() for row in session.execute(select(StagedRow.__table__)))

    world.tenant.on_request(look)
    play(world, panel)

    assert HoldKind.MASS_CANCEL in {hold.kind for hold in world.holds()} and world.conflicts()
    assert any(CANARY in str(item.subject) for item in world.tenant.mailbox(world.address("alder")).items.values())
    assert "meeting" in found_in_tables(world, SEEN.lower()) and any(SEEN.lower() in row for row in staged)
    assert found_in_tables(world, CANARY) == []
    assert [row for row in staged if CANARY in row] == []
    pages = pages_of(world, panel)
    assert len(pages) > 60 and any(SEEN.lower() in text for text in pages.values())
    assert [url for url, text in pages.items() if CANARY in text] == []
    kept = everything_in(Redis.from_url(valkey_url))
    assert SYNC_MAILBOXES in kept and CANARY not in kept
    assert caplog.text and CANARY not in caplog.text.lower()
