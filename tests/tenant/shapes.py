"""The shapes of recorded answers of Microsoft Graph, for comparison where the recordings themselves are absent.

Members and kinds only (see shape.py), written by hand; where the recordings are at hand a test compares both.
"""

from __future__ import annotations

from typing import Any

from tests.tenant.shape import Shape, spec

Spec = dict[str, Any]
_TIME = {"dateTime": "wall", "timeZone": "text"}
_PERSON = {"name": "text", "address": "text"}
_HTML = {"contentType": "=html", "content": "text"}
_NO_PLACE = {
    "displayName": "empty", "locationType": "=default", "uniqueIdType": "=unknown", "address": {}, "coordinates": {},
}  # fmt: skip
_TYPED_PLACE = {"displayName": "text", "locationType": "=default", "uniqueId": "text", "uniqueIdType": "=private"}
_OLD_PLACE = _NO_PLACE | {"displayName": "text"}
_ROOM_PLACE = {
    "displayName": "text", "locationUri": "text", "locationType": "=conferenceRoom", "uniqueId": "text",
    "uniqueIdType": "=directory", "coordinates": {},
    "address": dict.fromkeys(("street", "city", "state", "countryOrRegion", "postalCode"), "empty"),
}  # fmt: skip
_TYPED = {"location": _TYPED_PLACE, "locations": {"[]": _TYPED_PLACE}}
_WRAPPED = {"@odata.context": "url"}

# A single event of its organizer, nobody invited, as of 2026.
EVENT: Spec = {
    "@odata.etag": "etag", "id": "text", "createdDateTime": "instant", "lastModifiedDateTime": "instant",
    "changeKey": "text", "categories": "[]", "transactionId": "null", "originalStartTimeZone": "text",
    "originalEndTimeZone": "text", "iCalUId": "uid", "uid": "uid", "reminderMinutesBeforeStart": "number",
    "isReminderOn": "true", "hasAttachments": "false", "subject": "text", "bodyPreview": "empty",
    "importance": "=normal", "sensitivity": "=normal", "isAllDay": "false", "isCancelled": "false",
    "isOrganizer": "true", "responseRequested": "true", "seriesMasterId": "null", "showAs": "=busy",
    "type": "=singleInstance", "webLink": "url", "onlineMeetingUrl": "null", "isOnlineMeeting": "false",
    "onlineMeetingProvider": "text", "allowNewTimeProposals": "true", "occurrenceId": "null", "isDraft": "false",
    "hideAttendees": "false", "responseStatus": {"response": "=organizer", "time": "never"}, "body": _HTML,
    "start": _TIME, "end": _TIME, "location": _NO_PLACE, "locations": "[]", "recurrence": "null",
    "attendees": "[]", "organizer": {"emailAddress": _PERSON}, "onlineMeeting": "null",
}  # fmt: skip


def _without(whole: Spec, *names: str) -> Spec:
    return {name: value for name, value in whole.items() if name not in names}


def _attendee(kind: str, response: str, time: str = "never") -> Spec:
    status = {"response": response, "time": time}
    return {f"[{kind}]": {"type": f"={kind}", "status": status, "emailAddress": _PERSON}}


def _rule(kind: str, end: str, days: bool = False) -> Spec:
    pattern = {
        "type": kind, "interval": "number", "month": "number", "dayOfMonth": "number",
        "firstDayOfWeek": "=sunday", "index": "=first",
    }  # fmt: skip
    if days:
        pattern["daysOfWeek"] = {"[]": "text"}
    last = "day"
    span = {"type": end, "startDate": "day", "endDate": last, "recurrenceTimeZone": "text"}
    return {"pattern": pattern, "range": span | {"numberOfOccurrences": "number"}}


_BEFORE_2023 = _without(EVENT, "uid")
_DAILY = _rule("=daily", "=endDate")
_MASTER = {"type": "=seriesMaster", "recurrence": _DAILY}
_ONLINE = {"isOnlineMeeting": "true", "onlineMeeting": {"joinUrl": "url"}}
_UNANSWERED = {"isOrganizer": "false", "responseStatus": {"response": "=notResponded", "time": "never"}}
_ROW = {"@odata.type": "=#microsoft.graph.event"}
_SPARSE = _ROW | {
    "@odata.etag": "etag", "id": "text", "seriesMasterId": "text", "type": "=occurrence",
    "start": _TIME, "end": _TIME,
}  # fmt: skip
# Delta of 2020: some members not yet there, some internal ones leaked.
_ROW_OF_2020 = (
    _without(
        _BEFORE_2023, "hideAttendees", "occurrenceId", "onlineMeeting", "transactionId", "isDraft",
        "allowNewTimeProposals",
    )
    | _ROW
    | {"body": _HTML | {"content": "empty"}}
    | {"IsRoomRequested": "false", "AutoRoomBookingStatus": "text"}
    | {"AllowNewTimeProposals": "true", "IsDraft": "false"}
)  # fmt: skip
_SERIES_OF_2020 = {"[seriesMaster]": _ROW_OF_2020 | _MASTER, "[occurrence]": _SPARSE}
_EXCEPTION_OF_2020 = _without(_ROW_OF_2020, "recurrence") | {
    "type": "=exception", "seriesMasterId": "text", "originalStart": "instant",
}  # fmt: skip
_CHANGED_SERIES_OF_2020 = {"value": _SERIES_OF_2020 | {"[exception]": _EXCEPTION_OF_2020}}


