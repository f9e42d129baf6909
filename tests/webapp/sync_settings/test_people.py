"""How far the sync may go into people's own calendars: saved together, said while ticking, refused with reasons."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from tests.webapp.conftest import ListeningBell
from tests.webapp.rooms.world import NOW, World, text_of, world
from webapp.database import Transactions
from webapp.domain.access import Modes
from webapp.domain.words import HoldActionState, HoldKind, MailboxKind, Reach, TitleSource
from webapp.errors import FieldError, StaleRevision
from webapp.models import Hold, HoldAction, Mailbox, Meeting, Reservation, SyncSettings
from webapp.sync_settings import service
from webapp.sync_settings.modes import modes_of
from webapp.sync_settings.service import Wanted

__all__ = ["world"]

URL = "/settings/external-calendar-sync/"
BOTH_WAYS = pytest.mark.parametrize("hx", [False, True], ids=["without script", "with htmx"])
OFF, D, S, U = Modes(), Modes(delegation=True), Modes(strict=True), Modes(True, False, True)
D_S = Modes(delegation=True, strict=True)
ALL = [Modes(d, s, u) for d in (False, True) for s in (False, True) for u in (False, True)]
STRICT_WARNING = "Strict Mode has no effect while Delegation is ticked"
NOBODY = "Nobody’s personal calendar is read or written."


def given(world: World, modes: Modes, enabled: bool = True) -> None:
    """These settings are saved already."""
    with world.rows() as session:
        row = session.get_one(SyncSettings, 1)
        row.enabled, row.delegation, row.strict, row.create_in_owner = enabled, *vars(modes).values()


def ticks(modes: Modes, enabled: bool = True) -> dict[str, str]:
    """The form as a browser sends it: unticked boxes are missing."""
    return {name: "y" for name, on in {"enabled": enabled, **vars(modes)}.items() if on}


def save(world: World, modes: Modes, revision: int = 1, hx: bool = False, enabled: bool = True) -> Any:
    world.get(URL)
    return world.post(URL, ticks(modes, enabled) | {"revision": str(revision)}, htmx=hx)


def saved(world: World) -> Modes:
    with world.rows() as session:
        return modes_of(session)


def ticking(world: World, modes: Modes, enabled: bool = True, hx: bool = True) -> Any:
    return world.admin.get(f"{URL}ticked", hx=hx, query_string=ticks(modes, enabled))


def box(page: str, name: str) -> str:
    """The tag of a tick box."""
    return next(part for part in page.split("<input")[1:] if f'name="{name}"' in part.split(">")[0]).split(">")[0]


def read_title(world: World, title: str = "Ada's plans", uid: str = "uid-1") -> int:
    """A meeting whose title was read in its organizer's calendar; its id."""
    with world.rows() as session:
        room_id = session.query(Mailbox).count()
    reservation_id = world.imported(world.linked_room(f"Room {room_id}"), uid=uid)
    with world.rows() as session:
        meeting = session.get_one(Reservation, reservation_id).meeting
        meeting.title, meeting.title_source = title, TitleSource.ORGANIZER
        return meeting.id


def meeting(world: World, meeting_id: int) -> Meeting:
    with world.rows() as session:
        found = session.get_one(Meeting, meeting_id)
        session.expunge(found)
        return found


def test_the_boxes_are_named_as_the_guide_names_them_and_all_off_at_first(world: World) -> None:
    page = world.get(URL).text
    for name, label in (
        ("enabled", "Enabled External Calendar Sync"),
        ("delegation", "Enable User Calendar Delegation"),
        ("strict", "User Calendar Strict Mode"),
        ("create_in_owner", "Create User Calendar Reservations"),
    ):
        assert f'<label for="{name}">{label}</label>' in page
        assert ("checked" in box(page, name)) == (name == "enabled")


@BOTH_WAYS
@pytest.mark.parametrize("modes", [modes for modes in ALL if modes.delegation or not modes.create_in_owner], ids=str)
def test_each_of_the_six_combinations_can_be_saved(world: World, modes: Modes, hx: bool) -> None:
    answer = save(world, modes, hx=hx)
    assert answer.status_code == (200 if hx else 303)
    assert saved(world) == modes
    page = answer.text if hx else world.get(URL).text
    for name, on in vars(modes).items():
        assert ("checked" in box(page, name)) == on


@BOTH_WAYS
@pytest.mark.parametrize("strict", [False, True])
def test_creating_in_the_owners_calendar_is_refused_without_delegation(world: World, strict: bool, hx: bool) -> None:
    answer = save(world, Modes(False, strict, True), hx=hx)
    assert answer.status_code == 422
    reason = "Create User Calendar Reservations needs Enable User Calendar Delegation. Tick both, or leave both."
    assert reason in answer.text.split('id="create_in_owner-e"')[1].split("</p>")[0]
    assert 'id="delegation-e" role="status" hidden' in answer.text
    assert "checked" in box(answer.text, "create_in_owner")
    assert saved(world) == OFF


