"""What happens in calendars when somebody creates, changes, cancels or answers: one place for people and Graph.

Messages to attendees are queued as jobs of the tenant; `assistant.py` receives them.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tests.tenant import ids, times
from tests.tenant.errors import GraphError
from tests.tenant.state import Item, Mailbox

if TYPE_CHECKING:
    from tests.tenant.tenant import Tenant

# A change of these goes out to attendees; of others (categories, reminders) it does not.
MAILED = frozenset(
    [
        "subject",
        "body",
        "body_type",
        "start",
        "end",
        "start_day",
        "end_day",
        "all_day",
        "location",
        "locations",
        "recurrence",
        "importance",
        "sensitivity",
        "attendees",
        "online",
    ]
)
TIMES = frozenset({"start", "end", "start_day", "end_day", "all_day", "recurrence"})
SERIES_RESET = frozenset({"start", "end", "recurrence", "all_day"})
SHOWN_AS = {"accepted": "busy", "tentativelyAccepted": "tentative", "declined": "free"}


def create(tenant: Tenant, mailbox: Mailbox, fields: dict[str, Any]) -> Item:
    """A new item in a mailbox's calendar; attendees are invited in its owner's name."""
    now = tenant.clock.now()
    number = mailbox.take_number(tenant.random.randint(1, 40))
    item = Item(
        number=number,
        created=now,
        modified=now,
        change=mailbox.take_change(),
        organizer=(mailbox.name, mailbox.address),
        uid=ids.ical_uid(now, tenant.random.randbytes(16)),
        clamps=tenant.switches.month_end_clamps,
    )
    for name, value in fields.items():
        setattr(item, name, value)
    if item.recurrence:
        item = _anchored(item)
    mailbox.put(item, now)
    if item.attendees:
        invite(tenant, mailbox, item, item.attendees, None, "invitation")
    return item


def _anchored(item: Item) -> Item:
    """A series whose first date lies after its start begins at that date."""
    start, end, day = item.first_occurrence()
    fields: dict[str, Any] = {"start": start, "end": end}
    if item.all_day and item.start_day and item.end_day:
        fields |= {"start_day": day, "end_day": day + (item.end_day - item.start_day)}
    return item.changed(**fields)


def touch(tenant: Tenant, mailbox: Mailbox, item: Item, **fields: Any) -> Item:
    """Store a new version: new change key, new time of change."""
    now = tenant.clock.now()
    return mailbox.put(item.changed(change=mailbox.take_change(), modified=now, **fields), now)


def _own_values(item: Item, fields: dict[str, Any]) -> dict[str, Any]:
    """Only what differs from what is stored."""
    return {name: value for name, value in fields.items() if getattr(item, name) != value}


def change(tenant: Tenant, mailbox: Mailbox, item: Item, original: date | None, fields: dict[str, Any]) -> Item:
    """Change an item or one date of a series in one mailbox; an organizer's change is mailed.

    Returns the stored item (the master for a date). Raises GraphError for a date that crosses its neighbours.
    """
    if original is not None:
        return _change_date(tenant, mailbox, item, original, fields)
    before = item.attendees
    if "attendees" in fields:
        fields["attendees"] = _kept_answers(before, fields["attendees"])
    extra: dict[str, Any] = {}
    if item.is_organizer:
        extra["sequence"] = item.sequence + 1
    changed = _own_values(item, fields)
    named = set(fields if tenant.switches.equal_values_are_mailed else changed)
    if item.is_organizer and tenant.switches.new_time_resets_answers and not TIMES.isdisjoint(changed):
        asked = fields.get("attendees", before)
        fields["attendees"] = tuple(line | {"response": "none", "time": None} for line in asked)
    if item.recurrence and not SERIES_RESET.isdisjoint(changed):
        extra |= _reset_series(tenant, item, fields, _only_end_moved(item, changed))
    stored = item.changed(**fields, **extra)
    if stored.recurrence:
        stored = _anchored(stored)
    stored = touch(tenant, mailbox, stored)
    if item.is_organizer and (before or stored.attendees):
        _mail_change(tenant, mailbox, stored, before, named)
    return stored


def _only_end_moved(item: Item, changed: dict[str, Any]) -> bool:
    """Whether a series was only cut or prolonged: then its other dates stay as they are."""
    rule = changed.get("recurrence")
    if set(changed) & SERIES_RESET != {"recurrence"} or rule is None or item.recurrence is None:
        return False
    starts = (rule["range"]["startDate"], item.recurrence["range"]["startDate"])
    return rule["pattern"] == item.recurrence["pattern"] and starts[0] == starts[1]


def _reset_series(tenant: Tenant, item: Item, fields: dict[str, Any], only_end: bool) -> dict[str, Any]:
    if fields.get("recurrence", 1) is None:
        return {"exceptions": {}, "missing": frozenset()}
    if only_end and tenant.switches.end_change_keeps_exceptions:
        kept = item.changed(**fields)
        return {"exceptions": {day: over for day, over in item.exceptions.items() if kept.has_date(day)}}
    if tenant.switches.master_change_wipes_exceptions:
        return {"exceptions": {}, "missing": frozenset()}
    kept = item.changed(**fields)
    days = {day: over for day, over in item.exceptions.items() if kept.has_date(day)}
    untimed = {day: {name: value for name, value in over.items() if name not in TIMES} for day, over in days.items()}
    return {"exceptions": {day: over for day, over in untimed.items() if over}}


def _kept_answers(
    before: tuple[dict[str, Any], ...], after: tuple[dict[str, Any], ...]
) -> tuple[dict[str, Any], ...]:
    """Attendees are replaced as a whole; who stays keeps the answer that was given."""
    known = {attendee["address"].lower(): attendee for attendee in before}
    kept = []
    for attendee in after:
        old = known.get(attendee["address"].lower())
        if old is not None:
            attendee = attendee | {"response": old["response"], "time": old["time"]}
        kept.append(attendee)
    return tuple(kept)


def _mail_change(
    tenant: Tenant, mailbox: Mailbox, item: Item, before: tuple[dict[str, Any], ...], names: set[str]
) -> None:
    """Updates to all; with nothing but attendees in the body only those who came or went are mailed."""
    was = {attendee["address"].lower(): attendee for attendee in before}
    now = {attendee["address"].lower(): attendee for attendee in item.attendees}
    gone = [attendee for address, attendee in was.items() if address not in now]
    if gone:
        call_off(tenant, mailbox, item, gone, None, removed=True)
    if MAILED.isdisjoint(names):
        return
    new = [attendee for address, attendee in now.items() if address not in was]
    if new:
        invite(tenant, mailbox, item, new, None, "invitation")
    if names != {"attendees"} or tenant.switches.attendees_only_mails_all:
        invite(tenant, mailbox, item, [a for key, a in now.items() if key in was], None, "update")


def _change_date(tenant: Tenant, mailbox: Mailbox, item: Item, original: date, fields: dict[str, Any]) -> Item:
    current = item.occurrence(original)
    if "start" in fields or "end" in fields:
        _check_neighbours(item, original, fields.get("start", current.start), fields.get("end", current.end))
    overrides = dict(item.exceptions.get(original, {})) | fields
    extra = {"sequence": item.sequence + 1} if item.is_organizer else {}
    stored = touch(tenant, mailbox, item, exceptions=item.exceptions | {original: overrides}, **extra)
    attendees = stored.occurrence(original).attendees
    if item.is_organizer and attendees and not MAILED.isdisjoint(fields):
        gone = [a for a in current.attendees if a["address"].lower() not in {b["address"].lower() for b in attendees}]
        call_off(tenant, mailbox, stored, gone, original, removed=True)
        invite(tenant, mailbox, stored, attendees, original, "update")
    return stored


def _check_neighbours(item: Item, original: date, start: Any, end: Any) -> None:
    """A date may not move to or beyond the day of its neighbours, nor overlap them."""
    name = item.series_zone
    days = sorted(day for day, _, _ in item.rule_dates(original + timedelta(days=800)) if day not in item.missing)
    if original not in days:
        return
    place = days.index(original)

    def day_of(moment: Any) -> date:
        return times.in_zone(moment, name).date()

    before = item.occurrence(days[place - 1]) if place else None
    after = item.occurrence(days[place + 1]) if place + 1 < len(days) else None
    crosses = before is not None and (day_of(start) <= day_of(before.start) or start < before.end)
    if crosses or (after is not None and (day_of(start) >= day_of(after.start) or end > after.start)):
        raise GraphError(
            400,
            "ErrorOccurrenceCrossingBoundary",
            "Modified occurrence is crossing or overlapping adjacent occurrence.",
        )


def remove(tenant: Tenant, mailbox: Mailbox, item: Item, original: date | None) -> None:
    """DELETE: an organizer's meeting is called off by mail; an attendee copy just goes."""
    if item.is_organizer and tenant.switches.organizer_delete_cancels:
        cancel(tenant, mailbox, item, original)
        return
    if not item.is_organizer and tenant.switches.room_delete_tells_organizer and not item.cancelled:
        _tell_organizer(tenant, mailbox, item, "declined", original)
    _take_away(tenant, mailbox, item, original)


