"""Spans, sides and steps of reservations as pages say them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from webapp.domain.intervals import AllDay, Span, Timed
from webapp.domain.words import AttemptKind, AttemptState, Origin
from webapp.models import Attempt, Link, Reservation, RunStep


def day_name(day: date) -> str:
    """`Monday 23 November 2026`."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def short_day(day: date) -> str:
    """`Mon 23 Nov`."""
    return f"{day:%a} {day.day} {day:%b}"


def when(span: Span, zone: ZoneInfo) -> str:
    """A span in the room's zone: `Monday 23 November 2026, 15:00 – 17:00`."""
    if isinstance(span, AllDay):
        last = span.end - timedelta(days=1)
        days = day_name(span.start) if last <= span.start else f"{day_name(span.start)} – {day_name(last)}"
        return f"{days}, all day"
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    if start.date() == end.date():
        return f"{day_name(start.date())}, {start:%H:%M} – {end:%H:%M}"
    return f"{day_name(start.date())}, {start:%H:%M} – {day_name(end.date())}, {end:%H:%M}"


def clock_range(start: datetime, end: datetime, zone: ZoneInfo, *, with_day: bool) -> str:
    """`09:30 to 11:00`, with the day where it is not the one on the page."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.date() != last.date():
        return f"{short_day(first.date())}, {first:%H:%M} to {short_day(last.date())}, {last:%H:%M}"
    return f"{short_day(first.date()) + ', ' if with_day else ''}{first:%H:%M} to {last:%H:%M}"


@dataclass(frozen=True)
class Side:
    """What Outlook holds of a reservation, as it was read last; a title of None was not read."""

    title: str | None
    when: str
    is_private: bool
    organizer: str


def outlook_side(link: Link | None, zone: ZoneInfo) -> Side | None:
    """Outlook's side as last observed, or None while there is no event."""
    if link is None or link.observed_gone:
        return None
    values = (link.observed or {}).get("values") or link.base_remote
    if not values:
        return None
    status = values.get("status") or {}
    return Side(
        title=values.get("subject"),
        when=when(_span(values["time"]), zone),
        is_private=bool(values.get("private")),
        organizer=status.get("organizer_name", ""),
    )


def _span(time: dict[str, str]) -> Span:
    if "start_date" in time:
        return AllDay(date.fromisoformat(time["start_date"]), date.fromisoformat(time["end_date"]))
    return Timed(datetime.fromisoformat(time["start"]), datetime.fromisoformat(time["end"]))


@dataclass(frozen=True)
class Moment:
    """One thing that happened: `side` is `here` or `away`, `icon` a symbol, `detail` small print."""

    at: datetime
    side: str
    icon: str
    text: str
    detail: str = ""
    request_id: str = ""
    run_id: int | None = None
    waits: bool = False


ACTIONS = {
    "import": ("away", "mail", "Came from Outlook"),
    "change": ("away", "edit", "Changed in Outlook, applied here"),
    "retime": ("away", "calendar-time", "Moved in Outlook, applied here"),
    "cancel": ("away", "calendar-x", "Gone in Outlook, cancelled here"),
    "unlink": ("away", "calendar-off", "An event of it is gone in Outlook"),
    "gone": ("away", "calendar-off", "Found gone in Outlook"),
    "withdraw": ("here", "hand-stop", "Lost its slot to an earlier event"),
    "create": ("away", "check", "Event made in the room’s calendar"),
    "patch": ("away", "check", "Event changed in the room’s calendar"),
    "delete": ("away", "check", "Event removed from the room’s calendar"),
    "adopt": ("away", "check", "Its event was recognised in the room’s calendar"),
    "patch_found": ("away", "check", "The change was found in Outlook"),
    "delete_found": ("away", "check", "The event was found removed"),
    "conflict": ("here", "equal-not", "The two sides disagreed"),
    "hold": ("here", "hand-stop", "Held for a person"),
    "quarantine": ("away", "alert-triangle", "Set aside: it could not be read"),
    "failed": ("here", "alert-triangle", "Microsoft refused it"),
    "in_doubt": ("here", "hourglass", "No answer from Microsoft; looking whether it was done"),
    "not_found_yet": ("here", "hourglass", "Looked for in Outlook, not found yet"),
    "given_up": ("here", "alert-triangle", "Not found in Outlook; given up"),
}
_OTHER = ("here", "circle-dot")


def action_words(action: str) -> tuple[str, str, str]:
    """(side, icon, words) of a run's step; an unknown one is shown under its own name."""
    return ACTIONS.get(action) or (*_OTHER, action.replace("_", " ").capitalize())


def story(
    reservation: Reservation, steps: Iterable[RunStep], attempts: Iterable[Attempt], *, to_the_beginning: bool
) -> list[Moment]:
    """What happened to a reservation, the newest first."""
    moments = [_of_step(step) for step in steps]
    moments += [_of_open(attempt) for attempt in attempts if attempt.state is AttemptState.OPEN]
    if to_the_beginning:
        moments += _own_ends(reservation)
    return sorted(moments, key=lambda moment: moment.at, reverse=True)


def _of_step(step: RunStep) -> Moment:
    side, icon, words = action_words(step.action)
    detail = step.reason.replace("_", " ").replace(",", ", ")
    if step.status:
        detail = f"{detail}, answer {step.status}".lstrip(", ")
    return Moment(step.at, side, icon, words, detail, step.request_id, step.run_id)


def _of_open(attempt: Attempt) -> Moment:
    tries = f"sent {attempt.sends} time{'' if attempt.sends == 1 else 's'}"
    answer = f", answer {attempt.status} {attempt.code}" if attempt.status else ""
    return Moment(
        attempt.started_at, "here", "clock", f"Not known yet: {_WRITES[attempt.kind]}",
        tries + answer.rstrip(), attempt.request_id, attempt.run_id, waits=True,
    )  # fmt: skip


_WRITES = {
    AttemptKind.CREATE: "was the event made?",
    AttemptKind.PATCH: "was the event changed?",
    AttemptKind.DELETE: "was the event removed?",
}


def _own_ends(reservation: Reservation) -> Iterable[Moment]:
    meeting = reservation.meeting
    if meeting.origin is Origin.HERE:
        yield Moment(reservation.created_at, "here", "calendar-plus", "Reservation made", meeting.created_by)
    else:
        yield Moment(reservation.created_at, "away", "calendar-plus", "Seen in Outlook for the first time")
    if reservation.cancelled_at is not None:
        by_outlook = reservation.cancelled_by == "Outlook"
        yield Moment(
            reservation.cancelled_at, "away" if by_outlook else "here", "calendar-x", "Reservation cancelled",
            reservation.cancelled_by,
        )  # fmt: skip


def held_values(values: dict[str, Any] | None, zone: ZoneInfo) -> str:
    """What one side of a conflict or hold wants, in words; never a subject."""
    if not values:
        return "–"
    time = values if "start" in values or "start_date" in values else values.get("time")
    return when(_span(time), zone) if isinstance(time, dict) else "–"
