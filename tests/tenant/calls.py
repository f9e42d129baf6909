"""One request on its way through Graph: what was asked, by whom, for which mailbox, and its answer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tests.tenant import ids, times
from tests.tenant.errors import GraphError, bad_request, item_not_found, malformed_id
from tests.tenant.render import Preferences
from tests.tenant.state import Item, Mailbox

if TYPE_CHECKING:
    from tests.tenant.entra import Claims
    from tests.tenant.faults import Fault
    from tests.tenant.query import Options
    from tests.tenant.tenant import Tenant

_FILTERS = {
    "iCalUId": re.compile(r"iCalUId\s+eq\s+'(?:[^']|'')+'\Z", re.IGNORECASE),
    "tag": re.compile(
        r"singleValueExtendedProperties/any\(\s*(\w+)\s*:\s*\1/id\s+eq\s+'(?:[^']|'')+'\s+and"
        r"\s+\1/value\s+eq\s+'(?:[^']|'')+'\s*\)\Z",
        re.IGNORECASE,
    ),
}
_PREFERENCE = re.compile(r'\s*([\w.-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^,;]*))?\s*(?:,|;|\Z)')


@dataclass
class RequestInfo:
    """A line of the request log."""

    number: int
    at: datetime
    method: str
    path: str
    query: str = ""
    op: str = ""
    mailbox: str | None = None
    mailbox_kind: str | None = None
    segments: tuple[str, ...] = ()
    status: int | None = None
    had_effect: bool = False
    client_request_id: str | None = None
    request_id: str = ""
    client_id: str | None = None
    fault: str | None = None
    in_batch: bool = False
    body: Any = None
    event_id: str | None = None

    @property
    def is_personal(self) -> bool:
        """Whether the mailbox is a person's, of this tenant or another."""
        return self.mailbox_kind in ("person", "external")

    @property
    def id_in_path(self) -> str | None:
        """The event that the path names."""
        parts = self.segments[1:] if self.segments[:1] == ("calendar",) else self.segments
        return parts[1] if len(parts) > 1 and parts[0].lower() == "events" else None

    @property
    def filter_kind(self) -> str | None:
        """What $filter asks for: "iCalUId" or "tag" alone, "other", None without a $filter."""
        text = self._option("$filter")
        if text is None:
            return None
        return next((kind for kind, pattern in _FILTERS.items() if pattern.match(text.strip())), "other")

    @property
    def selected(self) -> tuple[str, ...]:
        """The members that $select names."""
        return tuple(name.strip() for name in (self._option("$select") or "").split(",") if name.strip())

    @property
    def sent(self) -> tuple[str, ...]:
        """The members of the body, sorted."""
        return tuple(sorted(self.body)) if isinstance(self.body, dict) else ()

    def _option(self, name: str) -> str | None:
        if name not in self.query and "%24" not in self.query:
            return None
        return dict(parse_qsl(self.query)).get(name)


@dataclass
class Response:
    """An answer before it becomes bytes."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The body as it goes over the wire."""
        if self.body is None:
            return b""
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


