"""The guide's steps by their names, and why each has its state: a few words for its line, and a sentence."""

from __future__ import annotations

from typing import Any, NamedTuple

from markupsafe import Markup

from webapp.domain.setup_steps import GuideStep, StepState, Why
from webapp.filters import count, day
from webapp.setup_guide.facts import Known

LAST_IN_ENTRA = 11
"""Steps up to this one are taken in Microsoft Entra, the others in this panel."""

TITLES = (
    "Create App registration",
    "Click the “New registration” option",
    "Name the application “Microsoft Graph API”",
    "Configure API Permissions",
    "Click on “Add a permission”",
    "Select Microsoft Graph",
    "Select “Application permissions”",
    "Create the Client Secret",
    "Add the Client Secret",
    "Copy the Value (Secret Value) and Secret ID",
    "Copy the Application (client) ID and Directory (tenant) ID",
    "Configuring the Microsoft Azure Connection for Calendar Sync",
    "Continuing to configure the Microsoft Azure Connection",
    "Confirm the new connection is now working",
    "Enable the External Calendar Sync",
    "Configure {product} Rooms for External Calendar Sync",
)
STATE_WORDS = {
    StepState.DONE: "Done",
    StepState.NEXT: "Next",
    StepState.LATER: "Not yet",
    StepState.UNSEEN: "Cannot be seen from here",
}


class Reason(NamedTuple):
    """`short` stands at the right of a step's line; `full` above its text, where there is more to say."""

    short: str
    full: str = ""


REASONS = {
    Why.BEGIN: Reason("begin here"),
    Why.BY_YOU: Reason("ticked by you", "It cannot be seen from here, so your tick stands. This browser keeps it."),
    Why.NOT_CHECKED: Reason(
        "seen by the first check",
        "What is done in Entra is seen from here once a connection is set and checked (step 14).",
    ),
    Why.CHECKING: Reason("checking", "The check is under way. What it finds shows here by itself."),
    Why.NOT_SEEN_BY_CHECK: Reason(
        "the last check did not get this far",
        "The last check ended before it could see this. Step 14 says where, and why.",
    ),
    Why.SIGN_IN_WORKS: Reason("seen by sign-in"),
    Why.APP_KNOWN: Reason("Microsoft knows the app"),
    Why.NAME_PLAYS_NO_PART: Reason(
        "registered; any name works",
        "The app signs in, so it is registered. Its name is not told, and plays no part.",
    ),
    Why.LEAVES_NO_TRACE: Reason(
        "cannot be seen from here",
        "User.Read is a permission for people who sign in. The sync signs in as the app, which is never told of it, "
        "so only you can tick this step. Left in place it does no harm.",
    ),
    Why.PERMISSION_SEEN: Reason("a Graph permission is seen"),
    Why.GRANTED: Reason("both permissions work"),
    Why.NOT_GRANTED: Reason("a permission is not seen"),
    Why.NOT_IN_EFFECT: Reason(
        "granted, not in effect yet",
        "A new permission can take a while. The check tries again by itself for two hours.",
    ),
    Why.NOT_PROVEN: Reason(
        "calendar access not proven yet",
        "Place.Read.All works. Calendars.ReadWrite shows once a calendar could be read, so link a room, then check "
        "again.",
    ),
    Why.SECRET_EXPIRED: Reason(
        "the secret expired",
        "Make a new client secret as at the first time. Changes wait meanwhile; nothing is lost.",
    ),
    Why.SECRET_REFUSED: Reason(
        "Microsoft does not accept the secret",
        "Most often the Secret ID was copied where the Value belongs. A value cannot be read again, so make a new "
        "secret (step 8) and copy its Value.",
    ),
    Why.AFTER_NEW_SECRET: Reason("to be done for the new secret"),
    Why.SECRET_ENDS: Reason("{secret_ends}"),
    Why.IDS_REFUSED: Reason(
        "Microsoft does not accept the IDs",
        "Copy both from the Overview page of the same app, then set them (step 13).",
    ),
    Why.NO_CONNECTION: Reason("no connection yet"),
    Why.CONNECTED: Reason("{name}"),
    Why.SAVED: Reason("secret stored {stored}"),
    Why.SECRET_UNREADABLE: Reason(
        "the stored secret cannot be decrypted",
        "The keys in SECRET_ENCRYPTION_KEYS are not the ones it was stored with. Put the old key back behind the new "
        "one, or paste the Secret Value again.",
    ),
    Why.CONFIRMED: Reason("Confirmed"),
    Why.CHECK_FAILED: Reason("the check stopped"),
    Why.TO_CHECK: Reason("not checked yet"),
    Why.SYNC_ON: Reason("on"),
    Why.SYNC_OFF: Reason("switched off"),
    Why.NO_ROOM: Reason("no room uses {name}"),
    Why.NOT_SWITCHED_ON: Reason(
        "{linked} linked, none switched on", "Open the room and tick External Calendar Sync is Active."
    ),
    Why.FIRST_SYNC: Reason("Pending", "The first sync has not ended. The room turns Active by itself."),
    Why.ROOMS_IN_TROUBLE: Reason(
        "no room is Active", "Each room says in Manage Rooms what keeps it from turning Active."
    ),
    Why.ROOMS_ACTIVE: Reason("{active} of {linked} Active"),
}
_WAITS = frozenset({Why.NO_CONNECTION, Why.AFTER_NEW_SECRET, Why.TO_CHECK, Why.CHECK_FAILED, Why.ROOMS_IN_TROUBLE})
"""Of a step that comes later these say nothing that the step before it does not say."""


def title_of(number: int, product: str) -> str:
    """The guide's name of a step."""
    return TITLES[number - 1].format(product=product)


def reason_of(step: GuideStep, known: Known) -> Reason:
    """The words for why a step has its state."""
    first = next((one.number for one in known.steps if one.state is StepState.NEXT), None)
    if step.state is StepState.LATER and step.why in _WAITS and first:
        return Reason(f"waits for step {first}")
    reason = REASONS[step.why]
    return Reason(Markup(reason.short).format_map(_fields(known)), reason.full)


def _fields(known: Known) -> dict[str, Any]:
    connection, rooms = known.connection, known.facts.rooms
    fields: dict[str, Any] = {"linked": count(rooms.linked, "room"), "active": f"{rooms.active:,}"}
    if connection is None:
        return {**fields, "name": "a connection"}
    expires_on = connection.credential.expires_on
    return {
        **fields,
        "name": Markup("<bdi>{}</bdi>").format(connection.name),
        "stored": day(connection.credential.stored_at.date()),
        "secret_ends": f"ends {day(expires_on)}" if expires_on else "no end date given here",
    }
