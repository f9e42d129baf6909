"""People and pulls that act in the same moment, on both databases."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Engine, NullPool, create_engine, event, select

from tests.webapp.reservations_service.conftest import NOW, House, all_at_once
from webapp.database import Transactions, prepare_engine
from webapp.domain.intervals import Timed
from webapp.domain.words import Answer, Home, MeetingKind
from webapp.errors import Refused, StaleRevision
from webapp.models import Mailbox, Meeting, Outbox, Person, Reservation, Room
from webapp.reservations import remote
from webapp.reservations.remote import RemoteMeeting
from webapp.reservations.rows import Dated


def crowd_of(database: Engine) -> House:
    """The same house, entered by everybody through a connection of his own."""
    engine = create_engine(database.url, poolclass=NullPool)
    prepare_engine(engine)
    return House(Transactions(engine))


def test_of_200_bookings_of_one_slot_at_once_exactly_one_wins(house: House, database: Engine):
    """S25: booking is atomic under load."""
    crowd = crowd_of(database)

    results = all_at_once([partial(crowd.book, house.at(10), f"Meeting {n}") for n in range(200)])

    won = [result for result in results if isinstance(result, int)]
    lost = [result for result in results if isinstance(result, Refused)]
    assert (len(won), len(lost)) == (1, 199), [r for r in results if r not in won + lost]
    assert {error.code for error in lost} == {"room_taken"}
    assert {error.fields["blockers"][0]["reservation_id"] for error in lost} == set(won)
    assert house.starts() == [house.at(10).start]
    assert (house.count(Meeting), house.count(Outbox)) == (1, 1)


def test_bookings_side_by_side_all_succeed_and_each_is_a_wish_to_sync(house: House, database: Engine):
    crowd = crowd_of(database)

    results = all_at_once([partial(crowd.book, house.at(n / 4, (n + 1) / 4)) for n in range(48, 88)])

    assert all(isinstance(result, int) for result in results), results
    assert len(house.starts()) == 40
    with house.data.reading() as session:
        assert session.get_one(Mailbox, 1).wanted == 40
        assert session.get_one(Room, 1).booking_seq == 40


def test_of_two_edits_from_the_same_form_one_wins_and_the_other_is_shown_what_was_saved(
    house: House, database: Engine
):
    crowd, booked = crowd_of(database), house.book(house.at(10))
    spans = [house.at(12), house.at(14)]

    results = all_at_once([partial(crowd.change, booked, span, 1, f"At {span.start.hour}") for span in spans])

    stale = [result for result in results if isinstance(result, StaleRevision)]
    assert sorted(map(type, results), key=str) == sorted([int, StaleRevision], key=str), results
    winner = spans[results.index(2)]
    assert stale[0].fields["saved"]["span"] == winner
    assert stale[0].fields["saved"]["title"] == f"At {winner.start.hour}"
    assert stale[0].fields["revision"] == 2
    assert house.starts() == [winner.start]


def test_a_cancel_and_an_edit_at_once_leave_one_of_them_true(house: House, database: Engine):
    crowd, booked = crowd_of(database), house.book(house.at(10))

    edited, cancelled = all_at_once(
        [partial(crowd.change, booked, house.at(12), 1), partial(crowd.cancel, booked, 1)]
    )

    if edited == 2:
        assert isinstance(cancelled, StaleRevision)
        assert house.starts() == [house.at(12).start]
    else:
        assert cancelled is None
        assert isinstance(edited, Refused | StaleRevision)
        assert house.starts() == []


def told(uid: str, span: Timed, organizer: str = "ada") -> RemoteMeeting:
    """A meeting of somebody's in a room, as its calendar tells it."""
    return RemoteMeeting(
        tenant_guid="guid",
        ical_uid=uid,
        home=Home.USER,
        kind=MeetingKind.SINGLE,
        span=span,
        dates=(Dated(span),),
        answer=Answer.ACCEPTED,
        organizer_name="Ada Lindholm",
        organizer_email=f"{organizer}@contoso.example",
    )


def test_two_rooms_pulled_at_once_join_one_meeting_and_one_organizer(house: House, database: Engine):
    crowd = crowd_of(database)

    def pull(room_id: int, uid: str) -> int:
        with crowd.data.writing() as session:
            return remote.import_remote(session, room_id, told(uid, house.at(10), uid), NOW).meeting_id

    for number in range(10):
        one, other = all_at_once([partial(pull, 1, f"uid{number}"), partial(pull, 2, f"uid{number}")])
        assert isinstance(one, int), one
        assert one == other

    assert (house.count(Meeting), house.count(Reservation), house.count(Person)) == (10, 20, 10)


def test_two_rooms_pulled_at_once_with_different_meetings_of_one_new_organizer_know_him_once(
    house: House, database: Engine
):
    crowd = crowd_of(database)

    def pull(room_id: int, organizer: str) -> int:
        with crowd.data.writing() as session:
            pulled = remote.import_remote(
                session, room_id, told(f"{organizer}{room_id}", house.at(10), organizer), NOW
            )
            return pulled.meeting.organizer_id or 0

    for number in range(20):
        one, other = all_at_once([partial(pull, 1, f"p{number}"), partial(pull, 2, f"p{number}")])
        assert isinstance(one, int), one
        assert one == other

    assert house.count(Person) == 20


def test_a_booking_locks_its_room_before_it_looks_and_wants_a_run_as_its_last_word(house: House, database: Engine):
    said: list[str] = []

    def listen(_connection, _cursor, statement: str, *_rest) -> None:
        said.append(" ".join(statement.split()[:2]))

    event.listen(database, "before_cursor_execute", listen)
    booked = house.book(house.at(10))
    house.change(booked, house.at(12), 1)
    house.cancel(booked, 2)
    with house.data.writing() as session:
        remote.import_remote(session, 1, told("uid", house.at(15)), NOW)
    event.remove(database, "before_cursor_execute", listen)

    of_each: list[list[str]] = [[]]
    for words in said:
        if words.startswith(("UPDATE", "INSERT", "DELETE")):
            of_each[-1].append(words)
        if words.startswith("UPDATE mailbox"):
            of_each.append([])
    assert [words[0] for words in of_each] == ["UPDATE room"] * 4
    assert [words[-1] for words in of_each[:3]] == ["UPDATE mailbox"] * 3


def test_whoever_books_while_another_is_booking_sees_what_he_committed(house: House, database: Engine):
    """The lock is taken before the look: what came in between is found, whatever the isolation."""
    crowd = crowd_of(database)
    spans = [house.at(10, 12), house.at(11, 13), house.at(10, 13)] * 5

    results = all_at_once([partial(crowd.book, span) for span in spans])

    assert sum(isinstance(result, int) for result in results) == 1
    with house.data.reading() as session:
        assert len(session.scalars(select(Reservation)).all()) == 1
