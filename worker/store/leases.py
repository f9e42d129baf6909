"""Leases by the database's clock, for processes of which only one may act."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, or_, update
from sqlalchemy.exc import IntegrityError

from webapp.database import Transactions, rows_changed
from webapp.models import Lease
from worker.store.claims import database_now


def hold(transactions: Transactions, name: str, owner: str, length: timedelta) -> bool:
    """Take or renew the lease; False while another holds it."""
    try:
        with transactions.writing() as session:
            clock = database_now(session)
            taken = rows_changed(
                session,
                update(Lease)
                .where(Lease.name == name, or_(Lease.owner == owner, Lease.expires_at < clock))
                .values(owner=owner, expires_at=clock + length),
            )
            if taken:
                return True
            if session.get(Lease, name) is not None:
                return False
            session.add(Lease(name=name, owner=owner, expires_at=clock + length))
    except IntegrityError:
        return False
    return True


def give_back(transactions: Transactions, name: str, owner: str) -> None:
    """End the lease early, so that another need not wait for it."""
    with transactions.writing() as session:
        session.execute(delete(Lease).where(Lease.name == name, Lease.owner == owner))
