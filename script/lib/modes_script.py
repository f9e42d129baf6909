"""A fixed script of 20 actions of people, in Outlook and here, and what each made the sync do in whose mailbox.

Played in a world of two rooms against the simulated tenant, once for each combination of the settings. What was read
and written comes from the tenant's own log of requests.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import unquote

from sqlalchemy import select

from tests.sync.world import World
from tests.tenant import Booked
from tests.tenant.calls import RequestInfo
from webapp.database import Transactions
from webapp.domain.access import Modes
from webapp.domain.intervals import Timed
from webapp.errors import AppError
from webapp.models import Mailbox, MailboxLedger, Meeting, Reservation
from webapp.reservations import service
from webapp.reservations.drafts import Draft
from webapp.reservations.rows import span_of, title_of
from webapp.sync_settings import service as settings

ROOMS = ("alder", "birch")
PEOPLE = ("ada", "bob", "olga")
OUTSIDE = "olga@elsewhere.example"
GUEST = "gil@elsewhere.example"
HERE, OUTLOOK = "here", "Outlook"

_USER = re.compile(r"^/?(?:v1\.0/)?users/([^/?]+)(/.*)?$")
_EVENT = re.compile(r"^/events/[^/]+(/cancel)?$")


class SilentBell:
    """Nobody is woken: the script runs the rooms itself."""

    def ring(self, job: str, *args: object, queue: str | None = None) -> bool:
        """Heard by nobody."""
        return True


@dataclass(frozen=True)
class Personal:
    """One request to a person's mailbox, as the tenant's log has it."""

    who: str
    what: str
    """`by id`, `by iCalUId`, `by our tag`, `patch`, `cancel`, `create`; anything else is not allowed, ever."""
    had_effect: bool
    sent: tuple[str, ...] = ()
    """Members of what was written, by Graph's names."""
    asked: tuple[str, ...] = ()
    """Members that a reading asked for; none means all of them."""


def personal_requests(log: list[RequestInfo], rooms: set[str]) -> list[Personal]:
    """What was asked of mailboxes that are not a room's, whether they exist or not."""
    found = []
    for request in log:
        user = _USER.match(request.path)
        address = unquote(user[1]).lower() if user else ""
        if user is None or address in rooms:
            continue
        sent = tuple(sorted(request.body)) if isinstance(request.body, dict) and request.method != "GET" else ()
        what = _what(request, user[2] or "")
        found.append(Personal(address.split("@")[0], what, request.had_effect, sent, _asked(request)))
    return found


def _asked(request: RequestInfo) -> tuple[str, ...]:
    select = re.search(r"\$select=([^&]+)", unquote(request.query)) if request.method == "GET" else None
    return tuple(select[1].split(",")) if select else ()


def _what(request: RequestInfo, rest: str) -> str:
    query, event = unquote(request.query), _EVENT.match(rest)
    if event and event[1]:
        return "cancel" if request.method == "POST" else f"{request.method} {rest}"
    if event:
        return {"GET": "by id", "PATCH": "patch"}.get(request.method, f"{request.method} {rest}")
    if rest == "/events" and request.method == "POST":
        return "create"
    if rest == "/events" and re.search(r"\$filter=iCalUId eq '[^']+'(&|$)", query):
        return "by iCalUId"
    if rest == "/events" and re.search(r"\$filter=singleValueExtendedProperties/Any\(", query):
        return "by our tag"
    return f"{request.method} {rest}?{query}"


@dataclass
class Done:
    """What one action led to. `shown` is the reservation on screen afterwards."""

    outcome: str = ""
    shown: str = ""
    written: dict[str, int] = field(default_factory=dict)
    """Writes in the rooms' own calendars that had an effect."""
    personal: list[Personal] = field(default_factory=list)


