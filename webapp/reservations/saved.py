"""After a change by a person: commit it, say so, and ring for the rooms that it concerns."""

from __future__ import annotations

from flask import current_app, flash
from markupsafe import Markup
from sqlalchemy import select

from webapp.enqueue import SYNC_MAILBOXES
from webapp.extensions import db
from webapp.models import Mailbox, Reservation, Room
from webapp.reservations.rows import title_of


def commit_and_ring(reservation: Reservation, message: str, *more: Reservation) -> None:
    """Commit, then ring for every mailbox that wants a run: of a person's meeting it is its lead room's."""
    title = Markup("<bdi>{}</bdi>").format(title_of(reservation.meeting))
    meetings = [one.meeting_id for one in (reservation, *more)]
    wanting = (
        select(Mailbox.id)
        .join(Room, Room.mailbox_id == Mailbox.id)
        .join(Reservation, Reservation.room_id == Room.id)
        .where(Reservation.meeting_id.in_(meetings), Mailbox.wanted > Mailbox.done)
        .distinct()
        .order_by(Mailbox.id)
    )
    mailbox_ids = list(db.session.scalars(wanting))
    flash(Markup(message).format(title))
    db.session.commit()
    if mailbox_ids:
        current_app.extensions["bell"].ring(SYNC_MAILBOXES, mailbox_ids)
