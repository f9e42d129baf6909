"""The fixed words of the product: states, kinds and answers, the same in code, database and on screen."""

from __future__ import annotations

from enum import StrEnum

BY_OUTLOOK = "Outlook"
"""Who cancelled or made a reservation that followed its event."""


MOVE_REFUSED = "move_refused"
"""Code of a reservation that stays in its room because the one it should move to cannot have it."""

SPLIT_REFUSED = "split_refused"
"""Code of a series that is whole again because what should go on from one of its dates could not be made."""

REFUSED_WISHES = (MOVE_REFUSED, SPLIT_REFUSED)
"""Codes that stay until a person has read them or saved again."""

KEPT_HERE = "kept_here"
"""Why a reservation is not in Outlook: its event is gone there, and it was kept here all the same."""


class RoomState(StrEnum):
    """Sync status of a room."""

    OFF = "off"
    PENDING = "pending"
    ACTIVE = "active"
    ERROR = "error"
    HELD = "held"


class SyncState(StrEnum):
    """Sync state of a reservation; LOCAL is shown as "Not in Outlook"."""

    LOCAL = "local"
    WAITING = "waiting"
    SYNCED = "synced"
    AWAITING = "awaiting"
    DECLINED = "declined"
    FAILED = "failed"
    HELD = "held"


class Home(StrEnum):
    """Where a meeting's event lives: the room organizes it, or a person does."""

    RESOURCE = "resource"
    USER = "user"


class Origin(StrEnum):
    """Where a meeting was made."""

    HERE = "here"
    OUTLOOK = "outlook"


class MeetingKind(StrEnum):
    """A single meeting or a series."""

    SINGLE = "single"
    SERIES = "series"


class TitleSource(StrEnum):
    """Who gave a meeting its title; PLACEHOLDER: nobody yet."""

    TYPED = "typed"
    ROOM_COPY = "room_copy"
    ORGANIZER = "organizer"
    PLACEHOLDER = "placeholder"


class Answer(StrEnum):
    """An attendee's answer in Graph's words (`responseStatus.response`)."""

    NONE = "none"
    ORGANIZER = "organizer"
    TENTATIVE = "tentativelyAccepted"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    NOT_RESPONDED = "notResponded"


class LinkRole(StrEnum):
    """What a link's event is: the organizer's own, or a room's attendee copy."""

    AUTHORITY = "authority"
    COPY = "copy"


class LinkState(StrEnum):
    """How a link stands: seen but not imported, followed, stopped for a person, or set aside as unusable."""

    NEW = "new"
    LINKED = "linked"
    HELD = "held"
    QUARANTINED = "quarantined"


class AttemptKind(StrEnum):
    """One write to Graph."""

    CREATE = "create"
    PATCH = "patch"
    DELETE = "delete"
    CANCEL = "cancel"
    DECLINE = "decline"


class OutboxKind(StrEnum):
    """What waits to be written: a reservation's state in its room's calendar, a person's meeting through his own,
    the cancelling of that, or the room's refusal of it."""

    PUSH = "push"
    MEETING = "meeting"
    CANCEL_MEETING = "cancel_meeting"
    DECLINE = "decline"


class MailboxKind(StrEnum):
    """Whose mailbox it is."""

    ROOM = "room"
    PERSON = "person"


class Reach(StrEnum):
    """Whether the app may read a person's mailbox, as far as was learned."""

    UNKNOWN = "unknown"
    YES = "yes"
    OUTSIDE = "outside"
    NO_MAILBOX = "no_mailbox"
    REFUSED = "refused"


class AuthorityState(StrEnum):
    """What is known of the organizer's own event of a meeting."""

    NONE = "none"
    KNOWN = "known"
    UNREACHABLE = "unreachable"
    GONE = "gone"


class LedgerOperation(StrEnum):
    """What a request to a person's mailbox did."""

    FIND = "find"
    READ = "read"
    PATCH = "patch"
    CANCEL = "cancel"
    CREATE = "create"


class HoldActionState(StrEnum):
    """How an action that was kept back stands."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    DONE = "done"


class Choice(StrEnum):
    """What a person may choose for an action that was kept back; which ones, its hold's kind says."""

    APPROVE = "approve"
    REJECT = "reject"
    KEEP = "keep"
    CANCEL_THERE = "cancel_there"
    CREATE_AGAIN = "create_again"
    CANCEL_HERE = "cancel_here"
    SEND_OURS = "send_ours"
    TAKE_THEIRS = "take_theirs"
    SEND_NOW = "send_now"
    DISCARD = "discard"
    ADOPT = "adopt"
    GIVE_UP = "give_up"
    LEAVE_HERE = "leave_here"


class AttemptState(StrEnum):
    """OPEN until the outcome is known."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
    DROPPED = "dropped"


class CheckState(StrEnum):
    """A connection check."""

    WAITING = "waiting"
    RUNNING = "running"
    CONFIRMED = "confirmed"
    FAILED = "failed"


class RunKind(StrEnum):
    """A run of one room: what changed, or everything."""

    DELTA = "delta"
    FULL = "full"


class RunResult(StrEnum):
    """How a run ended."""

    RUNNING = "running"
    DONE = "done"
    HELD = "held"
    THROTTLED = "throttled"
    FAILED = "failed"
    LOST = "lost"


class HoldKind(StrEnum):
    """Why sync stopped and left it to a person."""

    MASS_CANCEL = "mass_cancel"
    MASS_RETIME = "mass_retime"
    EMPTY_LISTING = "empty_listing"
    SLOT_TAKEN = "slot_taken"
    EDITED_AND_CANCELLED = "edited_and_cancelled"
    DOUBTFUL_CREATE = "doubtful_create"
    ACCESS_LOST = "access_lost"
    CHANGE_LOOP = "change_loop"


class ConflictKind(StrEnum):
    """What two sides disagreed about."""

    OVERLAP = "overlap"
    TIME = "time"
    TITLE = "title"
    CANCELLED_AND_EDITED = "cancelled_and_edited"