class Play:
    """One playing of the script under some settings."""

    def __init__(self, modes: Modes) -> None:
        self.modes = modes
        self.world = World()
        self.events: dict[str, Booked] = {}
        self.kept: dict[str, int] = {}
        self.done: list[Done] = []
        self.ledger: list[tuple[str, MailboxLedger]] = []
        tenant = self.world.tenant
        for name in ("ada", "bob"):
            tenant.add_person(self.world.address(name), name.title())
        tenant.add_outsider(OUTSIDE, "Olga")
        for name in ROOMS:
            self.world.add_room(name)
            tenant.set_policy(self.world.address(name), process_external=True)
        self.world.run()
        self.refusal = self._save_settings()

    @property
    def asked(self) -> list[Personal]:
        """Every request to a person's mailbox."""
        return [request for done in self.done for request in done.personal]

    def _save_settings(self) -> str | None:
        """Save the settings as the page does; why they are refused, or None."""
        transactions: Transactions = self.world.transactions
        try:
            with transactions.writing() as session:
                wanted = settings.Wanted(True, self.modes)
                settings.save(session, SilentBell(), wanted, 1, self.world.now())  # type: ignore[arg-type]
        except AppError as error:
            return error.code
        return None

    def run(self) -> None:
        """Play all actions, syncing until nothing moves after each."""
        for action in SCRIPT:
            mark = len(self.world.tenant.requests)
            outcome = self._act(action)
            self.world.run(patience=80)
            self.done.append(self._told(action, outcome, self.world.tenant.requests[mark:]))
        with self.world.transactions.reading() as session:
            query = select(MailboxLedger, Mailbox.address).join(Mailbox, MailboxLedger.mailbox_id == Mailbox.id)
            self.ledger = [(address.split("@")[0], row) for row, address in session.execute(query)]
            session.expunge_all()

    def _act(self, action: Action) -> str:
        try:
            action.act(self)
        except AppError as error:
            return f"refused: {error.code.replace('_', ' ')}"
        except KeyError:
            return "nothing to do"
        return "done"

    def _told(self, action: Action, outcome: str, log: list[RequestInfo]) -> Done:
        told = Done(outcome, self._shown(action.about))
        for name in ROOMS:
            asked = [request for request in log if request.mailbox == self.world.address(name)]
            told.written[name] = sum(1 for request in asked if request.had_effect)
        told.personal = personal_requests(log, {self.world.address(name) for name in ROOMS})
        return told

    def _shown(self, about: str) -> str:
        found = self.reservation(about) if about else None
        if found is None:
            return "–"
        with self.world.transactions.reading() as session:
            row = session.get_one(Reservation, found)
            title = title_of(row.meeting)
            return f"{title}, cancelled" if row.cancelled_at else f"{title}, {row.sync_state.value}"

    # -- who and what

    def reservation(self, about: str) -> int | None:
        """The id of the reservation that a name stands for: `name`, or `name/room` of an event in Outlook."""
        name, _, room = about.partition("/")
        if name in self.kept:
            return self.kept[name]
        if name not in self.events:
            return None
        with self.world.transactions.reading() as session:
            query = (
                select(Reservation.id)
                .join(Meeting, Reservation.meeting_id == Meeting.id)
                .where(Meeting.ical_uid == self.events[name].ical_uid)
                .where(Reservation.room_id == self.world.rooms[room or "alder"])
            )
            return session.scalar(query)

    def at(self, hours: float) -> Timed:
        """An hour of the day after tomorrow: what is booked for it lies ahead all through the script."""
        return self.world.at(24 + hours)

    def invite(self, name: str, who: str, rooms: tuple[str, ...], hours: float, **more: object) -> None:
        """A person books rooms in Outlook."""
        span, address = self.at(hours), OUTSIDE if who == "olga" else self.world.address(who)
        to = [self.world.address(room) for room in rooms]
        person = self.world.tenant.as_person(address)
        self.events[name] = person.book(name.capitalize(), span.start, span.end, rooms=to, **more)  # type: ignore[arg-type]

    def organizer_does(self, name: str, what: str, **changes: object) -> None:
        """The organizer changes or cancels his meeting in Outlook."""
        event = self.events[name]
        getattr(self.world.tenant.as_person(event.address), what)(event, **changes)

    def book(self, name: str, room: str, hours: float, **more: object) -> None:
        """Somebody here books a room."""
        self.kept[name] = self.world.book(room, name.capitalize(), self.at(hours), **more)

    def change(self, about: str, title: str | None = None, hours: float | None = None) -> None:
        """Somebody here changes a reservation, keeping what is not named."""
        key = self._key(about)
        with self.world.transactions.writing() as session:
            row = session.get_one(Reservation, key)
            meeting, owner = row.meeting, row.meeting.owner
            draft = Draft(
                row.room_id,
                title or meeting.title or title_of(meeting),
                span_of(meeting) if hours is None else self.at(hours),
                is_private=meeting.is_private,
                owner_name=owner.name if owner else "",
                owner_email=owner.email if owner else "",
            )
            service.change(session, key, draft, meeting.revision, "Ines", self.world.now())

    def here(self, about: str, what: str) -> None:
        """Somebody here cancels for one room, cancels the whole meeting, or declines for the room."""
        key = self._key(about)
        with self.world.transactions.writing() as session:
            row = session.get_one(Reservation, key)
            getattr(service, what)(session, key, row.meeting.revision, "Ines", self.world.now())

    def sync_all(self) -> None:
        """Sync All Calendars."""
        for name in ROOMS:
            self.world.want(name, full=True)

    def _key(self, about: str) -> int:
        found = self.reservation(about)
        if found is None:
            raise KeyError(about)
        return found


