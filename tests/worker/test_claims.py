"""The lane of a mailbox on both databases: one run at a time, fenced, by the database's clock, no wake-up lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, NullPool, create_engine, update
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from webapp.database import Transactions, prepare_engine
from webapp.domain.words import (
    AttemptKind,
    Home,
    LinkRole,
    Origin,
    TitleSource,
)
from webapp.models import (
    Attempt,
    Connection,
    Lease,
    Link,
    Mailbox,
    Meeting,
    Outbox,
    Reservation,
    Room,
    SyncSettings,
)
from webapp.outbox import want_run
from worker.store import claims, leases
from worker.store.agenda import before_reading
from worker.store.claims import Lane, LaneLost

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PAST, FUTURE = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
MAILBOX = 1


@pytest.fixture
def data(database: Engine) -> Transactions:
    """Sync is on; mailbox 1 of the room Aspen has something wanted."""
    data = Transactions(database)
    with data.writing() as session:
        session.get_one(SyncSettings, 1).enabled = True
        session.add(Connection(id=1, name="contoso", client_id="c", tenant_id="t", created_at=NOW))
        session.flush()
        session.add(Mailbox(id=MAILBOX, connection_id=1, address="aspen@contoso.example", wanted=1))
        session.flush()
        session.add(
            Room(
                id=1,
                name="Aspen",
                time_zone="Europe/Berlin",
                created_at=NOW,
                connection_id=1,
                external_address="aspen@contoso.example",
                mailbox_id=MAILBOX,
                sync_active=True,
            )
        )
    return data


def claim(data: Transactions, owner: str = "one") -> Lane | None:
    return claims.claim(data, MAILBOX, owner, NOW)


def claimed(data: Transactions, owner: str = "one") -> Lane:
    lane = claim(data, owner)
    assert lane is not None
    return lane


def set_mailbox(data: Transactions, **values: Any) -> None:
    with data.writing() as session:
        session.execute(update(Mailbox).values(**values))


def mailbox(data: Transactions) -> Mailbox:
    with data.reading() as session:
        row = session.get_one(Mailbox, MAILBOX)
        session.expunge(row)
        return row


def stolen(data: Transactions) -> tuple[Lane, Lane]:
    """The lane of a worker that slept through its lease, and that of the worker which took over."""
    first = claimed(data, "one")
    set_mailbox(data, claim_expires_at=LONG_AGO)
    return first, claimed(data, "two")


def test_of_many_claimers_at_once_one_gets_the_mailbox(data: Transactions, database: Engine):
    engine = create_engine(database.url, poolclass=NullPool)
    prepare_engine(engine)
    crowd = Transactions(engine)

    with ThreadPoolExecutor(16) as pool:
        lanes = list(pool.map(lambda number: claim(crowd, f"worker-{number}"), range(16)))

    assert sum(lane is not None for lane in lanes) == 1
    assert mailbox(data).fence == 1


def test_a_claim_lasts_45_s_by_the_databases_clock_and_not_by_the_workers(data: Transactions):
    """The worker's clock of this test stands at another time than the database's."""
    claimed(data)
    with data.reading() as session:
        left = session.get_one(Mailbox, MAILBOX).claim_expires_at - claims.database_now(session)
    assert timedelta(seconds=40) < left <= timedelta(seconds=45)
    assert claim(data, "two") is None

    with data.reading() as session:
        just_now = claims.database_now(session) - timedelta(milliseconds=5)
    set_mailbox(data, claim_expires_at=just_now)
    assert claimed(data, "two").fence == 2


def test_each_commit_renews_the_claim(data: Transactions):
    lane = claimed(data)
    set_mailbox(data, claim_expires_at=LONG_AGO)

    with lane.writing():
        pass

    assert claim(data, "two") is None


def test_a_worker_that_lost_its_lane_can_write_nothing_h45(data: Transactions):
    late, current = stolen(data)

    with pytest.raises(LaneLost), late.writing() as session:
        session.get_one(Room, 1).name = "Written too late"

    with data.reading() as session:
        assert session.get_one(Room, 1).name == "Aspen"
    with current.writing() as session:
        session.get_one(Room, 1).name = "Written in time"
    with data.reading() as session:
        assert session.get_one(Room, 1).name == "Written in time"


def test_a_worker_that_lost_its_lane_neither_ends_nor_gives_back_the_run_of_another_h45(data: Transactions):
    late, current = stolen(data)

    with pytest.raises(LaneLost):
        claims.finish(late, 1)
    claims.give_back(late, None, failed=True)

    row = mailbox(data)
    assert (row.claim_owner, row.fence, row.failures, row.done) == ("two", current.fence, 0, 0)


def test_a_worker_that_gave_its_lane_back_cannot_write_either(data: Transactions):
    lane = claimed(data)
    claims.give_back(lane, None, failed=False)

    with pytest.raises(LaneLost), lane.writing():
        pass


def test_a_wake_up_between_read_and_finish_is_not_lost(data: Transactions):
    lane = claimed(data)
    seen = before_reading(lane, NOW).wanted
    with data.writing() as session:
        want_run(session, MAILBOX)

    assert claims.finish(lane, seen) is False
    assert mailbox(data).claim_owner == "one"

    assert claims.finish(lane, before_reading(lane, NOW).wanted) is True
    row = mailbox(data)
    assert (row.claim_owner, row.done, row.wanted) == (None, 2, 2)
    assert due(data) == []


def test_wakes_and_runs_at_once_always_end_with_nothing_wanted_that_no_run_saw(data: Transactions, database: Engine):
    engine = create_engine(database.url, poolclass=NullPool)
    prepare_engine(engine)
    crowd = Transactions(engine)
    seen_last: list[int] = []

    def wake(_number: int) -> None:
        with crowd.writing() as session:
            want_run(session, MAILBOX)

    def run(number: int) -> None:
        lane = claims.claim(crowd, MAILBOX, f"worker-{number}", NOW)
        while lane is not None:
            seen = before_reading(lane, NOW).wanted
            if claims.finish(lane, seen):
                seen_last.append(seen)
                return

    with ThreadPoolExecutor(8) as pool:
        waits = [pool.submit(act, n) for n in range(20) for act in (wake, run)]
        for waiting in waits:
            waiting.result()
    run(99)

    row = mailbox(data)
    assert (row.wanted, row.done, max(seen_last)) == (21, 21, 21)


def test_a_run_that_failed_counts_and_one_that_ends_well_forgets(data: Transactions):
    claims.give_back(claimed(data), PAST, failed=True)
    assert (mailbox(data).failures, mailbox(data).not_before) == (1, PAST)

    claims.finish(claimed(data), 1)
    assert mailbox(data).failures == 0


def due(data: Transactions, now: datetime = NOW) -> list[int]:
    with data.reading() as session:
        return claims.due(session, now, 10)


def to_poll(data: Transactions, among: list[int] | None = None) -> list[int]:
    with data.reading() as session:
        return claims.to_poll(session, NOW, timedelta(seconds=60), 10, among)


@pytest.mark.parametrize(
    ("values", "is_due"),
    [
        ({"wanted": 1}, True),
        ({"done": 1}, False),
        ({"done": 1, "full_wanted": 1}, True),
        ({"done": 1, "next_look_at": PAST}, True),
        ({"done": 1, "next_look_at": FUTURE}, False),
        ({"not_before": PAST}, True),
        ({"not_before": NOW}, True),
        ({"not_before": FUTURE}, False),
        ({"claim_owner": "two", "claim_expires_at": datetime(2999, 1, 1, tzinfo=UTC)}, False),
        ({"claim_owner": "two", "claim_expires_at": LONG_AGO}, True),
    ],
)
def test_a_mailbox_is_due_and_can_be_claimed_when(data: Transactions, values: dict[str, Any], is_due: bool):
    set_mailbox(data, **values)

    assert due(data) == ([MAILBOX] if is_due else [])
    assert (claim(data) is not None) is is_due


def switch_off(session: Session) -> None:
    session.get_one(SyncSettings, 1).enabled = False


def pause(session: Session) -> None:
    session.get_one(Room, 1).sync_active = False


def archive(session: Session) -> None:
    session.get_one(Room, 1).archived_at = NOW


@pytest.mark.parametrize("stop", [switch_off, pause, archive])
def test_nothing_is_due_polled_or_claimed_for_a_room_that_is_not_under_sync(data: Transactions, stop: Any):
    with data.writing() as session:
        stop(session)

    assert due(data) == []
    assert claim(data) is None
    set_mailbox(data, done=1)
    assert to_poll(data) == []


def add_reservation(session: Session) -> Reservation:
    meeting = Meeting(
        title="Budget",
        title_source=TitleSource.TYPED,
        home=Home.RESOURCE,
        origin=Origin.HERE,
        starts_at=NOW,
        ends_at=FUTURE,
        created_at=NOW,
    )
    reservation = Reservation(meeting=meeting, room_id=1, public_id="abc", created_at=NOW)
    session.add(reservation)
    session.flush()
    return reservation


@pytest.mark.parametrize(
    ("values", "is_due"),
    [
        ({}, True),
        ({"not_before": PAST}, True),
        ({"not_before": FUTURE}, False),
        ({"parked": True}, False),
    ],
)
def test_a_reservation_that_waits_to_be_sent_makes_its_mailbox_due(
    data: Transactions, values: dict[str, Any], is_due: bool
):
    set_mailbox(data, done=1)
    with data.writing() as session:
        reservation = add_reservation(session)
        row = {"mailbox_id": MAILBOX, "reservation_id": reservation.id, "revision": 1, "written_at": NOW}
        session.add(Outbox(**row, **values))

    assert due(data) == ([MAILBOX] if is_due else [])


@pytest.mark.parametrize(("next_look_at", "is_due"), [(None, True), (PAST, True), (FUTURE, False)])
def test_a_write_whose_outcome_is_open_makes_its_mailbox_due(
    data: Transactions, next_look_at: datetime | None, is_due: bool
):
    set_mailbox(data, done=1)
    with data.writing() as session:
        session.add(
            Attempt(
                mailbox_id=MAILBOX,
                reservation_id=add_reservation(session).id,
                kind=AttemptKind.CREATE,
                fence=1,
                revision=1,
                started_at=NOW,
                next_look_at=next_look_at,
            )
        )

    assert due(data) == ([MAILBOX] if is_due else [])


@pytest.mark.parametrize(
    ("values", "is_polled"),
    [
        ({"done": 1}, True),
        ({"done": 1, "last_polled_at": NOW - timedelta(seconds=60)}, True),
        ({"done": 1, "last_polled_at": NOW - timedelta(seconds=59)}, False),
        ({"done": 0}, False),
        ({"done": 1, "not_before": FUTURE}, False),
        ({"done": 1, "claim_owner": "two", "claim_expires_at": datetime(2999, 1, 1, tzinfo=UTC)}, False),
    ],
)
def test_a_mailbox_is_polled_when_it_rests_and_was_not_asked_for_an_interval(
    data: Transactions, values: dict[str, Any], is_polled: bool
):
    set_mailbox(data, **values)

    assert to_poll(data) == ([MAILBOX] if is_polled else [])
    assert to_poll(data, [MAILBOX]) == ([MAILBOX] if is_polled else [])
    assert to_poll(data, [MAILBOX + 1]) == []


def test_the_mailbox_that_waits_longest_is_the_first_to_run(data: Transactions):
    with data.writing() as session:
        for number, last in ((2, None), (3, PAST)):
            address = f"room{number}@contoso.example"
            session.add(Mailbox(id=number, connection_id=1, address=address, wanted=1, last_round_at=last))
            session.flush()
            room = Room(id=number, name="R", time_zone="UTC", created_at=NOW, mailbox_id=number, sync_active=True)
            room.connection_id, room.external_address = 1, address
            session.add(room)
    set_mailbox_1 = update(Mailbox).where(Mailbox.id == 1).values(last_round_at=NOW)
    with data.writing() as session:
        session.execute(set_mailbox_1)

    assert due(data) == [2, 3, 1]


def test_a_lease_is_held_by_one_until_it_expires_or_is_given_back(data: Transactions):
    length = timedelta(seconds=20)
    assert leases.hold(data, "clock", "one", length)
    assert not leases.hold(data, "clock", "two", length)
    assert leases.hold(data, "clock", "one", length)

    with data.writing() as session:
        session.execute(update(Lease).values(expires_at=LONG_AGO))
    assert leases.hold(data, "clock", "two", length)
    assert not leases.hold(data, "clock", "one", length)

    leases.give_back(data, "clock", "one")
    assert not leases.hold(data, "clock", "one", length)
    leases.give_back(data, "clock", "two")
    assert leases.hold(data, "clock", "one", length)


def test_of_many_that_want_a_new_lease_at_once_one_gets_it(data: Transactions, database: Engine):
    engine = create_engine(database.url, poolclass=NullPool)
    prepare_engine(engine)
    crowd = Transactions(engine)

    with ThreadPoolExecutor(8) as pool:
        held = list(pool.map(lambda n: leases.hold(crowd, "clock", str(n), timedelta(seconds=20)), range(8)))

    assert held.count(True) == 1


def test_event_ids_that_differ_in_one_characters_case_or_sign_are_two_events_h16(data: Transactions):
    ids = ["AAMkAGQ-x", "AAMkAGQ_x", "AAMkAGQ-X", "aamkagq-x"]
    row = {"mailbox_id": MAILBOX, "role": LinkRole.COPY, "created_at": NOW}
    with data.writing() as session:
        session.add_all(Link(event_id=event_id, **row) for event_id in ids)

    with pytest.raises(IntegrityError), data.writing() as session:
        session.add(Link(event_id=ids[0], **row))
    with data.reading() as session:
        for event_id in ids:
            assert [link.event_id for link in session.query(Link).filter_by(event_id=event_id)] == [event_id]


def test_an_instant_without_a_zone_is_refused_and_comes_back_in_utc(data: Transactions):
    with pytest.raises(StatementError, match="naive"):
        set_mailbox(data, not_before=datetime(2026, 11, 23, 8, 0))  # noqa: DTZ001

    berlin = datetime.fromisoformat("2026-11-23T09:00:00+01:00")
    set_mailbox(data, not_before=berlin)
    found = mailbox(data).not_before
    assert found == berlin
    assert found is not None and found.utcoffset() == timedelta(0)


def test_a_word_that_the_product_does_not_know_is_refused_by_the_database(data: Transactions, database: Engine):
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.exec_driver_sql("UPDATE room SET sync_state = 'sleeping'")
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.exec_driver_sql("UPDATE mailbox SET done = wanted + 1")
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.exec_driver_sql("UPDATE room SET mailbox_id = 4711")
