"""The mapping of a tenant's rooms to rooms here: what is proposed, and what a person chose instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.room_matching import Becomes, Here, Listed, Proposal, Why, in_order, propose
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
    def value(self) -> str:
        """What the form sends for it."""
        room = f"-{self.chosen.room}" if self.chosen.becomes is Becomes.LINK else ""
        return f"{self.chosen.becomes}{room}"


class RoomMapping:
    """A tenant's rooms that are not linked here, with what they become, in the order in which to look at them.

    Rows are made for those that are shown alone: a tenant may list many thousand rooms.
    """

    def __init__(self, session: Session, connection_id: int, form: Mapping[str, str]) -> None:
        listed, rooms = _listed(session, connection_id), _free_rooms(session)
        self._proposals = propose(listed, rooms)
        self._free = {room.key: room for room in rooms}
        self.listed = in_order(listed, self._proposals)
        self.linked = _listed_count(session, connection_id) - len(listed)
        self._changed = self._chosen_otherwise(form)
        self._chosen = {key: _as_proposed(proposal) for key, proposal in self._proposals.items()} | self._changed
        links = [chosen.room for chosen in self._chosen.values() if chosen.becomes is Becomes.LINK]
        self._wanted = Counter(links)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many rooms each filter shows."""
        becomes = Counter(chosen.becomes for chosen in self._chosen.values())
        look = sum(map(self._needs_a_look, self.listed)) if self._free else 0
        return {"": len(self.listed), LOOK: look, Becomes.LINKED: self.linked} | {
            one: becomes[one] for one in (Becomes.NEW, Becomes.LINK, Becomes.SKIP)
        }

    @property
    def wanted(self) -> list[Listed]:
        """Rooms that are linked or made."""
        return [one for one in self.listed if self._chosen[one.key].becomes in (Becomes.LINK, Becomes.NEW)]

    def imports(self, at_most: int) -> list[Import]:
        """What is to be done, the first so many."""
        rows = self.rows(self.wanted[:at_most])
        return [
            Import(row.listed.key, row.chosen.room, row.chosen.seats_from_there and row.seats_differ) for row in rows
        ]

    @property
    def clashes(self) -> list[Row]:
        """Rows that want a room that another row wants as well."""
        return self.rows([one for one in self.listed if self._clashes(one)])

    def changed(self, besides: Collection[int] = ()) -> list[Row]:
        """Rows for which somebody chose otherwise, but those: they travel along with the form, unseen."""
        return self.rows([one for one in self.listed if one.key in self._changed and one.key not in besides])

    def shown(self, show: str, q: str) -> list[Listed]:
        """The rooms that a filter and a search leave."""
        if not show and not q:
            return self.listed
        sought = q.casefold()
        return [one for one in self.listed if self._is_shown(one, show) and sought in _searched(one)]

    def rows(self, listed: Iterable[Listed]) -> list[Row]:
        """These rooms as rows."""
        return [self._row(one) for one in listed]

    def _row(self, one: Listed) -> Row:
        proposal, chosen = self._proposals[one.key], self._chosen[one.key]
        keys = dict.fromkeys(key for key in (chosen.room, proposal.room, *proposal.others) if key)
        if len(self._free) <= SHORT:
            keys |= dict.fromkeys(self._free)
        rooms = tuple(self._free[key] for key in keys)
        return Row(one, proposal, chosen, rooms, self._clashes(one))

    def _chosen_otherwise(self, form: Mapping[str, str]) -> dict[int, Chosen]:
        """What a form says otherwise than proposed: it names the rooms of a page, of many thousand."""
        named = {name.removeprefix(kind) for name in form for kind in ("become-", "seats-") if name.startswith(kind)}
        keys = {whole(key) for key in named if is_whole(key)} & self._proposals.keys()
        found = {key: self._chosen_in(form, key) for key in sorted(keys)}
        return {key: chosen for key, chosen in found.items() if chosen != _as_proposed(self._proposals[key])}

    def _chosen_in(self, form: Mapping[str, str], key: int) -> Chosen:
        becomes, _, room = form.get(f"become-{key}", "").partition("-")
        seats = form.get(f"seats-{key}") == "there"
        if becomes in (Becomes.NEW, Becomes.SKIP):
            return Chosen(Becomes(becomes))
        if becomes == Becomes.LINK and is_whole(room) and whole(room) in self._free:
            return Chosen(Becomes.LINK, whole(room), seats)
        return replace(_as_proposed(self._proposals[key]), seats_from_there=seats)

    def _clashes(self, one: Listed) -> bool:
        chosen = self._chosen[one.key]
        return chosen.becomes is Becomes.LINK and self._wanted[chosen.room] > 1

    def _needs_a_look(self, one: Listed) -> bool:
        return self._proposals[one.key].look or self._clashes(one)

    def _is_shown(self, one: Listed, show: str) -> bool:
        if show == LOOK:
            return self._needs_a_look(one)
        return not show or self._chosen[one.key].becomes == show


def linked_rows(session: Session, connection_id: int, q: str, page: int) -> tuple[list[Row], int]:
    """A page of the tenant's rooms that are linked to a room here, and how many there are."""
    here = func.lower(Room.external_address)
    query = (
        select(*_OF_CHOICE, Room.id, Room.name, Room.building, Room.capacity)
        .join(Room, here == RoomChoice.address)
        .where(RoomChoice.connection_id == connection_id, Room.archived_at.is_(None))
    )
    if q:
        columns = (RoomChoice.name, RoomChoice.address, RoomChoice.building)
        query = query.where(or_(*(column.icontains(q, autoescape=True) for column in columns)))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    found = session.execute(
        query.order_by(RoomChoice.name, RoomChoice.id).limit(PER_PAGE).offset((page - 1) * PER_PAGE)
    )
    proposal = Proposal(Becomes.LINKED, Why.LINKED)
    rows = []
    for *choice, key, name, building, capacity in found:
        room = Here(key, name, building, capacity, choice[1])
        rows.append(Row(Listed(*choice), proposal, Chosen(Becomes.LINKED, key), (room,)))
    return rows, total


_ROOMLESS = {becomes: Chosen(becomes) for becomes in Becomes}


def _as_proposed(proposal: Proposal) -> Chosen:
    return Chosen(proposal.becomes, proposal.room) if proposal.room is not None else _ROOMLESS[proposal.becomes]


def _searched(one: Listed) -> str:
    return "\n".join((one.name, one.address, one.building)).casefold()


_OF_CHOICE = tuple(getattr(RoomChoice, "id" if name == "key" else name) for name in Listed._fields)
_LINKED = select(func.lower(Room.external_address)).where(
    Room.archived_at.is_(None), Room.external_address.is_not(None)
)


def _listed(session: Session, connection_id: int) -> Sequence[Listed]:
    """The tenant's rooms that no room here is linked to."""
    query = select(*_OF_CHOICE).where(RoomChoice.connection_id == connection_id, RoomChoice.address.not_in(_LINKED))
    return [Listed(*row) for row in session.connection().execute(query).all()]


def _listed_count(session: Session, connection_id: int) -> int:
    query = select(func.count()).select_from(RoomChoice).where(RoomChoice.connection_id == connection_id)
    return session.scalar(query) or 0


def _free_rooms(session: Session) -> Sequence[Here]:
    """Rooms here that have no calendar."""
    found = session.execute(
        select(Room.id, Room.name, Room.building, Room.capacity).where(
            Room.archived_at.is_(None), Room.external_address.is_(None)
        )
    )
    return [Here(*row) for row in found]
