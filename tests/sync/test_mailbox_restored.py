"""Another default calendar answers at a room's address: a person says what it is; mailboxes that go away (H69)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.sync.checks import assert_quiet, assert_same, invite, put, reservations, steps
from tests.sync.world import World
from tests.tenant import routes_mailbox
from webapp.domain.booking import sync_window
from webapp.domain.words import RoomState, SyncState
from webapp.errors import Refused
from webapp.models import Link, Mailbox, Room, SyncAll, Tombstone
from webapp.outbox import want_run
from webapp.rooms import linking
from webapp.rooms import service as rooms
from worker.store.sync_all import close_finished


def lively(world: World) -> None:
    """Alder in step: three of ours, a delegate's, a series, and one that Ada organizes."""
    world.add_room("alder")
    for number in range(3):
        world.book("alder", f"R{number}", world.at(3 * number))
    put(world, "alder", "Theirs", world.at(20))
    start = world.at(30)
    world.tenant.as_delegate(world.address("alder")).book(
        "Weekly", start.start, start.end, recurrence=_weekly(start.start)
    )
    invite(world, "alder", "Budget", world.at(50))
    world.run()
    world.tenant.advance(400)
    world.run()


def _weekly(start):  # type: ignore[no-untyped-def]
    day = start.strftime("%A").lower()
    return {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": [day]},
        "range": {
            "type": "endDate",
            "startDate": start.date().isoformat(),
            "endDate": (start + timedelta(days=60)).date().isoformat(),
        },
    }


def restored(world: World) -> None:
    """The mailbox is back with new ids, and the room was asked once since."""
    world.tenant.restore(world.address("alder"), new_ids=True)
    world.run_once("alder")
    for _ in range(3):
        world.tenant.advance(3)
        world.run_once("alder")


def say_same(world: World) -> None:
    with world.transactions.writing() as session:
        rooms.same_room(session, world.rooms["alder"], world.now())


def say_other(world: World) -> None:
    with world.transactions.writing() as session:
        rooms.other_mailbox(session, world.rooms["alder"], world.now())


def asked(world: World) -> tuple[int, int]:
    """How many would be created in the other calendar, and how many left behind."""
    with world.transactions.reading() as session:
        parting = linking.parting_from_former(session, session.get_one(Room, world.rooms["alder"]), world.now())
        return parting.ours, parting.theirs


def subjects(world: World) -> list[str]:
    return sorted(str(event["subject"]) for event in world.there("alder"))


def assert_same_dates(world: World) -> None:
    """I1 and I3, series date by date."""
    start, end = sync_window(world.now())
    there = world.tenant.occurrences(world.address("alder"), start, end)
    assert world.slots_here("alder") == sorted((event["start"], event["end"]) for event in there)


def mailbox(world: World) -> Mailbox:
    with world.transactions.reading() as session:
        return session.get_one(Mailbox, world.mailbox_id("alder"))


def test_another_calendar_at_the_address_stops_the_room_and_changes_nothing(world: World) -> None:
    lively(world)
    writes, mails, here = world.writes(), len(world.tenant.mails), world.titles_here("alder")
    restored(world)
    room = world.room("alder")
    assert (room.sync_state, room.sync_code) == (RoomState.ERROR, "calendar_changed")
    assert mailbox(world).calendar_seen not in (None, mailbox(world).calendar_key)
    world.book("alder", "Late", world.at(100))
    for _ in range(6):
        world.tenant.advance(601)
        world.run_once("alder")
    assert (world.writes(), len(world.tenant.mails)) == (writes, mails)
    assert sorted(world.titles_here("alder")) == sorted([*here, "Late"])
    assert all(r.cancelled_at is None for r in reservations(world, "alder", live=False))


