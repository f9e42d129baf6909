"""What our writes must leave alone, and what two sides that change the same thing end up with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sync.checks import assert_quiet, assert_same, once, ours_there, put, reservations
from tests.sync.oracle import live_there
from tests.sync.world import World
from tests.tenant import Booked
from tests.tenant.state import Item
from webapp.domain.words import SyncState
from webapp.errors import FieldError


def delegate(world: World) -> Any:
    """Who manages the room's calendar."""
    return world.tenant.as_delegate(world.address("alder"))


def event_of_ours(world: World) -> Booked:
    """The one event of ours, as people there handle it."""
    [event] = ours_there(world, "alder")
    return world.tenant.booked(world.address("alder"), event["immutable_id"])


def item_of(event: Booked) -> Item:
    """What is stored of an event there."""
    item = event.item
    assert item is not None, "it is there"
    return item


def test_a_guest_added_there_survives_a_rename_here_and_is_mailed_once(world: World) -> None:
    """H41: what changed is sent, never the list of guests."""
    world.add_room("alder")
    world.tenant.add_person(world.address("gustav"), "Gustav")
    event = put(world, "alder", "Review", world.at(9), guests=[world.address("ada")])
    world.run()
    world.tenant.advance(60)
    mails = len(world.tenant.mails)
    [row] = reservations(world, "alder")
    invited = once(
        world,
        "patch",
        "before",
        lambda: delegate(world).change(event, guests=[world.address("ada"), world.address("gustav")]),
    )
    world.change(row.id, title="Retro")
    world.run()
    assert invited
    [there] = world.there("alder")
    assert there["subject"] == "Retro"
    assert {address for address, _, _ in there["attendees"]} == {world.address("ada"), world.address("gustav")}
    told = [mail for mail in world.tenant.mails[mails:] if world.address("gustav") in str(mail)]
    assert len(told) <= 2, "his invitation and the new title"
    assert all("attendees" not in (r.body or {}) for r in world.tenant.requests if r.op == "patch")
    assert_quiet(world)


def test_a_rename_here_leaves_body_and_link_of_an_online_meeting_alone(world: World) -> None:
    """H42."""
    world.add_room("alder")
    event = put(world, "alder", "Call", world.at(9), online=True, body="<p>Agenda</p><div>Join</div>")
    world.run()
    before = item_of(event)
    [row] = reservations(world, "alder")
    world.change(row.id, title="Call, later", span=world.at(12))
    world.run()
    after = item_of(event)
    assert (after.subject, after.join_url, after.body) == ("Call, later", before.join_url, before.body)
    assert after.online and after.number == before.number
    assert_quiet(world)


HOSTILE = "<script>alert(1)</script><style>*{display:none}</style><a href='javascript:alert(1)'>x</a>"


def test_an_event_with_hostile_markup_and_attachments_is_changed_and_never_made_anew(world: World) -> None:
    """H61: its body is neither read nor written, so it is the same bytes after each change."""
    world.add_room("alder")
    event = put(world, "alder", "Review", world.at(9), body=HOSTILE)
    world.run()
    before, number = item_of(event).body, event.number
    [row] = reservations(world, "alder")
    for hour, title in ((10, "One"), (12, "Two"), (14, "Three")):
        world.change(row.id, title=title, span=world.at(hour))
        world.run()
    assert (item_of(event).body, item_of(event).number) == (before, number)
    assert not [r for r in world.tenant.requests if r.op in ("create", "delete")]
    assert all("body" not in (r.body or {}) for r in world.tenant.requests)
    assert_quiet(world)


