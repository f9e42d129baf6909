"""The rules of series that people keep in Outlook, in both homes: what is read, and that the dates follow from it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.sync.checks import assert_quiet, invite, reservations, steps
from tests.sync.series_world import (
    HOMES,
    Organizer,
    assert_followed,
    dates_here,
    dates_there,
    only_series,
    rule_trouble,
    series_here,
)
from tests.sync.world import World
from tests.tenant import Booked
from webapp.domain import rule
from webapp.domain.booking import sync_window
from webapp.domain.rule import PatternType, Range, RangeType, Weekday
from webapp.domain.wall import WallTimes, WholeDays
from webapp.errors import Refused
from webapp.reservations.series_words import sentence

TUESDAY = date(2026, 11, 24)
BERLIN, BERLIN_THERE = "Europe/Berlin", "W. Europe Standard Time"
NINE, TEN = datetime(2026, 11, 24, 9), datetime(2026, 11, 24, 10)  # noqa: DTZ001 - clocks on the wall


@pytest.fixture(params=HOMES)
def organizer(request: pytest.FixtureRequest, world: World) -> Organizer:
    """Ada with a room of her choice, or the room's delegate."""
    world.add_room("alder")
    long_ahead = {"booking_window_in_days": 500, "enforce_scheduling_horizon": False}
    world.tenant.set_policy(world.address("alder"), maximum_duration_in_minutes=3000, **long_ahead)
    world.run()
    return Organizer(world, request.param)


def weekly(first: date = TUESDAY, *, interval: int = 1, **span: Any) -> dict[str, Any]:
    """Every week on the first date's day; without more, six times."""
    day = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")[first.weekday()]
    return {
        "pattern": {"type": "weekly", "interval": interval, "daysOfWeek": [day]},
        "range": {"startDate": first.isoformat(), **(span or {"type": "numbered", "numberOfOccurrences": 6})},
    }


def daily(first: date, **span: Any) -> dict[str, Any]:
    return {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"startDate": first.isoformat(), **(span or {"type": "noEnd"})},
    }


def booked(organizer: Organizer, recurrence: dict[str, Any] | None = None, **more: Any) -> Booked:
    """Six Tuesdays from 9 to 10 in Berlin, read by the room."""
    event = organizer.book("Weekly", NINE, TEN, zone=BERLIN_THERE, recurrence=recurrence or weekly(), **more)
    organizer.world.run()
    return event


def test_the_rule_of_a_series_is_read_and_says_its_dates(world: World, organizer: Organizer) -> None:
    booked(organizer)
    series = only_series(world)
    assert series.rule.zone == BERLIN
    assert series.rule.times == WallTimes(time(9), time(10))
    assert series.rule.pattern.days_of_week == (Weekday.TUESDAY,)
    assert str(sentence(series.rule)) == "Every week on Tuesday until 29 December 2026, 6 times"
    assert (series.exceptions, series.cancelled) == ((), frozenset())
    assert_followed(world)
    assert_quiet(world)


def test_a_date_that_is_moved_is_an_exception_of_its_original_date_h22(world: World, organizer: Organizer) -> None:
    event = booked(organizer)
    moved = TUESDAY + timedelta(weeks=1)
    start = datetime(2026, 12, 3, 14, tzinfo=UTC)
    organizer.hand.change_occurrence(event, moved, start=start, end=start + timedelta(hours=2))
    world.run()
    [exception] = only_series(world).exceptions
    assert exception.original == moved
    assert (moved.isoformat(), start, start + timedelta(hours=2), True) in dates_here(world)
    assert_followed(world)
    assert_quiet(world)


def test_a_date_that_is_only_renamed_stays_in_its_place(world: World, organizer: Organizer) -> None:
    event = booked(organizer)
    organizer.hand.change_occurrence(event, TUESDAY, subject="With the auditors")
    world.run()
    [exception] = only_series(world).exceptions
    told = "With the auditors" if organizer.home == HOMES[1] else None  # a room's copy tells no title at once (H49)
    assert (exception.original, exception.span, exception.title) == (TUESDAY, None, told)
    assert_followed(world)
    assert_quiet(world)


