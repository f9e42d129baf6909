"""Canonical forms, plain forms for storing, marks, brakes and ties: the small parts of the pure core."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.intervals import AllDay, Span, Timed, span_from_json, span_to_json
from webapp.domain.words import Answer
from worker.sync import guard
from worker.sync.conflict import ours_yields
from worker.sync.errors import SyncError, Throttled, Trouble, Unavailable, Unreadable
from worker.sync.event import SUBJECT_LIMIT, Event, EventKind, Party, canonical_subject
from worker.sync.guard import Tally
from worker.sync.link import (
    Observation,
    is_older,
    observation_from_json,
    observation_to_json,
    observe,
    with_dates,
    with_title,
)
from worker.sync.recognise import Mark, our_mark, parse_mark
from worker.sync.values import SeriesDate, Status, Values, changed, values_from_json, values_to_json

TEN = datetime(2026, 11, 24, 10, tzinfo=UTC)
SPAN = Timed(TEN, TEN + timedelta(hours=1))


def digest(text: str) -> str:
    return f"<{len(text)}:{hash(text)}>"


def event(**changes: object) -> Event:
    made = Event(
        id="AAMk1",
        kind=EventKind.SINGLE,
        change_key="key",
        etag='W/"key"',
        ical_uid="uid",
        span=SPAN,
        subject="Standup",
        is_organizer=False,
        is_cancelled=False,
        blocks=True,
        answer=Answer.ACCEPTED,
        organizer=Party("Ada", "ada@contoso.example"),
        created=TEN,
        modified=TEN,
        other_attendees=2,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


# -- subjects (H47, H60)


@given(st.text(max_size=600))
def test_the_canonical_subject_is_its_own_canonical_form(text: str) -> None:
    """H60: one write, then nothing more to repair."""
    once = canonical_subject(text)
    assert canonical_subject(once) == once
    assert len(once) <= SUBJECT_LIMIT
    assert unicodedata.is_normalized("NFC", once)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in once)


def test_decomposed_and_composed_subjects_are_the_same() -> None:
    """H47."""
    assert canonical_subject("Café\n  now\x00") == canonical_subject("Café now") == "Café now"


def test_a_combining_mark_is_not_left_behind_by_the_cut() -> None:
    """H60: q and a dot below have no composed form, so the mark stays a character of its own."""
    text = "q\u0323" * SUBJECT_LIMIT
    cut = canonical_subject(text)
    assert cut.endswith("\u0323") and len(cut) == SUBJECT_LIMIT - 1


# -- plain forms

INSTANTS = st.integers(-10_000_000, 30_000_000).map(lambda minutes: TEN + timedelta(minutes=minutes))
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
SPANS: st.SearchStrategy[Span] = st.one_of(
    st.builds(lambda a, h: Timed(a, a + timedelta(minutes=h)), INSTANTS, st.integers(0, 9999)),
    st.builds(lambda a, d: AllDay(a, a + timedelta(days=d)), DAYS, st.integers(1, 20)),
)
ANSWERS = st.sampled_from(Answer)
DATES = st.builds(SeriesDate, st.dates().map(str), SPANS, st.booleans(), ANSWERS, st.text(max_size=9))
STATUSES = st.builds(Status, st.booleans(), ANSWERS, st.text(max_size=9), st.text(max_size=9), st.integers(0, 99))
VALUES = st.builds(
    Values,
    st.one_of(st.none(), st.text(max_size=20)),
    SPANS,
    st.booleans(),
    st.one_of(st.none(), STATUSES),
    st.one_of(st.none(), st.lists(DATES, max_size=3).map(tuple)),
)


@given(SPANS)
def test_a_span_comes_back_from_its_plain_form(span: Span) -> None:
    assert span_from_json(json.loads(json.dumps(span_to_json(span)))) == span


@given(VALUES)
def test_values_come_back_from_their_plain_form(values: Values) -> None:
    assert values_from_json(json.loads(json.dumps(values_to_json(values)))) == values


@given(VALUES, st.one_of(st.none(), INSTANTS), st.booleans())
def test_an_observation_comes_back_from_its_plain_form(values: Values, modified: datetime | None, live: bool) -> None:
    seen = Observation(values, live, False, False, "key", "etag", "uid", None, "tag", TEN, modified, "digest")
    assert observation_from_json(json.loads(json.dumps(observation_to_json(seen)))) == seen


def test_a_group_that_one_side_lacks_does_not_differ() -> None:
    status = Status(True, Answer.NONE, "", "", 0)
    one, other = Values(None, SPAN, False), Values("Title", SPAN, False, status)
    assert changed(one, other, ("subject", "time", "private", "status", "dates")) == frozenset()


def test_dates_that_come_or_go_are_a_change() -> None:
    """H21: a single meeting became a series, or the reverse."""
    assert changed(Values(None, SPAN, False), Values(None, SPAN, False, dates=()), ("dates",)) == {"dates"}


# -- observations


def test_an_event_of_the_rooms_own_tells_its_subject() -> None:
    seen = observe(event(is_organizer=True, answer=Answer.ORGANIZER), digest)
    assert (seen.values.subject, seen.subject_digest) == ("Standup", None)


def test_a_rooms_copy_keeps_its_subject_back_as_a_digest() -> None:
    """H49, H56."""
    seen = observe(event(), digest)
    assert seen.values.subject is None
    assert seen.subject_digest == digest("Standup")


@pytest.mark.parametrize("subject", ["", "Ada", "ADA", None])
def test_a_copy_whose_subject_is_no_title_has_no_digest(subject: str | None) -> None:
    """H49: the assistant empties it or puts the organizer's name there."""
    assert observe(event(subject=subject), digest).subject_digest is None


