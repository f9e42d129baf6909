"""What to do about one item, decided from three states: pure and complete before anything is written.

| here vs base | there vs base | ours (the room organizes) | a person's meeting |
|---|---|---|---|
| unknown | any | nothing | nothing |
| any | unknown | nothing | nothing |
| same | same | nothing | nothing |
| changed | same | send the changed groups | (cannot be) |
| same | changed | apply the changed groups here | the same |
| changed | changed, equal | move the base | the same |
| changed | changed, other groups | send ours, apply theirs | apply theirs |
| changed | changed, same group | ours stands, both values kept | theirs stands, both values kept |
| gone | same | remove there | nothing: never ours to remove |
| gone | changed | hold: edited there, cancelled here | nothing |
| same | gone | cancel here | cancel here |
| changed | gone | hold: cancelled there, edited here | cancel here |
| on its way to another room | gone | cancel here, and its move; both values kept | (cannot be) |
| gone | gone | bury the link | bury the link |
| there is none | new | import | import |
| new | there is none | create | cancel here: the copy that was to be taken in anew is gone |
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

from webapp.domain.recurrence import Series
from webapp.domain.words import ConflictKind, HoldKind
from worker.sync.values import LOCAL_GROUPS, REMOTE_GROUPS, SeriesDate, Values, changed, read_for_the_first_time


class Absence(Enum):
    """A side that has no values: known to be absent, or not known at all."""

    ABSENT = "absent"
    UNKNOWN = "unknown"


ABSENT = Absence.ABSENT
UNKNOWN = Absence.UNKNOWN
Side = Values | Absence


@dataclass(frozen=True)
class Base:
    """Both sides when they last agreed. They differ where the server rewrote what it was sent (H47)."""

    local: Values
    remote: Values


@dataclass(frozen=True)
class Create:
    """Make the event there."""


@dataclass(frozen=True)
class Send:
    """PATCH these groups there."""

    groups: frozenset[str]


@dataclass(frozen=True)
class Apply:
    """Bring these groups of the event here; `first_title`: its subject became readable."""

    groups: frozenset[str]
    first_title: bool = False


@dataclass(frozen=True)
class MoveBase:
    """Both sides agree: remember that."""


@dataclass(frozen=True)
class RemoveThere:
    """DELETE our event."""


@dataclass(frozen=True)
class CancelHere:
    """End the reservation: its event is gone."""


@dataclass(frozen=True)
class Import:
    """Take a new event in."""


@dataclass(frozen=True)
class Bury:
    """Both sides are gone: the link becomes a tombstone."""


@dataclass(frozen=True)
class Stop:
    """Neither side is written; a person decides."""

    kind: HoldKind


@dataclass(frozen=True)
class Keep:
    """A person said no: the reservation stays `here` although its event is gone, or our event stays `there`."""

    side: str


@dataclass(frozen=True)
class Disagree:
    """Record what two sides wanted and who prevailed (`here` or `there`)."""

    kind: ConflictKind
    prevailed: str


Action = Create | Send | Apply | MoveBase | RemoveThere | CancelHere | Import | Bury | Stop | Keep | Disagree
Plan = tuple[Action, ...]

_CONFLICT_OF_GROUP = {"time": ConflictKind.TIME, "subject": ConflictKind.TITLE}


def reconcile(base: Base | None, local: Side, remote: Side, ours: bool, leaving: bool = False) -> Plan:
    """The actions that bring one item to agreement; see the table at the top. `leaving`: it moves to another room,
    and is not there yet."""
    if local is UNKNOWN or remote is UNKNOWN:
        return ()
    if base is None:
        return _without_base(local, remote, ours)
    if isinstance(local, Values) and isinstance(remote, Values):
        return _merge(base, local, remote, ours)
    if isinstance(remote, Values):
        return _gone_here(base, remote, ours)
    if isinstance(local, Values):
        return _gone_there(base, local, ours and not leaving)
    return (Bury(),)


def wishes(base: Base | None, local: Values) -> frozenset[str]:
    """The groups that were changed here since both sides agreed."""
    return changed(base.local, local, LOCAL_GROUPS) if base is not None else frozenset()


def followed(base: Base | None, local: Values, remote: Values, wished: frozenset[str]) -> Base:
    """What both sides agree on once `remote` was followed here, but for the groups that are wished otherwise: of
    these they agree on what they did before. What is private now keeps no title that it had."""
    if base is None or not wished:
        return Base(local, remote)
    before = {group: getattr(base.remote, group) for group in wished if group != "subject" or not remote.private}
    return Base(replace(local, **{group: getattr(base.local, group) for group in wished}), replace(remote, **before))


def _without_base(local: Side, remote: Side, ours: bool) -> Plan:
    if isinstance(remote, Values):
        return (Import(),)
    if isinstance(local, Values):
        return (Create() if ours else CancelHere(),)
    return (Bury(),)


def _gone_here(base: Base, remote: Values, ours: bool) -> Plan:
    if not ours:
        return ()
    if changed(base.remote, remote, LOCAL_GROUPS) or _series_was_edited(base, remote):
        return (Stop(HoldKind.EDITED_AND_CANCELLED),)
    return (RemoveThere(),)


def _series_was_edited(base: Base, after: Values) -> bool:
    """Whether somebody gave a series another rule, or a date of it another time. Dates that came or went may be those
    of a window that rolled on. Of one whose dates were not read since it was made, what was made tells them."""
    before = base.remote
    if after.dates is None:
        return False
    if before.dates is None:
        known = base.local.series
        return known is not None and any(one.is_exception and _is_elsewhere(known, one) for one in after.dates)
    was = {one.original: one.span for one in before.dates}
    return before.rule != after.rule or any(was.get(one.original, one.span) != one.span for one in after.dates)


def _is_elsewhere(known: Series, one: SeriesDate) -> bool:
    day = date.fromisoformat(one.original) if one.original else None
    return day is None or not known.has_date(day) or known.occurrence(day).span != one.span


def _gone_there(base: Base, local: Values, ours: bool) -> Plan:
    if ours and changed(base.local, local, LOCAL_GROUPS):
        return (
            Disagree(ConflictKind.CANCELLED_AND_EDITED, prevailed=""),
            Stop(HoldKind.EDITED_AND_CANCELLED),
        )
    return (CancelHere(),)


def _merge(base: Base, local: Values, remote: Values, ours: bool) -> Plan:
    here = changed(base.local, local, LOCAL_GROUPS)
    there = changed(base.remote, remote, REMOTE_GROUPS)
    first_title = read_for_the_first_time(base.remote, remote)
    both = frozenset(group for group in here & there if getattr(local, group) != getattr(remote, group))
    equal = (here & there) - both
    send = (here - there) | both if ours else frozenset()
    bring = (there - here) | (frozenset() if ours else both)
    actions: list[Action] = [
        Disagree(_CONFLICT_OF_GROUP[group], "here" if ours else "there")
        for group in sorted(both)
        if group in _CONFLICT_OF_GROUP
    ]
    if bring or (first_title and "subject" not in here):
        actions.append(Apply(bring, first_title and "subject" not in here))
    if send:
        actions.append(Send(send))
    if not actions and equal:
        actions.append(MoveBase())
    return tuple(actions)