def test_a_date_that_is_called_off_is_cancelled_in_its_series_h04(world: World, organizer: Organizer) -> None:
    event = booked(organizer)
    organizer.hand.cancel_occurrence(event, TUESDAY + timedelta(weeks=2))
    world.run()
    assert only_series(world).cancelled == {TUESDAY + timedelta(weeks=2)}
    assert len(dates_here(world)) == 5
    assert_followed(world)
    assert_quiet(world)


def test_a_single_meeting_gets_a_rule_in_place_and_loses_it_again_h21(world: World, organizer: Organizer) -> None:
    event = organizer.book("Weekly", NINE, TEN, zone=BERLIN_THERE)
    world.run()
    assert series_here(world) == [None]
    organizer.hand.change(event, recurrence=weekly())
    world.run()
    assert len(reservations(world, "alder", live=False)) == 1
    assert len(dates_here(world)) == 6
    assert_followed(world)
    assert_quiet(world)
    organizer.hand.cancel_occurrence(event, TUESDAY + timedelta(weeks=1))
    world.run()
    organizer.hand.change(event, recurrence=None)
    world.run()
    [left] = reservations(world, "alder", live=False)
    assert (left.meeting.rule, left.meeting.rule_code, len(left.occurrences)) == (None, None, 1)
    assert series_here(world) == [None]
    assert_quiet(world)


@pytest.mark.parametrize("wipes", [True, False])
def test_a_series_shifted_as_a_whole_keeps_what_outlook_keeps_of_its_exceptions_h22_h24(
    world: World, organizer: Organizer, wipes: bool
) -> None:
    world.tenant.switches.master_change_wipes_exceptions = wipes
    event = booked(organizer)
    for week in (1, 3):
        start = datetime(2026, 11, 24, 15, tzinfo=UTC) + timedelta(weeks=week)
        day = TUESDAY + timedelta(weeks=week)
        organizer.hand.change_occurrence(event, day, start=start, end=start + timedelta(hours=1), subject="Moved")
    world.run()
    assert len(only_series(world).exceptions) == 2
    organizer.hand.change(event, start=NINE + timedelta(hours=1), end=TEN + timedelta(hours=1))
    world.run()
    series = only_series(world)
    assert series.rule.times == WallTimes(time(10), time(11))
    assert len(reservations(world, "alder", live=False)) == 1 and world.writes() == 0
    assert_followed(world)
    assert_quiet(world)


def test_this_and_following_done_in_outlook_leaves_two_series_and_each_date_once_h23(
    world: World, organizer: Organizer
) -> None:
    event = booked(organizer)
    cut = TUESDAY + timedelta(weeks=3)
    until = (cut - timedelta(days=1)).isoformat()
    organizer.hand.change(event, recurrence=weekly(type="endDate", endDate=until))
    noon = datetime.combine(cut, time(12))
    tail = weekly(cut, type="numbered", numberOfOccurrences=3)
    organizer.book("Weekly", noon, noon + timedelta(hours=1), zone=BERLIN_THERE, recurrence=tail)
    world.run()
    head, later = series_here(world)
    assert head is not None and later is not None
    assert (head.rule.range.type, later.rule.range) == (RangeType.END_DATE, Range.times(cut, 3))
    assert [one[0] for one in dates_here(world)] == [
        (TUESDAY + timedelta(weeks=week)).isoformat() for week in range(6)
    ]
    assert_followed(world)
    assert_quiet(world)


def test_a_series_begun_years_ago_goes_on_in_step_h14_h26(world: World, organizer: Organizer) -> None:
    first = date(2015, 1, 6)
    begun = datetime.combine(first, time(9))
    every_three = weekly(first, interval=3, type="noEnd")
    organizer.book("Old", begun, begun + timedelta(days=2), zone=BERLIN_THERE, recurrence=every_three)
    world.run()
    series = only_series(world)
    assert series.rule.range == Range.endless(first)
    assert series.rule.times == WallTimes(time(9), time(9), days_later=2)
    assert_followed(world)
    assert_quiet(world)


