"""The clock: what it finds in the database and rings for, into a real Valkey."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from cryptography.fernet import Fernet
from redis import Redis
from rq import Queue
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import OperationalError

from webapp.config import load_config
from webapp.database import Transactions
from webapp.domain.words import CheckState, Home, Origin, TitleSource
from webapp.enqueue import (
    BACKGROUND,
    CHECK_CONNECTION,
    LIST_PLACES,
    POLL_MAILBOXES,
    QUEUE_ORDER,
    SYNC_MAILBOXES,
    Bell,
)
from webapp.models import (
    Connection,
    ConnectionCheck,
    DeltaSession,
    Lease,
    Mailbox,
    Meeting,
    Outbox,
    Reservation,
    Room,
    SyncSettings,
)
from worker.clients import Clients
from worker.process import Process
from worker.room_run.run import RoomSync
from worker.schedule import AT_ONCE, MOST_WAITING, REANCHOR, SCHEDULE, SILENT, SPREAD, Clock, Entry, reanchor

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class Installation:
    """A database with rooms at rest, a queue, and clocks."""

    def __init__(self, data: Transactions, redis: Redis) -> None:
        self.data, self.redis = data, redis
        self.config = load_config(
            {"SECRET_KEY": "a key for tests only", "SECRET_ENCRYPTION_KEYS": Fernet.generate_key().decode()}
        )

    def process(self, name: str = "one") -> Process:
        """What a clock process has; it never runs a room."""
        return Process(name, self.config, self.data, cast(Clients, None), cast(RoomSync, None), Bell(self.redis))

    def add_rooms(self, count: int, **mailbox: Any) -> None:
        """Rooms under sync, polled just now unless said otherwise."""
        with self.data.writing() as session:
            for number in range(1, count + 1):
                address = f"room{number}@contoso.example"
                values = {"last_polled_at": NOW} | mailbox
                session.add(Mailbox(id=number, connection_id=1, address=address, **values))
                session.flush()
                row = Room(name="R", time_zone="UTC", created_at=NOW, mailbox_id=number, sync_active=True)
                row.connection_id, row.external_address = 1, address
                session.add(row)

    def jobs(self) -> list[tuple[str, str, list[Any]]]:
        """(queue, job, arguments) of everything that waits."""
        found = []
        for name in QUEUE_ORDER:
            jobs = Queue(name, connection=self.redis, serializer="json").get_jobs()
            found += [(name, job.func_name, list(job.args)) for job in jobs]
        return found

    def write(self, *rows: Any) -> None:
        """Add rows."""
        with self.data.writing() as session:
            session.add_all(rows)


@pytest.fixture
def here(database: Engine, valkey_url: str) -> Iterator[Installation]:
    """Sync is on; one connection, no rooms yet."""
    data = Transactions(database)
    with data.writing() as session:
        session.get_one(SyncSettings, 1).enabled = True
        session.add(Connection(id=1, name="contoso", client_id="c", tenant_id="t", created_at=NOW))
    with Redis.from_url(valkey_url) as redis:
        yield Installation(data, redis)


def test_rooms_with_something_to_do_are_rung_for_twenty_at_a_time(here: Installation):
    here.add_rooms(45, wanted=1)

    Clock(here.process()).tick(NOW)

    assert [(queue, job) for queue, job, _ in here.jobs()] == [("sync", SYNC_MAILBOXES)] * 3
    lists = [arguments[0] for _, _, arguments in here.jobs()]
    assert [len(ids) for ids in lists] == [AT_ONCE, AT_ONCE, 5]
    assert sorted(number for ids in lists for number in ids) == list(range(1, 46))


def test_a_full_run_waits_below_what_somebody_waits_for_unless_its_room_has_something_to_send(here: Installation):
    here.add_rooms(3, wanted=1)
    with here.data.writing() as session:
        session.execute(update(Mailbox).where(Mailbox.id > 1).values(full_wanted=1))
        meeting = Meeting(
            title="Budget",
            title_source=TitleSource.TYPED,
            home=Home.RESOURCE,
            origin=Origin.HERE,
            starts_at=NOW,
            ends_at=NOW + timedelta(hours=1),
            created_at=NOW,
        )
        room = session.scalars(select(Room).where(Room.mailbox_id == 3)).one()
        reservation = Reservation(meeting=meeting, room=room, public_id="abc", created_at=NOW)
        session.add(reservation)
        session.flush()
        session.add(Outbox(mailbox_id=3, reservation_id=reservation.id, revision=1, written_at=NOW))

    Clock(here.process()).tick(NOW)

    assert here.jobs() == [("sync", SYNC_MAILBOXES, [[1, 3]]), (BACKGROUND, SYNC_MAILBOXES, [[2]])]


def test_rooms_at_rest_are_polled_when_their_time_has_come(here: Installation):
    here.add_rooms(3)
    clock = Clock(here.process())

    clock.tick(NOW)
    assert here.jobs() == []

    clock.tick(NOW + timedelta(seconds=here.config.poll_seconds))
    assert here.jobs() == [("polls", POLL_MAILBOXES, [[1, 2, 3]])]


def test_what_nobody_takes_up_is_rung_for_again_every_five_seconds_and_not_more_often(here: Installation):
    here.add_rooms(1, wanted=1)
    clock = Clock(here.process())

    for second in (0, 1, 4, 5, 6):
        clock.tick(NOW + timedelta(seconds=second))

    assert len(here.jobs()) == 2


def test_a_queue_that_nobody_empties_grows_to_a_bound(here: Installation):
    here.add_rooms(AT_ONCE * 3, wanted=1)
    clock = Clock(here.process())

    for tick in range(MOST_WAITING):
        clock.tick(NOW + timedelta(seconds=5 * tick))

    assert len(here.jobs()) == MOST_WAITING


def test_a_clock_without_valkey_goes_on(here: Installation):
    here.add_rooms(100, wanted=1)
    here.redis = Redis(host="127.0.0.1", port=9, socket_connect_timeout=1)
    acted = []
    last = Entry("last", timedelta(seconds=5), lambda _here, now: acted.append(now))

    Clock(here.process(), (*SCHEDULE, last)).tick(NOW)

    assert acted == [NOW]


@pytest.mark.parametrize(
    ("state", "values", "is_rung_for"),
    [
        (CheckState.WAITING, {}, True),
        (CheckState.WAITING, {"next_try_at": NOW}, True),
        (CheckState.WAITING, {"next_try_at": NOW + timedelta(seconds=1)}, False),
        (CheckState.RUNNING, {"beat_at": NOW - SILENT + timedelta(seconds=1)}, False),
        (CheckState.RUNNING, {"beat_at": NOW - SILENT - timedelta(seconds=1)}, True),
        (CheckState.RUNNING, {}, True),
        (CheckState.CONFIRMED, {}, False),
        (CheckState.FAILED, {}, False),
    ],
)
def test_a_check_that_nobody_runs_is_rung_for_also_while_sync_is_off(
    here: Installation, state: CheckState, values: dict[str, Any], is_rung_for: bool
):
    with here.data.writing() as session:
        session.get_one(SyncSettings, 1).enabled = False
    here.write(ConnectionCheck(id=7, connection_id=1, state=state, requested_at=NOW, **values))

    Clock(here.process()).tick(NOW)

    assert here.jobs() == ([("checks", CHECK_CONNECTION, [7])] if is_rung_for else [])


def test_a_list_of_rooms_that_is_wanted_is_rung_for_until_it_is_there(here: Installation):
    clock = Clock(here.process())
    with here.data.writing() as session:
        session.execute(update(Connection).values(places_wanted=1))
    clock.tick(NOW)
    with here.data.writing() as session:
        session.execute(update(Connection).values(places_done=1))
    clock.tick(NOW + timedelta(seconds=5))

    assert here.jobs() == [("checks", LIST_PLACES, [1])]


def test_a_window_that_has_aged_a_week_is_read_anew_once(here: Installation):
    here.add_rooms(2)
    for number, age in ((1, REANCHOR + timedelta(hours=1)), (2, REANCHOR - SPREAD - timedelta(hours=1))):
        began = NOW - age
        here.write(DeltaSession(mailbox_id=number, window_start=began, window_end=NOW, started_at=began, active=True))

    for _ in range(2):
        reanchor(here.process(), NOW)

    with here.data.reading() as session:
        found = session.execute(select(Mailbox.wanted, Mailbox.full_wanted).order_by(Mailbox.id)).all()
    assert [tuple(row) for row in found] == [(1, 1), (0, 0)]


def test_windows_that_began_together_are_read_anew_one_by_one_and_none_late(here: Installation):
    """H13: spread over a day by the mailbox's id, always the same for one mailbox."""
    here.add_rooms(15)
    began = NOW - REANCHOR
    for number in range(1, 16):
        here.write(DeltaSession(mailbox_id=number, window_start=began, window_end=NOW, started_at=began, active=True))

    moments = []
    for hour in range(-25, 1):
        reanchor(here.process(), NOW + timedelta(hours=hour))
        with here.data.reading() as session:
            moments.append(sum(session.scalars(select(Mailbox.full_wanted))))

    assert (moments[0], moments[-1]) == (0, 15)
    most_in_an_hour = max(after - before for before, after in itertools.pairwise(moments))
    assert most_in_an_hour <= 4


