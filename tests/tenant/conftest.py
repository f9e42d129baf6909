"""What the tenant's own tests start from: a tenant with two rooms and three people, and somebody who asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pytest
import requests

from tests.tenant import Tenant, personal
from tests.tenant.entra import App

ROOM, OTHER_ROOM = "room1@contoso.example", "room2@contoso.example"
ADA, BEN = "ada@contoso.example", "ben@contoso.example"
WINDOW = "startDateTime=2026-11-20T00:00:00Z&endDateTime=2027-01-20T00:00:00Z"
DAY = date(2026, 11, 24)


def wall(hour: int, minute: int = 0, day: int = 24, month: int = 11, year: int = 2026) -> datetime:
    """A wall clock reading on the day after the tenant's clock starts, a Tuesday."""
    return datetime(year, month, day, hour, minute)  # noqa: DTZ001


def weekly(count: int = 5, start: date = DAY, days: tuple[str, ...] = ("tuesday",)) -> dict[str, Any]:
    """A weekly rule."""
    return {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": list(days)},
        "range": {"type": "numbered", "startDate": start.isoformat(), "numberOfOccurrences": count},
    }


def event(hour: int = 10, subject: str = "Made by the app", **more: Any) -> dict[str, Any]:
    """The body of a POST."""
    return {
        "subject": subject,
        "start": {"dateTime": f"2026-11-24T{hour:02d}:00:00", "timeZone": "UTC"},
        "end": {"dateTime": f"2026-11-24T{hour + 1:02d}:00:00", "timeZone": "UTC"},
    } | more


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread or process does; a minute in vain fails."""
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.01)


@dataclass
class Asker:
    """A client with a token."""

    tenant: Tenant
    app: App
    prefer: str = 'IdType="ImmutableId"'
    session: requests.Session = field(init=False)
    bearer: str = field(init=False)

    def __post_init__(self) -> None:
        self.session = self.tenant.session()
        self.bearer = self.new_token()

    def token(self, tenant: str | None = None, **changes: Any) -> requests.Response:
        """Ask for a token; `changes` replace form fields, None leaves them out."""
        form = {
            "client_id": self.app.client_id,
            "client_secret": self.app.secret,
            "grant_type": "client_credentials",
            "scope": f"{self.tenant.graph_origin}/.default",
        } | changes
        form = {name: value for name, value in form.items() if value is not None}
        directory = self.tenant.tenant_id if tenant is None else tenant
        return self.session.post(f"{self.tenant.authority_origin}/{directory}/oauth2/v2.0/token", data=form)

    def new_token(self) -> str:
        """Replace the bearer token by a fresh one."""
        self.bearer = self.token().json()["access_token"]
        return self.bearer

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """A request below /v1.0, or to an absolute address."""
        url = path if path.startswith("https://") else f"{self.tenant.graph_base_url}{path}"
        sent = {"Authorization": f"Bearer {self.bearer}", "Prefer": self.prefer}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.request(method, url, json=body, headers=sent)

    def get(self, path: str, **headers: str) -> requests.Response:
        """GET."""
        return self.ask("GET", path, **headers)

    def create(self, box: str = ROOM, **body: Any) -> dict[str, Any]:
        """POST an event and return it."""
        answer = self.ask("POST", f"/users/{box}/events", event(**body))
        assert answer.status_code == 201, answer.text
        return answer.json()

    def view(self, box: str = ROOM, window: str = WINDOW) -> list[dict[str, Any]]:
        """All pages of a calendarView."""
        return self.pages(f"/users/{box}/calendarView?{window}&$top=100")

    def pages(self, path: str) -> list[dict[str, Any]]:
        """All rows of a listing."""
        rows: list[dict[str, Any]] = []
        while path:
            body = self.get(path).json()
            rows += body["value"]
            path = body.get("@odata.nextLink", "")
        return rows

    def round(
        self, link: str | None = None, box: str = ROOM, window: str = WINDOW
    ) -> tuple[list[dict[str, Any]], str]:
        """One round of delta: its rows and the deltaLink."""
        path = link or f"/users/{box}/calendarView/delta?{window}"
        rows: list[dict[str, Any]] = []
        while True:
            answer = self.get(path, Prefer=f"{self.prefer}, odata.maxpagesize=50")
            assert answer.status_code == 200, answer.text
            body = answer.json()
            rows += body["value"]
            if "@odata.deltaLink" in body:
                return rows, body["@odata.deltaLink"]
            path = body["@odata.nextLink"]


def code_of(answer: requests.Response) -> str:
    """The code of an error answer."""
    return answer.json()["error"]["code"]


@pytest.fixture
def tenant() -> Tenant:
    """A tenant without replays, so that a round's rows can be counted."""
    made = Tenant(seed=7)
    made.switches.replays = 0.0
    made.add_room(ROOM, "Room 1", 8, "North", 1, "Europe/Berlin")
    made.add_room(OTHER_ROOM, "Room 2", 4, "North", 2, "Europe/Berlin")
    made.add_person(ADA, "Ada Lindholm", "Europe/Berlin")
    made.add_person(BEN, "Ben Okafor", "Europe/Berlin")
    return made


@pytest.fixture
def app(tenant: Tenant) -> App:
    """An app with both permissions."""
    return tenant.register_app()


@pytest.fixture
def asker(tenant: Tenant, app: App) -> Asker:
    """Somebody with a token of that app."""
    return Asker(tenant, app)


@pytest.fixture(autouse=True)
def people_are_left_alone() -> Iterator[None]:
    """The tenant's own tests list people's calendars: that is not the product's doing (watch.py)."""
    yield
    personal.seen.clear()
