"""What the page and the panel of one reservation show."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from webapp.domain.words import MeetingKind, TitleSource
from webapp.errors import Refused, StaleRevision
from webapp.models import Reservation
from webapp.reservations import queries
from webapp.reservations.alternatives import alternatives, wants_another
from webapp.reservations.forms import ReservationForm
from webapp.reservations.rights import rights_of
from webapp.reservations.rows import span_of, title_of
from webapp.reservations.series_shown import repeats, shown_series
from webapp.reservations.shown import Side, clock_range, held_values, outlook_side, short_day, when
from webapp.reservations.standing import Standing, standing
from webapp.reservations.state_words import named, state_words
from webapp.reservations.story import story
from webapp.reservations.words import CONFLICT_WORDS
from webapp.words import words_for, words_of


def shown_facts(reservation: Reservation) -> dict[str, Any]:
    """Title and time, in the room's zone."""
    meeting, zone = reservation.meeting, ZoneInfo(reservation.room.time_zone)
    return {
        "reservation": reservation,
        "title": title_of(meeting),
        "when": when(span_of(meeting), zone),
        "zone": zone,
    }


def panel_facts(session: Session, reservation: Reservation, now: datetime) -> dict[str, Any]:
    """Title, time, the meeting's other rooms, and who may change what of it."""
    return {
        **shown_facts(reservation),
        "rights": rights_of(session, reservation, now),
        "others": queries.other_rooms(session, reservation),
    }


def state_context(session: Session, stands: Standing, now: datetime) -> dict[str, Any]:
    """The moving part of the page: sync state and both sides."""
    reservation = stands.reservation
    facts = shown_facts(reservation)
    side = outlook_side(stands.link, facts["zone"])
    return {
        **facts,
        "stands": stands,
        "organizer": named(reservation)["organizer"],
        "instead": _instead(session, reservation, facts["zone"], now),
        "why": state_words(reservation),
        "side": side,
        "repeats": repeats(reservation.meeting, facts["zone"]),
        "pairs": _pairs(facts, side),
    }


def _instead(session: Session, reservation: Reservation, zone: ZoneInfo, now: datetime) -> dict[str, Any] | None:
    """Other rooms and times, each with the arguments by which the edit form opens on it; none for a series."""
    if reservation.meeting.kind is MeetingKind.SERIES or not wants_another(reservation):
        return None
    found = alternatives(session, reservation, now)
    times = [(one.start.astimezone(zone), one.end.astimezone(zone)) for one in found.times]
    return {
        "rooms": found.rooms,
        "times": [
            (
                clock_range(start, end, zone, with_day=True),
                {"day": start.date().isoformat(), "start": f"{start:%H:%M}", "end": f"{end:%H:%M}"},
            )
            for start, end in times
        ],
    }


def show_context(
    session: Session, reservation_id: int, now: datetime, before: datetime | None, day: date | None = None
) -> dict[str, Any]:
    """The whole page; of a series it may be opened for one date."""
    stands = standing(session, reservation_id)
    reservation = stands.reservation
    steps = queries.steps_of(session, reservation_id, before)
    attempts = queries.attempts_of(session, reservation_id, before)
    more = len(steps) == queries.STORY_STEPS
    is_series = reservation.meeting.kind is MeetingKind.SERIES
    return {
        **state_context(session, stands, now),
        **panel_facts(session, reservation, now),
        "story": story(reservation, steps, attempts, to_the_beginning=not more),
        "older": steps[-1].at if more else None,
        "conflicts": queries.conflicts_of(session, reservation_id),
        "holds": queries.holds_of(session, reservation_id),
        "series": shown_series(session, reservation, now, day) if is_series else None,
        "conflict_words": CONFLICT_WORDS,
        "held_values": held_values,
        "short_day": short_day,
    }


def refusal_note(error: Refused | StaleRevision, form: ReservationForm, zone: ZoneInfo) -> dict[str, Any]:
    """What a refused save shows above the form: who is in the way, both versions, or the reason."""
    if isinstance(error, StaleRevision):
        form.revision.data = str(error.fields["revision"])
        return {"stale": words_for("reservation_stale"), "differing": _differing(error.fields["saved"], form, zone)}
    if error.code != "room_taken":
        return {"refusal": words_of(error)}
    blockers = [
        {**one, "when": clock_range(one["starts_at"], one["ends_at"], zone, with_day=_other_day(one, form, zone))}
        for one in error.fields["blockers"]
    ]
    return {"taken": {"room": error.fields["room"], "blockers": blockers}}


def _other_day(blocker: dict[str, Any], form: ReservationForm, zone: ZoneInfo) -> bool:
    return bool(blocker["starts_at"].astimezone(zone).date() != form.day.data)


def _differing(saved: dict[str, Any], form: ReservationForm, zone: ZoneInfo) -> list[tuple[str, str, str]]:
    mine = form.draft(zone, saved["span"])
    rows = [
        ("Title", saved["title"], mine.title),
        ("Time", when(saved["span"], zone), when(mine.span, zone)),
        ("Private", _yes(saved["is_private"]), _yes(mine.is_private)),
    ]
    return [row for row in rows if row[1] != row[2]]


def _pairs(facts: dict[str, Any], side: Side | None) -> list[tuple[str, str, str, bool | None]]:
    """(what, here, in Outlook, alike) for each field that both sides have; alike is None for what was not read.

    Of a series Outlook's own start is that of its first date; its dates are listed further down.
    """
    meeting = facts["reservation"].meeting
    if side is None:
        return []
    read = side.title is not None
    same_title = side.title == meeting.title or meeting.title_source is not TitleSource.TYPED if read else None
    time = [("Time", facts["when"], side.when, facts["when"] == side.when)]
    return [
        ("Title", facts["title"], (side.title or "(empty)") if read else "not read", same_title),
        *(time if meeting.kind is MeetingKind.SINGLE else []),
        ("Private", _yes(meeting.is_private), _yes(side.is_private), meeting.is_private == side.is_private),
    ]


def _yes(flag: bool) -> str:
    return "Yes" if flag else "No"
