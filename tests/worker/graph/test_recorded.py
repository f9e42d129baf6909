"""Answers recorded from live tenants are read without loss of what the sync needs.

The recordings are not part of the project. Where their folder lies beside the checkout each of them is read;
in a plain clone the shapes of `samples.py`, which were re-expressed from them, stand in.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from requests.structures import CaseInsensitiveDict

from tests.worker.graph import samples
from tests.worker.graph.conftest import Clock, token_source
from tests.worker.graph.wire import Wire, discovery, reply
from webapp.domain.intervals import AllDay
from worker.graph import mapping
from worker.graph.client import GraphClient
from worker.graph.errors import Scope, classify
from worker.graph.places import list_rooms
from worker.sync.errors import (
    AccessDenied,
    CredentialsRefused,
    DeltaExpired,
    DuplicateTransaction,
    Refused,
    Throttled,
    Trouble,
    Unavailable,
)
from worker.sync.event import Event, Removed, SeriesTouched

BESIDE = Path(__file__).resolve().parents[4].joinpath("shared", "graph")
NOT_READ_BY_SYNC = ("notification", "subscription", "getschedule", "places", "token-error")
"""Kinds of recordings that are no events; the last two have tests of their own."""

ERRORS: dict[str, tuple[Scope, type[Exception]]] = {
    "error-auth.access-denied": (Scope.MAILBOX, AccessDenied),
    "error-create.duplicate-transaction": (Scope.MAILBOX, DuplicateTransaction),
    "error-delta.410-room-2018": (Scope.DELTA, DeltaExpired),
    "error-event.id-malformed": (Scope.ITEM, Refused),
    "error-event.item-not-found-2021": (Scope.MAILBOX, Unavailable),
    "error-event.property-validation": (Scope.MAILBOX, Refused),
    "error-path.unknown-segment": (Scope.MAILBOX, Refused),
    "error-subscription.validation-not-200-2024": (Scope.TENANT, Refused),
    "error-subscription.validation-timeout-2019": (Scope.TENANT, Refused),
    "error-subscription.validation-timeout-2021": (Scope.TENANT, Refused),
    "throttled.429-headers": (Scope.MAILBOX, Throttled),
}


def recordings(*folders: str) -> dict[str, dict[str, Any]]:
    """The recordings beside the checkout by name; none in a plain clone."""
    files = sorted(file for folder in folders for file in (BESIDE / folder).glob("*.json"))
    return {file.name.removesuffix(".json"): json.loads(file.read_text()) for file in files}


def items_of(name: str, body: Any) -> list[dict[str, Any]]:
    """The events in an answer."""
    if not isinstance(body, dict) or name.startswith(NOT_READ_BY_SYNC) or "error" in body:
        return []
    if "instances" in body:
        return [body["master"], *body["instances"]["value"]]
    if name.startswith("event-message"):
        return [body["event"]]
    return body["value"] if isinstance(body.get("value"), list) else [body]


def stand_ins() -> list[tuple[str, dict[str, Any]]]:
    """Our own samples, named as the recordings that they stand for."""
    shapes = [
        samples.event(),
        samples.master(),
        samples.delta_exception(),
        samples.cancelled_date(),
        samples.sparse(1, "2026-03-10"),
        samples.removed("gone"),
    ]
    return [("sample", shape) for shape in shapes]


def recorded_items() -> list[tuple[str, dict[str, Any]]]:
    found = stand_ins()
    for name, recording in recordings("recorded").items():
        body = (recording.get("response") or {}).get("body")
        found += [(name, item) for item in items_of(name, body) if name != "view-select.all-day-series"]
    return found


def assert_nothing_lost(name: str, raw: dict[str, Any]) -> None:
    """The event says what its JSON says; read here in the plainest way, for UTC answers with all members."""
    event = mapping.row(raw)
    if "@removed" in raw:
        assert event == Removed(raw["id"]), name
    elif raw["type"] == "occurrence" and "subject" not in raw:
        assert event == SeriesTouched(raw["seriesMasterId"], raw["id"]), name
    else:
        assert isinstance(event, Event), (name, event)
        assert (event.id, event.kind.value) == (raw["id"], raw["type"])
        assert event.subject == " ".join(raw["subject"].split())
        if raw["start"]["timeZone"] == "UTC" and not raw["isAllDay"]:
            assert event.span.start.isoformat()[:19] == raw["start"]["dateTime"][:19], name
            assert event.span.end.isoformat()[:19] == raw["end"]["dateTime"][:19], name
        assert (event.is_cancelled, event.is_organizer) == (raw["isCancelled"], raw["isOrganizer"])
        assert event.transaction_id == raw.get("transactionId")
        assert event.change_key == raw.get("changeKey", event.change_key)
        assert event.series_master_id == raw["seriesMasterId"]
        organizer = ((raw.get("organizer") or {}).get("emailAddress") or {}).get("address")
        others = [one for one in raw.get("attendees") or [] if one["emailAddress"].get("address") != organizer]
        assert event.other_attendees + len(event.resources) == len(others), name
        assert (event.original_date is not None) == (raw["type"] in ("exception", "occurrence")), name


def test_every_recorded_event_says_what_its_json_says():
    for name, raw in recorded_items():
        assert_nothing_lost(name, raw)


def test_recorded_all_day_dates_are_the_printed_ones():
    rows = recordings("recorded").get("view-select.all-day-series", {"response": {"body": {"value": []}}})
    all_day = {"isAllDay": True, "start": samples.moment("2018-06-05T00:00:00"), "type": "occurrence"}
    for raw in [all_day, *rows["response"]["body"]["value"]]:
        cut = {"end": samples.moment(f"{raw['start']['dateTime'][:8]}07T00:00:00"), **raw}
        event = mapping.event({**samples.event(iCalUId=samples.uid()), **cut})
        start = date.fromisoformat(raw["start"]["dateTime"][:10])
        assert isinstance(event.span, AllDay)
        assert (event.span.start, event.original_date) == (start, start)


def test_all_dates_and_the_master_of_a_recorded_series_carry_one_change_key_h19():
    rounds = {
        name: recording["response"]["body"]["value"]
        for name, recording in recordings("recorded").items()
        if name.startswith(("delta-series", "delta-page.series"))
    }
    rounds["sample"] = [samples.master(), samples.delta_exception(), samples.sparse(1, "2026-03-10")]
    for name, items in rounds.items():
        keys = {mapping.comparable_change_key(item["@odata.etag"]) for item in items}
        assert len(keys) == 1, name


def test_recorded_errors_mean_what_the_caller_must_do():
    stand_in = {
        "error-create.duplicate-transaction": (
            400,
            {"error": {"code": "ErrorDuplicateTransactionId", "message": ""}},
        ),
        "error-delta.410-room-2018": (410, {"error": {"code": "SyncStateNotFound", "message": "generation=149"}}),
    }
    answers = {
        name: (recording["response"]["status"], recording["response"]["body"], recording["response"].get("headers"))
        for name, recording in recordings("recorded").items()
        if name.startswith(("error-", "throttled"))
    }
    for name, (status, body) in stand_in.items():
        answers.setdefault(name, (status, body, None))
    for name, (status, body, headers) in answers.items():
        scope, expected = ERRORS[name]
        found = classify(status, CaseInsensitiveDict(headers or {}), body, scope=scope, trouble=Trouble())
        assert type(found) is expected, name


def test_documented_examples_are_events_or_parts_of_events():
    """Documentation leaves members out, which makes an item a part to be read by id, never a wrong value."""
    for name, body in recordings("examples").items():
        if name.endswith(".response") and name.startswith(("event-", "user-list", "calendar-list")):
            for raw in items_of("", body):
                found = mapping.row(raw)
                complete = set(raw) >= {"id", "type", "subject", "isAllDay", "showAs", "sensitivity"}
                assert isinstance(found, Event) == complete, (name, found)
    partial = {"id": "x", "subject": "Rest", "start": samples.moment("2016-12-12T02:00:00")}
    assert mapping.row(partial) == mapping.Partial("x")


def test_recorded_places_are_rooms_with_their_address(wire: Wire, client: GraphClient):
    sparse = {"id": "x", "emailAddress": "Oak@contoso.test", "displayName": "Oak", "building": None, "tags": []}
    answers = [{"value": [sparse]}]
    answers += [r["response"]["body"] for name, r in recordings("recorded").items() if name.startswith("places")]
    answers += [body for name, body in recordings("examples").items() if name == "place-list.rooms.response"]
    for body in answers:
        wire.graph = [reply(200, body)]
        rooms = list_rooms(client)
        assert [room.address for room in rooms] == [item["emailAddress"].lower() for item in body["value"]]
        assert [room.capacity for room in rooms] == [item.get("capacity") for item in body["value"]]


def test_recorded_refusals_of_entra_are_told_by_their_number(wire: Wire, clock: Clock):
    bodies = [{"error": "invalid_client", "error_description": "AADSTS7000215: x", "error_codes": [7000215]}]
    bodies += [r["response"]["body"] for name, r in recordings("recorded").items() if name.startswith("token-error")]
    bodies += [body for name, body in recordings("examples").items() if "-error." in name and name.startswith("open")]
    bodies += [body for name, body in recordings("examples").items() if name.startswith("token-error")]
    for body in bodies:
        for before in ([], [discovery()]):
            wire.entra = [*before, reply(400, body)]
            with pytest.raises(CredentialsRefused) as caught:
                token_source(wire, clock).token()
            assert caught.value.trouble.code == str(body["error_codes"][0])
