"""Words of reservations: beside fields, of refusals, and of what may not be changed here."""

from __future__ import annotations

from webapp.domain.words import Reach
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
    "create_not_allowed": (
        "A reservation cannot be made in its owner’s calendar now. "
        "An administrator ticks Enable User Calendar Delegation and Create User Calendar Reservations."
    ),
    "room_not_followed": "<bdi>{room}</bdi> is not synced with Outlook now, so nobody’s meeting can invite it.",
    "owner_needed": "Whose calendar? Enter the owner’s email, or create it in the room’s calendar.",
    "owner_out_of_reach": (
        "The mailbox {owner} {reach}, so nothing can be made in its calendar. "
        "Create it in the room’s calendar, or choose another owner."
    ),
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
    "may_change_own": Words(
        "You can change time, title, owner and room, and cancel",
        "It was made here, and the room itself organizes it in Outlook.",
    ),
    "may_change_here": Words(
        "You can change time, title, owner and room, and cancel",
        "It was made here, and stays here: <bdi>{room}</bdi> is not linked to a calendar.",
    ),
    "may_change_delegate": Words(
        "You can change time and title, and cancel",
        "Its event was made in Outlook in the calendar of <bdi>{room}</bdi>, on the room’s own behalf. "
        "Its guests are kept.",
    ),
    "may_change_through": Words(
        "You can change time, title and room, and cancel",
        "<bdi>{who}</bdi> organizes this meeting. What you change here is written in that calendar: "
        "Enable User Calendar Delegation is on.",
    ),
    "may_change_series_own": Words(
        "You can change its dates, rule and title, and cancel",
        "It was made here, and the room itself organizes it in Outlook.",
    ),
    "may_change_series_here": Words(
        "You can change its dates, rule and title, and cancel",
        "It was made here, and stays here: <bdi>{room}</bdi> is not linked to a calendar.",
    ),
    "may_change_series_delegate": Words(
        "You can change its dates, rule and title, and cancel",
        "Its event was made in Outlook in the calendar of <bdi>{room}</bdi>, on the room’s own behalf. "
        "Its guests are kept.",
    ),
    "may_change_series_through": Words(
        "You can change its dates, rule and title, and cancel",
        "<bdi>{who}</bdi> organizes this series. What you change here is written in that calendar: "
        "Enable User Calendar Delegation is on.",
    ),
    "organized_by_person": Words(
        "<bdi>{who}</bdi> organizes this meeting in Outlook",
        "The app may not write in people’s calendars.",
        (
            "To change it here, an administrator ticks Enable User Calendar Delegation on the External Calendar Sync "
            "page.",
            "You can decline it for the room.",
        ),
    ),
    "organizer_out_of_reach": Words(
        "<bdi>{who}</bdi> organizes this meeting, and that calendar is out of reach",
        "The mailbox {address} {reach}.",
        ("{allow}", "You can decline it for the room."),
    ),
    "organized_by_room": Words(
        "Another room organizes this meeting",
        "This room is invited to it; only the organizing room's event can be changed or cancelled.",
        (
            "Change the reservation of the room that organizes it; this one follows by itself.",
            "You can decline it for this room.",
        ),
    ),
    "not_followed": Words(
        "Outlook is not followed for this reservation",
        "The room was unlinked, paused, or sync is off. A change would stay here and not reach Outlook.",
        ("Switch the sync of the room on again; then it can be changed.",),
    ),
    "series_read_only": Words(
        "This is a series from Outlook whose rule is not known",
        "Its dates are shown here and block the room; without its rule it is changed in Outlook only.",
        ("Change the series in Outlook; it follows here by itself.",),
    ),
    "kept_here": Words(
        "Its event is gone in Outlook, and it was kept here",
        "It blocks the room here. Outlook knows nothing of it, and nothing of it is sent there.",
        ("Cancel it here once it is not needed.",),
    ),
    "already_ended": Words("This reservation has ended", "What has ended is kept as it was."),
    "cancelled": Words("This reservation is cancelled", "It blocks nothing and cannot be changed."),
    "not_failed": Words("There is nothing to send again", "The reservation is not in Failed any more."),
    "cannot_move_room": Words(
        "It stays in its room",
        "Its event was made in Outlook. Made anew in another room’s calendar it would lose its guests.",
        ("Book the other room, or change the room in Outlook.",),
    ),
    "already_in_room": Words(
        "<bdi>{room}</bdi> has this meeting already", "It is one of its rooms.", ("Choose another room.",)
    ),
    "room_elsewhere": Words(
        "<bdi>{room}</bdi> belongs to another connection",
        "A reservation cannot move between tenants.",
        ("Book that room anew, then cancel this reservation.",),
    ),
    "room_not_followed": Words(
        "<bdi>{room}</bdi> is not synced with Outlook now",
        "Nobody could invite it to a meeting that a person organizes.",
        ("Choose a linked room whose sync is on.",),
    ),
    "is_moving": Words(
        "This reservation is on its way to another room",
        "Both rooms are taken until its event is there.",
        ("Wait for a moment, then change it in its new room.",),
    ),
    "owner_fixed": Words(
        "The owner cannot be changed here",
        "The meeting is in its organizer’s calendar, and belongs to whom that calendar belongs to.",
        ("Book it anew for another owner, then cancel this meeting.",),
    ),
    "not_organized_by_person": Words(
        "This is not a meeting that a person organizes",
        "Its event is in a room’s own calendar.",
        ("Cancel it there.",),
    ),
    "cannot_decline": Words(
        "There is nothing to decline",
        "This reservation can be changed and cancelled here; the room need not refuse it.",
        ("Cancel it instead.",),
    ),
    "room_taken": Words(
        "<bdi>{room}</bdi> is taken at that time",
        "Another reservation is in the way.",
        ("Choose another time or room.",),
    ),
    "dates_taken": Words(
        "<bdi>{room}</bdi> is taken on some of the dates",
        "Other reservations are in the way.",
        ("Book the free dates only, or choose another time or room.",),
    ),
    "no_date_left": Words(
        "No date is left",
        "Without the dates that are left out the series takes place on none.",
        ("Choose another time or room.",),
    ),
    "not_a_series": Words(
        "This is not a series",
        "It takes place once; it may have been changed in Outlook since.",
        ("Open it again and change it as it is now.",),
    ),
    "rule_unknown": Words(
        "The rule of this series is not known",
        "Its dates are followed, but no rule could be made of what Outlook says of it.",
        ("Change it in Outlook; it follows here by itself.",),
    ),
    "series_room_fixed": Words(
        "A series stays in its room",
        "All its dates are one event in that room’s calendar.",
        ("Book the other room anew, then cancel this series.",),
    ),
    "no_such_date": Words(
        "The series has no such date",
        "It was cancelled, or the series was changed since.",
        ("Open the series again and choose one of its dates.",),
    ),
    "date_over": Words("This date is over", "What has ended is kept as it was."),
    "is_splitting": Words(
        "The series is being cut in two",
        "What was changed from one of its dates on is still on its way to Outlook.",
        ("Wait for a moment, then change it again.",),
    ),
    "cannot_split": Words(
        "Only all dates, or one, can be changed here",
        "From this date on a new event would be made, which its guests were not invited to.",
        ("Change the series from this date on in Outlook; it follows here by itself.",),
    ),
}

