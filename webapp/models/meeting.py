"""Meetings, their reservations of rooms, and the dates that block a room."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.domain.words import Answer, AuthorityState, Home, MeetingKind, Origin, SyncState, TitleSource
from webapp.models.base import Base, word
from webapp.models.room import Room


class Person(Base):
    """Somebody a meeting belongs to, with or without an account here; `email` in lower case."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(255))


class Meeting(Base):
    """What one event stands for. Timed: `starts_at`/`ends_at`; all-day: `start_date`/`end_date` (end left out).

    A series has the span of its first date. (`tenant_guid`, `ical_uid`) joins the copies that several rooms hold;
    for a series it is the master's.
    """

    __tablename__ = "meeting"
    __table_args__ = (
        UniqueConstraint("tenant_guid", "ical_uid"),
        Index(None, "home", "title_source"),
        CheckConstraint(
            "(all_day AND start_date IS NOT NULL AND end_date IS NOT NULL)"
            " OR (NOT all_day AND starts_at IS NOT NULL AND ends_at IS NOT NULL)",
            name="span",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(1024), default="")
    title_source: Mapped[TitleSource] = mapped_column(word(TitleSource))
    is_private: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[MeetingKind] = mapped_column(word(MeetingKind), default=MeetingKind.SINGLE)
    home: Mapped[Home] = mapped_column(word(Home))
    origin: Mapped[Origin] = mapped_column(word(Origin))
    organizer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """The person who organizes in Outlook; none for home `resource`, where the room does."""
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    all_day: Mapped[bool] = mapped_column(default=False)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    rule: Mapped[dict[str, Any] | None]
    """Of a series: its rule (`webapp.domain.rule_json`); none where none could be made of what its event says."""
    rule_code: Mapped[str | None] = mapped_column(String(64))
    """Why the rule is set aside, or what of it does not fit; `rule_fields` fill in the words. Its dates count."""
    rule_fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    split_of_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id", ondelete="SET NULL"))
    """Of "this and following" on its way: the series that this one goes on instead of, from its first date."""
    split_from: Mapped[dict[str, Any] | None]
    """With it: that series as it was before it was cut (`webapp.domain.rule_json`), should this one fail for good."""
    description: Mapped[str] = mapped_column(Text, default="")
    """Stays here; bodies of events are neither read nor written."""
    other_attendees: Mapped[int] = mapped_column(default=0)
    tenant_guid: Mapped[str | None] = mapped_column(String(36))
    ical_uid: Mapped[str | None] = mapped_column(String(512))
    authority_state: Mapped[AuthorityState] = mapped_column(word(AuthorityState), default=AuthorityState.NONE)
    """Of a meeting that a person organizes: what is known of his own event."""
    authority_look_at: Mapped[datetime | None] = mapped_column(index=True)
    """The organizer's event should be read (again) then, in the lane of the lead room."""
    authority_looks: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200), default="")
    cancelled_at: Mapped[datetime | None]

    organizer: Mapped[Person | None] = relationship(foreign_keys=organizer_id)
    owner: Mapped[Person | None] = relationship(foreign_keys=owner_id)
    reservations: Mapped[list[Reservation]] = relationship(back_populates="meeting")
    exceptions: Mapped[list[MeetingException]] = relationship(
        cascade="all, delete-orphan", order_by="MeetingException.original_start"
    )


class MeetingException(Base):
    """A date of a series that was changed or does not take place, by its original date (ISO)."""

    __tablename__ = "meeting_exception"
    __table_args__ = (UniqueConstraint("meeting_id", "original_start"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"))
    original_start: Mapped[str] = mapped_column(String(10))
    is_cancelled: Mapped[bool] = mapped_column(default=False)
    span: Mapped[dict[str, Any] | None]
    """When it takes place instead; none where its rule has it."""
    title: Mapped[str | None] = mapped_column(String(1024))
    """What its organizer calls this date, where that was read and differs."""


class Reservation(Base):
    """One room's booking of a meeting. `public_id` is random and goes into transactionId and tag."""

    __tablename__ = "reservation"
    __table_args__ = (UniqueConstraint("meeting_id", "room_id"), Index(None, "room_id", "sync_state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    sync_state: Mapped[SyncState] = mapped_column(word(SyncState), default=SyncState.LOCAL)
    sync_code: Mapped[str | None] = mapped_column(String(64))
    """Why it is Failed or Held; `sync_fields` fill in the words."""
    sync_fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    answer: Mapped[Answer] = mapped_column(word(Answer), default=Answer.NONE)
    awaiting_since: Mapped[datetime | None]
    """The room was asked then, and has not answered yet."""
    pending_time: Mapped[dict[str, Any] | None]
    """A new time set here that the room's copy of a person's meeting has not followed yet: old and new block. Of a
    series: the series as it shall be, and its rule as it was (`webapp.reservations.series_pending`)."""
    dates_until: Mapped[datetime | None] = mapped_column(index=True)
    """Of a series whose dates are made from its rule here, until Outlook has told them: how far they are made."""
    declined_dates: Mapped[list[Any]] = mapped_column(default=list)
    """Dates (ISO, original) of a person's series that were declined here for the room, and are free here."""
    leaves_for_id: Mapped[int | None] = mapped_column(ForeignKey("reservation.id", ondelete="SET NULL"), index=True)
    """The reservation in another room that takes this one's place once its event is there."""
    incarnation: Mapped[int] = mapped_column(default=1)
    """Rises when the event is deliberately created anew; part of the transactionId."""
    not_followed_since: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    """When it lost its slot to an earlier event in Outlook: Held, blocks nothing, its own event is removed."""
    created_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[str] = mapped_column(String(200), default="")
    """Name of the person here, or `Outlook`."""

    meeting: Mapped[Meeting] = relationship(back_populates="reservations")
    room: Mapped[Room] = relationship()
    occurrences: Mapped[list[Occurrence]] = relationship(
        back_populates="reservation", cascade="all, delete-orphan", order_by="Occurrence.starts_at"
    )


class Occurrence(Base):
    """One date of a reservation; the only thing that timetable, overlap check and free-now read.

    `starts_at`/`ends_at` are instants also for all-day (midnights in the room's zone). `original_start` names the
    date inside its series (ISO date); empty for a single. A cancelled reservation has no rows here.
    """

    __tablename__ = "occurrence"
    __table_args__ = (
        UniqueConstraint("reservation_id", "original_start"),
        Index(None, "room_id", "starts_at", "ends_at"),
        Index(None, "starts_at", "ends_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    reservation_id: Mapped[int] = mapped_column(ForeignKey("reservation.id", ondelete="CASCADE"))
    original_start: Mapped[str] = mapped_column(String(10), default="")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    blocks: Mapped[bool] = mapped_column(default=True)
    answer: Mapped[Answer] = mapped_column(word(Answer), default=Answer.NONE)
    is_exception: Mapped[bool] = mapped_column(default=False)
    """A date that was changed by itself and differs from its series."""

    reservation: Mapped[Reservation] = relationship(back_populates="occurrences")
