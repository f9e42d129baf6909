"""What a meeting is called on screen."""

from __future__ import annotations

from webapp.domain.words import TitleSource

PRIVATE = "Private"


def shown_title(title: str, source: TitleSource, is_private: bool, organizer_name: str | None) -> str:
    """The title for people: a private meeting of a person is `Private`; without a title it is a placeholder.

    A title typed here stays even where the event is private: it is ours.
    """
    if is_private and source is not TitleSource.TYPED:
        return PRIVATE
    if source is not TitleSource.PLACEHOLDER and title:
        return title
    return f"Reserved by {organizer_name}" if organizer_name else "Reserved"


def copy_has_title(subject: str | None, organizer_name: str) -> bool:
    """Whether a room copy's subject can be a title at all (docs/graph.md#room-rewrites-subject).

    The room assistant empties the subject or puts the organizer's name in its place.
    """
    return bool(subject) and (subject or "").casefold() != organizer_name.strip().casefold()
