"""Which dates of a series a change is meant for: one, it and all after it, or all; told before the click."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from markupsafe import Markup
from sqlalchemy.orm import Session

from webapp.domain import rule_dates
from webapp.domain.recurrence import Series
from webapp.models import Reservation
from webapp.reservations import queries
from webapp.reservations.series_rows import series_of
from webapp.reservations.series_shown import shown_row
from webapp.reservations.series_words import ALL_CANCELLED, ALL_LEFT, WHICH_WORDS, Doing
from webapp.reservations.split import why_not_split
from webapp.words import Words, words_for


class Which(StrEnum):
    """The dates that are meant."""

    ONE = "one"
    FOLLOWING = "following"
    ALL = "all"


@dataclass(frozen=True)
class Choice:
    """One of the three: what it is called, and what it does."""

    which: Which
    label: str
    says: str


@dataclass(frozen=True)
class Choices:
    """What can be chosen for a date of a series; `day` is the day on which the rule has it, `when` says it."""

    day: date | None
    when: str
    offered: tuple[Choice, ...]
    missing: Words | None = None
    """Why "this and following" is not among them, where that needs a reason."""

    @property
    def first(self) -> Which:
        """What is chosen until somebody chooses otherwise."""
        return self.offered[0].which

    def has(self, which: Which) -> bool:
        """Whether this can be chosen."""
        return any(one.which is which for one in self.offered)


def which_of(text: str | None) -> Which | None:
    """The choice in an address or a form; None where there is none."""
    return next((one for one in Which if one.value == text), None)


def choices(
    session: Session,
    reservation: Reservation,
    day: date | None,
    doing: Doing,
    now: datetime,
    *,
    others: bool = False,
    is_asked: bool = True,
) -> Choices:
    """What can be meant by a change of a series that was opened at `day`; a date that it does not have, or that is
    over, is none.

    `others`: a person's meeting that has other rooms too. `is_asked`: nobody has chosen yet, so what cannot be chosen
    says why; later the service does. A date that is the first one, or that is not the rule's any
    more, has no "this and following" of its own.
    """
    row = queries.date_of(session, reservation.id, day) if day is not None else None
    if row is None or row.ends_at <= now:
        row = day = None
    series = series_of(reservation.meeting)
    has_before = series is not None and day is not None and _has_before(series, day)
    splits = has_before and is_asked and doing is Doing.EDIT
    refusal = why_not_split(session, reservation) if splits else None
    possible = [Which.ONE] if day is not None else []
    possible += [Which.FOLLOWING] if has_before and refusal is None else []
    when = shown_row(row, reservation, series).when if row is not None else ""
    said, fields = WHICH_WORDS[doing], _fields(reservation, when, others=others)
    offered = [(one, *said[one.value]) for one in (*possible, Which.ALL) if one.value in said]
    found = tuple(Choice(one, label, Markup(says).format(**fields)) for one, label, says in offered)
    return Choices(day, when, found, words_for(refusal) if refusal is not None else None)


def _fields(reservation: Reservation, when: str, *, others: bool) -> dict[str, str]:
    """What the words of the choices are filled in with."""
    room = {"room": reservation.room.name}
    return {
        **room,
        "when": when,
        "in_all": ", in all its rooms" if others else "",
        "all_of_it": Markup(ALL_LEFT if others else ALL_CANCELLED).format(**room),
    }


def _has_before(series: Series, day: date) -> bool:
    return rule_dates.has_date(series.rule, day) and rule_dates.count_until(series.rule, day) > 1
