"""The dates of a rule, by arithmetic: no series is walked from its beginning, however long ago that was
(docs/graph.md#series-dates).

A pattern repeats in periods (its days, weeks, months or years), each of which has the same number of dates: that
makes the date of a number, and the number of a date, a division. `dateutil.rrule` is not used for this: it walks, it
skips months without a 31st and years without a February 29th, where Outlook takes the last day.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count as counting

from dateutil.relativedelta import relativedelta

from webapp.domain.rule import LAST_DAY, Pattern, PatternType, RangeType, Rule, WeekIndex

_PLACES = {WeekIndex.FIRST: 0, WeekIndex.SECOND: 1, WeekIndex.THIRD: 2, WeekIndex.FOURTH: 3, WeekIndex.LAST: -1}


def dates_between(rule: Rule, first: date, last: date) -> Iterator[date]:
    """The dates from `first` to `last`, both included."""
    first, last = max(first, rule.range.start), min(last, _bound(rule))
    if first > last:
        return
    for number in counting(_period_of(rule, first)):
        dates = _period(rule, number)
        if not dates or dates[0] > last:
            return
        yield from (day for day in dates if first <= day <= last)


def has_date(rule: Rule, day: date) -> bool:
    """Whether a day is one of the dates."""
    return any(True for _ in dates_between(rule, day, day))


def date_number(rule: Rule, number: int) -> date | None:
    """The date of that number, counted from 0; None after the last."""
    total = count(rule)
    return None if total is not None and number >= total else _unbounded(rule, number)


def count(rule: Rule) -> int | None:
    """How many dates there are; None for an endless series."""
    if rule.range.type is RangeType.NO_END:
        return None
    return count_until(rule, _bound(rule))


def count_until(rule: Rule, day: date) -> int:
    """How many dates there are up to and including a day."""
    return _count_until(rule, min(day, _bound(rule)))


def first_date(rule: Rule) -> date | None:
    """The first date, which may be later than the range's start; None where there is none at all."""
    return date_number(rule, 0)


def last_date(rule: Rule) -> date | None:
    """The last date; None for an endless series and for one without any date."""
    total = count(rule)
    return _unbounded(rule, total - 1) if total else None


def next_date(rule: Rule, after: date) -> date | None:
    """The first date later than a day."""
    return date_number(rule, count_until(rule, after))


def previous_date(rule: Rule, before: date) -> date | None:
    """The last date earlier than a day."""
    earlier = count_until(rule, before - timedelta(days=1))
    return date_number(rule, earlier - 1) if earlier else None


def _bound(rule: Rule) -> date:
    """No date is later than this."""
    span = rule.range
    if span.end is not None:
        return min(span.end, LAST_DAY)
    if span.count is not None:
        return _unbounded(rule, span.count - 1) or LAST_DAY
    return LAST_DAY


def _unbounded(rule: Rule, number: int) -> date | None:
    period, place = divmod(number + _before_start(rule), _dates_a_period(rule.pattern))
    dates = _period(rule, period)
    return dates[place] if place < len(dates) else None


def _count_until(rule: Rule, day: date) -> int:
    if day < rule.range.start:
        return 0
    period = _period_of(rule, day)
    here = sum(1 for one in _period(rule, period) if one <= day)
    return period * _dates_a_period(rule.pattern) + here - _before_start(rule)


def _dates_a_period(pattern: Pattern) -> int:
    return len(pattern.days_of_week) if pattern.type is PatternType.WEEKLY else 1


def _before_start(rule: Rule) -> int:
    """How many dates of the first period lie before the range begins."""
    return sum(1 for day in _period(rule, 0) if day < rule.range.start)


def _period_of(rule: Rule, day: date) -> int:
    """The number of the last period that begins on or before a day not earlier than the start."""
    start, pattern = rule.range.start, rule.pattern
    if pattern.type is PatternType.DAILY:
        return (day - start).days // pattern.interval
    if pattern.type is PatternType.WEEKLY:
        return (day - _week(rule)).days // (7 * pattern.interval)
    years = day.year - start.year
    if pattern.type.uses_month:
        return years // pattern.interval
    return (12 * years + day.month - start.month) // pattern.interval


def _period(rule: Rule, number: int) -> tuple[date, ...]:
    """The dates of one period in order; none where the calendar ends."""
    try:
        dates = _dates_in_period(rule.pattern, rule.range.start, _week(rule), number)
    except (OverflowError, ValueError):
        return ()
    return tuple(day for day in dates if day <= LAST_DAY)


def _dates_in_period(pattern: Pattern, start: date, week: date, number: int) -> tuple[date, ...]:
    step = number * pattern.interval
    if pattern.type is PatternType.DAILY:
        return (start + timedelta(days=step),)
    if pattern.type is PatternType.WEEKLY:
        begin = week + timedelta(weeks=step)
        first = pattern.first_day_of_week.number
        offsets = sorted((day.number - first) % 7 for day in pattern.days_of_week)
        return tuple(begin + timedelta(days=offset) for offset in offsets)
    month = start.replace(day=1)
    if pattern.type.uses_month:
        month += relativedelta(years=step, month=pattern.month)
    else:
        month += relativedelta(months=step)
    return (_date_in_month(pattern, month),)


def _week(rule: Rule) -> date:
    """The first day of the week in which the range begins; weeks begin where the pattern says."""
    start = rule.range.start
    return start - timedelta(days=(start.weekday() - rule.pattern.first_day_of_week.number) % 7)


def _date_in_month(pattern: Pattern, first: date) -> date:
    """The one date of a month, whose first day is given."""
    if pattern.type.uses_day_of_month:
        return first + relativedelta(day=pattern.day_of_month)
    wanted = {day.number for day in pattern.days_of_week}
    days = range(1, monthrange(first.year, first.month)[1] + 1)
    fitting = [day for day in days if (first.weekday() + day - 1) % 7 in wanted]
    return first.replace(day=fitting[_PLACES[pattern.index]])