TITLES = st.text(max_size=80) | st.sampled_from(
    [
        "x" * 255,
        "x" * 256,
        "é" * 5000,
        "e\u0301" * 300,
        "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 60,
        "x" * 254 + "\U0001f600",
        "\u202eabc\u200f",
        "a\x00b",
        "\ud800",
        "\u0130I\u0307",
        " \t ",
    ]
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(title=TITLES, there=st.booleans())
def test_titles_of_every_kind_agree_after_one_write(title: str, there: bool) -> None:
    """H60, I4: long, combined, from right to left, broken: cut once, and the same way on both sides."""
    world = World()
    try:
        world.add_room("alder")
        if there:
            put(world, "alder", title, world.at(9))
        else:
            try:
                world.book("alder", title.encode("utf-8", "replace").decode().replace("\x00", ""), world.at(9))
            except FieldError as error:
                assert error.code in ("missing", "too_long")
                return
        world.run()
        assert world.writes() == (0 if there else 1)
        assert len(world.there("alder")) == 1 == len(reservations(world, "alder"))
        world.titles_here("alder")[0].encode("utf-8")
        assert_quiet(world)
        assert world.conflicts() == [] and world.holds() == []
    finally:
        world.close()


CHANGES = ("title", "time", "cancel")


def change_here(world: World, row: int, what: str) -> None:
    """One side's wish."""
    if what == "cancel":
        world.cancel(row)
    else:
        world.change(row, **{"title": "From here"} if what == "title" else {"span": world.at(15)})


def change_there(world: World, event: Booked, what: str) -> None:
    """The other's."""
    if what == "cancel":
        delegate(world).delete(event)
    elif what == "title":
        delegate(world).change(event, subject="From there")
    else:
        span = world.at(18)
        delegate(world).change(event, start=span.start, end=span.end)


@pytest.mark.parametrize("moment", ["before", "between", "after"])
@pytest.mark.parametrize("whose", ["ours", "a delegate's"])
@pytest.mark.parametrize("there", CHANGES)
@pytest.mark.parametrize("here", CHANGES)
def test_every_pair_of_changes_in_one_minute_ends_in_agreement_or_is_named(
    world: World, here: str, there: str, whose: str, moment: str
) -> None:
    """H75, H76, H43, I1, I2: whatever both sides did, in whatever order it was read and sent."""
    world.add_room("alder")
    event = put(world, "alder", "Before", world.at(9)) if whose != "ours" else None
    made = world.book("alder", "Before", world.at(9)) if event is None else None
    world.run()
    world.tenant.advance(300)
    row = made if made is not None else reservations(world, "alder")[0].id
    event = event or event_of_ours(world)
    if moment == "before":
        change_there(world, event, there)
    else:
        op = "delete" if here == "cancel" else "patch"
        once(world, op, "before" if moment == "between" else "after", lambda: _unless_gone(world, event, there))
    change_here(world, row, here)
    world.run()
    _check_pair(world, row, here, there, seen=moment == "after")
    assert_quiet(world)


def _unless_gone(world: World, event: Booked, there: str) -> None:
    if event.item is not None:
        change_there(world, event, there)


def _check_pair(world: World, row: int, here: str, there: str, *, seen: bool) -> None:
    """Both wishes are on both sides, or a record names them. `seen`: theirs came after ours had arrived there."""
    named = {hold.kind for hold in world.holds()} | {conflict.kind for conflict in world.conflicts()}
    live, reservation = live_there(world, "alder"), world.reservation(row)
    if reservation.sync_state is SyncState.HELD:
        assert named
        return
    if not live:
        assert reservation.cancelled_at is not None
        return
    [found] = live
    values = {"title": found["subject"], "time": found["start"]}
    assert reservation.cancelled_at is None and reservation.meeting.title == values["title"]
    assert_same(world, "alder")
    wanted: dict[str, set[Any]] = {"title": {"From here", "From there"}}
    wanted["time"] = {world.at(hour).start for hour in (15, 18)}
    if here == there and here in values:
        assert values[here] in wanted[here]
        assert values[here] == {"title": "From there", "time": world.at(18).start}[here] if seen else named
    else:
        for what, side in ((here, "here"), (there, "there")):
            if what in values:
                expected = {"title": f"From {side}", "time": world.at(15 if side == "here" else 18).start}[what]
                assert values[what] == expected or named


@pytest.mark.parametrize("taken", [False, True], ids=["slot free", "slot taken"])
def test_deleted_there_and_edited_here_is_a_persons_matter_whether_the_slot_is_free_or_taken(
    world: World, taken: bool
) -> None:
    """H76, I7: nothing is made again by itself, and whoever took the slot keeps it."""
    world.add_room("alder")
    made = world.book("alder", "Ours", world.at(9))
    world.run()
    world.tenant.advance(300)
    delegate(world).delete(event_of_ours(world))
    if taken:
        put(world, "alder", "Stranger", world.at(9))
    world.change(made, title="Edited")
    world.run()
    assert [e["subject"] for e in live_there(world, "alder")] == (["Stranger"] if taken else [])
    assert [hold.kind for hold in world.holds()] == ["edited_and_cancelled"]
    assert "Edited" in str(world.holds()[0].actions[0].after)
    assert_quiet(world)


@pytest.mark.parametrize("kind", ["T+", "503+", "429+", "partial+503"])
@pytest.mark.parametrize("lie", ["empty", "500", "late"])
def test_a_search_that_lies_makes_no_twin(world: World, kind: str, lie: str) -> None:
    """H77, H35: the slot's listing is empty, fails, or shows the event a minute late; there is one event."""
    world.add_room("alder")
    world.run()
    if lie == "late":
        world.tenant.faults.hide_created(seconds=60)
    else:
        world.tenant.faults.add("view", lie, times=3, skip=1)
    world.tenant.faults.add("create", kind)
    made = world.book("alder", "Ours", world.at(9))
    world.run(patience=80)
    assert len(world.there("alder")) == 1
    assert world.reservation(made).sync_state is SyncState.SYNCED
    assert_same(world, "alder")
    assert_quiet(world)


def test_a_slot_cancelled_and_booked_again_at_once_ends_with_one_event(world: World) -> None:
    """H39: several times over, with answers lost between."""
    world.add_room("alder")
    made = world.book("alder", "Take 0", world.at(9))
    for number in range(1, 5):
        world.run_once("alder")
        world.cancel(made)
        made = world.book("alder", f"Take {number}", world.at(9))
        world.tenant.faults.add("delete" if number % 2 else "create", "503+")
        world.tenant.advance(2)
    world.run(patience=80)
    assert [e["subject"] for e in live_there(world, "alder")] == ["Take 4"]
    assert world.reservation(made).sync_state is SyncState.SYNCED
    assert_same(world, "alder")
    assert_quiet(world)


@pytest.mark.parametrize("minutes", [-5, 5])
@pytest.mark.parametrize("hours", [-2, 0, 2])
def test_clocks_that_differ_change_neither_writes_nor_values(world: World, hours: int, minutes: int) -> None:
    """H33: worker and tenant each with their own idea of the time; no write and no conflict more than without."""
    world.add_room("alder")
    skew = timedelta(hours=hours, minutes=minutes)
    world.worker = type(world.worker)(**{**vars(world.worker), "now": lambda: world.tenant.clock.now() + skew})
    made = world.book("alder", "Ours", world.at(30))
    theirs = put(world, "alder", "Theirs", world.at(33))
    for title in (None, "First", "Second"):
        if title is not None:
            world.change(made, title=title)
            delegate(world).change(theirs, subject=f"Their {title}")
        for _ in range(4):
            world.run_once("alder")
            world.tenant.advance(7300)
    assert sorted(e["subject"] for e in world.there("alder")) == ["Second", "Their Second"]
    assert sorted(world.titles_here("alder")) == ["Second", "Their Second"]
    assert world.writes() == 3 and world.conflicts() == [] and world.holds() == []
