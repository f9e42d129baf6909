"""The synced fields of one item, canonical, and their plain form for storing.

Fields that are not synced do not exist here, so they can neither differ nor be written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webapp.domain.intervals import Span, span_from_json, span_to_json
from webapp.domain.recurrence import Series
from webapp.domain.rule import InvalidRule
from webapp.domain.rule_json import rule_from_json, rule_to_json, series_from_json, series_to_json
from webapp.domain.words import Answer
from worker.sync.event import RuleRead

LOCAL_GROUPS = ("subject", "time", "private", "series")
"""The groups that people here can change; of a series `series` stands for its time, and for each of its dates."""

REMOTE_GROUPS = ("subject", "time", "private", "status", "dates", "rule")
"""The groups that Outlook can change."""


@dataclass(frozen=True)
class SeriesDate:
    """One date of a series as the room's calendar has it; `original` is the ISO date inside the series."""

    original: str
    span: Span
    blocks: bool
    answer: Answer
    event_id: str
    is_exception: bool = False
    title: str | None = None
    """Of an exception in the organizer's own calendar, where it is another than that of its series."""


@dataclass(frozen=True)
class Status:
    """What an event says of its place in this room besides its time."""

    blocks: bool
    answer: Answer
    organizer_name: str
    organizer_address: str
    other_attendees: int


@dataclass(frozen=True)
class Values:
    """One side of an item. `subject` None: unread, neither value nor change. `status` None: this side has none."""

    subject: str | None
    time: Span
    private: bool
    status: Status | None = None
    dates: tuple[SeriesDate, ...] | None = None
    rule: RuleRead | None = None
    series: Series | None = None
    """Of this side alone: what a series shall be. What it is there is told by `rule` and `dates`."""


def changed(before: Values, after: Values, groups: tuple[str, ...]) -> frozenset[str]:
    """The field groups in which two values differ; an unread or missing group never differs.

    But for dates and rule: none at all means that the event is no series, or not any more (H21). Where both sides
    are series of this side, these say when it is, and the time of the whole says nothing.
    """
    both_series = before.series is not None and after.series is not None

    def differs(group: str) -> bool:
        if group == "time" and both_series:
            return False
        one, other = getattr(before, group), getattr(after, group)
        return one != other and (group in ("dates", "rule") or (one is not None and other is not None))

    return frozenset(group for group in groups if differs(group))


def read_for_the_first_time(before: Values, after: Values) -> bool:
    """Whether the subject became readable; not a change of the event, but news for whoever shows it."""
    return before.subject is None and after.subject is not None


def values_to_json(values: Values) -> dict[str, Any]:
    """Values as plain values, for a JSON column."""
    data: dict[str, Any] = {
        "subject": values.subject,
        "time": span_to_json(values.time),
        "private": values.private,
    }
    if values.status is not None:
        data["status"] = vars(values.status) | {"answer": values.status.answer.value}
    if values.dates is not None:
        data["dates"] = [
            [d.original, span_to_json(d.span), d.blocks, d.answer.value, d.event_id, d.is_exception, d.title]
            for d in values.dates
        ]
    if values.rule is not None:
        rule = values.rule.rule
        data["rule"] = {"rule": None if rule is None else rule_to_json(rule), "fault": values.rule.fault}
    if values.series is not None:
        data["series"] = series_to_json(values.series)
    return data


def values_from_json(data: dict[str, Any]) -> Values:
    """The values that `values_to_json` wrote."""
    status, dates = data.get("status"), data.get("dates")
    return Values(
        subject=data["subject"],
        time=span_from_json(data["time"]),
        private=data["private"],
        status=None if status is None else Status(**status | {"answer": Answer(status["answer"])}),
        dates=None
        if dates is None
        else tuple(SeriesDate(o, span_from_json(s), b, Answer(a), *more) for o, s, b, a, *more in dates),
        rule=_rule_from_json(data["rule"]) if "rule" in data else None,
        series=_series_from_json(data["series"]) if "series" in data else None,
    )


def _series_from_json(data: dict[str, Any]) -> Series | None:
    try:
        return series_from_json(data)
    except InvalidRule:  # its zone is not known to this machine any more
        return None


def _rule_from_json(data: dict[str, Any]) -> RuleRead:
    try:
        return RuleRead(None if data["rule"] is None else rule_from_json(data["rule"]), data["fault"])
    except InvalidRule:  # its zone is not known to this machine any more
        return RuleRead(None, "timeZone")
