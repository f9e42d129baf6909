"""Writes whose answer was lost, late, wrong or doubled: always exactly one event, and nothing lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.sync.checks import assert_quiet, assert_same, ours_there, put, reservations, steps
from tests.sync.world import World
from tests.tenant import RequestInfo
from webapp.domain.words import AttemptState, RoomState, SyncState
from webapp.models import Attempt, Outbox

LOST = ("T-", "T+", "429", "429+", "503", "503+", "504", "504+", "500+", "drop")


def set_up(world: World) -> None:
    world.begin_with("alder")


def fault(world: World, op: str, kind: str, times: int = 1) -> None:
    world.tenant.faults.add(op, kind, times=times)


# -- creates


@pytest.mark.parametrize(
    ("kind", "times"),
    [
        *((kind, 1) for kind in (*LOST, "partial+503", "409", "404lag")),
        *(("T+", times) for times in (2, 3, 4, 5)),
        *(("T-", times) for times in (2, 5)),
        *(("429+", 3), ("503+", 3), ("partial+503", 2)),
    ],
)
def test_a_create_whose_answer_is_lost_makes_one_event(world: World, kind: str, times: int) -> None:
    """H35, H36, H37."""
    set_up(world)
    fault(world, "create", kind, times)
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    assert [e["subject"] for e in world.there("alder")] == ["Standup"]
    assert world.reservation(made).sync_state is SyncState.SYNCED
    assert world.writes() == 1 and world.tenant.mails == []
    assert_same(world, "alder")
    assert_quiet(world)


@pytest.mark.parametrize("kind", ["T+", "503+", "429+"])
@pytest.mark.parametrize("after", [True, 5.0])
def test_a_tenant_that_forgets_transaction_ids_gets_no_twin(world: World, kind: str, after: float) -> None:
    """H38: the look comes before the POST."""
    set_up(world)
    world.tenant.faults.forget_transaction_ids(after)
    fault(world, "create", kind, 2)
    world.book("alder", "Standup", world.at(10))
    world.run()
    assert len(world.there("alder")) == 1
    assert_quiet(world)


@pytest.mark.parametrize("seconds", [1, 20, 120])
@pytest.mark.parametrize("kind", [None, "T+", "503+"])
def test_a_created_event_that_is_not_readable_yet_is_not_gone(world: World, seconds: int, kind: str | None) -> None:
    """H40: no cancel, no second create."""
    set_up(world)
    world.tenant.faults.hide_created(seconds=seconds)
    if kind:
        fault(world, "create", kind)
    made = world.book("alder", "Standup", world.at(10))
    for _ in range(20):
        world.run_once("alder")
        world.tenant.advance(10)
    assert len(world.there("alder")) == 1
    assert world.reservation(made).cancelled_at is None
    world.tenant.faults.clear()
    world.run()
    assert_same(world, "alder")
    assert_quiet(world)


def test_an_event_hidden_for_long_and_edited_meanwhile_stays_one_event(world: World) -> None:
    """H40, H79."""
    set_up(world)
    world.tenant.faults.hide_created(seconds=100)
    made = world.book("alder", "Standup", world.at(10))
    world.run_once("alder")
    world.change(made, title="Retro")
    for _ in range(20):
        world.run_once("alder")
        world.tenant.advance(10)
    world.run()
    assert [e["subject"] for e in world.there("alder")] == ["Retro"]
    assert world.holds() == []
    assert_quiet(world)


# -- changes and cancels


@pytest.mark.parametrize(
    ("kind", "times"), [*((kind, 1) for kind in (*LOST, "412", "409")), ("T+", 3), ("T-", 3), ("412", 3)]
)
def test_a_change_whose_answer_is_lost_arrives_once(world: World, kind: str, times: int) -> None:
    """H37, H43."""
    set_up(world)
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    fault(world, "patch", kind, times)
    world.change(made, title="Retro", span=world.at(14))
    world.run()
    assert [(e["subject"], e["start"]) for e in world.there("alder")] == [("Retro", world.at(14).start)]
    assert world.writes() == 2
    assert world.conflicts() == [] and world.holds() == []
    assert_same(world, "alder")
    assert_quiet(world)


def test_a_change_whose_read_back_lags_is_no_edit_of_somebody_else(world: World) -> None:
    """H40, H43: the change is answered without the event, and what is read back is the event of before."""
    set_up(world)
    world.tenant.switches.patch_answers_empty = True
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    world.tenant.faults.lag(world.address("alder"), 1, ["get"])
    world.change(made, title="Retro")
    world.run_once("alder")
    world.tenant.settle()
    world.cancel(made)
    world.run()
    assert world.there("alder") == []
    assert world.conflicts() == [] and world.holds() == []
    assert_quiet(world)


@pytest.mark.parametrize(
    ("kind", "times"), [*((kind, 1) for kind in (*LOST, "412", "409", "404lag")), ("T+", 3), ("T-", 3), ("412", 3)]
)
def test_a_cancel_whose_answer_is_lost_removes_the_event(world: World, kind: str, times: int) -> None:
    """H37."""
    set_up(world)
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    fault(world, "delete", kind, times)
    world.cancel(made)
    world.run()
    world.tenant.advance(400)
    world.want("alder", full=True)
    world.run()
    assert (world.there("alder"), world.slots_here("alder")) == ([], [])
    assert world.holds() == []
    assert_quiet(world)


def test_a_person_who_edits_between_our_read_and_our_write_is_not_overwritten(world: World) -> None:
    """H43, I2: the write is conditional; both values end up on both sides."""
    set_up(world)
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    [event] = ours_there(world, "alder")
    booked = world.tenant.booked(world.address("alder"), event["immutable_id"])
    later = world.at(17)
    once: list[int] = []

    def edit(phase: str, info: RequestInfo) -> None:
        if phase == "before" and info.method == "PATCH" and not once:
            once.append(1)
            world.tenant.as_delegate(world.address("alder")).change(booked, start=later.start, end=later.end)

    world.tenant.on_request(edit)
    world.change(made, title="Retro")
    world.run()
    assert [(e["subject"], e["start"]) for e in world.there("alder")] == [("Retro", later.start)]
    assert_same(world, "alder")
    assert_quiet(world)


def test_a_title_given_between_our_read_and_our_write_is_kept_in_a_conflict(world: World) -> None:
    """H43, I2: without a condition on the write theirs would vanish without a word."""
    set_up(world)
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    [event] = ours_there(world, "alder")
    booked = world.tenant.booked(world.address("alder"), event["immutable_id"])
    once: list[int] = []

    def edit(phase: str, info: RequestInfo) -> None:
        if phase == "before" and info.method == "PATCH" and not once:
            once.append(1)
            world.tenant.as_delegate(world.address("alder")).change(booked, subject="Theirs")

    world.tenant.on_request(edit)
    world.change(made, title="Retro")
    world.run()
    assert [e["subject"] for e in world.there("alder")] == ["Retro"]
    assert [(c.kind, c.prevailed, c.there["subject"]) for c in world.conflicts()] == [("title", "here", "Theirs")]
    assert_quiet(world)


def test_an_event_edited_between_our_read_and_our_delete_is_held(world: World) -> None:
    """H43, H76."""
    set_up(world)
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    [event] = ours_there(world, "alder")
    booked = world.tenant.booked(world.address("alder"), event["immutable_id"])
    once: list[int] = []

    def edit(phase: str, info: RequestInfo) -> None:
        if phase == "before" and info.method == "DELETE" and not once:
            once.append(1)
            world.tenant.as_delegate(world.address("alder")).change(booked, subject="Important now")

    world.tenant.on_request(edit)
    world.cancel(made)
    world.run()
    assert [e["subject"] for e in world.there("alder")] == ["Important now"]
    assert [h.kind for h in world.holds()] == ["edited_and_cancelled"]
    assert_quiet(world)


def test_one_404_after_a_lost_delete_is_no_proof_that_it_was_done(world: World) -> None:
    """H07: the event was edited meanwhile, and is not to be removed without asking."""
    set_up(world)
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    [event] = ours_there(world, "alder")
    booked = world.tenant.booked(world.address("alder"), event["immutable_id"])
    world.tenant.as_delegate(world.address("alder")).change(booked, subject="Important now")
    world.tenant.faults.lag(world.address("alder"), 3, ["get"])
    fault(world, "delete", "T-")
    world.cancel(made)
    world.run_once("alder")  # which sees the edit in its delta only, once the DELETE was sent
    fault(world, "get", "404lag")
    world.tenant.advance(60)
    world.run_once("alder")
    world.tenant.faults.clear()
    world.want("alder", full=True)
    world.run()
    assert [e["subject"] for e in world.there("alder")] == ["Important now"]
    assert [h.kind for h in world.holds()] == ["edited_and_cancelled"]
    assert_quiet(world)


def test_a_save_during_our_write_is_sent_as_well(world: World) -> None:
    """I2: the outbox row is cleared only if nobody saved since."""
    set_up(world)
    made = world.book("alder", "One", world.at(10))
    saved: list[int] = []

    def save(phase: str, info: RequestInfo) -> None:
        if info.method in ("POST", "PATCH") and info.op in ("create", "patch") and len(saved) < 3:
            saved.append(1)
            world.change(made, title=f"Title {len(saved)}")

    world.tenant.on_request(save)
    world.run()
    assert [e["subject"] for e in world.there("alder")] == ["Title 3"]
    assert_quiet(world)


# -- a cancel while the create is in doubt


@pytest.mark.parametrize("kind", ["T+", "503+", "partial+503", "T-"])
def test_cancelled_while_the_create_is_in_doubt_leaves_nothing(world: World, kind: str) -> None:
    """H79 (a): adoption takes the frozen body as its base, so the cancel wins."""
    set_up(world)
    fault(world, "create", kind)
    made = world.book("alder", "Standup", world.at(10))
    world.run_once("alder")
    world.cancel(made)
    world.run()
    assert (world.there("alder"), world.slots_here("alder")) == ([], [])
    assert world.holds() == []
    assert_quiet(world)


@pytest.mark.parametrize("hidden", [5, 30, 90, 900])
def test_an_event_that_shows_up_after_its_reservation_was_cancelled_is_removed(world: World, hidden: int) -> None:
    """H79 (b): never a foreign ghost."""
    set_up(world)
    world.tenant.faults.hide_created(seconds=hidden)
    fault(world, "create", "T+")
    made = world.book("alder", "Standup", world.at(10))
    world.run_once("alder")
    world.cancel(made)
    for _ in range(30):
        world.run_once("alder")
        world.tenant.advance(60)
    world.want("alder", full=True)
    world.run()
    assert (world.there("alder"), world.slots_here("alder")) == ([], [])
    assert len(reservations(world, "alder", live=False)) == 1
    assert_quiet(world)


def test_a_save_while_the_create_is_in_doubt_follows_as_a_change(world: World) -> None:
    """2.3: the body of the create stays frozen."""
    set_up(world)
    fault(world, "create", "T-", 2)
    made = world.book("alder", "First", world.at(10))
    world.run_once("alder")
    world.change(made, title="Second")
    world.run()
    creates = [r for r in world.tenant.requests if r.op == "create"]
    assert len(creates) == 3 and creates[-1].body["subject"] == "First"
    assert [e["subject"] for e in world.there("alder")] == ["Second"]
    assert_quiet(world)


# -- one event, one reservation


def test_the_delta_that_brings_our_event_first_does_not_make_a_second_reservation(world: World) -> None:
    """H80: the worker is gone between the POST and its commit, and the tag was lost."""
    set_up(world)
    fault(world, "create", "partial+503")
    world.book("alder", "Standup", world.at(10))
    world.worker.run(world.mailbox_id("alder"))
    world.tenant.advance(2)
    for _ in range(4):
        world.run()
    assert len(reservations(world, "alder", live=False)) == 1
    assert len(world.there("alder")) == 1
    assert_quiet(world)


def test_an_adopted_event_that_a_person_deletes_at_once_is_not_created_again(world: World) -> None:
    """H80."""
    set_up(world)
    fault(world, "create", "T+")
    made = world.book("alder", "Standup", world.at(10))
    world.run_once("alder")
    world.run()
    [event] = ours_there(world, "alder")
    booked = world.tenant.booked(world.address("alder"), event["immutable_id"])
    world.tenant.advance(400)
    world.tenant.as_delegate(world.address("alder")).delete(booked)
    world.run()
    assert (world.there("alder"), world.slots_here("alder")) == ([], [])
    assert world.reservation(made).cancelled_by == "Outlook"
    assert_quiet(world)


# -- twins that came into being all the same


def make_twin(world: World, title: str = "Standup") -> int:
    """A reservation whose event exists twice: the older was hidden while its create was sent again."""
    set_up(world)
    world.tenant.faults.forget_transaction_ids(True)
    world.tenant.faults.hide_created(seconds=3600)
    fault(world, "create", "T+")
    made = world.book("alder", title, world.at(10))
    world.run_once("alder")
    world.tenant.faults.hide_seconds = None
    for _ in range(6):
        world.run_once("alder")
        world.tenant.advance(10)
    assert len(world.there("alder")) == 2
    return made


def unhide(world: World) -> None:
    world.tenant.advance(4000)
    world.want("alder", full=True)
    world.run()


def test_a_twin_is_healed(world: World) -> None:
    """H35, 2.4."""
    made = make_twin(world)
    unhide(world)
    assert len(world.there("alder")) == 1
    assert world.reservation(made).sync_state is SyncState.SYNCED
    assert_same(world, "alder")
    assert_quiet(world)


def test_a_change_made_here_survives_the_healing_of_a_twin(world: World) -> None:
    """I2: whichever of the two stays, it says what was typed here."""
    made = make_twin(world)
    world.change(made, title="Retro", span=world.at(15))
    world.run_once("alder")
    unhide(world)
    assert [(e["subject"], e["start"]) for e in world.there("alder")] == [("Retro", world.at(15).start)]
    assert world.titles_here("alder") == ["Retro"]
    assert_same(world, "alder")
    assert_quiet(world)


def test_a_change_made_there_survives_the_healing_of_a_twin(world: World) -> None:
    """I2, I9: a person's edit is never thrown away with a twin."""
    make_twin(world)
    newer = max(world.there("alder"), key=lambda e: e["created"])
    booked = world.tenant.booked(world.address("alder"), newer["immutable_id"])
    world.tenant.as_delegate(world.address("alder")).change(booked, subject="Edited there")
    world.run_once("alder")
    unhide(world)
    assert "Edited there" in [e["subject"] for e in world.there("alder")]
    assert "Edited there" in world.titles_here("alder")
    assert_same(world, "alder")
    assert_quiet(world)


