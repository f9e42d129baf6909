"""How a random story of series ended: what both sides hold, and whether each series' last word was heard.

The last word is what somebody did to a series after everybody else. It stands in the end, or people are told why
not: a conflict, a hold, a failure or a declined date of that series. Earlier words may have been overruled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import select

from tests.sync.checks import assert_quiet
from tests.sync.series_world import ALDER, dates_here, dates_there
from tests.sync.world import World
from tests.tenant.personal import improper_requests
from webapp.domain.recurrence import Series
from webapp.domain.words import Answer, Home, SyncState
from webapp.models import Meeting, Occurrence, Reservation, RunStep
from webapp.reservations.series_rows import series_of
from worker.sync.recognise import parse_mark

Check = Callable[[Series | None], bool]
"""Whether a word stands in the series as it is in the end; None: it was called off."""


@dataclass(frozen=True)
class Word:
    """What somebody did to a series: which one, in words, and how to see that it stands."""

    key: int | str
    """The reservation's id, or the iCalUId of the event in Outlook."""
    said: str
    stands: Check
    split_from: int | None = None
    """The reservation that it was split from, where that is told what became of the split."""


def problems_of(world: World, words: list[Word], *, at_rest: bool) -> list[str]:
    """What is wrong in a world that came to rest, but for what people were told of."""
    problems = [f"improper: {one}" for one in improper_requests(world.tenant)]
    problems += _twins(world) + _unsaid_overlaps(world) + _unheard(world, words)
    if not waits_for_people(world):
        problems += _differences(world)
    if not at_rest:
        return problems
    try:
        assert_quiet(world)
    except AssertionError as error:
        problems.append(f"not quiet: {error}")
    return problems


def waits_for_people(world: World) -> bool:
    """Whether something was held or stopped: until somebody decides, the two sides differ."""
    with world.transactions.reading() as session:
        stopped = Reservation.sync_state.in_((SyncState.HELD, SyncState.FAILED))
        found = session.scalar(select(Reservation.id).where(stopped).limit(1))
    return found is not None or bool(world.holds())


def _differences(world: World) -> list[str]:
    here, there = (Counter((one[1], one[2]) for one in told(world)) for told in (dates_here, dates_there))
    only_here, only_there = here - there - _asked_for_in_vain(world), there - here
    if not only_here and not only_there:
        return []
    return [f"only here {sorted(only_here.elements())} only there {sorted(only_there.elements())}"]


def _asked_for_in_vain(world: World) -> Counter[tuple[datetime, datetime]]:
    """Dates of people's series that the room declined without telling anybody: shown as unconfirmed, they go on
    blocking (H58)."""
    refused = world.tenant.mailbox(world.address(ALDER)).refused
    query = (
        select(Occurrence.starts_at, Occurrence.ends_at)
        .join(Reservation)
        .join(Meeting)
        .where(Reservation.sync_code == "unconfirmed", Meeting.ical_uid.in_(refused))
        .where(Occurrence.original_start != "", Occurrence.answer != Answer.DECLINED)
    )
    with world.transactions.reading() as session:
        return Counter((start, end) for start, end in session.execute(query))


def _twins(world: World) -> list[str]:
    marks = [
        mark
        for name in (ALDER, "ada")
        for item in world.tenant.mailbox(world.address(name)).items.values()
        if item.is_organizer and not item.cancelled and (mark := parse_mark(item.transaction_id)) is not None
    ]
    owners = [str(mark).split(".")[1] for mark in marks]
    return [f"two events for one reservation: {marks}"] if len(set(owners)) != len(owners) else []


def _unsaid_overlaps(world: World) -> list[str]:
    slots = world.slots_here(ALDER)
    twice = [one for one, other in pairwise(slots) if other[0] < one[1]]
    said = [one for one in world.conflicts() if one.kind == "overlap"]
    return [f"overlap without a conflict {twice}"] if twice and not said else []


def _unheard(world: World, words: list[Word]) -> list[str]:
    last: dict[int, Word] = {}
    with world.transactions.reading() as session:
        rows = {row.id: row for row in session.scalars(select(Reservation))}
        by_uid = {row.meeting.ical_uid: row.id for row in rows.values() if row.meeting.ical_uid}
        for word in words:
            key = word.key if isinstance(word.key, int) else by_uid.get(word.key)
            if key is not None:
                last[key] = word
        unheard = {key: word for key, word in last.items() if not _stands(rows[key], word)}
        unheard = {
            key: word
            for key, word in unheard.items()
            if not any(_is_told(world, rows[one]) for one in (key, word.split_from) if one is not None)
        }
    return [f"nobody is told that this is not so: {word.said} (reservation {key})" for key, word in unheard.items()]


def _stands(row: Reservation, word: Word) -> bool:
    series = series_of(row.meeting)
    return word.stands(series if row.cancelled_at is None else None)


def _is_told(world: World, row: Reservation) -> bool:
    """Whether the series' own page says what became of it."""
    told = {one.reservation_id for one in world.conflicts()} | {one.other_reservation_id for one in world.conflicts()}
    held = {action.reservation_id for hold in world.holds() for action in hold.actions}
    stopped = row.sync_state in (SyncState.HELD, SyncState.FAILED, SyncState.DECLINED)
    refused = "split_refused" in _steps(world, row)  # told in a hold that a later save closed
    by_room = row.meeting.home is Home.USER and _declines_dates(world, row)
    return row.id in told | held or stopped or refused or by_room


def _steps(world: World, row: Reservation) -> set[str]:
    with world.transactions.reading() as session:
        return set(session.scalars(select(RunStep.action).where(RunStep.reservation_id == row.id)))


def _declines_dates(world: World, row: Reservation) -> bool:
    """Whether the room declined it, or its copy shows dates that it declined or that were cancelled in it."""
    room = world.tenant.mailbox(world.address(ALDER))
    if row.meeting.ical_uid in room.refused:
        return True
    for item in room.items.values():
        if item.uid == row.meeting.ical_uid and item.recurrence is not None:
            return item.response == "declined" or item.cancelled or bool(item.missing)
    return False