REACH_WORDS = {
    Reach.OUTSIDE: (
        "is outside the tenant",
        "Only the organizer can change it, in Outlook; it follows here by itself.",
    ),
    Reach.NO_MAILBOX: (
        "has no Exchange Online calendar",
        "Once it has one, it is found within a day and the meeting can be changed here.",
    ),
    Reach.REFUSED: (
        "is not among those that the tenant lets the app use",
        "Once an administrator of the tenant adds it to the app’s scope, the meeting can be changed here.",
    ),
}
"""Why a person's mailbox is out of reach, and what would allow a change."""

_NOT_HERE = "Only in Outlook."
_DECLINE_INSTEAD = "Decline for the room frees it, here and in Outlook, and tells the organizer."
_OWNER_FIXED = "Whoever organizes a meeting owns it."
_SERIES_STAYS = "A series stays in its room. Book it in the other one, then cancel it here."

RIGHTS: dict[str, tuple[tuple[str, bool, str], ...]] = {
    "may_change_own": (
        ("Time and title", True, "In the room’s calendar."),
        ("Cancel", True, "Its event is taken out of the room’s calendar."),
        ("Room", True, "Made in the other room first, then removed here."),
        ("Owner", True, "Kept here only."),
    ),
    "may_change_here": (
        ("Time and title", True, "Here only."),
        ("Cancel", True, "Here only."),
        ("Room", True, "In a linked room its event is made in Outlook."),
        ("Owner", True, "Kept here only."),
    ),
    "may_change_delegate": (
        ("Time and title", True, "In the room’s calendar; its guests are kept."),
        ("Cancel", True, "Its event is taken out of the room’s calendar."),
        ("Room", False, "Made anew elsewhere it would lose its guests."),
        ("Owner", True, "Kept here only."),
    ),
    "may_change_through": (
        ("Time and title", True, "In the calendar of <bdi>{organizer}</bdi>. A new time is checked for all rooms."),
        ("Cancel", True, "In the calendar of <bdi>{organizer}</bdi>."),
        ("Room", True, "The new room is asked, and this one is freed."),
        ("Owner", False, _OWNER_FIXED),
    ),
    "may_change_series_own": (
        ("Dates, rule, title", True, "In the room’s calendar: one date, from a date on, or all."),
        ("Cancel", True, "One date, from a date on, or the whole series."),
        ("Room", False, _SERIES_STAYS),
        ("Owner", True, "Kept here only."),
    ),
    "may_change_series_here": (
        ("Dates, rule, title", True, "Here only: one date, from a date on, or all."),
        ("Cancel", True, "Here only."),
        ("Room", False, _SERIES_STAYS),
        ("Owner", True, "Kept here only."),
    ),
    "may_change_series_delegate": (
        ("Dates, rule, title", True, "In the room’s calendar: one date or all; its guests are kept."),
        ("Cancel", True, "One date, from a date on, or the whole series."),
        ("Room", False, _SERIES_STAYS),
        ("Owner", True, "Kept here only."),
    ),
    "may_change_series_through": (
        (
            "Dates, rule, title",
            True,
            "In the calendar of <bdi>{organizer}</bdi>. New dates are checked for all rooms.",
        ),
        ("Cancel", True, "In the calendar of <bdi>{organizer}</bdi>."),
        ("Room", False, _SERIES_STAYS),
        ("Owner", False, _OWNER_FIXED),
    ),
    "organized_by_person": (
        ("Time and title", False, _NOT_HERE),
        ("Cancel", False, _DECLINE_INSTEAD),
        ("Owner", False, _OWNER_FIXED),
    ),
    "organizer_out_of_reach": (
        ("Time and title", False, _NOT_HERE),
        ("Cancel", False, _DECLINE_INSTEAD),
        ("Owner", False, _OWNER_FIXED),
    ),
}
"""What may be changed, whether, and how, in each case in which it depends on who organizes the meeting."""
