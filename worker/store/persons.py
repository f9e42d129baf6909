"""People's mailboxes as the store knows them: their rows, the claim that a room's run takes for one item, their
reach, and the ledger of every request to one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.database import Transactions, table_of, table_rows_changed
from webapp.domain.access import OUT_OF_REACH
from webapp.domain.words import LedgerOperation, MailboxKind, Reach
from webapp.models import Mailbox, MailboxLedger
from worker.store.claims import LEASE, Lane, LeaseEnd, database_now
from worker.sync.errors import AccessDenied, Gone, MailboxMissing, SyncError

ASK_AGAIN = timedelta(days=1)
"""A mailbox out of reach is asked again after this long."""

_NO_MAILBOX = "mailboxnotenabledforrestapi"


class PersonBusy(Exception):
    """Another room's run works in this person's mailbox: the item waits."""


@dataclass(frozen=True)
class PersonLane:
    """A person's mailbox, claimed for one item."""

    mailbox_id: int
    address: str
    fence: int


def mailbox_of(session: Session, connection_id: int, address: str) -> Mailbox:
    """The row of a person's mailbox, made when it is first needed."""
    query = select(Mailbox).where(
        Mailbox.connection_id == connection_id,
        Mailbox.address == address.lower(),
        Mailbox.kind == MailboxKind.PERSON,
    )
    found = session.scalar(query)
    if found is None:
        found = Mailbox(connection_id=connection_id, address=address.lower(), kind=MailboxKind.PERSON)
        try:
            with session.begin_nested():
                session.add(found)
        except IntegrityError:
            found = session.scalars(query).one()
    return found


def is_out_of_reach(mailbox: Mailbox, now: datetime) -> bool:
    """Whether it is known that the app may not read this mailbox, and too early to ask again."""
    asked = mailbox.reach_asked_at
    return mailbox.reach in OUT_OF_REACH and asked is not None and now < asked + ASK_AGAIN


_BOX = table_of(Mailbox)
_CLAIM = (
    update(_BOX)
    .where(
        _BOX.c.id == bindparam("mailbox"),
        _BOX.c.kind == MailboxKind.PERSON,
        or_(_BOX.c.claim_owner.is_(None), _BOX.c.claim_expires_at < bindparam("clock")),
    )
    .values(claim_owner=bindparam("owner"), claim_expires_at=bindparam("until"), fence=_BOX.c.fence + 1)
)
_OURS = update(_BOX).where(_BOX.c.id == bindparam("mailbox"), _BOX.c.fence == bindparam("mine"))
_KEEP = _OURS.where(_BOX.c.claim_owner.is_not(None)).values(claim_expires_at=LeaseEnd())
_GIVE_BACK = _OURS.values(claim_owner=None, claim_expires_at=None)


def claim(transactions: Transactions, mailbox_id: int, owner: str) -> PersonLane:
    """Take a person's mailbox for one item; raises `PersonBusy`."""
    with transactions.writing() as session:
        clock = database_now(session)
        values = {"mailbox": mailbox_id, "owner": owner, "clock": clock, "until": clock + LEASE}
        if not table_rows_changed(session, _CLAIM, values):
            raise PersonBusy
        mailbox = session.get_one(Mailbox, mailbox_id, populate_existing=True)
        return PersonLane(mailbox.id, mailbox.address, mailbox.fence)


def keep(session: Session, person: PersonLane) -> None:
    """Renew the claim inside of a commit; raises `PersonBusy` when it is not ours any more."""
    if not table_rows_changed(session, _KEEP, {"mailbox": person.mailbox_id, "mine": person.fence}):
        raise PersonBusy


def give_back(transactions: Transactions, person: PersonLane) -> None:
    """Let others in."""
    with transactions.writing() as session:
        session.execute(_GIVE_BACK, {"mailbox": person.mailbox_id, "mine": person.fence})


@dataclass(frozen=True)
class Entry:
    """What a request to a person's mailbox is about, for the ledger."""

    operation: LedgerOperation
    allowed_by: str
    meeting_id: int
    event_id: str = ""
    fields: tuple[str, ...] = ()


def write_entry(session: Session, lane: Lane, person: PersonLane, entry: Entry, now: datetime) -> int:
    """Write a request down before it is sent; its id."""
    row = MailboxLedger(
        at=now,
        connection_id=lane.connection_id,
        mailbox_id=person.mailbox_id,
        room_id=lane.room_id,
        meeting_id=entry.meeting_id,
        operation=entry.operation,
        event_id=entry.event_id,
        fields=list(entry.fields),
        allowed_by=entry.allowed_by,
    )
    session.add(row)
    session.flush()
    return row.id


def close_entry(
    session: Session,
    entry_id: int,
    person: PersonLane,
    now: datetime,
    answered: tuple[int, str],
    error: SyncError | None,
) -> None:
    """Write how a request ended, and what it tells of the mailbox's reach. `answered` is status and request id of
    a success."""
    trouble = error.trouble if error is not None else None
    session.execute(
        update(MailboxLedger)
        .where(MailboxLedger.id == entry_id)
        .values(
            finished_at=now,
            status=trouble.status if trouble else answered[0],
            code=trouble.code[:128] if trouble else "",
            request_id=(trouble.request_id if trouble else answered[1])[:64],
        )
    )
    reach = _reach(error)
    if reach is not None:
        session.execute(
            update(Mailbox).where(Mailbox.id == person.mailbox_id).values(reach=reach, reach_asked_at=now)
        )


def _reach(error: SyncError | None) -> Reach | None:
    """What an answer says of the app's reach; None: nothing (a busy server, a lost answer, a gateway's page)."""
    if error is None or isinstance(error, Gone):
        return Reach.YES
    if isinstance(error, AccessDenied):
        return Reach.REFUSED
    if isinstance(error, MailboxMissing):
        return Reach.NO_MAILBOX if error.trouble.code.lower() == _NO_MAILBOX else Reach.OUTSIDE
    return None
