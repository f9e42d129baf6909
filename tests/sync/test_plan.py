"""The planner's decision table, row by row, and what must hold of every plan (I1, I2, I5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.intervals import Timed
from webapp.domain.recurrence import ChangedDate, Series
from webapp.domain.rule import Pattern, PatternType, Range, Rule, Weekday
from webapp.domain.wall import WallTimes
from webapp.domain.words import Answer, ConflictKind, HoldKind
from worker.sync.plan import (
    ABSENT,
    UNKNOWN,
    Apply,
    Base,
    Bury,
    CancelHere,
    Create,
    Disagree,
    Import,
    MoveBase,
    RemoveThere,
    Send,
    Side,
    Stop,
    followed,
    reconcile,
    wishes,
)
from worker.sync.values import LOCAL_GROUPS, SeriesDate, Status, Values, changed

TEN = datetime(2026, 11, 24, 10, tzinfo=UTC)


def hour(number: int) -> Timed:
    return Timed(TEN + timedelta(hours=number), TEN + timedelta(hours=number + 1))


def status(answer: Answer = Answer.ACCEPTED, blocks: bool = True) -> Status:
    return Status(blocks, answer, "Ada", "ada@contoso.example", 2)


HERE = Values("Standup", hour(0), False)
THERE = replace(HERE, status=status())
BASE = Base(HERE, THERE)


# -- the table: a side that is not known


@pytest.mark.parametrize("remote", [THERE, ABSENT, UNKNOWN])
@pytest.mark.parametrize("base", [None, BASE])
def test_nothing_follows_while_this_side_is_unknown(base: Base | None, remote: Side) -> None:
    assert reconcile(base, UNKNOWN, remote, ours=True) == ()


@pytest.mark.parametrize("local", [HERE, ABSENT, UNKNOWN])
@pytest.mark.parametrize("base", [None, BASE])
@pytest.mark.parametrize("ours", [True, False])
def test_unknown_there_is_never_taken_for_absent(base: Base | None, local: Side, ours: bool) -> None:
    assert reconcile(base, local, UNKNOWN, ours) == ()


# -- the table: both sides have it


@pytest.mark.parametrize("ours", [True, False])
def test_equal_sides_need_nothing(ours: bool) -> None:
    assert reconcile(BASE, HERE, THERE, ours) == ()


@pytest.mark.parametrize(
    ("group", "value"),
    [("subject", "Retro"), ("time", hour(3)), ("private", True)],
    ids=("subject", "time", "private"),
)
def test_a_change_here_is_sent_and_nothing_else_with_it(group: str, value: object) -> None:
    assert reconcile(BASE, replace(HERE, **{group: value}), THERE, ours=True) == (Send(frozenset({group})),)


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize(
    ("group", "value"),
    [
        ("subject", "Retro"),
        ("time", hour(3)),
        ("private", True),
        ("status", status(Answer.TENTATIVE)),
    ],
)
def test_a_change_there_is_brought_here(group: str, value: object, ours: bool) -> None:
    assert reconcile(BASE, HERE, replace(THERE, **{group: value}), ours) == (Apply(frozenset({group})),)


def test_dates_of_a_series_that_changed_are_brought_here() -> None:
    first = (SeriesDate("2026-11-24", hour(0), True, Answer.ACCEPTED, "1"),)
    second = (SeriesDate("2026-11-24", hour(2), True, Answer.ACCEPTED, "1"),)
    base = Base(HERE, replace(THERE, dates=first))
    assert reconcile(base, HERE, replace(THERE, dates=second), ours=False) == (Apply(frozenset({"dates"})),)


@pytest.mark.parametrize("ours", [True, False])
def test_the_same_change_on_both_sides_only_moves_the_base(ours: bool) -> None:
    here, there = replace(HERE, subject="Retro"), replace(THERE, subject="Retro")
    assert reconcile(BASE, here, there, ours) == (MoveBase(),)


def test_changes_of_different_groups_are_merged_where_the_event_is_ours() -> None:
    here, there = replace(HERE, subject="Retro"), replace(THERE, time=hour(3))
    assert reconcile(BASE, here, there, ours=True) == (Apply(frozenset({"time"})), Send(frozenset({"subject"})))


def test_only_theirs_is_brought_where_a_person_organizes() -> None:
    here, there = replace(HERE, subject="Retro"), replace(THERE, time=hour(3))
    assert reconcile(BASE, here, there, ours=False) == (Apply(frozenset({"time"})),)


def test_ours_stands_where_both_changed_the_time_of_our_event() -> None:
    here, there = replace(HERE, time=hour(2)), replace(THERE, time=hour(3))
    assert reconcile(BASE, here, there, ours=True) == (
        Disagree(ConflictKind.TIME, "here"),
        Send(frozenset({"time"})),
    )


def test_theirs_stands_where_both_changed_a_persons_meeting() -> None:
    here, there = replace(HERE, subject="Mine"), replace(THERE, subject="Theirs")
    assert reconcile(BASE, here, there, ours=False) == (
        Disagree(ConflictKind.TITLE, "there"),
        Apply(frozenset({"subject"})),
    )


def test_privacy_has_two_values_so_two_changes_of_it_are_equal() -> None:
    here, there = replace(HERE, private=True), replace(THERE, private=True)
    assert reconcile(BASE, here, there, ours=True) == (MoveBase(),)


# -- the table: one side is gone


def test_cancelled_here_and_untouched_there_is_removed_there() -> None:
    assert reconcile(BASE, ABSENT, THERE, ours=True) == (RemoveThere(),)


@pytest.mark.parametrize("there", [THERE, replace(THERE, subject="Retro")])
def test_a_persons_event_is_never_ours_to_remove(there: Values) -> None:
    """I9."""
    assert reconcile(BASE, ABSENT, there, ours=False) == ()


def test_cancelled_here_and_edited_there_waits_for_a_person() -> None:
    """H76."""
    there = replace(THERE, time=hour(3))
    assert reconcile(BASE, ABSENT, there, ours=True) == (Stop(HoldKind.EDITED_AND_CANCELLED),)


@pytest.mark.parametrize(("moved", "plan"), [(False, RemoveThere()), (True, Stop(HoldKind.EDITED_AND_CANCELLED))])
def test_a_new_series_whose_dates_were_never_read_is_removed_unless_one_was_moved(moved: bool, plan: object) -> None:
    """H76: what was made tells its dates until they are read; an exception made here is no edit."""
    days = [TEN.date() + timedelta(weeks=number) for number in range(3)]
    ours = ChangedDate(days[1], hour(30 * 24))
    rule = Rule(
        Pattern(PatternType.WEEKLY, days_of_week=(Weekday.of(days[0]),)),
        Range.times(days[0], 3),
        "UTC",
        WallTimes(time(10), time(11)),
    )
    there = [hour(0), hour(30 * 24), hour(14 * 24 + (5 if moved else 0))]
    dates = tuple(
        SeriesDate(day.isoformat(), span, True, Answer.ACCEPTED, "", is_exception=span != hour(7 * 24 * number))
        for number, (day, span) in enumerate(zip(days, there, strict=True))
    )
    base = Base(replace(HERE, series=Series(rule, (ours,))), THERE)
    assert reconcile(base, ABSENT, replace(THERE, dates=dates), ours=True) == (plan,)


def test_an_answer_that_changed_is_not_an_edit_that_stops_a_cancel() -> None:
    there = replace(THERE, status=status(Answer.TENTATIVE))
    assert reconcile(BASE, ABSENT, there, ours=True) == (RemoveThere(),)


@pytest.mark.parametrize("ours", [True, False])
def test_gone_there_and_untouched_here_is_cancelled_here(ours: bool) -> None:
    assert reconcile(BASE, HERE, ABSENT, ours) == (CancelHere(),)


def test_gone_there_and_edited_here_waits_for_a_person() -> None:
    """H76."""
    here = replace(HERE, subject="Retro")
    assert reconcile(BASE, here, ABSENT, ours=True) == (
        Disagree(ConflictKind.CANCELLED_AND_EDITED, prevailed=""),
        Stop(HoldKind.EDITED_AND_CANCELLED),
    )


def test_gone_there_ends_a_persons_meeting_whatever_happened_here() -> None:
    assert reconcile(BASE, replace(HERE, subject="Mine"), ABSENT, ours=False) == (CancelHere(),)


def test_what_moves_to_another_room_ends_with_its_event_whatever_else_was_changed_of_it() -> None:
    """H76: its move ends with it, and keeps both sides for people."""
    assert reconcile(BASE, replace(HERE, subject="Mine"), ABSENT, ours=True, leaving=True) == (CancelHere(),)


@pytest.mark.parametrize("ours", [True, False])
def test_gone_on_both_sides_is_buried(ours: bool) -> None:
    assert reconcile(BASE, ABSENT, ABSENT, ours) == (Bury(),)


# -- the table: never agreed before


@pytest.mark.parametrize("local", [HERE, ABSENT])
def test_what_is_new_there_is_imported(local: Side) -> None:
    assert reconcile(None, local, THERE, ours=False) == (Import(),)


def test_what_is_new_here_is_created() -> None:
    assert reconcile(None, HERE, ABSENT, ours=True) == (Create(),)
    assert reconcile(None, HERE, ABSENT, ours=False) == (CancelHere(),)


def test_what_was_never_anywhere_is_buried() -> None:
    assert reconcile(None, ABSENT, ABSENT, ours=True) == (Bury(),)


# -- what was not read


def test_a_subject_that_was_not_read_is_neither_value_nor_change() -> None:
    """H56: a private event withholds its subject; ours stays as it is on both sides."""
    assert reconcile(BASE, HERE, replace(THERE, subject=None), ours=True) == ()


def test_a_subject_read_for_the_first_time_is_news_but_no_change() -> None:
    """H49."""
    base = Base(replace(HERE, subject=None), replace(THERE, subject=None))
    plan = reconcile(base, replace(HERE, subject=None), THERE, ours=False)
    assert plan == (Apply(frozenset(), first_title=True),)


def test_a_title_typed_here_is_not_overwritten_by_a_first_reading() -> None:
    base = Base(HERE, replace(THERE, subject=None))
    plan = reconcile(base, replace(HERE, subject="Typed"), replace(THERE, subject="Read"), ours=True)
    assert plan == (Send(frozenset({"subject"})),)


def test_what_the_server_made_of_our_value_is_not_a_change() -> None:
    """H47: the base keeps both sides' own spelling."""
    base = Base(HERE, replace(THERE, subject="STANDUP"))
    assert reconcile(base, HERE, replace(THERE, subject="STANDUP"), ours=True) == ()


