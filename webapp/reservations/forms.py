"""The form of a reservation: days and times of the room's clock, read into a span."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from wtforms import BooleanField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from webapp.domain.intervals import AllDay, Span, Timed
from webapp.domain.rule import Fault, InvalidRule, Rule
from webapp.domain.wall import DayTimes, WallTimes, WholeDays
from webapp.domain.words import Reach
from webapp.errors import FieldError
from webapp.forms import is_whole, trimmed
from webapp.models import Meeting, Room
from webapp.reservations.drafts import TITLE_LIMIT, Draft, SeriesDraft
from webapp.reservations.repeat_form import RepeatForm, faults_by_field, field_of_fault
from webapp.reservations.rows import span_of, title_of
from webapp.reservations.series_words import SERIES_FIELD_WORDS
from webapp.reservations.words import FIELD_WORDS, REACH_WORDS

ADDRESS = re.compile(r"[^\s@<>\"',;]+@[^\s@<>\"',;]+")
"""An email as an account may have it: the first administrator's is at `localhost`, without a dot."""

FIRST_DAY, LAST_DAY = date(1980, 1, 1), date(2200, 1, 1)
"""What arithmetic on days can safely reach; whether a day can be booked is the service's matter."""


class ReservationForm(RepeatForm):
    """A reservation being made or changed. `last_day` empty: the same day; for all-day it is the last day.

    Of a series the days and times are those of its first date.
    """

    is_private = BooleanField("Private")
    owner_name = StringField("Owner", [Length(max=255, message=FIELD_WORDS["text_long"])], filters=[trimmed])
    owner_email = StringField("Owner’s email", [Length(max=320, message=FIELD_WORDS["text_long"])], filters=[trimmed])
    in_owner_calendar = RadioField(
        "Create in",
        choices=[("", "The room’s calendar"), ("y", "The owner’s calendar, with the room invited")],
        default="",
        validate_choice=False,
    )
    description = TextAreaField("Description", [Length(max=20_000, message=FIELD_WORDS["text_long"])])

    def offer(self, rooms: Sequence[Room], *, needed: bool = False) -> None:
        """Fill in the rooms that can be chosen; `needed`: one of them always is."""
        self.room_id.choices = [
            *([] if needed else [SelectChoice("", "Choose a room")]),
            *(SelectChoice(str(room.id), _as_choice(room)) for room in rooms),
        ]

    def fill_span(self, span: Span, zone: ZoneInfo) -> None:
        """Show when it takes place, by the clock of a zone."""
        self.all_day.data = isinstance(span, AllDay)
        if isinstance(span, AllDay):
            first, last = span.start, span.end - timedelta(days=1)
        else:
            start, end = span.start.astimezone(zone), span.end.astimezone(zone)
            first, last = start.date(), end.date()
            self.start.data, self.end.data = start.time(), end.time()
        self.day.data, self.last_day.data = first, last if last != first else None

    def forget_errors(self) -> None:
        """Hold nothing against what is not finished yet."""
        for field in self:
            field.errors = []

    def validate(self, extra_validators: object = None) -> bool:
        """Whether the form is whole; the service decides whether it is possible."""
        super().validate(extra_validators)
        if not self.ends_by_date:
            self.until.errors = []
        for field in (self.day, self.last_day, *([self.until] if self.ends_by_date else [])):
            if field.errors or (field.data and not FIRST_DAY <= field.data <= LAST_DAY):
                field.errors = [FIELD_WORDS["no_date"]]
        for field in (self.start, self.end):
            if field.errors:
                field.errors = [FIELD_WORDS["no_time"]]
        self._need_what_is_needed()
        if self.owner_email.data and not self.owner_email.errors and not ADDRESS.fullmatch(self.owner_email.data):
            self.owner_email.errors = [FIELD_WORDS["owner_email"]]
        self._check_rule()
        return not self.errors

    def _need_what_is_needed(self) -> None:
        if not self.title.data:
            self.title.errors = [FIELD_WORDS["missing"]]
        if not is_whole(self.room_id.data):
            self.room_id.errors = [FIELD_WORDS["no_room"]]
        if not self.day.data and not self.day.errors:
            self.day.errors = [FIELD_WORDS["no_date"]]
        for field in (self.start, self.end):
            if not self.all_day.data and field.data is None and not field.errors:
                field.errors = [FIELD_WORDS["no_time"]]

    def _check_rule(self) -> None:
        """Say every fault of the rule beside its field; a day or time that cannot be read has been told already."""
        if any(field.errors for field in (self.day, self.last_day, self.start, self.end, self.until)):
            return
        if self.repeats and self.last_day.data and self.last_day.data < self.day.data:
            self.refuse(FieldError("last_day", "last_day_before", day=self.day.data.isoformat()), ZoneInfo("UTC"))
            return
        try:
            self.rule("UTC")
        except InvalidRule as error:
            self.refuse_rule(error)

    def rule(self, zone: str) -> Rule | None:
        """The rule that is wanted, by the clock of `zone`; None for what takes place once. Raises `InvalidRule`."""
        if not self.repeats:
            return None
        first, last = self.day.data, self.last_day.data or self.day.data
        times: dict[str, Any] = {"days": (last - first).days + 1}
        if not self.all_day.data:
            times = {
                "start": _minute(self.start.data),
                "end": _minute(self.end.data),
                "days_later": times["days"] - 1,
            }
        return self.rule_from(first, times, zone)

    def draft(self, zone: ZoneInfo, before: Span | None = None) -> Draft:
        """What a valid form wants, once; raises `FieldError` for a time that the zone's clocks do not show.

        A day and time that say what `before` says mean its very instants (seconds, or the second of two equal
        hours in autumn, are not in the form).
        """
        return Draft(span=self._span(zone, before), **self._wanted())

    def series_draft(self, zone: ZoneInfo, before: Rule | None = None) -> SeriesDraft:
        """What a valid form wants of a series; clock times that say what `before` says are its very times."""
        rule = self.rule(zone.key)
        assert rule is not None, "the form repeats"
        if before is not None and _in_minutes(before.times) == rule.times:
            rule = replace(rule, times=before.times)
        return SeriesDraft(rule=rule, **self._wanted())

    def _wanted(self) -> dict[str, Any]:
        return {
            "room_id": int(self.room_id.data),
            "title": self.title.data or "",
            "is_private": bool(self.is_private.data),
            "description": self.description.data or "",
            "owner_name": self.owner_name.data or "",
            "owner_email": self.owner_email.data or "",
            "in_owner_calendar": self.in_owner_calendar.data == "y",
        }

    def _span(self, zone: ZoneInfo, before: Span | None) -> Span:
        first, last = self.day.data, self.last_day.data or self.day.data
        assert first and last, "validate() has seen to it"
        if last < first:
            raise FieldError("last_day", "last_day_before", day=first.isoformat())
        if self.all_day.data:
            return AllDay(first, last + timedelta(days=1))
        assert self.start.data is not None and self.end.data is not None, "validate() has seen to it"
        known = (before.start, before.end) if isinstance(before, Timed) else ()
        start = _instant("start", first, self.start.data, zone, known[:1])
        end = _instant("end", last, self.end.data, zone, known[1:])
        return Timed(start, end)

    def refuse(self, error: FieldError, zone: ZoneInfo) -> None:
        """Say what was refused beside its field."""
        fields = {"start": self._start_said(), "zone": zone.key, "limit": TITLE_LIMIT} | error.fields
        if "reach" in error.fields:
            fields["reach"] = REACH_WORDS[Reach(error.fields["reach"])][0]
        of_rule = self.repeats or error.code in SERIES_FIELD_WORDS
        name = field_of_fault(error.field) if of_rule else error.field
        self[name].errors = [Markup(_words_of(error.code)).format(**fields)]

    def refuse_rule(self, error: InvalidRule) -> None:
        """Say every fault of a rule beside its field."""
        for name, fault in faults_by_field(error).items():
            self[name].errors = [self.fault_said(fault)]

    def fault_said(self, fault: Fault) -> str:
        """A fault of a rule in words."""
        return Markup(_words_of(fault.code)).format(start=self._start_said())

    def _start_said(self) -> str:
        return f"{self.start.data:%H:%M}" if self.start.data else "the start"


