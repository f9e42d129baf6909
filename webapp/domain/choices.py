"""What a person may choose for an action that sync keeps back, by the kind of its hold."""

from __future__ import annotations

from webapp.domain.words import Choice, HoldKind

_YES_OR_NO = (Choice.APPROVE, Choice.REJECT)
_SENT_OR_NOT = (Choice.SEND_NOW, Choice.DISCARD)

CHOICES: dict[tuple[HoldKind, str], tuple[Choice, ...]] = {
    (HoldKind.MASS_CANCEL, "cancel_here"): _YES_OR_NO,
    (HoldKind.MASS_CANCEL, "cancel_there"): _YES_OR_NO,
    (HoldKind.MASS_RETIME, "retime_here"): _YES_OR_NO,
    (HoldKind.EMPTY_LISTING, "cancel_here"): _YES_OR_NO,
    (HoldKind.EDITED_AND_CANCELLED, "cancel_there"): (Choice.KEEP, Choice.CANCEL_THERE),
    (HoldKind.EDITED_AND_CANCELLED, "create_again"): (Choice.CREATE_AGAIN, Choice.CANCEL_HERE),
    (HoldKind.CHANGE_LOOP, "change_there"): (Choice.SEND_OURS, Choice.TAKE_THEIRS),
    (HoldKind.DOUBTFUL_CREATE, "create_doubtful"): (Choice.ADOPT, Choice.CREATE_AGAIN, Choice.GIVE_UP),
    (HoldKind.ACCESS_LOST, "change_meeting"): _SENT_OR_NOT,
    (HoldKind.ACCESS_LOST, "cancel_meeting"): _SENT_OR_NOT,
    (HoldKind.SLOT_TAKEN, "move_refused"): (Choice.LEAVE_HERE,),
    (HoldKind.SLOT_TAKEN, "split_refused"): (Choice.LEAVE_HERE,),
}
"""By kind and action. A reservation that lost its slot has none: it is given another time or room, or cancelled."""


def choices_for(kind: HoldKind, action: str) -> tuple[Choice, ...]:
    """The choices for one action, in the order in which they are offered."""
    return CHOICES.get((kind, action), ())


def is_decided_as_a_whole(kind: HoldKind) -> bool:
    """Whether only all actions of a hold can be decided at once: a listing is believed, or it is not."""
    return kind is HoldKind.EMPTY_LISTING
