"""Words of holds: refusals of a decision, and what each choice would do, said before it is made."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.domain.words import Choice
from webapp.filters import count
from webapp.words import Words

WORDS: dict[str, Words] = {
    "hold_over": Words(
        "This hold is closed already",
        "Somebody decided it, or Outlook’s side no longer asks for it. Nothing was changed.",
        ("Look at Activity for what is still held.",),
    ),
    "hold_changed": Words(
        "Not decided: this hold changed after it was shown to you",
        "Somebody decided a part of it, or Outlook’s side changed. Only what was shown is ever carried out.",
        ("This is how it stands now. Look at it again, then choose.",),
    ),
    "hold_choice": Words(
        "This cannot be chosen here", "The hold does not offer it for these reservations. Nothing was changed."
    ),
    "not_kept": Words(
        "This reservation is not kept without its event any more",
        "Somebody decided otherwise, or its event came back in Outlook.",
        ("This is how it stands now.",),
    ),
    "not_made_here": Words(
        "Only what was made here can be created again",
        "This meeting was made in Outlook; made anew from here it would lose whoever was invited to it.",
        ("Ask its organizer to make it again, or cancel it here.",),
    ),
}


@dataclass(frozen=True)
class Offer:
    """A choice as it is offered: its button, and what the next run would then do."""

    label: str
    does: str


ACTION_WORDS = {
    "cancel_here": "Cancel here",
    "cancel_there": "Remove from Outlook",
    "retime_here": "Move here",
    "create_again": "Create again in Outlook",
    "change_there": "Change in Outlook",
    "create_doubtful": "Created in the owner’s calendar, or not",
    "change_meeting": "Change in the organizer’s calendar",
    "cancel_meeting": "Cancel in the organizer’s calendar",
    "rebook": "Give it another time or room",
    "move_refused": "A move to a room that could not have it",
    "split_refused": "A change from one date of a series on",
}
"""What is kept back, by the name of the action."""

_KEEPS = (
    "The room is read once more. What is still missing in Outlook then stays here, marked Not in Outlook, and blocks "
    "the room. Nothing more is planned for it; what was made here can be created again."
)
OFFERS: dict[tuple[str, Choice], Offer] = {
    ("cancel_here", Choice.APPROVE): Offer("Cancel here", "It is cancelled here, as it is gone in Outlook."),
    ("cancel_here", Choice.REJECT): Offer("Keep here", _KEEPS),
    ("cancel_there", Choice.APPROVE): Offer(
        "Remove from Outlook", "Our event is removed from the room’s calendar. Nobody is mailed."
    ),
    ("cancel_there", Choice.REJECT): Offer(
        "Leave in Outlook",
        "The event stays, and the reservation stands again. What it overlaps is shown as a conflict.",
    ),
    ("cancel_there", Choice.KEEP): Offer(
        "Keep the event",
        "The reservation lives again, as the event in Outlook is now. If its slot was taken meanwhile, both stay and "
        "the overlap is shown as a conflict.",
    ),
    ("cancel_there", Choice.CANCEL_THERE): Offer(
        "Cancel it there", "The event is removed from the room’s calendar, with the change made in Outlook."
    ),
    ("retime_here", Choice.APPROVE): Offer("Move here", "It moves here to where Outlook has it."),
    ("retime_here", Choice.REJECT): Offer(
        "Leave as it is", "It keeps its time here, and stays in this hold until Outlook has that time again."
    ),
    ("create_again", Choice.CREATE_AGAIN): Offer(
        "Create again",
        "A new event is made in the room’s calendar, as the reservation is here, if the slot is still free there.",
    ),
    ("create_again", Choice.CANCEL_HERE): Offer(
        "Cancel here", "The reservation is cancelled here, as it is in Outlook."
    ),
    ("change_there", Choice.SEND_OURS): Offer("Send ours once more", "What stands here is written to Outlook again."),
    ("change_there", Choice.TAKE_THEIRS): Offer("Take theirs", "What Outlook has is taken over here."),
    ("create_doubtful", Choice.ADOPT): Offer(
        "It is this one",
        "The owner’s meeting with this room at this time is taken for this reservation. If there is none, you are "
        "asked again.",
    ),
    ("create_doubtful", Choice.CREATE_AGAIN): Offer(
        "Create again", "The same event is sent once more. If the first one did arrive, there can be two."
    ),
    ("create_doubtful", Choice.GIVE_UP): Offer(
        "Give up", "The reservation ends here. If its event shows up, it is a meeting like any other."
    ),
    ("change_meeting", Choice.SEND_NOW): Offer(
        "Send now", "The change is written in the organizer’s calendar, if the settings allow it by then."
    ),
    ("change_meeting", Choice.DISCARD): Offer(
        "Discard", "The change is given up. What Outlook has counts again here."
    ),
    ("cancel_meeting", Choice.SEND_NOW): Offer(
        "Send now", "The meeting is cancelled in the organizer’s calendar, if the settings allow it by then."
    ),
    ("cancel_meeting", Choice.DISCARD): Offer(
        "Discard", "The meeting goes on in Outlook, and its reservations stand here again."
    ),
    ("split_refused", Choice.LEAVE_HERE): Offer("Leave it", "The series stays whole, as it was before the change."),
    ("move_refused", Choice.LEAVE_HERE): Offer("Leave it here", "It stays in this room at its time, as in Outlook."),
}
"""By action and choice."""

LISTING_OFFERS = {
    Choice.APPROVE: Offer(
        "Cancel all here",
        "The room is read once more. If Outlook still lists nothing, each event is asked for, and what is gone is "
        "cancelled here.",
    ),
    Choice.REJECT: Offer("Keep all here", _KEEPS),
}
"""Of an empty listing, which is believed or not as a whole."""


def retry_words(of: str, done: int, left: int) -> str:
    """`12 rooms are tried again. 1 is left as it was.`"""
    one, many = ("room is", "rooms are") if of == "rooms" else ("reservation is", "reservations are")
    said = f"{count(done, one, many)} tried again."
    return said + (f" {count(left, 'is', 'are')} left as before." if left else "")
