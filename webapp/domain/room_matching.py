"""Which of a tenant's rooms is which room here: proposals by name, building and number of seats.

A proposal never decides: a person sees it first. What is not sure (`look`) says why. One room here is proposed for
one room there only, the best pair first.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

NOISE = frozenset(
    ("room", "rm", "mtg", "meeting", "conf", "conference", "the", "raum", "besprechungsraum", "salle", "sala")
)
"""Words that say that something is a room, and not which."""
COMMON = 50
"""A word that more rooms have than this tells none of them apart."""
OFFERED = 5
"""So many rooms are offered beside the proposed one."""


class Becomes(StrEnum):
    """What a room of the tenant becomes here; LINKED: it is a room here already."""

    LINK = "link"
    NEW = "new"
    SKIP = "skip"
    LINKED = "linked"


class Why(StrEnum):
    """Why it is proposed."""

    SAME_NAME = "same_name"
    SEATS_DIFFER = "seats_differ"
    OTHER_BUILDING = "other_building"
    SIMILAR_NAME = "similar_name"
    SEVERAL = "several"
    NO_SUCH_ROOM = "no_such_room"
    NO_SEATS = "no_seats"
    LINKED = "linked"


UNSURE = frozenset({Why.SEATS_DIFFER, Why.OTHER_BUILDING, Why.SIMILAR_NAME, Why.SEVERAL})


class Listed(NamedTuple):
    """A room that the tenant lists; `address` in lower case."""

    key: int
    address: str
    name: str
    building: str = ""
    capacity: int | None = None
    floor: str = ""


class Here(NamedTuple):
    """A room here; `address` of the calendar that it is linked to, in lower case, empty where it is not linked."""

    key: int
    name: str
    building: str = ""
    capacity: int | None = None
    address: str = ""


@dataclass(frozen=True)
class Proposal:
    """What a listed room should become: linked to `room`, or something else; `others` are worth a look as well."""

    becomes: Becomes
    why: Why
    room: int | None = None
    others: tuple[int, ...] = ()

    @property
    def look(self) -> bool:
        """Whether a person should look at it before it is done."""
        return self.why in UNSURE


MADE = Proposal(Becomes.NEW, Why.NO_SUCH_ROOM)
SKIPPED = Proposal(Becomes.SKIP, Why.NO_SEATS)


@dataclass(frozen=True, order=True)
class _Fit:
    """How well two rooms fit, the best the greatest: name before building before seats."""

    name: int
    building: int
    seats: int


def words_of(name: str, building: str = "") -> frozenset[str]:
    """What of a name tells a room from others: no case, no marks, not the building, not the word "room"."""
    words = _split(name)
    return frozenset(words - NOISE - _split(building) or words - NOISE or words)


def propose(listed: Sequence[Listed], rooms: Sequence[Here]) -> dict[int, Proposal]:
    """A proposal for each listed room, by its key."""
    by_address = {room.address: room.key for room in rooms if room.address}
    free = [room for room in rooms if not room.address]
    open_ = [one for one in listed if one.address not in by_address]
    pairs = _pairs(open_, free)
    taken = _assign(pairs)
    proposals = {
        one.key: Proposal(Becomes.LINKED, Why.LINKED, by_address[one.address])
        for one in listed
        if one.address in by_address
    }
    rooms_by_key = {room.key: room for room in free}
    for one in open_:
        alone, fits = SKIPPED if one.capacity == 0 else MADE, pairs.get(one.key)
        proposals[one.key] = _proposal(one, fits, taken.get(one.key), rooms_by_key, alone) if fits else alone
    return proposals


def in_order(listed: Iterable[Listed], proposals: Mapping[int, Proposal]) -> list[Listed]:
    """What needs a look first, then what has no room here, then the sure ones, then the rest; each by name."""
    ranks = {Becomes.NEW: 1, Becomes.LINK: 2, Becomes.SKIP: 3, Becomes.LINKED: 4}

    def rank(one: Listed) -> tuple[int, str, str]:
        proposal = proposals[one.key]
        return (0 if proposal.look else ranks[proposal.becomes], one.name.casefold(), one.address)

    return sorted(listed, key=rank)


@lru_cache(maxsize=1024)
def _split(text: str) -> frozenset[str]:
    """Its words; kept for a while, as many rooms stand in few buildings."""
    bare = text.casefold()
    if not bare.isascii():
        bare = "".join(c for c in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(c))
    return frozenset(re.findall(r"[^\W_]+", bare))


def _pairs(listed: Iterable[Listed], rooms: Sequence[Here]) -> dict[int, dict[int, _Fit]]:
    """Of each listed room that could be a room here those rooms, with how well they fit."""
    if not rooms:
        return {}
    words = {room.key: words_of(room.name, room.building) for room in rooms}
    by_words: dict[frozenset[str], list[Here]] = defaultdict(list)
    by_word: dict[str, list[Here]] = defaultdict(list)
    for room in rooms:
        by_words[words[room.key]].append(room)
        for word in words[room.key]:
            by_word[word].append(room)
    found: dict[int, dict[int, _Fit]] = {}
    for one in listed:
        mine = words_of(one.name, one.building)
        fits = {room.key: _fit(2, one, room) for room in by_words.get(mine, ())}
        for room in {r.key: r for word in mine if len(by_word[word]) <= COMMON for r in by_word[word]}.values():
            alike = mine < words[room.key] or words[room.key] < mine
            if alike and not _elsewhere(one, room):
                fits.setdefault(room.key, _fit(1, one, room))
        if fits:
            found[one.key] = fits
    return found


def _fit(name: int, one: Listed, room: Here) -> _Fit:
    same_place = bool(one.building) and _split(one.building) == _split(room.building)
    return _Fit(name, 2 if same_place else 0 if _elsewhere(one, room) else 1, int(one.capacity == room.capacity))


def _elsewhere(one: Listed, room: Here) -> bool:
    """Whether both say which building, and not the same."""
    return bool(one.building and room.building) and _split(one.building) != _split(room.building)


def _assign(pairs: Mapping[int, Mapping[int, _Fit]]) -> dict[int, int]:
    """One room for one: the best pairs first, those found first among equals."""
    ranked = sorted(
        ((fit, key, room) for key, fits in pairs.items() for room, fit in fits.items()),
        key=lambda pair: (-pair[0].name, -pair[0].building, -pair[0].seats, pair[1], pair[2]),
    )
    taken: dict[int, int] = {}
    used: set[int] = set()
    for _, key, room in ranked:
        if key not in taken and room not in used:
            taken[key] = room
            used.add(room)
    return taken


def _proposal(
    one: Listed, fits: Mapping[int, _Fit], room: int | None, rooms: Mapping[int, Here], alone: Proposal
) -> Proposal:
    """The proposal for a listed room that fits rooms here; `alone` where none of them is left for it."""
    others = tuple(sorted((key for key in fits if key != room), key=lambda key: fits[key], reverse=True)[:OFFERED])
    if room is None:
        return replace(alone, others=others)
    return Proposal(Becomes.LINK, _why(one, rooms[room], fits, room), room, others)


def _why(one: Listed, room: Here, fits: Mapping[int, _Fit], chosen: int) -> Why:
    fit = fits[chosen]
    if fit.name == 1:
        return Why.SIMILAR_NAME
    if fit.building == 0:
        return Why.OTHER_BUILDING
    if any(other == fit for key, other in fits.items() if key != chosen):
        return Why.SEVERAL
    seats_differ = one.capacity is not None and room.capacity is not None and one.capacity != room.capacity
    return Why.SEATS_DIFFER if seats_differ else Why.SAME_NAME