def test_a_mailbox_listed_in_slices_is_asked_for_its_changes_again_after_a_day(here: Installation):
    """H10."""
    here.add_rooms(3)
    for number, days, hours in ((1, 31, 25), (2, 31, 23), (3, None, 25)):
        began = NOW - timedelta(hours=hours)
        here.write(
            DeltaSession(
                mailbox_id=number,
                window_start=began,
                window_end=NOW,
                started_at=began,
                active=True,
                is_listing=days is not None,
                slice_days=days,
            )
        )

    reanchor(here.process(), NOW)

    with here.data.reading() as session:
        assert list(session.scalars(select(Mailbox.full_wanted).order_by(Mailbox.id))) == [1, 0, 0]


def test_of_two_clocks_one_acts_and_the_other_takes_over_when_it_is_gone(here: Installation):
    here.add_rooms(1, wanted=1)
    first, second = Clock(here.process("one")), Clock(here.process("two"))

    first.tick(NOW)
    second.tick(NOW)
    assert len(here.jobs()) == 1

    with here.data.writing() as session:
        session.execute(update(Lease).values(expires_at=datetime(2000, 1, 1, tzinfo=UTC)))
    second.tick(NOW)
    first.tick(NOW + timedelta(seconds=5))
    assert len(here.jobs()) == 2


def test_an_entry_that_fails_stops_no_other(here: Installation):
    acted: list[str] = []

    def fail(_here: Process, _now: datetime) -> None:
        acted.append("failed")
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    every = timedelta(seconds=1)
    schedule = (Entry("one", every, fail), Entry("two", every, lambda _here, _now: acted.append("done")))
    clock = Clock(here.process(), schedule)
    clock.tick(NOW)
    clock.tick(NOW + every)

    assert acted == ["failed", "done"] * 2
