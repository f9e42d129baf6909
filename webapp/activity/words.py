"""Words of holds: refusals of a decision, and what each choice would do, said before it is made."""

from __future__ import annotations

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