# -- what always fails


def test_one_event_that_is_always_refused_stops_no_other(world: World) -> None:
    """H62, I8."""
    set_up(world)
    bad = world.book("alder", "Bad", world.at(0))
    good = [world.book("alder", f"Good {n}", world.at(2 + n)) for n in range(20)]
    fault(world, "create", "400")
    put(world, "alder", "Theirs", world.at(30))
    world.run()
    assert len(world.there("alder")) == 21
    assert world.reservation(bad).sync_state is SyncState.FAILED
    assert {world.reservation(one).sync_state for one in good} == {SyncState.SYNCED}
    assert "Theirs" in world.titles_here("alder")
    assert_quiet(world)
    world.change(bad, title="Better")
    world.run()
    assert world.reservation(bad).sync_state is SyncState.SYNCED
    assert len(world.there("alder")) == 22


def test_an_event_that_cannot_be_understood_waits_alone_and_comes_in_when_it_can(world: World) -> None:
    """H62, 2.9: quarantined, and tried again when it changes."""
    set_up(world)
    room = world.tenant.mailbox(world.address("alder"))
    odd = put(world, "alder", "Odd", world.at(9))
    item = odd.item
    assert item is not None
    room.put(item.changed(end=item.start - timedelta(hours=1)), world.now())
    for number in range(3):
        put(world, "alder", f"Good {number}", world.at(12 + number))
    world.run()
    assert world.titles_here("alder") == ["Good 0", "Good 1", "Good 2"]
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert_quiet(world)
    world.tenant.advance(60)
    span = world.at(9)
    world.tenant.as_delegate(world.address("alder")).change(odd, start=span.start, end=span.end)
    world.run()
    assert world.titles_here("alder") == ["Odd", "Good 0", "Good 1", "Good 2"]
    assert_quiet(world)


