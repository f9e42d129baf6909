"""Activity: what the sync did, room by room, and what it will not do without a person, who decides it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, render_template, request, url_for
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from webapp.activity import causes, queries, service
from webapp.activity.export import RUN_HEAD, STEP_HEAD, run_row, step_row
from webapp.activity.shown import offer_for, shown_action, shown_hold
from webapp.activity.words import retry_words
from webapp.clock import utcnow
from webapp.csv_file import csv_answer
from webapp.domain.words import Choice, RunKind
from webapp.enqueue import SYNC_MAILBOXES
from webapp.errors import Refused
from webapp.extensions import db
from webapp.forms import is_whole, whole
from webapp.htmx import answer, done, go_to
from webapp.models import Reservation, Room
from webapp.reservations import sending
from webapp.reservations.rows import span_of, title_of
from webapp.reservations.shown import when
from webapp.reservations.story import step_call, step_detail, step_words
from webapp.reservations.words import CONFLICT_WORDS
from webapp.rooms import many
from webapp.rooms.service import try_again
from webapp.running import door_bell
from webapp.words import words_for, words_of

ASKED = 20
"""So many reservations are named in a question; the rest are counted."""

blueprint = Blueprint("activity", __name__, url_prefix="/activity")


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {
        "words_for": words_for,
        "step_words": step_words,
        "step_detail": step_detail,
        "step_call": step_call,
        "conflict_words": CONFLICT_WORDS,
        "title_of": lambda one: title_of(one.meeting),
        "when_of": _when,
    }


def _when(reservation: Reservation) -> str:
    return when(span_of(reservation.meeting), ZoneInfo(reservation.room.time_zone))


def wanted_filter() -> queries.Filter:
    """The list's filter from the address; whatever is not a choice reads as the default."""
    args = request.args
    return queries.Filter(
        show=args.get("show", "") if args.get("show", "") in queries.SHOWN else "",
        kind=args.get("kind", "") if args.get("kind", "") in {*RunKind} else "",
        code=args.get("code", "")[:64],
        room_id=args.get("room", None, whole),
        q=args.get("q", "").strip()[:200],
        before=args.get("before", None, whole),
    )


@blueprint.get("/")
def index() -> Response:
    """Holds, conflicts and runs."""
    session, wanted = db.session(), wanted_filter()
    found, older = queries.runs(session, wanted)
    room = session.get(Room, wanted.room_id) if wanted.room_id is not None else None
    holds, total = queries.open_holds(session, wanted.room_id)
    conflicts = queries.open_conflicts(session, wanted.room_id)
    ids = queries.held_ids(holds, queries.ACTIONS_SHOWN) | queries.ids_of(conflicts)
    named = queries.reservations_by_id(session, ids)
    return answer(
        "activity/index.html",
        "activity/_work.html",
        filter=wanted,
        room=room,
        runs=found,
        older=older,
        holds=[shown_hold(one, its_room, named, queries.ACTIONS_SHOWN) for one, its_room in holds],
        hold_count=total,
        conflicts=conflicts,
        named=named,
        set_aside=queries.set_aside(session),
        causes=causes.causes(session) if wanted.room_id is None else [],
        retried=causes.RETRIED,
    )


@blueprint.post("/retry")
def retry() -> AnyResponse:
    """Try all rooms, or all reservations, again that fail for one cause."""
    of, code, now = request.form.get("of", ""), request.form.get("code", ""), utcnow()
    session = db.session()

    def again(one: int) -> Room:
        return try_again(session, one, now) if of == causes.ROOMS else sending.send_again(session, one, now).room

    result = many.for_each(session, causes.failing(session, of, code), again)
    if result.mailboxes:
        door_bell().ring(SYNC_MAILBOXES, sorted(set(result.mailboxes)))
    flash(retry_words(of, result.done, len(result.refused)))
    return go_to(url_for(".index", **wanted_filter().as_args()))


@blueprint.get("/runs.csv")
def export_runs() -> Response:
    """The runs that the filter leaves, all of them."""
    wanted = wanted_filter()
    return csv_answer(
        "runs.csv", RUN_HEAD, lambda: (run_row(*row) for row in queries.every_run(db.session(), wanted))
    )


@blueprint.get("/steps.csv")
def export_steps() -> Response:
    """Every step of those runs."""
    wanted = wanted_filter()
    return csv_answer(
        "steps.csv", STEP_HEAD, lambda: (step_row(*row) for row in queries.every_step(db.session(), wanted))
    )