# -- properties

SUBJECTS = st.sampled_from([None, "a", "b", "c"])
SPANS = st.sampled_from([hour(n) for n in range(3)])
DATES = st.sampled_from([None, (), (SeriesDate("2026-11-24", hour(0), True, Answer.ACCEPTED, "1"),)])
STATUSES = st.sampled_from([status(), status(Answer.TENTATIVE), status(blocks=False)])
LOCALS = st.builds(Values, SUBJECTS, SPANS, st.booleans())
REMOTES = st.builds(Values, SUBJECTS, SPANS, st.booleans(), STATUSES, DATES)
BASES = st.builds(Base, LOCALS, REMOTES)
LOCAL_SIDES = st.one_of(LOCALS, st.just(ABSENT))
REMOTE_SIDES = st.one_of(REMOTES, st.just(ABSENT))


@given(st.one_of(st.none(), BASES), st.one_of(LOCAL_SIDES, st.just(UNKNOWN)), REMOTE_SIDES, st.booleans())
def test_one_unknown_side_empties_every_plan(base: Base | None, local: Side, remote: Side, ours: bool) -> None:
    """I5."""
    assert reconcile(base, local, UNKNOWN, ours) == ()
    assert reconcile(base, UNKNOWN, remote, ours) == ()


@given(BASES, st.booleans())
def test_what_agrees_with_its_base_has_an_empty_plan(base: Base, ours: bool) -> None:
    assert reconcile(base, base.local, base.remote, ours) == ()


