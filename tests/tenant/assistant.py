"""The other end of the mail: copies in attendees' calendars, and what a room mailbox does with a request.

A request first puts a copy with the true subject into the room's calendar; later the assistant answers, and
later still it rewrites the copy: organizer's name as subject, no body, no private flag.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tests.tenant import ids, meetings, recurrence, times
from tests.tenant.meetings import MAILED, SHOWN_AS, TIMES, own_answer, tell, touch
from tests.tenant.state import Item, Mailbox, overlaps
from tests.tenant.switches import RoomPolicy

if TYPE_CHECKING:
    from tests.tenant.tenant import Tenant

_BLOCKING = frozenset({"organizer", "accepted", "tentativelyAccepted"})
CANCELED = "Canceled: "


def _copied(item: Item) -> dict[str, Any]:
    """What a request carries of the organizer's item."""
    names = (MAILED | {"start_zone", "end_zone", "shown_zone", "online_provider", "join_url", "organizer"}) - {
        "attendees"
    }
    fields = {name: getattr(item, name) for name in names}
    fields["uid"], fields["clamps"] = item.uid, item.clamps
    fields["attendees"] = _seen_by_attendee(item.attendees, item.organizer)
    return fields


def _seen_by_attendee(
    attendees: tuple[dict[str, Any], ...], organizer: tuple[str, str]
) -> tuple[dict[str, Any], ...]:
    """Attendees as a copy lists them: the organizer first, nobody's answer known."""
    first = {"name": organizer[0], "address": organizer[1], "type": "required", "response": "none", "time": None}
    others = [attendee | {"response": "none", "time": None} for attendee in attendees]
    return (first, *[other for other in others if other["address"].lower() != organizer[1].lower()])


def _copied_exception(item: Item, overrides: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in overrides.items() if name in MAILED}
    if "attendees" in kept:
        kept["attendees"] = _seen_by_attendee(kept["attendees"], item.organizer)
    return kept


def receive_request(tenant: Tenant, address: str, item: Item, original: date | None) -> None:
    """A request reaches an attendee: the copy is written or updated, a room's assistant is woken."""
    mailbox = tenant.find_mailbox(address)
    if mailbox is None or mailbox.state != "active":
        return
    outside = not tenant.is_internal(item.organizer[1])
    if mailbox.kind == "room" and mailbox.policy and outside and not mailbox.policy.process_external:
        return
    copy = mailbox.copy_of(item.uid, original)
    if original is not None and (copy is None or copy.recurrence is None):
        item, original = _alone(item, original), None
    if copy is not None and (copy.sequence > item.sequence or copy.is_organizer):
        return
    if copy is None:
        copy = _new_copy(tenant, mailbox, item)
    elif original is None:
        copy = _renew(tenant, mailbox, copy, item)
    else:
        overrides = _copied_exception(item, item.exceptions.get(original, {}))
        mine = copy.exceptions.get(original, {})
        again = not TIMES.isdisjoint(overrides)
        status = {"response": "notResponded", "response_time": None, "show_as": "tentative"} if again else {}
        exceptions = copy.exceptions | {original: mine | {"cancelled": False} | overrides | status}
        copy = touch(
            tenant, mailbox, copy, exceptions=exceptions, missing=copy.missing - {original}, sequence=item.sequence
        )
    policy = mailbox.policy
    if mailbox.kind == "room" and policy and policy.delay is not None and policy.automate == "AutoAccept":
        tenant.job(policy.delay, "answer", mailbox.address, copy.uid, copy.sequence, original)


def _alone(item: Item, original: date) -> Item:
    """One date of a series for somebody who is invited to no other: a single event of its own."""
    uid = ids.dated_uid(item.uid, original)
    single = item.occurrence(original)
    return single.changed(
        uid=uid, recurrence=None, exceptions={}, missing=frozenset(), original=None, is_exception=False
    )


def _new_copy(tenant: Tenant, mailbox: Mailbox, item: Item) -> Item:
    now = tenant.clock.now()
    fields = _copied(item)
    copy = Item(
        number=mailbox.take_number(tenant.random.randint(1, 40)),
        created=now,
        modified=now,
        change=mailbox.take_change(),
        is_organizer=False,
        response="notResponded",
        show_as="tentative",
        reminder_on=mailbox.kind != "room",
        sequence=item.sequence,
    )
    for name, value in fields.items():
        setattr(copy, name, value)
    copy.exceptions = {day: _copied_exception(item, over) for day, over in item.exceptions.items()}
    copy.missing = item.missing
    if tenant.switches.copy_keeps_tag:
        copy.properties = item.properties
    return mailbox.put(copy, now)


