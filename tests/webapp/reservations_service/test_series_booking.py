"""Series as people here book, change and cancel them, on both databases: dates, overlaps, and what is queued."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from tests.webapp.reservations_service.conftest import NOW, ZONE, House
from webapp.domain.booking import sync_window
from webapp.domain.intervals import Timed
from webapp.domain.recurrence import Series
from webapp.domain.rule import Pattern, PatternType, Range, Rule, Weekday
from webapp.domain.wall import WallTimes
from webapp.errors import FieldError, Refused
from webapp.models import Conflict, Mailbox, Occurrence, Outbox, Reservation
from webapp.reservations import series
from webapp.reservations.drafts import SeriesDraft
from webapp.reservations.series_roll import extend_series
from webapp.reservations.series_rows import series_of
from webapp.reservations.split import change_following

TUESDAY = date(2026, 11, 24)
NINE_TO_TEN = WallTimes(time(9), time(10))


def weekly(count: int = 6, first: date = TUESDAY, times: WallTimes = NINE_TO_TEN) -> Rule:
    """That many Tuesdays, 9 to 10 in Berlin."""
    pattern = Pattern(PatternType.WEEKLY, days_of_week=(Weekday.of(first),))
    return Rule(pattern, Range.times(first, count), ZONE, times)


def daily(first: date = TUESDAY) -> Rule:
    """Every day for ever."""
    return Rule(Pattern(PatternType.DAILY), Range.endless(first), ZONE, NINE_TO_TEN)


def week(number: int) -> date:
    return TUESDAY + timedelta(weeks=number)


def book(house: House, rule: Rule, room_id: int = 1, **more: Any) -> int:
    with house.data.writing() as session:
        return series.book_series(session, SeriesDraft(room_id, "Weekly", rule), "Ines", house.now, **more).id


def act(house: House, what: Any, reservation_id: int, *args: Any, **more: Any) -> int:
    """One of the service's functions on the reservation as it stands; the reservation that it returns."""
    with house.data.writing() as session:
        revision = session.get_one(Reservation, reservation_id).meeting.revision
        return what(session, reservation_id, *args, revision, "Ines", house.now, **more).id


def dates(house: House, reservation_id: int) -> list[str]:
    """The original dates that block."""
    rows = house.reservation(reservation_id).occurrences
    return [row.original_start for row in sorted(rows, key=lambda row: row.starts_at)]


def series_here(house: House, reservation_id: int) -> Series:
    with house.data.reading() as session:
        found = series_of(session.get_one(Reservation, reservation_id).meeting)
        assert found is not None
        return found


def test_a_series_blocks_its_room_on_each_of_its_dates_at_the_clocks_time_h28_h29(house: House) -> None:
    book(house, weekly(30))
    starts = house.starts()
    assert len(starts) == 30
    clock = {start.astimezone(ZoneInfo(ZONE)).time() for start in starts}
    assert clock == {time(9)} and len({start.time() for start in starts}) == 2  # through a change of the clocks
    with pytest.raises(Refused) as refused:
        house.book(Timed(starts[3], starts[3] + timedelta(minutes=30)))
    assert refused.value.code == "room_taken"


def test_saving_a_series_queues_one_push_in_the_same_transaction(house: House) -> None:
    reservation = book(house, weekly())
    with house.data.reading() as session:
        [row] = session.scalars(select(Outbox))
        assert (row.reservation_id, row.mailbox_id) == (reservation, 1)
        assert session.get_one(Mailbox, 1).wanted == 1


def test_taken_dates_are_named_with_who_has_them_and_the_free_ones_can_be_booked(house: House) -> None:
    house.book(Timed(datetime(2026, 12, 1, 8, 30, tzinfo=UTC), datetime(2026, 12, 1, 9, tzinfo=UTC)), "In the way")
    house.book(Timed(datetime(2026, 12, 8, 9, tzinfo=UTC), datetime(2026, 12, 8, 10, tzinfo=UTC)), "After it")
    with pytest.raises(Refused) as refused:
        book(house, weekly())
    error = refused.value
    assert (error.code, error.fields["room"], error.fields["dates"]) == ("dates_taken", "Aspen", 6)
    [taken] = error.fields["taken"]
    assert taken.original == week(1)
    assert [one["title"] for one in taken.blockers] == ["In the way"]
    assert house.count(Reservation) == 2

    reservation = book(house, weekly(), without=frozenset({week(1)}))
    assert dates(house, reservation) == [week(n).isoformat() for n in (0, 2, 3, 4, 5)]
    assert series_here(house, reservation).cancelled == {week(1)}


@pytest.mark.parametrize(
    ("rule", "field", "code"),
    [
        (weekly(first=date(2026, 11, 17)), "start", "in_the_past"),
        (weekly(first=date(2027, 11, 30)), "start", "beyond_window"),
        (weekly(times=WallTimes(time(9), time(8), 8)), "end_time", "longer_than_interval"),
    ],
)
def test_what_outlook_would_refuse_or_nobody_can_check_is_refused_beside_its_field(
    house: House, rule: Rule, field: str, code: str
) -> None:
    with pytest.raises(FieldError) as refused:
        book(house, rule)
    assert (refused.value.field, refused.value.code) == (field, code)