@given(st.one_of(st.none(), BASES), LOCAL_SIDES, REMOTE_SIDES)
def test_a_persons_event_is_never_written(base: Base | None, local: Side, remote: Side) -> None:
    """I9."""
    plan = reconcile(base, local, remote, ours=False)
    assert not [a for a in plan if isinstance(a, Send | RemoveThere | Stop)]


@given(BASES, LOCALS, REMOTES, st.booleans())
def test_no_value_is_lost_without_being_written_down(base: Base, local: Values, remote: Values, ours: bool) -> None:
    """I2: a group that a side changed is brought over, or its loss is a conflict that keeps both values."""
    plan = reconcile(base, local, remote, ours)
    sent = {g for a in plan if isinstance(a, Send) for g in a.groups}
    brought = {g for a in plan if isinstance(a, Apply) for g in a.groups}
    told = {a.kind for a in plan if isinstance(a, Disagree)}
    for group, kind in (("time", ConflictKind.TIME), ("subject", ConflictKind.TITLE)):
        here, there = getattr(local, group), getattr(remote, group)
        base_here, base_there = getattr(base.local, group), getattr(base.remote, group)
        changed_here = None not in (here, base_here) and here != base_here
        changed_there = None not in (there, base_there) and there != base_there
        if here == there:
            continue
        if changed_there:
            assert group in brought or kind in told
        if changed_here and ours:
            assert group in sent
        assert not (group in sent and group in brought)


