"""Mailboxes that an app does not reach, each in one of the ways that Graph has for it; changeable at any time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tests.tenant.errors import GraphError, access_denied

if TYPE_CHECKING:
    from tests.tenant.state import Mailbox
    from tests.tenant.switches import Switches

_ODATA = "Access to OData is disabled"
_RAOP = f"{_ODATA}: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings."
_NO_MAILBOX = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
NO_MAILBOX = "MailboxNotEnabledForRESTAPI"
WAYS = ("rbac", "policy", "old_policy", "no_mailbox", "unknown")


def blocked_by_policy(old: bool = False) -> GraphError:
    """An application access policy, in the words of today or of some years ago."""
    return GraphError(403, "ErrorAccessDenied", f"{_ODATA}." if old else _RAOP)


def unknown_user(switches: Switches, user: str) -> GraphError:
    """Nobody of this tenant."""
    return GraphError(404, switches.unknown_user_code, f"The requested user '{user}' is invalid.")


def no_mailbox(switches: Switches) -> GraphError:
    """A user whose mailbox is not in Exchange Online."""
    if switches.no_mailbox_status == 404:
        return GraphError(404, NO_MAILBOX, _NO_MAILBOX)
    return GraphError(switches.no_mailbox_status, "ErrorAccessDenied", _NO_MAILBOX, inner_code=NO_MAILBOX)


def _in_the_way(how: str, switches: Switches, user: str) -> GraphError:
    if how == "unknown":
        return unknown_user(switches, user)
    if how == "no_mailbox":
        return no_mailbox(switches)
    return access_denied() if how == "rbac" else blocked_by_policy(how == "old_policy")


def check(mailbox: Mailbox, switches: Switches, user: str, now: datetime) -> None:
    """Refuse what the state of a mailbox, or a bar before it, does not allow."""
    if mailbox.bar is not None and mailbox.bar.stops(now):
        raise _in_the_way(mailbox.bar.how, switches, user)
    if mailbox.state == "soft-deleted" and switches.soft_deleted_code != NO_MAILBOX:
        raise GraphError(404, switches.soft_deleted_code, f"The requested user '{user}' is invalid.")
    if mailbox.state != "active":
        raise no_mailbox(switches)
