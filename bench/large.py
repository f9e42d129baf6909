"""A large installation in PostgreSQL, made by the database itself: rooms, a million dates, runs, and what waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Database
from sqlalchemy import text

from webapp.models import (
    Attempt,
    Base,
    Conflict,
    Connection,
    Credential,
    Hold,
    Install,
    Link,
    Mailbox,
    MailboxLedger,
    Meeting,
    Occurrence,
    Outbox,
    Person,
    Reservation,
    Room,
    RoomChoice,
    RoomRun,
    RunStep,
    SyncSettings,
    User,
    WorkerHeartbeat,
)

SERIES_DATES = 50
PEOPLE = 20_000


@dataclass(frozen=True)
class Size:
    """How much there is of everything; two fifths of the dates are of series."""

    rooms: int = 10_000
    dates: int = 1_000_000

    @property
    def series(self) -> int:
        """Series, each with `SERIES_DATES` dates."""
        return self.dates * 2 // 5 // SERIES_DATES

    @property
    def singles(self) -> int:
        """Single reservations."""
        return self.dates - self.series * SERIES_DATES

    @property
    def reservations(self) -> int:
        """All reservations: singles first, then series."""
        return self.singles + self.series


def fill(database: Database, size: Size, now: datetime, user: Mapping[str, Any]) -> None:
    """Make all rows: dates begin a week before `now` and go on for a year."""
    maker = _Maker(database, now)
    _fill_settings(maker, user)
    _fill_rooms(maker, size)
    _fill_reservations(maker, size)
    _fill_history(maker, size)
    _count_on(database)
    database.execute(text("ANALYZE"))


class _Maker:
    """Writes `INSERT … SELECT` for a model: given expressions, and the model's own defaults for the rest."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database, self.now = database, now

    def make(self, model: type[Base], number: int, /, **columns: str) -> None:
        """`number` rows of a model; expressions see `n` from 1 and the instant `:now`."""
        chosen = {"id": "n"} if "id" in model.__table__.columns and "id" not in columns else {}
        chosen |= {_quoted(name): expression for name, expression in columns.items()}
        values: dict[str, Any] = {}
        for column in model.__table__.columns:
            name = column.name
            if name in columns or name in chosen or column.default is None:
                continue
            value = column.default.arg(None) if column.default.is_callable else column.default.arg
            values[f"d_{name}"] = "{}" if value == {} else "[]" if value == [] else value
            chosen[_quoted(name)] = f"CAST(:d_{name} AS json)" if value in ({}, []) else f":d_{name}"
        statement = (
            f'INSERT INTO "{model.__tablename__}" ({", ".join(chosen)}) '
            f"SELECT {', '.join(chosen.values())} FROM generate_series(1, {number}) AS n"
        )
        used = {"now": self.now} if ":now" in statement else {}
        self.database.execute(text(statement), values | used)


def _quoted(name: str) -> str:
    return f'"{name}"'


def _fill_settings(maker: _Maker, user: Mapping[str, Any]) -> None:
    maker.database.execute(text("DELETE FROM sync_settings"))
    maker.database.execute(text("DELETE FROM install"))
    maker.make(SyncSettings, 1, enabled="true", delegation="true")
    maker.make(Install, 1, mark="'abcd1234'", made_at=":now")
    maker.database.execute(User.__table__.insert().values(created_at=maker.now, **user))
    maker.make(
        WorkerHeartbeat, 8, process="'worker:host:' || n", kind="CASE WHEN n = 1 THEN 'clock' ELSE 'worker' END",
        started_at=":now", seen_at=":now",
    )  # fmt: skip
    maker.make(
        Connection, 3, name="'tenant-' || n", client_id="'4d7f20c9-61be-4a0e-9c55-7be1f0a2d683'",
        tenant_id="'larkfield' || n || '.example'", created_at=":now", places_listed_at=":now",
    )  # fmt: skip
    maker.make(Credential, 3, connection_id="n", secret_id="''", secret_encrypted="'x'", stored_at=":now")  # noqa: S106


def _fill_rooms(maker: _Maker, size: Size) -> None:
    """Every room but a few is Active; tenant 3 lists as many rooms again that are not linked yet."""
    of_tenant = "n % 2 + 1"
    address = "'room-' || n || '@larkfield.example'"
    maker.make(
        Mailbox, size.rooms, connection_id=of_tenant, address=address, tenant_guid="'t' || (n % 2 + 1)",
        calendar_key="'k' || n", last_polled_at=":now", wanted="1", done="1",
    )  # fmt: skip
    state = (
        "CASE WHEN n % 100 = 1 THEN 'error' WHEN n % 200 = 2 THEN 'held' WHEN n % 200 = 3 THEN 'pending' "
        "WHEN n % 200 = 4 THEN 'off' ELSE 'active' END"
    )
    causes = "(ARRAY['access_denied', 'mailbox_missing', 'unavailable'])[n / 100 % 3 + 1]"
    code = f"CASE WHEN n % 100 = 1 THEN {causes} END"
    maker.make(
        Room, size.rooms, name="'Room ' || lpad(n::text, 5, '0')", building="'House ' || n % 100",
        floor="(n % 9)::text", capacity="n % 40", time_zone="'Europe/Berlin'", connection_id=of_tenant,
        external_address=address, mailbox_id="n", sync_active="n % 200 <> 4", sync_state=state, sync_code=code,
        sync_state_since=":now", last_synced_at=":now", created_at=":now",
    )  # fmt: skip
    for tenant, first in ((1, 0), (3, size.rooms)):
        maker.make(
            RoomChoice, size.rooms, id=f"n + {first}", connection_id=str(tenant), listed_at=":now", floor="'1'",
            address=f"'room-' || n || '@{'larkfield' if tenant == 1 else 'other'}.example'",
            name="'Room ' || lpad(n::text, 5, '0')", building="'House ' || n % 100", capacity="n % 40",
        )  # fmt: skip


