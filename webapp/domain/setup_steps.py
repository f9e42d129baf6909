"""The setup guide's checklist: from a few facts that the panel knows to the state of each of its 16 steps.

Ticks follow from what Microsoft answered to the newest check, so a step that comes undone loses its tick. What
cannot be seen from here is said to be out of sight, with the reason; only there a person's own tick counts.
"""

# ruff: noqa: S105  (names of reasons, not passwords)
from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from webapp.domain.check_codes import CheckCode
from webapp.domain.check_codes import Step as Asked

STEPS = range(1, 17)


class StepState(StrEnum):
    """`NEXT` is the first step that a person has to do; those after it that are known not to be done are `LATER`."""

    DONE = "done"
    NEXT = "next"
    LATER = "later"
    UNSEEN = "unseen"


class Why(StrEnum):
    """Why a step has its state; `webapp.setup_guide.step_words` says it."""

    BEGIN = "begin"
    BY_YOU = "by_you"
    NOT_CHECKED = "not_checked"
    CHECKING = "checking"
    NOT_SEEN_BY_CHECK = "not_seen_by_check"
    SIGN_IN_WORKS = "sign_in_works"
    APP_KNOWN = "app_known"
    NAME_PLAYS_NO_PART = "name_plays_no_part"
    LEAVES_NO_TRACE = "leaves_no_trace"
    PERMISSION_SEEN = "permission_seen"
    GRANTED = "granted"
    NOT_GRANTED = "not_granted"
    NOT_IN_EFFECT = "not_in_effect"
    NOT_PROVEN = "not_proven"
    SECRET_EXPIRED = "secret_expired"
    SECRET_REFUSED = "secret_refused"
    AFTER_NEW_SECRET = "after_new_secret"
    SECRET_ENDS = "secret_ends"
    IDS_REFUSED = "ids_refused"
    NO_CONNECTION = "no_connection"
    CONNECTED = "connected"
    SAVED = "saved"
    SECRET_UNREADABLE = "secret_unreadable"
    CONFIRMED = "confirmed"
    CHECK_FAILED = "check_failed"
    TO_CHECK = "to_check"
    SYNC_ON = "sync_on"
    SYNC_OFF = "sync_off"
    NO_ROOM = "no_room"
    NOT_SWITCHED_ON = "not_switched_on"
    FIRST_SYNC = "first_sync"
    ROOMS_IN_TROUBLE = "rooms_in_trouble"
    ROOMS_ACTIVE = "rooms_active"


class Grant(StrEnum):
    """What the newest check shows of a permission."""

    SEEN = "seen"
    MISSING = "missing"
    NOT_IN_EFFECT = "not_in_effect"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Rooms:
    """The rooms of a connection: how many are linked, switched on, Active, Pending."""

    linked: int = 0
    switched_on: int = 0
    active: int = 0
    pending: int = 0


@dataclass(frozen=True)
class Facts:
    """What the panel knows of one connection; without one, all of it is unknown.

    `checking`: the newest check is under way and has found nothing yet. `confirmed` and `code`: how it ended, or why
    it waits for another try. `passed`: its steps that Microsoft answered.
    """

    connected: bool = False
    checking: bool = False
    confirmed: bool = False
    code: CheckCode | None = None
    passed: frozenset[Asked] = frozenset()
    secret_expired: bool = False
    sync_on: bool = False
    rooms: Rooms = Rooms()


@dataclass(frozen=True)
class GuideStep:
    """One step of the guide as it stands. `out_of_sight`: it takes a person's own tick."""

    number: int
    state: StepState
    why: Why
    out_of_sight: bool


