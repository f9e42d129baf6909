"""The tenant beside the documented payloads: what an example's answer has, ours has, of the same kind.

Examples are abridged and old, so our answers may have more; requests that are documented are sent as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests

from tests.tenant import references, situations
from tests.tenant.body import READ_ONLY
from tests.tenant.conftest import ADA, BEN, DAY, ROOM, WINDOW, Asker, wall, weekly
from tests.tenant.shape import shape

NotChecked = Callable[[str, str], None]


def _posted(name: str) -> situations.Situation:
    """A documented POST of an event, sent as it is."""

    def ask(asker: Asker) -> requests.Response:
        return asker.ask("POST", f"/users/{ADA}/events", references.example(f"{name}.request"))

    return ask


def _patched(asker: Asker) -> requests.Response:
    """The documented PATCH, without the members that its own page calls read-only."""
    sent = references.example("event-update.request")
    made = asker.create(ADA)
    body = {name: value for name, value in sent.items() if name not in READ_ONLY}
    return asker.ask("PATCH", f"/users/{ADA}/events/{made['id']}", body)


def _read_back(name: str, path: str = "") -> situations.Situation:
    def ask(asker: Asker) -> requests.Response:
        made = _posted(name)(asker).json()
        return asker.get(f"/users/{ADA}/events/{made['id']}{path}")

    return ask


def _with_one_event(path: str) -> situations.Situation:
    def ask(asker: Asker) -> requests.Response:
        guest = {"type": "required", "emailAddress": {"address": BEN}}
        asker.create(ADA, location={"displayName": "Canteen"}, attendees=[guest])
        return asker.get(path)

    return ask


def _series_with_exceptions(asker: Asker) -> requests.Response:
    ada = asker.tenant.as_person(ADA)
    series = ada.book("x", wall(9), wall(10), recurrence=weekly(4))
    ada.change_occurrence(series, DAY, subject="special")
    ada.cancel_occurrence(series, DAY + timedelta(days=7))
    names = "subject,start,end,occurrenceId,exceptionOccurrences,cancelledOccurrences,iCalUId,uid"
    return asker.get(f"/users/{ADA}/events/{series.immutable_id}?$select={names}&$expand=exceptionOccurrences")


def _instances(asker: Asker) -> requests.Response:
    series = asker.tenant.as_person(ADA).book("x", wall(9), wall(10), recurrence=weekly(4))
    return asker.get(f"/users/{ADA}/events/{series.immutable_id}/instances?{WINDOW}")


def _first_page(asker: Asker) -> requests.Response:
    for hour in (9, 10, 11):
        asker.create(ADA, hour=hour)
    return asker.get(f"/users/{ADA}/calendarView/delta?{WINDOW}", Prefer="odata.maxpagesize=2")


def _last_page(asker: Asker) -> requests.Response:
    return asker.get(_first_page(asker).json()["@odata.nextLink"], Prefer="odata.maxpagesize=2")


def _next_round(asker: Asker) -> requests.Response:
    gone = asker.create(ADA)
    _, link = asker.round(box=ADA)
    asker.ask("DELETE", f"/users/{ADA}/events/{gone['id']}")
    street = dict.fromkeys(("street", "city", "state", "countryOrRegion", "postalCode"), "x")
    coordinates = {"latitude": 47.6105, "longitude": -122.321}
    place = {"displayName": "Chapel", "address": street, "coordinates": coordinates}
    asker.create(ADA, location=place)
    return asker.get(link)


def _sparse_row(asker: Asker) -> requests.Response:
    answer = situations.page_with_a_series(asker)
    row = next(row for row in answer.json()["value"] if row["type"] == "occurrence")
    answer.json = lambda **_: row  # type: ignore[method-assign]
    return answer


def _batch(asker: Asker) -> requests.Response:
    parts = [{"id": str(number), "method": "GET", "url": f"/users/{ROOM}/calendar"} for number in range(3)]
    return asker.ask("POST", "/$batch", {"requests": parts})


def _translated(asker: Asker) -> requests.Response:
    sent = {"inputIds": [asker.create()["id"]], "sourceIdType": "restImmutableEntryId", "targetIdType": "restId"}
    return asker.ask("POST", f"/users/{ROOM}/translateExchangeIds", sent)


def _restricted(kind: str) -> situations.Situation:
    def ask(asker: Asker) -> requests.Response:
        asker.app.restrict_to([BEN], kind)
        asker.new_token()
        return asker.get(f"/users/{ROOM}/events")

    return ask


def _cancelled_by_an_attendee(asker: Asker) -> requests.Response:
    booked = asker.tenant.as_person(ADA).book("x", wall(9), wall(10), rooms=[ROOM])
    asker.tenant.settle()
    return asker.ask("POST", f"/users/{ROOM}/events/{booked.id_in(ROOM)}/cancel", {"Comment": ""})


def _crossing(asker: Asker) -> requests.Response:
    series = asker.tenant.as_person(ADA).book("x", wall(9), wall(10), recurrence=weekly(4))
    first = asker.get(f"/users/{ADA}/events/{series.immutable_id}/instances?{WINDOW}").json()["value"][0]
    late = [{"dateTime": f"2026-12-05T{hour:02d}:00:00", "timeZone": "UTC"} for hour in (9, 10)]
    return asker.ask("PATCH", f"/users/{ADA}/events/{first['id']}", {"start": late[0], "end": late[1]})


def _stale(asker: Asker) -> requests.Response:
    made = asker.create()
    path = f"/users/{ROOM}/events/{made['id']}"
    asker.ask("PATCH", path, {"subject": "y"})
    return asker.ask("PATCH", path, {"subject": "z"}, If_Match=made["@odata.etag"])


def _expired(asker: Asker) -> requests.Response:
    asker.app.expire_secret()
    return asker.token()


def _not_implemented(asker: Asker) -> requests.Response:
    asker.tenant.faults.add("list", "501")
    return asker.get(f"/users/{ROOM}/events")


def _discovery_of_a_stranger(asker: Asker) -> requests.Response:
    tenant = asker.tenant
    return asker.session.get(
        f"{tenant.authority_origin}/{tenant.guid()}/v2.0/.well-known/openid-configuration", timeout=10
    )


def _get(path: str) -> situations.Situation:
    return lambda asker: asker.get(path)


_EVENT_LIST = f"/users/{ADA}/events?$select=subject,body,bodyPreview,organizer,attendees,start,end,location,locations"
_SELECTED = "subject,body,bodyPreview,organizer,attendees,start,end,location,locations,hideAttendees"
EXAMPLES: dict[str, situations.Situation] = {
    "batch.response": _batch,
    "calendar-list-calendarview.response": _with_one_event(f"/users/{ADA}/calendar/calendarView?{WINDOW}"),
    "error.access-denied-403.response": situations.wrong_scope,
    "error.app-access-policy-403.response": _restricted("policy"),
    "error.app-access-policy-403-raop.response": _restricted("policy"),
    "error.cancel-not-organizer-400.response": _cancelled_by_an_attendee,
    "error.mailbox-concurrency-429.response": situations.throttled,
    "error.notimplemented-501.response": _not_implemented,
    "error.occurrence-crossing-400.response": _crossing,
    "error.precondition-412.response": _stale,
    "error.throttling-429.response": situations.throttled,
    "event-create.multilocation.response": _posted("event-create.multilocation"),
    "event-create.onlinemeeting.response": _posted("event-create.onlinemeeting"),
    "event-create.recurring-weekly.response": _posted("event-create.recurring-weekly"),
    "event-create.simple.response": _posted("event-create.simple"),
    "event-delta.apiref.response": _first_page,
    "event-delta.nextround.response": _next_round,
    "event-delta.occurrence-item": _sparse_row,
    "event-delta.page1.response": _first_page,
    "event-delta.page2.response": _first_page,
    "event-delta.page3.response": _last_page,
    "event-get.multilocation.response": _read_back("event-create.multilocation"),
    "event-get.series-master-exceptions.response": _series_with_exceptions,
    "event-get.simple.response": _read_back("event-create.simple", f"?$select={_SELECTED}"),
    "event-list-instances.response": _instances,
    "event-update.response": _patched,
    "openid-configuration-error.90002.response": _discovery_of_a_stranger,
    "place-get.room.response": _get(f"/places/{ROOM}"),
    "place-get.roomlist.response": _get("/places/north@contoso.example"),
    "place-list.roomlists.response": _get("/places/microsoft.graph.roomlist"),
    "place-list.rooms-in-roomlist.response": _get("/places/north@contoso.example/microsoft.graph.roomlist/rooms"),
    "place-list.rooms.response": _get("/places/microsoft.graph.room"),
    "supportedtimezones.iana.response": _get(
        f"/users/{ROOM}/outlook/supportedTimeZones(TimeZoneStandard=microsoft.graph.timeZoneStandard'Iana')"
    ),
    "supportedtimezones.windows.response": _get(f"/users/{ROOM}/outlook/supportedTimeZones"),
    "token-client-credentials.response": lambda asker: asker.token(),
    "token-error.700016-app-not-in-tenant.response": lambda asker: asker.token(client_id=asker.tenant.guid()),
    "token-error.7000215-wrong-secret.response": situations.wrong_secret,
    "token-error.7000218-no-secret-sent.response": lambda asker: asker.token(client_secret=None),
    "token-error.7000222-expired-secret.response": _expired,
    "token-error.90002-tenant-not-found.response": lambda asker: asker.token(asker.tenant.guid()),
    "token-error.900023-malformed-tenant.response": lambda asker: asker.token("not a tenant"),
    "translateexchangeids.response": _translated,
    "user-list-calendarview.response": _with_one_event(f"/users/{ADA}/calendarView?{WINDOW}"),
    "user-list-events.response": _with_one_event(_EVENT_LIST),
}
_POLLED = "the tenant sends no change notifications yet, the product polls"
_FREE_BUSY = "getSchedule is not in the tenant: the product reads calendars only"
NOT_COMPARED = {
    "calendar-getschedule.response": _FREE_BUSY,
    "getschedule.concept.response": _FREE_BUSY,
    "error.envelope": "the generic envelope, of a file upload",
    "error.subscription-extensionerror-503.response": _POLLED,
    "error.subscription-validation-400.response": _POLLED,
    "subscription-create.event-full.response": _POLLED,
    "subscription-create.response": _POLLED,
    "subscription-get.response": _POLLED,
    "subscription-list.response": _POLLED,
    "subscription-renew.response": _POLLED,
}
_OLD_NAME = "a name of 2021, gone from a recording of 2023"
_UNTAGGED = "nobody has tagged this room"
_PHONE_BRIDGE = {
    f"missing onlineMeeting.{name}": "the tenant's online meetings have no phone bridge"
    for name in ("conferenceId", "tollNumber")
}
_COUNTER = "nobody proposed another time: not in the tenant"


def _room(at: str) -> dict[str, str]:
    old = {f"missing {at}{name}": _OLD_NAME for name in ("displayDevice", "isManaged")}
    return old | {f"missing {at}tags[]": _UNTAGGED}


ALLOWED: dict[str, dict[str, str]] = {
    "batch.response": {
        f"missing responses[].{path}": "asked for other things: a redirect, an error, a list"
        for path in ("headers.location", "body.error", "body.error.code", "body.error.message", "body.value")
    },
    "error.throttling-429.response": {
        f"missing error.innerError.{name}": "of the directory; a mailbox answers as in error.mailbox-concurrency-429"
        for name in ("code", "message", "status")
    },
    "event-create.onlinemeeting.response": _PHONE_BRIDGE,
    "event-update.response": _PHONE_BRIDGE,
    "event-get.series-master-exceptions.response": {
        "missing exceptionOccurrences[].Subject": "a slip of the page: subject is compared in lower case"
    },
    "event-get.simple.response": {
        f"missing attendees[].proposedNewTime{path}": _COUNTER
        for path in (
            "", ".start", ".start.dateTime", ".start.timeZone", ".end", ".end.dateTime", ".end.timeZone",
        )
    },
    "place-get.room.response": _room(""),
    "place-list.rooms-in-roomlist.response": _room("value[]."),
    "place-list.rooms.response": _room("value[]."),
}  # fmt: skip


def coarse(body: Any) -> dict[str, set[str]]:
    """Paths to JSON types; types of a list's elements are taken together."""
    found: dict[str, set[str]] = {}
    for path, kinds in shape(body).items():
        bare = re.sub(r"\[[^]]+\]", "[]", path)
        found.setdefault(bare, set()).update(_json_type(kind) for kind in kinds)
        for end in (match.start() for match in re.finditer(r"[.\[]", bare)):
            if end:
                found.setdefault(bare[:end], set()).add("list" if bare[end] == "[" else "object")
    return found


