"""Names of zones as Exchange and everything else write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, available_timezones

import pytest

from webapp.domain.zones import UnknownZone, exchange_name, zone_named


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("W. Europe Standard Time", ZoneInfo("Europe/Berlin")),
        ("pacific standard time", ZoneInfo("America/Los_Angeles")),
        ("Europe/Berlin", ZoneInfo("Europe/Berlin")),
        ("UTC", UTC),
        ("Etc/UTC", UTC),
        ("tzone://Microsoft/Utc", UTC),
    ],
)
def test_a_zone_is_found_by_its_windows_or_iana_name_h30(name, zone):
    assert zone_named(name) is zone


@pytest.mark.parametrize(
    "name",
    ["", "tzone://Microsoft/Custom", "Customized Time Zone", "Mitteleuropäische Zeit", "America", "../etc/passwd"],
)
def test_an_unknown_zone_is_an_error_and_never_utc_h30(name):
    with pytest.raises(UnknownZone) as caught:
        zone_named(name)
    assert caught.value.name == name


def test_every_name_told_to_exchange_leads_back_to_a_zone():
    for iana in available_timezones() - {"localtime", "Factory"}:
        assert isinstance(zone_named(exchange_name(iana)), tzinfo)


def test_exchange_is_told_windows_names_where_there_are_any():
    assert exchange_name("Europe/Berlin") == "W. Europe Standard Time"


def test_no_name_told_to_exchange_moves_the_hours_of_a_zone_h30():
    days = [datetime(2026, 1, 1, 9, tzinfo=UTC) + timedelta(days=10 * tens) for tens in range(110)]
    for iana in sorted(available_timezones() - {"localtime", "Factory"}):
        told, ours = zone_named(exchange_name(iana)), ZoneInfo(iana)
        assert [day.astimezone(told).utcoffset() for day in days] == [
            day.astimezone(ours).utcoffset() for day in days
        ]


def test_a_zone_whose_windows_namesake_keeps_other_hours_is_told_by_its_own_name():
    assert exchange_name("America/Scoresbysund") == "America/Scoresbysund"
