"""The log of requests, and which of those to people's mailboxes no setting ever allows."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.tenant import Tenant, personal
from tests.tenant.conftest import ADA, ROOM, WINDOW, Asker, event, wall
from tests.tenant.watch import assert_proper

PROPERTY = "String {66f5a359-4659-4638-81a3-d1d2b2f5c5b4} Name Mark"
BY_UID = quote("iCalUId eq '0400'")
BY_TAG = quote(f"singleValueExtendedProperties/Any(ep: ep/id eq '{PROPERTY}' and ep/value eq 'it''s')")
AN_ID = "AAMkAD"
SELECT = "$select=id,subject"
DAILY = {
    "pattern": {"type": "daily", "interval": 1},
    "range": {"type": "numbered", "startDate": "2026-11-24", "numberOfOccurrences": 3},
}


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("POST", "events", event()),
        ("GET", f"events/{AN_ID}", None),
        ("GET", f"events/{AN_ID}?{SELECT}", None),
        ("PATCH", f"events/{AN_ID}", {"subject": "x"}),
        ("POST", f"events/{AN_ID}/cancel", {}),
        ("POST", f"events/{AN_ID}/microsoft.graph.cancel", {}),
        ("GET", f"calendar/events/{AN_ID}", None),
        ("GET", f"events?$filter={BY_UID}&{SELECT}", None),
        ("GET", f"events?{SELECT}&$filter={BY_TAG}", None),
    ],
)
def test_single_events_and_two_filters_are_proper(
    asker: Asker, tenant: Tenant, method: str, rest: str, body: Any
) -> None:
    asker.ask(method, f"/users/{ADA}/{rest}", body)
    assert len(tenant.personal_requests()) == 1 and tenant.improper_personal_requests() == []
    assert_proper(tenant)


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("GET", "events", None),
        ("GET", f"events?{SELECT}", None),
        ("GET", f"events?$filter={BY_UID}", None),
        ("GET", f"events?$filter={BY_UID}&$select=id,body", None),
        ("GET", f"events?$filter={BY_UID}{quote(' or subject ne ')}''&{SELECT}", None),
        ("GET", f"events?$filter={quote('isOrganizer eq true')}&{SELECT}", None),
        ("GET", "events/delta", None),
        ("GET", f"calendarView?{WINDOW}", None),
        ("GET", f"calendarView/delta?{WINDOW}", None),
        ("GET", "calendar", None),
        ("GET", "calendars", None),
        ("GET", "messages", None),
        ("GET", f"events/{AN_ID}/instances?{WINDOW}", None),
        ("GET", f"events/{AN_ID}/attachments", None),
        ("DELETE", f"events/{AN_ID}", None),
        ("POST", f"events/{AN_ID}/decline", {}),
        ("POST", f"events/{AN_ID}/forward", {}),
    ],
)
def test_everything_else_is_improper_whatever_is_answered(
    asker: Asker, tenant: Tenant, method: str, rest: str, body: Any
) -> None:
    asker.ask(method, f"/users/{ADA}/{rest}", body)
    assert [info.method for info in tenant.improper_personal_requests()] == [method]
    with pytest.raises(AssertionError, match=f"{method} /users/{ADA}"):
        assert_proper(tenant)


def test_a_subscription_to_a_person_is_improper_and_one_to_a_room_is_not(asker: Asker, tenant: Tenant) -> None:
    for box in (ROOM, ADA):
        asker.ask("POST", "/subscriptions", {"changeType": "created", "resource": f"/users/{box}/events"})
    assert [info.mailbox for info in tenant.improper_personal_requests()] == [ADA]


def test_instances_are_proper_once_their_master_was_asked_for(asker: Asker, tenant: Tenant) -> None:
    series = tenant.as_person(ADA).book("x", wall(9), wall(10), recurrence=DAILY)
    path = f"/users/{ADA}/events/{series.immutable_id}"
    asker.get(f"{path}/instances?{WINDOW}")
    assert len(tenant.improper_personal_requests()) == 1
    asker.get(path)
    assert len(asker.get(f"{path}/instances?{WINDOW}").json()["value"]) == 3
    assert len(tenant.improper_personal_requests()) == 1


def test_instances_are_proper_of_a_master_that_was_just_made(asker: Asker, tenant: Tenant) -> None:
    made = asker.ask("POST", f"/users/{ADA}/events", event() | {"recurrence": DAILY}).json()
    asker.get(f"/users/{ADA}/events/{made['id']}/instances?{WINDOW}")
    assert tenant.improper_personal_requests() == []


def test_a_person_is_known_by_every_name_and_a_stranger_of_the_tenant_is_one(asker: Asker, tenant: Tenant) -> None:
    tenant.alias("lovelace@contoso.example", ADA)
    tenant.add_outsider("olga@fabrikam.example", "Olga")
    names = [ADA.upper(), "lovelace@contoso.example", tenant.mailbox(ADA).object_id, "olga@fabrikam.example"]
    for name in names:
        asker.get(f"/users/{name}/events")
    asker.get(f"/users('{ADA}')/events")
    assert len(tenant.improper_personal_requests()) == 5


def test_parts_of_a_batch_are_judged_one_by_one(asker: Asker, tenant: Tenant) -> None:
    urls = [f"/users/{ADA}/events", f"/users/{ADA}/events/{AN_ID}", f"/users/{ROOM}/events"]
    parts = [{"id": str(number), "method": "GET", "url": url} for number, url in enumerate(urls)]
    asker.ask("POST", "/$batch", {"requests": parts})
    assert len(tenant.personal_requests()) == 2 and len(tenant.improper_personal_requests()) == 1


def test_rooms_are_listed_freely_and_mailboxes_that_nobody_has_are_no_person_s(asker: Asker, tenant: Tenant) -> None:
    asker.view(ROOM)
    asker.round()
    asker.get("/users/nobody@contoso.example/events")
    assert tenant.personal_requests() == []
    assert [info.mailbox_kind for info in tenant.requests] == ["room"] * 2 + [None]


def test_the_log_tells_what_was_asked_sent_and_done(asker: Asker, tenant: Tenant) -> None:
    made = asker.create(ADA, location={"displayName": "Canteen"})
    asker.ask("PATCH", f"/users/{ADA}/events/{made['id']}", {"subject": "y", "isAllDay": False})
    asker.get(f"/users/{ADA}/events?$filter={BY_UID}&{SELECT}")
    asker.get(f"/users/{ADA}/events/{made['id']}?$select=id,%20attendees")
    asker.ask("PATCH", f"/users/{ADA}/events/{AN_ID}", {"subject": "z"})
    log = tenant.personal_requests()
    assert [info.op for info in log] == ["create", "patch", "list", "get", "patch"]
    assert {(info.mailbox, info.mailbox_kind) for info in log} == {(ADA, "person")}
    assert [info.sent for info in log[:2]] == [("end", "location", "start", "subject"), ("isAllDay", "subject")]
    assert [info.filter_kind for info in log] == [None, None, "iCalUId", None, None]
    assert [info.selected for info in log[2:4]] == [("id", "subject"), ("id", "attendees")]
    assert [info.id_in_path for info in log] == [None, made["id"], None, made["id"], AN_ID]
    assert [info.status for info in log] == [201, 200, 200, 200, 400]
    assert [info.had_effect for info in log] == [True, True, False, False, False]
    assert log[0].event_id == made["id"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("iCalUId eq '04'", "iCalUId"),
        ("icaluid eq '04' and isCancelled eq false", "other"),
        ("iCalUId ne '04'", "other"),
        ("iCalUId eq '04' or iCalUId eq '05'", "other"),
        (f"singleValueExtendedProperties/any(p:p/id eq '{PROPERTY}' and p/value eq 'x')", "tag"),
        (f"singleValueExtendedProperties/any(p:p/id eq '{PROPERTY}' and p/value ne 'x')", "other"),
        (f"singleValueExtendedProperties/any(p:p/id eq '{PROPERTY}')", "other"),
    ],
)
def test_what_a_filter_asks_for_is_told(asker: Asker, tenant: Tenant, text: str, kind: str) -> None:
    asker.get(f"/users/{ADA}/events?$filter={quote(text)}")
    asker.get(f"/users/{ADA}/events?%24filter={quote(text)}")
    assert [info.filter_kind for info in tenant.requests] == [kind] * 2


def test_the_watch_over_the_whole_suite_sees_every_tenant_even_one_that_is_gone(asker: Asker, tenant: Tenant) -> None:
    personal.seen.clear()
    asker.get(f"/users/{ADA}/events/{AN_ID}")
    assert personal.seen == []
    other = Tenant(seed=8)
    other.add_person(ADA)
    Asker(other, other.register_app()).get(f"/users/{ADA}/events")
    del other
    assert personal.seen == [f"GET /users/{ADA}/events?"]
