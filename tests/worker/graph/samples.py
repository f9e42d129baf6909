"""Shapes of Graph's answers as they were recorded from live tenants, with invented values (docs/graph.md)."""

from __future__ import annotations

import base64
from typing import Any

MASTER = "AAMkAG-series=="
UID_HEAD = "040000008200E00074C5B7101A82E008"
UID_TAIL = "00000000A1B2C3D4E5F6DA010000000000000000100000000123456789ABCDEF0123456789ABCDEF"[8:]
PLAIN_KEY = base64.b64encode(bytes(range(22))).decode()
PREFIXED_KEY = base64.b64encode(bytes.fromhex("0f00000016000000") + bytes(range(22))).decode()


def moment(text: str, zone: str = "UTC") -> dict[str, str]:
    """A dateTimeTimeZone as answers print it: seven digits, no offset."""
    return {"dateTime": f"{text}.0000000", "timeZone": zone}


def uid(day_hex: str = "00000000") -> str:
    """An iCalUId; a date of a series has year, month, day in hex where the master has zeros."""
    return UID_HEAD + day_hex + UID_TAIL


def event(**changes: Any) -> dict[str, Any]:
    """A single event of a room as a view of 2024 shows it: an accepted invitation."""
    whole = {
        "@odata.etag": f'W/"{PLAIN_KEY}"',
        "id": "AAMkAG-one==",
        "createdDateTime": "2026-03-02T07:45:45.3999159Z",
        "lastModifiedDateTime": "2026-03-02T09:42:36.076065Z",
        "changeKey": PLAIN_KEY,
        "categories": [],
        "transactionId": None,
        "originalStartTimeZone": "W. Europe Standard Time",
        "originalEndTimeZone": "W. Europe Standard Time",
        "iCalUId": uid(),
        "subject": "Budget",
        "bodyPreview": "not ours to read",
        "importance": "normal",
        "sensitivity": "normal",
        "isAllDay": False,
        "isCancelled": False,
        "isOrganizer": False,
        "responseRequested": True,
        "seriesMasterId": None,
        "showAs": "busy",
        "type": "singleInstance",
        "onlineMeetingUrl": None,
        "isOnlineMeeting": False,
        "occurrenceId": None,
        "responseStatus": {"response": "accepted", "time": "2026-03-02T09:42:30.4231931Z"},
        "body": {"contentType": "html", "content": "<html>not ours to read</html>"},
        "start": moment("2026-03-10T16:00:00"),
        "end": moment("2026-03-10T16:30:00"),
        "location": {"displayName": "Oak", "locationType": "default"},
        "locations": [{"displayName": "Oak", "locationUri": "oak@contoso.test"}],
        "recurrence": None,
        "attendees": [
            attendee("required", "none", "Hanna.Ito@contoso.test"),
            attendee("resource", "accepted", "Oak@contoso.test"),
        ],
        "organizer": {"emailAddress": {"name": "Hanna Ito", "address": "Hanna.Ito@contoso.test"}},
        "onlineMeeting": None,
    }
    return {**whole, **changes}


def attendee(kind: str, response: str, address: str) -> dict[str, Any]:
    """One attendee."""
    return {
        "type": kind,
        "status": {"response": response, "time": "0001-01-01T00:00:00Z"},
        "emailAddress": {"name": address.split("@")[0], "address": address},
    }


def master(**changes: Any) -> dict[str, Any]:
    """The master of a series as delta delivers it: with the times of its first date."""
    recurrence = {
        "pattern": {"type": "daily", "interval": 1, "month": 0, "dayOfMonth": 0, "index": "first"},
        "range": {"type": "endDate", "startDate": "2026-03-10", "endDate": "2026-03-12"},
    }
    whole = event(id=MASTER, type="seriesMaster", recurrence=recurrence, **{"@odata.type": "#microsoft.graph.event"})
    return {**whole, **changes}


def sparse(number: int, day: str) -> dict[str, Any]:
    """An occurrence in delta: seven members, and a change key in the longer form."""
    return {
        "@odata.type": "#microsoft.graph.event",
        "@odata.etag": f'W/"{PREFIXED_KEY}"',
        "seriesMasterId": MASTER,
        "type": "occurrence",
        "id": f"AAMkAG-date-{number}==",
        "start": moment(f"{day}T16:00:00"),
        "end": moment(f"{day}T16:30:00"),
    }


def delta_exception(**changes: Any) -> dict[str, Any]:
    """A changed date in delta: whole, with originalStart, without occurrenceId and without recurrence."""
    whole = event(
        id="AAMkAG-date-2==",
        type="exception",
        seriesMasterId=MASTER,
        iCalUId=uid("07EA030B"),
        originalStart="2026-03-11T16:00:00Z",
        start=moment("2026-03-11T18:00:00"),
        end=moment("2026-03-11T18:45:00"),
    )
    del whole["occurrenceId"], whole["recurrence"]
    return {**whole, **changes}


def cancelled_date(**changes: Any) -> dict[str, Any]:
    """A date that the organizer cancelled, as it stays in an attendee's calendar."""
    whole = event(
        id="AAMkAG-date-3==",
        type="exception",
        seriesMasterId=MASTER,
        iCalUId=uid("07EA030C"),
        occurrenceId=f"OID.{MASTER}.2026-03-12",
        subject="Canceled: Budget",
        isCancelled=True,
        showAs="free",
        responseStatus={"response": "notResponded", "time": "0001-01-01T00:00:00Z"},
    )
    return {**whole, **changes}


def removed(event_id: str) -> dict[str, Any]:
    """A removal in delta."""
    return {"@odata.type": "#microsoft.graph.event", "id": event_id, "@removed": {"reason": "deleted"}}
