"""Where bookings stand in the grid: rows of five minutes by the room's wall clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from webapp.domain.words import Answer, Origin, SyncState
from webapp.reservations.timetable import OFFICE_HOURS, WHOLE_DAY, Booked, day_bounds, lay_out, shown_hours

BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 11, 24)
EARLIER = datetime(2026, 11, 20, tzinfo=UTC)


def booked(start: str, end: str, zone: ZoneInfo = BERLIN, **more: object) -> Booked:
    """A booking between two wall-clock times such as `24 10:00`."""

    def instant(text: str) -> datetime:
        day, clock = text.split()
        return datetime.fromisoformat(f"2026-11-{day} {clock}").replace(tzinfo=zone).astimezone(UTC)

    values = {
        "reservation_id": 1, "title": "T", "who": "", "all_day": False, "origin": Origin.HERE, "is_private": False,
        "is_series": False, "sync_state": SyncState.SYNCED, "answer": Answer.NONE, "blocks": True,
    }  # fmt: skip
    return Booked(starts_at=instant(start), ends_at=instant(end), **values | more)


def placed(*bookings: Booked, hours: tuple[int, int] = OFFICE_HOURS) -> list[tuple[int, int, int]]:
    grid = lay_out(DAY, BERLIN, bookings, hours, EARLIER)
    return [(cell.row, cell.length, cell.lane) for cell in grid.cells]


def test_a_row_is_five_minutes_from_the_first_shown_hour() -> None:
    assert placed(booked("24 07:00", "24 08:00"), booked("24 08:30", "24 09:00")) == [(0, 12, 0), (18, 6, 0)]


def test_odd_times_are_rounded_outwards_and_said_exactly() -> None:
    grid = lay_out(DAY, BERLIN, [booked("24 10:02", "24 10:31")], OFFICE_HOURS, EARLIER)
    (cell,) = grid.cells
    assert (cell.row, cell.length, cell.starts, cell.ends) == (36, 7, "10:02", "10:31")


def test_what_began_earlier_or_ends_later_is_clipped() -> None:
    assert placed(booked("23 22:00", "24 09:00")) == [(0, 24, 0)]
    assert placed(booked("24 18:00", "25 03:00")) == [(132, 12, 0)]
    assert placed(booked("23 00:00", "26 00:00")) == [(0, 144, 0)]


def test_a_booking_over_midnight_says_the_day_of_its_other_end() -> None:
    (cell,) = lay_out(DAY, BERLIN, [booked("23 22:00", "24 09:00")], OFFICE_HOURS, EARLIER).cells
    assert (cell.starts, cell.ends) == ("23 Nov 22:00", "09:00")


def test_a_meeting_without_length_has_one_row() -> None:
    assert placed(booked("24 10:00", "24 10:00")) == [(36, 1, 0)]


def test_the_whole_day_is_shown_when_something_lies_outside_of_office_hours() -> None:
    def hours(*bookings: Booked) -> tuple[int, int]:
        return shown_hours([(DAY, BERLIN, bookings)])

    assert hours() == OFFICE_HOURS
    assert hours(booked("24 07:00", "24 19:00")) == OFFICE_HOURS
    assert hours(booked("24 00:00", "25 00:00", all_day=True)) == OFFICE_HOURS
    assert hours(booked("24 06:30", "24 08:00")) == WHOLE_DAY
    assert hours(booked("24 18:00", "24 19:30")) == WHOLE_DAY
    assert hours(booked("23 23:00", "24 01:00")) == WHOLE_DAY
    assert hours(booked("24 23:00", "25 01:00")) == WHOLE_DAY


def test_bookings_that_overlap_stand_side_by_side_and_others_span() -> None:
    lanes = placed(booked("24 09:00", "24 11:00"), booked("24 10:00", "24 12:00"), booked("24 12:00", "24 13:00"))
    assert [lane for _, _, lane in lanes] == [1, 2, 0]


def test_bookings_that_only_touch_do_not_share() -> None:
    assert [lane for _, _, lane in placed(booked("24 09:00", "24 10:00"), booked("24 10:00", "24 11:00"))] == [0, 0]


def test_free_time_is_offered_by_the_hour_and_its_first_piece_stands_for_the_gap() -> None:
    grid = lay_out(DAY, BERLIN, [booked("24 08:30", "24 16:00")], OFFICE_HOURS, EARLIER)
    assert [(slot.starts, slot.ends, slot.gap_ends, slot.is_first) for slot in grid.slots] == [
        ("07:00", "08:00", "08:30", True),
        ("08:00", "08:30", "08:30", False),
        ("16:00", "17:00", "19:00", True),
        ("17:00", "18:00", "19:00", False),
        ("18:00", "19:00", "19:00", False),
    ]


def test_what_does_not_block_leaves_its_time_free() -> None:
    grid = lay_out(DAY, BERLIN, [booked("24 07:00", "24 19:00", blocks=False)], OFFICE_HOURS, EARLIER)
    assert len(grid.slots) == 12


def test_what_is_past_is_not_offered() -> None:
    now = datetime(2026, 11, 24, 16, 5, tzinfo=BERLIN)
    grid = lay_out(DAY, BERLIN, [], OFFICE_HOURS, now)
    assert [slot.starts for slot in grid.slots] == ["16:15", "17:00", "18:00"]
    assert grid.now_row == (16 - 7) * 12 + 1
    assert lay_out(DAY, BERLIN, [], OFFICE_HOURS, now + timedelta(days=1)).slots == ()
    assert lay_out(DAY, BERLIN, [], OFFICE_HOURS, now + timedelta(days=1)).now_row is None


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_days_of_23_and_25_hours_are_read_whole_and_placed_by_the_wall_clock(day: date, hours: int) -> None:
    start, end = day_bounds(day, BERLIN)
    assert end - start == timedelta(hours=hours)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=BERLIN).astimezone(UTC)
    one = booked("24 10:00", "24 11:00")
    at_noon = Booked(**vars(one) | {"starts_at": noon, "ends_at": noon + timedelta(hours=1)})
    (cell,) = lay_out(day, BERLIN, [at_noon], WHOLE_DAY, EARLIER).cells
    assert (cell.row, cell.starts) == (144, "12:00")


def test_the_repeated_hour_of_autumn_keeps_both_its_bookings() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 summer time
    one = booked("24 10:00", "24 11:00")
    both = [
        Booked(**vars(one) | {"starts_at": first, "ends_at": first + timedelta(hours=1)}),
        Booked(
            **vars(one) | {"starts_at": first + timedelta(hours=1), "ends_at": first + timedelta(hours=1, minutes=30)}
        ),
    ]
    cells = lay_out(date(2026, 10, 25), BERLIN, both, WHOLE_DAY, EARLIER).cells
    assert [(cell.starts, cell.row) for cell in cells] == [("02:30", 30), ("02:30", 30)]
