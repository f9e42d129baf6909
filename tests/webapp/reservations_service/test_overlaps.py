"""What stands in the way of a booking and what does not, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.webapp.reservations_service.conftest import NOW, House
from tests.webapp.reservations_service.test_at_once import told
from webapp.domain.intervals import AllDay, Span, Timed
from webapp.domain.words import ConflictKind, Origin, SyncState
from webapp.errors import FieldError, NotFound, Refused
from webapp.models import Conflict, Mailbox, Occurrence, Outbox, Room
from webapp.reservations import remote
from webapp.reservations.rows import Dated


def span(start: str, end: str) -> Timed:
    """Two UTC instants."""
    return Timed(datetime.fromisoformat(f"{start}Z"), datetime.fromisoformat(f"{end}Z"))


def days(start: str, end: str) -> AllDay:
    """Days, the end left out."""
    return AllDay(date.fromisoformat(start), date.fromisoformat(end))


TEN_TO_ELEVEN = span("2026-11-24T10:00", "2026-11-24T11:00")
DAY = days("2026-11-24", "2026-11-25")  # 23 November 23:00 to 24 November 23:00 UTC, in Berlin


@pytest.mark.parametrize(
    ("booked", "wanted", "is_free"),
    [
        (TEN_TO_ELEVEN, span("2026-11-24T08:00", "2026-11-24T09:00"), True),
        (TEN_TO_ELEVEN, span("2026-11-24T09:00", "2026-11-24T10:00"), True),
        (TEN_TO_ELEVEN, span("2026-11-24T11:00", "2026-11-24T12:00"), True),
        (TEN_TO_ELEVEN, span("2026-11-24T12:00", "2026-11-24T13:00"), True),
        (TEN_TO_ELEVEN, span("2026-11-24T09:00", "2026-11-24T10:01"), False),
        (TEN_TO_ELEVEN, span("2026-11-24T10:59", "2026-11-24T12:00"), False),
        (TEN_TO_ELEVEN, span("2026-11-24T10:15", "2026-11-24T10:45"), False),
        (TEN_TO_ELEVEN, span("2026-11-24T09:00", "2026-11-24T12:00"), False),
        (TEN_TO_ELEVEN, TEN_TO_ELEVEN, False),
        (TEN_TO_ELEVEN, DAY, False),
        (TEN_TO_ELEVEN, days("2026-11-25", "2026-11-26"), True),
        (DAY, TEN_TO_ELEVEN, False),
        (DAY, span("2026-11-23T22:00", "2026-11-23T23:00"), True),
        (DAY, span("2026-11-23T22:00", "2026-11-23T23:01"), False),
        (DAY, span("2026-11-24T23:00", "2026-11-25T00:00"), True),
        (DAY, span("2026-11-24T22:59", "2026-11-25T00:00"), False),
        (DAY, days("2026-11-25", "2026-11-26"), True),
        (DAY, days("2026-11-22", "2026-11-26"), False),
        (days("2027-03-28", "2027-03-29"), span("2027-03-28T21:59", "2027-03-28T22:30"), False),
        (days("2027-03-28", "2027-03-29"), span("2027-03-28T22:00", "2027-03-28T23:00"), True),
    ],
)
def test_half_open_spans_overlap_only_where_they_share_time(house: House, booked: Span, wanted: Span, is_free: bool):
    first = house.book(booked, "In the way")

    if is_free:
        house.book(wanted)
        return
    with pytest.raises(Refused) as refused:
        house.book(wanted)
    assert refused.value.code == "room_taken"
    blocker = refused.value.fields["blockers"][0]
    assert (blocker["reservation_id"], blocker["title"], blocker["origin"]) == (first, "In the way", Origin.HERE)
    assert house.count(Outbox) == 1


@pytest.mark.parametrize(
    ("wanted", "field", "code"),
    [
        (span("2026-11-24T10:00", "2026-11-24T10:00"), "end", "end_before_start"),
        (span("2026-11-24T10:00", "2026-11-24T09:00"), "end", "end_before_start"),
        (days("2026-11-24", "2026-11-24"), "end", "end_before_start"),
        (span("2026-11-23T06:00", "2026-11-23T08:00"), "end", "in_the_past"),
        (span("2027-11-13T08:00", "2027-11-13T09:00"), "start", "beyond_window"),
    ],
)
def test_a_span_that_is_none_or_out_of_reach_is_refused_at_its_field(
    house: House, wanted: Span, field: str, code: str
):
    with pytest.raises(FieldError) as error:
        house.book(wanted)

    assert (error.value.field, error.value.code) == (field, code)


def test_a_room_that_is_not_linked_has_no_window(house: House):
    assert house.book(span("2028-11-23T08:00", "2028-11-23T09:00"), room_id=2)


def test_what_runs_now_can_still_be_booked_to_its_end(house: House):
    assert house.book(span("2026-11-23T07:30", "2026-11-23T08:30"))


def test_other_rooms_are_not_in_the_way(house: House):
    house.book(TEN_TO_ELEVEN, room_id=2)
    house.book(TEN_TO_ELEVEN, room_id=1)


def pull(house: House, uid: str, when: Timed, **dated: Any) -> int:
    """Import a meeting as the room's calendar tells it."""
    meeting = told(uid, when)
    meeting = meeting.__class__(**vars(meeting) | {"dates": (Dated(when, **dated),)})
    with house.data.writing() as session:
        return remote.import_remote(session, 1, meeting, NOW).id