@given(BASES, LOCAL_SIDES, REMOTE_SIDES, st.booleans())
def test_once_carried_out_a_plan_leaves_nothing_to_do(base: Base, local: Side, remote: Side, ours: bool) -> None:
    """The fixed point: applying a plan and planning again gives nothing (I4)."""
    plan = reconcile(base, local, remote, ours)
    after = carried_out(plan, base, local, remote)
    if after is None:
        return
    assert reconcile(*after, ours) == ()


@given(BASES, LOCALS, REMOTES)
def test_what_is_wished_here_is_still_a_wish_after_the_other_side_was_followed(
    base: Base, local: Values, remote: Values
) -> None:
    """I2: what waits for a person stays a change, of this side and of the other one as well (H75)."""
    wished = wishes(base, local)
    after = followed(base, local, remote, wished)
    assert wishes(after, local) == wished
    still = changed(after.remote, remote, LOCAL_GROUPS)
    assert still == changed(base.remote, remote, LOCAL_GROUPS) & wished - ({"subject"} if remote.private else set())


def test_a_title_that_became_private_is_not_kept_as_what_was_agreed() -> None:
    """H56, also while a title typed here waits."""
    base = Base(Values("Open", hour(0), False), Values("Open", hour(0), False))
    after = followed(base, Values("Typed", hour(0), True), Values(None, hour(0), True), frozenset({"subject"}))
    assert (after.local.subject, after.remote.subject) == ("Open", None)


def carried_out(plan: tuple[object, ...], base: Base, local: Side, remote: Side) -> tuple[Base, Side, Side] | None:
    """A model of carrying a plan out; None where the item ends or waits for a person."""
    if not isinstance(local, Values) or not isinstance(remote, Values):
        return None
    for action in plan:
        if isinstance(action, Apply):
            taken = set(action.groups) | ({"subject"} if action.first_title else set())
            local = replace(local, **{g: getattr(remote, g) for g in taken if g in LOCAL_GROUPS})
        elif isinstance(action, Send):
            remote = replace(remote, **{g: getattr(local, g) for g in action.groups})
    return Base(local, remote), local, remote
