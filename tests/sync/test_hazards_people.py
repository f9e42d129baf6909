"""The hazards of knowing, reading and writing once more, where a person organizes.

Each is played for a meeting that Ada made, inviting the room, and for one that was made here in her calendar.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from tests.sync.checks import assert_quiet, assert_same, book_for, once, persons_events, reservations, strip_marks
from tests.sync.of_people import WHOSE, ada, assert_one, creates, event_of_ada, open_calendars, standing
from tests.sync.world import World
from webapp.domain.words import LinkRole, SyncState
from webapp.models import Link
from worker.store.loops import ROUNDS
from worker.sync.event import canonical_subject


@pytest.fixture
def world(world: World) -> World:
    """One room, Ada and Bob; delegation and creating in people's calendars are on."""
    return open_calendars(world)


# -- knowing an event again


@pytest.mark.parametrize(("whose", "boxes"), [("invited", ("ada",)), ("made here", ("ada", "alder"))])
def test_a_meeting_whose_ids_change_silently_is_found_by_icaluid(
    world: World, whose: str, boxes: tuple[str, ...]
) -> None:
    """H15, I3: nothing is created or cancelled, and both sides' changes arrive."""
    key, _ = standing(world, whose)
    made = creates(world)
    for name in boxes:
        world.tenant.renew_ids(world.address(name))
    world.change(key, title="Renamed", span=world.at(14))
    world.run()
    ada(world).change(event_of_ada(world), start=world.at(16).start, end=world.at(16).end)
    world.run()
    assert creates(world) == made
    assert_one(world, key, "Renamed", world.at(16))


@WHOSE
def test_the_copys_id_in_place_of_hers_is_a_matter_for_a_look(world: World, whose: str) -> None:
    """H18: an id of the room's mailbox answers 404 in hers for ever; tries are bounded, the iCalUId finds it."""
    key, event = standing(world, whose)
    with world.transactions.writing() as session:
        link = session.scalars(select(Link).where(Link.role == LinkRole.AUTHORITY)).one()
        link.event_id = event.id_in(world.address("alder"))
    asked, made = len(world.tenant.requests), creates(world)
    world.change(key, title="Renamed")
    world.run()
    assert len(world.tenant.requests) - asked < 40 and creates(world) == made
    assert_one(world, key, "Renamed", world.at(9))


@WHOSE
def test_a_meeting_without_our_mark_stays_the_one_it_is(world: World, whose: str) -> None:
    """H20: the mark is on her event alone, and when it is lost there nothing follows."""
    key, _ = standing(world, whose)
    for name in ("ada", "alder"):
        strip_marks(world, name)
    made = creates(world)
    world.want("alder", full=True)
    world.run()
    world.change(key, title="Renamed")
    world.run()
    assert creates(world) == made
    assert_one(world, key, "Renamed", world.at(9))


@WHOSE
def test_lost_links_are_made_again_and_no_meeting_is(world: World, whose: str) -> None:
    """H72, I6: all links gone, a full run knows everything by its iCalUId."""
    key, _ = standing(world, whose)
    made, mails = creates(world), len(world.tenant.mails)
    with world.transactions.writing() as session:
        session.execute(delete(Link))
    world.want("alder", full=True)
    world.run()
    assert (creates(world), len(world.tenant.mails)) == (made, mails)
    world.change(key, title="Renamed")
    world.run()
    assert_one(world, key, "Renamed", world.at(9))


# -- reading


@pytest.mark.parametrize(("whose", "sensitivity"), [("invited", "private"), ("made here", "normal")])
def test_her_event_that_a_read_by_id_denies_is_not_gone(world: World, whose: str, sensitivity: str) -> None:
    """H07, I5: the room's copy shows that it lives, and the answer that comes later is believed."""
    key, event = standing(world, whose)
    world.tenant.faults.add("get", "404lag", times=30, mailbox=world.address("ada"))
    world.tenant.faults.add("filter", "empty", times=30, mailbox=world.address("ada"))
    ada(world).change(event, sensitivity=sensitivity)
    for full in (False, True):
        world.want("alder", full=full)
        world.run()
    assert [one.id for one in reservations(world, "alder")] == [key] and len(persons_events(world)) == 1
    world.tenant.faults.clear()
    ada(world).change(event, start=world.at(16).start, end=world.at(16).end)
    world.run()
    assert world.slots_here("alder") == [(world.at(16).start, world.at(16).end)]
    assert_quiet(world)


@pytest.mark.parametrize(("whose", "hours"), [("invited", -2), ("made here", 2)])
def test_a_worker_whose_clock_is_wrong_decides_the_same_of_her_meeting(world: World, whose: str, hours: int) -> None:
    """H33."""
    key, event = standing(world, whose)
    skewed = timedelta(hours=hours, minutes=5)
    world.worker = type(world.worker)(**{**vars(world.worker), "now": lambda: world.tenant.clock.now() + skewed})
    before = world.writes()
    for title in ("First", "Second"):
        world.change(key, title=title)
        for _ in range(4):
            world.run_once("alder")
            world.tenant.advance(7300)
    ada(world).change(event, subject="Hers")
    for _ in range(4):
        world.run_once("alder")
        world.tenant.advance(7300)
    assert world.writes() == before + 2
    assert (world.conflicts(), world.holds()) == ([], [])
    assert (world.reservation(key).meeting.title, event.item and event.item.subject) == ("Hers", "Hers")


