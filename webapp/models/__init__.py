"""All tables, imported so that metadata is complete."""

from webapp.models.base import Base, UtcDateTime
from webapp.models.connection import Connection, ConnectionCheck, Credential, RoomChoice, TokenCache
from webapp.models.mailbox import DeltaSession, LeftMailbox, Link, Mailbox, MailboxLedger, StagedRow, Tombstone
from webapp.models.meeting import Meeting, MeetingException, Occurrence, Person, Reservation
from webapp.models.room import Room
from webapp.models.run import Conflict, Hold, HoldAction, RoomRun, RunStep, SyncAll
from webapp.models.system import Install, Lease, SyncSettings, WorkerHeartbeat
from webapp.models.user import User
from webapp.models.write import Attempt, Outbox

__all__ = [
    "Attempt",
    "Base",
    "Conflict",
    "Connection",
    "ConnectionCheck",
    "Credential",
    "DeltaSession",
    "Hold",
    "HoldAction",
    "Install",
    "Lease",
    "LeftMailbox",
    "Link",
    "Mailbox",
    "MailboxLedger",
    "Meeting",
    "MeetingException",
    "Occurrence",
    "Outbox",
    "Person",
    "Reservation",
    "Room",
    "RoomChoice",
    "RoomRun",
    "RunStep",
    "StagedRow",
    "SyncAll",
    "SyncSettings",
    "TokenCache",
    "Tombstone",
    "User",
    "UtcDateTime",
    "WorkerHeartbeat",
]
