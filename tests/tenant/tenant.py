"""The tenant: one directory with its mailboxes, its clock, its mail, its faults and its log of requests."""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import requests

from tests.tenant import administration, assistant, entra, graph, ids, inprocess, personal, truth
from tests.tenant.administration import Administration
from tests.tenant.calls import RequestInfo
from tests.tenant.clock import FakeClock, RealClock
from tests.tenant.faults import Faults
from tests.tenant.people import Booked, Person
from tests.tenant.state import Item, Mailbox, expanded
from tests.tenant.switches import Mutators, RoomPolicy, Switches
from tests.tenant.throttle import Throttle

HANDLERS = assistant.HANDLERS | administration.HANDLERS
AUTHORITY_ORIGIN = "https://login.tenant.example"
GRAPH_ORIGIN = "https://graph.tenant.example"
MAX_LOGGED = 200_000
_NOT_KEPT = {"requests": list, "personal": list, "improper": list, "met": set, "verified_tokens": dict}


class Mail(NamedTuple):
    """One mail that went out: to whom, what kind, which meeting (its iCalUId)."""

    to: str
    kind: str
    event: str


class Tenant(Administration):
    """A simulated Microsoft 365 tenant, in memory, deterministic for a seed under a fake clock."""

    def __init__(
        self, seed: int = 0, clock: FakeClock | RealClock | None = None, domain: str = "contoso.example"
    ) -> None:
        self.seed = seed
        self.clock = clock or FakeClock()
        self.random = random.Random(seed)
        self.domain = domain
        self.name = domain.split(".")[0].title()
        self.authority_origin = AUTHORITY_ORIGIN
        self.graph_origin = GRAPH_ORIGIN
        self.tenant_id = self.guid()
        self.signing_key = self.random.randbytes(32)
        self.other_tenants: set[str] = set()
        self.switches = Switches()
        self.mutators = Mutators()
        self.faults = Faults(self)
        self.throttle = Throttle()
        self.apps: dict[str, entra.App] = {}
        self.verified_tokens: dict[str, dict[str, Any]] = {}
        self.mails: list[Mail] = []
        self.requests: list[RequestInfo] = []
        self.personal: list[RequestInfo] = []
        self.improper: list[RequestInfo] = []
        self.met: set[tuple[str, str]] = set()
        self.mail_delay = 0.0
        self.latency = 0.0
        self.lock = threading.RLock()
        self._boxes: dict[str, Mailbox] = {}
        self._names: dict[str, str] = {}
        self._jobs: list[tuple[datetime, int, str, tuple[Any, ...]]] = []
        self._jobs_so_far = 0
        self._running: datetime | None = None
        self._requests_so_far = 0
        self._listeners: list[Callable[[str, RequestInfo], None]] = []
        self.on_change: Callable[[], None] | None = None

    @property
    def graph_base_url(self) -> str:
        """Graph's address with its version."""
        return f"{self.graph_origin}/v1.0"

    # -- making things

    def guid(self) -> str:
        """A new GUID out of the tenant's own randomness."""
        text = f"{self.random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def new_secret(self) -> str:
        """A secret value as Entra makes them: 40 characters, a tilde among them."""
        alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
        text = "".join(self.random.choice(alphabet) for _ in range(39))
        return f"{text[:3]}8Q~{text[6:]}"

    def register_app(self, roles: Iterable[str] = ("Calendars.ReadWrite", "Place.Read.All")) -> entra.App:
        """An app registration with a secret and admin consent to these application permissions."""
        app = entra.App(self, self.guid(), self.guid(), self.guid(), self.new_secret(), tuple(roles))
        self.apps[app.client_id] = app
        return app

    def _add(self, address: str, name: str, kind: str, time_zone: str) -> Mailbox:
        if self.find_mailbox(address) is not None:
            raise ValueError(f"{address} exists")
        store = ids.Store(self.guid(), self.random.randbytes(16), self.random.randbytes(16))
        box = Mailbox(address, name, kind, self.guid(), store, time_zone)
        box.place["id"] = self.guid().upper()
        self._boxes[address.lower()] = box
        self._names[address.lower()] = address.lower()
        return box

    def add_room(
        self,
        address: str,
        name: str | None = None,
        capacity: int | None = None,
        building: str | None = None,
        floor: int | None = None,
        time_zone: str = "UTC",
        policy: RoomPolicy | None = None,
        listed: bool = True,
        listed_after: float = 0,
    ) -> Mailbox:
        """A room mailbox. `listed` False keeps it out of Places, `listed_after` seconds delay it there."""
        box = self._add(address, name or address.split("@")[0].title(), "room", time_zone)
        box.policy = policy or RoomPolicy()
        box.listed = listed
        box.listed_from = self.clock.now() + timedelta(seconds=listed_after) if listed_after else None
        box.place |= {"capacity": capacity, "building": building, "floor": floor}
        return box

    def add_outsider(self, address: str, name: str | None = None, time_zone: str = "UTC") -> Mailbox:
        """Somebody of another organisation: can invite and be invited, has no mailbox here."""
        return self._add(address, name or address.split("@")[0].title(), "external", time_zone)

    def add_person(self, address: str, name: str | None = None, time_zone: str = "UTC") -> Mailbox:
        """A person with a mailbox."""
        return self._add(address, name or address.split("@")[0].title(), "person", time_zone)

    # -- finding things

    def mailboxes(self) -> list[Mailbox]:
        """All mailboxes, in the order in which they were made."""
        return list(self._boxes.values())

    def find_mailbox(self, address: str) -> Mailbox | None:
        """A mailbox by any of its addresses."""
        name = self._names.get(address.lower())
        return None if name is None else self._boxes.get(name)

    def find_object(self, object_id: str) -> Mailbox | None:
        """A mailbox by its user's object id."""
        return next((box for box in self._boxes.values() if box.object_id == object_id.lower()), None)

    def mailbox(self, address: str) -> Mailbox:
        """As find_mailbox. Raises KeyError."""
        box = self.find_mailbox(address)
        if box is None:
            raise KeyError(address)
        return box

    def is_internal(self, address: str) -> bool:
        """Whether an address is of this organisation."""
        box = self.find_mailbox(address)
        return box.kind != "external" if box else address.lower().endswith(f"@{self.domain.lower()}")

    # -- people

    def as_person(self, address: str) -> Person:
        """Somebody in Outlook, in his own calendar."""
        return Person(self, address)

    def as_delegate(self, room_address: str) -> Person:
        """Somebody with rights on a room's calendar, who writes there directly."""
        return Person(self, room_address)

    def booked(self, address: str, event_id: str) -> Booked:
        """The handle on an item of a mailbox by its id, an item that an app made as well. Raises KeyError."""
        item = self.mailbox(address).items[ids.parse(event_id).number]
        return Booked(self, address, item.number, item.uid)

    # -- mail, jobs, time

    def mail(self, to: str, kind: str, item: Item) -> None:
        """Note a mail that goes out."""
        self.mails.append(Mail(to, kind, item.uid))

    def mails_to(self, address: str, kind: str | None = None, since: int = 0) -> list[Mail]:
        """Mails to a mailbox by any of its addresses, after the first `since` of all."""
        box = self.find_mailbox(address)
        names = {address.lower()} | (box.answers_to() if box else set())
        return [m for m in self.mails[since:] if m.to.lower() in names and kind in (None, m.kind)]

    def mails_to_people(self, since: int = 0) -> Counter[tuple[str, str]]:
        """How many mails of each kind went to everybody who is no room, by address and kind, after the first
        `since` of all.
        """
        rooms = {name for box in self._boxes.values() if box.kind == "room" for name in box.answers_to()}
        return Counter((m.to.lower(), m.kind) for m in self.mails[since:] if m.to.lower() not in rooms)

    def job(self, delay: float, kind: str, *parts: Any) -> None:
        """Something that happens by itself after a delay."""
        due = (self._running or self.clock.now()) + timedelta(seconds=delay)
        self._jobs_so_far += 1
        heapq.heappush(self._jobs, (due, self._jobs_so_far, kind, parts))

    def run_due(self) -> bool:
        """Run what is due now; True if anything ran."""
        ran = False
        while self._jobs and self._jobs[0][0] <= self.clock.now():
            # What a job leads to is timed from when the job was due, however late it runs.
            self._running, _, kind, parts = heapq.heappop(self._jobs)
            try:
                HANDLERS[kind](self, *parts)
            finally:
                self._running = None
            ran = True
        if ran and self.on_change:
            self.on_change()
        return ran

    def advance(self, seconds: float) -> None:
        """Move the fake clock, running on the way what falls due."""
        with self.lock:
            goal = self.clock.now() + timedelta(seconds=seconds)
            while self._jobs and self._jobs[0][0] <= goal:
                self._move_to(self._jobs[0][0])
                self.run_due()
            self._move_to(goal)

    def _move_to(self, moment: datetime) -> None:
        if isinstance(self.clock, FakeClock):
            self.clock.advance_to(moment)
        else:
            self.clock.advance(max(0.0, (moment - self.clock.now()).total_seconds()))

    def settle(self) -> None:
        """Let everything happen that is under way: mail, assistants, lagging reads, hidden items."""
        with self.lock:
            while self._jobs:
                self._move_to(max(self._jobs[0][0], self.clock.now()))
                self.run_due()
            for box in self._boxes.values():
                box.lag = None
                box.hidden.clear()

    # -- truth, for oracles

    def events(self, address: str) -> list[dict[str, Any]]:
        """The true state of a mailbox: one plain dict an item (series as one)."""
        box = self.mailbox(address)
        return [truth.row(box, item) for item in box.items.values()]

    def occurrences(self, address: str, begin: datetime, finish: datetime) -> list[dict[str, Any]]:
        """The true state of a window: singles and dates of series, sorted by start."""
        box = self.mailbox(address)
        found = [one for item in box.items.values() for one in expanded(item, begin, finish)]
        return [truth.row(box, one) for one in sorted(found, key=lambda one: (one.start, one.number))]

    # -- requests

    def on_request(self, callback: Callable[[str, RequestInfo], None]) -> Callable[[], None]:
        """Call back "before" and "after" each Graph request's effect; returns how to stop."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def tell(self, phase: str, info: RequestInfo) -> None:
        """Tell those who listen."""
        for listener in list(self._listeners):
            listener(phase, info)

    def log_request(self, request: graph.Request) -> RequestInfo:
        """A new line of the log."""
        self._requests_so_far += 1
        info = RequestInfo(
            self._requests_so_far,
            self.clock.now(),
            request.method,
            unquote(request.path),
            request.raw_query,
            client_request_id=request.headers.get("client-request-id"),
            request_id=self.guid(),
            in_batch=request.in_batch,
        )
        self.requests.append(info)
        if len(self.requests) > MAX_LOGGED:
            del self.requests[: MAX_LOGGED // 2]
        return info

    def note_personal(self, info: RequestInfo) -> None:
        """A line of the log that is about a person's mailbox; kept apart, for all of the tenant's life."""
        self.personal.append(info)
        personal.note(self, info)

    def personal_requests(self) -> list[RequestInfo]:
        """Requests to persons' mailboxes, in order."""
        return list(self.personal)

    def improper_personal_requests(self) -> list[RequestInfo]:
        """Those of them that no setting ever allows (see personal.py)."""
        return list(self.improper)

    def take_slot(self, authorization: str, path: str) -> tuple[str, str] | None:
        """A slot of the mailbox's limit, where throttling is on. Raises GraphError 429."""
        if not self.throttle.enabled:
            return None
        segments = graph.segments_of(path)
        box = self.find_mailbox(segments[1]) if len(segments) > 2 and segments[0].lower() == "users" else None
        claims = self.verified_tokens.get(authorization.partition(" ")[2])
        if box is None or claims is None:
            return None
        return self.throttle.enter(claims["appid"], box.object_id, self.clock.now().timestamp())

    def pause(self) -> None:
        """What a request to Graph takes, in real seconds."""
        if self.latency:
            time.sleep(self.latency)

    def handle(
        self, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer a request to either origin: status, headers, body. Raises AnswerLost.

        `url` is absolute or a path; header names in lower case.
        """
        parts = urlsplit(url)
        at = {self.graph_origin, self.authority_origin} if not parts.netloc else {f"{parts.scheme}://{parts.netloc}"}
        if (parts.path == "/v1.0" or parts.path.startswith("/v1.0/")) and self.graph_origin in at:
            request = graph.Request(method.upper(), parts.path[5:], parts.query, headers, body)
            response = graph.serve(self, request)
        else:
            response = entra.serve(self, method.upper(), parts.path, headers, body)
        return response.status, response.headers, response.encoded()

    def session(self) -> requests.Session:
        """A requests session that reaches this tenant without sockets."""
        return inprocess.session(self)

    # -- keeping

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        for name in ("lock", "_listeners", "on_change", *_NOT_KEPT):
            del state[name]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.lock = threading.RLock()
        self._listeners, self.on_change = [], None
        for name, empty in _NOT_KEPT.items():
            setattr(self, name, empty())
