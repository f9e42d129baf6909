"""The tenant, brought into the situations in which answers of the real service were recorded or documented."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import requests

from tests.tenant import Booked
from tests.tenant.conftest import ADA, BEN, DAY, ROOM, WINDOW, Asker, event, wall, weekly

Situation = Callable[[Asker], requests.Response]
SMALL_PAGE = "odata.maxpagesize=10"


def daily(days: int, start: date = DAY) -> dict[str, object]:
    """A rule for so many days."""
    end = (start + timedelta(days=days - 1)).isoformat()
    return {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "endDate", "startDate": start.isoformat(), "endDate": end},
    }


def _series(asker: Asker, days: int = 3) -> Booked:
    return asker.tenant.as_person(ADA).book("Series", wall(12), wall(12, 30), recurrence=daily(days))


# -- reading


def _with_location(asker: Asker, booked: Booked) -> str:
    """Type a text into a meeting's location; the meeting's path."""
    path = f"/users/{booked.address}/events/{booked.immutable_id}"
    asker.ask("PATCH", path, {"location": {"displayName": "Canteen"}})
    return path


def _as_before_2023(asker: Asker) -> None:
    asker.tenant.switches.show_uid = False


def master_of_outlook(asker: Asker) -> requests.Response:
    """GET of a series that somebody made in Outlook, with a guest who declined."""
    tenant = asker.tenant
    _as_before_2023(asker)
    series = tenant.as_person(ADA).book("Series", wall(9), wall(10), guests=[BEN], recurrence=daily(3))
    path = _with_location(asker, series)
    tenant.as_person(BEN).answer(series, "declined")
    return asker.get(path)


def single_of_outlook(asker: Asker) -> requests.Response:
    """GET of a single event made in Outlook on the web, online, with a guest."""
    ada = asker.tenant.as_person(ADA)
    booked = ada.book("Single", wall(9), wall(10), guests=[BEN], body="Bring a pen", online=True)
    return asker.get(_with_location(asker, booked))


def first_page_of_masters(asker: Asker) -> requests.Response:
    """GET /events without $top: ten of eleven, unanswered invitations to series of three patterns."""
    _as_before_2023(asker)
    ben = asker.tenant.as_person(BEN)
    start = date(2026, 12, 1)
    rules = [
        {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
        {"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["tuesday"], "index": "first"},
        {"type": "relativeYearly", "interval": 1, "daysOfWeek": ["tuesday"], "index": "first", "month": 12},
    ]
    for number in range(11):
        rule = {"pattern": rules[number % len(rules)], "range": {"type": "noEnd", "startDate": start.isoformat()}}
        times = wall(9, day=1, month=12), wall(10, day=1, month=12)
        _with_location(asker, ben.book("Series", *times, guests=[ADA], body="Agenda", recurrence=rule))
    return asker.get(f"/users/{ADA}/events")


def room_copy(asker: Asker) -> requests.Response:
    """calendarView of a room that accepted, and keeps the subject."""
    tenant = asker.tenant
    _as_before_2023(asker)
    tenant.set_policy(ROOM, delete_subject=False, add_organizer_to_subject=False)
    tenant.as_person(ADA).book("Test", wall(16), wall(16, 30), rooms=[ROOM])
    tenant.settle()
    return asker.get(f"/users/{ROOM}/calendarView?{WINDOW}")


def online_meetings(asker: Asker) -> requests.Response:
    """calendarView with an online meeting of one's own and an unanswered one of somebody else."""
    guest = {"type": "required", "emailAddress": {"address": BEN}}
    mine = event(isOnlineMeeting=True, attendees=[guest], location={"displayName": "Canteen"})
    asker.ask("POST", f"/users/{ADA}/events", mine)
    theirs = asker.tenant.as_person(BEN).book("Theirs", wall(11), wall(12), guests=[ADA], online=True)
    _with_location(asker, theirs)
    return asker.get(f"/users/{ADA}/calendarView?{WINDOW}")


def cancelled_date_of_an_attendee(asker: Asker) -> requests.Response:
    """calendarView of a guest who did not answer: the one date of a series that the organizer called off."""
    tenant = asker.tenant
    _as_before_2023(asker)
    ada = tenant.as_person(ADA)
    series = ada.book("Series", wall(9), wall(10), guests=[BEN], recurrence=weekly(3), body="Agenda", online=True)
    ada.change(series, importance="high")
    _with_location(asker, series)
    ada.cancel_occurrence(series, DAY)
    day = f"startDateTime={DAY}T00:00:00Z&endDateTime={DAY + timedelta(days=1)}T00:00:00Z"
    return asker.get(f"/users/{BEN}/calendarView?{day}")