def _take_away(tenant: Tenant, mailbox: Mailbox, item: Item, original: date | None) -> None:
    if original is None:
        mailbox.drop(item.number, tenant.clock.now())
        return
    exceptions = {day: over for day, over in item.exceptions.items() if day != original}
    touch(tenant, mailbox, item, missing=item.missing | {original}, exceptions=exceptions)


def cancel(tenant: Tenant, mailbox: Mailbox, item: Item, original: date | None) -> None:
    """The organizer calls a meeting, or one date of it, off. It leaves his calendar; attendees are told."""
    target = item if original is None else item.occurrence(original)
    last = item.changed(sequence=item.sequence + 1)
    if original is not None:
        _take_away(tenant, mailbox, item.changed(sequence=item.sequence + 1), original)
    else:
        mailbox.drop(item.number, tenant.clock.now())
    call_off(tenant, mailbox, last, target.attendees, original)


def respond(
    tenant: Tenant, mailbox: Mailbox, item: Item, original: date | None, answer: str, send: bool = True
) -> None:
    """An attendee's answer: a declined meeting leaves the calendar, the organizer is told."""
    now = tenant.clock.now()
    if answer == "declined" and not tenant.switches.declined_copy_stays:
        _take_away(tenant, mailbox, item, original)
    else:
        shown = SHOWN_AS[answer]
        own = own_answer(item.attendees, mailbox, answer)
        fields = {"response": answer, "response_time": now, "show_as": shown, "attendees": own}
        if original is None:
            touch(tenant, mailbox, item, **fields)
        else:
            overrides = dict(item.exceptions.get(original, {})) | fields
            touch(tenant, mailbox, item, exceptions=item.exceptions | {original: overrides})
    if send:
        _tell_organizer(tenant, mailbox, item, answer, original)


