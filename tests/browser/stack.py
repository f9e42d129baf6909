"""The running demo as a test sees it: addresses, its processes, its database, and what Microsoft truly holds."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import requests

from script.lib.process import wait_until
from tests.support.demo import Demo

PATIENCE = 40.0
"""Seconds until what ends within few is taken as failed; nothing is measured with it."""

LOOK_AGAIN_SECONDS = 0.5

ZONE = ZoneInfo("Europe/Berlin")
"""Where the tenant's rooms stand, and their people."""

AHEAD = timedelta(days=11)
"""So far ahead the demo's own meetings leave the day free at whatever hour it was started (see test_the_demo_day)."""

DAY = datetime.now(ZONE).date() + AHEAD
"""The day of what a test books."""


def instant(clock: str) -> datetime:
    """The instant of a wall-clock time (`10:00`) on `DAY`."""
    return datetime.combine(DAY, time.fromisoformat(clock), ZONE).astimezone(UTC)


def until(is_so: Callable[[], bool], what: str) -> None:
    """Waits for what the sync does by itself, looking as often as a person would: each look is a page, or a question
    to Graph, and the machine has the sync to do."""
    assert wait_until(is_so, PATIENCE, LOOK_AGAIN_SECONDS), f"it did not come about: {what}"


@dataclass(frozen=True)
class Event:
    """What Graph says of one event of a room."""

    subject: str
    start: datetime
    end: datetime


class Stack:
    """A started demo with a session at Graph that is not the product's."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.tenant: dict[str, str] = json.loads((demo.data / "tenant.out").read_text().splitlines()[0])
        self.panel = self.shown("Panel")
        self.outlook = self.shown("Outlook page")
        self._graph = requests.Session()
        self._graph.verify = self.tenant["ca_path"]
        self._graph.trust_env = False

    def shown(self, label: str) -> str:
        """What script/server printed beside the label."""
        value = self.demo.shown(label)
        assert value, f"script/server did not say {label}"
        return value

    def address(self, name: str) -> str:
        """The address of a room or person of the tenant."""
        return f"{name}@{self.tenant['domain']}"

    def events(self, room: str, day: date = DAY) -> list[Event]:
        """What the room's calendar holds on that day, by exact instants, asked from Graph itself."""
        start = datetime.combine(day, time(), ZONE)
        window = {"startDateTime": start.isoformat(), "endDateTime": (start + timedelta(days=1)).isoformat()}
        url = f"{self.tenant['graph_base_url']}/users/{self.address(room)}/calendarView"
        headers = {"Authorization": f"Bearer {self._token()}", "Prefer": 'outlook.timezone="UTC"'}
        answer = self._graph.get(url, params=window, headers=headers, timeout=10)
        answer.raise_for_status()
        return sorted((_event(one) for one in answer.json()["value"]), key=lambda event: event.start)

    def holds(self, room: str, subject: str, start: str, end: str) -> bool:
        """Whether the room has this event exactly once, at these instants, and no other of that subject."""
        found = [event for event in self.events(room) if event.subject == subject]
        return found == [Event(subject, instant(start), instant(end))]

    def has_none(self, room: str, subject: str) -> bool:
        """Whether no event of that subject is in the room."""
        return subject not in [event.subject for event in self.events(room)]

    def _token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.tenant["client_id"],
            "client_secret": self.tenant["secret"],
            "scope": self.tenant["graph_base_url"].rpartition("/")[0] + "/.default",
        }
        url = f"{self.tenant['authority']}/{self.tenant['tenant_id']}/oauth2/v2.0/token"
        answer = self._graph.post(url, data=form, timeout=10)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    @contextmanager
    def resting_worker(self) -> Iterator[None]:
        """The worker stands still, as on a machine that hangs; afterwards it goes on."""
        pid = self.demo.pids()["worker"]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def forget_tokens(self) -> None:
        """As an hour later: the worker has to sign in anew. It is restarted, because it keeps tokens in memory."""
        before = self.demo.pids()["worker"]
        self.query("DELETE FROM token_cache")
        os.kill(before, signal.SIGKILL)
        until(lambda: self.demo.pids()["worker"] != before, "the supervisor starts the worker again")

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the product's database."""
        with closing(sqlite3.connect(self.demo.data / "app.db", timeout=10)) as connection, connection:
            return connection.execute(sql, values).fetchall()


def _event(one: dict[str, Any]) -> Event:
    start, end = (datetime.fromisoformat(one[side]["dateTime"][:19]).replace(tzinfo=UTC) for side in ("start", "end"))
    assert one["start"]["timeZone"] == one["end"]["timeZone"] == "UTC"
    return Event(one["subject"], start, end)
