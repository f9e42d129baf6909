"""Events as answers show them: member order, forms of time and default members as recorded."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from tests.tenant import ids, times
from tests.tenant.state import Item, Mailbox
from tests.tenant.switches import Switches

_SHELL = (
    '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">\r\n'
    '<meta name="Generator" content="Microsoft Exchange Server">\r\n<!-- converted from text -->\r\n'
    "<style><!-- .EmailQuote {{ margin-left: 1pt; padding-left: 4pt; border-left: #800000 2px solid; }} --></style>"
    '</head>\r\n<body>\r\n<font size="2"><span style="font-size:11pt;"><div class="PlainText">{}</div></span></font>'
    "\r\n</body>\r\n</html>\r\n"
)
_TAG = re.compile(r"<!--.*?-->|<style.*?</style>|<[^>]*>", re.DOTALL | re.IGNORECASE)
ALWAYS = ("@odata.etag", "id")
NOT_SELECTABLE_IN_VIEW = frozenset({"createdDateTime", "lastModifiedDateTime"})
MEMBERS = frozenset(
    [
        "id",
        "createdDateTime",
        "lastModifiedDateTime",
        "changeKey",
        "categories",
        "transactionId",
        "originalStartTimeZone",
        "originalEndTimeZone",
        "iCalUId",
        "uid",
        "reminderMinutesBeforeStart",
        "isReminderOn",
        "hasAttachments",
        "subject",
        "bodyPreview",
        "importance",
        "sensitivity",
        "isAllDay",
        "isCancelled",
        "isOrganizer",
        "responseRequested",
        "seriesMasterId",
        "showAs",
        "type",
        "webLink",
        "onlineMeetingUrl",
        "isOnlineMeeting",
        "onlineMeetingProvider",
        "allowNewTimeProposals",
        "occurrenceId",
        "isDraft",
        "hideAttendees",
        "responseStatus",
        "body",
        "start",
        "end",
        "location",
        "locations",
        "recurrence",
        "attendees",
        "organizer",
        "onlineMeeting",
        "originalStart",
        "cancelledOccurrences",
        "exceptionOccurrences",
        "instances",
        "calendar",
        "singleValueExtendedProperties",
        "multiValueExtendedProperties",
        "extensions",
        "attachments",
    ]
)


@dataclass(frozen=True)
class Preferences:
    """What the Prefer header asked for."""

    zone: str = "UTC"
    immutable: bool = False
    text_body: bool = False
    page_size: int | None = None
    applied: tuple[str, ...] = ()


def event_id(item: Item, mailbox: Mailbox, immutable: bool, switches: Switches) -> str:
    """The id of an item in the kind that was asked for."""
    if immutable and (item.original is None or switches.immutable_occurrence_ids):
        return ids.immutable_id(mailbox.store, item.number, item.original)
    return ids.rest_id(mailbox.store, item.folder, item.number, item.original)


def master_id(item: Item, mailbox: Mailbox, immutable: bool) -> str:
    """The id of an occurrence's series."""
    if immutable:
        return ids.immutable_id(mailbox.store, item.number)
    return ids.rest_id(mailbox.store, item.folder, item.number)


def plain(content: str) -> str:
    """HTML as text, for previews and for clients that ask for text."""
    return re.sub(r"[ \t]+", " ", html.unescape(_TAG.sub(" ", content)).replace("\xa0", " ")).strip()


def _body(item: Item, text: bool) -> dict[str, str]:
    if text:
        content = item.body if item.body_type == "text" else plain(item.body)
        return {"contentType": "text", "content": content}
    if item.body_type == "text" or not item.body:
        return {"contentType": "html", "content": _SHELL.format(html.escape(item.body) or "&nbsp;")}
    return {"contentType": "html", "content": item.body}


def moment(item: Item, which: str, zone_name: str) -> dict[str, str]:
    """start or end: all-day items print their dates at midnight, unconverted, under whatever zone was asked."""
    if item.all_day:
        day = item.start_day if which == "start" else item.end_day
        assert day is not None
        return {"dateTime": times.midnight(day), "timeZone": zone_name}
    return {"dateTime": times.wall_text(getattr(item, which), zone_name), "timeZone": zone_name}


def _attendee(line: dict[str, Any]) -> dict[str, Any]:
    when = times.stamp(line["time"]) if line.get("time") else times.NEVER
    return {
        "type": line["type"],
        "status": {"response": line["response"], "time": when},
        "emailAddress": {"name": line["name"], "address": line["address"]},
    }


def _ical_uid(item: Item, switches: Switches) -> str:
    if item.original is not None and switches.ical_uid_per_occurrence:
        return ids.dated_uid(item.uid, item.original)
    return item.uid


