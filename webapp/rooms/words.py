"""Words of rooms: beside fields, of refusals, and of every cause that a room's sync status can have."""

from __future__ import annotations

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
    "room_stale": Words(
        "Not saved: someone else changed this room",
        "<bdi>{room}</bdi> was saved after you opened it. Your fields are still below.",
    ),
    "another_mailbox": Words(
        "<bdi>{room}</bdi> still has reservations in its present calendar",
        "{count} of its reservations have not ended and are in the calendar it is, or was, linked to. "
        "Another calendar would leave them behind.",
        ("Choose the former calendar again, or wait until they have ended or cancel them.",),
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
        "Many reservations would be cancelled at once",
        "Outlook no longer lists them. Nothing was cancelled here; other changes of this room go on.",
        ("See Activity for what is held.",),
    ),
    "mass_retime": Words(
        "Many reservations would be moved at once",
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
        "The mailbox has no Exchange Online calendar, often because the room was deleted or lost its licence.",
        ("Restore it or choose another external calendar. Then press Try again.",),
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
        "A reservation lost its slot to an earlier event in Outlook",
        "It stays here, blocks nothing, and its own event is taken out of the calendar.",
        ("Give it another time, or cancel it.",),
    ),
    "edited_and_cancelled": Words(
        "A reservation was changed here and cancelled in Outlook",
        "Nothing was thrown away: it stays here until a person decides.",
        ("See Activity for what is held.",),
    ),
    "quarantine_share": Words(
        "Too many events of this calendar could not be read",
        "Each unreadable event is set aside; so many at once means that something is wrong on the way.",
        ("See Activity for what was set aside, then press Try again.",),
    ),
}