def all_day_series_with_select(asker: Asker) -> requests.Response:
    """calendarView of an all-day series with a changed date, named members only."""
    ada = asker.tenant.as_person(ADA)
    series = ada.book("Test", DAY, DAY + timedelta(days=1), all_day=True, recurrence=daily(2))
    ada.change_occurrence(series, DAY + timedelta(days=1), subject="Test changed")
    names = "subject,originalStart,originalStartTimeZone,isAllDay,type,start,end"
    return asker.get(f"/users/{ADA}/calendarView?{WINDOW}&$select={names}")


def instances(asker: Asker) -> requests.Response:
    """/instances of a series with one date moved."""
    ada = asker.tenant.as_person(ADA)
    series = _series(asker)
    ada.change_occurrence(series, DAY + timedelta(days=1), start=wall(13, 30, 25), end=wall(14, 0, 25))
    names = "subject,importance,sensitivity,isAllDay,isCancelled,isOrganizer,seriesMasterId,showAs,type,body"
    path = f"/users/{ADA}/events/{series.immutable_id}/instances?{WINDOW}"
    return asker.get(f"{path}&$select={names},start,end,recurrence")


def places(asker: Asker) -> requests.Response:
    """A room nobody has described."""
    asker.tenant.add_room("bare@contoso.example", "Bare")
    return asker.get("/places/microsoft.graph.room?$filter=displayName eq 'Bare'")


# -- delta


def empty_first_page(asker: Asker) -> requests.Response:
    """The first page of a first round, empty, with a nextLink."""
    asker.tenant.switches.empty_first_page = True
    asker.create()
    return asker.get(f"/users/{ROOM}/calendarView/delta?{WINDOW}")


def page_with_a_series(asker: Asker) -> requests.Response:
    """A page that holds a series of two whole, and goes on."""
    asker.tenant.switches.trailing_empty_page = True
    series = asker.tenant.as_person(ADA).book("Series", wall(9), wall(10), body="Agenda", recurrence=daily(2))
    _with_location(asker, series)
    return asker.get(f"/users/{ADA}/calendarView/delta?{WINDOW}", Prefer=SMALL_PAGE)


def _next_round(asker: Asker, change: Callable[[Booked], object]) -> requests.Response:
    asker.tenant.switches.leak_internal_members = True
    series = _series(asker)
    _, link = asker.round(box=ADA)
    change(series)
    return asker.get(link)


def series_first_round(asker: Asker) -> requests.Response:
    """A daily series of three, as of 2020."""
    asker.tenant.switches.leak_internal_members = True
    _series(asker)
    return asker.get(f"/users/{ADA}/calendarView/delta?{WINDOW}")


def series_one_deleted(asker: Asker) -> requests.Response:
    """The next round after the second date was cancelled."""
    ada = asker.tenant.as_person(ADA)
    return _next_round(asker, lambda series: ada.cancel_occurrence(series, DAY + timedelta(days=1)))


def series_one_renamed(asker: Asker) -> requests.Response:
    """The next round after the second date got another subject."""
    ada = asker.tenant.as_person(ADA)
    second = DAY + timedelta(days=1)
    return _next_round(asker, lambda series: ada.change_occurrence(series, second, subject="Renamed"))


def series_one_longer(asker: Asker) -> requests.Response:
    """The next round after the second date got another end."""
    ada = asker.tenant.as_person(ADA)
    second = DAY + timedelta(days=1)
    return _next_round(asker, lambda series: ada.change_occurrence(series, second, end=wall(13, 0, 25)))


def series_two_deleted(asker: Asker) -> requests.Response:
    """The next round after the second and the last date were cancelled."""
    ada = asker.tenant.as_person(ADA)

    def cancel(series: Booked) -> None:
        for offset in (1, 2):
            ada.cancel_occurrence(series, DAY + timedelta(days=offset))

    return _next_round(asker, cancel)


def dead_delta_link(asker: Asker) -> requests.Response:
    """A deltaLink several rounds old."""
    _, link = asker.round()
    newer = link
    for _ in range(4):
        _, newer = asker.round(newer)
    return asker.get(link)


