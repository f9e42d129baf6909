"""Names of zones as Exchange and everything else write them."""

from __future__ import annotations

from datetime import UTC
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
        zone_named(exchange_name(iana))


def test_exchange_is_told_windows_names_where_there_are_any():
    assert exchange_name("Europe/Berlin") == "W. Europe Standard Time"
