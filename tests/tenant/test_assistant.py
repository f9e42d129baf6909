"""Rooms: what their assistant does with invitations, when, and what stays in the calendar."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.tenant import Mail, Tenant
from tests.tenant.conftest import ADA, BEN, DAY, OTHER_ROOM, ROOM, Asker, event, wall, weekly


def room_events(tenant: Tenant, box: str = ROOM) -> list[tuple[Any, ...]]:
    return [(row["subject"], row["response"], row["show_as"]) for row in tenant.events(box)]


def answer_of(tenant: Tenant, box: str = ADA) -> list[str]:
    return [response for row in tenant.events(box) for _, kind, response in row["attendees"] if kind == "resource"]


def test_a_room_first_shows_the_true_subject_then_accepts_then_rewrites_h49(tenant: Tenant) -> None:
    tenant.as_person(ADA).book("Merger", wall(9), wall(10), rooms=[ROOM], body="<p>secret</p>", sensitivity="private")
    assert room_events(tenant) == [("Merger", "notResponded", "tentative")]
    assert answer_of(tenant) == ["none"]
    tenant.advance(4)
    assert room_events(tenant) == [("Merger", "accepted", "busy")]
    assert answer_of(tenant) == ["accepted"]
    tenant.advance(3)
    assert room_events(tenant) == [("Ada Lindholm", "accepted", "busy")]
    assert tenant.events(ROOM)[0]["sensitivity"] == "normal"


def test_each_step_is_a_change_of_its_own_in_delta(asker: Asker, tenant: Tenant) -> None:
    _, link = asker.round()
    tenant.as_person(ADA).book("Merger", wall(9), wall(10), rooms=[ROOM])
    seen = []
    for _ in range(3):
        rows, link = asker.round(link)
        seen += [row["subject"] for row in rows]
        tenant.advance(4)
    assert seen == ["Merger", "Merger", "Ada Lindholm"]


def test_a_room_can_be_told_to_keep_subject_body_and_privacy(tenant: Tenant) -> None:
    tenant.set_policy(
        ROOM,
        delete_subject=False,
        add_organizer_to_subject=False,
        delete_comments=False,
        remove_private_property=False,
    )
    tenant.as_person(ADA).book("Merger", wall(9), wall(10), rooms=[ROOM], sensitivity="private")
    tenant.settle()
    assert room_events(tenant) == [("Merger", "accepted", "busy")]
    assert tenant.events(ROOM)[0]["sensitivity"] == "private"


def test_an_accepted_copy_looks_as_recorded(asker: Asker, tenant: Tenant) -> None:
    tenant.as_person(ADA).book("Merger", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    copy = asker.view()[0]
    assert copy["isOrganizer"] is False and copy["bodyPreview"] == "" and copy["isReminderOn"] is False
    mine = next(line for line in copy["attendees"] if line["type"] == "resource")
    assert mine["status"] == {"response": "accepted", "time": "0001-01-01T00:00:00Z"}
    assert copy["responseStatus"]["time"] > "2026"
    assert copy["location"]["locationType"] == "default" and "locationUri" not in copy["location"]
    assert copy["locations"][0]["locationType"] == "conferenceRoom" and copy["locations"][0]["locationUri"] == ROOM


def test_a_conflict_is_declined_and_leaves_nothing_in_the_room(tenant: Tenant) -> None:
    tenant.as_person(ADA).book("first", wall(9), wall(11), rooms=[ROOM])
    tenant.settle()
    booked = tenant.as_person(BEN).book("second", wall(10), wall(12), rooms=[ROOM])
    tenant.settle()
    assert len(tenant.events(ROOM)) == 1 and answer_of(tenant, BEN) == ["declined"]
    assert Mail(BEN, "declined", booked.ical_uid) in tenant.mails


def test_neighbours_do_not_conflict_and_allowed_conflicts_do_not_matter(tenant: Tenant) -> None:
    tenant.as_person(ADA).book("first", wall(9), wall(10), rooms=[ROOM])
    tenant.as_person(BEN).book("second", wall(10), wall(11), rooms=[ROOM])
    tenant.settle()
    assert answer_of(tenant, BEN) == ["accepted"]
    tenant.set_policy(ROOM, allow_conflicts=True)
    tenant.as_person(BEN).book("third", wall(9), wall(11), rooms=[ROOM])
    tenant.settle()
    assert answer_of(tenant, BEN) == ["accepted", "accepted"]


def test_a_direct_booking_makes_the_room_busy_for_later_invitations(asker: Asker, tenant: Tenant) -> None:
    asker.create(hour=8)
    tenant.as_person(ADA).book("late", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    assert answer_of(tenant) == ["declined"]


@pytest.mark.parametrize(
    ("policy", "start", "length"),
    [
        ({}, wall(9, day=1, month=9, year=2027), 1),
        ({}, wall(9), 25),
        ({"only_during_working_hours": True}, wall(20), 1),
        ({"booking_type": "reserved"}, wall(9), 1),
    ],
    ids=["beyond the booking window", "too long", "out of working hours", "not bookable"],
)
def test_what_a_room_declines_whatever_else_is_booked(
    tenant: Tenant, policy: dict[str, Any], start: Any, length: int
) -> None:
    tenant.set_policy(ROOM, **policy)
    tenant.as_person(ADA).book("x", start, start + timedelta(hours=length), rooms=[ROOM])
    tenant.settle()
    assert answer_of(tenant) == ["declined"] and tenant.events(ROOM) == []


def test_an_organizer_out_of_policy_waits_tentatively(tenant: Tenant) -> None:
    tenant.set_policy(ROOM, all_book_in_policy=False, book_in_policy=(BEN,))
    tenant.as_person(ADA).book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    assert answer_of(tenant) == ["tentativelyAccepted"]
    assert [row[1:] for row in room_events(tenant)] == [("tentativelyAccepted", "tentative")]


def test_a_room_may_never_answer_h58(tenant: Tenant) -> None:
    tenant.set_policy(ROOM, delay=None)
    tenant.as_person(ADA).book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    assert answer_of(tenant) == ["none"] and room_events(tenant) == [("x", "notResponded", "tentative")]


def test_an_outsider_s_invitation_does_not_arrive_unless_allowed(tenant: Tenant) -> None:
    tenant.add_outsider("pat@fabrikam.example", "Pat")
    pat = tenant.as_person("pat@fabrikam.example")
    pat.book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    assert tenant.events(ROOM) == []
    tenant.set_policy(ROOM, process_external=True)
    pat.book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    assert room_events(tenant) == [("Pat", "accepted", "busy")]


def test_a_room_follows_its_organizer_s_new_time_and_asks_itself_again(tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    tenant.as_person(BEN).book("taken", wall(13), wall(14), rooms=[ROOM])
    booked = ada.book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    ada.change(booked, start=wall(11), end=wall(12))
    tenant.settle()
    copy = booked.copy_in(ROOM)
    assert copy and copy.start.hour == 10 and copy.response == "accepted" and copy.subject == "Ada Lindholm"
    ada.change(booked, start=wall(13), end=wall(14))
    tenant.settle()
    assert booked.copy_in(ROOM) is None and answer_of(tenant) == ["declined"]


def test_a_cancelled_meeting_stays_in_the_room_by_default_h52(asker: Asker, tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    booked = ada.book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    ada.cancel(booked)
    tenant.settle()
    row = asker.view()[0]
    assert (row["isCancelled"], row["showAs"], row["subject"]) == (True, "free", "Canceled: Ada Lindholm")
    tenant.as_person(BEN).book("y", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    assert answer_of(tenant, BEN) == ["accepted"]


def test_a_room_can_be_told_to_remove_cancelled_meetings(tenant: Tenant) -> None:
    tenant.set_policy(ROOM, remove_canceled_meetings=True)
    ada = tenant.as_person(ADA)
    booked = ada.book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    ada.cancel(booked)
    tenant.settle()
    assert tenant.events(ROOM) == []


def test_a_room_that_is_swapped_for_another_gets_a_cancellation_h53(tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    booked = ada.book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    ada.change(booked, rooms=[OTHER_ROOM])
    tenant.settle()
    assert tenant.events(ROOM)[0]["is_cancelled"]
    assert room_events(tenant, OTHER_ROOM) == [("Ada Lindholm", "accepted", "busy")]


def test_copies_share_the_ical_uid_but_not_ids_change_keys_or_etags(asker: Asker, tenant: Tenant) -> None:
    booked = tenant.as_person(ADA).book("x", wall(9), wall(10), rooms=[ROOM, OTHER_ROOM])
    tenant.settle()
    rows = [asker.view(box)[0] for box in (ADA, ROOM, OTHER_ROOM)]
    assert {row["iCalUId"] for row in rows} == {booked.ical_uid}
    assert len({row["id"] for row in rows}) == len({row["changeKey"] for row in rows}) == 3


# -- series


def test_a_series_with_too_many_conflicts_is_declined_whole(tenant: Tenant) -> None:
    tenant.as_person(BEN).book("taken", wall(9, day=1, month=12), wall(10, day=1, month=12), rooms=[ROOM])
    tenant.settle()
    tenant.as_person(ADA).book("series", wall(9), wall(10), rooms=[ROOM], recurrence=weekly(4))
    tenant.settle()
    assert answer_of(tenant) == ["declined"] and len(tenant.events(ROOM)) == 1


@pytest.mark.parametrize("declined", ["missing", "declined"])
def test_a_series_within_the_limit_is_accepted_but_for_the_dates_in_conflict(
    asker: Asker, tenant: Tenant, declined: str
) -> None:
    tenant.switches.declined_occurrence = declined
    tenant.set_policy(ROOM, conflict_percentage_allowed=50, maximum_conflict_instances=2)
    tenant.as_person(BEN).book("taken", wall(9, day=1, month=12), wall(10, day=1, month=12), rooms=[ROOM])
    tenant.settle()
    tenant.as_person(ADA).book("series", wall(9), wall(10), rooms=[ROOM], recurrence=weekly(4))
    tenant.settle()
    rows = [row for row in asker.view() if row["seriesMasterId"]]
    answers = {row["start"]["dateTime"][:10]: row["responseStatus"]["response"] for row in rows}
    assert answers.get("2026-12-01") == (None if declined == "missing" else "declined")
    assert len([answer for answer in answers.values() if answer == "accepted"]) == 3


def test_a_series_beyond_the_horizon_is_declined_or_shortened(tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    rule = weekly() | {"range": {"type": "noEnd", "startDate": DAY.isoformat()}}
    ada.book("endless", wall(9), wall(10), rooms=[ROOM], recurrence=rule)
    tenant.settle()
    assert tenant.events(ROOM) == []
    tenant.set_policy(ROOM, enforce_scheduling_horizon=False)
    ada.book("endless", wall(9), wall(10), rooms=[ROOM], recurrence=rule)
    tenant.settle()
    assert tenant.events(ROOM)[0]["recurrence"]["range"]["type"] == "endDate"


def test_a_room_without_series_declines_one(tenant: Tenant) -> None:
    tenant.set_policy(ROOM, allow_recurring=False)
    tenant.as_person(ADA).book("series", wall(9), wall(10), rooms=[ROOM], recurrence=weekly(2))
    tenant.settle()
    assert answer_of(tenant) == ["declined"]


def test_one_changed_date_of_a_series_is_judged_alone(tenant: Tenant) -> None:
    ada, second = tenant.as_person(ADA), DAY + timedelta(days=7)
    tenant.as_person(BEN).book("taken", wall(13, day=1, month=12), wall(14, day=1, month=12), rooms=[ROOM])
    series = ada.book("series", wall(9), wall(10), rooms=[ROOM], recurrence=weekly(3))
    tenant.settle()
    ada.change_occurrence(series, second, start=wall(11, day=1, month=12), end=wall(12, day=1, month=12))
    tenant.settle()
    copy = series.copy_in(ROOM)
    assert copy and copy.occurrence(second).start.hour == 10 and copy.occurrence(second).response == "accepted"
    ada.change_occurrence(series, second, start=wall(13, day=1, month=12), end=wall(14, day=1, month=12))
    tenant.settle()
    copy = series.copy_in(ROOM)
    assert copy and second in copy.missing and copy.has_date(DAY)


def test_a_room_invited_to_one_date_only_gets_a_single_event(asker: Asker, tenant: Tenant) -> None:
    ada, second = tenant.as_person(ADA), DAY + timedelta(days=7)
    series = ada.book("series", wall(9), wall(10), rooms=[ROOM], recurrence=weekly(3))
    tenant.settle()
    ada.change_occurrence(series, second, rooms=[OTHER_ROOM])
    tenant.settle()
    row = asker.view(OTHER_ROOM)[0]
    assert row["type"] == "singleInstance" and row["iCalUId"][32:40] == "07EA0C01"
    assert row["responseStatus"]["response"] == "accepted"
    assert [one["isCancelled"] for one in asker.view() if "2026-12-01" in one["start"]["dateTime"]] == [True]
    ada.cancel_occurrence(series, second)
    tenant.settle()
    assert asker.view(OTHER_ROOM)[0]["isCancelled"]


def test_a_room_can_decline_later_what_it_accepted_h50(tenant: Tenant) -> None:
    series = tenant.as_person(ADA).book("series", wall(9), wall(10), rooms=[ROOM], recurrence=weekly(3))
    tenant.settle()
    tenant.as_delegate(ROOM).answer(series, "declined", DAY)
    tenant.settle()
    copy = series.copy_in(ROOM)
    assert copy and not copy.has_date(DAY) and copy.has_date(DAY + timedelta(days=7))


def test_a_room_booked_over_graph_answers_after_the_201(asker: Asker, tenant: Tenant) -> None:
    room = {"emailAddress": {"address": ROOM, "name": "Room 1"}, "type": "resource"}
    made = asker.ask("POST", f"/users/{ADA}/events", event(attendees=[room])).json()
    assert made["attendees"][0]["status"]["response"] == "none"
    tenant.settle()
    after = asker.get(f"/users/{ADA}/events/{made['id']}").json()
    assert after["attendees"][0]["status"]["response"] == "accepted"
    assert after["attendees"][0]["status"]["time"].startswith("2026") and after["changeKey"] != made["changeKey"]
    assert tenant.booked(ADA, made["id"]).ical_uid == made["iCalUId"]


def test_what_is_shown_as_free_or_waits_for_an_answer_does_not_block(tenant: Tenant) -> None:
    tenant.as_delegate(ROOM).book("note", wall(9), wall(10), show_as="free")
    tenant.set_policy(ROOM, delay=None)
    tenant.as_person(BEN).book("waits", wall(9), wall(10), rooms=[ROOM])
    tenant.set_policy(ROOM, delay=1.0)
    tenant.as_person(ADA).book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    assert answer_of(tenant, ADA) == ["accepted"] and answer_of(tenant, BEN) == ["none"]


def test_a_room_that_only_updates_leaves_requests_to_its_delegates(tenant: Tenant) -> None:
    tenant.set_policy(ROOM, automate="AutoUpdate")
    booked = tenant.as_person(ADA).book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    assert room_events(tenant) == [("x", "notResponded", "tentative")]
    tenant.as_delegate(ROOM).answer(booked, "accepted")
    assert answer_of(tenant) == ["accepted"]
