"""What the scenario tests ask of a world, and the few things they do to it over and over."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import select

from tests.sync.oracle import dump, live_there
from tests.sync.world import World
from tests.tenant import Booked, RequestInfo
from webapp.activity import service as holds
from webapp.domain.intervals import Timed
from webapp.domain.words import Choice, HoldKind
from webapp.models import Hold, Reservation, RoomRun, RunStep
from worker.sync.recognise import parse_mark


def invite(world: World, room: str, title: str, span: Timed, who: str = "ada", **more: Any) -> Booked:
    """A person invites a room."""
    person = world.tenant.as_person(world.address(who))
    return person.book(title, span.start, span.end, rooms=[world.address(room)], **more)


def put(world: World, room: str, title: str, span: Timed, **more: Any) -> Booked:
    """A delegate books in the room's own calendar."""
    return world.tenant.as_delegate(world.address(room)).book(title, span.start, span.end, **more)


def book_for(world: World, room: str, title: str, span: Timed, who: str = "ada") -> int:
    """A person here books in the owner's calendar; the reservation's id."""
    return world.book(
        room, title, span, owner_name=who.title(), owner_email=world.address(who), in_owner_calendar=True
    )


def persons_events(world: World, who: str = "ada") -> list[dict[str, Any]]:
    """What a person's calendar holds of her own and others' meetings that are not called off."""
    return [event for event in world.tenant.events(world.address(who)) if not event["is_cancelled"]]


def once(world: World, op: str, phase: str, act: Callable[[], object]) -> list[int]:
    """Do something at the first request of this kind; a list that tells whether it came to it."""
    done: list[int] = []

    def at_the_moment(when: str, info: RequestInfo) -> None:
        if when == phase and info.op == op and not done:
            done.append(info.number)
            act()

    world.tenant.on_request(at_the_moment)
    return done


def strip_marks(world: World, who: str = "alder") -> None:
    """The events of a calendar lose our property and our transactionId."""
    box = world.tenant.mailbox(world.address(who))
    for item in list(box.items.values()):
        box.put(item.changed(properties={}, transaction_id=None, change=box.take_change()), world.now())


def ours_there(world: World, room: str) -> list[dict[str, Any]]:
    """Live events of a room's calendar that this installation made."""
    return [event for event in live_there(world, room) if parse_mark(event["transaction_id"])]


def spans_there(world: World, room: str) -> list[tuple[Any, Any]]:
    """When a room's live events are, in order."""
    return sorted((event["start"], event["end"]) for event in live_there(world, room))


def reservations(world: World, room: str, *, live: bool = True) -> list[Reservation]:
    """The room's reservations with their meetings, detached."""
    with world.transactions.reading() as session:
        query = select(Reservation).where(Reservation.room_id == world.rooms[room]).order_by(Reservation.id)
        if live:
            query = query.where(Reservation.cancelled_at.is_(None))
        rows = list(session.scalars(query))
        for row in rows:
            _ = (row.meeting.title, row.meeting.organizer, row.occurrences, row.room.name)
        session.expunge_all()
        return rows


def steps(world: World) -> list[str]:
    """What all runs did, in order."""
    with world.transactions.reading() as session:
        return list(session.scalars(select(RunStep.action).order_by(RunStep.id)))


def runs(world: World) -> int:
    """Rows of runs."""
    return world.count(RoomRun)


def assert_same(world: World, room: str) -> None:
    """I1 and I3: what blocks the room here is what its calendar holds, each thing once."""
    assert world.slots_here(room) == spans_there(world, room)


def assert_quiet(world: World, kinds: tuple[bool, ...] = (False, True)) -> None:
    """I4: another run, and a full one, write nothing and change no row of what people see."""
    before, writes, mails = dump(world), world.writes(), len(world.tenant.mails)
    for full in kinds:
        for name in world.rooms:
            if world.is_linked(name):
                world.want(name, full=full)
        world.run()
    assert world.writes() == writes
    assert len(world.tenant.mails) == mails
    after = dump(world)
    moved = {table: sorted(set(rows) ^ set(before[table])) for table, rows in after.items() if rows != before[table]}
    assert not moved, moved


def decide(
    world: World,
    choice: Choice,
    kind: HoldKind | None = None,
    *,
    only: Collection[int | None] | None = None,
    by: str = "Ines",
    hold_id: int | None = None,
) -> int:
    """A person decides an open hold (the only one, or that of a kind) as it is shown to him; `only` these
    reservations of it. How many actions that were."""
    with world.transactions.writing() as session:
        query = select(Hold).where(Hold.closed_at.is_(None))
        query = query if kind is None else query.where(Hold.kind == kind)
        hold = session.scalars(query if hold_id is None else query.where(Hold.id == hold_id)).one()
        ids = None if only is None else [row.id for row in hold.actions if row.reservation_id in only]
        seen = holds.token(holds.offered(hold, ids, choice))
        return holds.decide(session, hold.id, ids, choice, by, seen, world.now()).count