def test_the_same_room_is_taken_up_with_all_ids_renewed_and_nothing_made_or_ended(world: World) -> None:
    """H69, H15: known by transactionId and iCalUId; nothing is created, cancelled or mailed."""
    lively(world)
    writes, mails, there = world.writes(), len(world.tenant.mails), subjects(world)
    before = {r.id: r.meeting.title for r in reservations(world, "alder")}
    with world.transactions.reading() as session:
        old_ids = set(session.scalars(select(Link.event_id).where(Link.reservation_id.is_not(None))))
    restored(world)
    say_same(world)
    world.run()
    assert (world.writes(), len(world.tenant.mails), subjects(world)) == (writes, mails, there)
    assert {r.id: r.meeting.title for r in reservations(world, "alder", live=False)} == before
    with world.transactions.reading() as session:
        links = session.scalars(select(Link).where(Link.reservation_id.is_not(None))).all()
        assert len(links) == len(old_ids) and not old_ids & {link.event_id for link in links}
        assert session.scalars(select(Tombstone)).all() == []
    assert {r.sync_state for r in reservations(world, "alder")} == {SyncState.SYNCED}
    assert (mailbox(world).calendar_seen, world.room("alder").sync_state) == (None, RoomState.ACTIVE)
    assert_same_dates(world)
    assert "retime" not in steps(world)
    made = next(r for r in reservations(world, "alder") if r.meeting.title == "R1")
    world.change(made.id, title="R1 renamed")
    world.run()
    assert "R1 renamed" in subjects(world) and "R1" not in subjects(world)
    assert_quiet(world)


def test_what_a_restored_calendar_lacks_stays_here_and_is_not_in_outlook(world: World) -> None:
    """I5: nothing is cancelled because a backup was older."""
    lively(world)
    delegate = world.tenant.as_delegate(world.address("alder"))
    world.tenant.restore(world.address("alder"), new_ids=True)
    lost = [event for event in world.there("alder") if event["subject"] in ("R2", "Theirs")]
    for event in lost:
        delegate.delete(world.tenant.booked(world.address("alder"), event["id"]))
    world.run_once("alder")
    say_same(world)
    writes = world.writes()
    world.run()
    assert world.writes() == writes
    rows = {r.meeting.title: r for r in reservations(world, "alder", live=False)}
    assert all(row.cancelled_at is None for row in rows.values())
    assert {title for title, row in rows.items() if row.sync_state is SyncState.LOCAL} == {"R2", "Theirs"}
    assert steps(world).count("keep") == 2
    assert_quiet(world)


def test_as_another_mailbox_it_gets_ours_anew_and_theirs_are_left_behind(world: World) -> None:
    lively(world)
    mails = len(world.tenant.mails)
    restored(world)
    assert asked(world) == (3, 3)
    say_other(world)
    world.run()
    assert len(world.tenant.mails) == mails
    assert sorted(subjects(world)) == sorted(set(subjects(world)))
    assert {r.sync_state for r in reservations(world, "alder")} == {SyncState.SYNCED}
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert_same_dates(world)
    assert_quiet(world)


def test_an_answer_to_a_question_that_nobody_asks_is_refused(world: World) -> None:
    lively(world)
    with pytest.raises(Refused, match="calendar_settled"):
        say_same(world)
    with pytest.raises(Refused, match="calendar_settled"):
        say_other(world)


@pytest.mark.parametrize("tokens_live_on", [False, True])
def test_the_former_calendar_that_comes_back_is_followed_again_by_itself(world: World, tokens_live_on: bool) -> None:
    """Nothing that was read of the other one is taken for this one's, whatever its delta link still tells."""
    lively(world)
    box = world.tenant.mailbox(world.address("alder"))
    writes, store = world.writes(), box.store
    restored(world)
    assert world.room("alder").sync_state is RoomState.ERROR
    box.store = store
    if not tokens_live_on:
        box.sessions.clear()
    box.items.update({number: item.changed() for number, item in box.items.items()})
    world.tenant.advance(700)
    world.run()
    assert (world.room("alder").sync_state, mailbox(world).calendar_seen) == (RoomState.ACTIVE, None)
    assert world.writes() == writes
    assert_same_dates(world)
    assert_quiet(world)


@pytest.mark.parametrize("gone", ["soft_delete", "unlicense"])
@pytest.mark.parametrize("new_ids", [False, True])
def test_a_mailbox_that_is_gone_for_twenty_days_costs_nothing(world: World, gone: str, new_ids: bool) -> None:
    """H69: the room says so and waits; restored it is taken up, at once or after the question."""
    lively(world)
    writes, mails, there = world.writes(), len(world.tenant.mails), subjects(world)
    kept = {r.id for r in reservations(world, "alder") if "R" in r.meeting.title or r.meeting.title == "Theirs"}
    getattr(world.tenant, gone)(world.address("alder"))
    for _ in range(20):
        world.run_once("alder")
        world.tenant.advance(86_400)
    room = world.room("alder")
    assert (room.sync_state, room.sync_code) == (RoomState.ERROR, "mailbox_missing")
    assert all(world.reservation(one).cancelled_at is None for one in kept)
    world.tenant.restore(world.address("alder"), new_ids=new_ids)
    world.run_once("alder")
    if new_ids:
        assert world.room("alder").sync_code == "calendar_changed"
        say_same(world)
    world.run()
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert (world.writes(), len(world.tenant.mails), subjects(world)) == (writes, mails, there)
    assert all(r.cancelled_at is None for r in reservations(world, "alder", live=False))
    world.want("alder", full=True)  # the window moved on meanwhile
    world.run()
    assert_quiet(world)


