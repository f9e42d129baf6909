"""Faults on order: each hits an operation, so many times, before or after its effect."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.tenant.errors import AnswerLost, GraphError
from tests.tenant.state import Lag

if TYPE_CHECKING:
    from tests.tenant.tenant import Tenant

OPS = frozenset(
    [
        "token",
        "places",
        "calendar",
        "list",
        "view",
        "delta",
        "get",
        "instances",
        "create",
        "patch",
        "delete",
        "cancel",
        "respond",
        "batch",
        "any",
        # GET /events with a $filter: with any, by iCalUId, by an extended property.
        "filter",
        "filter_uid",
        "filter_tag",
    ]
)
AFTER = frozenset({"T+", "429+", "503+", "504+", "500+", "partial+503"})
# "other": a create answers with another event of the mailbox and makes none.
SHAPES = frozenset({"partial", "partial+503", "loop", "empty", "truncate", "other"})
_FILTER_OPS = {"iCalUId": ("filter", "filter_uid"), "tag": ("filter", "filter_tag"), "other": ("filter",)}
READ_KINDS = frozenset({"view", "list", "delta", "get", "instances"})

_ANSWERS = {
    "429": (429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
    "500": (500, "InternalServerError", "An internal server error occurred. The operation failed."),
    "503": (503, "ServiceUnavailable", "The service is temporarily unavailable."),
    "504": (504, "UnknownError", ""),
    "410": (410, "SyncStateNotFound", "The sync state generation is not found; generation=1;[highest=9][7][8][9]."),
    "410resync": (410, "resyncRequired", "Resync required. Replace any local items with the server's version."),
    "400sync": (400, "syncStateNotFound", "The sync state is not found."),
    "501": (501, "NotImplemented", "This operation target is not yet supported."),
    "404lag": (404, "ErrorItemNotFound", "The specified object was not found in the store."),
    "412": (
        412,
        "ErrorIrresolvableConflict",
        "The send or update operation could not be performed because the change key passed in the request does not "
        "match the current change key for the item.",
    ),
    "403": (403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."),
    "401": (401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."),
    "400": (400, "ErrorInvalidRequest", "The request is invalid."),
    "409": (409, "ErrorConcurrentItemSave", "An item was changed while it was being saved."),
}
BEFORE = frozenset({"T-", "drop", *_ANSWERS})


@dataclass
class Fault:
    """One order: `skip` matching requests go by unharmed, then `times` are hit."""

    op: str
    kind: str
    times: int = 1
    mailbox: str | None = None
    skip: int = 0
    retry_after: int | str | None = 1
    until: datetime | None = None
    hits: int = 0

    def matches(self, ops: tuple[str, ...], mailbox: str | None) -> bool:
        """Whether this request, by one of its names, is the fault's business; counts skips."""
        if self.hits >= self.times or self.op not in ops:
            return False
        if self.mailbox is not None and (mailbox or "").lower() != self.mailbox.lower():
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        return True

    def answer(self) -> GraphError:
        """The error answer of this kind."""
        status, code, message = _ANSWERS[self.kind.rstrip("+").removeprefix("partial+")]
        throttled = status in (429, 503) and self.retry_after is not None
        return GraphError(status, code, message, {"Retry-After": str(self.retry_after)} if throttled else None)

    def before(self) -> None:
        """Fail now, with nothing done."""
        if self.kind == "T-":
            raise AnswerLost(after=False)
        if self.kind == "drop":
            raise AnswerLost(after=False, dropped=True)
        raise self.answer()

    def after(self) -> None:
        """Fail although it is done."""
        if self.kind == "T+":
            raise AnswerLost(after=True)
        raise self.answer()


@dataclass
class Faults:
    """All faults of a tenant, and how its reads are made to lie."""

    tenant: Tenant
    orders: list[Fault] = field(default_factory=list)
    hide_seconds: float | None = None
    hide_reads: int | None = None
    forget_after: float | None = None
    filters_lag: float = 0.0
    tags_hidden: frozenset[str] = frozenset()

    def add(
        self,
        op: str,
        kind: str,
        times: int = 1,
        mailbox: str | None = None,
        skip: int = 0,
        retry_after: int | str | None = 1,
        until: datetime | None = None,
    ) -> Fault:
        """Order a fault, which ends by itself at `until`.

        `retry_after`: seconds, an HTTP date, or None for 429 and 503 without the header.
        """
        if op not in OPS or kind not in BEFORE | AFTER | SHAPES:
            raise ValueError(f"no fault {kind} on {op}")
        fault = Fault(op, kind, times, mailbox, skip, retry_after, until)
        self.orders.append(fault)
        return fault

    def clear(self) -> None:
        """Heal everything: orders, lag, hidden creates, forgotten transaction ids, lying filters. Who is out
        of reach stays so (`Tenant.put_in_reach`).
        """
        self.orders.clear()
        self.filters_lag, self.tags_hidden = 0.0, frozenset()
        self.hide_seconds = self.hide_reads = self.forget_after = None
        for mailbox in self.tenant.mailboxes():
            mailbox.lag = None
            mailbox.hidden.clear()

    def take(self, op: str, mailbox: str | None, filter_kind: str | None = None) -> Fault | None:
        """The fault that hits this request, if any; it is used up by one."""
        if not self.orders:
            return None
        now = self.tenant.clock.now()
        self.orders = [fault for fault in self.orders if fault.until is None or now < fault.until]
        hit = None
        ops = (op, "any", *(_FILTER_OPS[filter_kind] if filter_kind and op == "list" else ()))
        for fault in self.orders:
            if fault.matches(ops, mailbox):
                hit = fault
                break
        if hit is not None:
            hit.hits += 1
        self.orders = [fault for fault in self.orders if fault.hits < fault.times]
        return hit

    def lag(self, mailbox: str, changes: int, kinds: Iterable[str] = READ_KINDS) -> None:
        """Reads of a mailbox stay `changes` behind, until settle() or further changes push them out."""
        box = self.tenant.mailbox(mailbox)
        box.lag = Lag(changes, frozenset(kinds)) if changes else None

    def hide_created(self, seconds: float | None = None, reads: int | None = None) -> None:
        """Events created over Graph from now on exist but are not shown, for a time or so many reads."""
        self.hide_seconds, self.hide_reads = seconds, reads

    def lag_filters(self, seconds: float) -> None:
        """What $filter finds is that old (H77)."""
        self.filters_lag = seconds

    def hide_tags(self, *kinds: str) -> None:
        """$expand of an extended property gives nothing in reads of these kinds: view, list, get (H77)."""
        self.tags_hidden = frozenset(kinds)

    def forget_transaction_ids(self, after: float | bool = True) -> None:
        """transactionIds are forgotten after so many seconds; True: at once; False: never."""
        self.forget_after = None if after is False else (0.0 if after is True else float(after))

    def forgotten(self, age: timedelta) -> bool:
        """Whether a transactionId of this age is forgotten."""
        return self.forget_after is not None and age.total_seconds() >= self.forget_after
