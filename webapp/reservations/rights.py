"""Who may change what of a reservation, as pages say it before the click: with the reason and what would allow it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy.orm import Session

from webapp.domain.access import Allowed, Denied, Through
from webapp.domain.words import MeetingKind, Origin
from webapp.models import Reservation
from webapp.reservations.locked import access_to, access_to_series
from webapp.reservations.organized import reach_of
from webapp.reservations.series_rows import rule_of
from webapp.reservations.state_words import named
from webapp.reservations.words import REACH_WORDS, RIGHTS
from webapp.words import Words, words_for


@dataclass(frozen=True)
class Right:
    """One thing that may, or may not, be changed, and how or why not."""

    what: str
    may: bool
    how: str


@dataclass(frozen=True)
class Rights:
    """All that may be done with a reservation. `code` names the case; `guests` people are told of each change."""

    code: str
    words: Words
    allowed: bool
    may_decline: bool
    guests: int
    through_organizer: bool
    rows: tuple[Right, ...]

    @property
    def denied(self) -> Words | None:
        """Why it may not be changed, if so."""
        return None if self.allowed else self.words


def rights_of(session: Session, reservation: Reservation, now: datetime) -> Rights:
    """What `webapp.domain.access` says of the reservation, worded."""
    access = _access(reservation, now)
    allowed = isinstance(access, Allowed)
    code = _case(reservation, access) if isinstance(access, Allowed) else access.code
    fields = named(reservation) | _reach_said(session, code, reservation)
    rows = RIGHTS.get(code, ())
    return Rights(
        code=code,
        words=words_for(code, fields),
        allowed=allowed,
        may_decline=not isinstance(access, Allowed) and access.may_decline,
        guests=access.mails_guests if isinstance(access, Allowed) else 0,
        through_organizer=isinstance(access, Allowed) and access.through is Through.ORGANIZER,
        rows=tuple(Right(what, may, Markup(how).format(**fields)) for what, may, how in rows),
    )


def may_move(rights: Rights) -> bool:
    """Whether another room may be chosen: an event made in Outlook would lose its guests by it."""
    return rights.allowed and rights.code != "may_change_delegate"


def _access(reservation: Reservation, now: datetime) -> Allowed | Denied:
    """A series can be changed here as far as its rule is known."""
    is_series = rule_of(reservation.meeting) is not None
    return access_to_series(reservation, now) if is_series else access_to(reservation, now)


def _case(reservation: Reservation, access: Allowed) -> str:
    code = _case_of_single(reservation, access)
    is_series = reservation.meeting.kind is MeetingKind.SERIES
    return code.replace("may_change", "may_change_series") if is_series else code


def _case_of_single(reservation: Reservation, access: Allowed) -> str:
    if access.through is Through.ORGANIZER:
        return "may_change_through"
    if reservation.meeting.origin is not Origin.HERE:
        return "may_change_delegate"
    return "may_change_own" if reservation.room.mailbox_id is not None else "may_change_here"


def _reach_said(session: Session, code: str, reservation: Reservation) -> dict[str, str]:
    """Why the organizer's mailbox is out of reach, and what would allow a change."""
    organizer = reservation.meeting.organizer
    if code != "organizer_out_of_reach" or organizer is None:
        return {}
    reach, allow = REACH_WORDS[reach_of(session, reservation.room, organizer.email)]
    return {"reach": reach, "allow": allow}