def test_where_most_events_vanish_at_once_the_calendar_is_asked_for_before_anything_follows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H69, I5: the delta link lives on and tells of removals, but it is another calendar."""
    world.add_room("alder")
    theirs = [put(world, "alder", f"T{number}", world.at(2 * number)) for number in range(8)]
    world.run()
    world.tenant.advance(60)
    delegate = world.tenant.as_delegate(world.address("alder"))
    for event in theirs[:5]:
        delegate.delete(event)
    monkeypatch.setattr(routes_mailbox.ids, "calendar_id", lambda _store: "another")
    world.run_once("alder")
    assert world.room("alder").sync_code == "calendar_changed"
    assert all(r.cancelled_at is None for r in reservations(world, "alder", live=False))
    monkeypatch.undo()
    world.tenant.advance(700)
    world.run()
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert world.titles_here("alder") == ["T5", "T6", "T7"]
    assert_quiet(world)


def test_once_a_day_a_quiet_room_is_asked_for_its_calendar(world: World) -> None:
    lively(world)
    asked = mailbox(world).identified_at
    world.tenant.advance(3600)
    world.run_once("alder")
    assert mailbox(world).identified_at == asked
    world.tenant.advance(86_400)
    world.run_once("alder")
    assert mailbox(world).identified_at == world.now()


def test_events_that_change_their_ids_while_the_calendar_stays_are_known_again(world: World) -> None:
    """H15: 10 events get new ids silently; 0 creates, 0 deletes, 0 cancels."""
    world.add_room("alder")
    for number in range(10):
        world.book("alder", f"R{number}", world.at(2 * number))
    world.run()
    world.tenant.advance(400)
    world.run()
    writes = world.writes()
    world.tenant.renew_ids(world.address("alder"))
    world.run()
    world.want("alder", full=True)
    world.run()
    assert world.writes() == writes
    rows = reservations(world, "alder", live=False)
    assert len(rows) == 10 and {r.sync_state for r in rows} == {SyncState.SYNCED}
    assert_same(world, "alder")
    assert_quiet(world)


def test_a_renamed_mailbox_whose_old_address_is_not_kept_says_what_to_do(world: World) -> None:
    """H69: its reservations stay."""
    lively(world)
    world.tenant.rename(world.address("alder"), world.address("hazel"))
    world.tenant.mailbox(world.address("hazel")).aliases.clear()
    world.tenant._names.pop(world.address("alder"))
    world.run_once("alder")
    room = world.room("alder")
    assert (room.sync_state, room.sync_code) == (RoomState.ERROR, "mailbox_missing")
    assert all(r.cancelled_at is None for r in reservations(world, "alder", live=False))


def test_a_tenant_name_that_leads_elsewhere_by_now_stops_the_room(world: World) -> None:
    lively(world)
    with world.transactions.writing() as session:
        session.get_one(Mailbox, session.get_one(Room, world.rooms["alder"]).mailbox_id).tenant_guid = "another"
    writes, asked = world.writes(), len(world.tenant.requests)
    world.run_once("alder")
    assert world.room("alder").sync_code == "other_tenant"
    assert (world.writes(), len(world.tenant.requests)) == (writes, asked)


def test_sync_all_does_not_wait_for_a_room_that_waits_for_a_person(world: World) -> None:
    """3.2: nobody reads it before it is known whose calendar that is."""
    lively(world)
    restored(world)
    with world.transactions.writing() as session:
        running = SyncAll(started_at=world.now(), started_by="Ines", rooms_total=1)
        session.add(running)
        want_run(session, world.mailbox_id("alder"), full=True)
    world.tenant.advance(601)
    world.run_once("alder")
    with world.transactions.writing() as session:
        close_finished(session, world.now())
    with world.transactions.reading() as session:
        assert session.scalars(select(SyncAll.finished_at)).one() is not None
