"""Made-up rooms, bookings and checks in every state that a component can show."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from wtforms import BooleanField, Form, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from webapp.domain.words import Answer, Origin, RoomState, RunResult, SyncState
from webapp.models import Connection, Mailbox, Room
from webapp.overview.chart import Chart, bars
from webapp.overview.health import Hour
from webapp.reservations.board import Column
from webapp.reservations.timetable import OFFICE_HOURS, Booked, lay_out
from webapp.rooms.queries import Status

DAY = date(2026, 11, 23)
LONG = "Ganz außerordentliche Gesellschafterversammlung mit anschließender Aussprache über die Räume, " * 2
ARABIC = "اجتماع الميزانية – الربع الرابع (Q4)"
BERLIN = ZoneInfo("Europe/Berlin")


class Still(Status):
    """A status that is only looked at: nothing on this page asks for news."""

    @property
    def moving(self) -> bool:
        """Never."""
        return False


class SampleForm(Form):  # type: ignore[misc]
    """Fields in each state."""

    well = StringField("Name", default="larkfield-hq")
    empty = StringField("Building")
    wrong = StringField("Capacity", default="many")
    choice = SelectField("Time zone", choices=[SelectChoice("Europe/Berlin", "Europe/Berlin")])
    ticked = BooleanField("External Calendar Sync is Active", default=True)
    unticked = BooleanField("Private")


def sample_form() -> SampleForm:
    """A form with one field that needs a change."""
    form = SampleForm()
    form.wrong.errors = ["Capacity is a whole number from 0 to 100,000, or empty."]
    return form


def room_states(now: datetime) -> list[Still]:
    """A room's status block in every state."""
    wanted: list[dict[str, Any]] = [
        {"sync_state": RoomState.OFF, "mailbox": None},
        {"sync_state": RoomState.OFF},
        {"sync_state": RoomState.PENDING},
        {"sync_state": RoomState.PENDING, "progress_done": 120, "progress_total": 200},
        {"sync_state": RoomState.PENDING, "sync_code": "address_unlisted"},
        {"sync_state": RoomState.ACTIVE, "last_synced_at": now - timedelta(seconds=8)},
        {"sync_state": RoomState.ACTIVE, "sync_code": "throttled", "last_synced_at": now},
        {"sync_state": RoomState.ERROR, "sync_code": "mailbox_missing"},
        {"sync_state": RoomState.ERROR, "sync_code": "calendar_changed"},
        {"sync_state": RoomState.HELD, "sync_code": "mass_cancel", "sync_fields": {"count": 14, "total": 18}},
    ]
    return [
        Still(_room(number, now, **fields), waiting=2 * (number % 2), wanted=False, sync_enabled=True)
        for number, fields in enumerate(wanted, start=1)
    ]


def _room(number: int, now: datetime, **fields: Any) -> Room:
    mailbox = fields.pop("mailbox", Mailbox(id=number, address="room-alder@larkfield.example"))
    return Room(
        **{
            "id": number,
            "name": "Alder",
            "building": "Quay House",
            "floor": "2",
            "capacity": 8,
            "time_zone": "Europe/Berlin",
            "connection": Connection(name="larkfield-hq"),
            "external_address": "room-alder@larkfield.example",
            "mailbox": mailbox,
            "mailbox_id": number if mailbox else None,
            "sync_active": mailbox is not None,
            "sync_state_since": now - timedelta(hours=3),
            "sync_fields": {},
            "progress_done": 0,
        }
        | fields
    )


def column(now: datetime) -> Column:
    """A day with a booking of every kind and mark."""
    kinds: list[dict[str, Any]] = [
        {"title": "Made here"},
        {"title": "Made in Outlook", "origin": Origin.OUTLOOK},
        {"title": "Private", "origin": Origin.OUTLOOK, "is_private": True, "who": ""},
        {"title": "A date of a series", "is_series": True, "is_exception": True},
        *({"title": state.value.capitalize(), "sync_state": state} for state in SyncState),
        {"title": "Unconfirmed", "sync_state": SyncState.AWAITING, "is_unconfirmed": True},
        {"title": "New time", "time_is": "new_time"},
        {"title": "Old time", "time_is": "old_time"},
        {"title": "Leaving", "is_leaving": True},
        {"title": "Not followed", "origin": Origin.OUTLOOK, "is_unfollowed": True},
        {"title": LONG},
        {"title": ARABIC, "origin": Origin.OUTLOOK},
    ]
    start = datetime(2026, 11, 23, 6, 15, tzinfo=UTC)
    booked = [
        _booked(number, start + timedelta(minutes=35 * number), **kind) for number, kind in enumerate(kinds, start=1)
    ]
    return Column(
        room=_room(99, now, sync_state=RoomState.ERROR),
        grid=lay_out(DAY, BERLIN, booked, OFFICE_HOURS, datetime(2026, 11, 23, 9, 0, tzinfo=UTC)),
        hours=OFFICE_HOURS,
        view="day",
        title="Alder",
        moves=False,
    )


def _booked(number: int, starts_at: datetime, **kind: Any) -> Booked:
    values: dict[str, Any] = {
        "reservation_id": number,
        "who": "Ines Okafor",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=30),
        "all_day": False,
        "origin": Origin.HERE,
        "is_private": False,
        "is_series": False,
        "sync_state": SyncState.SYNCED,
        "answer": Answer.NONE,
        "blocks": True,
    }
    return Booked(**values | kind)


def check_steps() -> SimpleNamespace:
    """A check whose second step is under way, and one that stopped."""
    states = ("done", "now", "waiting", "stopped")
    keys = ("token", "places", "calendar", "calendar")
    return SimpleNamespace(
        at_rest=False,
        steps=[
            SimpleNamespace(key=key, state=state, seconds=0.4 if state == "done" else None, fields={})
            for key, state in zip(keys, states, strict=True)
        ],
    )


def run_results() -> list[SimpleNamespace]:
    """How a run can end."""
    return [SimpleNamespace(result=result) for result in RunResult]


def day_of_changes(now: datetime) -> Chart:
    """A day with few changes in some hours and many in others."""
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    return bars([Hour(first + timedelta(hours=n), n * n % 17, n * 3 % 7, n == 20) for n in range(24)])