def _renew(tenant: Tenant, mailbox: Mailbox, copy: Item, item: Item) -> Item:
    """An update overwrites the copy, whatever was done to it; a new time asks for a new answer."""
    fields = _copied(item)
    exceptions = {day: _copied_exception(item, over) for day, over in item.exceptions.items()}
    for day, over in copy.exceptions.items():
        if over.get("cancelled") and day in item.missing:
            exceptions[day] = over
    moved = any(getattr(copy, name) != fields[name] for name in TIMES)
    if moved or copy.cancelled:
        fields |= {"response": "notResponded", "response_time": None, "show_as": "tentative"}
        missing = item.missing - set(exceptions)
    else:
        fields["attendees"] = own_answer(fields["attendees"], mailbox, copy.response)
        missing = (item.missing | copy.declined_dates) - set(exceptions)
    return touch(
        tenant,
        mailbox,
        copy,
        **fields,
        exceptions=exceptions,
        missing=missing,
        cancelled=False,
        sequence=item.sequence,
        rewritten=False,
    )


def receive_cancellation(
    tenant: Tenant, address: str, item: Item, original: date | None, removed: bool = False
) -> None:
    """A cancellation reaches an attendee, or one who was `removed`; by default the copy stays, cancelled and free."""
    mailbox = tenant.find_mailbox(address)
    copy = mailbox.copy_of(item.uid, original) if mailbox else None
    if mailbox is None or copy is None or copy.is_organizer:
        return
    if copy.recurrence is None:
        original = None
    removes = bool(mailbox.policy and mailbox.policy.remove_canceled_meetings)
    removes = removes or (removed and tenant.switches.removed_attendee_copy == "gone")
    if original is None:
        if removes:
            mailbox.drop(copy.number, tenant.clock.now())
        elif not copy.cancelled:
            touch(tenant, mailbox, copy, **_called_off(tenant, copy), sequence=item.sequence)
        return
    if copy.recurrence is None or original in copy.missing:
        return
    if removes:
        left = {day: over for day, over in copy.exceptions.items() if day != original}
        touch(tenant, mailbox, copy, missing=copy.missing | {original}, exceptions=left, sequence=item.sequence)
    else:
        overrides = copy.exceptions.get(original, {}) | _called_off(tenant, copy.occurrence(original))
        touch(tenant, mailbox, copy, exceptions=copy.exceptions | {original: overrides}, sequence=item.sequence)


def _called_off(tenant: Tenant, copy: Item) -> dict[str, Any]:
    fields: dict[str, Any] = {"cancelled": True}
    if tenant.switches.cancelled_copy_has_prefix and not copy.subject.startswith(CANCELED):
        fields["subject"] = CANCELED + copy.subject
    if tenant.switches.cancelled_copy_shown_free:
        fields["show_as"] = "free"
    return fields