def test_a_private_event_tells_that_it_is_private_and_nothing_more() -> None:
    """H56."""
    seen = observe(event(subject=None, sensitivity="confidential", is_organizer=True), digest)
    assert (seen.values.private, seen.values.subject, seen.subject_digest) == (True, None, None)


@pytest.mark.parametrize(
    ("cancelled", "answer", "live"),
    [
        (False, Answer.ACCEPTED, True),
        (False, Answer.NONE, True),
        (False, Answer.TENTATIVE, True),
        (True, Answer.ACCEPTED, False),
        (False, Answer.DECLINED, False),
    ],
)
def test_cancelled_and_declined_copies_do_not_live(cancelled: bool, answer: Answer, live: bool) -> None:
    """H52."""
    assert observe(event(is_cancelled=cancelled, answer=answer), digest).live is live


def test_a_title_read_twice_joins_the_observation_in_canonical_form() -> None:
    assert with_title(observe(event(), digest), " Stand  up ").values.subject == "Stand up"


def test_a_cancelled_date_is_left_out_of_a_series_and_one_without_a_date_is_kept() -> None:
    def date_of(day: int | None, **changes: object) -> Event:
        original = date(2026, 11, day) if day else None
        return event(id=f"d{day}", kind=EventKind.OCCURRENCE, original_date=original, **changes)

    seen = with_dates(
        observe(event(kind=EventKind.MASTER), digest),
        (date_of(24), date_of(25, is_cancelled=True), date_of(None), date_of(24, answer=Answer.TENTATIVE)),
        (TEN - timedelta(days=7), TEN + timedelta(days=7)),
    )
    assert seen.values.dates is not None
    found = [(d.original, d.answer) for d in seen.values.dates]
    assert found == [("2026-11-24", Answer.TENTATIVE), ("#2", Answer.ACCEPTED)]


@pytest.mark.parametrize(
    ("read", "known", "older"),
    [(TEN, TEN, False), (TEN, TEN + timedelta(seconds=1), True), (None, TEN, False), (TEN, None, False)],
)
def test_only_the_services_own_clock_says_that_a_read_lags(
    read: datetime | None, known: datetime | None, older: bool
) -> None:
    """H02, H33."""
    assert is_older(observe(event(modified=read), digest), known) is older


# -- marks

OURS = Mark("a1b2c3d4", "0123456789abcdef01234567", 7, 2)


def test_a_mark_is_known_again_and_fits_into_a_transaction_id() -> None:
    assert parse_mark(str(OURS)) == OURS
    longest = Mark("a1b2c3d4", "f" * 24, 999_999_999, 999_999)
    assert len(str(longest)) < 64 and parse_mark(str(longest)) == longest


@pytest.mark.parametrize(
    "text",
    [None, "", "localevent:5b0d3f5e-6a5c-4f0e-9a41-2f7d1c1e86b3", f"{OURS}x", f" {OURS}", str(OURS).upper()],
)
def test_what_outlook_puts_into_a_transaction_id_is_no_mark(text: str | None) -> None:
    assert parse_mark(text) is None


def test_our_mark_is_found_in_either_place() -> None:
    """H36."""
    assert our_mark("a1b2c3d4", str(OURS), None) == OURS
    assert our_mark("a1b2c3d4", None, str(OURS)) == OURS
    assert our_mark("a1b2c3d4", "localevent:x", str(OURS)) == OURS
    assert our_mark("a1b2c3d4", None, None) is None


def test_another_installations_mark_is_foreign() -> None:
    """H48, I9."""
    assert our_mark("zzzzzzzz", str(OURS), str(OURS)) is None


# -- brakes (H70)


@pytest.mark.parametrize(
    ("wanted", "tally", "stopped"),
    [
        (0, Tally(99, 0, 99, 0), False),
        (5, Tally(0, 10, 0, 10), False),
        (6, Tally(0, 10, 0, 10), True),
        (1, Tally(5, 10, 5, 10), True),
        (20, Tally(0, 100, 0, 100), False),
        (21, Tally(0, 100, 0, 100), True),
        (20, Tally(0, 100, 6, 1000), True),
        (20, Tally(0, 100, 6, 5000), False),
    ],
)
def test_too_much_at_once_is_stopped(wanted: int, tally: Tally, stopped: bool) -> None:
    assert guard.too_much(wanted, tally) is stopped


def test_an_empty_listing_is_suspect_only_where_something_is_known() -> None:
    assert guard.listing_is_suspect(0, 1)
    assert not guard.listing_is_suspect(0, 0)
    assert not guard.listing_is_suspect(1, 9)


# -- who yields (H51)


def test_the_later_of_two_yields_then_the_greater_id() -> None:
    later = TEN + timedelta(seconds=1)
    assert ours_yields((later, "a"), (TEN, "b"))
    assert not ours_yields((TEN, "b"), (later, "a"))
    assert ours_yields((TEN, "b"), (TEN, "a"))
    assert not ours_yields((TEN, "a"), (TEN, "b"))


@pytest.mark.parametrize(("ours", "theirs"), [(None, TEN), (TEN, None), (None, None)])
def test_nobody_yields_where_a_time_is_not_known(ours: datetime | None, theirs: datetime | None) -> None:
    assert not ours_yields((ours, "b"), (theirs, "a"))


# -- errors carry fields


def test_errors_carry_fields() -> None:
    trouble = Trouble(status=503, code="ServiceUnavailable", request_id="r")
    assert SyncError().trouble == Trouble()
    assert Throttled(trouble, 7).wait_seconds == 7
    assert (Unavailable(trouble).never_sent, Unavailable(trouble, 2, True).wait_seconds) == (False, 2)
    assert Unreadable("start").detail == "start"