def test_a_cancelled_reservation_blocks_nothing(house: House):
    house.cancel(house.book(TEN_TO_ELEVEN))
    house.book(TEN_TO_ELEVEN)


def test_a_reservation_that_was_withdrawn_from_its_slot_blocks_nothing_h51(house: House):
    lost = house.book(TEN_TO_ELEVEN)
    house.write(lambda session: remote.withdraw(session, lost, NOW))

    assert house.reservation(lost).sync_state is SyncState.HELD
    house.book(TEN_TO_ELEVEN)


def test_a_meeting_in_outlook_that_does_not_block_or_ended_is_not_in_the_way(house: House):
    pull(house, "declined", TEN_TO_ELEVEN, blocks=False)
    gone = pull(house, "gone", TEN_TO_ELEVEN)
    with pytest.raises(Refused):
        house.book(TEN_TO_ELEVEN)

    house.write(lambda session: remote.cancel_remote(session, gone, NOW))

    house.book(TEN_TO_ELEVEN)


def test_a_meeting_of_no_length_in_outlook_blocks_nothing(house: House):
    noon = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
    pull(house, "zero", Timed(noon, noon))

    house.book(TEN_TO_ELEVEN)
    assert house.count(Conflict) == 0


def test_a_meeting_in_outlook_that_clashes_is_taken_in_and_named_as_a_conflict_until_one_moves(house: House):
    ours = house.book(TEN_TO_ELEVEN)
    theirs = pull(house, "clash", house.at(10.5, 11.5))

    with house.data.reading() as session:
        row = session.scalars(select(Conflict)).one()
        assert row.kind is ConflictKind.OVERLAP
        assert {row.reservation_id, row.other_reservation_id} == {ours, theirs}
        assert row.ended_at is None
    assert len(house.starts()) == 2

    house.change(ours, house.at(14), 1)
    with house.data.reading() as session:
        assert session.scalars(select(Conflict)).one().ended_at == NOW


def test_the_name_of_a_private_meeting_in_the_way_is_kept(house: House):
    house.book(TEN_TO_ELEVEN, "Appraisal", is_private=True)

    with pytest.raises(Refused) as refused:
        house.book(TEN_TO_ELEVEN)

    assert (refused.value.fields["blockers"][0]["title"], refused.value.fields["blockers"][0]["organizer"]) == (
        "Private",
        "",
    )


def test_moving_within_the_own_slot_is_not_in_the_own_way(house: House):
    booked = house.book(TEN_TO_ELEVEN)

    assert house.change(booked, house.at(10.5, 11.5), 1) == 2
    assert house.starts() == [house.at(10.5).start]


def test_an_archived_room_and_one_that_does_not_exist_cannot_be_booked(house: House):
    house.write(lambda session: session.execute(update(Room).where(Room.id == 2).values(archived_at=NOW)))

    with pytest.raises(Refused) as refused:
        house.book(TEN_TO_ELEVEN, room_id=2)
    assert refused.value.code == "room_archived"
    with pytest.raises(NotFound):
        house.book(TEN_TO_ELEVEN, room_id=4711)


def test_a_refused_booking_leaves_no_trace(house: House):
    house.book(TEN_TO_ELEVEN)

    with pytest.raises(Refused):
        house.book(TEN_TO_ELEVEN)

    with house.data.reading() as session:
        assert session.get_one(Mailbox, 1).wanted == 1
        assert session.get_one(Room, 1).booking_seq == 1
    assert (house.count(Outbox), house.count(Occurrence)) == (1, 1)


def test_a_series_blocks_each_of_its_dates_and_nothing_between(house: House):
    weeks = [house.at(10) for _ in range(3)]
    spans = [Timed(s.start + timedelta(weeks=n), s.end + timedelta(weeks=n)) for n, s in enumerate(weeks)]
    meeting = told("series", spans[0])
    dates = tuple(Dated(s, original_start=s.start.date().isoformat()) for s in spans)
    with house.data.writing() as session:
        remote.import_remote(session, 1, meeting.__class__(**vars(meeting) | {"dates": dates}), NOW)

    for taken in spans:
        with pytest.raises(Refused):
            house.book(taken)
    house.book(Timed(spans[0].start + timedelta(days=1), spans[0].end + timedelta(days=1)))


def test_a_person_may_not_change_what_is_not_his_to_change(house: House):
    theirs = pull(house, "theirs", TEN_TO_ELEVEN)

    for act in (partial(house.change, theirs, house.at(14), 1), partial(house.cancel, theirs)):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "organized_by_person"
    assert house.starts() == [TEN_TO_ELEVEN.start]
