"""A person's calendar in Graph, as far as the sync ever goes into one: single events, by id or by their marks.

Nothing in a person's mailbox is listed, ever: there is no view here, no delta and no listing. What is asked for
are the members in `FIELDS`, so no body is even fetched (docs/graph.md#narrow-select).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from worker.graph import mapping
from worker.graph.client import Answer, GraphClient, segment
from worker.graph.errors import Scope
from worker.graph.windows import window
from worker.sync.errors import SyncError, Trouble, Unavailable, Unreadable
from worker.sync.event import Event, MeetingPatch, NewMeeting

FIELDS = (
    "id",
    "type",
    "iCalUId",
    "changeKey",
    "subject",
    "sensitivity",
    "start",
    "end",
    "isAllDay",
    "isCancelled",
    "isOrganizer",
    "showAs",
    "responseStatus",
    "organizer",
    "attendees",
    "recurrence",
    "originalStartTimeZone",
    "transactionId",
    "createdDateTime",
    "lastModifiedDateTime",
)
_SELECT = "$select=" + ",".join(FIELDS)
_EXPAND_TAG = "$expand=" + segment(f"singleValueExtendedProperties($filter=id eq '{mapping.TAG_PROPERTY}')")


@dataclass(frozen=True)
class GuestList:
    """The attendees and places of an event as they were read a moment ago, to be sent back with rooms taken off
    or added. Never stored: it holds people's names and addresses (H56)."""

    etag: str
    attendees: list[dict[str, Any]] = field(repr=False)
    locations: list[dict[str, Any]] = field(repr=False)


@dataclass(frozen=True)
class Counters:
    """What the room's calendar, for which a person's is opened, keeps count of: requests, writes, their answers."""

    count: Callable[[], None]
    begin_write: Callable[[], None]
    wrote: Callable[[Answer], Answer]


class GraphPersonCalendar:
    """One person's calendar behind one connection; made for one item, in one thread."""

    def __init__(self, client: GraphClient, address: str, counters: Counters) -> None:
        self._client = client
        self._address = address
        self._root = f"/users/{segment(address)}/events"
        self._counters = counters
        self.answered: tuple[int, str] = (0, "")
        """HTTP status and Microsoft's request id of the last success, for the ledger."""

    def find(self, ical_uid: str) -> tuple[Event, ...]:
        """Events with this iCalUId; an empty answer proves nothing (H77, docs/graph.md#filter-uid)."""
        return self._filtered(f"iCalUId eq '{_quoted(ical_uid)}'")

    def find_by_mark(self, mark: str) -> tuple[Event, ...]:
        """Events that carry our tag with this value; an empty answer proves nothing (H77)."""
        tag = f"ep/id eq '{mapping.TAG_PROPERTY}' and ep/value eq '{_quoted(mark)}'"
        return self._filtered(f"singleValueExtendedProperties/Any(ep: {tag})")

    def read(self, event_id: str) -> Event:
        """One event by id, tag expanded; `Gone` when it is not there (or not yet)."""
        answer = self._get(f"{self._event(event_id)}?{_SELECT}&{_EXPAND_TAG}", Scope.ITEM)
        return mapping.event(answer.body)

    def dates(self, master_id: str, start: datetime, end: datetime) -> tuple[Event, ...]:
        """The dates of a series that is known by its id, around one of them: the only list there is
        (docs/graph.md#dates-of-a-master)."""
        select = _SELECT + ",originalStart"
        answer = self._get(f"{self._event(master_id)}/instances?{window(start, end)}&{select}", Scope.ITEM)
        rows, next_link = mapping.listing(answer.body)
        if next_link is not None:
            raise Unreadable("@odata.nextLink", Trouble(operation="dates"))
        return tuple(row for row in rows if isinstance(row, Event))

    def guests(self, event_id: str) -> GuestList:
        """Who is invited and where it is, read to be sent back: attendees are replaced as a whole (H41)."""
        answer = self._get(f"{self._event(event_id)}?$select=id,changeKey,attendees,locations", Scope.ITEM)
        body = answer.body if isinstance(answer.body, dict) else {}
        etag = body.get("@odata.etag")
        lists = [body.get("attendees"), body.get("locations") or []]
        if not isinstance(etag, str) or not all(isinstance(one, list) for one in lists):
            raise Unreadable("attendees")
        return GuestList(etag, list(lists[0] or []), list(lists[1] or []))

    def create(self, new: NewMeeting) -> Event:
        """POST a meeting that invites rooms; a repeated transactionId is answered with the event that it made."""
        self._counters.begin_write()
        body = mapping.meeting_body(new)
        answer = self._client.post(self._root, body, scope=Scope.MAILBOX, mailbox=self._address)
        return self._as_kept(self._wrote(answer), None)

    def patch(self, event_id: str, patch: MeetingPatch, etag: str, guests: GuestList | None) -> Event:
        """PATCH the groups that are set; rooms are taken off or added in the list just read, guests stay."""
        self._counters.begin_write()
        body = mapping.patch_body(patch.event)
        if guests is not None:
            body |= mapping.changed_rooms(guests.attendees, guests.locations, patch.remove_rooms, patch.add_rooms)
        answer = self._client.patch(self._event(event_id), body, etag, mailbox=self._address)
        return self._as_kept(self._wrote(answer), event_id)

    def cancel(self, event_id: str) -> None:
        """Cancel a meeting for everybody; answered with 202 and nothing else (docs/graph.md#cancel)."""
        self._counters.begin_write()
        path = f"{self._event(event_id)}/cancel"
        self._wrote(self._client.post(path, {"Comment": ""}, scope=Scope.ITEM, mailbox=self._address))

    def _as_kept(self, answer: Answer, event_id: str | None) -> Event:
        """The event after a write that succeeded; what goes wrong from here on leaves the write done."""
        try:
            if mapping.is_whole(answer.body):
                return mapping.event(answer.body)
            known = event_id or (answer.body or {}).get("id")
            if not isinstance(known, str):
                raise Unreadable("id")
            return self.read(known)
        except SyncError as error:
            raise Unavailable(error.trouble) from error

    def _filtered(self, condition: str) -> tuple[Event, ...]:
        answer = self._get(f"{self._root}?$filter={segment(condition)}&{_SELECT}&{_EXPAND_TAG}", Scope.MAILBOX)
        rows, next_link = mapping.listing(answer.body)
        if next_link is not None:
            raise Unreadable("@odata.nextLink", Trouble(operation="find"))
        return tuple(row for row in rows if isinstance(row, Event))

    def _event(self, event_id: str) -> str:
        return f"{self._root}/{segment(event_id)}"

    def _get(self, path: str, scope: Scope) -> Answer:
        self._counters.count()
        return self._noted(self._client.get(path, scope=scope, mailbox=self._address))

    def _wrote(self, answer: Answer) -> Answer:
        return self._counters.wrote(self._noted(answer))

    def _noted(self, answer: Answer) -> Answer:
        self.answered = (answer.status, answer.request_id)
        return answer


def _quoted(text: str) -> str:
    """Inside a filter's quotes an apostrophe is written twice."""
    return text.replace("'", "''")
