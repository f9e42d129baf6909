"""Graph's JSON to the sync's values and back. Pure, and total: whatever a tenant answers becomes a value (H32).

Bodies are never looked at, and the subject of anything not `normal` is dropped here, before it can be staged,
logged or queued (H56).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from webapp.domain.intervals import AllDay, Span, Timed
from webapp.domain.words import Answer
from webapp.domain.zones import UnknownZone, exchange_name, zone_named
from worker.graph.members import Members
from worker.graph.recurrence import rule_of, series_body
from worker.sync.errors import Unreadable
from worker.sync.event import (
    Event,
    EventKind,
    EventPatch,
    NewEvent,
    NewMeeting,
    Party,
    Removed,
    ResourceAnswer,
    Row,
    RuleRead,
    SeriesTouched,
    Unusable,
    canonical_subject,
    canonical_text,
)

TAG_PROPERTY = "String {5b0d3f5e-6a5c-4f0e-9a41-2f7d1c1e86b3} Name MapticianReservation"
"""Our mark on events that we made: a named property in a set of our own (docs/graph.md#extended-property)."""

NORMAL = "normal"
NAME_LIMIT, ADDRESS_LIMIT, UID_LIMIT = 255, 320, 512
"""What the columns of names, addresses and iCalUIds hold; PostgreSQL refuses more, and NUL."""
_CHANGE_KEY_BYTES = 22
_DATED_ID = b"\x01\x51\x00\x08"
_FROM_GRAPH_ID = str.maketrans("-_", "/+")
_TICKS_A_DAY = 864_000_000_000
_FIRST_PLAUSIBLE_DAY = date(1980, 1, 1).toordinal()
_ANSWERS = {answer.value.lower(): answer for answer in Answer}
_KINDS = {kind.value.lower(): kind for kind in EventKind}
_WHOLE = ("type", "start", "end", "isAllDay", "isCancelled", "isOrganizer", "showAs", "sensitivity", "subject")
"""Members without which an item is only part of an event (docs/graph.md#delta-partial)."""


@dataclass(frozen=True)
class Partial:
    """A delta item that lacks members of an event: what is absent is not cleared, so it must be read by id."""

    id: str


def page(body: Any) -> tuple[tuple[Row | Partial, ...], str | None, str | None]:
    """Rows, nextLink and deltaLink of one delta page; raises `Unreadable` when it has neither link."""
    rows, next_link, delta_link = _listing(body)
    if not next_link and not delta_link:
        raise Unreadable("@odata.deltaLink")
    return rows, next_link, None if next_link else delta_link


def listing(body: Any) -> tuple[tuple[Row | Partial, ...], str | None]:
    """Rows and nextLink of one page of a plain list."""
    rows, next_link, _ = _listing(body)
    return rows, next_link


def row(raw: Any) -> Row | Partial:
    """What one item of a delta page or a list means; never raises."""
    if not isinstance(raw, dict):
        return Unusable("", "item")
    item = Members(raw)
    try:
        item_id = item.text("id")
    except Unreadable:
        item_id = ""
    if not item_id:
        return Unusable("", "id")
    if item.has("@removed"):
        return Removed(item_id)
    try:
        if not all(item.has(name) for name in _WHOLE):
            return _part_of_event(item, item_id)
        return _event(item, item_id)
    except Unreadable as error:
        return Unusable(item_id, error.detail)


def event(body: Any) -> Event:
    """A complete event; raises `Unreadable` with the member that is missing or makes no sense."""
    if not isinstance(body, dict):
        raise Unreadable("event")
    item = Members(body)
    for name in ("id", *_WHOLE):
        if not item.has(name):
            raise Unreadable(name)
    return _event(item, item.text("id"))


def is_whole(body: Any) -> bool:
    """Whether an answer carries an event with everything the sync needs."""
    return isinstance(body, dict) and all(Members(body).has(name) for name in ("id", *_WHOLE))


def comparable_change_key(etag: str) -> str:
    """The form in which change keys are compared: the last 22 bytes (docs/graph.md#two-etag-forms)."""
    text = etag.strip().removeprefix("W/").strip('"')
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text
    return base64.b64encode(raw[-_CHANGE_KEY_BYTES:]).decode() if len(raw) > _CHANGE_KEY_BYTES else text


def create_body(new: NewEvent) -> dict[str, Any]:
    """What a create sends; recognised again by transactionId and tag, which go out in the same POST (H36)."""
    return {
        "transactionId": new.transaction_id,
        "subject": canonical_subject(new.subject),
        **(_times(new.span, new.zone) if new.rule is None else series_body(new.rule)),
        "showAs": "busy",
        "sensitivity": _sensitivity(new.is_private),
        "singleValueExtendedProperties": [{"id": TAG_PROPERTY, "value": new.transaction_id}],
    }


def patch_body(patch: EventPatch) -> dict[str, Any]:
    """Only the groups that are set: a PATCH mails the guests about what it carries (H41)."""
    body: dict[str, Any] = {}
    if patch.subject is not None:
        body["subject"] = canonical_subject(patch.subject)
    if patch.span is not None:
        body.update(_times(patch.span, patch.zone))
    if patch.rule is not None:
        body.update(series_body(patch.rule))
    if patch.end_of is not None:
        body["recurrence"] = series_body(patch.end_of)["recurrence"]
    if patch.is_private is not None:
        body["sensitivity"] = _sensitivity(patch.is_private)
    return body


def meeting_body(new: NewMeeting) -> dict[str, Any]:
    """What a create in its owner's calendar sends: the rooms as resources, and named as the place."""
    return {
        "transactionId": new.transaction_id,
        "subject": canonical_subject(new.subject),
        **(_times(new.span, new.zone) if new.rule is None else series_body(new.rule)),
        "showAs": "busy",
        "sensitivity": _sensitivity(new.is_private),
        "attendees": [_invited(room) for room in new.rooms],
        "locations": [_place(room) for room in new.rooms],
        "singleValueExtendedProperties": [{"id": TAG_PROPERTY, "value": new.transaction_id}],
    }


def changed_rooms(
    attendees: list[dict[str, Any]],
    locations: list[dict[str, Any]],
    remove: tuple[str, ...],
    add: tuple[Party, ...],
) -> dict[str, Any]:
    """The members that take rooms off an event or add them. Everybody else stays as he was read; places that do
    not name a room taken off are left alone (docs/graph.md#attendees-whole)."""
    off = {address.casefold() for address in remove}
    here = {_address_of(one) for one in attendees}
    kept = [one for one in attendees if _address_of(one) not in off]
    joining = [room for room in add if room.address.casefold() not in here]
    body: dict[str, Any] = {"attendees": kept + [_invited(room) for room in joining]}
    places = [one for one in locations if str(one.get("locationUri") or "").casefold() not in off]
    if joining or len(places) != len(locations):
        body["locations"] = places + [_place(room) for room in joining]
    return body


def _address_of(attendee: dict[str, Any]) -> str:
    address = attendee.get("emailAddress")
    return str((address or {}).get("address") or "").casefold()


def _invited(room: Party) -> dict[str, Any]:
    return {"type": "resource", "emailAddress": {"name": room.name, "address": room.address}}


def _place(room: Party) -> dict[str, Any]:
    return {"displayName": room.name, "locationUri": room.address, "locationType": "conferenceRoom"}


def _listing(body: Any) -> tuple[tuple[Row | Partial, ...], str | None, str | None]:
    if not isinstance(body, dict) or not isinstance(body.get("value"), list):
        raise Unreadable("value")
    top = Members(body)
    rows = tuple(row(raw) for raw in body["value"])
    return rows, top.text("@odata.nextLink") or None, top.text("@odata.deltaLink") or None


def _part_of_event(item: Members, item_id: str) -> Row | Partial:
    """Sparse occurrences only say that their series changed (docs/graph.md#delta-sparse)."""
    master_id = item.text("seriesMasterId")
    if master_id and item.text("type").lower() == EventKind.OCCURRENCE.value:
        return SeriesTouched(master_id=master_id, occurrence_id=item_id)
    return Partial(item_id)


def _event(item: Members, item_id: str) -> Event:
    kind = _KINDS.get(item.text("type").lower())
    if kind is None:
        raise Unreadable("type")
    etag = item.text("@odata.etag") or (f'W/"{item.text("changeKey")}"' if item.text("changeKey") else "")
    span = _span(item)
    cancelled = item.flag("isCancelled")
    is_organizer = item.flag("isOrganizer")
    answer = _answer(item.part("responseStatus").text("response"), is_organizer)
    sensitivity = item.text("sensitivity").lower() or NORMAL
    attendees = item.parts("attendees")
    resources = tuple(_resource(one) for one in attendees if one.text("type").lower() == "resource")
    organizer = _party(item.part("organizer"))
    return Event(
        id=item_id,
        kind=kind,
        change_key=comparable_change_key(etag),
        etag=etag,
        ical_uid=_uid(item),
        span=span,
        subject=canonical_subject(item.text("subject")) if sensitivity == NORMAL else None,
        is_organizer=is_organizer,
        is_cancelled=cancelled,
        blocks=not cancelled and answer is not Answer.DECLINED and item.text("showAs").lower() != "free",
        answer=answer,
        organizer=organizer,
        sensitivity=sensitivity,
        transaction_id=item.text("transactionId") or None,
        tag=_tag(item),
        series_master_id=item.text("seriesMasterId") or None,
        original_date=_original_date(item, kind, span),
        created=_instant(item.text("createdDateTime")),
        modified=_instant(item.text("lastModifiedDateTime")),
        resources=resources,
        other_attendees=_guests(attendees, organizer),
        is_online_meeting=item.flag("isOnlineMeeting"),
        rule=_rule(item, span) if kind is EventKind.MASTER and item.has("recurrence") else None,
    )


def _rule(item: Members, span: Span) -> RuleRead:
    """A rule that cannot be read takes nothing from the event: its dates are read all the same."""
    try:
        return RuleRead(rule_of(item, span))
    except Unreadable as error:
        return RuleRead(None, error.detail)


def _uid(item: Members) -> str:
    """What joins the copies of a meeting: cut, it would join strangers."""
    uid = item.text("iCalUId")
    if len(uid) > UID_LIMIT or not uid.isprintable():
        raise Unreadable("iCalUId")
    return uid


def _answer(text: str, is_organizer: bool) -> Answer:
    """An answer unknown to us is no answer: the event goes on blocking the room."""
    if not text and is_organizer:
        return Answer.ORGANIZER
    return _ANSWERS.get(text.lower(), Answer.NONE)


def _party(recipient: Members) -> Party:
    address = recipient.part("emailAddress")
    name, text = address.text("name"), address.text("address")
    return Party(canonical_text(name, NAME_LIMIT), canonical_text(text, ADDRESS_LIMIT).lower())


def _resource(attendee: Members) -> ResourceAnswer:
    answer = _answer(attendee.part("status").text("response"), is_organizer=False)
    return ResourceAnswer(address=_party(attendee).address, answer=answer)


def _guests(attendees: list[Members], organizer: Party) -> int:
    """How many people are invited. Copies list the organizer among the attendees (docs/graph.md#organizer-listed)."""
    invited = [one for one in attendees if one.text("type").lower() != "resource"]
    return sum(1 for one in invited if _party(one).address != organizer.address or not organizer.address)


def _tag(item: Members) -> str | None:
    for one in item.parts("singleValueExtendedProperties"):
        if one.text("id").casefold() == TAG_PROPERTY.casefold():
            return one.text("value") or None
    return None


def _span(item: Members) -> Span:
    """All-day only by the flag; its dates are printed as they are whatever zone is named (H31).

    See docs/graph.md#all-day-dates.
    """
    if item.flag("isAllDay"):
        first, last = _date(item, "start"), _date(item, "end")
        if last <= first:
            raise Unreadable("end")
        return AllDay(first, last)
    start, end = _moment(item, "start"), _moment(item, "end")
    if end < start:
        raise Unreadable("end")
    return Timed(start, end)


def _date(item: Members, name: str) -> date:
    try:
        return date.fromisoformat(item.part(name).text("dateTime")[:10])
    except ValueError:
        raise Unreadable(name) from None


def _moment(item: Members, name: str) -> datetime:
    part = item.part(name)
    try:
        moment = datetime.fromisoformat(part.text("dateTime")).replace(microsecond=0)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone_named(part.text("timeZone")))
        return moment.astimezone(UTC)
    except UnknownZone as error:
        raise Unreadable(f"timeZone {error.name[:80]}") from None
    except (ValueError, OverflowError):
        raise Unreadable(name) from None


