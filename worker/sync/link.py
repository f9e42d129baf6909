"""What is remembered of one remote event: the last observation of it, in plain values for storing.

An observation never holds a body, the subject of anything private, nor the early subject of a room's copy:
of that only a keyed digest is kept, until the same subject was read again (H49, H56).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from webapp.domain.titles import copy_has_title
from webapp.domain.words import Answer
from worker.sync.event import Event, EventKind, RuleRead, canonical_subject
from worker.sync.series import timed_by
from worker.sync.series_plan import is_shown
from worker.sync.values import SeriesDate, Status, Values, values_from_json, values_to_json

Digest = Callable[[str], str]

NOT_TOLD = RuleRead(None, "recurrence")
"""A master that says nothing of its rule."""

AT_ONCE = timedelta(seconds=2)
"""An event whose two times are closer than this is as it was made."""


@dataclass(frozen=True)
class Observation:
    """One event as it was read.

    `live`: neither cancelled nor declined by the room (docs/graph.md#cancelled-stays); of a series that it declined
    as a whole, whether it took any date.
    """

    values: Values
    live: bool
    is_organizer: bool
    is_series: bool
    change_key: str
    etag: str
    ical_uid: str
    transaction_id: str | None
    tag: str | None
    created: datetime | None
    modified: datetime | None
    subject_digest: str | None = None
    window: tuple[datetime, datetime] | None = None
    """Of a series: its dates were read from then to then."""


def observe(event: Event, digest: Digest) -> Observation:
    """An event as an observation; the subject of a room's copy is kept back as a digest."""
    subject = None if event.subject is None else canonical_subject(event.subject)
    withheld = None
    if not event.is_organizer:
        withheld = digest(subject) if subject and copy_has_title(subject, event.organizer.name) else None
        subject = None
    return Observation(
        values=Values(
            subject=subject,
            time=event.span,
            private=event.sensitivity != "normal",
            status=Status(
                blocks=event.blocks,
                answer=event.answer,
                organizer_name=event.organizer.name,
                organizer_address=event.organizer.address,
                other_attendees=event.other_attendees,
            ),
            rule=event.rule,
        ),
        live=not event.is_cancelled and event.answer is not Answer.DECLINED,
        is_organizer=event.is_organizer,
        is_series=event.kind is EventKind.MASTER,
        change_key=event.change_key,
        etag=event.etag,
        ical_uid=event.ical_uid,
        transaction_id=event.transaction_id,
        tag=event.tag,
        created=event.created,
        modified=event.modified,
        subject_digest=withheld,
    )


def with_title(observation: Observation, subject: str) -> Observation:
    """The observation of a room's copy whose subject was read twice and may be shown."""
    return replace(observation, values=replace(observation.values, subject=canonical_subject(subject)))


def with_dates(observation: Observation, dates: tuple[Event, ...], window: tuple[datetime, datetime]) -> Observation:
    """The observation of a series master with the dates that its instances tell, cancelled ones left out."""
    subject = observation.values.subject
    kept = tuple(
        SeriesDate(
            original=(date.original_date.isoformat() if date.original_date else f"#{position}"),
            span=date.span,
            blocks=date.blocks,
            answer=date.answer,
            event_id=date.id,
            is_exception=date.kind is EventKind.EXCEPTION,
            title=_own_title(date, subject),
        )
        for position, date in enumerate(dates)
        if not date.is_cancelled
    )
    kept = _unique(kept)
    values = replace(observation.values, dates=kept, rule=timed_by(observation.values.rule or NOT_TOLD, kept))
    status = observation.values.status
    declined = status is not None and status.answer is Answer.DECLINED
    takes_some = declined and any(date.blocks and date.answer is not Answer.DECLINED for date in kept)
    return replace(observation, values=values, window=window, live=observation.live or takes_some)


def _own_title(date: Event, subject: str | None) -> str | None:
    """What an organizer calls this date where he calls it otherwise; of a room's copy no subject counts (H49)."""
    if date.kind is not EventKind.EXCEPTION or not date.is_organizer or date.subject is None:
        return None
    own = canonical_subject(date.subject)
    return own if own != subject else None


def _unique(dates: tuple[SeriesDate, ...]) -> tuple[SeriesDate, ...]:
    return tuple({date.original: date for date in dates}.values())


def observation_to_json(observation: Observation) -> dict[str, Any]:
    """An observation as plain values, for a JSON column."""
    data = vars(observation) | {"values": values_to_json(observation.values)}
    for name in ("created", "modified"):
        data[name] = data[name].isoformat() if data[name] else None
    data["window"] = [moment.isoformat() for moment in observation.window] if observation.window else None
    return data


def observation_from_json(data: dict[str, Any]) -> Observation:
    """The observation that `observation_to_json` wrote."""
    instants = {n: datetime.fromisoformat(data[n]) if data[n] else None for n in ("created", "modified")}
    begin, end = data.get("window") or (None, None)
    window = (datetime.fromisoformat(begin), datetime.fromisoformat(end)) if begin and end else None
    return Observation(**data | {"values": values_from_json(data["values"]), "window": window} | instants)


def was_touched(observation: Observation) -> bool:
    """Whether an event was changed since it was made, by the service's own two times."""
    if observation.created is None or observation.modified is None:
        return False
    return observation.modified - observation.created > AT_ONCE


def lags_write(read: Observation, before: Observation, sent: Values, groups: Iterable[str]) -> bool:
    """Whether the event as it was read back after a write is still one of before it: it shows neither what was
    sent nor a later time than was read before (docs/graph.md#patch-204, docs/graph.md#reads-lag)."""
    if is_shown(sent, read.values, frozenset(groups)):
        return False
    is_later = read.modified is not None and before.modified is not None and read.modified > before.modified
    return read.change_key == before.change_key or not is_later


def is_older(observation: Observation, base_modified: datetime | None) -> bool:
    """Whether the service's own clock says that this was read from a copy that lags what we know (H02, H40,
    docs/graph.md#reads-lag).

    Both times are the service's; ours plays no part (H33).
    """
    return bool(observation.modified and base_modified and observation.modified < base_modified)
