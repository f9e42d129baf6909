"""Activity as CSV files: all that the filter leaves, and no cell that a spreadsheet would execute (S18)."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.webapp.activity.test_activity import make_run
from tests.webapp.ledger.test_ledger import entry
from tests.webapp.rooms.world import NOW, World
from webapp.csv_file import cell
from webapp.domain.words import RunResult
from webapp.models import RunStep


def table(world: World, path: str) -> list[list[str]]:
    answer = world.get(path)
    assert answer.status_code == 200
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["Cache-Control"] == "no-store"
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", " =", "\u00a0@"])
def test_a_text_that_a_spreadsheet_would_execute_is_only_text(start: str) -> None:
    assert cell(f"{start}HYPERLINK()") == f"'{start}HYPERLINK()"


@pytest.mark.parametrize(
    ("value", "written"),
    [("Alder", "Alder"), (-3, "-3"), (None, ""), (NOW, "2026-11-23T09:00:00Z"), ("a=b", "a=b"), ("قاعة", "قاعة")],
)
def test_other_values_are_written_as_they_are(value: Any, written: str) -> None:
    assert cell(value) == written


def test_runs_are_exported_with_their_cause_in_words(world: World) -> None:
    make_run(world, world.linked_room('=cmd|"/c calc"!A1', address="evil@larkfield.example"), changed_here=2)
    fields = {"status": 404, "code": "MailboxNotEnabledForRESTAPI"}
    make_run(world, world.linked_room("Rowan"), RunResult.FAILED, code="mailbox_missing", fields=fields)
    head, rowan, evil = table(world, "/activity/runs.csv")
    assert dict(zip(head, rowan, strict=True)) | {"run": ""} == {
        "run": "", "room": "Rowan", "started": "2026-11-23T09:00:00Z", "finished": "2026-11-23T09:00:01Z",
        "kind": "delta", "result": "failed", "cause": "No calendar at this address", "status": "404",
        "code": "MailboxNotEnabledForRESTAPI", "events read": "0", "changed here": "0",
        "changed in Outlook": "0", "requests": "0",
    }  # fmt: skip
    assert evil[1] == '\'=cmd|"/c calc"!A1'


def test_the_files_hold_what_the_filter_leaves_and_not_only_one_page(world: World) -> None:
    alder, birch = world.linked_room("Alder"), world.linked_room("Birch")
    for _ in range(60):
        make_run(world, alder)
    make_run(world, birch, RunResult.FAILED, code="unavailable")
    assert len(table(world, "/activity/runs.csv")) == 62
    assert [row[1] for row in table(world, "/activity/runs.csv?show=failed")[1:]] == ["Birch"]
    assert [row[1] for row in table(world, "/activity/runs.csv?code=unavailable")[1:]] == ["Birch"]
    assert table(world, "/activity/runs.csv?q=ald&kind=full")[1:] == []


def test_steps_are_exported_with_side_reason_and_request_id(world: World) -> None:
    room_id = world.linked_room()
    run_id = make_run(world, room_id)
    with world.rows() as session:
        session.add(
            RunStep(run_id=run_id, room_id=room_id, at=NOW, side="there", action="create", reason="new_here",
                    status=201, request_id="a81e0d3c")
        )  # fmt: skip
    head, step = table(world, "/activity/steps.csv")
    told = dict(zip(head, step, strict=True))
    assert (told["room"], told["run"], told["side"], told["request-id"]) == (
        "Alder",
        str(run_id),
        "there",
        "a81e0d3c",
    )
    assert (told["what"], told["why"]) == ("Event made in the room’s calendar", "new here, answer 201")


def test_the_ledger_is_exported_by_its_filter_without_titles(world: World) -> None:
    room_id = world.linked_room()
    entry(world, room_id, "tomasz")
    entry(world, room_id, "noor", status=403, code="ErrorAccessDenied")
    rows = table(world, "/activity/mailboxes/requests.csv")
    assert [row[1] for row in rows[1:]] == ["noor@larkfield.example", "tomasz@larkfield.example"]
    failed = table(world, "/activity/mailboxes/requests.csv?outcome=failed")
    assert [row[1] for row in failed[1:]] == ["noor@larkfield.example"]
    assert "Reserved" not in world.get("/activity/mailboxes/requests.csv").text


def test_pages_link_their_files_with_the_filter_of_the_page(world: World) -> None:
    make_run(world, world.linked_room(), RunResult.FAILED, code="unavailable")
    page = world.get("/activity/?show=failed").text
    assert 'href="/activity/runs.csv?show=failed" download' in page
    assert 'href="/activity/steps.csv?show=failed" download' in page
