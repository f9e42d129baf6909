"""Words of rooms: beside fields, of refusals, and of every cause that a room's sync status can have."""

from __future__ import annotations

from webapp.filters import count
from webapp.words import Words

FIELD_WORDS = {
    "name_missing": "The room needs a name.",
    "name_long": "The name has more than 200 characters. Choose a shorter one.",
    "text_long": "This is too long. Shorten it.",
    "capacity_wrong": "Capacity is a whole number from 0 to {limit}, or empty.",
    "time_zone_unknown": "Choose the time zone the room stands in. All-day reservations need it.",
    "connection_missing": "Choose the Microsoft connection this calendar belongs to.",
    "address_missing": "Choose a room of the tenant, or type the address of its calendar.",
    "address_wrong": "This is not an address. It looks like room-alder@larkfield.example.",
    "address_taken": (
        "<bdi>{room}</bdi> already uses this calendar. One external calendar belongs to one room. "
        '<a href="{url}">Open <bdi>{room}</bdi></a> to unlink it first.'
    ),
}
"""Sentences beside a field, HTML to be filled in with `Markup.format`."""

WORDS: dict[str, Words] = {
    "room_archived": Words(
        "<bdi>{room}</bdi> is archived",
        "An archived room takes no bookings and no changes.",
        ("Bring it back first.",),
    ),
    "room_not_linked": Words(
        "<bdi>{room}</bdi> is not linked to a calendar", "There is nothing to switch or to read.", ("Link it first.",)
    ),
    "room_not_active": Words(
        "Sync of <bdi>{room}</bdi> is switched off", "Its calendar is not read.", ("Switch its sync on first.",)
    ),
    "bulk_nothing": Words(
        "No room is ticked", "Nothing was changed.", ("Tick rooms in the table, then press the button once more.",)
    ),
    "room_stale": Words(
        "Not saved: someone else changed this room",
        "<bdi>{room}</bdi> was saved after you opened it. Your fields are still below.",
    ),
    "another_mailbox": Words(
        "Link <bdi>{room}</bdi> to another calendar?",
        "The room’s reservations are in {left}. If {address} is another calendar, this happens:",
    ),
    "mailbox_replaced": Words(
        "Is another mailbox at {address}?",
        "If the calendar that answers there now is not this room’s former one, this happens:",
    ),
    "left_behind": Words(
        "Left behind in {address}",
        "The room follows another calendar since. The meeting is still in the former one, and is not followed here.",
    ),
    "calendar_changed": Words(
        "Another calendar answers at {address}",
        "The mailbox was restored or made anew: its calendar is not the one that was followed. "
        "Nothing was changed here or there, and nothing is until you say which it is.",
        ("Say below whether it is the calendar of the same room.",),
    ),
    "calendar_settled": Words(
        "There is nothing to decide any more",
        "The calendar of <bdi>{room}</bdi> is known. Somebody answered, or the former calendar is back.",
    ),
    "same_calendar": Words(
        "This is the calendar of another room",
        "<bdi>{room}</bdi> (connection <bdi>{connection}</bdi>) already follows this calendar under another address. "
        "Nothing was imported.",
        ("Unlink that room first, or choose another external calendar here.",),
    ),
    "address_unlisted": Words(
        "Microsoft does not list this address as a room",
        "It may be a person’s calendar, or a room that is not in the tenant’s list of places. "
        "Nothing is read until you say that it is a room.",
        ("Correct the address, or confirm it.",),
    ),
    "empty_listing": Words(
        "Outlook lists nothing for this room any more",
        "The room has reservations, and its calendar came back empty. "
        "That can be a clean-up, or a mailbox emptied by mistake. Nothing was cancelled here.",
        ("Look at the calendar in Outlook; see Activity for what is held.",),
    ),
    "mass_cancel": Words(
        "{count} of its reservations would be cancelled at once",
        "Outlook no longer lists them. Nothing was cancelled here; other changes of this room go on.",
        ("See Activity for what is held.",),
    ),
    "mass_retime": Words(
        "{count} of its reservations would be moved at once",
        "Outlook lists them at other times. Nothing was moved here; other changes of this room go on.",
        ("See Activity for what is held.",),
    ),
    "throttled": Words(
        "Microsoft asked us to slow down for this mailbox", "The next try comes by itself. Nothing is lost."
    ),
    "unavailable": Words(
        "Microsoft did not answer", "The next try comes by itself, at longer and longer intervals. Nothing is lost."
    ),
    "access_denied": Words(
        "The app may not read this room’s calendar",
        "The permission Calendars.ReadWrite is missing, or the tenant restricts the app and the room is outside.",
        ("Add the permission or the room to the scope; Microsoft may take an hour. Then press Try again.",),
    ),
    "mailbox_missing": Words(
        "No calendar at this address",
        "The mailbox has no Exchange Online calendar: it was deleted, lost its licence, or has another address now. "
        "Reservations stay as they are.",
        (
            "Restore it, or give it back its licence.",
            "If it only has another address, enter that one as External Calendar: the same mailbox is recognised, "
            "and nothing is made twice.",
        ),
    ),
    "credentials_refused": Words(
        "Microsoft does not accept the connection’s credentials",
        "Sync of every room of this connection rests; changes made here wait.",
        ("Check the connection on the Office 365 Integration page; it names the cause.",),
    ),
    "internal_error": Words(
        "Something failed on this side",
        "Microsoft is not at fault. Nothing is lost, and it is tried again by itself.",
        ("If it stays, the worker's log says what failed.",),
    ),
    "unexpected_answer": Words(
        "Microsoft gave an answer that could not be used",
        "Nothing was changed because of it. It is tried again by itself.",
        ("If it stays, see Activity for the request ids and ask Microsoft.",),
    ),
    "slot_taken": Words(
        "An earlier event in Outlook has a slot that was wanted here",
        "A reservation that lost its slot stays here, blocks nothing, and its own event is taken out of the "
        "calendar. One that was to move to another room stays where it was, in both.",
        ("Give it another time or room, or cancel it.",),
    ),
    "edited_and_cancelled": Words(
        "A reservation was cancelled on one side and changed on the other",
        "Nothing was thrown away: both sides stay as they are until a person decides.",
        ("See Activity for what is held.",),
    ),
    "change_loop": Words(
        "Two products change the same event against each other",
        "What is sent from here is taken back in Outlook, again and again. Nothing is sent until a person decides.",
        ("Find the other product that writes in this calendar; see Activity for both values.",),
    ),
    "doubtful_create": Words(
        "It is not known whether a meeting was created in its owner’s calendar",
        "Microsoft did not answer, and the meeting was not found. The room is reserved here meanwhile.",
        ("Look into the owner’s calendar; see Activity for the choices.",),
    ),
    "access_lost": Words(
        "A change of a person’s meeting may not be sent any more",
        "A setting was changed after it was saved. It does not go out by itself when the setting returns.",
        ("See Activity to send it now or to discard it.",),
    ),
    "quarantine_share": Words(
        "Too many events of this calendar could not be read",
        "Each unreadable event is set aside; so many at once means that something is wrong on the way.",
        ("See Activity for what was set aside, then press Try again.",),
    ),
}

ASIDE_WORDS = {
    "Refused": "Microsoft refuses to show it.",
    "Unreadable": "Microsoft’s answer about it cannot be understood.",
}
"""Why an event was set aside, by the name of what went wrong; else it is a member of the answer."""


def reason_of(code: str) -> str:
    """Why an event was set aside. Most reasons name the member of Microsoft's answer that makes no sense; others
    are failures on this side."""
    if code in ASIDE_WORDS:
        return ASIDE_WORDS[code]
    if code.endswith("Error") or not code:
        return "It could not be taken over here; the worker’s log says why."
    return f"Its “{code}” makes no sense."


BULK_WORDS = {
    "activate": "sync is switched on",
    "pause": "sync is switched off",
    "resync": "the whole calendar is read again",
}
"""What was done to many rooms, by `webapp.rooms.many.Bulk`."""


def bulk_words(what: str, done: int, already: int) -> str:
    """`3 rooms: sync is switched on. 1 room was so already.`"""
    said = f"{count(done, 'room')}: {BULK_WORDS[what]}."
    return said + (f" {count(already, 'room was', 'rooms were')} so already." if already else "")