# -- the server rewrites


@pytest.mark.parametrize(
    "mutators",
    [{"trim": True}, {"nfd": True}, {"collapse_spaces": True}, {"truncate": 40}, {"nfd": True, "truncate": 30}],
    ids=str,
)
def test_a_server_that_rewrites_titles_is_not_argued_with(world: World, mutators: dict[str, object]) -> None:
    """H47, I4: one write, then none over many runs."""
    for name, value in mutators.items():
        setattr(world.tenant.mutators, name, value)
    set_up(world)
    made = world.book("alder", "Café  räume   é" + " und noch viel mehr davon" * 3, world.at(10))
    world.run()
    assert world.writes() == 1
    for _ in range(4):
        world.tenant.advance(70)
        world.want("alder", full=True)
        world.run()
    assert world.writes() == 1
    title = world.reservation(made).meeting.title
    assert title.startswith("Café  räume")
    world.change(made, span=world.at(12))
    world.run()
    assert world.writes() == 2
    assert world.reservation(made).meeting.title == title
    assert_quiet(world)


def test_a_very_long_title_is_cut_there_and_whole_here(world: World) -> None:
    """H60."""
    set_up(world)
    title = "👩‍💻 é" * 200
    made = world.book("alder", title, world.at(10))
    world.run()
    [event] = world.there("alder")
    assert len(event["subject"]) <= 255
    assert world.reservation(made).meeting.title == title.strip()
    assert world.writes() == 1
    assert_quiet(world)


