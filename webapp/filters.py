"""How numbers, dates and instants are written on screen; registered as template filters."""

from __future__ import annotations

from datetime import UTC, date, datetime

from flask import Flask
from markupsafe import Markup

from webapp.clock import utcnow


def number(value: int) -> str:
    """`10000` as `10,000`."""
    return f"{value:,}"


def count(value: int, one: str, many: str | None = None) -> str:
    """`1 room`, `137 rooms`; `many` defaults to `one` + s."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def day(value: date) -> str:
    """`15 Dec 2026`."""
    return f"{value.day} {value:%b %Y}"


def span(seconds: float) -> str:
    """A length of time in its largest unit: `8 s`, `2 min`, `3 h`, `5 d`."""
    whole = max(0, int(seconds))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if whole >= size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def instant(value: datetime) -> str:
    """`22 Nov 2026, 09:12 UTC`: what is seen where no script turns it into the reader's own zone."""
    value = value.astimezone(UTC)
    return f"{day(value)}, {value:%H:%M} UTC"


def moment(value: datetime, *, relative: bool = True) -> Markup:
    """A `<time>`: `8 s ago` within the last hour, else the instant, which app.js shows in the reader's zone."""
    stamp = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    age = (utcnow() - value).total_seconds()
    # Numbers and our own words alone; a list shows two hundred, and Markup.format takes five times as long.
    if relative and 0 <= age < 3_600:
        said = f'<time datetime="{stamp}" title="{instant(value)}" data-local data-relative>{span(age)} ago</time>'
    else:
        said = f'<time datetime="{stamp}" data-local>{instant(value)}</time>'
    return Markup(said)


def register(app: Flask) -> None:
    """Make the filters known to templates under their own names."""
    for function in (number, count, day, span, instant, moment):
        app.add_template_filter(function, function.__name__)
