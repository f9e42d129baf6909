"""What organizers' own events told is forgotten when they may not be read any more, and looked up when they may."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.webapp.reservations_service.conftest import NOW, House
from webapp.domain.intervals import Timed
from webapp.domain.words import (
    Answer,
    AuthorityState,
    ConflictKind,
    HoldKind,
    Home,
    LinkRole,
    MailboxKind,
    MeetingKind,
    TitleSource,
)
from webapp.models import Base, Conflict, Hold, HoldAction, Link, Mailbox, Meeting, Reservation
from webapp.reservations import reading, remote
from webapp.reservations.remote import RemoteMeeting
from webapp.reservations.rows import Dated

ADAS = "Ada's own title"
PERSON = 7


def values(subject: str | None, span: Timed) -> dict[str, Any]:
    time = {"start": span.start.isoformat(), "end": span.end.isoformat()}
    return {"subject": subject, "time": time, "private": False}


def imported(house: House, hour: float = 9, home: Home = Home.USER, day: int = 24, **told: Any) -> int:
    """A meeting that came from Outlook; its reservation's id. `told` are columns of the meeting."""
    span = house.at(hour, day=day)
    seen = RemoteMeeting(
        tenant_guid="t",
        ical_uid=f"uid-{day}-{hour}",
        home=home,
        kind=MeetingKind.SINGLE,
        span=span,
        dates=(Dated(span, answer=Answer.ACCEPTED),),
        answer=Answer.ACCEPTED,
        organizer_name="Ada" if home is Home.USER else "",
        organizer_email="ada@contoso.example" if home is Home.USER else "",
    )
    with house.data.writing() as session:
        reservation = remote.import_remote(session, 1, seen, NOW)
        for name, value in told.items():
            setattr(reservation.meeting, name, value)
        return reservation.id


def told_by_ada(house: House, hour: float = 9, **more: Any) -> int:
    """A meeting whose title was read in its organizer's mailbox, with everything that is kept of that."""
    told = {"title": ADAS, "title_source": TitleSource.ORGANIZER, "authority_state": AuthorityState.KNOWN}
    reservation_id = imported(house, hour, **told | more)
    both = values(ADAS, house.at(hour))
    with house.data.writing() as session:
        reservation = session.get_one(Reservation, reservation_id)
        if session.get(Mailbox, PERSON) is None:
            ada = Mailbox(id=PERSON, connection_id=1, address="ada@contoso.example", kind=MailboxKind.PERSON)
            session.add(ada)
            session.flush()
        own = Link(mailbox_id=PERSON, event_id=f"own-{hour}", role=LinkRole.AUTHORITY, created_at=NOW)
        own.meeting_id, own.base_local, own.base_remote = reservation.meeting_id, both, both
        own.observed = {"values": both}
        copy = Link(mailbox_id=1, event_id=f"copy-{hour}", role=LinkRole.COPY, created_at=NOW)
        copy.reservation_id, copy.base_local, copy.base_remote = reservation_id, both, values(None, house.at(hour))
        session.add_all([own, copy])
    return reservation_id


def stop(house: House) -> None:
    house.write(reading.stop_reading)


def everything(house: House) -> str:
    """Every value of every table."""
    with house.data.reading() as session:
        tables = Base.metadata.sorted_tables
        return repr([session.execute(select(table)).all() for table in tables])


def meeting_of(house: House, reservation_id: int) -> Meeting:
    return house.reservation(reservation_id).meeting


def test_a_title_read_from_the_organizer_becomes_a_placeholder_and_is_a_new_revision(house: House) -> None:
    made = told_by_ada(house)
    before = meeting_of(house, made).revision
    with house.data.reading() as session:
        assert reading.titles_read(session) == 1
    stop(house)
    after = meeting_of(house, made)
    assert (after.title, after.title_source, after.revision) == ("", TitleSource.PLACEHOLDER, before + 1)
    with house.data.reading() as session:
        assert reading.titles_read(session) == 0


def test_nothing_of_the_organizers_subject_is_left_in_any_table(house: House) -> None:
    """H56: bases, observations, conflicts and holds keep values of both sides."""
    made = told_by_ada(house)
    subject = {"subject": ADAS, "time": {}, "private": False}

    def keep(session: Session) -> None:
        session.add(
            Conflict(
                room_id=1,
                reservation_id=made,
                kind=ConflictKind.TIME,
                at=NOW,
                ended_at=NOW,
                here=subject,
                there=subject,
            )
        )
        hold = Hold(room_id=1, kind=HoldKind.ACCESS_LOST, opened_at=NOW)
        hold.actions.append(
            HoldAction(key="a", action="change_meeting", reservation_id=made, before=subject, after=subject)
        )
        session.add(hold)

    house.write(keep)
    assert ADAS in everything(house).replace('"', "").replace("\\", "")
    stop(house)
    assert "own title" not in everything(house)