_AT_CALENDAR = frozenset(
    {
        CheckCode.CALENDAR_PERMISSION_MISSING,
        CheckCode.CALENDAR_BLOCKED,
        CheckCode.MAILBOX_NOT_FOUND,
        CheckCode.MAILBOX_NOT_ENABLED,
        CheckCode.CALENDAR_FAILED,
    }
)
_AT_PLACES = frozenset(
    {
        CheckCode.CONSENT_MISSING,
        CheckCode.PLACES_PERMISSION_MISSING,
        CheckCode.PLACES_REFUSED,
        CheckCode.PLACES_FAILED,
        CheckCode.TOKEN_REFUSED,
    }
)
_NOTHING_GRANTED = frozenset({CheckCode.CONSENT_MISSING, CheckCode.CONSENT_REFUSED})
_APP_KNOWN = frozenset(
    {
        CheckCode.SECRET_WRONG,
        CheckCode.SECRET_EXPIRED,
        CheckCode.APP_DISABLED,
        CheckCode.CONDITIONAL_ACCESS,
        CheckCode.OTHER_TENANT,
    }
)
"""Refusals that only an app of this tenant meets (docs/graph.md#token-errors)."""
_SECRET_REFUSED = frozenset({CheckCode.SECRET_WRONG, CheckCode.SECRET_MISSING})
_IDS_REFUSED = frozenset(
    {
        CheckCode.APP_NOT_FOUND,
        CheckCode.TENANT_NOT_FOUND,
        CheckCode.TENANT_MALFORMED,
        CheckCode.OTHER_TENANT,
    }
)


def has_passed(facts: Facts, asked: Asked) -> bool:
    """Whether Microsoft answered this part of the newest check; a cause further on says so as well."""
    if facts.confirmed or asked in facts.passed:
        return not (asked is Asked.CALENDAR and facts.code is CheckCode.CALENDAR_UNPROVEN)
    beyond = {Asked.TOKEN: _AT_PLACES | _AT_CALENDAR, Asked.PLACES: _AT_CALENDAR, Asked.CALENDAR: frozenset()}
    return facts.code in beyond[asked]


def calendars_grant(facts: Facts) -> Grant:
    """Of Calendars.ReadWrite, granted in Entra or in Exchange: the calls decide."""
    if facts.code in _NOTHING_GRANTED | {CheckCode.CALENDAR_PERMISSION_MISSING, CheckCode.READ_ONLY}:
        return Grant.MISSING
    if has_passed(facts, Asked.CALENDAR) or facts.code is CheckCode.CALENDAR_BLOCKED:
        return Grant.SEEN
    return Grant.UNKNOWN


def places_grant(facts: Facts) -> Grant:
    """Of Place.Read.All."""
    if facts.code in _NOTHING_GRANTED | {CheckCode.PLACES_PERMISSION_MISSING}:
        return Grant.MISSING
    if facts.code is CheckCode.PLACES_REFUSED:
        return Grant.NOT_IN_EFFECT
    return Grant.SEEN if has_passed(facts, Asked.PLACES) else Grant.UNKNOWN


def checklist(facts: Facts, ticked: Collection[int] = ()) -> list[GuideStep]:
    """All 16 steps in order; those out of sight are done if a person `ticked` them.

    At most one is `NEXT`: the first that is known not to be done or, without a connection, that is not ticked.
    """
    steps: list[GuideStep] = []
    for number, (state, why) in zip(STEPS, _each(facts), strict=True):
        out_of_sight = state is StepState.UNSEEN
        has_next = any(step.state is StepState.NEXT for step in steps)
        if out_of_sight and number in ticked:
            state, why = StepState.DONE, Why.BY_YOU
        elif out_of_sight and not facts.connected and not has_next:
            state = StepState.NEXT
        elif state is StepState.NEXT and has_next:
            state = StepState.LATER
        steps.append(GuideStep(number, state, why, out_of_sight))
    return steps


_Verdict = tuple[StepState, Why]
"""Of one step alone; here `NEXT` says: known not to be done."""


def _each(facts: Facts) -> Iterator[_Verdict]:
    yield _registered(facts, Why.SIGN_IN_WORKS) if facts.connected else (StepState.UNSEEN, Why.BEGIN)
    yield _registered(facts, Why.SIGN_IN_WORKS)
    yield _registered(facts, Why.NAME_PLAYS_NO_PART)
    yield StepState.UNSEEN, Why.LEAVES_NO_TRACE
    yield _permission_added(facts)
    yield _permission_added(facts)
    yield _permissions(facts)
    yield _secret_made(facts)
    yield _secret_kept(facts)
    yield _secret_copied(facts)
    yield _ids_copied(facts)
    yield (StepState.DONE, Why.CONNECTED) if facts.connected else (StepState.NEXT, Why.NO_CONNECTION)
    yield _filled_in(facts)
    yield _confirmed(facts)
    yield (StepState.DONE, Why.SYNC_ON) if facts.sync_on else (StepState.NEXT, Why.SYNC_OFF)
    yield _rooms(facts)


