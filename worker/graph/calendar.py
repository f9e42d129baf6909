"""The default calendar of one mailbox in Graph: what `worker.sync.ports.Calendar` asks for."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from worker.graph import mapping
from worker.graph.client import Answer, GraphClient, segment
from worker.graph.errors import Scope
from worker.graph.mapping import Partial
from worker.graph.person import Counters, GraphPersonCalendar
from worker.graph.windows import window
from worker.sync.errors import EndlessDelta, Gone, SyncError, Trouble, Unavailable, Unreadable
from worker.sync.event import Event, EventPatch, NewEvent, Page, Removed, Row, SeriesTouched, Unusable

PAGE_SIZE = 200
TOP = 100
"""What a listing asks for at once: a larger `$top` may be refused, and how large it may be stands nowhere."""

MOST_PAGES = 1000
MOST_ROWS = 200_000
SAME_PAGE_AT_MOST = 3
"""A page that says the same once more than this is the service going in circles (H01)."""

_EXPAND_TAG = "$expand=" + segment(f"singleValueExtendedProperties($filter=id eq '{mapping.TAG_PROPERTY}')")


class GraphCalendar:
    """One mailbox's calendar behind one connection; made for one run, in one thread.

    `requests` counts what was sent, for the record.
    """

    def __init__(self, client: GraphClient, address: str) -> None:
        self._client = client
        self._address = address
        self._root = f"/users/{segment(address)}"
        self._round = _Round()
        self.requests = 0
        self.written: tuple[int, str] = (0, "")
        """HTTP status and Microsoft's request id of the last write, a person's included; empty where it failed."""

    def calendar_key(self) -> str:
        """Id of the default calendar; the mailbox is known by it, not by its address (H55)."""
        body = self._get(f"{self._root}/calendar?$select=id", Scope.MAILBOX).body
        key = body.get("id") if isinstance(body, dict) else None
        if not isinstance(key, str) or not key:
            raise Unreadable("id")
        return key

    def first_page(self, start: datetime, end: datetime) -> Page:
        """Begin a delta round over the window.

        Delta takes no $select, $filter or $expand (docs/graph.md#delta-query). A 400 here means that delta is
        refused, not that a link is dead (H78).
        """
        self._round = _Round()
        path = f"{self._root}/calendarView/delta?{window(start, end)}"
        return self._delta_page(self._get(path, Scope.MAILBOX, PAGE_SIZE))

    def follow(self, link: str) -> Page:
        """The page behind a link. A link that the last page did not name begins a round of its own."""
        if link != self._round.next_link:
            self._round = _Round()
        self._client.below_base(link)
        self._count()
        answer = self._client.follow(link, scope=Scope.DELTA, mailbox=self._address, page_size=PAGE_SIZE)
        return self._delta_page(answer)

    def listing(self, start: datetime, end: datetime) -> tuple[Row, ...]:
        """Everything that overlaps the window; what cannot be understood is `Unusable`. The way out of H01."""
        path = f"{self._root}/calendarView?{window(start, end)}&$top={TOP}&{_EXPAND_TAG}"
        return self._whole_list(path, Scope.MAILBOX)

    def read(self, event_id: str) -> Event:
        """One event by id."""
        return mapping.event(self._get(f"{self._event(event_id)}?{_EXPAND_TAG}", Scope.ITEM).body)

    def series_dates(self, master_id: str, start: datetime, end: datetime) -> tuple[Event, ...]:
        """The dates of a series; Graph lists exceptions first (docs/graph.md#instances-unsorted)."""
        path = f"{self._event(master_id)}/instances?{window(start, end)}&$top={TOP}"
        dates = _events(self._whole_list(path, Scope.ITEM))
        return tuple(sorted(dates, key=lambda event: (event.span.start.isoformat(), event.id)))

    def create(self, new: NewEvent) -> Event:
        """POST; a repeated transactionId is answered with the event that it made (docs/graph.md#transaction-id)."""
        self._begin_write()
        body = mapping.create_body(new)
        answer = self._client.post(f"{self._root}/events", body, scope=Scope.MAILBOX, mailbox=self._address)
        return self._as_kept(self._noted(answer), None)

    def patch(self, event_id: str, patch: EventPatch, etag: str) -> Event:
        """PATCH the groups that are set; answered with the event, or with 204 by some (docs/graph.md#patch-204)."""
        self._begin_write()
        body = mapping.patch_body(patch)
        answer = self._client.patch(self._event(event_id), body, etag, mailbox=self._address)
        return self._as_kept(self._noted(answer), event_id)

    def delete(self, event_id: str, etag: str) -> bool:
        """DELETE; what is already gone is done. Whether it was still there."""
        self._begin_write()
        try:
            self._noted(self._client.delete(self._event(event_id), etag, mailbox=self._address))
        except Gone:
            return False
        return True

    def decline(self, event_id: str) -> None:
        """The room's refusal of somebody's meeting; its organizer is told (docs/graph.md#decline)."""
        self._begin_write()
        path = f"{self._event(event_id)}/decline"
        body = {"comment": "", "sendResponse": True}
        self._noted(self._client.post(path, body, scope=Scope.ITEM, mailbox=self._address))

    def person(self, address: str) -> GraphPersonCalendar:
        """A person's calendar in the same tenant; its requests count as this run's."""
        return GraphPersonCalendar(self._client, address, Counters(self._count, self._begin_write, self._noted))

    def _as_kept(self, answer: Answer, event_id: str | None) -> Event:
        """The event as the server keeps it after a write that succeeded.

        Whatever goes wrong from here on leaves the write done and its result unread: `Unavailable`, never `Gone`.
        """
        try:
            if mapping.is_whole(answer.body):
                return mapping.event(answer.body)
            known = event_id or (answer.body or {}).get("id")
            if not isinstance(known, str):
                raise Unreadable("id")
            return self.read(known)
        except SyncError as error:
            raise Unavailable(error.trouble) from error

    def _delta_page(self, answer: Answer) -> Page:
        rows, next_link, delta_link = mapping.page(answer.body)
        self._round.saw(answer.body["value"], next_link)
        return Page(tuple(self._completed(rows)), next_link, delta_link)

    def _whole_list(self, path: str, scope: Scope) -> tuple[Row, ...]:
        """All pages of a plain list, or an error: half a list would cancel what it lacks (I5)."""
        circle, rows = _Round(), list[Row]()
        answer = self._get(path, scope)
        while True:
            found, next_link = mapping.listing(answer.body)
            circle.saw(answer.body["value"], next_link)
            rows.extend(self._completed(found))
            if next_link is None:
                return tuple(rows)
            self._count()
            answer = self._client.follow(next_link, scope=scope, mailbox=self._address)

    def _completed(self, rows: Iterable[Row | Partial]) -> Iterable[Row]:
        """Items that came in part are read whole; one that is gone by now was removed."""
        for row in rows:
            if not isinstance(row, Partial):
                yield row
                continue
            try:
                yield self.read(row.id)
            except Gone:
                yield Removed(row.id)
            except Unreadable as error:
                yield Unusable(row.id, error.detail)

    def _event(self, event_id: str) -> str:
        return f"{self._root}/events/{segment(event_id)}"

    def _get(self, path: str, scope: Scope, page_size: int | None = None) -> Answer:
        self._count()
        return self._client.get(path, scope=scope, mailbox=self._address, page_size=page_size)

    def _count(self) -> None:
        self.requests += 1

    def _begin_write(self) -> None:
        self._count()
        self.written = (0, "")

    def _noted(self, answer: Answer) -> Answer:
        self.written = (answer.status, answer.request_id)
        return answer


class _Round:
    """Notices a round that repeats itself or does not end."""

    def __init__(self) -> None:
        self.next_link: str | None = None
        self._pages = 0
        self._rows = 0
        self._seen: Counter[bytes] = Counter()
        self._links: set[str] = set()

    def saw(self, items: list[Any], next_link: str | None) -> None:
        """Take note of a page; raises `EndlessDelta`. Empty pages are alike and prove nothing."""
        self._pages += 1
        self._rows += len(items)
        if items:
            fingerprint = hashlib.sha256(json.dumps(items, sort_keys=True).encode()).digest()
            self._seen[fingerprint] += 1
        circling = next_link in self._links or max(self._seen.values(), default=0) > SAME_PAGE_AT_MOST
        if next_link and (circling or self._pages >= MOST_PAGES or self._rows >= MOST_ROWS):
            raise EndlessDelta(Trouble(operation="page"))
        self.next_link = next_link
        if next_link:
            self._links.add(next_link)


def _events(rows: Iterable[Row]) -> tuple[Event, ...]:
    """The rows of a plain list as events; anything else in it means that it is not understood."""
    events = []
    for row in rows:
        if isinstance(row, Event):
            events.append(row)
        elif isinstance(row, (Unusable, SeriesTouched)):
            raise Unreadable(row.reason if isinstance(row, Unusable) else "occurrence")
    return tuple(events)
