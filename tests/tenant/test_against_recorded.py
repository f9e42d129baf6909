"""The tenant's answers beside those of the real service in the same situation: members, kinds, null or not.

What may differ is listed with its reason; a difference that is gone must leave the list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.tenant import references, shapes
from tests.tenant.conftest import Asker
from tests.tenant.shape import differences, shape
from tests.tenant.situations import NOT_IN_THE_TENANT, RECORDED

NotChecked = Callable[[str, str], None]
Allowed = dict[str, str]


def _for(reason: str, lines: Iterable[str]) -> Allowed:
    return dict.fromkeys(lines, reason)


def _in(paths: Iterable[str], lines: Iterable[str]) -> list[str]:
    """Lines about members of several kinds of rows."""
    return [line.replace("*", f"value[{path}]") for path in paths for line in lines]


_CUT = _for("the source did not keep it", ["added @odata.context"])
_CUT_LINKS = _CUT | _for("the source kept only the rows", ["added @odata.deltaLink"])
_NEWER = ["added *.hideAttendees", "added *.occurrenceId", "added *.onlineMeeting", "added *.transactionId"]
_SHELL = "an empty body was empty in 2020 and 2022; since 2024 it is an HTML shell"


def _of_2020(*kinds: str) -> Allowed:
    return (
        _CUT_LINKS
        | _for("members that delta has had since 2023, recorded in delta-page.series-nextlink", _in(kinds, _NEWER))
        | _for(_SHELL, _in(kinds, ["*.body.content: text instead of empty"]))
    )


_NO_ID_BEFORE_2020 = _for("client-request-id came with 2020", ["added error.innerError.client-request-id"])
_BARE_GUID = "Outlook's own transactionId is a bare GUID here and localevent:<guid> in a recording of 2026"
_OWN_LINE = "one's own line in an unanswered invitation: notResponded, as in attendee-cancelled.view"
ALLOWED: dict[str, Allowed] = {
    "attendee-cancelled.view": _for(
        "empty in this recording only, null in all others",
        ["value[exception].onlineMeetingUrl: null instead of empty"],
    ),
    "delta-page.series-nextlink": _for(
        "the source left the body out",
        ["added value[seriesMaster].body.content", "added value[seriesMaster].body.contentType"],
    )
    | _for(_BARE_GUID, ["value[seriesMaster].transactionId: text instead of guid"]),
    "delta-series.a0-initial": _of_2020("seriesMaster"),
    "delta-series.a1-one-deleted": _of_2020("seriesMaster"),
    "delta-series.a2-one-renamed": _of_2020("seriesMaster", "exception"),
    "delta-series.a4-one-longer": _of_2020("seriesMaster", "exception"),
    "delta-series.a6-last-deleted": _of_2020("seriesMaster"),
    "error-auth.access-denied": _NO_ID_BEFORE_2020,
    "error-create.duplicate-transaction": _for(
        "a developer noted code and message only",
        [f"added error.innerError.{name}" for name in ("client-request-id", "date", "request-id")],
    ),
    "error-delta.410-room-2018": _NO_ID_BEFORE_2020,
    "error-event.property-validation": _NO_ID_BEFORE_2020,
    "event-get.master-2022": _CUT
    | _for("the source left them out", ["added occurrenceId", "added webLink"])
    | _for(_BARE_GUID, ["transactionId: text instead of guid"])
    | _for(
        "a location typed in an older client has no uniqueId; one written over Graph has",
        [
            "added location.uniqueId",
            "added locations[].uniqueId",
            "location.uniqueIdType: =private instead of =unknown",
            "locations[].uniqueIdType: =private instead of =unknown",
            "missing location.address",
            "missing location.coordinates",
            "missing locations[].address",
            "missing locations[].coordinates",
        ],
    ),
    "event-get.outlook-web-2026": _CUT | _for("the source did not keep it", ["added @odata.etag"]),
    "events-list.masters-first-page": _for(
        "links of the sample tenant's own gateway",
        [f"missing value[seriesMaster].calendar@odata.{name}Link" for name in ("association", "navigation")],
    )
    | _for(
        _OWN_LINE,
        ["value[seriesMaster].attendees[required].status.response: =none or =notResponded instead of =none"],
    ),
    "instances.with-exception": _CUT
    | _for(
        "the source kept some members only",
        [
            "added value[exception].@odata.etag",
            "added value[occurrence].@odata.etag",
            "missing value[occurrence].bodyPreview",
        ],
    )
    | _for(_SHELL, _in(["exception", "occurrence"], ["*.body.content: text instead of empty"])),
    "places.room-2023": _CUT | _for("nobody entered a number here", ["value[].phone: empty instead of text"]),
    "view-select.all-day-series": _CUT
    | _for(
        "the recording ends in the middle of this row",
        ["added value[exception].end.dateTime", "added value[exception].end.timeZone"],
    ),
    "view.online-meetings": _CUT
    | _for(
        "the source took names and texts out",
        [
            "added value[singleInstance].attendees[required].emailAddress.name",
            "added value[singleInstance].organizer.emailAddress.name",
            "value[singleInstance].body.content: text instead of null",
            "value[singleInstance].bodyPreview: empty instead of null",
            "value[singleInstance].subject: text instead of empty",
        ],
    )
    | _for(
        _OWN_LINE,
        ["value[singleInstance].attendees[required].status.response: =none or =notResponded instead of =none"],
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_an_answer_has_the_shape_that_was_recorded_of_the_real_service(name: str, asker: Asker) -> None:
    answer = RECORDED[name](asker)
    assert answer.status_code == shapes.STATUS.get(name, 200)
    assert set(shapes.HEADERS.get(name, ())) <= {header.lower() for header in answer.headers}
    wanted = shapes.recorded(name)
    if name not in shapes.WITHOUT_BODY:
        assert wanted is not None
        assert differences(wanted, shape(answer.json())) == set(ALLOWED.get(name, {}))


@pytest.mark.parametrize("name", RECORDED)
def test_the_shapes_written_down_here_are_those_of_the_recordings(name: str, not_checked: NotChecked) -> None:
    if not references.recordings():
        not_checked("shapes.py against the recordings", f"{references.ABSENT}; its shapes stand in for them")
        return
    recorded = references.recording(name)["response"]
    body = recorded["body"]["instances"] if name == "instances.with-exception" else recorded["body"]
    assert shapes.recorded(name) == (shape(body) if body is not None else None)
    assert (body is None) == (name in shapes.WITHOUT_BODY)
    assert shapes.STATUS.get(name, 200) == recorded["status"]
    assert set(shapes.HEADERS.get(name, ())) == set(recorded.get("headers") or ()) - shapes.HEADERS_LEFT_OUT.keys()


def test_every_recording_has_its_situation_or_a_reason_why_not(not_checked: NotChecked) -> None:
    for name, reason in NOT_IN_THE_TENANT.items():
        not_checked(f"recording {name}", reason)
    assert RECORDED.keys().isdisjoint(NOT_IN_THE_TENANT)
    if references.recordings():
        assert references.recordings() == RECORDED.keys() | NOT_IN_THE_TENANT.keys()


def test_nothing_is_allowed_for_a_recording_that_does_not_exist() -> None:
    assert ALLOWED.keys() <= RECORDED.keys()
    assert all(reason for allowed in ALLOWED.values() for reason in allowed.values())
