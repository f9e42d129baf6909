"""What the fields of a series come to, said while they are filled in."""

from __future__ import annotations

from typing import NamedTuple

from webapp.domain.rule import InvalidRule
from webapp.reservations.forms import ReservationForm
from webapp.reservations.series_words import long_day, sentence
from webapp.reservations.words import FIELD_WORDS


class RepeatSaid(NamedTuple):
    """The rule as a sentence, and its first date where that is not the day of the form; or what is still missing."""

    sentence: str = ""
    first: str = ""
    missing: str = ""


def repeat_said(form: ReservationForm) -> RepeatSaid | None:
    """What the form says of its dates; nothing for a reservation that does not repeat."""
    if not form.repeats:
        return None
    timed = form.all_day.data or (form.start.data is not None and form.end.data is not None)
    if form.day.data is None or not timed:
        return RepeatSaid(missing=FIELD_WORDS["no_date" if form.day.data is None else "no_time"])
    try:
        rule = form.rule("UTC")
    except InvalidRule as error:
        return RepeatSaid(missing=form.fault_said(error.faults[0]))
    assert rule is not None, "the form repeats"
    first = rule.range.start
    return RepeatSaid(str(sentence(rule)), long_day(first) if first != form.day.data else "")