def test_what_was_typed_here_against_the_organizers_title_stays_and_his_goes(house: House) -> None:
    made = imported(house, title="Typed", title_source=TitleSource.TYPED)
    house.write(
        lambda session: session.add(
            Conflict(
                room_id=1,
                reservation_id=made,
                kind=ConflictKind.TITLE,
                at=NOW,
                ended_at=NOW,
                here={"subject": "Typed"},
                there={"subject": ADAS},
            )
        )
    )
    stop(house)
    with house.data.reading() as session:
        [conflict] = session.scalars(select(Conflict)).all()
    assert conflict.here == {"subject": "Typed"}
    assert conflict.there == {"subject": None}


@pytest.mark.parametrize("source", [TitleSource.TYPED, TitleSource.ROOM_COPY])
def test_titles_that_did_not_come_from_the_organizer_stay(house: House, source: TitleSource) -> None:
    made = imported(house, title="Ours", title_source=source)
    before = meeting_of(house, made).revision
    stop(house)
    after = meeting_of(house, made)
    assert (after.title, after.title_source, after.revision) == ("Ours", source, before)


def test_a_meeting_that_a_room_organizes_keeps_its_title(house: House) -> None:
    made = imported(house, home=Home.RESOURCE, title="Review", title_source=TitleSource.ORGANIZER)
    stop(house)
    assert meeting_of(house, made).title == "Review"


def test_the_rooms_own_copies_tell_again_what_the_organizer_told(house: House) -> None:
    """The organizer's event is not the known authority any more; one that is gone stays gone."""
    known = told_by_ada(house, 9)
    gone = told_by_ada(house, 11, authority_state=AuthorityState.GONE)
    stop(house)
    assert meeting_of(house, known).authority_state is AuthorityState.NONE
    assert meeting_of(house, gone).authority_state is AuthorityState.GONE


def test_nobody_is_looked_up_any_more_but_a_room_that_was_asked_is_still_waited_for(house: House) -> None:
    """H58: time alone tells that a room does not answer."""
    due = told_by_ada(house, 9, authority_look_at=NOW)
    waiting = told_by_ada(house, 11, authority_look_at=NOW)
    with house.data.writing() as session:
        session.get_one(Reservation, waiting).awaiting_since = NOW
    stop(house)
    assert meeting_of(house, due).authority_look_at is None
    assert meeting_of(house, waiting).authority_look_at == NOW


def look_at(house: House, reservation_id: int) -> tuple[datetime | None, int]:
    meeting = meeting_of(house, reservation_id)
    return meeting.authority_look_at, meeting.authority_looks


def test_allowed_again_every_meeting_of_a_person_ahead_is_looked_up_at_once(house: House) -> None:
    made = told_by_ada(house, 9, authority_looks=3)
    stop(house)
    house.write(lambda session: reading.start_reading(session, NOW))
    assert look_at(house, made) == (NOW, 0)


def test_allowed_again_what_is_over_cancelled_gone_or_the_rooms_own_is_not_looked_up(house: House) -> None:
    over = imported(house, 5, day=23)
    cancelled = imported(house, 9)
    gone = imported(house, 11, authority_state=AuthorityState.GONE)
    rooms_own = imported(house, 13, home=Home.RESOURCE)
    house.write(lambda session: remote.cancel_remote(session, cancelled, NOW))
    house.write(lambda session: reading.start_reading(session, NOW))
    assert [look_at(house, one)[0] for one in (over, cancelled, gone, rooms_own)] == [None] * 4


def test_a_meeting_that_runs_right_now_is_looked_up(house: House) -> None:
    running = imported(house, 7.5, day=23)
    house.write(lambda session: reading.start_reading(session, NOW + timedelta(minutes=10)))
    assert look_at(house, running)[0] == NOW + timedelta(minutes=10)


def test_more_rows_than_one_part_are_all_forgotten(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 2)
    for hour in range(9, 14):
        told_by_ada(house, hour)
    stop(house)
    assert "own title" not in everything(house)