def test_the_end_of_a_series_is_the_organizers_where_his_event_may_be_read(
    world: World, organizer: Organizer
) -> None:
    """A room cuts its copy where its booking window ends; what it declined is not cancelled, and shown as free."""
    world.set_modes(strict=True)
    begun, recurrence = datetime(2026, 11, 24, 9), weekly(type="noEnd")  # noqa: DTZ001 - a clock on the wall
    event = organizer.book("Endless", begun, begun + timedelta(hours=1), zone=BERLIN_THERE, recurrence=recurrence)
    world.run()
    cut = organizer.home == HOMES[0]
    assert only_series(world).rule.range.type is (RangeType.END_DATE if cut else RangeType.NO_END)
    world.set_modes()
    world.run()
    assert only_series(world).rule.range == Range.endless(TUESDAY)
    organizer.hand.cancel_occurrence(event, TUESDAY)
    world.want("alder", full=True)
    world.run()
    assert only_series(world).rule.range == Range.endless(TUESDAY)
    assert_quiet(world)
    world.tenant.advance(30 * 86400)
    world.want("alder", full=True)
    world.run()
    assert only_series(world).rule.range == Range.endless(TUESDAY)
    until = TUESDAY + timedelta(weeks=7)
    organizer.hand.change(event, recurrence=weekly(type="endDate", endDate=until.isoformat()))
    world.run()
    assert only_series(world).rule.range == Range.until(TUESDAY, until)
    begins = sync_window(world.now())[0]
    assert [one for one in dates_here(world) if one[2] > begins] == dates_there(world)
    assert_quiet(world)


def test_an_end_that_moves_beyond_the_window_is_followed(world: World, organizer: Organizer) -> None:
    event = booked(organizer, weekly(type="endDate", endDate="2027-12-28"))
    before = dates_here(world)
    organizer.hand.change(event, recurrence=weekly(type="endDate", endDate="2028-02-29"))
    world.run()
    assert only_series(world).rule.range == Range.until(TUESDAY, date(2028, 2, 29))
    assert dates_here(world) == before
    assert_quiet(world)


def test_what_is_known_of_past_dates_stays_when_the_window_leaves_them_behind_h13(
    world: World, organizer: Organizer
) -> None:
    event = booked(organizer, weekly(type="numbered", numberOfOccurrences=20))
    organizer.hand.cancel_occurrence(event, TUESDAY + timedelta(weeks=1))
    start = datetime(2026, 12, 9, 14, tzinfo=UTC)
    day = TUESDAY + timedelta(weeks=2)
    organizer.hand.change_occurrence(event, day, start=start, end=start + timedelta(hours=1))
    world.run()
    before, series = dates_here(world), only_series(world)
    assert (len(series.exceptions), len(series.cancelled)) == (1, 1)
    world.tenant.advance(35 * 86400)
    world.want("alder", full=True)
    world.run()
    assert (only_series(world), dates_here(world)) == (series, before)
    organizer.hand.cancel_occurrence(event, TUESDAY + timedelta(weeks=9))
    world.run()
    now = only_series(world)
    assert now.exceptions == series.exceptions
    assert now.cancelled == series.cancelled | {TUESDAY + timedelta(weeks=9)}
    assert_quiet(world)


