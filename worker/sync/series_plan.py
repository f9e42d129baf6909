"""What to send of a series next: pure, from what both sides agreed on, what is wanted here, and what is there.

A series goes out as its state, one write after the other, so a worker that dies goes on where it was: whatever is
agreed already is not planned again (docs/decisions/0012-series-go-out-as-their-state.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from webapp.domain import rule_dates
from webapp.domain.intervals import AllDay, Span
from webapp.domain.recurrence import ChangedDate, Series, is_at_planned_time
from webapp.domain.rule import Rule
from webapp.domain.series_edit import OnMasterEdit, after_edit, as_stored, only_end_differs
from worker.sync.event import Event, EventPatch
from worker.sync.plan import Base
from worker.sync.values import Values, changed

WHOLE = ("subject", "private")
"""Groups of the series as a whole that are no times."""

RULE, END = "rule", "end"
"""Groups of a change of the whole: its times and recurrence, or its end alone."""


@dataclass(frozen=True)
class ChangeAll:
    """One PATCH of the master with these groups (H27, docs/graph.md#series-change)."""

    groups: frozenset[str]


@dataclass(frozen=True)
class ChangeDate:
    """One PATCH of one date; where its span or title is as the series has it, it is put back there."""

    original: date
    span: Span
    title: str | None


@dataclass(frozen=True)
class CancelDate:
    """One date is cancelled."""

    original: date


Step = ChangeAll | ChangeDate | CancelDate


def next_step(agreed: Values, wanted: Values, there: Series | None) -> Step | None:
    """What is sent next, or None when nothing is left. `there` is the series as it was just read, None where it was
    not.

    First the whole, then dates that are cancelled, then those that are changed: in the order in which none of them
    meets a neighbour that is still to move (H25).
    """
    groups = changed(agreed, wanted, WHOLE) | groups_of_rule(agreed.series, wanted.series)
    if groups:
        return ChangeAll(groups)
    if agreed.series is None or wanted.series is None:
        return None
    for day in sorted(wanted.series.cancelled):
        if day not in agreed.series.cancelled or _takes_place_again(day, wanted.series, there):
            return CancelDate(day)
    before, after = _differing(agreed.series), _differing(wanted.series)
    moves = [one for day, one in after.items() if before.get(day) != one]
    moves += [ChangedDate(day) for day in before if day not in after and wanted.series.has_date(day)]
    if not moves:
        return None
    series = wanted.series
    first = min(moves, key=lambda one: _turn(one, series))
    return ChangeDate(first.original, series.occurrence(first.original).span, first.title)


def agreed_after(agreed: Values, wanted: Values, step: Step) -> Values:
    """What both sides agree on once a step was carried out."""
    assert agreed.series is not None and wanted.series is not None, "only series have steps"
    series = agreed.series
    if isinstance(step, ChangeAll):
        ruled = not step.groups.isdisjoint((RULE, END))
        values = {group: getattr(wanted, group) for group in step.groups if group in WHOLE}
        after = after_edit(series, wanted.series.rule, OnMasterEdit.KEEPS).series if ruled else series
        return replace(agreed, series=after, **values)
    if isinstance(step, CancelDate):
        return replace(agreed, series=replace(series, cancelled=series.cancelled | {step.original}))
    others = tuple(one for one in series.exceptions if one.original != step.original)
    now = wanted.series.changed.get(step.original)
    return replace(agreed, series=replace(series, exceptions=others if now is None else (*others, now)))


def event_patch(values: Values, groups: frozenset[str], zone: str) -> EventPatch:
    """The PATCH of an event, or of a series as a whole: the groups that changed, and no other (H41)."""
    rule = values.series.rule if values.series is not None else None
    return EventPatch(
        subject=(values.subject or "") if "subject" in groups else None,
        span=values.time if "time" in groups else None,
        is_private=values.private if "private" in groups else None,
        zone=zone,
        rule=rule if RULE in groups else None,
        end_of=rule if END in groups else None,
    )


def date_patch(agreed: Values, wanted: Values, step: ChangeDate, event: Event) -> EventPatch:
    """The PATCH of one date: what of it is not there yet. A title of its own that it had goes back to its series'."""
    assert agreed.series is not None and wanted.series is not None, "only series have dates"
    before = agreed.series.changed.get(step.original)
    title = step.title if step.title is not None else wanted.subject
    renamed = step.title != (before.title if before is not None else None) and title != event.subject
    return EventPatch(
        subject=title if renamed else None,
        span=step.span if event.span != step.span else None,
        zone=wanted.series.rule.zone,
    )


def groups_of_rule(agreed: Series | None, wanted: Series | None) -> frozenset[str]:
    """Whether a series shall have another rule, or only another end."""
    if agreed is None or wanted is None or as_stored(agreed.rule) == as_stored(wanted.rule):
        return frozenset()
    same = only_end_differs(as_stored(agreed.rule), as_stored(wanted.rule))
    return frozenset({END if same else RULE})


def agreed_groups(base: Base, sent: Values, seen: Values, groups: frozenset[str]) -> Base:
    """What both sides agree on after a PATCH with these groups was answered with `seen`. Whether dates that were
    cancelled before another rule came stay so is unread (H24)."""
    plain = groups - {RULE, END}
    told = {"rule", "time"} if groups & {RULE, END} else set[str]()
    here = replace(base.local, **{group: getattr(sent, group) for group in plain})
    there = replace(base.remote, **{group: getattr(seen, group) for group in plain | told})
    if groups & {RULE, END} and here.series is not None and sent.series is not None:
        series = after_edit(here.series, sent.series.rule, OnMasterEdit.KEEPS).series
        here = replace(here, series=replace(series, cancelled=frozenset()) if RULE in groups else series)
    return Base(here, there)


def is_shown(sent: Values, read: Values, groups: frozenset[str]) -> bool:
    """Whether an event as it was read shows what a change of it sent."""
    if changed(sent, read, tuple(groups - {RULE, END})):
        return False
    if groups.isdisjoint((RULE, END)):
        return True
    return sent.series is not None and has_rule(read, sent.series.rule)


def has_rule(read: Values, rule: Rule) -> bool:
    """Whether an event as it was read has this rule, whichever names its zone goes by. Where clocks change on its
    first date, the master's start is another reading of the same times (docs/graph.md#clock-changes)."""
    told = read.rule.rule if read.rule is not None else None
    if told is None:
        return False
    one, other = as_stored(told), as_stored(rule)
    first = rule_dates.first_date(other)
    in_place = first is not None and is_at_planned_time(Series(other), first, read.time)
    return replace(one, times=other.times) == other and (one.times == other.times or in_place)


def still_as_before(before: Values, read: Values, wanted: Series) -> bool:
    """Whether a read after our writes shows a date that we cancelled or moved as it was before them: it lags. What
    somebody else made of a date meanwhile is no lag."""
    was = {one.original: one.span for one in before.dates or ()}
    for one in read.dates or ():
        day = date.fromisoformat(one.original) if not one.original.startswith("#") else None
        if day is None or was.get(one.original, one.span) != one.span:
            continue
        moved = _differing(wanted).get(day)
        if day in wanted.cancelled or (moved is not None and moved.span not in (None, one.span)):
            return True
    return False


def is_date_shown(read_span: Span, read_title: str | None, step: ChangeDate) -> bool:
    """Whether one date as it was read shows what was sent; a title that is that of its series is none."""
    return read_span == step.span and (step.title is None or read_title == step.title)


def same_span(one: Span, other: Span, zone: ZoneInfo) -> bool:
    """Whether two spans are the same time of a room."""
    return isinstance(one, AllDay) == isinstance(other, AllDay) and one.instants(zone) == other.instants(zone)


def _takes_place_again(day: date, wanted: Series, there: Series | None) -> bool:
    """A date that was cancelled before the rule was changed, and that came back with it (H24)."""
    return there is not None and as_stored(there.rule) == as_stored(wanted.rule) and there.has_date(day)


def _differing(series: Series) -> dict[date, ChangedDate]:
    """The dates that really differ from their series; Outlook keeps others as exceptions as well."""
    return {day: one for day, one in series.changed.items() if one != ChangedDate(day)}


def _turn(one: ChangedDate, series: Series) -> tuple[bool, int]:
    """Those that move to a later time from the last on, then those that move to an earlier one from the first on."""
    place = series.occurrence(one.original)
    zone = series.rule.rules()
    later = place.span.instants(zone)[0] > place.planned.instants(zone)[0]
    number = one.original.toordinal()
    return (not later, -number if later else number)