def _instant(text: str) -> datetime | None:
    """A DateTimeOffset; None for absent ones, year 1 ("never") and what is no instant."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None and moment.year > 1 else None


def _original_date(item: Members, kind: EventKind, span: Span) -> date | None:
    """Which date of its series this is (docs/graph.md#original-date).

    `occurrenceId` ends in it; a dated iCalUId holds it in hex; `originalStart` is an instant, missing from
    views, and for all-day dates in a zone that is not told. A plain occurrence is where it always was.
    """
    if kind not in (EventKind.OCCURRENCE, EventKind.EXCEPTION):
        return None
    found = _date_at_end(item.text("occurrenceId")) or _date_in_uid(item.text("iCalUId"))
    if found:
        return found
    if isinstance(span, AllDay):
        return span.start
    original = _instant(item.text("originalStart")) or (span.start if kind is EventKind.OCCURRENCE else None)
    return _local_date(original, item.text("originalStartTimeZone")) if original else _date_in_id(item.text("id"))


def _date_at_end(occurrence_id: str) -> date | None:
    try:
        return date.fromisoformat(occurrence_id.rpartition(".")[2])
    except ValueError:
        return None


def _date_in_uid(ical_uid: str) -> date | None:
    try:
        year, month, day = int(ical_uid[32:36], 16), int(ical_uid[36:38], 16), int(ical_uid[38:40], 16)
        return date(year, month, day)
    except ValueError:
        return None


def _date_in_id(event_id: str) -> date | None:
    """The last resort: ids of dates hold the original one as .NET ticks, in base64 of Graph's own spelling."""
    try:
        _, mark, rest = base64.b64decode(event_id.translate(_FROM_GRAPH_ID), validate=True).partition(_DATED_ID)
        days = int.from_bytes(rest[:8], "big") // _TICKS_A_DAY
        return date(1, 1, 1) + timedelta(days=days) if mark and days > _FIRST_PLAUSIBLE_DAY else None
    except (binascii.Error, ValueError, OverflowError):
        return None


def _local_date(moment: datetime, zone_name: str) -> date:
    try:
        return moment.astimezone(zone_named(zone_name or "UTC")).date()
    except (UnknownZone, OverflowError):
        return moment.date()


def _sensitivity(is_private: bool) -> str:
    return "private" if is_private else NORMAL


def _times(span: Span, zone: str) -> dict[str, Any]:
    """Start and end as Graph takes them: UTC, or midnights in the room's zone for whole days."""
    if isinstance(span, AllDay):
        name = exchange_name(zone)
        start, end = f"{span.start.isoformat()}T00:00:00", f"{span.end.isoformat()}T00:00:00"
        return {"isAllDay": True, "start": _dtz(start, name), "end": _dtz(end, name)}
    return {"isAllDay": False, "start": _dtz(_utc_text(span.start), "UTC"), "end": _dtz(_utc_text(span.end), "UTC")}


def _dtz(text: str, zone: str) -> dict[str, str]:
    return {"dateTime": text, "timeZone": zone}


def _utc_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