def event(item: Item, mailbox: Mailbox, prefs: Preferences, switches: Switches) -> dict[str, Any]:
    """The default member set of an event, in the recorded order."""
    key = (prefs.zone, prefs.immutable, prefs.text_body)
    if item.rendered is not None and item.rendered[0] == key:
        return dict(item.rendered[1])
    own_id = event_id(item, mailbox, prefs.immutable, switches)
    mutable = ids.rest_id(mailbox.store, item.folder, item.number, item.original)
    series = master_id(item, mailbox, prefs.immutable) if item.original else None
    zone = item.shown_zone or item.start_zone
    preview = item.body if item.body_type == "text" else plain(item.body)
    shown: dict[str, Any] = {
        "@odata.etag": ids.etag(mailbox.store, item.change),
        "id": own_id,
        "createdDateTime": times.stamp(item.created, item.number),
        "lastModifiedDateTime": times.stamp(item.modified, item.change),
        "changeKey": ids.change_key(mailbox.store, item.change),
        "categories": list(item.categories),
        "transactionId": item.transaction_id,
        "originalStartTimeZone": zone,
        "originalEndTimeZone": item.shown_zone or item.end_zone,
        "iCalUId": _ical_uid(item, switches),
        "uid": item.uid,
        "reminderMinutesBeforeStart": item.reminder_minutes,
        "isReminderOn": item.reminder_on,
        "hasAttachments": False,
        "subject": item.subject,
        "bodyPreview": preview[:255],
        "importance": item.importance,
        "sensitivity": item.sensitivity,
        "isAllDay": item.all_day,
        "isCancelled": item.cancelled,
        "isOrganizer": item.is_organizer,
        "responseRequested": item.response_requested,
        "seriesMasterId": series,
        "showAs": item.show_as,
        "type": item.kind,
        "webLink": f"https://outlook.office365.com/owa/?itemid={ids.web_id(mutable)}&exvsurl=1&path=/calendar/item",
        "onlineMeetingUrl": None,
        "isOnlineMeeting": item.online,
        "onlineMeetingProvider": item.online_provider,
        "allowNewTimeProposals": item.allow_new_time,
        "occurrenceId": f"OID.{series}.{item.original.isoformat()}" if item.original else None,
        "isDraft": item.draft,
        "hideAttendees": item.hide_attendees,
        "responseStatus": {
            "response": item.response,
            "time": times.stamp(item.response_time) if item.response_time else times.NEVER,
        },
        "body": _body(item, prefs.text_body),
        "start": moment(item, "start", prefs.zone),
        "end": moment(item, "end", prefs.zone),
        "location": item.location,
        "locations": list(item.locations),
        "recurrence": item.recurrence if item.original is None else None,
        "attendees": [_attendee(line) for line in item.attendees],
        "organizer": {"emailAddress": {"name": item.organizer[0], "address": item.organizer[1]}},
        "onlineMeeting": {"joinUrl": item.join_url} if item.join_url else None,
    }
    if not switches.show_uid:
        del shown["uid"]
    item.rendered = (key, shown)
    return dict(shown)


def original_start(item: Item) -> str | None:
    """Where an occurrence stood when its series was made; the real instant, of all-day items too."""
    return times.whole(item.original_start) if item.original_start else None


def selected(shown: dict[str, Any], names: list[str] | None) -> dict[str, Any]:
    """The members that $select named, and the two that come always."""
    if names is None:
        return shown
    wanted = {name.lower() for name in names}
    return {name: value for name, value in shown.items() if name in ALWAYS or name.lower() in wanted}


def delta_full(item: Item, mailbox: Mailbox, prefs: Preferences, switches: Switches) -> dict[str, Any]:
    """A single event, a master or an exception in delta."""
    shown = event(item, mailbox, prefs, switches)
    shown.pop("uid", None)
    if item.is_exception:
        del shown["recurrence"]
        shown["originalStart"] = original_start(item)
    if switches.leak_internal_members:
        shown |= {"IsRoomRequested": False, "AutoRoomBookingStatus": "None"}
        for name, leaked in (("allowNewTimeProposals", "AllowNewTimeProposals"), ("isDraft", "IsDraft")):
            shown[leaked] = shown.pop(name)
    return {"@odata.type": "#microsoft.graph.event"} | shown


def delta_sparse(item: Item, mailbox: Mailbox, prefs: Preferences, switches: Switches) -> dict[str, Any]:
    """An occurrence in delta: seven members and no more."""
    return {
        "@odata.type": "#microsoft.graph.event",
        "@odata.etag": ids.sparse_etag(mailbox.store, item.change),
        "seriesMasterId": master_id(item, mailbox, prefs.immutable),
        "type": "occurrence",
        "id": event_id(item, mailbox, prefs.immutable, switches),
        "start": moment(item, "start", prefs.zone),
        "end": moment(item, "end", prefs.zone),
    }


def delta_removed(identifier: str) -> dict[str, Any]:
    """A row for what is gone, or lies outside the window."""
    return {"@odata.type": "#microsoft.graph.event", "id": identifier, "@removed": {"reason": "deleted"}}