# -- doubled and late workers


def test_doubled_jobs_do_the_work_once(world: World) -> None:
    """H46."""
    set_up(world)
    made = world.book("alder", "Standup", world.at(10))
    mailbox, other = world.mailbox_id("alder"), world.new_worker("worker-2")
    tried: list[bool] = []
    world.tenant.on_request(lambda _phase, _info: tried.append(other.run(mailbox)))
    world.run()
    assert tried and not any(tried)
    assert world.writes() == 1
    world.change(made, title="Retro")
    for worker in (other, world.worker, other):
        worker.run(mailbox)
    world.run()
    assert world.writes() == 2
    assert_quiet(world)


@pytest.mark.parametrize("op", ["create", "patch", "delete"])
@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_paused_worker_that_wakes_up_late_overwrites_nothing(world: World, op: str, phase: str) -> None:
    """H45: another worker has taken over and synced something newer before the first one's write arrives."""
    set_up(world)
    mailbox, other = world.mailbox_id("alder"), world.new_worker("worker-2")
    made = world.book("alder", "One", world.at(10))
    if op != "create":
        world.run()
        world.tenant.advance(200)
    if op == "patch":
        world.change(made, title="Two")
    if op == "delete":
        world.cancel(made)
    once: list[int] = []

    def pause(at: str, info: RequestInfo) -> None:
        if at != phase or info.op != op or once:
            return
        once.append(1)
        world.expire_claims()
        world.tenant.advance(90)
        if op != "delete":
            world.change(made, title="Newer")
        for _ in range(12):
            world.want("alder")
            other.run(mailbox)
            world.tenant.advance(5)

    world.tenant.on_request(pause)
    world.worker.run(mailbox)
    assert once
    world.run()
    assert [e["subject"] for e in world.there("alder")] == ([] if op == "delete" else ["Newer"])
    assert_same(world, "alder")
    assert_quiet(world)


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_worker_whose_clock_is_wrong_decides_the_same(world: World, hours: int) -> None:
    """H33."""
    set_up(world)

    def skewed() -> object:
        return world.tenant.clock.now() + timedelta(hours=hours)

    world.worker = type(world.worker)(**{**vars(world.worker), "now": skewed})
    made = world.book("alder", "Standup", world.at(30))
    theirs = put(world, "alder", "Review", world.at(33))
    for _ in range(6):
        world.run_once("alder")
        world.tenant.advance(7300)
    world.change(made, title="Retro")
    span = world.at(36)
    world.tenant.as_delegate(world.address("alder")).change(theirs, start=span.start, end=span.end)
    for _ in range(6):
        world.run_once("alder")
        world.tenant.advance(7300)
    assert sorted(e["subject"] for e in world.there("alder")) == ["Retro", "Review"]
    assert_same(world, "alder")
    assert world.conflicts() == [] and world.holds() == []
    assert world.writes() == 2


def test_no_attempt_and_no_outbox_row_is_left_open_at_rest(world: World) -> None:
    set_up(world)
    fault(world, "create", "T+")
    world.book("alder", "Standup", world.at(10))
    world.run()
    with world.transactions.reading() as session:
        states = {row.state for row in session.query(Attempt)}
    assert states == {AttemptState.DONE}
    assert world.count(Outbox) == 0
    assert "adopt" in steps(world)
