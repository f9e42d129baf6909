"""What happened to a reservation, as its page tells it: the steps of runs, writes in doubt, and its own ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from webapp.domain.words import BY_OUTLOOK, AttemptKind, AttemptState, Origin
from webapp.models import Attempt, Reservation, RunStep


@dataclass(frozen=True)
class Moment:
    """One thing that happened: `side` is `here` or `away`, `icon` a symbol, `detail` small print."""

    at: datetime
    side: str
    icon: str
    text: str
    detail: str = ""
    request_id: str = ""
    run_id: int | None = None
    waits: bool = False
    call: str = ""
    """What was asked of Microsoft Graph for it."""


Look = tuple[str, str, str]
"""Side, icon and words of a step."""

ACTIONS: dict[str, Look] = {
    "import": ("away", "mail", "Came from Outlook"),
    "compared": ("here", "refresh", "Compared with Outlook once more"),
    "change": ("away", "edit", "Changed in Outlook, applied here"),
    "retime": ("away", "calendar-time", "Moved in Outlook, applied here"),
    "cancel": ("away", "calendar-x", "Gone in Outlook, cancelled here"),
    "approved_cancel": ("away", "calendar-x", "Gone in Outlook, cancelled here as a person approved"),
    "approved_retime": ("away", "calendar-time", "Moved in Outlook, applied here as a person approved"),
    "approved_withdrawn": ("away", "calendar-x", "Its own event was taken out of the room’s calendar, as approved"),
    "invited_again": ("away", "mail", "Invited again by its organizer"),
    "unlink": ("away", "calendar-off", "An event of it is gone in Outlook"),
    "gone": ("away", "calendar-off", "Found gone in Outlook"),
    "withdraw": ("here", "hand-stop", "Lost its slot to an earlier event"),
    "withdrawn": ("away", "calendar-x", "Its own event was taken out of the room’s calendar"),
    "twin_removed": ("away", "calendar-x", "A second event of it was taken out of the room’s calendar"),
    "create": ("away", "check", "Event made in the room’s calendar"),
    "create_refused": ("here", "alert-triangle", "Microsoft refused to make the event"),
    "patch": ("away", "check", "Event changed in the room’s calendar"),
    "patch_refused": ("here", "alert-triangle", "Microsoft refused to change the event"),
    "patch_overtaken": ("here", "arrows-left-right", "The event changed in Outlook meanwhile; looked at again"),
    "patch_found": ("away", "check", "The change was found in Outlook"),
    "patch_missing": ("here", "refresh", "The change was not found in Outlook; it is looked at again"),
    "delete": ("away", "check", "Event removed from the room’s calendar"),
    "delete_refused": ("here", "alert-triangle", "Microsoft refused to remove the event"),
    "cancel_overtaken": ("here", "arrows-left-right", "The event changed in Outlook meanwhile; looked at again"),
    "delete_overtaken": ("here", "arrows-left-right", "The event changed in Outlook meanwhile; looked at again"),
    "delete_found": ("away", "check", "The event was found removed"),
    "delete_missing": ("here", "refresh", "The event was found still there; it is removed again"),
    "decline": ("away", "calendar-x", "Declined for the room; the organizer is told"),
    "decline_refused": ("here", "alert-triangle", "Microsoft refused the room’s refusal"),
    "decline_found": ("away", "check", "The room’s refusal was found in Outlook"),
    "decline_missing": ("here", "refresh", "The room’s refusal was not found in Outlook; it is sent again"),
    "declined": ("away", "calendar-x", "The room declined"),
    "adopt": ("away", "check", "Its event was recognised in the room’s calendar"),
    "moved": ("here", "door", "Moved here from another room"),
    "move_refused": ("here", "hand-stop", "This room could not have it; it stays where it was"),
    "split_refused": (
        "here",
        "hand-stop",
        "What should go on from one date could not be made; it is whole again",
    ),
    "leave": ("here", "calendar-off", "Left behind in the room’s former calendar"),
    "keep": ("here", "calendar-off", "Kept as it was; its event is not in Outlook, or was to go"),
    "reread": ("here", "refresh", "Everything is read again"),
    "conflict": ("here", "equal-not", "The two sides disagreed"),
    "hold": ("here", "hand-stop", "Held for a person"),
    "quarantine": ("away", "alert-triangle", "Set aside: it could not be read"),
    "failed": ("here", "alert-triangle", "Microsoft refused it"),
    "in_doubt": ("here", "hourglass", "No answer from Microsoft; looking whether it was done"),
    "not_found_yet": ("here", "hourglass", "Looked for in Outlook, not found yet"),
    "left_here": ("here", "check", "Left in this room by a person"),
    "given_up": ("here", "alert-triangle", "Not found in Outlook; given up"),
    "cancelled": ("away", "calendar-x", "The meeting is cancelled in its organizer’s calendar"),
    "cancel_refused": ("here", "alert-triangle", "Microsoft refused to cancel the meeting"),
    "cancel_found": ("away", "check", "The meeting was found cancelled in its organizer’s calendar"),
    "cancel_missing": ("here", "refresh", "The meeting was found not cancelled yet; it is cancelled again"),
    "rule_aside": ("away", "equal-not", "Its rule does not stand for its dates; Outlook’s dates count"),
    "organizer_event_missing": ("away", "search", "The organizer’s own event was not found"),
    "organizer_event_refused": ("away", "alert-triangle", "The organizer’s own event could not be read"),
}

IN_ORGANIZERS: dict[str, Look] = {
    "create": ("away", "check", "Event made in the organizer’s calendar, the room invited"),
    "patch": ("away", "check", "Event changed in the organizer’s calendar"),
    "patch_found": ("away", "check", "The change was found in the organizer’s calendar"),
    "patch_missing": (
        "here",
        "refresh",
        "The change was not found in the organizer’s calendar; looked at again",
    ),
    "adopt": ("away", "check", "Its event was recognised in the organizer’s calendar"),
    "change": ("away", "edit", "Read in the organizer’s calendar, applied here"),
    "cancel": ("away", "calendar-x", "Called off by its organizer, cancelled here"),
}
"""What differs where the organizer's own event is concerned, and not the one in the room's calendar."""

CANCELLED_THERE: Look = ("away", "calendar-x", "Meeting cancelled in its organizer’s calendar; its guests are told")

REASONS = {
    "organizer": "",
    "subject": "title",
    "found_by_mark": "known by its mark",
    "ids_renewed": "its calendar was restored",
    "not_in_outlook": "not in Outlook",
    "slot_taken": "its slot was taken",
    "dates_taken": "these dates are taken in Outlook",
    "dates_lost": "Outlook dropped what was changed of single dates",
    "date": "one date",
    "rule": "times and days",
    "end": "its end",
    "time_taken": "the new time was taken in Outlook",
    "access_lost": "a setting does not allow it any more",
    "doubtful_create": "nobody knows whether it was made",
    "change_loop": "changed back and forth",
    "event_of_another": "the event stands for another reservation",
    "discarded": "a person discarded it",
    "rule_zone_unknown": "its time zone is not known",
    "rule_unreadable": "it could not be read",
    "rule_differs": "these dates are elsewhere",
}
"""Small print of a step where its name alone does not say it; others read as they are written."""


def action_words(action: str) -> Look:
    """(side, icon, words) of what a run did; an unknown one is shown under its own name."""
    return ACTIONS.get(action) or ("here", "circle-dot", action.replace("_", " ").capitalize())


def step_words(step: RunStep) -> Look:
    """The same for a step, which knows whose calendar it was about."""
    if step.action == "cancel" and step.side == "there":
        return CANCELLED_THERE
    in_organizers = step.reason == "organizer" or step.fields.get("through") == "organizer"
    return (IN_ORGANIZERS.get(step.action) if in_organizers else None) or action_words(step.action)


def step_detail(step: RunStep) -> str:
    """Why, and what Microsoft answered, as small print."""
    parts = [REASONS.get(part, part.replace("_", " ")) for part in step.reason.split(",")]
    return ", ".join([*filter(None, parts), *([f"answer {step.status}"] if step.status else [])])


CALLS = {
    "create": "POST /events",
    "patch": "PATCH /events/{id}",
    "delete": "DELETE /events/{id}",
    "decline": "POST /events/{id}/decline",
    "cancel": "POST /events/{id}/cancel",
}
"""The call of each write, by the kind of its attempt; steps of a write begin with that word."""


def step_call(step: RunStep) -> str:
    """The call of Microsoft Graph that a step was about; empty for what was only read or decided."""
    kind = step.reason if step.action == "in_doubt" else step.action.partition("_")[0]
    if step.action == "cancelled":
        return CALLS["cancel"]
    if step.action.endswith(("_found", "_missing")):
        return "GET /events/{id}"
    is_write = step.side == "there" or step.action == "in_doubt" or step.action.endswith(("_refused", "_overtaken"))
    return CALLS.get(kind, "") if is_write else ""


def story(
    reservation: Reservation, steps: Iterable[RunStep], attempts: Iterable[Attempt], *, to_the_beginning: bool
) -> list[Moment]:
    """What happened to a reservation, the newest first."""
    moments = [_of_step(step) for step in steps]
    moments += [_of_open(attempt) for attempt in attempts if attempt.state is AttemptState.OPEN]
    if to_the_beginning:
        moments += _own_ends(reservation)
    return sorted(moments, key=lambda moment: moment.at, reverse=True)


def _of_step(step: RunStep) -> Moment:
    side, icon, words = step_words(step)
    return Moment(
        step.at, side, icon, words, step_detail(step), step.request_id, step.run_id, call=step_call(step)
    )  # fmt: skip


def _of_open(attempt: Attempt) -> Moment:
    tries = f"sent {attempt.sends} time{'' if attempt.sends == 1 else 's'}"
    answer = f", answer {attempt.status} {attempt.code}" if attempt.status else ""
    return Moment(
        attempt.started_at, "here", "clock", f"Not known yet: {ASKED[attempt.kind]}",
        tries + answer.rstrip(), attempt.request_id, attempt.run_id, waits=True, call=CALLS[attempt.kind],
    )  # fmt: skip


ASKED = {
    AttemptKind.CREATE: "was the event made?",
    AttemptKind.PATCH: "was the event changed?",
    AttemptKind.DELETE: "was the event removed?",
    AttemptKind.CANCEL: "was the meeting cancelled?",
    AttemptKind.DECLINE: "was the room’s refusal taken?",
}
"""What is looked for while a write is in doubt."""


def _own_ends(reservation: Reservation) -> Iterable[Moment]:
    meeting = reservation.meeting
    if meeting.origin is Origin.HERE:
        yield Moment(reservation.created_at, "here", "calendar-plus", "Reservation made", meeting.created_by)
    else:
        yield Moment(reservation.created_at, "away", "calendar-plus", "Seen in Outlook for the first time")
    if reservation.cancelled_at is not None:
        by_outlook = reservation.cancelled_by == BY_OUTLOOK
        yield Moment(
            reservation.cancelled_at, "away" if by_outlook else "here", "calendar-x", "Reservation cancelled",
            reservation.cancelled_by,
        )  # fmt: skip
