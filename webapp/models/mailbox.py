"""Mailboxes and what was observed in them: delta sessions, links, tombstones."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.domain.words import LedgerOperation, LinkRole, LinkState, MailboxKind, Reach
from webapp.models.base import Base, word


class Mailbox(Base):
    """One mailbox and the lane of its sync; a person's is never run by itself, only within a room's run.

    Known by (`tenant_guid`, `calendar_key`), not by its address. `wanted` is raised by whoever wants a run, in the
    transaction that makes it needed; a run that saw `wanted` writes it to `done`. The claim is (`claim_owner`,
    `claim_expires_at` by the database's clock, `fence`); every commit of a run checks the fence.
    """

    __tablename__ = "mailbox"
    __table_args__ = (
        UniqueConstraint("tenant_guid", "calendar_key"),
        CheckConstraint("done <= wanted", name="done"),
        CheckConstraint("full_done <= full_wanted", name="full_done"),
        Index(
            "ix_mailbox_one_person",
            "connection_id",
            "address",
            unique=True,
            sqlite_where=text("kind = 'person'"),
            postgresql_where=text("kind = 'person'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"), index=True)
    kind: Mapped[MailboxKind] = mapped_column(word(MailboxKind), default=MailboxKind.ROOM)
    address: Mapped[str] = mapped_column(String(320))
    """In lower case."""
    reach: Mapped[Reach] = mapped_column(word(Reach), default=Reach.UNKNOWN)
    """Of a person's mailbox: whether the app may read it, learned by asking."""
    reach_asked_at: Mapped[datetime | None]
    tenant_guid: Mapped[str | None] = mapped_column(String(36))
    calendar_key: Mapped[str | None] = mapped_column(Text)
    calendar_seen: Mapped[str | None] = mapped_column(Text)
    """Another default calendar that answered at this address: a person says whether it is the same room. Equal to
    `calendar_key` once that was said, until the ids of its events are known again."""
    identified_at: Mapped[datetime | None]
    """When the id of its default calendar was last read."""
    claim_owner: Mapped[str | None] = mapped_column(String(64))
    claim_expires_at: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    wanted: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    full_wanted: Mapped[int] = mapped_column(default=0)
    full_done: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None]
    """Microsoft asked to wait, or a failure backs off, until then."""
    next_look_at: Mapped[datetime | None]
    """Something in this mailbox should be looked at again then."""
    last_polled_at: Mapped[datetime | None]
    last_round_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    """Failed runs in a row; sets the back-off."""