@blueprint.get("/holds/<int:hold_id>")
def hold(hold_id: int) -> Response:
    """One hold with all its actions."""
    return answer("activity/hold.html", "activity/_hold_work.html", **_hold(hold_id))


@blueprint.get("/holds/<int:hold_id>/decide")
def ask(hold_id: int) -> Response:
    """What a choice would do, and about what, before it is made."""
    session = db.session()
    found, room = queries.hold_with_actions(session, hold_id)
    choice, ids = _choice(request.args), _action_ids(request.args)
    chosen = service.offered(found, ids, choice) if found.closed_at is None and choice else []
    if not chosen or choice is None:
        raise Refused("hold_over" if found.closed_at is not None else "hold_choice")
    named = queries.reservations_by_id(session, queries.held_ids([(found, room)]))
    actions = [shown_action(found, row, room, named.get(row.reservation_id or 0)) for row in chosen[:ASKED]]
    asked = {
        "choice": choice,
        "offer": offer_for(found, choice) if ids is None else dict(actions[0].offers)[choice],
        "actions": actions,
        "count": len(chosen),
        "more": len(chosen) - len(actions),
        "one": ids[0] if ids else None,
        "token": service.token(chosen),
    }
    return answer("activity/ask.html", "activity/_ask_dialog.html", hold=found, room=room, asked=asked)


@blueprint.post("/holds/<int:hold_id>/decide")
def decide(hold_id: int) -> AnyResponse:
    """A person decides; the next run of the room carries it out."""
    choice, ids, seen = _choice(request.form), _action_ids(request.form), request.form.get("seen", "")
    try:
        if choice is None:
            raise Refused("hold_choice")
        decided = service.decide(db.session(), hold_id, ids, choice, current_user.name, seen, utcnow())
    except Refused as error:
        db.session.rollback()
        refused = {**_hold(hold_id), "refusal": words_of(error)}
        return answer("activity/hold.html", "activity/_hold_work_and_toasts.html", 409, **refused)
    db.session.commit()
    decision = "1 reservation is" if decided.count == 1 else f"{decided.count} reservations are"
    flash(Markup("{} decided. The next run of <bdi>{}</bdi> carries it out.").format(decision, decided.room))
    _ring(decided.mailbox_id)
    return done(url_for(".hold", hold_id=hold_id), "activity/_hold_work_and_toasts.html", **_hold(hold_id))


@blueprint.post("/kept/<int:reservation_id>/create-again")
def create_again(reservation_id: int) -> AnyResponse:
    """A reservation that was kept here without its event is sent to Outlook once more."""
    return _kept(service.create_again(db.session(), reservation_id, utcnow()), "It is created in Outlook again.")


@blueprint.post("/kept/<int:reservation_id>/cancel")
def cancel_kept(reservation_id: int) -> AnyResponse:
    """A reservation that was kept here without its event ends here."""
    kept = service.cancel_kept(db.session(), reservation_id, current_user.name, utcnow())
    return _kept(kept, "It is cancelled here.")


def _hold(hold_id: int) -> dict[str, Any]:
    found, room = queries.hold_with_actions(db.session(), hold_id)
    named = queries.reservations_by_id(db.session(), queries.held_ids([(found, room)]))
    return {"shown": shown_hold(found, room, named)}


def _kept(reservation: Reservation, message: str) -> AnyResponse:
    reservation_id, mailbox_id = reservation.id, reservation.room.mailbox_id
    db.session.commit()
    flash(message)
    _ring(mailbox_id)
    return go_to(url_for("reservations.show", reservation_id=reservation_id))


def _ring(mailbox_id: int | None) -> None:
    if mailbox_id is not None:
        door_bell().ring(SYNC_MAILBOXES, [mailbox_id])


def _choice(values: Mapping[str, str]) -> Choice | None:
    text = values.get("choice", "")
    return Choice(text) if text in {*Choice} else None


def _action_ids(values: Mapping[str, str]) -> list[int] | None:
    """The one action that is meant; None: all. What no page of ours wrote is no action at all."""
    text = values.get("action", "")
    if not text:
        return None
    return [whole(text) if is_whole(text) else 0]


@blueprint.get("/runs/<int:run_id>")
def run(run_id: int) -> str:
    """One run, step by step."""
    found, room, steps = queries.run_with_steps(db.session(), run_id)
    return render_template("activity/run.html", run=found, room=room, steps=steps)
