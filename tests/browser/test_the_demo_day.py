"""The day on which the browser's tests book is free, whenever the demo is started."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.stack import AHEAD, ZONE
from tests.tenant import demo
from tests.tenant.clock import FakeClock


@pytest.mark.parametrize("hour", range(24))
def test_nothing_of_the_demo_is_on_the_day_of_the_browsers_tests(hour: int) -> None:
    now = datetime(2026, 11, 26, hour, 20, tzinfo=UTC)
    tenant = demo.build(FakeClock(now), seed=1)
    day = now.astimezone(ZONE).date() + AHEAD
    start = datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
    for name, *_ in demo.ROOMS:
        there = tenant.occurrences(f"{name}@{tenant.domain}", start, start + timedelta(days=1))
        assert there == [], name
