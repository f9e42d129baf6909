"""An event as the sync sees it: canonical, without bodies, without the subject of anything private (H56)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from webapp.domain.intervals import Span
from webapp.domain.rule import Rule
from webapp.domain.words import Answer

SUBJECT_LIMIT = 255
"""Exchange keeps at most this many characters of a subject (docs/graph.md#subject-limit)."""


class EventKind(StrEnum):
    """Graph's `type` of an event."""

    SINGLE = "singleInstance"
    OCCURRENCE = "occurrence"
    EXCEPTION = "exception"
    MASTER = "seriesMaster"


@dataclass(frozen=True)
class Party:
    """A name and an address, as Graph gave them; the address is in lower case."""

    name: str
    address: str


@dataclass(frozen=True)
class ResourceAnswer:
    """A room among the attendees and what it answered."""

    address: str
    answer: Answer


@dataclass(frozen=True)
class RuleRead:
    """The rule of a series as its master tells it, or why none could be made of it; never a guess (H30)."""

    rule: Rule | None
    fault: str = ""


@dataclass(frozen=True)
class Event:
    """One event read from one mailbox.

    `subject` is None where it must not be read (anything not `normal`): unread, neither value nor change.
    `span` is canonical: instants in UTC, or dates for all-day. `change_key` is the comparable form of the
    etag (docs/graph.md#two-etag-forms), `etag` what If-Match wants. `created` and `modified` are the
    service's own clock and are compared only with each other.
    """

    id: str
    kind: EventKind
    change_key: str
    etag: str
    ical_uid: str
    span: Span
    subject: str | None
    is_organizer: bool
    is_cancelled: bool
    blocks: bool
    answer: Answer
    organizer: Party
    sensitivity: str = "normal"
    transaction_id: str | None = None
    tag: str | None = None
    series_master_id: str | None = None
    original_date: date | None = None
    created: datetime | None = None
    modified: datetime | None = None
    resources: tuple[ResourceAnswer, ...] = ()
    other_attendees: int = 0
    is_online_meeting: bool = False
    rule: RuleRead | None = None
    """Of a series master alone, where it was asked for."""


@dataclass(frozen=True)
class Removed:
    """An id that is no longer in the window: deleted, moved out of it, or never seen (H05, H06)."""

    id: str


@dataclass(frozen=True)
class SeriesTouched:
    """A sparse row: some date of this series changed; its values mean nothing (H03)."""

    master_id: str
    occurrence_id: str


@dataclass(frozen=True)
class Unusable:
    """An item that could not be understood; set aside with its reason, never guessed at."""

    id: str
    reason: str


Row = Event | Removed | SeriesTouched | Unusable
"""What one row of a delta page means."""


@dataclass(frozen=True)
class Page:
    """One page of a delta round: its rows, and exactly one of the two links."""

    rows: tuple[Row, ...]
    next_link: str | None = None
    delta_link: str | None = None


@dataclass(frozen=True)
class NewEvent:
    """What a create sends: never attendees (nobody is mailed), never a body."""

    transaction_id: str
    subject: str
    span: Span
    zone: str
    """IANA zone of the room: written for all-day events, so that their days are the room's."""
    is_private: bool = False
    rule: Rule | None = None
    """Of a series: when it takes place; `span` is its first date."""


@dataclass(frozen=True)
class EventPatch:
    """What a PATCH sends: only the field groups that changed; None leaves a group as it is."""

    subject: str | None = None
    span: Span | None = None
    is_private: bool | None = None
    zone: str = "UTC"
    """IANA zone of the room, for all-day spans."""
    rule: Rule | None = None
    """Of a series: its times and recurrence, instead of `span`."""
    end_of: Rule | None = None
    """Of a series of which only the end is another: its recurrence alone."""


@dataclass(frozen=True)
class NewMeeting:
    """What a create in its owner's calendar sends: the rooms are invited, nobody else is, and there is no body."""

    transaction_id: str
    subject: str
    span: Span
    zone: str
    """IANA zone of the first room, for all-day spans."""
    rooms: tuple[Party, ...]
    is_private: bool = False
    rule: Rule | None = None
    """Of a series: when it takes place; `span` is its first date."""


@dataclass(frozen=True)
class MeetingPatch:
    """What a PATCH of an organizer's event sends: changed groups, and rooms (addresses) taken off or added."""

    event: EventPatch
    remove_rooms: tuple[str, ...] = ()
    add_rooms: tuple[Party, ...] = ()


def canonical_subject(text: str) -> str:
    """The one form in which subjects are compared and sent (H47)."""
    return canonical_text(text, SUBJECT_LIMIT)


def canonical_text(text: str, limit: int) -> str:
    """A line of text that every database keeps: NFC, no control characters nor halves of letters, trimmed, cut to
    `limit` characters where no combining mark is left behind (H60). Idempotent."""
    cleaned = "".join(c if c.isprintable() or c == " " else " " for c in unicodedata.normalize("NFC", text))
    cleaned = " ".join(cleaned.split())
    if len(cleaned) <= limit:
        return cleaned
    end = limit
    while end > 1 and (unicodedata.combining(cleaned[end]) or cleaned[end] in "\u200d\ufe0f"):
        end -= 1
    return cleaned[:end].rstrip()
