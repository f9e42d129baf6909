"""Looking at organizers' events: for titles and details, and for the answers of rooms that are awaited.

Only of meetings in followed rooms, only where the settings allow it, and only when a room's copy changed or an
answer is due: an event is read again for no other reason.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from webapp.domain.access import may_read_organizer
from webapp.domain.words import AuthorityState
from worker.room_run.context import Run
from worker.room_run.organizer.mailbox import OutOfReach, PersonMailbox, modes_of, opened, own_event
from worker.store import answers
from worker.store import authority as authorities
from worker.store.authority import Authority, Reading
from worker.store.persons import ASK_AGAIN, PersonBusy
from worker.sync.errors import (
    AccessDenied,
    Gone,
    MailboxMissing,
    Refused,
    SyncError,
    Throttled,
    Unavailable,
    Unreadable,
)
from worker.sync.event import Event
from worker.sync.link import observe

BUSY = timedelta(seconds=1)
LATER = timedelta(minutes=1)
MOST_LOOKS = 3
"""An event that a filter does not find is looked for so often; then its copies alone tell of it."""


def look_at_organizers(run: Run) -> None:
    """Read the organizers' events whose time has come. One that fails stops no other."""
    for meeting_id in authorities.due(run.lane, run.now()):
        run.go_on()
        with run.lane.reading() as session:
            found = authorities.load(session, run.lane, meeting_id, run.now())
        if found is None or not may_read_organizer(modes_of(run)):
            _without_reading(run, meeting_id, found)
        elif found.ended and not found.awaiting:
            _rest(run, meeting_id)
        else:
            _look(run, found)


def _look(run: Run, authority: Authority) -> None:
    run.log.begin()
    allowed_by = "delegation" if modes_of(run).delegation else "titles"
    try:
        with opened(run, authority, allowed_by) as mailbox:
            event = _read(mailbox, authority)
            if event is None:
                _missing(run, authority)
            else:
                _seen(run, authority, Reading(mailbox.id, event.id, observe(event, run.digest), event.resources))
    except PersonBusy:
        _later(run, authority, BUSY)
    except (OutOfReach, AccessDenied, MailboxMissing):
        _unreachable(run, authority)
    except (Throttled, Unavailable) as error:
        _later(run, authority, timedelta(seconds=error.wait_seconds or LATER.total_seconds()))
    except (Refused, Unreadable) as error:
        _note_failure(run, authority, error)


def _read(mailbox: PersonMailbox, authority: Authority) -> Event | None:
    """The event by its id, else by the iCalUId that its copies carry; ids change when a mailbox moves (H15)."""
    if authority.event_id is not None:
        try:
            return mailbox.read(authority.event_id)
        except Gone:
            pass
    return own_event(mailbox.find(authority.ical_uid)) if authority.ical_uid else None


def _seen(run: Run, authority: Authority, reading: Reading) -> None:
    now = run.now()
    with run.lane.writing() as session:
        if not authorities.may_still_be_read(session):
            authorities.look_again_at(session, authority.meeting_id, None)
            return
        changed = reading.seen.live and authorities.note(session, authority, reading, now)
        lead = authorities.reservation_in(session, authority.meeting_id, run.lane.room_id)
        for step in answers.take_answers(session, authority.meeting_id, reading, now):
            run.log.step(session, now, "here", step, reason="organizer")
        if changed:
            run.log.step(session, now, "here", "change", lead, "organizer")
        _go_on_waiting(run, session, authority)


def _missing(run: Run, authority: Authority) -> None:
    """Not found proves nothing by itself (H77): its copies tell whether the meeting goes on. What was there before,
    and is not found time after time while no room holds a copy any more, was called off."""
    now = run.now()
    with run.lane.writing() as session:
        run.log.step(session, now, "none", "organizer_event_missing")
        if authority.awaiting:
            _go_on_waiting(run, session, authority)
        elif authority.looks >= MOST_LOOKS and authorities.end_if_vanished(session, authority, now):
            authorities.look_again_at(session, authority.meeting_id, None)
            run.log.step(session, now, "here", "cancel", reason="organizer")
        else:
            again = now + LATER * 2**authority.looks if authority.looks < MOST_LOOKS else None
            authorities.look_again_at(session, authority.meeting_id, again, looked=True)


def _go_on_waiting(run: Run, session: Session, authority: Authority) -> None:
    now = run.now()
    answers.tell_unconfirmed(session, authority.meeting_id, now)
    again = answers.next_look(session, authority, now)
    authorities.look_again_at(session, authority.meeting_id, again, looked=True)


def _unreachable(run: Run, authority: Authority) -> None:
    """Nothing is read there: asked again in a day at most, while the meeting still lies ahead."""
    now = run.now()
    with run.lane.writing() as session:
        authorities.set_state(session, authority.meeting_id, AuthorityState.UNREACHABLE)
        answers.tell_unconfirmed(session, authority.meeting_id, now)
        again = None if authority.ended else now + ASK_AGAIN
        authorities.look_again_at(session, authority.meeting_id, again)


def _later(run: Run, authority: Authority, wait: timedelta) -> None:
    with run.lane.writing() as session:
        authorities.look_again_at(session, authority.meeting_id, run.now() + wait)


def _note_failure(run: Run, authority: Authority, error: SyncError) -> None:
    now = run.now()
    with run.lane.writing() as session:
        run.log.step(session, now, "none", "organizer_event_refused", reason=type(error).__name__)
        again = None if authority.ended else now + ASK_AGAIN
        authorities.look_again_at(session, authority.meeting_id, again)


def _without_reading(run: Run, meeting_id: int, authority: Authority | None) -> None:
    """Nothing may be read: time alone tells that a room did not answer."""
    with run.lane.writing() as session:
        answers.tell_unconfirmed(session, meeting_id, run.now())
        again = answers.next_look(session, authority, run.now()) if authority is not None else None
        authorities.look_again_at(session, meeting_id, again, looked=True)


def _rest(run: Run, meeting_id: int) -> None:
    with run.lane.writing() as session:
        authorities.look_again_at(session, meeting_id, None)
