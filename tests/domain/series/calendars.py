"""Calendars checked by hand, on paper calendars: what a recurrence says, and its first dates.

The first twelve are the examples of the official documentation, the next four real recorded series. A full stop at
the end: there are no more dates.
"""

from __future__ import annotations

from typing import Any, NamedTuple

WORKDAYS = "monday tuesday wednesday thursday friday"
EVERY_DAY = f"{WORKDAYS} saturday sunday"


class Calendar(NamedTuple):
    """A name, how it repeats, from when until when, and its dates."""

    name: str
    pattern: dict[str, Any]
    span: dict[str, Any]
    dates: str

    @property
    def recurrence(self) -> dict[str, Any]:
        return {"pattern": self.pattern, "range": self.span}

    @property
    def expected(self) -> list[str]:
        return self.dates.rstrip(".").split()

    @property
    def is_whole(self) -> bool:
        """Whether all dates are written down."""
        return self.dates.endswith(".")


def daily(interval: int = 1) -> dict[str, Any]:
    return {"type": "daily", "interval": interval}


def weekly(days: str, interval: int = 1, weeks_from: str = "sunday") -> dict[str, Any]:
    return {"type": "weekly", "interval": interval, "daysOfWeek": days.split(), "firstDayOfWeek": weeks_from}


def monthly(day: int, interval: int = 1) -> dict[str, Any]:
    return {"type": "absoluteMonthly", "interval": interval, "dayOfMonth": day}


def monthly_on(index: str, days: str, interval: int = 1) -> dict[str, Any]:
    return {"type": "relativeMonthly", "interval": interval, "daysOfWeek": days.split(), "index": index}


def yearly(day: int, month: int, interval: int = 1) -> dict[str, Any]:
    return {"type": "absoluteYearly", "interval": interval, "dayOfMonth": day, "month": month}


def yearly_on(index: str, days: str, month: int, interval: int = 1) -> dict[str, Any]:
    return monthly_on(index, days, interval) | {"type": "relativeYearly", "month": month}


def from_(start: str) -> dict[str, Any]:
    return {"type": "noEnd", "startDate": start}


def between(start: str, end: str) -> dict[str, Any]:
    return {"type": "endDate", "startDate": start, "endDate": end}


def times(count: int, start: str) -> dict[str, Any]:
    return {"type": "numbered", "startDate": start, "numberOfOccurrences": count}


