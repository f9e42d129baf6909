"""The day's changes as a picture: what was sent above an axis, what was read below it, as geometry for SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.overview.health import Hour

HIGH = 80
"""The tallest bar, in the units of the picture."""
SLOT, WIDTH = 30, 18


@dataclass(frozen=True)
class Bar:
    """One hour: where it stands, how high its two bars are, and its label where it has one."""

    x: int
    up: float
    down: float
    label: str


@dataclass(frozen=True)
class Chart:
    """Bars with what they come to; `busiest` hours are said in words for those who do not see them."""

    bars: Sequence[Bar]
    sent: int
    read: int
    failed: int
    said: str


def bars(hours: Sequence[Hour]) -> Chart:
    """The picture of these hours."""
    tallest = max((max(hour.here, hour.there) for hour in hours), default=0) or 1
    drawn = [
        Bar(
            x=place * SLOT,
            up=_height(hour.there, tallest),
            down=_height(hour.here, tallest),
            label=f"{hour.begins:%H}:00" if place % 4 == 2 else "",
        )
        for place, hour in enumerate(hours)
    ]
    return Chart(
        drawn,
        sent=sum(hour.there for hour in hours),
        read=sum(hour.here for hour in hours),
        failed=sum(hour.failed for hour in hours),
        said=", ".join(filter(None, (_busiest(hours, "there", "Sent"), _busiest(hours, "here", "Read")))),
    )


def _height(number: int, tallest: int) -> float:
    return round(max(3.0, HIGH * number / tallest), 1) if number else 0


def _busiest(hours: Sequence[Hour], side: str, word: str) -> str:
    top = max(hours, key=lambda hour: getattr(hour, side), default=None)
    number = getattr(top, side) if top else 0
    return f"{word} most at {top.begins:%H}:00 UTC with {number:,}" if top and number else ""