def test_another_time_for_all_keeps_cancelled_dates_and_puts_changed_ones_where_the_rule_has_them(
    house: House,
) -> None:
    reservation = book(house, weekly())
    moved = Timed(datetime(2026, 12, 2, 12, tzinfo=UTC), datetime(2026, 12, 2, 13, tzinfo=UTC))
    act(house, series.change_date, reservation, week(1), moved, "Weekly")
    act(house, series.cancel_date, reservation, week(2))
    assert moved.start in house.starts()

    later = SeriesDraft(1, "Weekly", weekly(times=WallTimes(time(15), time(16))))
    act(house, series.change_series, reservation, later)
    assert dates(house, reservation) == [week(n).isoformat() for n in (0, 1, 3, 4, 5)]
    assert {start.astimezone(ZoneInfo(ZONE)).time() for start in house.starts()} == {time(15)}
    assert series_here(house, reservation).exceptions == ()


def test_a_longer_range_keeps_what_was_changed(house: House) -> None:
    reservation = book(house, weekly())
    moved = Timed(datetime(2026, 12, 2, 12, tzinfo=UTC), datetime(2026, 12, 2, 13, tzinfo=UTC))
    act(house, series.change_date, reservation, week(1), moved, "With the auditors")
    act(house, series.change_series, reservation, SeriesDraft(1, "Weekly", weekly(8)))
    found = series_here(house, reservation)
    assert [(one.span, one.title) for one in found.exceptions] == [(moved, "With the auditors")]
    assert len(dates(house, reservation)) == 8


def test_a_date_moved_onto_the_day_of_its_neighbour_is_refused_before_anything_is_sent_h25(house: House) -> None:
    reservation = book(house, weekly())
    onto = Timed(datetime(2026, 12, 8, 15, tzinfo=UTC), datetime(2026, 12, 8, 16, tzinfo=UTC))
    with pytest.raises(FieldError) as refused:
        act(house, series.change_date, reservation, week(1), onto, "Weekly")
    assert (refused.value.field, refused.value.code) == ("start", "crosses_next_date")


def test_the_last_date_that_is_cancelled_ends_the_series(house: House) -> None:
    reservation = book(house, weekly(2))
    act(house, series.cancel_date, reservation, week(0))
    act(house, series.cancel_date, reservation, week(1))
    assert house.reservation(reservation).cancelled_at is not None
    assert house.starts() == []


def test_this_and_all_that_follow_are_cancelled_by_a_shorter_range(house: House) -> None:
    reservation = book(house, weekly())
    act(house, series.cancel_following, reservation, week(3))
    assert dates(house, reservation) == [week(n).isoformat() for n in (0, 1, 2)]
    assert series_here(house, reservation).rule.range == Range.until(TUESDAY, week(3) - timedelta(days=1))


def test_a_daily_endless_series_keeps_its_rows_bounded_while_the_window_rolls_sixty_days_h26(house: House) -> None:
    reservations = [book(house, daily(), room_id) for room_id in (1, 2)]
    first = len(dates(house, reservations[0]))
    assert first == (sync_window(NOW)[1].date() - TUESDAY).days
    for days in (1, 30, 60):
        house.now = NOW + timedelta(days=days)
        assert extend_series(house.data, house.now) == 2
        assert extend_series(house.data, house.now) == 0
        for reservation in reservations:
            assert len(dates(house, reservation)) == first + days


def test_a_clash_that_the_rolling_window_reaches_opens_a_conflict(house: House) -> None:
    reservation = book(house, daily())
    house.now = NOW + timedelta(days=20)
    beyond = sync_window(NOW)[1] + timedelta(days=10)
    with house.data.writing() as session:
        session.execute(update(Occurrence).where(Occurrence.reservation_id == reservation).values(blocks=True))
    other = house.book(Timed(beyond.replace(hour=7), beyond.replace(hour=10)))
    assert extend_series(house.data, house.now) == 1
    with house.data.reading() as session:
        [conflict] = session.scalars(select(Conflict))
        assert {conflict.reservation_id, conflict.other_reservation_id} == {reservation, other}


def test_this_and_following_is_two_series_with_each_date_once_h23(house: House) -> None:
    reservation = book(house, weekly())
    act(house, series.cancel_date, reservation, week(4))
    later = SeriesDraft(1, "Later", weekly(4, week(2), WallTimes(time(15), time(16))))
    tail = act(house, change_following, reservation, week(2), later)
    assert dates(house, reservation) == [week(0).isoformat(), week(1).isoformat()]
    assert dates(house, tail) == [week(2).isoformat(), week(3).isoformat(), week(5).isoformat()]
    assert series_here(house, tail).cancelled == {week(4)}
    with house.data.reading() as session:
        rows = session.scalars(select(Outbox.reservation_id).order_by(Outbox.id)).all()
        meeting = session.get_one(Reservation, tail).meeting
        assert (list(rows), meeting.split_of_id) == ([reservation, tail], house.reservation(reservation).meeting_id)
    with pytest.raises(Refused) as refused:
        act(house, change_following, reservation, week(1), later)
    assert refused.value.code == "is_splitting"


def test_a_tail_that_meets_somebody_else_changes_nothing(house: House) -> None:
    reservation = book(house, weekly())
    house.book(Timed(datetime(2026, 12, 22, 14, tzinfo=UTC), datetime(2026, 12, 22, 15, tzinfo=UTC)))
    later = SeriesDraft(1, "Later", weekly(4, week(2), WallTimes(time(15), time(16))))
    with pytest.raises(Refused) as refused:
        act(house, change_following, reservation, week(2), later)
    assert [one.original for one in refused.value.fields["taken"]] == [week(4)]
    assert len(dates(house, reservation)) == 6