# fmt: off
CALENDARS = [
    Calendar("official: every day, ten times", daily(), times(10, "2017-04-02"),
             "2017-04-02 2017-04-03 2017-04-04 2017-04-05 2017-04-06 2017-04-07 2017-04-08 2017-04-09 2017-04-10 "
             "2017-04-11."),
    Calendar("official: every third day of a July", daily(3), between("2017-07-01", "2017-07-31"),
             "2017-07-01 2017-07-04 2017-07-07 2017-07-10 2017-07-13 2017-07-16 2017-07-19 2017-07-22 2017-07-25 "
             "2017-07-28 2017-07-31."),
    Calendar("official: Thursdays, from a Monday on", weekly("thursday"), from_("2017-05-15"),
             "2017-05-18 2017-05-25 2017-06-01 2017-06-08"),
    Calendar("official: every second Monday and Tuesday", weekly("monday tuesday", 2), times(10, "2017-04-02"),
             "2017-04-03 2017-04-04 2017-04-17 2017-04-18 2017-05-01 2017-05-02 2017-05-15 2017-05-16 2017-05-29 "
             "2017-05-30."),
    Calendar("official: the 15th, in one month", monthly(15), between("2017-07-01", "2017-07-31"), "2017-07-15."),
    Calendar("official: the 7th of every third month, begun after it", monthly(7, 3), from_("2017-05-15"),
             "2017-08-07 2017-11-07 2018-02-07 2018-05-07"),
    Calendar("official: the second Wednesday", monthly_on("second", "wednesday"), times(10, "2017-04-02"),
             "2017-04-12 2017-05-10 2017-06-14 2017-07-12 2017-08-09 2017-09-13 2017-10-11 2017-11-08 2017-12-13 "
             "2018-01-10."),
    Calendar("official: the first Thursday or Friday", monthly_on("first", "thursday friday"), from_("2017-05-15"),
             "2017-06-01 2017-07-06 2017-08-03 2017-09-01 2017-10-05"),
    Calendar("official: 15 April", yearly(15, 4), times(10, "2017-04-02"),
             "2017-04-15 2018-04-15 2019-04-15 2020-04-15 2021-04-15 2022-04-15 2023-04-15 2024-04-15 2025-04-15 "
             "2026-04-15."),
    Calendar("official: the last Wednesday of November", yearly_on("last", "wednesday", 11), from_("2017-05-15"),
             "2017-11-29 2018-11-28 2019-11-27 2020-11-25"),
    Calendar("official: Mondays of an autumn", weekly("monday"), between("2017-09-04", "2017-12-31"),
             "2017-09-04 2017-09-11 2017-09-18 2017-09-25 2017-10-02 2017-10-09 2017-10-16 2017-10-23 2017-10-30 "
             "2017-11-06 2017-11-13 2017-11-20 2017-11-27 2017-12-04 2017-12-11 2017-12-18 2017-12-25."),
    Calendar("official: the first Thursday of every second month, begun after it",
             monthly_on("first", "thursday", 2), from_("2017-08-29"),
             "2017-10-05 2017-12-07 2018-02-01 2018-04-05"),
    Calendar("recorded: every third week, Monday and Wednesday", weekly("monday wednesday", 3), from_("2014-11-03"),
             "2014-11-03 2014-11-05 2014-11-24 2014-11-26 2014-12-15 2014-12-17"),
    Calendar("recorded: the first Monday of every second month", monthly_on("first", "monday", 2),
             from_("2015-01-05"), "2015-01-05 2015-03-02 2015-05-04 2015-07-06"),
    Calendar("recorded: the first Wednesday of November, every second year",
             yearly_on("first", "wednesday", 11, 2), from_("2016-11-02"),
             "2016-11-02 2018-11-07 2020-11-04 2022-11-02"),
    Calendar("recorded: three days", daily(), between("2022-09-19", "2022-09-21"),
             "2022-09-19 2022-09-20 2022-09-21."),
    Calendar("the 31st, or a month's last day", monthly(31), from_("2026-01-31"),
             "2026-01-31 2026-02-28 2026-03-31 2026-04-30 2026-05-31 2026-06-30 2026-07-31"),
    Calendar("the 30th in a leap year", monthly(30), from_("2028-01-30"), "2028-01-30 2028-02-29 2028-03-30"),
    Calendar("the 29th in a common year", monthly(29), from_("2027-01-29"), "2027-01-29 2027-02-28 2027-03-29"),
    Calendar("the 31st of every second month, begun in a short one", monthly(31, 2), from_("2026-04-30"),
             "2026-04-30 2026-06-30 2026-08-31 2026-10-31 2026-12-31 2027-02-28"),
    Calendar("29 February", yearly(29, 2), from_("2024-02-29"),
             "2024-02-29 2025-02-28 2026-02-28 2027-02-28 2028-02-29"),
    Calendar("29 February, leap years only", yearly(29, 2, 4), from_("2024-02-29"),
             "2024-02-29 2028-02-29 2032-02-29 2036-02-29"),
    Calendar("29 February through a year that is no leap year", yearly(29, 2, 4), times(3, "2096-02-29"),
             "2096-02-29 2100-02-28 2104-02-29."),
    Calendar("31 April", yearly(31, 4), times(2, "2026-04-01"), "2026-04-30 2027-04-30."),
    Calendar("the fifth Monday where there is one, else the fourth", monthly_on("last", "monday"),
             from_("2026-03-01"), "2026-03-30 2026-04-27 2026-05-25 2026-06-29 2026-07-27"),
    Calendar("the fourth Monday", monthly_on("fourth", "monday"), from_("2026-03-01"),
             "2026-03-23 2026-04-27 2026-05-25 2026-06-22 2026-07-27"),
    Calendar("a month's last workday", monthly_on("last", WORKDAYS), from_("2026-01-01"),
             "2026-01-30 2026-02-27 2026-03-31 2026-04-30 2026-05-29"),
    Calendar("a month's third workday", monthly_on("third", WORKDAYS), from_("2026-01-01"),
             "2026-01-05 2026-02-04 2026-03-04"),
    Calendar("a month's first day of a weekend", monthly_on("first", "saturday sunday"), from_("2026-01-01"),
             "2026-01-03 2026-02-01 2026-03-01 2026-04-04 2026-05-02"),
    Calendar("a month's last day", monthly_on("last", EVERY_DAY), from_("2028-01-01"),
             "2028-01-31 2028-02-29 2028-03-31 2028-04-30"),
    Calendar("every second week, weeks from Sunday", weekly("sunday tuesday", 2, "sunday"), from_("2026-11-24"),
             "2026-11-24 2026-12-06 2026-12-08 2026-12-20"),
    Calendar("every second week, weeks from Monday", weekly("sunday tuesday", 2, "monday"), from_("2026-11-24"),
             "2026-11-24 2026-11-29 2026-12-08 2026-12-13"),
    Calendar("every second week, weeks from Saturday", weekly("friday saturday", 2, "saturday"), from_("2026-11-27"),
             "2026-11-27 2026-12-05 2026-12-11 2026-12-19 2026-12-25"),
    Calendar("every fourth Monday over the new year", weekly("monday", 4), from_("2026-12-07"),
             "2026-12-07 2027-01-04 2027-02-01 2027-03-01"),
    Calendar("workdays, from a Saturday on", weekly(WORKDAYS), times(6, "2026-11-28"),
             "2026-11-30 2026-12-01 2026-12-02 2026-12-03 2026-12-04 2026-12-07."),
    Calendar("every second day over the end of a leap February", daily(2), times(3, "2028-02-27"),
             "2028-02-27 2028-02-29 2028-03-02."),
    Calendar("once", daily(), times(1, "2026-11-24"), "2026-11-24."),
    Calendar("never: it ends before its first date", weekly("thursday"), between("2026-11-24", "2026-11-25"), "."),
    Calendar("Thanksgiving", yearly_on("fourth", "thursday", 11), from_("2026-11-24"),
             "2026-11-26 2027-11-25 2028-11-23"),
    Calendar("Labor Day", yearly_on("first", "monday", 9), from_("2026-01-01"), "2026-09-07 2027-09-06 2028-09-04"),
    Calendar("10 January of every second year, begun after it", yearly(10, 1, 2), from_("2026-06-01"),
             "2028-01-10 2030-01-10 2032-01-10"),
    Calendar("the first of the month, begun on the last", monthly(1), from_("2026-11-30"),
             "2026-12-01 2027-01-01 2027-02-01"),
]


