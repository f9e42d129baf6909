"""What the facts leave open, as switches; what an administrator sets on a room, as a policy."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

# The other values of switches that are not booleans.
_OTHERS: dict[str, tuple[Any, ...]] = {
    "duplicate_transaction_status": (409,),
    "transaction_after_delete": ("not_found", "duplicate"),
    "disabled_app_status": (401,),
    "conditional_access_status": (401,),
    "conditional_access_error": ("unauthorized_client",),
    "no_secret_status": (400,),
    "malformed_tenant_status": (404,),
    "unknown_tenant_error": ("invalid_tenant",),
    "no_permissions_status": (401,),
    "places_denied_code": ("ErrorAccessDenied",),
    "unknown_user_code": ("Request_ResourceNotFound", "ResourceNotFound"),
    "no_mailbox_status": (403,),
    "soft_deleted_code": ("ErrorInvalidUser",),
    "cancel_not_organizer_code": ("ErrorInvalidRequest",),
    "declined_occurrence": ("declined",),
    "long_subject": ("keep", "refuse"),
    "view_max_days": (730,),
    "max_top": (100,),
    "gateway_times_out_above_days": (180,),
    "default_delta_page": (1, 50),
    "replays": (0.0, 0.5),
    "live_generations": (1,),
    "removed_attendee_copy": ("gone",),
    "deleted_readable_by_immutable_id": ("cancelled", "all"),
    "answers_reach_organizer_after": (90.0,),
    "filter_by_ical_uid": ("empty", "refused"),
    "filter_by_tag": ("empty", "refused"),
}
# Those of the others that matter to meetings in people's mailboxes too.
_SHARED = frozenset(
    [
        "honour_if_match",
        "duplicate_transaction_status",
        "transaction_after_delete",
        "unknown_user_code",
        "no_mailbox_status",
        "cancel_not_organizer_code",
        "room_delete_tells_organizer",
        "attendee_copy_patchable",
        "long_subject",
        "patch_answers_empty",
    ]
)


@dataclass
class MeetingSwitches:
    """The part of the switches that is about meetings in people's mailboxes and their copies in rooms."""

    # Whether our tag is on a room's copy as well; the facts assume not (H20 saw it after a second answer).
    copy_keeps_tag: bool = False
    # The copy of a room that was taken off a meeting: as after a cancellation, or gone whatever the policy.
    removed_attendee_copy: str = "as_cancelled"
    # Whether a declined meeting stays in the room, declined and free, or leaves it.
    declined_copy_stays: bool = False
    # Whether a room that declined stays among the organizer's attendees, as declined, or is taken off.
    declined_room_stays_listed: bool = True
    # Declines that are not written at the organizer the way accepts are (H58).
    declines_reach_organizer: bool = True
    # Seconds from a room's answer in its own calendar to its status at the organizer.
    answers_reach_organizer_after: float = 0.0
    # Whether a new time makes the answers at the organizer "none" until they come again.
    new_time_resets_answers: bool = False
    # A PATCH that names what is mailed with the values that are there already: mailed again, or to nobody.
    equal_values_are_mailed: bool = True
    # A PATCH with nothing but attendees is documented to mail only those who came or went.
    attendees_only_mails_all: bool = False
    # Whether an organizer's DELETE calls a meeting off like /cancel, or leaves the copies as they are.
    organizer_delete_cancels: bool = True
    # What GET by immutable id finds of an event in Deleted Items: "no" | "cancelled" (meetings of their organizer,
    # as cancelled) | "all" (appointments and copies as well, as they were). With mutable ids 404 was seen.
    deleted_readable_by_immutable_id: str = "no"
    # How a cancelled copy looks was observed, not documented.
    cancelled_copy_has_prefix: bool = True
    cancelled_copy_shown_free: bool = True
    # $filter by iCalUId works by users' reports; by the tag by the documentation, with reports of the contrary
    # (H77): "works" | "empty" | "refused".
    filter_by_ical_uid: str = "works"
    filter_by_tag: str = "works"
    # Whether $expand of the tag works in calendarView.
    tag_in_views: bool = True
    # A user without a mailbox: 404, also seen as 403 with the code inside.
    no_mailbox_status: int = 404
    # A mailbox that was deleted but can be restored: no mailbox, or no such user.
    soft_deleted_code: str = "MailboxNotEnabledForRESTAPI"
    # An app restricted by RBAC asks for a user who does not exist: 404, or 403 like for any other.
    rbac_hides_unknown_users: bool = False
    # Whether organizers and attendees of older events show a renamed mailbox's new address.
    renamed_everywhere: bool = False


