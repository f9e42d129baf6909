"""Words of a reservation's sync state, by the code that the sync, or a move, left with it.

They speak of one reservation; what the same codes say of a whole room stands in the catalogue of rooms.
"""

from __future__ import annotations

from webapp.domain.titles import PRIVATE
from webapp.models import Reservation
from webapp.reservations.rows import title_of
from webapp.words import Words, words_for

STATE_WORDS: dict[str, Words] = {
    # Not in Outlook
    "kept_here": Words(
        "Its event is gone in Outlook, and it was kept here",
        "It blocks the room here. Nothing of it is in Outlook, and nothing is sent there by itself.",
        ("See Conflicts and holds below for what can be done with it.",),
    ),
    # Failed
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
    "organizer_out_of_reach": Words(
        "The calendar of <bdi>{organizer}</bdi> is out of reach",
        "What was changed here could not be written there. It waits here and is not lost.",
        ("Give the app access to that mailbox, then try again; or decline the meeting for the room.",),
    ),
    "organizer_event_missing": Words(
        "The meeting was not found in the calendar of <bdi>{organizer}</bdi>",
        "Rooms still show it, so it should be there. It is looked for on by itself.",
        ("If it stays, ask the organizer whether the meeting still exists.",),
    ),
    "decline_refused": Words(
        "Microsoft did not take the room’s refusal",
        "The meeting is still in the room’s calendar, so the room stays taken here as well.",
        ("Decline it again, or ask the organizer to take the room off.",),
    ),
    # Held
    "slot_taken": Words(
        "It lost its slot to an earlier event in Outlook",
        "It stays here and blocks nothing; its own event is taken out of the room’s calendar.",
        ("Give it another time or room, or cancel it.",),
    ),
    "edited_and_cancelled": Words(
        "It was changed here and cancelled in Outlook",
        "Nothing was thrown away: it stays here until a person decides.",
        ("Decide under Activity, or cancel it here.",),
    ),
    "doubtful_create": Words(
        "Nobody knows whether its event was made",
        "Microsoft did not answer when it was sent to the calendar of <bdi>{organizer}</bdi>, and it was not found "
        "since. It is not sent again by itself, as that could make a second meeting.",
        ("Look in that calendar, then say under Activity whether it is there.",),
    ),
    "access_lost": Words(
        "A setting does not allow this change any more",
        "It was to be written in the calendar of <bdi>{organizer}</bdi>, and Enable User Calendar Delegation or "
        "Create User Calendar Reservations was switched off before it was sent.",
        ("Say under Activity whether it is sent later or discarded.",),
    ),
    "change_loop": Words(
        "Something in Outlook changes it back each time",
        "The same change was sent again and again, and did not stay. It is not sent any more.",
        ("Find out who changes it in Outlook, then decide under Activity.",),
    ),
    # Awaiting, declined, moving
    "unconfirmed": Words(
        "Unconfirmed: <bdi>{room}</bdi> has not answered",
        "A room answers within seconds, as a rule. Until it does, its slot stays taken here, and nobody can be sure "
        "of it.",
        (
            "Ask whoever decides about the room, or see in Exchange whether it handles requests by itself.",
            "The answer is looked for on by itself, each hour for a day.",
        ),
    ),
    "declined_later": Words(
        "<bdi>{room}</bdi> had accepted, and declined later",
        "Somebody who manages the room’s calendar took the meeting out of it.",
    ),
    "moving": Words(
        "It moves to another room",
        "Both rooms are taken until its event is there; then this one is freed.",
    ),
    "move_refused": Words(
        "It stays here: the other room could not have it",
        "The slot there was taken in Outlook, or Microsoft refused the event. Nothing was lost.",
        ("Choose another room or time.",),
    ),
    "split_refused": Words(
        "The series is whole again: what should go on from one of its dates could not be made",
        "The room was taken in Outlook then, or Microsoft refused the event. Nothing was lost.",
        ("Change this and all following dates once more, at another time.",),
    ),
}
"""Each code that a reservation's `sync_code` can have."""


def state_words(reservation: Reservation) -> Words | None:
    """The words of a reservation's sync code, None without one."""
    code = reservation.sync_code
    if code is None:
        return None
    fields = named(reservation) | reservation.sync_fields
    return STATE_WORDS[code].filled(fields) if code in STATE_WORDS else words_for(code, fields)


def named(reservation: Reservation) -> dict[str, str]:
    """Who and where, for words about a reservation; of a private meeting nobody is named."""
    organizer = reservation.meeting.organizer
    hidden = organizer is None or title_of(reservation.meeting) == PRIVATE
    return {
        "organizer": "a person" if hidden or organizer is None else organizer.name,
        "who": "A person" if hidden or organizer is None else organizer.name,
        "address": "" if hidden or organizer is None else organizer.email,
        "room": reservation.room.name,
    }
