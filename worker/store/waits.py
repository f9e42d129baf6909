"""Waits that Microsoft asked for, of many mailboxes at once: each comes back after a moment of its own (H67)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select, update

from webapp.database import Transactions
from webapp.models import Mailbox
from worker.sync.guard import spread


def put_off(transactions: Transactions, mailbox_ids: Iterable[int], now: datetime, seconds: float) -> None:
    """None of these mailboxes is asked for so long or somewhat longer; a longer wait stays as it is."""
    waits = [{"room": id_, "until": now + timedelta(seconds=spread(seconds, id_))} for id_ in sorted(mailbox_ids)]
    if not waits:
        return
    waits_less = or_(Mailbox.not_before.is_(None), Mailbox.not_before < bindparam("until"))
    with transactions.writing() as session:
        session.connection().execute(
            update(Mailbox).where(Mailbox.id == bindparam("room"), waits_less).values(not_before=bindparam("until")),
            waits,
        )


def put_off_connection(transactions: Transactions, connection_id: int, now: datetime, seconds: float) -> None:
    """The tenant is throttled as a whole: every mailbox of the connection waits, whoever runs it."""
    with transactions.reading() as session:
        ids = list(session.scalars(select(Mailbox.id).where(Mailbox.connection_id == connection_id)))
    put_off(transactions, ids, now, seconds)
