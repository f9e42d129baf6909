"""What a person wants of a meeting, as its form tells it, and the part of it that is the same for all meetings."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.intervals import Span
from webapp.domain.rule import Rule
from webapp.domain.words import Home, MeetingKind, Origin, TitleSource
from webapp.errors import FieldError, Refused
from webapp.models import Meeting, Room
from webapp.reservations.rows import person, title_of

TITLE_LIMIT = 1024


@dataclass(frozen=True)
class _Wanted:
    room_id: int
    title: str
    _: KW_ONLY
    is_private: bool = False
    description: str = ""
    owner_name: str = ""
    owner_email: str = ""
    in_owner_calendar: bool = False
    """Create in the owner's calendar, with the room invited; else in the room's own."""


@dataclass(frozen=True)
class Draft(_Wanted):
    """What a person wants. `span` is in UTC instants, or in dates for all-day."""

    span: Span


@dataclass(frozen=True)
class SeriesDraft(_Wanted):
    """What a person wants of a series. `rule` has the clock times of its own zone, the room's for a new one."""

    rule: Rule


def check_draft(room: Room, draft: Draft | SeriesDraft) -> None:
    """Refuse what no meeting may be. Raises `Refused("room_archived")`, `FieldError`."""
    if room.archived_at is not None:
        raise Refused("room_archived", room=room.name)
    check_title(draft.title)


def check_title(title: str) -> None:
    """Refuse a title that is none. Raises `FieldError`."""
    if not title.strip():
        raise FieldError("title", "missing")
    if len(title) > TITLE_LIMIT:
        raise FieldError("title", "too_long", limit=TITLE_LIMIT)


def new_meeting(kind: MeetingKind, in_owner_calendar: bool, by: str, now: datetime) -> Meeting:
    """A meeting that is made here; its title, owner and time are filled in from a draft."""
    return Meeting(
        title_source=TitleSource.TYPED,
        kind=kind,
        home=Home.USER if in_owner_calendar else Home.RESOURCE,
        origin=Origin.HERE,
        created_at=now,
        created_by=by,
    )


def fill(session: Session, meeting: Meeting, draft: Draft | SeriesDraft) -> None:
    """Write what a draft says into a meeting, but for its time."""
    title = draft.title.strip()
    if title not in (meeting.title, title_of(meeting)):
        meeting.title, meeting.title_source = title, TitleSource.TYPED
    meeting.is_private = draft.is_private
    meeting.description = draft.description
    meeting.owner = person(session, draft.owner_name, draft.owner_email)
