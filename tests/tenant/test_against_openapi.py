"""Every kind of answer of the tenant against Microsoft's published description of Graph, where that is at hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from tests.tenant import references, situations
from tests.tenant.conftest import ADA, BEN, DAY, OTHER_ROOM, ROOM, WINDOW, Asker, event, wall, weekly

NotChecked = Callable[[str, str], None]
USER, EVENT = "/users/{user-id}", "/users/{user-id}/events/{event-id}"
DELTA = f"{USER}/calendarView/microsoft.graph.delta()"
# Members of real answers that the description of 2022 does not have, each with where it was seen.
UNDESCRIBED = {
    "uid": "recorded, v1.0 of 2026",
    "occurrenceId": "recorded, v1.0 since 2023",
    "IsRoomRequested": "recorded, delta of 2020",
    "AutoRoomBookingStatus": "recorded, delta of 2020",
    "AllowNewTimeProposals": "recorded, delta of 2020",
    "IsDraft": "recorded, delta of 2020",
    "innerError": "recorded; the description writes innererror",
    "@removed": "documented with delta queries",
    "label": "recorded, places of 2023",
    "isWheelChairAccessible": "recorded, places of 2023",
    "tags": "recorded, places of 2023",
    "geocoordinates": "documented so with room lists",
}
# Where real answers contradict the description: member, what jsonschema says, seen where.
DESCRIBED_WRONG = {
    ("address", "None is not of type 'object'"): "recorded, places of 2023",
    ("geoCoordinates", "None is not of type 'object'"): "recorded, places of 2023",
}


def _series_with_a_changed_and_a_cancelled_date(asker: Asker) -> str:
    ada = asker.tenant.as_person(ADA)
    series = ada.book("x", wall(9), wall(10), rooms=[ROOM], guests=[BEN], recurrence=weekly(5), sensitivity="private")
    asker.tenant.settle()
    ada.change_occurrence(series, DAY, subject="special", start=wall(14), end=wall(15))
    ada.cancel_occurrence(series, DAY + timedelta(days=7))
    asker.tenant.settle()
    return f"/users/{ADA}/events/{series.immutable_id}"


def _room_with_everything(asker: Asker) -> None:
    """Directly made, invited, private, all-day, online, cancelled, a series: in one room."""
    _series_with_a_changed_and_a_cancelled_date(asker)
    room, ada = asker.tenant.as_delegate(ROOM), asker.tenant.as_person(ADA)
    room.book("direct", wall(11), wall(12), online=True)
    room.book("all day", DAY + timedelta(days=3), DAY + timedelta(days=5), all_day=True)
    gone = ada.book("cancelled", wall(9, day=26), wall(10, day=26), rooms=[ROOM, OTHER_ROOM])
    asker.tenant.settle()
    ada.cancel(gone)
    asker.tenant.settle()


def _of_the_room(path: str) -> situations.Situation:
    def ask(asker: Asker) -> requests.Response:
        _room_with_everything(asker)
        return asker.get(path)

    return ask


def _of_the_series(rest: str) -> situations.Situation:
    return lambda asker: asker.get(_series_with_a_changed_and_a_cancelled_date(asker) + rest)


def _patched(asker: Asker) -> requests.Response:
    made = asker.create()
    return asker.ask(
        "PATCH", f"/users/{ROOM}/events/{made['id']}", {"subject": "y", "location": {"displayName": "z"}}
    )


def _created_with_everything(asker: Asker) -> requests.Response:
    tag = {"id": "String {66f5a359-4659-4638-81a3-d1d2b2f5c5b4} Name Tag", "value": "v"}
    attendee = {"type": "resource", "emailAddress": {"address": OTHER_ROOM}}
    body = event(transactionId="t", singleValueExtendedProperties=[tag], attendees=[attendee], categories=["a"])
    return asker.ask("POST", f"/users/{ROOM}/events", body | {"recurrence": weekly()})


def _second_round(asker: Asker) -> requests.Response:
    _room_with_everything(asker)
    _, link = asker.round()
    made = asker.create(hour=15)
    asker.ask("DELETE", f"/users/{ROOM}/events/{made['id']}")
    asker.create(hour=16)
    asker.tenant.as_delegate(ROOM).book("outside", wall(9, year=2030), wall(10, year=2030))
    return asker.get(link)


def _translated(asker: Asker) -> requests.Response:
    made = asker.create()
    sent = {"inputIds": [made["id"]], "sourceIdType": "restImmutableEntryId", "targetIdType": "restId"}
    return asker.ask("POST", f"/users/{ROOM}/translateExchangeIds", sent)


def _calendar_by_id(rest: str) -> situations.Situation:
    def ask(asker: Asker) -> requests.Response:
        asker.create()
        return asker.get(f"/users/{ROOM}/calendars/{asker.get(f'/users/{ROOM}/calendar').json()['id']}{rest}")

    return ask


# What is asked: the described path and method, and how to get such an answer.
ANSWERS: dict[str, tuple[str, str, situations.Situation]] = {
    "list": (f"{USER}/events", "get", _of_the_room(f"/users/{ROOM}/events?$top=100&$count=true")),
    "list with tags": (
        f"{USER}/events",
        "get",
        _of_the_room(
            f"/users/{ROOM}/events?$expand=singleValueExtendedProperties($filter=id eq "
            "'String {66f5a359-4659-4638-81a3-d1d2b2f5c5b4} Name Tag')"
        ),
    ),
    "first page": (f"{USER}/events", "get", situations.first_page_of_masters),
    "list of the calendar": (f"{USER}/calendar/events", "get", _of_the_room(f"/users/{ROOM}/calendar/events")),
    "list by calendar id": ("/users/{user-id}/calendars/{calendar-id}/events", "get", _calendar_by_id("/events")),
    "view": (f"{USER}/calendarView", "get", _of_the_room(f"/users/{ROOM}/calendarView?{WINDOW}&$top=100")),
    "view of a guest": (f"{USER}/calendarView", "get", situations.cancelled_date_of_an_attendee),
    "view of the calendar": (
        f"{USER}/calendar/calendarView",
        "get",
        _of_the_room(f"/users/{ROOM}/calendar/calendarView?{WINDOW}"),
    ),
    "view with select": (f"{USER}/calendarView", "get", situations.all_day_series_with_select),
    "view of online meetings": (f"{USER}/calendarView", "get", situations.online_meetings),
    "delta": (DELTA, "get", _of_the_room(f"/users/{ROOM}/calendarView/delta?{WINDOW}")),
    "delta by calendar id": (
        "/users/{user-id}/calendars/{calendar-id}/calendarView/microsoft.graph.delta()",
        "get",
        _calendar_by_id(f"/calendarView/delta?{WINDOW}"),
    ),
    "delta, second round": (DELTA, "get", _second_round),
    "delta, empty page": (DELTA, "get", situations.empty_first_page),
    "delta of a series": (DELTA, "get", situations.page_with_a_series),
    "delta of 2020": (DELTA, "get", situations.series_one_renamed),
    "get": (EVENT, "get", situations.single_of_outlook),
    "get a series": (EVENT, "get", situations.master_of_outlook),
    "get a series with its exceptions": (
        EVENT,
        "get",
        _of_the_series("?$select=subject,exceptionOccurrences,cancelledOccurrences&$expand=exceptionOccurrences"),
    ),
    "instances": (f"{EVENT}/instances", "get", _of_the_series(f"/instances?{WINDOW}")),
    "create": (f"{USER}/events", "post", situations.created),
    "create with everything": (f"{USER}/events", "post", _created_with_everything),
    "change": (EVENT, "patch", _patched),
    "calendar": (f"{USER}/calendar", "get", lambda asker: asker.get(f"/users/{ROOM}/calendar")),
    "calendar by id": ("/users/{user-id}/calendars/{calendar-id}", "get", _calendar_by_id("")),
    "calendars": (f"{USER}/calendars", "get", lambda asker: asker.get(f"/users/{ROOM}/calendars")),
    "rooms": ("/places/microsoft.graph.room", "get", lambda asker: asker.get("/places/microsoft.graph.room")),
    "room lists": (
        "/places/microsoft.graph.roomList",
        "get",
        lambda asker: asker.get("/places/microsoft.graph.roomlist"),
    ),
    "rooms of a list": (
        "/places/{place-id}/microsoft.graph.roomList/rooms",
        "get",
        lambda asker: asker.get("/places/north@contoso.example/microsoft.graph.roomlist/rooms"),
    ),
    "place": ("/places/{place-id}", "get", lambda asker: asker.get(f"/places/{ROOM}")),
}
REFUSALS: dict[str, tuple[str, str, situations.Situation]] = {
    "no permission": (f"{USER}/events", "get", situations.wrong_scope),
    "used transactionId": (f"{USER}/events", "post", situations.other_event_under_a_used_transaction),
    "dead delta link": (DELTA, "get", situations.dead_delta_link),
    "malformed id": ("/users/{user-id}/calendars/{calendar-id}", "get", situations.malformed_id),
    "missing item": (EVENT, "get", situations.missing_item),
    "bad property": (f"{USER}/events", "post", situations.all_day_end_before_start),
    "unknown path": (f"{USER}/events", "get", situations.unknown_segment),
    "throttled": (f"{USER}/events", "get", situations.throttled),
    "no such mailbox": (f"{USER}/events", "get", lambda asker: asker.get("/users/nobody@contoso.example/events")),
    "bad token": (f"{USER}/events", "get", lambda asker: asker.get(f"/users/{ROOM}/events", Authorization="x")),
    "missing window": (f"{USER}/calendarView", "get", lambda asker: asker.get(f"/users/{ROOM}/calendarView")),
}
NOT_DESCRIBED = {
    "token and discovery": "Entra is not part of Graph's description; compared with recorded and documented bodies",
    "$batch": "not in Graph's official description; its parts are the answers above",
    "answers without a body": "DELETE 204, cancel and the answers 202: nothing to validate",
    "translateExchangeIds": "the description gives a bare array, the service wraps it; its rows are validated",
}


def _as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema says it; the official `anyOf` of X and any object is X or null."""
    if node == {"type": "object", "nullable": True}:
        return {"type": "null"}
    if isinstance(node, list):
        return [_as_json_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {name: _as_json_schema(value) for name, value in node.items() if name != "nullable"}
    if node.get("nullable") is True:
        if isinstance(made.get("type"), str):
            made["type"] = [made["type"], "null"]
        if "enum" in made and None not in made["enum"]:
            made["enum"] = [*made["enum"], None]
    return made


def _schema_of(described: dict[str, Any], path: str, method: str, status: int) -> dict[str, Any]:
    """The schema of an answer; `2XX` and `default` stand for what is not named."""
    responses = described["paths"][path][method]["responses"]
    found = responses.get(str(status)) or responses.get("2XX" if status < 300 else "default")
    if "$ref" in found:
        found = described["components"]["responses"][found["$ref"].rpartition("/")[2]]
    schema: dict[str, Any] = found["content"]["application/json"]["schema"]
    return schema


def _faults(described: dict[str, Any], schema: dict[str, Any], body: Any) -> list[str]:
    whole = _as_json_schema(schema | {"components": described["components"]})
    found = Draft202012Validator(whole).iter_errors(body)
    told = [(error.json_path, error.message[:200]) for error in found]
    return [
        f"{path}: {message}" for path, message in told if (path.rpartition(".")[2], message) not in DESCRIBED_WRONG
    ]


def _resolved(described: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _members(described: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """All members that a schema names, those of what it is made of as well."""
    schema = _resolved(described, schema)
    found = dict(schema.get("properties", {}))
    for part in [*schema.get("allOf", ()), *schema.get("anyOf", ())]:
        found |= _members(described, part)
    return found


def _strangers(described: dict[str, Any], schema: dict[str, Any], body: Any) -> set[str]:
    """Members of an answer that its schema does not name: it would let any through."""
    schema = _resolved(described, schema)
    if isinstance(body, list):
        return {name for row in body for name in _strangers(described, schema.get("items", {}), row)}
    known = _members(described, schema)
    if not isinstance(body, dict) or not known:
        return set()
    strange = {name for name in body if name not in known and not name.startswith("@odata.")}
    inner = [_strangers(described, known[name], value) for name, value in body.items() if name in known]
    return strange.union(*inner)


@pytest.mark.parametrize("what", [*ANSWERS, *REFUSALS])
def test_an_answer_fits_the_published_description(what: str, asker: Asker, not_checked: NotChecked) -> None:
    path, method, ask = (ANSWERS | REFUSALS)[what]
    answer = ask(asker)
    assert (answer.status_code < 300) == (what in ANSWERS), answer.text
    described = references.description()
    if described is None:
        not_checked("answers against Graph's published description", references.ABSENT)
        return
    schema = _schema_of(described, path, method, answer.status_code)
    assert _faults(described, schema, answer.json()) == []
    if path != "/places/{place-id}":  # described as any place; a room's members are those of its own path
        assert _strangers(described, schema, answer.json()) <= UNDESCRIBED.keys()


def test_translated_ids_fit_the_published_description(asker: Asker, not_checked: NotChecked) -> None:
    rows = _translated(asker).json()["value"]
    described = references.description()
    if described is None:
        not_checked("answers against Graph's published description", references.ABSENT)
        return
    schema = {"type": "array", "items": {"$ref": "#/components/schemas/microsoft.graph.convertIdResult"}}
    assert rows and _faults(described, schema, rows) == []


def test_what_the_description_leaves_out_is_named(not_checked: NotChecked) -> None:
    for what, why in NOT_DESCRIBED.items():
        not_checked(f"{what} against Graph's published description", why)
    described = references.description()
    assert described is None or not [path for path in described["paths"] if "batch" in path or "token" in path]


def test_a_wrong_answer_would_be_noticed(asker: Asker) -> None:
    described = references.description()
    body = situations.created(asker).json()
    if described is None:
        return
    schema = _schema_of(described, f"{USER}/events", "post", 201)
    for broken in ({"showAs": "occupied"}, {"isAllDay": "no"}, {"attendees": None}, {"start": {"dateTime": 5}}):
        assert len(_faults(described, schema, body | broken)) > 0, broken
    assert _strangers(described, schema, body | {"titel": "x"}) - UNDESCRIBED.keys() == {"titel"}
