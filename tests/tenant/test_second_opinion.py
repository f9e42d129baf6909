"""A client that nobody here wrote: the public library O365 keeps a calendar in the tenant, over HTTPS."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msal
import pytest
import requests
from O365 import Account, MSGraphProtocol
from O365.calendar import AttendeeType, Calendar, EventResponse
from O365.utils.token import MemoryTokenBackend

from tests.tenant import Tenant
from tests.tenant.conftest import ADA, BEN, DAY, OTHER_ROOM, ROOM, wall
from tests.tenant.entra import App
from tests.tenant.server import TenantServer

BERLIN = ZoneInfo("Europe/Berlin")
MORNING = datetime(2026, 11, 24, 9, tzinfo=BERLIN)
WINDOW = {
    "start_recurring": datetime(2026, 11, 20, tzinfo=UTC),
    "end_recurring": datetime(2027, 1, 20, tzinfo=UTC),
}


@pytest.fixture
def server(tenant: Tenant, app: App) -> Iterator[TenantServer]:
    with TenantServer(tenant) as made:
        yield made


@pytest.fixture
def account(server: TenantServer, app: App, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account that signed in as the app."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.ca_path))

    class Protocol(MSGraphProtocol):
        _protocol_url = _oauth_scope_prefix = f"{server.origin}/"

    tokens = MemoryTokenBackend()
    made = Account(
        (app.client_id, app.secret),
        auth_flow_type="credentials",
        tenant_id=server.tenant.tenant_id,
        protocol=Protocol(timezone=BERLIN),
        token_backend=tokens,
        raise_http_errors=True,
    )
    # The library's own one would ask Microsoft for the authority's instance.
    made.con._msal_client = msal.ConfidentialClientApplication(
        app.client_id,
        client_credential=app.secret,
        authority=f"{server.origin}/{server.tenant.tenant_id}",
        instance_discovery=False,
        token_cache=tokens,
    )
    assert made.authenticate()
    return made


def calendar_of(account: Account, address: str) -> Calendar:
    found = account.schedule(resource=address).get_default_calendar()
    assert found is not None
    return found


def book(calendar: Calendar, subject: str = "By O365", start: datetime = MORNING, hours: int = 1) -> Any:
    event = calendar.new_event(subject=subject)
    event.start, event.end = start, start + timedelta(hours=hours)
    assert event.save()
    return event


def test_it_finds_the_calendar_and_lists_what_people_made(account: Account, tenant: Tenant) -> None:
    for number in range(12):  # more than a page
        tenant.as_delegate(ROOM).book(f"Meeting {number}", wall(8 + number), wall(9 + number))
    calendar = calendar_of(account, ROOM)
    assert calendar.name == "Calendar" and calendar.can_edit
    events = list(calendar.get_events(limit=None, include_recurring=False))
    assert {event.subject for event in events} == {f"Meeting {number}" for number in range(12)}
    first = next(event for event in events if event.subject == "Meeting 1")
    assert first.start == MORNING and first.organizer.address == ROOM


def test_it_creates_what_the_tenant_then_holds(account: Account, tenant: Tenant) -> None:
    calendar = calendar_of(account, ROOM)
    event = calendar.new_event(subject="Grüße 🌱")
    event.start, event.end = MORNING, MORNING + timedelta(minutes=45)
    event.body, event.location, event.sensitivity = "Text", "Canteen", "private"
    assert event.save()
    row = tenant.events(ROOM)[0]
    assert (row["subject"], row["start"], row["sensitivity"]) == ("Grüße 🌱", MORNING, "private")
    again = calendar.get_event(event.object_id)
    assert (again.subject, again.start, again.end) == (event.subject, event.start, event.end)
    assert again.location["displayName"] == "Canteen" and "Text" in again.body


def test_it_changes_and_deletes(account: Account, tenant: Tenant) -> None:
    event = book(calendar_of(account, ROOM))
    event.subject, event.end = "Changed", event.end + timedelta(hours=1)
    assert event.save()
    row = tenant.events(ROOM)[0]
    assert (row["subject"], row["end"] - row["start"]) == ("Changed", timedelta(hours=2))
    assert event.delete() and tenant.events(ROOM) == []


def test_it_books_all_day(account: Account, tenant: Tenant) -> None:
    event = calendar_of(account, ROOM).new_event(subject="All day")
    event.start, event.end, event.is_all_day = date(2026, 11, 24), date(2026, 11, 26), True
    assert event.save()
    row = tenant.events(ROOM)[0]
    assert row["is_all_day"] and (row["start"], row["end"]) == (date(2026, 11, 24), date(2026, 11, 26))


def test_it_makes_a_series_and_reads_its_dates_one_of_which_is_changed(account: Account, tenant: Tenant) -> None:
    calendar = calendar_of(account, ADA)
    event = calendar.new_event(subject="Weekly")
    event.start, event.end = MORNING, MORNING + timedelta(hours=1)
    event.recurrence.set_weekly(1, days_of_week=["tuesday"], start=DAY, occurrences=4, first_day_of_week="sunday")
    assert event.save()
    series = calendar.get_event(event.object_id)  # what was just saved does not know yet that it is a series
    dates = sorted(series.get_occurrences(**_bounds()), key=lambda one: one.start)
    assert [one.start.date() for one in dates] == [DAY + timedelta(days=7 * week) for week in range(4)]
    dates[1].subject = "Special"
    assert dates[1].save()
    assert dates[2].delete()
    shown = sorted(calendar.get_events(limit=None, include_recurring=True, **WINDOW), key=lambda one: one.start)
    assert [one.subject for one in shown] == ["Weekly", "Special", "Weekly"]
    assert tenant.events(ADA)[0]["missing"] == [DAY + timedelta(days=14)]


def _bounds() -> dict[str, datetime]:
    return {"start": WINDOW["start_recurring"], "end": WINDOW["end_recurring"]}


def test_it_invites_a_room_which_answers_and_is_called_off(account: Account, tenant: Tenant) -> None:
    calendar = calendar_of(account, ADA)
    event = calendar.new_event(subject="With a room")
    event.start, event.end = MORNING, MORNING + timedelta(hours=1)
    event.attendees.add([("Room 1", ROOM), ("Ben", BEN)])
    for attendee in event.attendees:
        if attendee.address == ROOM:
            attendee.attendee_type = AttendeeType.Resource
    assert event.save()
    tenant.settle()
    answers = {one.address: one.response_status.status for one in calendar.get_event(event.object_id).attendees}
    assert answers == {ROOM: EventResponse.Accepted, BEN: None}
    assert event.cancel_event("Off") and tenant.events(ADA) == []
    assert tenant.events(ROOM)[0]["is_cancelled"]


def test_it_answers_an_invitation_for_a_room(account: Account, tenant: Tenant) -> None:
    tenant.set_policy(ROOM, delay=None)
    tenant.as_person(ADA).book("Asked", wall(9), wall(10), rooms=[ROOM])
    copy = next(iter(calendar_of(account, ROOM).get_events(include_recurring=False)))
    assert copy.decline_event("Sorry") and tenant.events(ROOM) == []
    assert tenant.events(ADA)[0]["attendees"] == [(ROOM, "resource", "declined")]


def test_what_it_is_refused_it_tells(account: Account, app: App) -> None:
    app.restrict_to([OTHER_ROOM], "policy")
    with pytest.raises(requests.HTTPError) as refused:
        calendar_of(account, ADA)
    assert refused.value.response.status_code == 403
