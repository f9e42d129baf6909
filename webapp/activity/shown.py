"""Holds as pages show them: what would change, from what, to what, and what each choice would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from webapp.activity import service
from webapp.activity.queries import in_order
from webapp.activity.words import ACTION_WORDS, LISTING_OFFERS, OFFERS, Offer
from webapp.domain.choices import choices_for, is_decided_as_a_whole
from webapp.domain.intervals import span_from_json
from webapp.domain.titles import PRIVATE
from webapp.domain.words import Choice, HoldActionState
from webapp.models import Hold, HoldAction, Reservation, Room
from webapp.reservations.rows import span_of, title_of
from webapp.reservations.shown import when


@dataclass(frozen=True)
class ShownAction:
    """One action of a hold. `changes`: what, from what, to what; texts, private titles masked."""

    row: HoldAction
    reservation: Reservation | None
    title: str
    when: str
    kept_back: str
    changes: tuple[tuple[str, str, str], ...]
    offers: tuple[tuple[Choice, Offer], ...]
    decided: str

    @property
    def is_open(self) -> bool:
        """Whether nobody decided it yet."""
        return self.row.state is HoldActionState.OPEN


@dataclass(frozen=True)
class ShownHold:
    """A hold with the actions that a page has room for, and what can be chosen for all that nobody decided."""

    hold: Hold
    room: Room
    actions: tuple[ShownAction, ...]
    more: int
    for_all: tuple[tuple[Choice, Offer, int], ...]
    one_by_one: bool


def shown_hold(hold: Hold, room: Room, named: Mapping[int, Reservation], limit: int | None = None) -> ShownHold:
    """A hold for the page; `limit` actions at most, the undecided first. `named`: reservations by id."""
    rows = in_order(hold)
    whole = is_decided_as_a_whole(hold.kind)
    for_all = []
    for choice in Choice:
        count = len(service.offered(hold, None, choice))
        if count > 1 or (count and whole):
            for_all.append((choice, offer_for(hold, choice), count))
    shown = tuple(shown_action(hold, row, room, named.get(row.reservation_id or 0)) for row in rows[:limit])
    return ShownHold(hold, room, shown, len(rows) - len(shown), tuple(for_all), not whole)


def offer_for(hold: Hold, choice: Choice) -> Offer:
    """The words of a choice for all actions of a hold that allow it."""
    if is_decided_as_a_whole(hold.kind):
        return LISTING_OFFERS[choice]
    action = next(row.action for row in in_order(hold) if choice in choices_for(hold.kind, row.action))
    return OFFERS[action, choice]


def shown_action(hold: Hold, row: HoldAction, room: Room, reservation: Reservation | None) -> ShownAction:
    """One action with its words."""
    zone = ZoneInfo(room.time_zone)
    stands_at = when(span_of(reservation.meeting), zone) if reservation else ""
    return ShownAction(
        row=row,
        reservation=reservation,
        title=title_of(reservation.meeting) if reservation else "An event without a reservation",
        when=_time_of(row.before or row.after, zone) or stands_at,
        kept_back=ACTION_WORDS.get(row.action, row.action.replace("_", " ").capitalize()),
        changes=_changes(row, zone),
        offers=tuple((choice, OFFERS[row.action, choice]) for choice in choices_for(hold.kind, row.action)),
        decided=_decided(row),
    )


def _changes(row: HoldAction, zone: ZoneInfo) -> tuple[tuple[str, str, str], ...]:
    """What differs between before and after, where both are known."""
    before, after = row.before, row.after
    if not before or not after:
        return ()
    found = [("Time", _time_of(before, zone), _time_of(after, zone)), ("Title", _title(before), _title(after))]
    return tuple(one for one in found if one[1] != one[2] and one[1] and one[2])


def _title(values: Mapping[str, Any]) -> str:
    return PRIVATE if values.get("private") else values.get("subject") or ""


def _time_of(values: Mapping[str, Any] | None, zone: ZoneInfo) -> str:
    if not values:
        return ""
    time = values if "start" in values or "start_date" in values else values.get("time")
    return when(span_from_json(time), zone) if isinstance(time, dict) else ""


def _decided(row: HoldAction) -> str:
    """Which choice was made, in the words of its button."""
    if row.state is HoldActionState.OPEN:
        return ""
    offer = OFFERS.get((row.action, Choice(row.choice)))
    return offer.label if offer else row.choice