def _error(code: str, *inner: str) -> Spec:
    kinds = {"date": "second", "request-id": "guid", "client-request-id": "guid"}
    error: Spec = {"code": f"={code}", "message": "text"}
    return {"error": error | ({"innerError": {name: kinds[name] for name in inner}} if inner else {})}


_TOLD = ("date", "request-id")
_TOLD_ALL = (*_TOLD, "client-request-id")
_KEPT = (
    "id", "subject", "importance", "sensitivity", "isAllDay", "isCancelled", "isOrganizer", "seriesMasterId",
    "showAs", "type", "body", "start", "end",
)  # fmt: skip
_INSTANCE = {name: EVENT[name] for name in (*_KEPT, "recurrence")} | {
    "seriesMasterId": "text", "body": _HTML | {"content": "empty"},
}  # fmt: skip
_CHOSEN = {
    "@odata.etag": "etag", "id": "text", "originalStartTimeZone": "text", "subject": "text",
    "originalStart": "instant", "isAllDay": "true", "start": _TIME,
}  # fmt: skip
_PLACE = dict.fromkeys(
    (
        "address", "geoCoordinates", "building", "floorNumber", "floorLabel", "label", "capacity", "audioDeviceName",
        "videoDeviceName", "displayDeviceName",
    ),
    "null",
)  # fmt: skip

