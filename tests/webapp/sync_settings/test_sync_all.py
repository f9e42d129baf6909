"""Sync All Calendars: who may start it when, what it asks for, and what is seen of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine

from tests.webapp.conftest import ListeningBell, Person, fill
from tests.webapp.connections.conftest import make_connection, make_room
from webapp.clock import utcnow
from webapp.config import sqlalchemy_url
from webapp.database import Transactions, prepare_engine
from webapp.domain.words import RunKind, RunResult
from webapp.enqueue import SYNC_MAILBOXES
from webapp.errors import Refused
from webapp.models import Mailbox, Room, RoomRun, SyncAll, SyncSettings
from webapp.sync_settings import service

PAGE = "/settings/external-calendar-sync/"
URL = "/settings/external-calendar-sync/sync-all"
BOTH_WAYS = pytest.mark.parametrize("hx", [False, True], ids=["without script", "with htmx"])


@pytest.fixture(autouse=True)
def world(app: Flask, data: Transactions) -> None:
    """Sync is on, two rooms are followed."""
    with data.writing() as session:
        session.query(SyncSettings).one().enabled = True
        one = make_connection(session, app)
        make_room(session, one, "Alder")
        make_room(session, one, "Birch")


def started(data: Transactions, at: datetime | None = None, **values: Any) -> None:
    """A Sync All of before."""
    at = at or utcnow()
    with data.writing() as session:
        session.add(
            SyncAll(
                **{"started_at": at, "started_by": "Maren Solheim", "finished_at": None, "rooms_total": 2} | values
            )
        )
        session.query(SyncSettings).one().sync_all_not_before = at + service.REST


def press(admin: Person, hx: bool = False):  # type: ignore[no-untyped-def]
    admin.get(PAGE)
    return admin.post(URL, hx=hx)


@BOTH_WAYS
def test_it_asks_every_followed_room_for_a_full_run(
    admin: Person, data: Transactions, bell: ListeningBell, hx: bool
) -> None:
    answer = press(admin, hx)
    assert answer.status_code == (200 if hx else 303)
    with data.reading() as session:
        assert [(one.wanted, one.full_wanted) for one in session.query(Mailbox)] == [(1, 1), (1, 1)]
        assert session.query(SyncAll).one().rooms_total == 2
    assert bell.rung == [(SYNC_MAILBOXES, ([1, 2],), "background")]
    card = answer.text if hx else admin.get(answer.headers["Location"]).text
    assert "<b>0 of 2 rooms</b> done" in card
    assert "by <bdi>Ines Okafor</bdi>" in card


def test_rooms_that_are_paused_or_archived_are_left_alone(admin: Person, data: Transactions) -> None:
    with data.writing() as session:
        alder, birch = session.query(Room).order_by(Room.id)
        alder.sync_active = False
        birch.archived_at = utcnow()
    answer = press(admin)
    assert answer.status_code == 409
    assert "No room is linked yet" in answer.text


@BOTH_WAYS
def test_while_sync_is_off_it_is_refused(admin: Person, data: Transactions, bell: ListeningBell, hx: bool) -> None:
    with data.writing() as session:
        session.query(SyncSettings).one().enabled = False
    answer = press(admin, hx)
    assert answer.status_code == 409
    assert "External Calendar Sync is off" in answer.text
    assert bell.rung == []


@BOTH_WAYS
def test_while_it_runs_it_cannot_be_started_again(admin: Person, data: Transactions, hx: bool) -> None:
    """Not even when its ten minutes are over."""
    started(data, at=utcnow() - timedelta(minutes=30))
    answer = press(admin, hx)
    assert answer.status_code == 409
    assert "It was started by <bdi>Maren Solheim</bdi>" in answer.text
    with data.reading() as session:
        assert session.query(SyncAll).count() == 1


@pytest.mark.parametrize(("minutes", "free"), [(0, False), (9, False), (9.99, False), (10, True), (11, True)])
def test_it_is_free_again_ten_minutes_after_its_start(data: Transactions, minutes: float, free: bool) -> None:
    start = utcnow()
    started(data, at=start, finished_at=start)
    now = start + timedelta(minutes=minutes)
    with data.writing() as session:
        if free:
            service.start_sync_all(session, ListeningBell(), "Ines Okafor", now)
        else:
            with pytest.raises(Refused, match="sync_all_too_early"):
                service.start_sync_all(session, ListeningBell(), "Ines Okafor", now)


def test_the_button_shows_the_time_left_by_the_servers_clock(admin: Person, data: Transactions) -> None:
    started(data, at=utcnow() - timedelta(minutes=4), finished_at=utcnow() - timedelta(minutes=2))
    card = admin.get(URL, hx=True).text
    assert "disabled" in card
    assert "Possible again" in card
    assert '<b class="num">6:00</b>' in card or '<b class="num">5:59</b>' in card
    assert 'hx-trigger="every 5s"' in card


@pytest.mark.parametrize(
    ("values", "trigger"),
    [
        ({"finished_at": None}, "every 2s"),
        ({"finished_at": utcnow()}, None),
    ],
    ids=["running", "done long ago"],
)
def test_the_card_asks_again_only_while_it_moves(
    admin: Person, data: Transactions, values: dict[str, Any], trigger: str | None
) -> None:
    started(data, at=utcnow() - timedelta(hours=1), **values)
    card = admin.get(URL, hx=True).text
    assert ("hx-trigger" in card) is bool(trigger)
    assert trigger is None or f'hx-trigger="{trigger}"' in card
    assert ("disabled aria-describedby" in card) is bool(trigger)


def test_progress_and_failed_rooms_are_shown(admin: Person, data: Transactions) -> None:
    started(data, rooms_done=1, rooms_failed=1, changes=1412)
    with data.writing() as session:
        session.add(
            RoomRun(
                room_id=1, mailbox_id=1, sync_all_id=1, kind=RunKind.FULL, result=RunResult.FAILED,
                started_at=utcnow(), finished_at=utcnow(), code=None,
            )
        )  # fmt: skip
    card = admin.get(URL, hx=True).text
    assert "<b>1 of 2 rooms</b> done" in card
    assert "1,412 changes" in card
    assert "1 room failed" in card
    assert "<bdi>Alder</bdi>" in card
    assert '<progress max="2" value="1"' in card


def test_the_card_is_the_same_alone_and_in_the_page(admin: Person, data: Transactions) -> None:
    started(data, at=utcnow() - timedelta(hours=1), finished_at=utcnow() - timedelta(minutes=50))
    card = without_tokens(admin.get(URL, hx=True).text)
    assert card.strip() in without_tokens(admin.get(PAGE).text)


def without_tokens(html: str) -> str:
    """Tokens differ from page to page."""
    return "".join(
        part if not at else part.split('"', 1)[1] for at, part in enumerate(html.split('csrf_token" value="'))
    )


def test_asking_again_costs_three_queries_at_most(
    admin: Person, data: Transactions, count_queries: Callable[[], Any]
) -> None:
    started(data, rooms_failed=1)
    with count_queries() as seen:
        assert admin.get(URL, hx=True).status_code == 200
    assert len(seen) <= 3, seen


def click_many_times_at_once(database: Transactions) -> None:
    """Eight threads press the button; decided by one UPDATE, so any number of processes may."""
    ready, outcomes, now = threading.Barrier(8), [], utcnow()

    def click() -> None:
        ready.wait()
        with database.writing() as session:
            try:
                service.start_sync_all(session, ListeningBell(), "Ines Okafor", now)
                outcomes.append("started")
            except Refused as error:
                outcomes.append(error.code)

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["started"] + ["sync_all_running"] * 7
    with database.reading() as session:
        assert session.query(SyncAll).count() == 1
        assert all(one.full_wanted == 1 for one in session.query(Mailbox))


def test_many_clicks_at_once_start_one_on_sqlite(data: Transactions) -> None:
    click_many_times_at_once(data)


def test_many_clicks_at_once_start_one_on_postgresql(postgres_url: str, app: Flask, password_hash: str) -> None:
    engine = create_engine(sqlalchemy_url(postgres_url))
    prepare_engine(engine)
    fill(engine, password_hash)
    database = Transactions(engine)
    with database.writing() as session:
        session.query(SyncSettings).one().enabled = True
        make_room(session, make_connection(session, app), "Alder")
    click_many_times_at_once(database)
    engine.dispose()
