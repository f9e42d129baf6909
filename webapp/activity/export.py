"""Rows of the files that Activity gives away; words as on screen, and no titles, as runs keep none."""

from __future__ import annotations

from markupsafe import Markup

from webapp.models import RoomRun, RunStep
from webapp.reservations.story import step_call, step_detail, step_words
from webapp.words import words_for

RUN_HEAD = (
    "run", "room", "started", "finished", "kind", "result", "cause", "status", "code", "events read",
    "changed here", "changed in Outlook", "requests",
)  # fmt: skip
STEP_HEAD = ("at", "room", "run", "reservation", "side", "what", "why", "call", "status", "request-id")


def run_row(run: RoomRun, room: str) -> tuple[object, ...]:
    """One run."""
    cause = Markup(words_for(run.code, run.fields).what).striptags() if run.code else ""
    return (
        run.id, room, run.started_at, run.finished_at, run.kind.value, run.result.value, cause,
        run.fields.get("status"), run.fields.get("code"), run.events_read,
        run.changed_here, run.changed_there, run.requests,
    )  # fmt: skip


def step_row(step: RunStep, room: str, reservation: str | None) -> tuple[object, ...]:
    """One step."""
    what, why, call = step_words(step)[2], step_detail(step), step_call(step)
    return (
        step.at, room, step.run_id, reservation, step.side, what, why, call, step.status or None, step.request_id
    )  # fmt: skip
