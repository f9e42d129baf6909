"""What becomes of a series that is changed: cut in two, moved, or given another rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum

from webapp.domain import rule_dates
from webapp.domain.intervals import Span
from webapp.domain.recurrence import ChangedDate, Series
from webapp.domain.rule import WEEK, Fault, InvalidRule, Pattern, PatternType, Range, Rule, Weekday
from webapp.domain.wall import DayTimes, WallTimes, WholeDays
from webapp.domain.zones import exchange_name, iana_name

_IN_EVERY_MONTH = 28
"""The last day that every month has."""


def anchored(rule: Rule) -> Rule:
    """The same dates with a range that starts at the first of them, as Graph wants a series to start.

    Raises `InvalidRule` where the rule has no date at all.
    """
    first = rule_dates.first_date(rule)
    if first is None:
        raise InvalidRule((Fault("end", "no_dates"),))
    return replace(rule, range=replace(rule.range, start=first))


def as_stored(rule: Rule) -> Rule:
    """The form in which rules of both sides are compared: from its first date, in the zone that the name told to
    Exchange leads back to (Europe/Amsterdam comes back as Europe/Berlin, as Windows has one name for both)."""
    rule = replace(rule, zone=iana_name(exchange_name(rule.zone)))
    first = rule_dates.first_date(rule)
    return replace(rule, range=replace(rule.range, start=first)) if first else rule


@dataclass(frozen=True)
class Split:
    """A series cut before one of its dates. `head` is None where nothing would be left before it."""

    head: Series | None
    tail: Series


def split(series: Series, at: date) -> Split:
    """For "this and following": the dates before an original date, and those from it on, with what belongs to each.

    `at` must be a date of the rule. The two have exactly the dates that the one had (H23).
    """
    rule = series.rule
    before = rule_dates.count_until(rule, at - timedelta(days=1))
    if not rule_dates.has_date(rule, at):
        raise InvalidRule((Fault("start", "no_such_date"),))
    tail_range = replace(rule.range, start=at)
    if rule.range.count is not None:
        tail_range = replace(tail_range, count=rule.range.count - before)
    tail = _part(series, replace(rule, range=tail_range), lambda day: day >= at)
    if not before:
        return Split(None, tail)
    return Split(_part(series, cut(rule, at), lambda day: day < at), tail)


def cut(rule: Rule, at: date) -> Rule:
    """A rule that ends before a day later than its start."""
    return replace(rule, range=Range.until(rule.range.start, at - timedelta(days=1)))


def shifted(rule: Rule, by: timedelta) -> Rule:
    """The rule with every date moved by so many days, and hours by the clock on the wall.

    Raises `InvalidRule` where the moved dates are none that a pattern of this type has: a relative pattern, or a day
    of the month that would cross its end, moved to other days.
    """
    rule = anchored(rule)
    times, days = _moved_times(rule.times, by)
    moved = timedelta(days=days)
    span = replace(rule.range, start=rule.range.start + moved, end=rule.range.end and rule.range.end + moved)
    return replace(rule, pattern=_moved_pattern(rule.pattern, days), range=span, times=times)


class OnMasterEdit(Enum):
    """What a calendar does with the changed and cancelled dates of a series whose rule is changed (H24)."""

    WIPES = "wipes"
    KEEPS = "keeps"


@dataclass(frozen=True)
class Remains:
    """A series after its rule was changed, and which changed or cancelled dates did not survive that."""

    series: Series
    lost: tuple[ChangedDate, ...] = ()
    lost_cancelled: frozenset[date] = frozenset()


def after_edit(series: Series, rule: Rule, behaviour: OnMasterEdit) -> Remains:
    """What a series is once its rule was replaced.

    Only cut or prolonged, all dates that are left stay as they are. Else its changed and cancelled dates are gone, or
    those whose date survives stay, without a time of their own.
    """
    if rule == series.rule:
        return Remains(series)
    if only_end_differs(series.rule, rule):
        after = _part(series, rule, lambda day: rule_dates.has_date(rule, day))
    elif behaviour is OnMasterEdit.WIPES:
        after = Series(rule)
    else:
        after = _part(series, rule, lambda day: rule_dates.has_date(rule, day))
        untimed = (replace(one, span=None) for one in after.exceptions)
        after = replace(after, exceptions=tuple(one for one in untimed if one.title is not None))
    return lost(series, after)


def lost(before: Series, after: Series) -> Remains:
    """A later state of a series, as read, and what it no longer has of an earlier one: own times and titles of dates
    (cancelled since is no loss), and cancelled dates that take place again."""

    def is_lost(one: ChangedDate) -> bool:
        now = after.changed.get(one.original)
        if now is None:
            return one.original not in after.cancelled
        return (one.span is not None and now.span is None) or (one.title is not None and now.title is None)

    dropped = tuple(one for one in before.exceptions if is_lost(one))
    return Remains(after, dropped, frozenset(day for day in before.cancelled if after.has_date(day)))


def with_date(series: Series, original: date, span: Span | None) -> Series:
    """A series with one of its dates then, or not at all."""
    others = tuple(one for one in series.exceptions if one.original != original)
    if span is None:
        return replace(series, exceptions=others, cancelled=series.cancelled | {original})
    lives = replace(series, exceptions=others, cancelled=series.cancelled - {original})
    own = span if span != lives.occurrence(original).planned else None
    return replace(lives, exceptions=(*others, ChangedDate(original, own)))


def only_end_differs(one: Rule, other: Rule) -> bool:
    """Whether two rules have the same dates for as long as neither ends."""

    def endless(rule: Rule) -> Rule:
        return replace(rule, range=Range.endless(rule.range.start))

    return endless(one) == endless(other)


def _part(series: Series, rule: Rule, wanted: Callable[[date], bool]) -> Series:
    """A series with another rule and only the wanted of its changed and cancelled dates."""
    changed = tuple(one for one in series.exceptions if wanted(one.original))
    return Series(rule, changed, frozenset(day for day in series.cancelled if wanted(day)))


def _moved_times(times: DayTimes, by: timedelta) -> tuple[DayTimes, int]:
    """The clock times moved, and by how many days their date moves."""
    if isinstance(times, WholeDays):
        return times, by.days
    base = datetime(2000, 1, 1)  # noqa: DTZ001 - a clock on the wall, of no zone
    start = datetime.combine(base, times.start) + by
    end = start + times.length
    return WallTimes(start.time(), end.time(), (end.date() - start.date()).days), (start.date() - base.date()).days


def _moved_pattern(pattern: Pattern, days: int) -> Pattern:
    if days == 0 or pattern.type is PatternType.DAILY:
        return pattern
    if pattern.type is PatternType.WEEKLY:
        turned = tuple(_turned(day, days) for day in pattern.days_of_week)
        return replace(pattern, days_of_week=turned, first_day_of_week=_turned(pattern.first_day_of_week, days))
    day = pattern.day_of_month + days
    if pattern.type.uses_index or not (pattern.day_of_month <= _IN_EVERY_MONTH and 1 <= day <= _IN_EVERY_MONTH):
        raise InvalidRule((Fault("start", "pattern_cannot_move"),))
    return replace(pattern, day_of_month=day)


def _turned(day: Weekday, by: int) -> Weekday:
    return WEEK[(WEEK.index(day) + by) % 7]