def test_an_endless_series_is_extended_as_the_window_rolls_and_keeps_what_is_past_h26_h13(
    world: World, organizer: Organizer
) -> None:
    several = 6 if organizer.home == HOMES[1] else 1  # more than five at once would be held if they counted as moved
    for number in range(several):
        start = datetime(2026, 11, 20, 6, tzinfo=UTC) + timedelta(hours=number)
        organizer.book(f"Daily {number}", start, start + timedelta(hours=1), recurrence=daily(start.date()))
    world.run()
    event_days = (sync_window(world.now())[1].date() - date(2026, 11, 20)).days
    assert len(dates_here(world)) == several * event_days
    for _ in range(2):
        world.tenant.advance(30 * 86400)
        world.want("alder", full=True)
        world.run()
    assert world.holds() == []
    here = dates_here(world)
    begins = sync_window(world.now())[0]
    assert [one for one in here if one[2] > begins] == dates_there(world)
    assert len(here) == several * (event_days + 60)
    assert "retime" not in steps(world)
    assert_quiet(world)


def test_a_series_that_has_ended_before_the_window_keeps_its_dates_h13(world: World, organizer: Organizer) -> None:
    event = booked(organizer)
    organizer.hand.cancel_occurrence(event, TUESDAY + timedelta(weeks=1))
    world.run()
    before, series = dates_here(world), only_series(world)
    world.tenant.advance(100 * 86400)
    world.want("alder", full=True)
    world.run()
    assert dates_here(world) == before
    assert only_series(world) == series
    assert_quiet(world)


def test_a_date_that_one_of_two_rooms_declined_is_not_cancelled_in_the_meeting_h50(world: World) -> None:
    for name in ("alder", "birch"):
        world.add_room(name)
    world.tenant.set_policy(world.address("birch"), conflict_percentage_allowed=50, maximum_conflict_instances=2)
    taken = TUESDAY + timedelta(weeks=1)
    invite(world, "birch", "First come", world.at(24 * 7 + 9), who="bob")
    world.tenant.settle()
    ada = world.tenant.as_person(world.address("ada"))
    rooms = [world.address("alder"), world.address("birch")]
    event = ada.book("Weekly", world.at(9).start, world.at(9).end, rooms=rooms, recurrence=weekly())
    world.run()
    in_birch = [one[0] for one in dates_here(world, "birch")]
    assert (len(dates_here(world, "alder")), taken.isoformat() in in_birch) == (6, False)
    assert only_series(world).cancelled == frozenset()
    ada.cancel_occurrence(event, TUESDAY + timedelta(weeks=4))
    world.run()
    assert only_series(world).cancelled == {TUESDAY + timedelta(weeks=4)}
    assert_quiet(world)


ZONES = ("W. Europe Standard Time", "Eastern Standard Time", "AUS Eastern Standard Time")


@pytest.mark.parametrize("zone", ZONES)
def test_times_stay_on_the_wall_over_the_nights_on_which_clocks_change_h29(
    world: World, organizer: Organizer, zone: str
) -> None:
    """Sundays at 02:30, which is skipped on one of them and repeated on another."""
    begun = datetime(2026, 11, 29, 2, 30)  # noqa: DTZ001 - a clock on the wall
    recurrence = weekly(begun.date(), type="noEnd")
    organizer.book("Night", begun, begun + timedelta(hours=1), zone=zone, recurrence=recurrence)
    world.run()
    series = only_series(world)
    assert series.rule.times == WallTimes(time(2, 30), time(3, 30))
    assert (series.exceptions, series.cancelled) == ((), frozenset())
    assert rule_trouble(world) == [(None, {})]
    assert dates_here(world) == dates_there(world)
    local = {one[1].astimezone(series.rule.rules()).time() for one in dates_here(world)}
    assert time(2, 30) in local and len(local) == 2
    assert_quiet(world)


NAMES = ("tzone://Microsoft/Custom", "Customized Time Zone", "Mitteleuropäische Zeit")


@pytest.mark.parametrize("name", NAMES)
def test_a_zone_that_nobody_can_look_up_sets_the_rule_aside_and_its_dates_block_h30(
    world: World, organizer: Organizer, name: str
) -> None:
    recurrence = weekly()
    recurrence["range"]["recurrenceTimeZone"] = name
    booked(organizer, recurrence, shown_zone=name)
    assert series_here(world) == [None]
    assert rule_trouble(world) == [("rule_zone_unknown", {"detail": name})]
    assert "rule_aside" in steps(world)
    assert dates_here(world) == dates_there(world) and len(dates_here(world)) == 6
    with pytest.raises(Refused):
        world.book("alder", "Mine", world.at(24 * 21 + 8, 120))
    assert_quiet(world)