def _out_of_sight(facts: Facts) -> _Verdict:
    """Why a step in Entra cannot be judged now."""
    if facts.checking:
        return StepState.UNSEEN, Why.CHECKING
    return StepState.UNSEEN, Why.NOT_CHECKED if facts.code is None else Why.NOT_SEEN_BY_CHECK


def _registered(facts: Facts, when_signed_in: Why) -> _Verdict:
    if has_passed(facts, Asked.TOKEN):
        return StepState.DONE, when_signed_in
    if facts.code in _APP_KNOWN:
        return StepState.DONE, Why.APP_KNOWN
    return _out_of_sight(facts)


def _permission_added(facts: Facts) -> _Verdict:
    """Any permission of Microsoft Graph shows that these steps were done; none could also be a missing consent."""
    seen = {calendars_grant(facts), places_grant(facts)} & {Grant.SEEN, Grant.NOT_IN_EFFECT}
    if seen or facts.code is CheckCode.PLACES_PERMISSION_MISSING:
        return StepState.DONE, Why.PERMISSION_SEEN
    return _out_of_sight(facts)


def _permissions(facts: Facts) -> _Verdict:
    grants = (calendars_grant(facts), places_grant(facts))
    if Grant.MISSING in grants:
        return StepState.NEXT, Why.NOT_GRANTED
    if Grant.NOT_IN_EFFECT in grants:
        return StepState.NEXT, Why.NOT_IN_EFFECT
    if grants == (Grant.SEEN, Grant.SEEN):
        return StepState.DONE, Why.GRANTED
    return (StepState.UNSEEN, Why.NOT_PROVEN) if Grant.SEEN in grants else _out_of_sight(facts)


def _is_expired(facts: Facts) -> bool:
    return facts.secret_expired or facts.code is CheckCode.SECRET_EXPIRED


def _secret_made(facts: Facts) -> _Verdict:
    if _is_expired(facts):
        return StepState.NEXT, Why.SECRET_EXPIRED
    if has_passed(facts, Asked.TOKEN) or facts.code is CheckCode.OTHER_TENANT:
        return StepState.DONE, Why.SIGN_IN_WORKS
    return _out_of_sight(facts)


def _secret_kept(facts: Facts) -> _Verdict:
    """Its end is what was typed here; Microsoft tells an app nothing of it before it has come."""
    if _is_expired(facts):
        return StepState.NEXT, Why.AFTER_NEW_SECRET
    state, why = _secret_made(facts)
    return (state, Why.SECRET_ENDS) if state is StepState.DONE else (state, why)


def _secret_copied(facts: Facts) -> _Verdict:
    if _is_expired(facts):
        return StepState.NEXT, Why.AFTER_NEW_SECRET
    if facts.code in _SECRET_REFUSED:
        return StepState.NEXT, Why.SECRET_REFUSED
    return _secret_made(facts)


def _ids_copied(facts: Facts) -> _Verdict:
    if facts.code in _IDS_REFUSED:
        return StepState.NEXT, Why.IDS_REFUSED
    return _registered(facts, Why.SIGN_IN_WORKS)


def _filled_in(facts: Facts) -> _Verdict:
    if not facts.connected:
        return StepState.NEXT, Why.NO_CONNECTION
    if facts.code is CheckCode.SECRET_UNREADABLE:
        return StepState.NEXT, Why.SECRET_UNREADABLE
    if _is_expired(facts):
        return StepState.NEXT, Why.AFTER_NEW_SECRET
    return StepState.DONE, Why.SAVED


def _confirmed(facts: Facts) -> _Verdict:
    if facts.checking:
        return StepState.NEXT, Why.CHECKING
    if facts.confirmed:
        return StepState.DONE, Why.CONFIRMED
    if not facts.connected:
        return StepState.NEXT, Why.NO_CONNECTION
    return StepState.NEXT, Why.TO_CHECK if facts.code is None else Why.CHECK_FAILED


def _rooms(facts: Facts) -> _Verdict:
    rooms = facts.rooms
    if rooms.active:
        return StepState.DONE, Why.ROOMS_ACTIVE
    if not rooms.linked:
        return StepState.NEXT, Why.NO_ROOM
    if not rooms.switched_on:
        return StepState.NEXT, Why.NOT_SWITCHED_ON
    return StepState.NEXT, Why.FIRST_SYNC if rooms.pending else Why.ROOMS_IN_TROUBLE