def _instant(field: str, day: date, clock: time, zone: ZoneInfo, known: tuple[datetime, ...]) -> datetime:
    """The instant of a wall-clock time: of two equal ones the first, none where the clocks skip it (H32)."""
    wall = datetime.combine(day, _minute(clock))
    for instant in known:
        if instant.astimezone(zone).replace(second=0, microsecond=0, tzinfo=None) == wall:
            return instant
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != wall:
        raise FieldError(field, "no_such_time")
    return instant


def _words_of(code: str) -> str:
    return SERIES_FIELD_WORDS.get(code) or FIELD_WORDS[code]


def _in_minutes(times: DayTimes) -> DayTimes:
    """Clock times as the form shows them."""
    if isinstance(times, WholeDays):
        return times
    return WallTimes(_minute(times.start), _minute(times.end), times.days_later)


def _minute(clock: time) -> time:
    return clock.replace(second=0, microsecond=0)


def form_of(meeting: Meeting, room: Room) -> ReservationForm:
    """The form of a reservation as it is saved, in the room's zone."""
    form = ReservationForm(
        formdata=None,
        title=title_of(meeting),
        room_id=str(room.id),
        is_private=meeting.is_private,
        owner_name=meeting.owner.name if meeting.owner else "",
        owner_email=meeting.owner.email if meeting.owner else "",
        description=meeting.description,
        revision=str(meeting.revision),
    )
    form.fill_span(span_of(meeting), ZoneInfo(room.time_zone))
    return form


def _as_choice(room: Room) -> str:
    about = [f"{room.capacity:,} seats" if room.capacity else "", room.building]
    said = ", ".join(part for part in about if part)
    return f"{room.name} ({said})" if said else room.name