def receive_response(
    tenant: Tenant, organizer: str, uid: str, attendee: str, answer: str, original: date | None
) -> None:
    """An answer reaches the organizer: his copy tracks it."""
    mailbox = tenant.find_mailbox(organizer)
    item = mailbox.copy_of(uid) if mailbox else None
    if mailbox is None or item is None or not item.is_organizer:
        return
    if answer == "declined" and not tenant.switches.declines_reach_organizer:
        return
    known = tenant.find_mailbox(attendee)
    names = {attendee.lower()} | (known.answers_to() if known else set())
    now = tenant.clock.now()

    def answered(lines: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        if answer == "declined" and not tenant.switches.declined_room_stays_listed:
            return tuple(line for line in lines if line["address"].lower() not in names or line["type"] != "resource")
        return tuple(
            line | {"response": answer, "time": now} if line["address"].lower() in names else line for line in lines
        )

    if original is None or item.recurrence is None:
        touch(tenant, mailbox, item, attendees=answered(item.attendees))
    elif item.has_date(original):
        overrides = item.exceptions.get(original, {})
        overrides = overrides | {"attendees": answered(item.occurrence(original).attendees)}
        touch(tenant, mailbox, item, exceptions=item.exceptions | {original: overrides})


# -- the room's decision


def answer(tenant: Tenant, address: str, uid: str, sequence: int, original: date | None) -> None:
    """The assistant decides about a request that has waited its delay."""
    mailbox = tenant.find_mailbox(address)
    copy = mailbox.copy_of(uid) if mailbox else None
    if mailbox is None or copy is None or mailbox.policy is None:
        return
    if copy.sequence != sequence or copy.cancelled or copy.is_organizer:
        return
    policy = mailbox.policy
    if original is not None and copy.recurrence is not None:
        _answer_date(tenant, mailbox, copy, original)
        return
    verdict, declined = decide(tenant, mailbox, copy, policy)
    tenant.mail(copy.organizer[1], verdict, copy)
    if verdict == "declined":
        _declined(tenant, mailbox, copy)
    else:
        _write_answer(tenant, mailbox, copy, verdict, declined)
        tenant.job(policy.rewrite_delay, "rewrite", mailbox.address, uid, copy.sequence)
    series, day = ids.undated_uid(uid)
    tell(tenant, copy.organizer[1], series, mailbox, verdict, original or day)
    for day in declined:
        tell(tenant, copy.organizer[1], series, mailbox, "declined", day)


def _declined(tenant: Tenant, mailbox: Mailbox, copy: Item) -> None:
    now = tenant.clock.now()
    mailbox.refused.add(copy.uid)
    if not tenant.switches.declined_copy_stays:
        mailbox.drop(copy.number, now)
        return
    own = own_answer(copy.attendees, mailbox, "declined")
    touch(tenant, mailbox, copy, response="declined", response_time=now, show_as="free", attendees=own)


def decline_later(tenant: Tenant, address: str, uid: str, dates: tuple[date, ...]) -> None:
    """A room takes back what it accepted: the whole meeting, or some dates of a series (H50)."""
    mailbox = tenant.find_mailbox(address)
    copy = mailbox.copy_of(uid) if mailbox else None
    if mailbox is None or copy is None or copy.cancelled or copy.response == "declined":
        return
    if not dates:
        meetings.respond(tenant, mailbox, copy, None, "declined")
    for day in dates:
        if copy.has_date(day):
            meetings.respond(tenant, mailbox, copy, day, "declined")
            copy = mailbox.items[copy.number]


def decide_again(tenant: Tenant, address: str) -> None:
    """What a room accepted and its present policy refuses is declined, what has begun excepted."""
    mailbox, now = tenant.mailbox(address), tenant.clock.now()
    assert mailbox.policy is not None
    for copy in list(mailbox.items.values()):
        if copy.is_organizer or copy.cancelled or copy.response != "accepted" or copy.start < now:
            continue
        verdict, declined = decide(tenant, mailbox, copy, mailbox.policy)
        if verdict == "declined":
            decline_later(tenant, address, copy.uid, ())
        elif declined:
            decline_later(tenant, address, copy.uid, tuple(declined))


def _write_answer(tenant: Tenant, mailbox: Mailbox, copy: Item, verdict: str, declined: list[date]) -> None:
    shown = SHOWN_AS[verdict]
    fields: dict[str, Any] = {
        "response": verdict,
        "response_time": tenant.clock.now(),
        "show_as": shown,
        "attendees": own_answer(copy.attendees, mailbox, verdict),
    }
    exceptions = {
        day: over if over.get("cancelled") else {k: v for k, v in over.items() if k not in ("response", "show_as")}
        for day, over in copy.exceptions.items()
    }
    policy = mailbox.policy
    if copy.recurrence and policy and not policy.enforce_scheduling_horizon:
        fields |= _shortened(tenant, copy, policy)
    if declined and tenant.switches.declined_occurrence == "missing":
        fields["missing"] = copy.missing | set(declined)
        fields["declined_dates"] = frozenset(declined)
        exceptions = {day: over for day, over in exceptions.items() if day not in declined}
    else:
        for day in declined:
            exceptions[day] = exceptions.get(day, {}) | {"response": "declined", "show_as": "free"}
    touch(tenant, mailbox, copy, exceptions=exceptions, **fields)


def _shortened(tenant: Tenant, copy: Item, policy: RoomPolicy) -> dict[str, Any]:
    assert copy.recurrence is not None
    horizon = (tenant.clock.now() + timedelta(days=policy.booking_window_in_days)).date()
    last = recurrence.last_date(copy.recurrence, copy.clamps)
    if last is not None and last <= horizon:
        return {}
    span = copy.recurrence["range"] | {"type": "endDate", "endDate": horizon.isoformat(), "numberOfOccurrences": 0}
    return {"recurrence": copy.recurrence | {"range": span}}


def _answer_date(tenant: Tenant, mailbox: Mailbox, copy: Item, original: date) -> None:
    if not copy.has_date(original):
        return
    single = copy.occurrence(original)
    policy = mailbox.policy
    assert policy is not None
    refused = _refused_alone(tenant, mailbox, single, policy) or (
        not policy.allow_conflicts and _conflicts(tenant, mailbox, single, copy.number)
    )
    verdict = "declined" if refused else "accepted"
    tenant.mail(copy.organizer[1], verdict, copy)
    left = {day: over for day, over in copy.exceptions.items() if day != original}
    if refused and tenant.switches.declined_occurrence == "missing":
        touch(tenant, mailbox, copy, missing=copy.missing | {original}, exceptions=left)
    else:
        status = {"response": verdict, "show_as": "free" if refused else "busy", "response_time": tenant.clock.now()}
        touch(tenant, mailbox, copy, exceptions=left | {original: copy.exceptions.get(original, {}) | status})
    tenant.job(policy.rewrite_delay, "rewrite", mailbox.address, copy.uid, copy.sequence)
    tell(tenant, copy.organizer[1], copy.uid, mailbox, verdict, original)


def decide(tenant: Tenant, mailbox: Mailbox, copy: Item, policy: RoomPolicy) -> tuple[str, list[date]]:
    """accepted, declined or tentativelyAccepted, and the dates of an accepted series that are declined."""
    now = tenant.clock.now()
    if policy.booking_type.lower() == "reserved":
        return "declined", []
    if not policy.all_book_in_policy and copy.organizer[1].lower() not in {a.lower() for a in policy.book_in_policy}:
        return ("tentativelyAccepted" if policy.tentative_pending_approval else "declined"), []
    if _refused_alone(tenant, mailbox, copy, policy):
        return "declined", []
    if copy.recurrence is None:
        taken = not policy.allow_conflicts and _conflicts(tenant, mailbox, copy, copy.number)
        return ("declined" if taken else "accepted"), []
    if not policy.allow_recurring:
        return "declined", []
    horizon = now + timedelta(days=policy.booking_window_in_days)
    last = recurrence.last_date(copy.recurrence, copy.clamps)
    if policy.enforce_scheduling_horizon and (last is None or last > horizon.date()):
        return "declined", []
    dates = list(copy.occurrences(now - timedelta(days=1), horizon + timedelta(days=1)))
    clashes = [
        item.original
        for item in dates
        if item.original and not policy.allow_conflicts and _conflicts(tenant, mailbox, item, copy.number)
    ]
    share = math.ceil(100 * len(clashes) / max(1, len(dates)))
    if clashes and (share > policy.conflict_percentage_allowed or len(clashes) > policy.maximum_conflict_instances):
        return "declined", []
    return "accepted", clashes


def _refused_alone(tenant: Tenant, mailbox: Mailbox, item: Item, policy: RoomPolicy) -> bool:
    """What the room refuses about one span, whatever else is booked."""
    minutes = (item.end - item.start).total_seconds() / 60
    if policy.maximum_duration_in_minutes and minutes > policy.maximum_duration_in_minutes:
        return True
    horizon = tenant.clock.now() + timedelta(days=policy.booking_window_in_days)
    if item.recurrence is None and item.start > horizon:
        return True
    if policy.only_during_working_hours:
        first, last = (times.in_zone(moment, mailbox.time_zone) for moment in (item.start, item.end))
        begin, finish = policy.working_hours
        return first.weekday() > 4 or first.hour < begin or (last.hour, last.minute) > (finish, 0)
    return False


def _conflicts(tenant: Tenant, mailbox: Mailbox, item: Item, number: int) -> bool:
    """Whether something that blocks overlaps this span."""
    for other in mailbox.items.values():
        if other.number == number or other.cancelled:
            continue
        spans = [other] if other.recurrence is None else other.occurrences(item.start, item.end)
        for span in spans:
            if span.show_as == "free" or span.cancelled or span.response not in _BLOCKING:
                continue
            if overlaps(span, item.start, item.end):
                return True
    return False


def rewrite(tenant: Tenant, address: str, uid: str, sequence: int) -> None:
    """Seconds after accepting the assistant takes subject, body and privacy off the room's copy."""
    mailbox = tenant.find_mailbox(address)
    copy = mailbox.copy_of(uid) if mailbox else None
    if mailbox is None or copy is None or mailbox.policy is None or copy.sequence != sequence:
        return
    fields = _stripped(copy, mailbox.policy)
    exceptions = {day: over | {k: v for k, v in fields.items() if k in over} for day, over in copy.exceptions.items()}
    if copy.cancelled:
        fields.pop("subject", None)
    if fields or exceptions != copy.exceptions:
        touch(tenant, mailbox, copy, **fields, exceptions=exceptions, rewritten=True)


def _stripped(copy: Item, policy: RoomPolicy) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if policy.delete_subject:
        fields["subject"] = ""
    if policy.add_organizer_to_subject:
        fields["subject"] = copy.organizer[0] if policy.delete_subject else f"{copy.organizer[0]} {copy.subject}"
    if policy.delete_comments:
        fields["body"] = ""
    if policy.remove_private_property and copy.sensitivity == "private":
        fields["sensitivity"] = "normal"
    return fields


HANDLERS: dict[str, Callable[..., None]] = {
    "request": receive_request,
    "cancellation": receive_cancellation,
    "response": receive_response,
    "answer": answer,
    "rewrite": rewrite,
    "decline_later": decline_later,
    "decide_again": decide_again,
}