# -- writing


@pytest.mark.parametrize(("whose", "again"), [("invited", "for Ada"), ("made here", "for the room")])
def test_a_slot_cancelled_and_booked_again_before_the_room_answered_is_accepted_once(
    world: World, whose: str, again: str
) -> None:
    """H39: the room's assistant needs half a minute, and sees the old meeting still standing."""
    key, _ = standing(world, whose)
    world.tenant.set_policy(world.address("alder"), delay=30.0)
    world.act(key, "cancel")
    if again == "for Ada":
        second = book_for(world, "alder", "Again", world.at(9))
    else:
        second = world.book("alder", "Again", world.at(9))
    world.run(patience=120)
    assert [one.id for one in reservations(world, "alder")] == [second]
    assert world.reservation(second).sync_state is SyncState.SYNCED
    assert len(persons_events(world)) == (again == "for Ada")
    assert_same(world, "alder")
    assert_quiet(world)


@pytest.mark.parametrize("what", ["rename", "leave one room"])
def test_a_guest_she_adds_between_our_read_and_our_write_is_kept(world: World, what: str) -> None:
    """H41, H43: what is sent are changed fields, and a list of guests only with the rooms changed in it."""
    world.tenant.add_person(world.address("gustav"), "Gustav")
    world.add_room("birch")
    world.run()
    span, rooms = world.at(9), [world.address("alder"), world.address("birch")]
    event = ada(world).book("Plan", span.start, span.end, rooms=rooms, guests=[world.address("bob")])
    world.run()
    [row] = reservations(world, "alder")
    mails = len(world.tenant.mails)
    guests = [world.address("bob"), world.address("gustav")]
    added = once(world, "patch", "before", lambda: ada(world).change(event, guests=guests))
    if what == "rename":
        world.change(row.id, title="Retro")
    else:
        world.act(row.id, "cancel")
    for _ in range(2):
        world.run()
    assert added and event.item is not None
    wanted = {*guests, world.address("birch")} | ({world.address("alder")} if what == "rename" else set())
    assert {line["address"] for line in event.item.attendees} == wanted
    assert len(world.tenant.mails_to(world.address("gustav"), since=mails)) <= 2, "his invitation and the change"
    if what == "rename":
        assert all("attendees" not in (r.body or {}) for r in world.tenant.requests if r.op == "patch")
        assert event.item.subject == "Retro"
    assert_quiet(world)


def test_body_link_and_guests_of_her_online_meeting_are_left_alone(world: World) -> None:
    """H42, H61: changed through her calendar, thrice, and never made anew."""
    hostile = "<script>alert(1)</script><div>Join</div>"
    key, event = standing(world, "invited", online=True, body=hostile, guests=[world.address("bob")])
    before = event.item
    for hour, title in ((10, "One"), (12, "Two"), (14, "Three")):
        world.change(key, title=title, span=world.at(hour))
        world.run()
    after = event.item
    assert before is not None and after is not None
    assert (after.body, after.join_url, after.online, after.number) == (hostile, before.join_url, True, before.number)
    assert all("body" not in (r.body or {}) for r in world.tenant.requests)
    assert_one(world, key, "Three", world.at(14))


@pytest.mark.parametrize(("whose", "phase"), [("invited", "before"), ("made here", "after")])
def test_a_worker_that_wakes_up_late_in_her_calendar_overwrites_nothing(world: World, whose: str, phase: str) -> None:
    """H45: two leases later, when another worker has sent something newer."""
    key, _ = standing(world, whose)
    other, mailbox = world.new_worker("worker-2"), world.mailbox_id("alder")
    world.change(key, title="Two")

    def sleep() -> None:
        world.expire_claims()
        world.tenant.advance(90)
        world.change(key, title="Newer")
        for _ in range(8):
            world.want("alder")
            other.run(mailbox)
            world.tenant.advance(5)

    slept = once(world, "patch", phase, sleep)
    world.worker.run(mailbox)
    assert slept
    world.run()
    assert_one(world, key, "Newer", world.at(9))