# -- writing and refusals


def created(asker: Asker) -> requests.Response:
    """POST of subject, start and end."""
    return asker.ask("POST", f"/users/{ADA}/events", event())


def deleted(asker: Asker) -> requests.Response:
    """DELETE."""
    return asker.ask("DELETE", f"/users/{ROOM}/events/{asker.create()['id']}")


def wrong_scope(asker: Asker) -> requests.Response:
    """A token without the calendar permission."""
    asker.app.set_roles("Place.Read.All")
    asker.new_token()
    return asker.get(f"/users/{ROOM}/events")


def other_event_under_a_used_transaction(asker: Asker) -> requests.Response:
    """POST with the transactionId of a different event."""
    asker.create(transactionId="t-1")
    return asker.ask("POST", f"/users/{ROOM}/events", event(hour=14, transactionId="t-1"))


def malformed_id(asker: Asker) -> requests.Response:
    """A calendar id that is none."""
    return asker.get(f"/users/{ROOM}/calendars/bad_id")


def missing_item(asker: Asker) -> requests.Response:
    """An event that is gone."""
    made = asker.create()
    asker.ask("DELETE", f"/users/{ROOM}/events/{made['id']}")
    return asker.get(f"/users/{ROOM}/events/{made['id']}")


def all_day_end_before_start(asker: Asker) -> requests.Response:
    """POST of an all-day event that ends before it starts."""
    late, early = ({"dateTime": f"2026-11-{day}T00:00:00", "timeZone": "UTC"} for day in (25, 24))
    return asker.ask("POST", f"/users/{ROOM}/events", event() | {"isAllDay": True, "start": late, "end": early})


def unknown_segment(asker: Asker) -> requests.Response:
    """A path that Graph does not have."""
    return asker.get("/unknown")


def throttled(asker: Asker) -> requests.Response:
    """429 with Retry-After."""
    asker.tenant.faults.add("list", "429")
    return asker.get(f"/users/{ROOM}/events")


def wrong_secret(asker: Asker) -> requests.Response:
    """The token endpoint, asked with another secret."""
    return asker.token(client_secret="wrong")


RECORDED: dict[str, Situation] = {
    "attendee-cancelled.view": cancelled_date_of_an_attendee,
    "delta-page.empty-nextlink": empty_first_page,
    "delta-page.series-nextlink": page_with_a_series,
    "delta-series.a0-initial": series_first_round,
    "delta-series.a1-one-deleted": series_one_deleted,
    "delta-series.a2-one-renamed": series_one_renamed,
    "delta-series.a4-one-longer": series_one_longer,
    "delta-series.a6-last-deleted": series_two_deleted,
    "error-auth.access-denied": wrong_scope,
    "error-create.duplicate-transaction": other_event_under_a_used_transaction,
    "error-delta.410-room-2018": dead_delta_link,
    "error-event.id-malformed": malformed_id,
    "error-event.item-not-found-2021": missing_item,
    "error-event.property-validation": all_day_end_before_start,
    "error-path.unknown-segment": unknown_segment,
    "event-get.master-2022": master_of_outlook,
    "event-get.outlook-web-2026": single_of_outlook,
    "events-list.masters-first-page": first_page_of_masters,
    "instances.with-exception": instances,
    "places.room-2023": places,
    "room-copy.accepted-invitation": room_copy,
    "throttled.429-headers": throttled,
    "token-error.7000215-2020": wrong_secret,
    "view-select.all-day-series": all_day_series_with_select,
    "view.online-meetings": online_meetings,
    "write.create-201": created,
    "write.delete-204": deleted,
}
_NO_SUBSCRIPTIONS = "the tenant sends no change notifications yet, the product polls"
NOT_IN_THE_TENANT = {
    "error-subscription.validation-not-200-2024": _NO_SUBSCRIPTIONS,
    "error-subscription.validation-timeout-2019": _NO_SUBSCRIPTIONS,
    "error-subscription.validation-timeout-2021": _NO_SUBSCRIPTIONS,
    "subscription.created-201": _NO_SUBSCRIPTIONS,
    "notification.created": _NO_SUBSCRIPTIONS,
    "notification.updated": _NO_SUBSCRIPTIONS,
    "event-message.request-expanded": "mail messages are not in the tenant: the product reads none",
    "getschedule.unresolved-5009": "getSchedule is not in the tenant: the product reads calendars only",
}
