"""The tenant that the demo starts with: two buildings, a dozen rooms, some people and a week's meetings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.tenant.clock import FakeClock, RealClock
from tests.tenant.tenant import Tenant

ZONE = "Europe/Berlin"
ROOMS = (
    ("aspen", "Aspen", 4, "North House", 1),
    ("birch", "Birch", 6, "North House", 1),
    ("cedar", "Cedar", 8, "North House", 2),
    ("elm", "Elm", 10, "North House", 2),
    ("maple", "Maple", 12, "North House", 3),
    ("oak", "Oak Boardroom", 20, "North House", 3),
    ("amber", "Amber", 4, "South House", 0),
    ("coral", "Coral", 4, "South House", 0),
    ("jade", "Jade", 6, "South House", 1),
    ("onyx", "Onyx", 8, "South House", 1),
    ("opal", "Opal", 14, "South House", 2),
    ("pearl", "Pearl Auditorium", 60, "South House", 2),
)
PEOPLE = (
    ("ada.lindholm", "Ada Lindholm"),
    ("ben.okafor", "Ben Okafor"),
    ("carla.mendes", "Carla Mendes"),
    ("dan.whitfield", "Dan Whitfield"),
    ("eva.sorensen", "Eva Sorensen"),
    ("hugo.tanaka", "Hugo Tanaka"),
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def build(clock: FakeClock | RealClock | None = None, seed: int | None = None) -> Tenant:
    """The demo tenant, with one registered app; real clock and fresh identifiers by default."""
    tenant = Tenant(seed if seed is not None else int(datetime.now(UTC).timestamp()), clock or RealClock())
    tenant.register_app()
    domain = tenant.domain
    for name, shown, capacity, building, floor in ROOMS:
        tenant.add_room(f"{name}@{domain}", shown, capacity, building, floor, ZONE)
    for name, shown in PEOPLE:
        tenant.add_person(f"{name}@{domain}", shown, ZONE)
    _book(tenant)
    return tenant


def _office_hour(now: datetime) -> datetime:
    """The present hour, or in the evening and at night the morning that comes: nobody meets at midnight."""
    local = now.astimezone(ZoneInfo(ZONE)).replace(minute=0, second=0, microsecond=0)
    if not 9 <= local.hour <= 13:
        local = local.replace(hour=10) + timedelta(days=1 if local.hour > 13 else 0)
    return local.astimezone(UTC)


def _book(tenant: Tenant) -> None:
    domain = tenant.domain
    ada, ben, carla, dan, eva, hugo = (tenant.as_person(f"{name}@{domain}") for name, _ in PEOPLE)
    hour = _office_hour(tenant.clock.now())

    def at(hours: float, minutes: int = 60) -> tuple[datetime, datetime]:
        start = hour + timedelta(hours=hours)
        return start, start + timedelta(minutes=minutes)

    def room(name: str) -> str:
        return f"{name}@{domain}"

    ada.book("Quarterly planning", *at(1, 90), rooms=[room("cedar")], guests=[ben.address, carla.address])
    ben.book("Design review", *at(-1, 120), rooms=[room("aspen")], guests=[dan.address])
    carla.book("Customer call", *at(3, 30), rooms=[room("amber")], guests=["pat@fabrikam.example"])
    dan.book("Appraisal", *at(2), rooms=[room("coral")], guests=[eva.address], sensitivity="private")
    eva.book("All hands", *at(26, 60), rooms=[room("pearl"), room("oak")], guests=[ada.address, hugo.address])
    hugo.book("Candidate interview", *at(5, 45), rooms=[room("birch")])
    day = (hour + timedelta(days=1)).date()
    start = datetime(day.year, day.month, day.day, 9, 30)  # noqa: DTZ001
    hugo.book(
        "Team weekly",
        start,
        start + timedelta(minutes=45),
        rooms=[room("elm")],
        guests=[ada.address, ben.address],
        recurrence={
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": [_DAYS[day.weekday()]]},
            "range": {"type": "numbered", "startDate": day.isoformat(), "numberOfOccurrences": 12},
        },
    )
    tenant.as_delegate(room("opal")).book(
        "Painting the walls", day + timedelta(days=2), day + timedelta(days=3), all_day=True
    )
    tenant.run_due()
