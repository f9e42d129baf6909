"""Which call of Microsoft Graph each step of a reservation's story was about."""

from __future__ import annotations

import pytest

from webapp.domain.words import AttemptKind
from webapp.models import RunStep
from webapp.reservations.story import CALLS, step_call


@pytest.mark.parametrize(
    ("side", "action", "reason", "call"),
    [
        ("there", "create", "", "POST /events"),
        ("there", "patch", "time", "PATCH /events/{id}"),
        ("there", "delete", "", "DELETE /events/{id}"),
        ("there", "decline", "", "POST /events/{id}/decline"),
        ("there", "cancel", "", "POST /events/{id}/cancel"),
        ("none", "cancelled", "", "POST /events/{id}/cancel"),
        ("none", "patch_refused", "", "PATCH /events/{id}"),
        ("none", "delete_overtaken", "", "DELETE /events/{id}"),
        ("none", "in_doubt", "create", "POST /events"),
        ("none", "patch_found", "", "GET /events/{id}"),
        ("here", "cancel", "", ""),
        ("here", "import", "", ""),
        ("here", "hold", "slot_taken", ""),
    ],
)
def test_a_step_names_its_call(side: str, action: str, reason: str, call: str) -> None:
    assert step_call(RunStep(side=side, action=action, reason=reason)) == call


def test_every_kind_of_write_has_its_call() -> None:
    assert set(CALLS) == set(AttemptKind)
