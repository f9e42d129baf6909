"""Zones and instants as Graph writes them: Windows and IANA names, dateTimeTimeZone, seven fraction digits."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from tzlocal.windows_tz import win_tz

UTC_NAMES = frozenset({"utc", "etc/utc", "etc/gmt", "gmt", "tzone://microsoft/utc", "coordinated universal time"})
# Names that only old clients write; Graph shows them but nobody can look them up.
ODD_NAMES = frozenset({"tzone://microsoft/custom", "customized time zone"})
NEVER = "0001-01-01T00:00:00Z"

_WINDOWS = {name.casefold(): (name, iana) for name, iana in win_tz.items()}
_IANA = {name.casefold(): name for name in available_timezones()}
_NAIVE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?\Z")
_OFFSET = re.compile(r"(.*T.*?)(Z|[+-]\d\d:?\d\d)?\Z", re.IGNORECASE)


class UnknownZone(ValueError):
    """A time zone name that Exchange does not know."""


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The rules behind a Windows or IANA zone name. Raises UnknownZone."""
    key = name.strip().casefold() if isinstance(name, str) else ""
    if key in UTC_NAMES:
        return ZoneInfo("UTC")
    if key in _WINDOWS:
        return ZoneInfo(_WINDOWS[key][1])
    if key in _IANA:
        return ZoneInfo(_IANA[key])
    raise UnknownZone(name)


def windows_names() -> list[str]:
    """All Windows zone names, sorted."""
    return sorted(win_tz)


def naive(text: str) -> datetime:
    """A dateTime member without offset, fraction optional and cut to microseconds. Raises ValueError."""
    match = _NAIVE.match(text) if isinstance(text, str) else None
    if not match:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction = match.groups()
    micro = int(((fraction or "") + "000000")[:6])
    return datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micro)  # noqa: DTZ001


def to_utc(wall: datetime, zone_name: str) -> datetime:
    """A wall clock reading in a zone as an aware UTC instant; gaps move forward."""
    try:
        return wall.replace(tzinfo=zone(zone_name)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(str(wall)) from error


def in_zone(moment: datetime, zone_name: str) -> datetime:
    """An instant as naive wall time in a zone."""
    try:
        return moment.astimezone(zone(zone_name)).replace(tzinfo=None)
    except OverflowError:
        return moment.replace(tzinfo=None)


def query_instant(text: str) -> datetime:
    """A startDateTime/endDateTime value: its offset counts, without one it is UTC. Raises ValueError.

    An unencoded `+` has become a blank on the way, which is no offset: refused, as the service does.
    """
    match = _OFFSET.match(text)
    body, offset = (match.group(1), match.group(2)) if match else (text, None)
    wall = naive(body)
    if not offset or offset in "Zz":
        return wall.replace(tzinfo=UTC)
    sign = -1 if offset[0] == "-" else 1
    digits = offset[1:].replace(":", "")
    delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return (wall - sign * delta).replace(tzinfo=UTC)


def stamp(moment: datetime, tick: int = 0) -> str:
    """created/lastModified: `Z`, up to seven fraction digits, trailing zeros cut."""
    fraction = f"{moment.microsecond:06d}{tick % 10}".rstrip("0")
    base = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{base}.{fraction}Z" if fraction else f"{base}Z"


def whole(moment: datetime) -> str:
    """originalStart and the like: to the second, `Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=65536)
def wall_text(moment: datetime, zone_name: str) -> str:
    """A dateTime member: no offset, always seven fraction digits."""
    wall = in_zone(moment, zone_name)
    return (
        f"{wall.year:04d}-{wall.month:02d}-{wall.day:02d}T" + wall.strftime("%H:%M:%S") + f".{wall.microsecond:06d}0"
    )


def midnight(day: date) -> str:
    """The dateTime member of an all-day start or end."""
    return f"{day.isoformat()}T00:00:00.0000000"


def midnight_utc(day: date, zone_name: str) -> datetime:
    """The instant at which a day begins in a zone."""
    return to_utc(datetime.combine(day, time()), zone_name)
