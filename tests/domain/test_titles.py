"""What a meeting is called on screen, whoever gave the title."""

from __future__ import annotations

import pytest

from webapp.domain.titles import copy_has_title, shown_title
from webapp.domain.words import TitleSource

TYPED, COPY, ORGANIZER, NOBODY = (
    TitleSource.TYPED,
    TitleSource.ROOM_COPY,
    TitleSource.ORGANIZER,
    TitleSource.PLACEHOLDER,
)


@pytest.mark.parametrize(
    ("title", "source", "is_private", "organizer", "shown"),
    [
        ("Budget", TYPED, False, None, "Budget"),
        ("Budget", TYPED, True, None, "Budget"),
        ("Budget", COPY, False, "Ada", "Budget"),
        ("Budget", ORGANIZER, False, "Ada", "Budget"),
        ("Budget", COPY, True, "Ada", "Private"),
        ("Budget", ORGANIZER, True, "Ada", "Private"),
        ("", NOBODY, True, "Ada", "Private"),
        ("", NOBODY, False, "Ada", "Reserved by Ada"),
        ("", NOBODY, False, None, "Reserved"),
        ("", NOBODY, False, "", "Reserved"),
        ("", ORGANIZER, False, "Ada", "Reserved by Ada"),
        ("Left over", NOBODY, False, "Ada", "Reserved by Ada"),
    ],
)
def test_a_meeting_is_shown_as_h56(title, source, is_private, organizer, shown):
    assert shown_title(title, source, is_private, organizer) == shown


@pytest.mark.parametrize(
    ("subject", "is_title"),
    [
        ("Budget", True),
        ("Ada Lindholm: Budget", True),
        ("", False),
        (None, False),
        ("Ada Lindholm", False),
        ("ada lindholm", False),
    ],
)
def test_a_room_copys_subject_that_is_empty_or_the_organizer_is_no_title_h49(subject, is_title):
    assert copy_has_title(subject, "Ada Lindholm ") is is_title