@dataclass
class Switches(MeetingSwitches):
    """One field a fact that no official text settles. Defaults are the likelier side."""

    # If-Match on PATCH is not in the published OpenAPI; clients send it and meet 412.
    honour_if_match: bool = True
    # A repeated transactionId with another body: 400 by the one recording, 409 by other clients.
    duplicate_transaction_status: int = 400
    # What a transactionId means once its event is deleted: "forgotten" | "not_found" | "duplicate".
    transaction_after_delete: str = "forgotten"
    # A disabled service principal: status seen nowhere.
    disabled_app_status: int = 400
    # A blocked workload identity (53003): error and status seen nowhere.
    conditional_access_status: int = 400
    conditional_access_error: str = "invalid_grant"
    # No secret sent (7000218), malformed tenant (900023): status not recorded.
    no_secret_status: int = 401
    malformed_tenant_status: int = 400
    # 90002 at the token endpoint was invalid_request until 2022; discovery said invalid_tenant in 2023.
    unknown_tenant_error: str = "invalid_request"
    # A token without any permission: 401 or 403 with NoPermissionsInAccessToken.
    no_permissions_status: int = 403
    # Places without permission: the directory's code, or Exchange's.
    places_denied_code: str = "Authorization_RequestDenied"
    # No such user: ErrorInvalidUser (recorded), Request_ResourceNotFound or ResourceNotFound.
    unknown_user_code: str = "ErrorInvalidUser"
    # /cancel by an attendee copy: the code is not known, only the message.
    cancel_not_organizer_code: str = "ErrorCalendarIsNotOrganizer"
    # `uid` in v1.0 answers: there in 2026, missing in 2022 to 2024.
    show_uid: bool = True
    # iCalUId differs per occurrence by the documentation; seen equal by some.
    ical_uid_per_occurrence: bool = True
    # Immutable ids of occurrences: not documented.
    immutable_occurrence_ids: bool = True
    # Declined dates of a partly accepted series: "missing" | "declined" in the room.
    declined_occurrence: str = "missing"
    # Whether the organizer is told when a room's copy is deleted (instead of declined).
    room_delete_tells_organizer: bool = False
    # What an attendee copy lets us change: applied to the copy, or refused with 403.
    attendee_copy_patchable: bool = True
    # Moving or re-ruling a whole series: its exceptions are lost, or kept where their date survives.
    master_change_wipes_exceptions: bool = True
    # Cutting or prolonging a series by its range alone: its other dates stay as they are, or are lost as well.
    end_change_keeps_exceptions: bool = True
    # Subjects above 255: "truncate" | "keep" | "refuse".
    long_subject: str = "truncate"
    # Monthly on the 31st: the last day of short months (Outlook) or skipped (iCalendar).
    month_end_clamps: bool = True
    # Longest calendarView in days (Graph's maximum is not published; EWS says two years).
    view_max_days: int = 1825
    # Largest $top on events and views.
    max_top: int = 1000
    # PATCH answered 204 without a body in the published descriptions of 2022; 200 with the event since.
    patch_answers_empty: bool = False
    # Mailboxes were seen that answer 504 to any window longer than this many days (None: any).
    gateway_times_out_above_days: int | None = None
    # --- delta
    default_delta_page: int = 10
    delta_page_size_honoured: bool = True
    empty_first_page: bool = False
    trailing_empty_page: bool = False
    series_split_over_pages: bool = False
    # Chance that a row is sent twice in a round, and that it comes again in the next one.
    replays: float = 0.1
    # Order of a round: arbitrary by the documentation.
    shuffle_delta: bool = False
    # A deleted series: @removed for its master alone, or for every date in the window as well.
    removed_series_lists_dates: bool = False
    # How many generations of one delta session stay alive (read out of one recorded 410).
    live_generations: int = 3
    # Whether reading one link again makes a new generation each time.
    every_read_makes_a_generation: bool = False
    # Internal members with capitals, as delta leaked them in 2020.
    leak_internal_members: bool = False
    # An update in delta carries everything, or "at least the changed properties".
    delta_updates_complete: bool = True
    # --- batch
    shuffle_batch: bool = True

    @classmethod
    def alternatives(cls, meetings: bool = False) -> list[tuple[str, Any]]:
        """What to flip alone against the defaults: (field, other value); with `meetings` only what matters to
        meetings in people's mailboxes.
        """
        about = _SHARED | {one.name for one in fields(MeetingSwitches)}
        found: list[tuple[str, Any]] = []
        for one in fields(cls):
            if meetings and one.name not in about:
                continue
            others = (not one.default,) if isinstance(one.default, bool) else _OTHERS[one.name]
            found += [(one.name, other) for other in others]
        return found


@dataclass
class RoomPolicy:
    """Calendar processing of a room, named after Set-CalendarProcessing, with Exchange's defaults.

    `delay` seconds after the invitation arrived the room answers (None: never), `rewrite_delay`
    seconds after that it rewrites its copy.
    """

    automate: str = "AutoAccept"  # or "AutoUpdate": requests wait, tentative
    delete_subject: bool = True
    add_organizer_to_subject: bool = True
    delete_comments: bool = True
    remove_private_property: bool = True
    allow_conflicts: bool = False
    conflict_percentage_allowed: int = 0
    maximum_conflict_instances: int = 0
    allow_recurring: bool = True
    booking_window_in_days: int = 180
    enforce_scheduling_horizon: bool = True
    maximum_duration_in_minutes: int = 1440
    only_during_working_hours: bool = False
    working_hours: tuple[int, int] = (8, 17)
    all_book_in_policy: bool = True
    book_in_policy: tuple[str, ...] = ()
    forward_to_delegates: bool = True
    tentative_pending_approval: bool = True
    process_external: bool = False
    remove_canceled_meetings: bool = False
    booking_type: str = "standard"
    delay: float | None = 4.0
    rewrite_delay: float = 3.0


@dataclass
class Mutators:
    """How the server rewrites what was written to it (H47). All off: Exchange trims nothing by itself."""

    trim: bool = False
    wrap: bool = True
    nfd: bool = False
    nfc: bool = False
    collapse_spaces: bool = False
    truncate: int | None = None
    extra: list[str] = field(default_factory=list)