@dataclass
class Call:
    """A request to Graph while it is being answered."""

    tenant: Tenant
    method: str
    path: str
    segments: list[str]
    options: Options
    raw_query: str
    headers: dict[str, str]
    body: bytes
    prefs: Preferences
    info: RequestInfo
    claims: Claims | None = None
    fault: Fault | None = None
    box: Mailbox | None = None
    user: str = ""

    @property
    def now(self) -> datetime:
        """The tenant's present."""
        return self.tenant.clock.now()

    @property
    def mailbox(self) -> Mailbox:
        """The mailbox this request is about."""
        assert self.box is not None
        return self.box

    def url_of(self, rest: str) -> str:
        """An absolute address under the user as the request wrote him."""
        return f"{self.tenant.graph_base_url}/users/{self.user}/{rest}"

    def json(self) -> dict[str, Any]:
        """The body as an object. Raises GraphError 400, for another content type as well."""
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        message = (
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid "
            "JSON format."
        )
        if kind != "application/json":
            raise bad_request(message)
        try:
            parsed = json.loads(self.body)
        except ValueError as error:
            raise bad_request(message) from error
        if not isinstance(parsed, dict):
            raise bad_request(message)
        self.info.body = parsed
        return {name: value for name, value in parsed.items() if not name.startswith("@odata.")}

    def window(self) -> tuple[datetime, datetime]:
        """startDateTime and endDateTime, both required. Raises GraphError."""
        begin, finish = self.options.instant("startDateTime"), self.options.instant("endDateTime")
        if begin is None or finish is None:
            raise GraphError(
                400,
                "ErrorInvalidParameter",
                "This request requires a time window specified by the query string parameters StartDateTime and "
                "EndDateTime.",
            )
        if finish < begin:
            raise GraphError(400, "ErrorInvalidParameter", "The end of the time window lies before its start.")
        if finish - begin > timedelta(days=self.tenant.switches.view_max_days):
            raise GraphError(400, "ErrorCalendarViewRangeTooBig", "The requested time window is too big.")
        slow = self.tenant.switches.gateway_times_out_above_days
        if slow is not None and finish - begin > timedelta(days=slow):
            raise GraphError(504, "UnknownError", "")
        return begin, finish

    def find(self, event_id: str, kind: str = "get") -> tuple[Item, date | None]:
        """The stored item and original date behind an id, as a read of this kind sees it."""
        number, original = self.number_of(event_id)
        mailbox = self.mailbox
        if kind == "write":
            item = mailbox.items.get(number)
        else:
            hidden = mailbox.invisible(self.now)
            item = None if number in hidden else mailbox.as_of(mailbox.position(kind)).get(number)
            if item is None and kind == "get":
                item = self._deleted(number, event_id)
        if item is None or not self._names(item, event_id, original):
            raise item_not_found()
        if original is not None and not item.has_date(original):
            raise item_not_found()
        self.info.event_id = event_id
        return item, original

    def _deleted(self, number: int, event_id: str) -> Item | None:
        """An item in Deleted Items, as far as an immutable id still finds it there."""
        how, item = self.tenant.switches.deleted_readable_by_immutable_id, self.mailbox.deleted.get(number)
        if how == "no" or item is None or number in self.mailbox.items or not ids.parse(event_id).immutable:
            return None
        if item.is_organizer and item.attendees:
            return item.changed(cancelled=True)
        return item if how == "all" else None

    def number_of(self, event_id: str) -> tuple[int, date | None]:
        """Item number and original date that an id names, of whatever mailbox. Raises GraphError 400."""
        try:
            parsed = ids.parse(event_id)
        except (ids.MalformedId, OverflowError) as error:
            raise malformed_id() from error
        return parsed.number, parsed.original

    def _names(self, item: Item, event_id: str, original: date | None) -> bool:
        """Whether an id still names this item: a mutable one only while the item stays in its folder."""
        store = self.mailbox.store
        if event_id == ids.immutable_id(store, item.number, original):
            return original is None or self.tenant.switches.immutable_occurrence_ids
        return event_id == ids.rest_id(store, item.folder, item.number, original)


def preferences(header: str) -> Preferences:
    """The Prefer header. Raises GraphError for a zone that nobody knows."""
    zone, immutable, text, size, applied = "UTC", False, False, None, []
    for match in _PREFERENCE.finditer(header):
        name, value = match.group(1).lower(), (match.group(2) or "").strip().strip('"')
        if name == "outlook.timezone":
            try:
                times.zone(value)
            except times.UnknownZone as error:
                raise GraphError(
                    400,
                    "TimeZoneNotSupportedException",
                    f"A valid TimeZone value must be specified. Value: '{value}'.",
                ) from error
            zone = value
            applied.append(f'outlook.timezone="{value}"')
        elif name == "idtype" and value.lower() == "immutableid":
            immutable = True
            applied.append('IdType="ImmutableId"')
        elif name == "outlook.body-content-type" and value.lower() in ("text", "html"):
            text = value.lower() == "text"
            applied.append(f'outlook.body-content-type="{value}"')
        elif name == "odata.maxpagesize" and value.isdigit() and int(value) > 0:
            size = int(value)
            applied.append(f"odata.maxpagesize={value}")
    return Preferences(zone, immutable, text, size, tuple(applied))
