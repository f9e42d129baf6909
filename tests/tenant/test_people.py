"""People in Outlook, what mails they cause, and what the rest of the tenant sees of it."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from tests.tenant import Tenant
from tests.tenant.conftest import ADA, BEN, DAY, OTHER_ROOM, ROOM, Asker, wall, weekly


def sent(tenant: Tenant, to: str) -> Counter[str]:
    return Counter(mail.kind for mail in tenant.mails if mail.to == to)


def test_a_meeting_reaches_its_guests_tentatively(asker: Asker, tenant: Tenant) -> None:
    booked = tenant.as_person(ADA).book("x", wall(9), wall(10), guests=[BEN])
    row = asker.view(BEN)[0]
    assert (row["showAs"], row["responseStatus"]["response"], row["isOrganizer"]) == (
        "tentative",
        "notResponded",
        False,
    )
    assert row["iCalUId"] == booked.ical_uid and row["transactionId"] is None
    tenant.as_person(BEN).answer(booked, "accepted")
    assert tenant.events(ADA)[0]["attendees"] == [(BEN, "required", "accepted")]


def test_every_change_is_mailed_once_to_each_guest(tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    booked = ada.book("x", wall(9), wall(10), guests=[BEN])
    ada.change(booked, subject="y")
    ada.change(booked, start=wall(11), end=wall(12))
    ada.cancel(booked)
    assert sent(tenant, BEN) == {"invitation": 1, "update": 2, "cancellation": 1}


def test_a_series_wide_change_is_one_mail_a_guest_h27(tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    series = ada.book("x", wall(9), wall(10), guests=[BEN], recurrence=weekly(60))
    ada.change(series, subject="y")
    assert sent(tenant, BEN) == {"invitation": 1, "update": 1}


def test_an_outside_guest_gets_mail_and_nothing_else(tenant: Tenant) -> None:
    tenant.as_person(ADA).book("x", wall(9), wall(10), guests=["pat@fabrikam.example"])
    assert sent(tenant, "pat@fabrikam.example") == {"invitation": 1}


def test_a_guest_who_deletes_his_copy_leaves_the_meeting_alone(tenant: Tenant) -> None:
    booked = tenant.as_person(ADA).book("x", wall(9), wall(10), guests=[BEN])
    tenant.as_person(BEN).delete(booked)
    assert tenant.events(BEN) == [] and len(tenant.events(ADA)) == 1


def test_only_an_organizer_calls_off(tenant: Tenant) -> None:
    booked = tenant.as_person(ADA).book("x", wall(9), wall(10), guests=[BEN])
    with pytest.raises(PermissionError):
        tenant.as_person(BEN).cancel(booked)


def test_guests_and_rooms_can_be_exchanged(tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    booked = ada.book("x", wall(9), wall(10), rooms=[ROOM], guests=[BEN])
    ada.change(booked, rooms=[ROOM, OTHER_ROOM])
    tenant.settle()
    assert [box for box in (ROOM, OTHER_ROOM) if booked.copy_in(box)] == [ROOM, OTHER_ROOM]
    assert sent(tenant, BEN) == {"invitation": 1, "update": 1}
    ada.change(booked, guests=[])
    assert sent(tenant, BEN)["cancellation"] == 1


def test_one_date_can_be_changed_moved_and_called_off_for_all(asker: Asker, tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    series = ada.book("x", wall(9), wall(10), rooms=[ROOM], guests=[BEN], recurrence=weekly(4))
    tenant.settle()
    ada.change_occurrence(series, DAY, subject="special", start=wall(15), end=wall(16))
    ada.cancel_occurrence(series, DAY + timedelta(days=7))
    tenant.settle()
    for box in (BEN, ROOM):
        rows = {row["occurrenceId"][-10:]: row for row in asker.view(box)}
        assert rows["2026-11-24"]["start"]["dateTime"][11:16] == "14:00"
        assert rows["2026-12-01"]["isCancelled"] and rows["2026-12-01"]["type"] == "exception"
        assert not rows["2026-12-08"]["isCancelled"]
    assert len(asker.view(ADA)) == 3


def test_a_series_moves_as_a_whole_with_new_occurrence_ids_h22(asker: Asker, tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    series = ada.book("x", wall(9), wall(10), rooms=[ROOM], recurrence=weekly(3))
    tenant.settle()
    before = {row["id"] for row in asker.view()}
    ada.change(
        series, start=wall(9, day=25), end=wall(10, day=25), recurrence=weekly(3, date(2026, 11, 25), ("wednesday",))
    )
    tenant.settle()
    rows = asker.view()
    assert [row["start"]["dateTime"][:10] for row in rows] == ["2026-11-25", "2026-12-02", "2026-12-09"]
    assert before.isdisjoint({row["id"] for row in rows})


def test_a_series_that_is_cut_keeps_its_earlier_exceptions_h23(asker: Asker, tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    series = ada.book("x", wall(9), wall(10), recurrence=weekly(6))
    ada.change_occurrence(series, DAY + timedelta(days=7), subject="special")
    ada.change_occurrence(series, DAY + timedelta(days=28), subject="too late")
    ada.change(series, recurrence=weekly(3))
    assert [row["subject"] for row in sorted(asker.view(ADA), key=lambda row: row["start"]["dateTime"])] == [
        "x",
        "special",
        "x",
    ]


def test_a_single_becomes_a_series_and_back(asker: Asker, tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    booked = ada.book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    ada.change(booked, recurrence=weekly(3))
    tenant.settle()
    assert len(asker.view(ROOM)) == 3
    ada.change(booked, recurrence=None)
    tenant.settle()
    assert [row["type"] for row in asker.view(ROOM)] == ["singleInstance"]


def test_a_private_meeting_is_private_for_guests(asker: Asker, tenant: Tenant) -> None:
    tenant.as_person(ADA).book("x", wall(9), wall(10), guests=[BEN], sensitivity="private")
    assert asker.view(BEN)[0]["sensitivity"] == "private"


def test_touching_a_mailbox_moves_change_keys_and_nothing_else_h19(asker: Asker, tenant: Tenant) -> None:
    asker.create()
    one = asker.view()[0]
    tenant.touch_all(ROOM)
    other = asker.view()[0]
    differing = {name for name in one if one[name] != other[name]}
    assert differing == {"@odata.etag", "changeKey", "lastModifiedDateTime"}


def test_a_clock_that_is_moved_directly_lets_things_happen_at_the_next_request(asker: Asker, tenant: Tenant) -> None:
    tenant.as_person(ADA).book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.clock.advance(60)
    assert asker.view()[0]["subject"] == "Ada Lindholm"


def test_mail_can_take_its_time(asker: Asker, tenant: Tenant) -> None:
    tenant.mail_delay = 30
    tenant.as_person(ADA).book("x", wall(9), wall(10), rooms=[ROOM])
    assert asker.view() == []
    tenant.advance(31)
    assert asker.view()[0]["subject"] == "x"


@pytest.mark.parametrize("text", ["\ud800", "a\u202eb", "x" * 5000, "\u0041\u0301", "", "  "])
def test_any_text_survives_as_something_h60(asker: Asker, tenant: Tenant, text: str) -> None:
    tenant.as_person(ADA).book(text, wall(9), wall(10))
    answer = asker.get(f"/users/{ADA}/events")
    assert answer.status_code == 200 and len(answer.json()["value"][0]["subject"]) <= 255


@pytest.mark.parametrize(
    "span",
    [
        {"start": wall(9), "end": wall(9)},
        {"start": wall(0, year=4500), "end": wall(1, year=4500)},
        {"start": wall(9), "end": wall(9) + timedelta(days=400)},
    ],
    ids=["no length", "far future", "longer than a year"],
)
def test_odd_spans_are_shown_h14_h32(asker: Asker, tenant: Tenant, span: dict[str, Any]) -> None:
    tenant.as_person(ADA).book("odd", **span)
    begin = span["end"] - timedelta(days=1)
    window = f"startDateTime={begin.isoformat()}Z&endDateTime={(span['end'] + timedelta(days=1)).isoformat()}Z"
    assert [row["subject"] for row in asker.view(ADA, window)] == ["odd"]


def test_an_event_can_be_found_by_its_id_and_changed_by_a_person(asker: Asker, tenant: Tenant) -> None:
    made = asker.create()
    tenant.as_delegate(ROOM).change(tenant.booked(ROOM, made["id"]), subject="changed in Outlook")
    assert asker.view()[0]["subject"] == "changed in Outlook"
    tenant.as_delegate(ROOM).delete(tenant.booked(ROOM, made["id"]))
    assert asker.view() == []
