"""The PowerShell lines that keep an app to the rooms, filled in. Values are quoted so that none can act.

Both ways are those of Exchange Online: RBAC for Applications (docs/graph.md#rbac-for-applications) and, legacy, an
application access policy (docs/graph.md#access-policy).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

OBJECT_ID_MISSING = "<object id of the enterprise application>"
ADDRESS_FILE = "rooms.txt"
_QUOTES = "'\u2018\u2019\u201a\u201b"
"""PowerShell takes each of these for a single quote; doubled, it stands for itself."""
_UNPRINTED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def quoted(text: str) -> str:
    """`text` as a single-quoted string, in which no `$`, backtick or bracket means anything.

    A character that does not print could end a line or drive a terminal, so it becomes U+FFFD.
    """
    letters = ("\ufffd" if unicodedata.category(letter) in _UNPRINTED else letter for letter in text)
    return "'" + "".join(letter * 2 if letter in _QUOTES else letter for letter in letters) + "'"


@dataclass(frozen=True)
class Restriction:
    """What the lines are filled in with. `rooms` is None where there are so many that a file lists them."""

    app_id: str
    object_id: str | None
    display_name: str
    rooms: Sequence[str] | None

    @property
    def name(self) -> str:
        """Of the scope or group in Exchange: short, and the app's own."""
        return f"Room sync {self.app_id[:8]}"


def rbac_for_all_rooms(one: Restriction) -> str:
    """RBAC for Applications with a scope of every room mailbox: nothing to do when a room is added."""
    assigned = f"-CustomResourceScope {quoted(one.name)}"
    return _lines(
        *_principal(one),
        f"New-ManagementScope -Name {quoted(one.name)} "
        "-RecipientRestrictionFilter \"RecipientTypeDetails -eq 'RoomMailbox'\"",
        _assignment(assigned),
        *(_test_principal(quoted(room)) for room in (one.rooms or ())[:1]),
    )


def rbac_for_linked_rooms(one: Restriction) -> str:
    """RBAC for Applications for a group of the linked rooms alone; a room that is linked later has to join it."""
    return _lines(
        *_principal(one),
        *_group(one),
        _assignment(f"-RecipientGroupScope {quoted(one.name)}"),
        f"foreach ($room in $rooms) {{ {_test_principal('$room')} }}",
    )


def access_policy(one: Restriction) -> str:
    """The legacy way, for tenants that use it already: a policy for the same group."""
    return _lines(
        "Connect-ExchangeOnline",
        f"$appId = {quoted(one.app_id)}",
        *_group(one),
        f"New-ApplicationAccessPolicy -AppId $appId -PolicyScopeGroupId {quoted(one.name)} "
        "-AccessRight RestrictAccess -Description 'Room sync'",
        "foreach ($room in $rooms) { Test-ApplicationAccessPolicy -Identity $room -AppId $appId }",
    )


def _lines(*lines: str) -> str:
    return "\n".join(lines)


def _principal(one: Restriction) -> Sequence[str]:
    return (
        "Connect-ExchangeOnline",
        f"$appId = {quoted(one.app_id)}",
        f"$objectId = {quoted(one.object_id or OBJECT_ID_MISSING)}",
        f"New-ServicePrincipal -AppId $appId -ObjectId $objectId -DisplayName {quoted(one.display_name)}",
    )


def _assignment(scope: str) -> str:
    return f"New-ManagementRoleAssignment -App $objectId -Role 'Application Calendars.ReadWrite' {scope}"


def _group(one: Restriction) -> Sequence[str]:
    return (
        *_room_list(one.rooms),
        f"New-DistributionGroup -Name {quoted(one.name)} -Type Security",
        f"foreach ($room in $rooms) {{ Add-DistributionGroupMember -Identity {quoted(one.name)} -Member $room }}",
    )


def _room_list(rooms: Sequence[str] | None) -> Sequence[str]:
    if rooms is None:
        return (f"$rooms = Get-Content -Encoding UTF8 -Path {quoted(ADDRESS_FILE)}",)
    return ("$rooms = @(", *(f"  {quoted(room)}" for room in rooms), ")")


def _test_principal(room: str) -> str:
    return f"Test-ServicePrincipalAuthorization -Identity $objectId -Resource {room} | Format-Table"
