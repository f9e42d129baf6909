"""Whose lane does what a meeting needs in a person's mailbox: that of its lead room, the lowest id among its
rooms that are followed."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import BindParameter, ColumnElement, exists, select
from sqlalchemy.orm import aliased

from webapp.models import Mailbox, Meeting, Reservation, Room


@cache
def is_lead() -> ColumnElement[bool]:
    """Whether `Room` is the lead of `Reservation`'s meeting: no followed room of it has a lower id.

    Made once: each claim asks for it.
    """
    other, lower = aliased(Reservation), aliased(Room)
    return ~exists(
        select(other.id)
        .join(lower, other.room_id == lower.id)
        .where(
            other.meeting_id == Reservation.meeting_id,
            other.cancelled_at.is_(None),
            lower.id < Room.id,
            lower.mailbox_id.is_not(None),
            lower.sync_active,
            lower.archived_at.is_(None),
        )
    )


def has_due_look(now: BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether the room of `Mailbox` leads a meeting whose organizer's event should be read now."""
    return exists(
        select(Meeting.id)
        .join(Reservation, Reservation.meeting_id == Meeting.id)
        .join(Room, Reservation.room_id == Room.id)
        .where(
            Meeting.authority_look_at <= now,
            Room.mailbox_id == Mailbox.id,
            Reservation.cancelled_at.is_(None),
            is_lead(),
        )
    )