@dataclass(frozen=True)
class Action:
    """One line of the script; `about` names the reservation whose state is shown afterwards."""

    where: str
    text: str
    act: Callable[[Play], None]
    about: str = ""


def _daily(play: Play) -> None:
    first: datetime = play.at(15).start
    rule = {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": date.isoformat(first.date()), "numberOfOccurrences": 3},
    }
    play.invite("stand-up", "bob", ("birch",), 15, recurrence=rule)


def _moved(play: Play) -> None:
    span = play.at(16.5)
    play.organizer_does("budget", "change", start=span.start, end=span.end)


def _delegate_books(play: Play) -> None:
    span = play.at(13)
    delegate = play.world.tenant.as_delegate(play.world.address("birch"))
    play.events["interview"] = delegate.book("Interview", span.start, span.end)


def _book_for_bob(play: Play) -> None:
    bob = {"owner_name": "Bob", "owner_email": play.world.address("bob")}
    play.book("workshop", "birch", 11, in_owner_calendar=True, **bob)


SCRIPT: tuple[Action, ...] = (
    Action(OUTLOOK, "Ada books Alder: Budget", lambda p: p.invite("budget", "ada", ("alder",), 8), "budget"),
    Action(
        OUTLOOK,
        "Ada books Alder and Birch, and invites a guest: Review",
        lambda p: p.invite("review", "ada", ROOMS, 9.5, guests=[GUEST]),
        "review",
    ),
    Action(
        OUTLOOK,
        "Ada books Alder for something private",
        lambda p: p.invite("salaries", "ada", ("alder",), 11, sensitivity="private"),
        "salaries",
    ),
    Action(
        OUTLOOK,
        "Olga, of another organisation, books Alder: Pitch",
        lambda p: p.invite("pitch", "olga", ("alder",), 13),
        "pitch",
    ),
    Action(OUTLOOK, "Bob books Birch for three days in a row: Stand-up", _daily, "stand-up/birch"),
    Action(OUTLOOK, "A delegate books in Birch’s own calendar: Interview", _delegate_books, "interview/birch"),
    Action(HERE, "Alder is booked in its own calendar: Retro", lambda p: p.book("retro", "alder", 14.5), "retro"),
    Action(HERE, "Birch is booked in its owner Bob’s calendar: Workshop", _book_for_bob, "workshop"),
    Action(
        OUTLOOK,
        "Ada renames Budget to Forecast",
        lambda p: p.organizer_does("budget", "change", subject="Forecast"),
        "budget",
    ),
    Action(OUTLOOK, "Ada moves it to the afternoon", _moved, "budget"),
    Action(HERE, "Retro is renamed", lambda p: p.change("retro", title="Look back"), "retro"),
    Action(HERE, "Ada’s Forecast is renamed to Plan", lambda p: p.change("budget", title="Plan"), "budget"),
    Action(HERE, "Ada’s Plan is moved to the evening", lambda p: p.change("budget", hours=18), "budget"),
    Action(HERE, "Olga’s Pitch is moved", lambda p: p.change("pitch", hours=20), "pitch"),
    Action(HERE, "Bob’s Workshop is moved", lambda p: p.change("workshop", hours=12), "workshop"),
    Action(HERE, "Birch is taken out of Ada’s Review", lambda p: p.here("review/birch", "cancel"), "review/birch"),
    Action(HERE, "Olga’s Pitch is declined for the room", lambda p: p.here("pitch", "decline"), "pitch"),
    Action(HERE, "Ada’s whole Review is cancelled", lambda p: p.here("review", "cancel_meeting"), "review"),
    Action(OUTLOOK, "Ada cancels Plan", lambda p: p.organizer_does("budget", "cancel"), "budget"),
    Action(HERE, "Sync All Calendars", lambda p: p.sync_all(), "salaries"),
)

EVERY_MODE = tuple(
    Modes(delegation, strict, create)
    for delegation in (False, True)
    for strict in (False, True)
    for create in (False, True)
)


def play(modes: Modes) -> Play:
    """The script under these settings, played to its end; nothing is played where they are refused."""
    made = Play(modes)
    if made.refusal is None:
        made.run()
    made.world.close()
    return made