@BOTH_WAYS
def test_delegation_cannot_be_switched_off_while_creating_in_the_owners_calendar_is_on(
    world: World, hx: bool
) -> None:
    given(world, U)
    answer = save(world, Modes(create_in_owner=True), hx=hx)
    assert answer.status_code == 422
    reason = "Create User Calendar Reservations is on and needs this. Untick both, or leave both ticked."
    assert reason in answer.text.split('id="delegation-e"')[1].split("</p>")[0]
    assert 'id="create_in_owner-e" role="status" hidden' in answer.text
    assert saved(world) == U


def test_both_are_switched_off_together(world: World) -> None:
    given(world, U)
    assert save(world, OFF).status_code == 303
    assert saved(world) == OFF


@BOTH_WAYS
def test_a_stale_form_is_refused_with_both_versions_of_each_setting(world: World, hx: bool) -> None:
    save(world, D)
    answer = save(world, S, revision=1, hx=hx, enabled=False)
    assert answer.status_code == 409
    shown = text_of(answer)
    for said in (
        "Enabled External Calendar Sync is now on; you wanted it off.",
        "Enable User Calendar Delegation is now on; you wanted it off.",
        "User Calendar Strict Mode is now off; you wanted it on.",
    ):
        assert said in shown
    assert "Create User Calendar Reservations is now" not in shown
    assert saved(world) == D
    assert 'name="revision" type="hidden" value="2"' in answer.text


def test_after_the_refusal_saving_again_keeps_ones_own(world: World) -> None:
    save(world, D)
    assert save(world, S, revision=1).status_code == 409
    assert save(world, S, revision=2).status_code == 303
    assert saved(world) == S


@pytest.mark.parametrize(
    ("modes", "said", "unsaid"),
    [
        (
            OFF,
            ["is read for its title and details.", "Nobody’s personal calendar is written."],
            [NOBODY, "there too"],
        ),
        (S, [NOBODY, "Some titles show as “Reserved by” and a name."], ["title and details."]),
        (D, ["is read for its title", "can be changed and cancelled there too."], [NOBODY, "is written.", "owner’s"]),
        (D_S, ["is read for its title", "can be changed and cancelled there too."], [NOBODY, "is written."]),
        (U, ["there too. A new reservation can be made in its owner’s calendar."], [NOBODY]),
    ],
)
def test_one_sentence_says_what_the_ticked_boxes_read_and_write_before_and_after_saving(
    world: World, modes: Modes, said: list[str], unsaid: list[str]
) -> None:
    before = text_of(ticking(world, modes))
    save(world, modes)
    after = world.get(URL).text.split('id="said"')[1].split("</p>")[0]
    for part in said:
        assert part in before
        assert part in after
    for part in unsaid:
        assert part not in after
    assert "Room calendars are read and written." in after


def test_while_sync_is_off_the_sentence_says_what_comes_once_it_is_on(world: World) -> None:
    shown = text_of(ticking(world, S, enabled=False))
    assert "No calendar is read or written while this is off. Once it is on: " + NOBODY in shown
    assert "Not now" in shown


@pytest.mark.parametrize("modes", ALL, ids=str)
def test_the_warning_stands_exactly_while_delegation_and_strict_mode_are_both_ticked(
    world: World, modes: Modes
) -> None:
    both = modes.delegation and modes.strict
    assert (STRICT_WARNING in ticking(world, modes).text) == both
    assert (STRICT_WARNING in ticking(world, modes, hx=False).text) == both
    given(world, Modes(modes.delegation, modes.strict))
    assert (STRICT_WARNING in world.get(URL).text) == both


def test_ticking_changes_nothing_and_keeps_what_was_ticked(world: World) -> None:
    page = ticking(world, D_S, hx=False)
    assert "checked" in box(page.text, "strict") and "checked" in box(page.text, "delegation")
    assert saved(world) == OFF
    fragment = ticking(world, D_S).text
    assert "<form" not in fragment and 'id="strict-says" hx-swap-oob="true"' in fragment


def test_a_combination_that_cannot_be_saved_says_so_while_ticking(world: World) -> None:
    assert "Tick both, or leave both." in ticking(world, Modes(create_in_owner=True)).text
    given(world, U)
    assert "Untick both, or leave both ticked." in ticking(world, Modes(create_in_owner=True)).text


def test_how_many_titles_will_be_replaced_is_said_before_saving(world: World) -> None:
    for number in range(3):
        read_title(world, uid=f"u{number}")
    assert "3 titles read there so far would be replaced" in text_of(world.get(URL))
    assert "3 titles will be replaced when you save" in ticking(world, S).text
    assert "will be replaced" not in ticking(world, D_S).text
    assert "will be replaced" not in ticking(world, OFF).text


def test_switching_delegation_off_under_strict_mode_counts_as_well(world: World) -> None:
    given(world, D_S)
    read_title(world)
    assert "1 title will be replaced when you save" in ticking(world, S).text


