"""Request bodies of events: what Graph takes, what it refuses, what the server makes of it."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Any

from tests.tenant import recurrence, times
from tests.tenant.errors import GraphError, bad_request, invalid_property
from tests.tenant.state import EMPTY_LOCATION, Item, day_bounds
from tests.tenant.switches import Mutators, Switches

READ_ONLY = frozenset(
    [
        "id",
        "createdDateTime",
        "lastModifiedDateTime",
        "changeKey",
        "iCalUId",
        "uid",
        "type",
        "organizer",
        "isOrganizer",
        "isCancelled",
        "isDraft",
        "responseStatus",
        "seriesMasterId",
        "occurrenceId",
        "originalStart",
        "originalStartTimeZone",
        "originalEndTimeZone",
        "webLink",
        "bodyPreview",
        "hasAttachments",
        "onlineMeeting",
        "onlineMeetingUrl",
        "transactionId",
        "cancelledOccurrences",
        "allowNewTimeProposals",
    ]
)
_ENUMS = {
    "sensitivity": ("sensitivity", ("normal", "personal", "private", "confidential")),
    "showAs": ("show_as", ("free", "tentative", "busy", "oof", "workingElsewhere", "unknown")),
    "importance": ("importance", ("low", "normal", "high")),
}
_FLAGS = {
    "isReminderOn": "reminder_on",
    "responseRequested": "response_requested",
    "hideAttendees": "hide_attendees",
    "allowNewTimeProposals": "allow_new_time",
}
_ATTENDEE_TYPES = ("required", "optional", "resource")
_PROPERTY = re.compile(
    r"(?P<type>[A-Za-z]+)\s+(?:\{(?P<guid>[0-9A-Fa-f-]{36})\}\s+(?:Name\s+(?P<name>.+)|Id\s+0x[0-9A-Fa-f]+)|0x[0-9A-Fa-f]+)\Z"
)
MAX_ATTENDEES = 500
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\Z")


def _typed(value: Any, kinds: type | tuple[type, ...], name: str) -> Any:
    if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is int):
        raise GraphError(400, "RequestBodyRead", f"Cannot convert the value of '{name}' to the expected type.")
    return value


def mutated(subject: str, mutators: Mutators, switches: Switches) -> str:
    """A subject as the server stores it (H47)."""
    subject = subject.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if mutators.trim:
        subject = subject.strip()
    if mutators.collapse_spaces:
        subject = re.sub(r"\s+", " ", subject)
    if mutators.nfd:
        subject = unicodedata.normalize("NFD", subject)
    if mutators.nfc:
        subject = unicodedata.normalize("NFC", subject)
    limit = mutators.truncate or 255
    if len(subject) > limit:
        if switches.long_subject == "refuse":
            raise invalid_property()
        if switches.long_subject == "truncate" or mutators.truncate:
            subject = subject[:limit]
    return subject


def _wall(value: Any, name: str) -> tuple[datetime, str]:
    """A dateTimeTimeZone as naive wall time and zone name."""
    _typed(value, dict, name)
    zone_name = value.get("timeZone")
    if not isinstance(zone_name, str) or not zone_name:
        raise _bad_zone(zone_name)
    try:
        times.zone(zone_name)
    except times.UnknownZone as error:
        raise _bad_zone(zone_name) from error
    try:
        return times.naive(value.get("dateTime")), zone_name
    except ValueError as error:
        raise invalid_property() from error


def _bad_zone(name: Any) -> GraphError:
    return GraphError(
        400, "TimeZoneNotSupportedException", f"A valid TimeZone value must be specified. Value: '{name}'."
    )


def _span(body: dict[str, Any], current: Item | None) -> dict[str, Any]:
    """start, end and isAllDay of a body, together with what is stored already."""
    all_day = body.get("isAllDay", current.all_day if current else False)
    _typed(all_day, bool, "isAllDay")
    if current is None and ("start" not in body or "end" not in body):
        raise invalid_property()
    walls = {name: _wall(body[name], name) for name in ("start", "end") if name in body}
    if all_day:
        return _all_day_span(walls, current)
    fields: dict[str, Any] = {"all_day": False, "start_day": None, "end_day": None}
    for name, (wall, zone_name) in walls.items():
        try:
            fields[name], fields[f"{name}_zone"] = times.to_utc(wall, zone_name), zone_name
        except ValueError as error:
            raise invalid_property() from error
    start = fields.get("start", current.start if current else None)
    end = fields.get("end", current.end if current else None)
    if end < start:
        raise invalid_property()
    return fields


def _all_day_span(walls: dict[str, tuple[datetime, str]], current: Item | None) -> dict[str, Any]:
    known = current if current and current.all_day else None
    if known is None and len(walls) < 2:
        raise invalid_property()
    zones = {zone_name for _, zone_name in walls.values()} or {known.start_zone if known else "UTC"}
    if len(zones) > 1 or any(wall.time() != datetime.min.time() for wall, _ in walls.values()):
        raise invalid_property()
    zone_name = zones.pop()
    first = walls["start"][0].date() if "start" in walls else known and known.start_day
    last = walls["end"][0].date() if "end" in walls else known and known.end_day
    assert first is not None and last is not None
    if last <= first:
        raise invalid_property()
    start, end = day_bounds(first, last, zone_name)
    return {
        "all_day": True,
        "start_day": first,
        "end_day": last,
        "start": start,
        "end": end,
        "start_zone": zone_name,
        "end_zone": zone_name,
    }


def _attendees(value: Any) -> tuple[dict[str, Any], ...]:
    lines = []
    for sent in _typed(value, list, "attendees"):
        _typed(sent, dict, "attendees")
        mail = sent.get("emailAddress") or {}
        address = mail.get("address")
        if not isinstance(address, str) or not _ADDRESS.match(address):
            raise GraphError(400, "ErrorInvalidRecipients", "At least one recipient is not valid.")
        kind = str(sent.get("type") or "required").lower()
        if kind not in _ATTENDEE_TYPES:
            raise GraphError(400, "RequestBodyRead", f"Requested value '{kind}' was not found.")
        lines.append(
            {"name": mail.get("name") or address, "address": address, "type": kind, "response": "none", "time": None}
        )
    if len(lines) > MAX_ATTENDEES:
        raise invalid_property()
    return tuple({line["address"].lower(): line for line in lines}.values())


def location(value: Any) -> dict[str, Any]:
    """A location as stored: text only; through REST its type is `default`."""
    _typed(value, dict, "location")
    name = value.get("displayName") or ""
    if not name:
        return dict(EMPTY_LOCATION)
    kept = {
        key: value[key] for key in ("locationUri", "locationEmailAddress", "address", "coordinates") if value.get(key)
    }
    return {"displayName": name, "locationType": "default", "uniqueId": name, "uniqueIdType": "private"} | kept


def _locations(body: dict[str, Any]) -> dict[str, Any]:
    if "location" in body:
        shown = location(body["location"]) if body["location"] is not None else dict(EMPTY_LOCATION)
        lines: tuple[dict[str, Any], ...] = (shown,) if shown["displayName"] else ()
        if "locations" in body:
            lines = tuple(location(line) for line in _typed(body["locations"], list, "locations"))
        return {"location": shown, "locations": lines}
    lines = tuple(location(line) for line in _typed(body["locations"], list, "locations"))
    name = "; ".join(line["displayName"] for line in lines)
    return {"location": location({"displayName": name}), "locations": lines}


def properties(value: Any) -> dict[str, str]:
    """Single-value extended properties by normalised id."""
    out = {}
    for sent in _typed(value, list, "singleValueExtendedProperties"):
        _typed(sent, dict, "singleValueExtendedProperties")
        if not isinstance(sent.get("value"), str):
            raise invalid_property()
        out[property_id(sent.get("id"))] = sent["value"]
    return out


def property_id(text: Any) -> str:
    """`String {guid} Name X` with the GUID in lower case; the name keeps its case."""
    match = _PROPERTY.match(text.strip()) if isinstance(text, str) else None
    if not match:
        raise GraphError(400, "ErrorInvalidProperty", "The extended property id is not valid.")
    guid = match.group("guid")
    return re.sub(r"\s+", " ", text.strip()).replace(guid, guid.lower()) if guid else text.strip()


def _rule(body: dict[str, Any], fields: dict[str, Any], current: Item | None) -> dict[str, Any]:
    if body["recurrence"] is None:
        return {"recurrence": None}
    zone_name = fields.get("start_zone") or (current.start_zone if current else "UTC")
    start = fields.get("start") or (current.start if current else None)
    try:
        rule = recurrence.normalise(body["recurrence"], zone_name)
        times.zone(rule["range"]["recurrenceTimeZone"])
    except recurrence.BadRecurrence as error:
        raise invalid_property() from error
    except times.UnknownZone as error:
        raise _bad_zone(rule["range"]["recurrenceTimeZone"]) from error
    assert start is not None
    days = {times.in_zone(start, name).date() for name in (zone_name, rule["range"]["recurrenceTimeZone"])}
    if fields.get("start_day"):
        days.add(fields["start_day"])
    if rule["range"]["startDate"] not in {day.isoformat() for day in days}:
        raise invalid_property()
    if recurrence.first_date(rule) is None:
        raise GraphError(400, "ErrorRecurrenceHasNoOccurrence", "The recurrence has no occurrence.")
    end = fields.get("end") or (current.end if current else start)
    if end - start > timedelta(days=365):
        raise GraphError(400, "ErrorOccurrenceTimeSpanTooBig", "The occurrence is too long.")
    return {"recurrence": rule}


def event_fields(
    body: dict[str, Any], current: Item | None, mutators: Mutators, switches: Switches
) -> dict[str, Any]:
    """The fields of an Item that a POST (current None) or PATCH body sets. Raises GraphError.

    Unknown members are ignored, as event is an open type; read-only ones are refused in a PATCH.
    """
    if current is not None:
        refused = [name for name in body if name in READ_ONLY]
        if refused:
            raise GraphError(400, "ErrorInvalidPropertySet", f"Set operation is invalid for property {refused[0]}.")
    fields: dict[str, Any] = {}
    if current is None or not {"start", "end", "isAllDay"}.isdisjoint(body):
        fields |= _span(body, current)
    if "recurrence" in body and (body["recurrence"] is not None or (current and current.recurrence)):
        if current is not None and current.original is not None:
            raise invalid_property()
        fields |= _rule(body, fields, current)
    if "attendees" in body:
        fields["attendees"] = _attendees(body["attendees"])
    if "location" in body or "locations" in body:
        fields |= _locations(body)
    if body.get("isOnlineMeeting") and not (current and current.online):
        fields |= {"online": True, "online_provider": body.get("onlineMeetingProvider") or "teamsForBusiness"}
    return fields | _text(body, mutators, switches) | _plain(body)


def _text(body: dict[str, Any], mutators: Mutators, switches: Switches) -> dict[str, Any]:
    """subject and body."""
    fields: dict[str, Any] = {}
    if "subject" in body:
        text = _typed(body["subject"] if body["subject"] is not None else "", str, "subject")
        fields["subject"] = mutated(text, mutators, switches)
    if body.get("body") is not None:
        fields |= _content(_typed(body["body"], dict, "body"), mutators)
    return fields


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """Members that are taken as they are: enumerations, flags, reminders, categories."""
    fields: dict[str, Any] = {}
    for name, (own, allowed) in _ENUMS.items():
        if name in body:
            known = {value.lower(): value for value in allowed}
            value = str(body[name]).lower()
            if value not in known:
                raise GraphError(400, "RequestBodyRead", f"Requested value '{body[name]}' was not found.")
            fields[own] = known[value]
    for name, own in _FLAGS.items():
        if name in body:
            fields[own] = _typed(body[name], bool, name)
    if "reminderMinutesBeforeStart" in body:
        fields["reminder_minutes"] = _typed(body["reminderMinutesBeforeStart"], int, "reminderMinutesBeforeStart")
    if "categories" in body:
        fields["categories"] = tuple(_typed(body["categories"], list, "categories"))
    return fields


def _content(sent: dict[str, Any], mutators: Mutators) -> dict[str, Any]:
    kind = str(sent.get("contentType") or "text").lower()
    content = sent.get("content") or ""
    if kind not in ("text", "html") or not isinstance(content, str):
        raise bad_request("The body is not valid.")
    if kind == "html" and mutators.wrap and "<html" not in content.lower():
        content = (
            '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head>'
            f"<body>{content}</body></html>"
        )
    return {"body": content, "body_type": kind}