def _fill_reservations(maker: _Maker, size: Size) -> None:
    rooms, singles, series = size.rooms, size.singles, size.series
    maker.make(Person, PEOPLE, email="'p' || n || '@larkfield.example'", name="'Person ' || n")
    hour = "((n * 7919::bigint) % 8760) * interval '1 hour'"
    start = f":now - interval '7 days' + {hour} + (n % {rooms}) * interval '1 second'"
    ends = f"{start} + interval '1 hour'"
    at = {"starts_at": start, "ends_at": ends, "start_date": "NULL", "end_date": "NULL"}
    maker.make(
        Meeting, size.reservations, title="'Meeting ' || n", title_source="'typed'", tenant_guid="'t'",
        ical_uid="'uid-' || n", origin="CASE WHEN n % 3 = 0 THEN 'here' ELSE 'outlook' END",
        kind=f"CASE WHEN n > {singles} THEN 'series' ELSE 'single' END", organizer_id=f"n % {PEOPLE} + 1",
        home="CASE WHEN n % 3 = 0 THEN 'resource' ELSE 'user' END", created_at=":now", **at,
    )  # fmt: skip
    failed = "CASE WHEN n % 5000 = 0 THEN 'failed' WHEN n % 5001 = 0 THEN 'waiting' ELSE 'synced' END"
    maker.make(
        Reservation, size.reservations, meeting_id="n", room_id=f"n % {rooms} + 1", public_id="'r' || n",
        sync_state=failed, sync_code="CASE WHEN n % 5000 = 0 THEN 'refused' END", created_at=":now",
    )  # fmt: skip
    maker.make(
        Link, size.reservations, mailbox_id=f"n % {rooms} + 1", event_id="'event-' || n", role="'copy'",
        state="'linked'", reservation_id="n", ical_uid="'uid-' || n", created_at=":now", dirty="false",
        observed="""json_build_object('created', :now, 'modified', :now)""",
    )  # fmt: skip
    maker.make(
        Occurrence, singles, room_id=f"n % {rooms} + 1", reservation_id="n", starts_at=start, ends_at=ends,
    )  # fmt: skip
    which = f"({singles} + (n - 1) / {SERIES_DATES} + 1)"
    day = (
        f":now - interval '7 days' + ((n - 1) % {SERIES_DATES}) * interval '7 days' + {which} % 9 * interval '1 hour'"
    )
    maker.make(
        Occurrence, series * SERIES_DATES, id=f"{singles} + n", room_id=f"{which} % {rooms} + 1",
        reservation_id=which, original_start=f"to_char({day}, 'YYYY-MM-DD')", starts_at=day,
        ends_at=f"{day} + interval '30 minutes'",
    )  # fmt: skip


def _fill_history(maker: _Maker, size: Size) -> None:
    rooms, past, one = size.rooms, ":now - n * interval '2 seconds'", f"(n - 1) % {size.reservations} + 1"
    runs, writes, place = size.dates // 5, size.dates // 10, f"n % {rooms} + 1"
    maker.make(
        RoomRun, runs, id=f"{runs + 1} - n", room_id=place, mailbox_id=place,
        kind="CASE WHEN n % 50 = 0 THEN 'full' ELSE 'delta' END", started_at=past, finished_at=past,
        result="CASE WHEN n % 100 = 1 THEN 'failed' ELSE 'done' END", changed_here="n % 3", changed_there="n % 2",
        code="CASE WHEN n % 100 = 1 THEN 'access_denied' END",
    )  # fmt: skip
    maker.make(
        RunStep, 2 * runs, id=f"{2 * runs + 1} - n", run_id=f"{runs + 1} - ((n + 1) / 2)",
        room_id=f"(n + 1) / 2 % {rooms} + 1", at=past, reservation_id=one,
        side="CASE WHEN n % 3 = 0 THEN 'there' ELSE 'here' END",
        action="CASE WHEN n % 3 = 0 THEN 'create' ELSE 'import' END",
    )  # fmt: skip
    maker.make(
        Outbox, size.dates // 1000, mailbox_id=place, reservation_id="n", revision="1", written_at=past,
    )  # fmt: skip
    maker.make(
        Attempt, writes, mailbox_id=place, reservation_id=one, kind="'create'", state="'done'",
        fence="1", revision="1", started_at=past,
    )  # fmt: skip
    maker.make(Hold, 25, room_id="n + 1", kind="'mass_cancel'", opened_at=past)
    maker.make(Conflict, 200, room_id=place, reservation_id="n", kind="'overlap'", at=past)
    maker.make(
        MailboxLedger, writes, at=past, connection_id="1", mailbox_id=place, room_id=place,
        meeting_id=one, operation="'read'", allowed_by="'titles'", finished_at=past, status="200",
    )  # fmt: skip


def _count_on(database: Database) -> None:
    """New rows get ids after those that were made here."""
    for table in Base.metadata.sorted_tables:
        if "id" not in table.columns or table.name in ("sync_settings", "install"):
            continue
        sequence = f"pg_get_serial_sequence('\"{table.name}\"', 'id')"
        database.execute(text(f'SELECT setval({sequence}, (SELECT coalesce(max(id), 1) FROM "{table.name}"))'))