@pytest.mark.parametrize(("before", "after"), [(OFF, S), (D_S, S), (U, S)])
def test_where_reading_stops_titles_from_organizers_are_replaced(world: World, before: Modes, after: Modes) -> None:
    given(world, before)
    known = read_title(world)
    save(world, after)
    assert (meeting(world, known).title, meeting(world, known).title_source) == ("", TitleSource.PLACEHOLDER)
    assert "will be replaced" not in world.get(URL).text


@pytest.mark.parametrize(("before", "after"), [(OFF, D), (D, D_S), (D_S, D), (D, OFF), (U, D_S)])
def test_where_reading_stays_allowed_titles_stay(world: World, before: Modes, after: Modes) -> None:
    given(world, before)
    known = read_title(world)
    save(world, after)
    assert meeting(world, known).title == "Ada's plans"
    assert meeting(world, known).authority_look_at is None


@pytest.mark.parametrize("after", [OFF, D, D_S])
def test_where_reading_is_allowed_again_organizers_are_asked_at_once(world: World, after: Modes) -> None:
    given(world, S)
    known = read_title(world)
    save(world, after)
    assert meeting(world, known).authority_look_at == NOW


def test_settings_and_titles_are_one_transaction(data: Transactions, world: World) -> None:
    """A refused save replaces nothing."""
    known = read_title(world)
    with data.writing() as session, pytest.raises(StaleRevision):
        service.save(session, ListeningBell(), Wanted(True, S), 7, NOW)
    with data.writing() as session, pytest.raises(FieldError):
        service.save(session, ListeningBell(), Wanted(True, Modes(False, True, True)), 1, NOW)
    assert meeting(world, known).title == "Ada's plans"


def test_saving_people_settings_rings_for_no_run(world: World) -> None:
    """The clock finds what is due; only the master switch makes rooms catch up."""
    world.linked_room("Alder")
    save(world, D)
    assert world.jobs() == []


def with_people(world: World, *reach: Reach) -> None:
    connection_id = world.connection()
    with world.rows() as session:
        for number, one in enumerate(reach):
            address = f"p{number}@larkfield.example"
            session.add(Mailbox(connection_id=connection_id, address=address, kind=MailboxKind.PERSON, reach=one))


def test_organizers_out_of_reach_are_counted_by_reason_with_what_that_means(world: World) -> None:
    with_people(world, Reach.YES, Reach.REFUSED, Reach.REFUSED, Reach.OUTSIDE, Reach.NO_MAILBOX, Reach.UNKNOWN)
    shown = text_of(world.get(URL))
    assert "4 of 5 organizers out of reach" in shown
    assert "1 outside the tenant, 1 without a mailbox, 2 refused by Microsoft." in shown
    limits = "restricted to the rooms reaches no person: it can neither look up titles nor act for organizers."
    assert limits in shown


def test_where_no_organizer_is_out_of_reach_that_is_said_too(world: World) -> None:
    with_people(world, Reach.YES, Reach.YES)
    assert "All 2 organizers asked so far are in reach." in text_of(world.get(URL))


def test_where_nobody_may_be_read_nothing_is_said_of_reach(world: World) -> None:
    with_people(world, Reach.REFUSED)
    given(world, S)
    assert "reach" not in text_of(world.get(URL))


def test_what_waits_because_a_setting_was_changed_is_linked(world: World) -> None:
    room_id = world.linked_room("Alder")
    assert "because a setting was changed" not in text_of(world.get(URL))
    with world.rows() as session:
        hold = Hold(room_id=room_id, kind=HoldKind.ACCESS_LOST, opened_at=NOW)
        hold.actions += [
            HoldAction(key="a", action="change_meeting"),
            HoldAction(key="b", action="cancel_meeting"),
            HoldAction(key="c", action="cancel_meeting", state=HoldActionState.DONE),
        ]
        other = Hold(room_id=room_id, kind=HoldKind.MASS_CANCEL, opened_at=NOW)
        other.actions.append(HoldAction(key="d", action="cancel_here"))
        session.add_all([hold, other])
    page = world.get(URL)
    assert "2 changes wait because a setting was changed" in text_of(page)
    assert 'href="/activity/"' in page.text.split("because a setting was changed")[1].split("</span>")[0]


def test_the_page_needs_few_queries(world: World, count_queries: Any) -> None:
    with_people(world, Reach.YES, Reach.REFUSED)
    world.linked_room("Alder")
    with count_queries() as seen:
        world.get(URL)
    assert len(seen) <= 12
    with count_queries() as seen:
        ticking(world, D)
    assert len(seen) <= 6


def test_saved_at_a_moment_the_message_says_what_changed(world: World) -> None:
    with time_machine.travel(NOW):
        assert "The settings are saved." in save(world, D, hx=True).text
        assert "Saved. Nothing had changed." in save(world, D, revision=2, hx=True).text
        assert "External Calendar Sync is off." in save(world, D, revision=2, hx=True, enabled=False).text
