"""The mapping of a tenant's rooms to rooms here: what is proposed, and what a person chose instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.room_matching import Becomes, Here, Listed, Proposal, in_order, propose
from webapp.forms import is_whole, whole
from webapp.models import Room, RoomChoice
from webapp.rooms.many import Import

PER_PAGE = 50
AT_ONCE = 200
"""So many rooms are imported with one press; the others stay in the list."""
SHORT = 30
"""While no more rooms here are without a calendar than this, each of them can be chosen anywhere."""
LOOK = "look"
SHOWN = ("", LOOK, Becomes.NEW, Becomes.LINK, Becomes.SKIP, Becomes.LINKED)


@dataclass(frozen=True)
class Chosen:
    """What a person chose for one room of the tenant: `room` of LINK; seats as here, or as there."""

    becomes: Becomes
    room: int | None = None
    seats_from_there: bool = False


@dataclass(frozen=True)
class Row:
    """One room of the tenant and what it becomes. `rooms`: to choose from; `clash`: another row has its room."""

    listed: Listed
    floor: str
    proposal: Proposal
    chosen: Chosen
    rooms: tuple[Here, ...] = ()
    clash: bool = False

    @property
    def room(self) -> Here | None:
        """The room here that it becomes."""
        return next((room for room in self.rooms if room.key == self.chosen.room), None)

    @property
    def seats_differ(self) -> bool:
        """Whether both sides say how many seats, and not the same."""
        room = self.room if self.chosen.becomes is Becomes.LINK else None
        return (
            room is not None
            and None not in (room.capacity, self.listed.capacity)
            and (room.capacity != self.listed.capacity)
        )

    @property
    def is_as_proposed(self) -> bool:
        """Whether nobody chose otherwise."""
        return self.chosen == _as_proposed(self.proposal)

    @property
    def value(self) -> str:
        """What the form sends for it."""
        room = f"-{self.chosen.room}" if self.chosen.becomes is Becomes.LINK else ""
        return f"{self.chosen.becomes}{room}"


class RoomMapping:
    """All rooms of a tenant with what they become, in the order in which a person should look at them."""

    def __init__(self, session: Session, connection_id: int, form: Mapping[str, str]) -> None:
        listed, floors = _listed(session, connection_id)
        rooms = _rooms(session)
        proposals = propose(listed, rooms)
        self._free = {room.key: room for room in rooms if not room.address}
        self._by_key = {room.key: room for room in rooms}
        rows = [
            Row(one, floors[one.key], proposals[one.key], self._chosen(one, proposals[one.key], form))
            for one in in_order(listed, proposals)
        ]
        wanted = Counter(row.chosen.room for row in rows if _is_link(row))
        self.rows = [
            replace(
                row,
                rooms=self._choices(row),
                clash=row.chosen.becomes is Becomes.LINK and wanted[row.chosen.room] > 1,
            )
            for row in rows
        ]

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many rows each filter shows."""
        return {show: sum(_is_shown(row, show) for row in self.rows) for show in SHOWN}

    @property
    def imports(self) -> list[Import]:
        """What is to be done, in order."""
        return [
            Import(row.listed.key, row.chosen.room, row.chosen.seats_from_there and row.seats_differ)
            for row in self.rows
            if row.chosen.becomes in (Becomes.LINK, Becomes.NEW)
        ]

    @property
    def clashes(self) -> list[Row]:
        """Rows that want a room that another row wants as well."""
        return [row for row in self.rows if row.clash]

    def shown(self, show: str, q: str) -> list[Row]:
        """The rows that a filter and a search leave."""
        sought = q.casefold()
        return [row for row in self.rows if _is_shown(row, show) and sought in _searched(row)]

    def _chosen(self, one: Listed, proposal: Proposal, form: Mapping[str, str]) -> Chosen:
        if proposal.becomes is Becomes.LINKED:
            return _as_proposed(proposal)
        becomes, _, room = form.get(f"become-{one.key}", "").partition("-")
        seats = form.get(f"seats-{one.key}") == "there"
        if becomes in (Becomes.NEW, Becomes.SKIP):
            return Chosen(Becomes(becomes))
        if becomes == Becomes.LINK and is_whole(room) and whole(room) in self._free:
            return Chosen(Becomes.LINK, whole(room), seats)
        return replace(_as_proposed(proposal), seats_from_there=seats)

    def _choices(self, row: Row) -> tuple[Here, ...]:
        if row.proposal.becomes is Becomes.LINKED:
            return (self._by_key[row.proposal.room or 0],)
        keys = dict.fromkeys(key for key in (row.chosen.room, row.proposal.room, *row.proposal.others) if key)
        if len(self._free) <= SHORT:
            keys |= dict.fromkeys(self._free)
        return tuple(self._free[key] for key in keys)


def _as_proposed(proposal: Proposal) -> Chosen:
    return Chosen(proposal.becomes, proposal.room)


def _is_link(row: Row) -> bool:
    return row.chosen.becomes is Becomes.LINK


def _is_shown(row: Row, show: str) -> bool:
    if show == LOOK:
        return row.proposal.look or row.clash
    return row.chosen.becomes == show if show else row.chosen.becomes is not Becomes.LINKED


def _searched(row: Row) -> str:
    return "\n".join((row.listed.name, row.listed.address, row.listed.building)).casefold()


def _listed(session: Session, connection_id: int) -> tuple[Sequence[Listed], dict[int, str]]:
    found = session.execute(
        select(
            RoomChoice.id,
            RoomChoice.address,
            RoomChoice.name,
            RoomChoice.building,
            RoomChoice.capacity,
            RoomChoice.floor,
        ).where(RoomChoice.connection_id == connection_id)
    ).all()
    return [Listed(*row[:5]) for row in found], {row.id: row.floor for row in found}


def _rooms(session: Session) -> Sequence[Here]:
    found = session.execute(
        select(
            Room.id, Room.name, Room.building, Room.capacity, func.lower(func.coalesce(Room.external_address, ""))
        ).where(Room.archived_at.is_(None))
    )
    return [Here(*row) for row in found]