class DeltaSession(Base):
    """One delta session over one window. At most one a mailbox is active; another may be in the making.

    `delta_link` is what the next round starts at. `next_link` is set while a round is staged only in part.
    """

    __tablename__ = "delta_session"
    __table_args__ = (
        Index(
            "ix_delta_session_one_active",
            "mailbox_id",
            unique=True,
            sqlite_where=text("active = 1"),
            postgresql_where=text("active"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id", ondelete="CASCADE"), index=True)
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    active: Mapped[bool] = mapped_column(default=False)
    is_listing: Mapped[bool] = mapped_column(default=False)
    """Delta does not work for this mailbox; each round is a plain listing of the window (H01)."""
    slice_days: Mapped[int | None]
    """The gateway gives up on longer windows of this mailbox: it is listed in slices of so many days (H10)."""
    delta_link: Mapped[str | None] = mapped_column(Text)
    delta_link_at: Mapped[datetime | None]
    generation: Mapped[int] = mapped_column(default=0)
    """Rises with each stored delta link: the compare-and-set of a round's commit."""
    next_link: Mapped[str | None] = mapped_column(Text)
    round_began_at: Mapped[datetime | None]
    """When the first page of the round that is staged in part was read."""
    started_at: Mapped[datetime]
    full_seen: Mapped[int] = mapped_column(default=0)
    """The mailbox's `full_wanted` that this session's first round answers."""


class StagedRow(Base):
    """A row of a delta round that is not complete yet, already mapped: no bodies, no private subjects (H56)."""

    __tablename__ = "staged_row"
    __table_args__ = (UniqueConstraint("session_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("delta_session.id", ondelete="CASCADE"))
    position: Mapped[int]
    payload: Mapped[dict[str, Any]]


class Link(Base):
    """One remote event, what was true of it after the last sync, and what was last seen of it.

    `base_local` and `base_remote` are the canonical values of both sides when they last agreed (they differ where
    the server rewrote what was sent, H47). `observed` is the last observation; `observed_gone` a removal that
    waits to be confirmed. Unique (mailbox, event id); ids compare bytes (H16,
    docs/graph.md#event-ids).
    """

    __tablename__ = "link"
    __table_args__ = (
        UniqueConstraint("mailbox_id", "event_id"),
        Index(None, "mailbox_id", "ical_uid"),
        Index(None, "mailbox_id", "dirty"),
        Index(None, "next_look_at"),
        Index(None, "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id"))
    event_id: Mapped[str] = mapped_column(Text)
    role: Mapped[LinkRole] = mapped_column(word(LinkRole))
    state: Mapped[LinkState] = mapped_column(word(LinkState), default=LinkState.NEW)
    is_series: Mapped[bool] = mapped_column(default=False)
    """The event is a series master: its dates are read again whenever any of them changed (H03, H04)."""
    series_stale: Mapped[bool] = mapped_column(default=False)
    must_confirm: Mapped[bool] = mapped_column(default=False)
    """A row told of it although it was deleted before: it is asked for by id before it is believed (H59)."""
    reservation_id: Mapped[int | None] = mapped_column(ForeignKey("reservation.id"), index=True)
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"), index=True)
    """Of the organizer's own event in a person's mailbox: the meeting it decides."""
    ical_uid: Mapped[str] = mapped_column(String(512), default="")
    transaction_id: Mapped[str | None] = mapped_column(Text, index=True)
    incarnation: Mapped[int] = mapped_column(default=1)
    base_local: Mapped[dict[str, Any] | None]
    base_remote: Mapped[dict[str, Any] | None]
    base_change_key: Mapped[str] = mapped_column(Text, default="")
    observed: Mapped[dict[str, Any] | None]
    observed_gone: Mapped[bool] = mapped_column(default=False)
    gone_confirmed: Mapped[bool] = mapped_column(default=False)
    removed_told: Mapped[bool] = mapped_column(default=False)
    """The removal was told by a delta row, not concluded from a listing that lacks it."""
    dirty: Mapped[bool] = mapped_column(default=True)
    """What was observed has not been planned to the end yet."""
    seen_at: Mapped[datetime | None]
    """When the last full round that saw it began: the mark of mark and sweep."""
    written_at: Mapped[datetime | None]
    """When we last wrote it; a read that denies it is not believed for a while (H40)."""
    shown_since: Mapped[bool] = mapped_column(default=True)
    """Whether any read has shown it since we last wrote it; until then its absence may be a lagging read."""
    next_look_at: Mapped[datetime | None]
    looks: Mapped[int] = mapped_column(default=0)
    subject_digest: Mapped[str | None] = mapped_column(String(64))
    """Keyed digest of a room copy's subject read once; the same one 60 s later makes it a title (H49)."""
    subject_seen_at: Mapped[datetime | None]
    private_seen: Mapped[bool] = mapped_column(default=False)
    tries: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]


class Tombstone(Base):
    """Memory of an event that was deleted, so that a late row cannot revive it (H59)."""

    __tablename__ = "tombstone"
    __table_args__ = (Index(None, "mailbox_id", "event_id"), Index(None, "made_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id", ondelete="CASCADE"))
    event_id: Mapped[str] = mapped_column(Text)
    ical_uid: Mapped[str] = mapped_column(String(512), default="")
    transaction_id: Mapped[str | None] = mapped_column(Text)
    reservation_id: Mapped[int | None] = mapped_column(ForeignKey("reservation.id"))
    why: Mapped[str] = mapped_column(String(32))
    made_at: Mapped[datetime]

    @classmethod
    def of(cls, link: Link, why: str, now: datetime) -> Tombstone:
        """What is remembered of a link that ends."""
        return cls(
            mailbox_id=link.mailbox_id,
            event_id=link.event_id,
            ical_uid=link.ical_uid,
            transaction_id=link.transaction_id,
            reservation_id=link.reservation_id,
            why=why,
            made_at=now,
        )


class LeftMailbox(Base):
    """A mailbox that a room was linked to before: what was written there is removed, in that mailbox's own lane.

    `kept` counts events that stay because people were invited to them. `code` is the last trouble; with
    `finished_at` it is why the rest stays.
    """

    __tablename__ = "left_mailbox"

    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id", ondelete="CASCADE"), primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"), index=True)
    asked_at: Mapped[datetime]
    removed: Mapped[int] = mapped_column(default=0)
    kept: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]
    code: Mapped[str | None] = mapped_column(String(64))


class MailboxLedger(Base):
    """One request to a person's mailbox: written before it is sent, its outcome after."""

    __tablename__ = "mailbox_ledger"
    __table_args__ = (Index(None, "at"), Index(None, "mailbox_id", "at"), Index(None, "meeting_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id", ondelete="CASCADE"))
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id"))
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    """The room in whose run it was sent."""
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id", ondelete="SET NULL"))
    operation: Mapped[LedgerOperation] = mapped_column(word(LedgerOperation))
    event_id: Mapped[str] = mapped_column(Text, default="")
    fields: Mapped[list[Any]] = mapped_column(default=list)
    """Names of what was asked for or sent, never values."""
    allowed_by: Mapped[str] = mapped_column(String(32))
    """`titles`, `delegation` or `create`: what allowed it."""
    finished_at: Mapped[datetime | None]
    status: Mapped[int] = mapped_column(default=0)
    code: Mapped[str] = mapped_column(String(128), default="")
    request_id: Mapped[str] = mapped_column(String(64), default="")