_RECORDED: dict[str, Spec] = {
    "attendee-cancelled.view": _WRAPPED
    | {
        "value": {
            "[exception]": _BEFORE_2023 | _ONLINE | _UNANSWERED | _TYPED | {
                "attendees": {
                    "[required]": {
                        "type": "=required", "emailAddress": _PERSON,
                        "status": {"response": "=none =accepted =notResponded", "time": "never"},
                    }
                },
                "bodyPreview": "text", "importance": "=high", "isCancelled": "true", "showAs": "=free",
                "type": "=exception", "seriesMasterId": "text", "occurrenceId": "text", "onlineMeetingUrl": "empty",
            }
        }
    },
    "delta-page.empty-nextlink": _WRAPPED | {"@odata.nextLink": "url", "value": "[]"},
    "delta-page.series-nextlink": _WRAPPED
    | {
        "@odata.nextLink": "url",
        "value": {
            "[seriesMaster]": _without(_BEFORE_2023, "body") | _ROW | _MASTER | _TYPED
            | {"bodyPreview": "text", "transactionId": "guid"},
            "[occurrence]": _SPARSE,
        },
    },
    "delta-series.a0-initial": {"value": _SERIES_OF_2020},
    "delta-series.a1-one-deleted": {"value": _SERIES_OF_2020},
    "delta-series.a2-one-renamed": _CHANGED_SERIES_OF_2020,
    "delta-series.a4-one-longer": _CHANGED_SERIES_OF_2020,
    "delta-series.a6-last-deleted": {"value": _SERIES_OF_2020},
    "error-auth.access-denied": _error("ErrorAccessDenied", *_TOLD),
    "error-create.duplicate-transaction": _error("ErrorDuplicateTransactionId"),
    "error-delta.410-room-2018": _error("SyncStateNotFound", *_TOLD),
    "error-event.id-malformed": _error("ErrorInvalidIdMalformed", *_TOLD_ALL),
    "error-event.item-not-found-2021": _error("ErrorItemNotFound", *_TOLD_ALL),
    "error-event.property-validation": _error("ErrorPropertyValidationFailure", *_TOLD),
    "error-path.unknown-segment": _error("RequestBroker--ParseUri"),
    "event-get.master-2022": _without(_BEFORE_2023, "webLink", "occurrenceId") | _MASTER
    | {
        "transactionId": "guid", "location": _OLD_PLACE, "locations": {"[]": _OLD_PLACE},
        "attendees": _attendee("required", "=declined", "instant"),
    },
    "event-get.outlook-web-2026": _without(EVENT, "@odata.etag") | _ONLINE | _TYPED
    | {"transactionId": "text", "bodyPreview": "text", "attendees": _attendee("required", "=none")},
    "events-list.masters-first-page": _WRAPPED
    | {
        "@odata.nextLink": "url",
        "value": {
            "[seriesMaster]": _BEFORE_2023 | _UNANSWERED | _TYPED
            | {
                "type": "=seriesMaster", "showAs": "=tentative", "bodyPreview": "text",
                "recurrence": _rule("=weekly =relativeMonthly =relativeYearly", "=noEnd", days=True),
                "attendees": _attendee("required", "=none"),
                "locations": {"[]": _TYPED_PLACE | {"uniqueIdType": "=private =unknown"}},
                "calendar@odata.associationLink": "url", "calendar@odata.navigationLink": "url",
            }
        },
    },
    "instances.with-exception": {
        "value": {
            "[occurrence]": _INSTANCE | {"type": "=occurrence", "bodyPreview": "empty"},
            "[exception]": _INSTANCE | {"type": "=exception"},
        }
    },
    "places.room-2023": {
        "value": {
            "[]": _PLACE
            | {
                "id": "guid", "emailAddress": "text", "displayName": "text", "phone": "text", "nickname": "text",
                "bookingType": "=standard", "isWheelChairAccessible": "false", "tags": "[]",
            }
        }
    },
    "room-copy.accepted-invitation": _WRAPPED
    | {
        "value": {
            "[singleInstance]": _BEFORE_2023
            | {
                "isOrganizer": "false", "isReminderOn": "false",
                "responseStatus": {"response": "=accepted", "time": "instant"},
                "location": _TYPED_PLACE, "locations": {"[]": _ROOM_PLACE},
                "attendees": _attendee("required", "=none") | _attendee("resource", "=accepted"),
            }
        }
    },
    "token-error.7000215-2020": {
        "error": "=invalid_client", "error_description": "text", "error_codes": {"[]": "=7000215"},
        "timestamp": "text", "trace_id": "guid", "correlation_id": "guid", "error_uri": "url",
    },
    "view-select.all-day-series": {
        "value": {
            "[occurrence]": _CHOSEN | {"type": "=occurrence", "end": _TIME},
            "[exception]": _CHOSEN | {"type": "=exception"},
        }
    },
    "view.online-meetings": {
        "value": {
            "[singleInstance]": EVENT | _ONLINE | _TYPED
            | {
                "isOrganizer": "true false", "showAs": "=busy =tentative", "subject": "empty", "bodyPreview": "null",
                "body": _HTML | {"content": "null"}, "organizer": {"emailAddress": {"address": "text"}},
                "responseStatus": {"response": "=organizer =notResponded", "time": "never"},
                "attendees": {
                    "[required]": {
                        "type": "=required", "status": {"response": "=none", "time": "never"},
                        "emailAddress": {"address": "text"},
                    }
                },
            }
        }
    },
    "write.create-201": _WRAPPED | EVENT,
}  # fmt: skip
# What else was recorded of these: status, and names of headers.
STATUS = {
    "error-auth.access-denied": 403, "error-create.duplicate-transaction": 400, "error-delta.410-room-2018": 410,
    "error-event.id-malformed": 400, "error-event.item-not-found-2021": 404, "error-event.property-validation": 400,
    "error-path.unknown-segment": 400, "throttled.429-headers": 429, "token-error.7000215-2020": 401,
    "write.create-201": 201, "write.delete-204": 204,
}  # fmt: skip
_TRACE = ("request-id", "client-request-id", "cache-control", "content-type")
HEADERS = {
    "delta-page.empty-nextlink": (*_TRACE, "preference-applied"),
    "error-delta.410-room-2018": ("request-id", "client-request-id", "x-ms-ags-diagnostic"),
    "throttled.429-headers": (
        *_TRACE, "retry-after", "preference-applied", "x-ms-ags-diagnostic", "strict-transport-security", "date",
    ),
    "write.create-201": (*_TRACE, "location", "date", "x-ms-ags-diagnostic"),
    "write.delete-204": ("date",),
}  # fmt: skip
HEADERS_LEFT_OUT = {"duration": "a header of 2018", "content-length": "written by the server, not in process"}
WITHOUT_BODY = frozenset({"throttled.429-headers", "write.delete-204"})


def recorded(name: str) -> Shape | None:
    """The shape of a recording's body; None where it has none."""
    return spec(_RECORDED[name]) if name in _RECORDED else None