def own_answer(attendees: tuple[dict[str, Any], ...], mailbox: Mailbox, answer: str) -> tuple[dict[str, Any], ...]:
    """In its own copy an attendee's line carries the answer but no time, as recorded of a room."""
    mine = mailbox.answers_to()
    return tuple(
        attendee | {"response": answer, "time": None} if attendee["address"].lower() in mine else attendee
        for attendee in attendees
    )


def _tell_organizer(tenant: Tenant, mailbox: Mailbox, item: Item, answer: str, original: date | None) -> None:
    tenant.mail(item.organizer[1], answer, item)
    uid, day = ids.undated_uid(item.uid)
    tell(tenant, item.organizer[1], uid, mailbox, answer, original or day)


def tell(tenant: Tenant, organizer: str, uid: str, mailbox: Mailbox, answer: str, original: date | None) -> None:
    """An answer is on its way to the organizer's copy."""
    delay = tenant.switches.answers_reach_organizer_after
    tenant.job(delay, "response", organizer, uid, mailbox.address, answer, original)


def invite(tenant: Tenant, mailbox: Mailbox, item: Item, attendees: Any, original: date | None, kind: str) -> None:
    """Mail a request (invitation or update) to attendees."""
    for attendee in attendees:
        if attendee["address"].lower() == mailbox.address.lower():
            continue
        tenant.mail(attendee["address"], kind, item)
        tenant.job(tenant.mail_delay, "request", attendee["address"], item, original)


def call_off(
    tenant: Tenant, mailbox: Mailbox, item: Item, attendees: Any, original: date | None, removed: bool = False
) -> None:
    """Mail a cancellation to attendees, all or those who were `removed`."""
    for attendee in attendees:
        if attendee["address"].lower() == mailbox.address.lower():
            continue
        tenant.mail(attendee["address"], "cancellation", item)
        tenant.job(tenant.mail_delay, "cancellation", attendee["address"], item, original, removed)