def test_a_rule_that_becomes_readable_is_taken_up_h30(world: World, organizer: Organizer) -> None:
    recurrence = weekly()
    recurrence["range"]["recurrenceTimeZone"] = NAMES[0]
    event = booked(organizer, recurrence, shown_zone=NAMES[0])
    organizer.hand.change(event, recurrence=weekly(), zone=BERLIN_THERE, start=NINE, end=TEN)
    world.run()
    assert rule_trouble(world) == [(None, {})]
    assert_followed(world)
    assert_quiet(world)


def test_another_idea_of_a_zone_is_told_and_moves_no_date_h34(
    world: World, organizer: Organizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here Berlin gave up summer time, there it did not: the dates that Outlook tells count."""
    event = booked(organizer, weekly(type="numbered", numberOfOccurrences=40))
    before = dates_here(world)
    ours = {BERLIN: "Africa/Lagos"}
    monkeypatch.setattr(rule, "zone_info", lambda name: ZoneInfo(ours.get(name, name)))
    organizer.hand.change(event, recurrence=weekly(type="numbered", numberOfOccurrences=41))
    world.run()
    assert dates_here(world)[:40] == before
    assert dates_here(world) == dates_there(world)
    [(code, fields)] = rule_trouble(world)
    assert (code, fields["count"]) == ("rule_differs", 18)  # those of the winter, as more of them are in summer
    assert "rule_aside" in steps(world)
    assert world.holds() == []
    assert_quiet(world)


def test_dates_that_do_not_fit_their_rule_count_and_are_told(world: World, organizer: Organizer) -> None:
    """A copy whose rule lags its dates: Outlook shows Wednesdays, the rule still says Tuesday."""
    event = booked(organizer)
    box = world.tenant.mailbox(world.address("alder"))
    item = box.copy_of(event.ical_uid)
    assert item is not None
    wednesdays = [TUESDAY + timedelta(days=1, weeks=week) for week in range(6)]
    stored = box.put(item.changed(change=box.take_change(), modified=world.now()), world.now())
    stored.dates_cache = [(day, *stored.span_on(day)) for day in wednesdays]
    stored.dates_until = date(2100, 1, 1)
    world.run()
    named = [day.isoformat() for day in wednesdays]
    assert rule_trouble(world) == [("rule_differs", {"count": 6, "dates": named[:5]})]
    assert "rule_aside" in steps(world)
    assert [one[0] for one in dates_here(world)] == named
    assert_followed(world)
    assert_quiet(world)


def test_an_all_day_series_is_whole_days_of_the_room_h31(world: World, organizer: Organizer) -> None:
    organizer.book("Fair", TUESDAY, TUESDAY + timedelta(days=2), all_day=True, zone=BERLIN_THERE, recurrence=weekly())
    world.run()
    series = only_series(world)
    assert series.rule.times == WholeDays(2)
    assert [one[0] for one in dates_here(world)] == [
        (TUESDAY + timedelta(weeks=week)).isoformat() for week in range(6)
    ]
    assert rule_trouble(world) == [(None, {})]
    assert_quiet(world)


def test_month_ends_leap_days_and_last_fridays_are_read(world: World, organizer: Organizer) -> None:
    world.tenant.set_policy(world.address("alder"), conflict_percentage_allowed=99, maximum_conflict_instances=99)
    rules: list[tuple[date, int, dict[str, Any]]] = [
        (date(2026, 12, 31), 6, {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31}),
        (date(2024, 2, 29), 8, {"type": "absoluteYearly", "interval": 1, "dayOfMonth": 29, "month": 2}),
        (
            date(2026, 11, 27),
            11,
            {"type": "relativeMonthly", "interval": 2, "daysOfWeek": ["friday"], "index": "last"},
        ),
        (date(2026, 12, 1), 13, {"type": "relativeYearly", "interval": 1, "daysOfWeek": ["tuesday"], "month": 12}),
    ]
    for first, hour, pattern in rules:
        begun = datetime.combine(first, time(hour))
        rule_there = {"pattern": pattern, "range": {"type": "noEnd", "startDate": first.isoformat()}}
        organizer.book("x", begun, begun + timedelta(hours=1), zone=BERLIN_THERE, recurrence=rule_there)
    world.run()
    types = [series.rule.pattern.type for series in series_here(world) if series]
    assert sorted(types) == sorted([*PatternType][2:])
    assert_followed(world)
    assert_quiet(world)


def test_a_booking_against_any_date_of_a_series_is_refused_h28(world: World, organizer: Organizer) -> None:
    booked(organizer)
    with pytest.raises(Refused):
        world.book("alder", "Mine", world.at(24 * 21 + 8.5))
    world.book("alder", "Mine", world.at(24 * 21 + 9))


def test_dates_that_share_one_icaluid_are_told_apart_h17(world: World, organizer: Organizer) -> None:
    world.tenant.switches.ical_uid_per_occurrence = False
    event = booked(organizer)
    organizer.hand.cancel_occurrence(event, TUESDAY + timedelta(weeks=2))
    start = datetime(2026, 12, 23, 14, tzinfo=UTC)
    day = TUESDAY + timedelta(weeks=4)
    organizer.hand.change_occurrence(event, day, start=start, end=start + timedelta(hours=1))
    world.run()
    assert_followed(world)
    assert_quiet(world)


def test_a_series_that_a_room_organizes_is_told_by_that_room_and_not_by_another_it_invites(world: World) -> None:
    for name in ("alder", "birch"):
        world.add_room(name)
    world.tenant.set_policy(world.address("birch"), conflict_percentage_allowed=50, maximum_conflict_instances=2)
    invite(world, "birch", "First come", world.at(24 * 7 + 9), who="bob")
    world.tenant.settle()
    delegate = world.tenant.as_delegate(world.address("alder"))
    start, end = world.at(9).start, world.at(9).end
    event = delegate.book("Weekly", start, end, rooms=[world.address("birch")], recurrence=weekly())
    world.run()
    delegate.cancel_occurrence(event, TUESDAY + timedelta(weeks=4))
    world.run()
    assert only_series(world).cancelled == {TUESDAY + timedelta(weeks=4)}
    assert (len(dates_here(world, "alder")), len(dates_here(world, "birch"))) == (5, 4)
    assert_quiet(world)


@pytest.mark.parametrize("in_owner_calendar", [False, True])
def test_a_reservation_made_here_that_becomes_a_series_in_outlook_is_followed_h21(
    world: World, in_owner_calendar: bool
) -> None:
    world.add_room("alder")
    world.set_modes(delegation=True, create=True)
    owner = {"owner_name": "Ada", "owner_email": world.address("ada")} if in_owner_calendar else {}
    made = world.book("alder", "Weekly", world.at(9), in_owner_calendar=in_owner_calendar, **owner)
    world.run()
    where = world.address("ada" if in_owner_calendar else "alder")
    [event] = [one for one in world.tenant.events(where) if not one["is_cancelled"]]
    hand = world.tenant.as_person(where) if in_owner_calendar else world.tenant.as_delegate(where)
    before = world.writes()
    hand.change(world.tenant.booked(where, event["id"]), recurrence=weekly())
    world.run()
    [here] = reservations(world, "alder", live=False)
    assert (here.id, len(here.occurrences), world.writes()) == (made, 6, before)
    assert str(sentence(only_series(world).rule)).startswith("Every week on Tuesday")
    assert_followed(world)
    assert_quiet(world)
