"""Names of time zones: the Windows ones that Exchange speaks, and the IANA ones that everything else does.

The table is tzlocal's copy of CLDR's windowsZones; it is versioned with that package.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from tzlocal.windows_tz import tz_win, win_tz

_UTC_NAMES = frozenset({"utc", "etc/utc", "coordinated universal time", "tzone://microsoft/utc"})
_DAYS = tuple(datetime(2025, 1, 1, 12, tzinfo=UTC) + timedelta(weeks=week) for week in range(4 * 52))
"""On which the hours of two zones are compared: a change of the law reaches the table of names years late."""
_IANA_OF_WINDOWS = {name.casefold(): iana for name, iana in win_tz.items()}


class UnknownZone(ValueError):
    """No zone has this name. It must never be taken for UTC (H30)."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


def zone_named(name: str) -> tzinfo:
    """The zone of a Windows or IANA name, in any letter case for Windows names; raises `UnknownZone`.

    `tzone://Microsoft/Custom` stands for rules that nobody can look up (docs/graph.md#zone-names).
    """
    iana = iana_name(name)
    return UTC if iana == "UTC" else ZoneInfo(iana)


def iana_name(name: str) -> str:
    """The IANA name of the zone that has a Windows or IANA name, "UTC" for all of its; raises `UnknownZone`."""
    folded = name.strip().casefold()
    if folded in _UTC_NAMES:
        return "UTC"
    iana = _IANA_OF_WINDOWS.get(folded, name.strip())
    if iana not in _iana_names():
        raise UnknownZone(name)
    return iana


def zone_info(iana: str) -> ZoneInfo:
    """The rules of an IANA zone by its exact name; raises `UnknownZone`."""
    if iana not in _iana_names():
        raise UnknownZone(iana)
    return ZoneInfo(iana)


@cache
def exchange_name(iana: str) -> str:
    """What to call an IANA zone towards Exchange: it knows every Windows name but not every IANA one.

    Where the Windows zone of the table keeps other hours (Scoresbysund, Casey and Vostok do, in 2026), its name would
    move every date of a series; the IANA name is then the better one.
    """
    windows = tz_win.get(iana, iana)
    return windows if windows == iana or _hours(iana_name(windows)) == _hours(iana) else iana


@cache
def _hours(iana: str) -> tuple[timedelta | None, ...]:
    """The zone's offsets on the days on which zones are compared."""
    zone = ZoneInfo(iana)
    return tuple(day.astimezone(zone).utcoffset() for day in _DAYS)


@cache
def _iana_names() -> frozenset[str]:
    return frozenset(available_timezones())