@WHOSE
def test_a_forgotten_transaction_id_after_an_hour_away_makes_no_second_meeting(world: World, whose: str) -> None:
    """H38, H77: our create had an effect, the tenant forgets its id after ten minutes and is away for an hour."""
    other, _ = standing(world, whose)
    world.tenant.faults.forget_transaction_ids(after=600)
    world.tenant.faults.add("create", "T+")
    key = book_for(world, "alder", "Later", world.at(12))
    world.run_once("alder")
    away = world.now() + timedelta(hours=1)
    world.tenant.faults.add("any", "503", times=10**6, until=away)
    while world.now() < away:
        world.run_once("alder")
        world.tenant.advance(400)
    world.run(patience=120)
    assert sorted(e["subject"] for e in persons_events(world)) == ["Later", "Plan"]
    assert sorted(one.id for one in reservations(world, "alder")) == sorted([key, other])
    assert world.reservation(key).sync_state is SyncState.SYNCED and world.holds() == []
    assert_same(world, "alder")
    assert_quiet(world)


@pytest.mark.parametrize(("kind", "lie"), [("T+", "empty"), ("503+", "500"), ("partial+503", "late")])
def test_filters_that_lie_make_no_second_meeting(world: World, kind: str, lie: str) -> None:
    """H77, H35, H36: the searches in her mailbox find nothing, fail, or lag by a minute."""
    if lie == "late":
        world.tenant.faults.lag_filters(60)
    else:
        world.tenant.faults.add("filter", lie, times=4)
    world.tenant.faults.add("create", kind)
    key = book_for(world, "alder", "Plan", world.at(9))
    world.run(patience=120)
    assert_one(world, key, "Plan", world.at(9))


def test_a_war_of_two_robots_in_her_calendar_ends_with_her_word(world: World) -> None:
    """H48, I8: another product writes its own title over ours in Ada's calendar, each time; our writes end, and both
    titles are kept.
    """
    key, event = standing(world, "made here")
    before = world.writes()
    for _ in range(2 * ROUNDS + 6):
        world.change(key, title="Our title")
        world.run_once("alder")
        world.tenant.advance(20)
        ada(world).change(event, subject="Robot's title")
        world.tenant.settle()
        world.run_once("alder")
        world.tenant.advance(20)
    assert world.writes() - before <= ROUNDS + 1
    assert any("Our title" in str(c.here) and "Robot's title" in str(c.there) for c in world.conflicts())
    assert world.reservation(key).meeting.title == "Robot's title"
    other = book_for(world, "alder", "Other", world.at(12))
    world.run()
    assert world.reservation(other).sync_state is SyncState.SYNCED
    assert_quiet(world)


TITLES = ["x" * 256, "é" * 700, "e\u0301" * 300, "\U0001f468\u200d\U0001f469" * 99, "\u202eabc\u200f", "I\u0307 \t a"]


@pytest.mark.parametrize("title", TITLES, ids=lambda title: ascii(title)[:12])
def test_titles_of_every_kind_agree_with_hers_after_one_write(world: World, title: str) -> None:
    """H60, I4: typed here for her calendar, then typed by her."""
    key = book_for(world, "alder", title, world.at(9))
    world.run()
    made = world.writes()
    assert made == 1
    event = event_of_ada(world)
    ada(world).change(event, subject=title + " 2")
    world.run()
    assert world.writes() == made and event.item is not None
    assert canonical_subject(world.reservation(key).meeting.title) == canonical_subject(event.item.subject)
    assert (world.conflicts(), world.holds()) == ([], [])
    assert_quiet(world)


CHANGES = ("title", "time", "cancel")


@pytest.mark.parametrize(("whose", "moment"), [("invited", "before"), ("made here", "between")])
@pytest.mark.parametrize("there", CHANGES)
@pytest.mark.parametrize("here", CHANGES)
def test_every_pair_of_changes_in_one_minute_ends_in_agreement_or_is_named(
    world: World, here: str, there: str, moment: str, whose: str
) -> None:
    """H75, H76, H43, I1, I2: she has the last word on each field; what was wanted here is there as well, or named."""
    key, event = standing(world, whose)
    ours, hers = world.at(15), world.at(18)

    def she_changes() -> None:
        if there == "cancel":
            ada(world).cancel(event)
        elif there == "title":
            ada(world).change(event, subject="From there")
        else:
            ada(world).change(event, start=hers.start, end=hers.end)

    done = [1]
    if moment == "before":
        she_changes()
    else:
        done = once(world, "cancel" if here == "cancel" else "patch", "before", she_changes)
    if here == "cancel":
        world.act(key, "cancel_meeting")
    else:
        world.change(key, **{"title": "From here"} if here == "title" else {"span": ours})
    for _ in range(2):
        world.run()
    assert done
    named = str([(conflict.here, conflict.there) for conflict in world.conflicts()])
    if there == "cancel" or (here == "cancel" and moment == "between"):
        assert persons_events(world) == [] and reservations(world, "alder") == []
        assert here == "cancel" or {"title": "From here", "time": ours.start.isoformat()}[here] in named
    else:
        title = "From there" if there == "title" else ("From here" if here == "title" else "Plan")
        span = hers if there == "time" else (ours if here == "time" else world.at(9))
        assert (here != there and here != "cancel") or named != "[]"
        assert_one(world, key, title, span)
    assert_quiet(world)