class Night(NamedTuple):
    """A zone, a clock's times on three days around a change of the clocks, and the instants that they are."""

    name: str
    zone: str
    day: str
    wall: tuple[str, str]
    instants: str


NIGHTS = [
    Night("Berlin, forward, morning", "Europe/Berlin", "2027-03-27", ("09:00", "10:00"),
          "03-27T08:00/09:00 03-28T07:00/08:00 03-29T07:00/08:00"),
    Night("Berlin, forward, in the gap", "Europe/Berlin", "2027-03-27", ("02:30", "03:30"),
          "03-27T01:30/02:30 03-28T01:30/02:30 03-29T00:30/01:30"),
    Night("Berlin, forward, over the gap", "Europe/Berlin", "2027-03-27", ("01:00", "04:00"),
          "03-27T00:00/03:00 03-28T00:00/02:00 03-29T23:00/02:00"),
    Night("Berlin, forward, ends in the gap", "Europe/Berlin", "2027-03-27", ("01:30", "02:30"),
          "03-27T00:30/01:30 03-28T00:30/01:30 03-29T23:30/00:30"),
    Night("Berlin, back, morning", "Europe/Berlin", "2026-10-24", ("09:00", "10:00"),
          "10-24T07:00/08:00 10-25T08:00/09:00 10-26T08:00/09:00"),
    Night("Berlin, back, in the doubled hour", "Europe/Berlin", "2026-10-24", ("02:15", "02:45"),
          "10-24T00:15/00:45 10-25T00:15/00:45 10-26T01:15/01:45"),
    Night("Berlin, back, over the doubled hour", "Europe/Berlin", "2026-10-24", ("01:30", "03:30"),
          "10-24T23:30/01:30 10-25T23:30/02:30 10-26T00:30/02:30"),
    Night("New York, forward, in the gap", "America/New_York", "2027-03-13", ("02:30", "03:00"),
          "03-13T07:30/08:00 03-14T07:30/08:00 03-15T06:30/07:00"),
    Night("New York, back, in the doubled hour", "America/New_York", "2026-10-31", ("01:30", "02:30"),
          "10-31T05:30/06:30 11-01T05:30/07:30 11-02T06:30/07:30"),
    Night("Sydney, forward, morning", "Australia/Sydney", "2026-10-03", ("09:00", "10:00"),
          "10-03T23:00/00:00 10-04T22:00/23:00 10-05T22:00/23:00"),
    Night("Sydney, back, in the doubled hour", "Australia/Sydney", "2027-04-03", ("02:30", "03:30"),
          "04-03T15:30/16:30 04-04T15:30/17:30 04-05T16:30/17:30"),
    Night("São Paulo, forward at midnight, in the gap", "America/Sao_Paulo", "2018-11-03", ("00:30", "01:30"),
          "11-03T03:30/04:30 11-04T03:30/04:30 11-05T02:30/03:30"),
    Night("São Paulo, back at midnight, in the doubled hour", "America/Sao_Paulo", "2018-02-16", ("23:15", "23:45"),
          "02-16T01:15/01:45 02-17T01:15/01:45 02-18T02:15/02:45"),
    Night("São Paulo, no clocks change any more", "America/Sao_Paulo", "2026-11-01", ("09:00", "10:00"),
          "11-01T12:00/13:00 11-02T12:00/13:00 11-03T12:00/13:00"),
]
# fmt: on
"""`instants` are start and end in UTC behind each local date; a start may fall on the UTC day before or after."""
