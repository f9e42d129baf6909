"""Words of reservations: beside fields, of refusals, and of what may not be changed here."""

from __future__ import annotations

from webapp.words import Words

FIELD_WORDS = {
    "missing": "The reservation needs a title.",
    "too_long": "The title has more than {limit} characters. Shorten it.",
    "end_before_start": "The end is before the start. Set an end after {start}, or tick All day.",
    "last_day_before": "The last day is before the day. Set it to {day} or later, or leave it empty.",
    "in_the_past": "This has ended already. Choose a time that is still to come.",
    "beyond_window": "A linked room can be booked up to 355 days ahead. Choose an earlier day.",
    "no_such_time": "The clocks of {zone} skip this time on that day. Choose a time before or after the change.",
    "no_date": "This is not a date. Write it as year, month, day, for example 2026-11-24.",
    "no_time": "This is not a time. Write it as hours and minutes, for example 14:30.",
    "no_room": "Choose a room.",
    "owner_email": "This is not an email address. Correct it, or leave it empty.",
    "text_long": "This is too long. Shorten it.",
}
"""Sentences beside a field, filled in with `Markup.format`."""

CONFLICT_WORDS = {
    "overlap": "Two reservations of this room overlap",
    "time": "The time was changed on both sides",
    "title": "The title was changed on both sides",
    "cancelled_and_edited": "Cancelled on one side, changed on the other",
}
"""What two sides disagreed about, by `ConflictKind`."""

WORDS: dict[str, Words] = {
    "reservation_stale": Words(
        "Not saved: someone else changed this reservation",
        "It was saved, here or from Outlook, after you opened it. Your fields are still below.",
    ),
    "cannot_move_room": Words(
        "A reservation keeps its room",
        "Moving a reservation to another room is not possible yet.",
        ("Book the other room, then cancel this reservation.",),
    ),
    "organized_by_person": Words(
        "<bdi>{organizer}</bdi> organizes this meeting in Outlook",
        "Only the organizer can change or cancel it.",
        ("Ask the organizer to do it in Outlook; it follows here by itself.",),
    ),
    "organized_by_room": Words(
        "Another room organizes this meeting",
        "This room is invited to it; only the organizing room's event can be changed or cancelled.",
        ("Change the reservation of the room that organizes it; this one follows by itself.",),
    ),
    "not_followed": Words(
        "Outlook is not followed for this reservation",
        "The room was unlinked, paused, or sync is off. A change would stay here and not reach Outlook.",
        ("Switch the sync of the room on again; then it can be changed.",),
    ),
    "series_read_only": Words(
        "This is a series from Outlook",
        "Series are shown here and block the room, and are changed in Outlook only.",
        ("Change the series in Outlook; it follows here by itself.",),
    ),
    "already_ended": Words("This reservation has ended", "What has ended is kept as it was."),
    "cancelled": Words("This reservation is cancelled", "It blocks nothing and cannot be changed."),
    "refused": Words(
        "Microsoft refuses this event",
        "What was sent is not accepted however often it is sent.",
        ("Change the reservation and save it, or try again.",),
    ),
    "no_answer": Words(
        "Microsoft does not answer",
        "This reservation was sent several times and no answer came, nor is it in Outlook.",
        ("It is tried on by itself. Nothing is lost, and nothing is made twice.",),
    ),
    "event_of_another": Words(
        "Microsoft answered with another event",
        "The event it named already stands for another reservation, so it was not taken.",
        ("Change the reservation and save it, or try again.",),
    ),
    "not_failed": Words("There is nothing to send again", "The reservation is not in Failed any more."),
}
