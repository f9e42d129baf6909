"""What can go wrong between us and Microsoft, classified by what the caller does about it.

Every error carries fields, not sentences. `status` is the HTTP status (0: no answer), `code` Graph's or
Entra's own code, `request_id` Microsoft's id of the request for their support.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trouble:
    """What an answer said about its failure."""

    status: int = 0
    code: str = ""
    request_id: str = ""
    client_request_id: str = ""
    operation: str = ""


class SyncError(Exception):
    """Root of all classified errors of the sync."""

    def __init__(self, trouble: Trouble | None = None) -> None:
        self.trouble = trouble or Trouble()
        super().__init__(f"{type(self).__name__} {self.trouble}")


class Throttled(SyncError):
    """Microsoft asks to wait `wait_seconds`; a write answered so may have been done all the same (H37).

    `of_all`: not this mailbox alone waits, but every one of its connection (H67).
    """

    def __init__(self, trouble: Trouble, wait_seconds: float, of_all: bool = False) -> None:
        self.wait_seconds = wait_seconds
        self.of_all = of_all
        super().__init__(trouble)


class Unavailable(SyncError):
    """No answer, or 5xx: a read can be repeated; a write is in doubt unless `never_sent`."""

    def __init__(self, trouble: Trouble, wait_seconds: float | None = None, never_sent: bool = False) -> None:
        self.wait_seconds = wait_seconds
        self.never_sent = never_sent
        super().__init__(trouble)


class Gone(SyncError):
    """404 of one item: not in this mailbox, or not readable yet."""


class Changed(SyncError):
    """409 or 412: the item changed since it was read; read it again and plan again."""


class DeltaExpired(SyncError):
    """The delta link is dead (410 or its relatives): everything must be read again."""


class Refused(SyncError):
    """A request that will not be accepted however often it is sent (400 and the like)."""


class DuplicateTransaction(SyncError):
    """The transactionId belongs to another event: look that event up."""


class MailboxMissing(SyncError):
    """No such mailbox, or it has no calendar: the room stops, nothing is cancelled."""


class AccessDenied(SyncError):
    """403: the permission is missing or this mailbox is out of the app's reach."""


class CredentialsRefused(SyncError):
    """Entra gives no token, or Graph does not accept it; `code` is the AADSTS number or Graph's code."""


class EndlessDelta(SyncError):
    """A delta round that repeats itself or has no end (H01)."""


class UnsafeLink(SyncError):
    """A nextLink or deltaLink that does not lead to the configured Graph address (S21)."""


class Unreadable(SyncError):
    """An answer, or one item of it, cannot be understood; `detail` names the member."""

    def __init__(self, detail: str, trouble: Trouble | None = None) -> None:
        self.detail = detail
        super().__init__(trouble)


class TooManyUnusable(SyncError):
    """So many items of a room could not be read that the fault is more likely ours: the room stops."""


class OurFault(SyncError):
    """Something failed on this side, the database or the code; the log says what."""