def _json_type(kind: str) -> str:
    if kind in ("true", "false"):
        return "boolean"
    return {"null": "null", "number": "number", "[]": "list", "{}": "object"}.get(kind, "text")


def lacking(example: Any, ours: Any) -> set[str]:
    """Where an answer has less than its example, or something of another type; what is null has no inside."""
    wanted, seen = coarse(example), coarse(ours)
    empty = tuple(f"{path}." for path, types in seen.items() if types == {"null"})
    lines = {f"missing {path}" for path in wanted.keys() - seen.keys() if not path.startswith(empty)}
    for path in wanted.keys() & seen.keys():
        either = wanted[path] | seen[path]
        if wanted[path].isdisjoint(seen[path]) and "null" not in either:
            lines.add(f"{path}: {'/'.join(sorted(seen[path]))} instead of {'/'.join(sorted(wanted[path]))}")
    return lines


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_answer_has_what_its_documented_example_has(name: str, asker: Asker, not_checked: NotChecked) -> None:
    if not references.examples():
        not_checked("answers against documented examples", references.ABSENT)
        return
    answer = EXAMPLES[name](asker)
    status = re.search(r"-(4\d\d|5\d\d)", name)
    assert answer.status_code == int(status[1]) if status else answer.status_code < 500
    assert lacking(references.example(name), answer.json()) == set(ALLOWED.get(name, {}))


def test_every_documented_answer_is_compared_or_named_with_a_reason(not_checked: NotChecked) -> None:
    for name, reason in NOT_COMPARED.items():
        not_checked(f"example {name}", reason)
    assert EXAMPLES.keys().isdisjoint(NOT_COMPARED) and ALLOWED.keys() <= EXAMPLES.keys()
    answers = {name for name in references.examples() if name.endswith(".response")}
    assert answers <= EXAMPLES.keys() | NOT_COMPARED.keys()
    if references.examples():
        assert EXAMPLES.keys() | NOT_COMPARED.keys() <= references.examples()


def test_less_than_an_example_would_be_noticed() -> None:
    example = {"value": [{"id": "x", "start": {"dateTime": "t"}, "tags": []}]}
    assert lacking(example, {"value": [{"id": "y", "start": {"dateTime": "t"}, "tags": ["a"]}]}) == set()
    assert lacking(example, {"value": [{"id": 1, "start": {}, "tags": []}]}) == {
        "missing value[].start.dateTime",
        "value[].id: number instead of text",
    }
