"""People in Outlook: what they do to calendars without HTTP, permissions or faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from tests.tenant import ids, meetings, recurrence, times
from tests.tenant.body import location, mutated
from tests.tenant.state import Item, Mailbox, day_bounds

if TYPE_CHECKING:
    from tests.tenant.tenant import Tenant


@dataclass(frozen=True)
class Booked:
    """A handle on a meeting: the organizer's item, whatever becomes of its ids."""

    tenant: Tenant
    address: str
    number: int
    ical_uid: str

    @property
    def item(self) -> Item | None:
        """The organizer's item as it is now; None once it is gone."""
        return self.tenant.mailbox(self.address).items.get(self.number)

    @property
    def id(self) -> str:
        """The mutable id of the organizer's copy."""
        box, item = self.tenant.mailbox(self.address), self.item
        folder = item.folder if item else ids.CALENDAR_FOLDER
        return ids.rest_id(box.store, folder, self.number)

    @property
    def immutable_id(self) -> str:
        """The immutable id of the organizer's copy."""
        return ids.immutable_id(self.tenant.mailbox(self.address).store, self.number)

    def copy_in(self, address: str) -> Item | None:
        """The item of this meeting in another mailbox."""
        return self.tenant.mailbox(address).copy_of(self.ical_uid)

    def id_in(self, address: str, immutable: bool = True) -> str:
        """The id of the copy in another mailbox. Raises KeyError where there is none."""
        item = self.copy_in(address)
        if item is None:
            raise KeyError(address)
        store = self.tenant.mailbox(address).store
        return ids.immutable_id(store, item.number) if immutable else ids.rest_id(store, item.folder, item.number)


@dataclass(frozen=True)
class Person:
    """Somebody acting in one calendar: his own, or a room's that he manages."""

    tenant: Tenant
    address: str

    @property
    def box(self) -> Mailbox:
        """The mailbox he acts in."""
        return self.tenant.mailbox(self.address)

    def book(
        self,
        subject: str,
        start: datetime | date,
        end: datetime | date,
        rooms: Sequence[str] = (),
        guests: Sequence[str] = (),
        all_day: bool = False,
        sensitivity: str = "normal",
        recurrence: dict[str, Any] | None = None,
        zone: str | None = None,
        show_as: str = "busy",
        body: str = "",
        online: bool = False,
        shown_zone: str | None = None,
    ) -> Booked:
        """A new meeting. Aware datetimes are instants, naive ones wall time in `zone` (the mailbox's by default);
        all-day takes dates, end exclusive. `shown_zone` is an odd zone name that an old client left behind.
        """
        tenant = self.tenant
        with tenant.lock:
            fields = self._span(start, end, all_day, zone)
            fields |= {"sensitivity": sensitivity, "show_as": show_as, "body": body, "shown_zone": shown_zone}
            fields["subject"] = mutated(subject, tenant.mutators, tenant.switches)
            fields["attendees"] = self._attendees(rooms, guests)
            fields |= self._where(rooms)
            fields["transaction_id"] = f"localevent:{tenant.guid()}"
            if online:
                fields |= {
                    "online": True,
                    "online_provider": "teamsForBusiness",
                    "join_url": "https://teams.example/join",
                }
            if recurrence is not None:
                fields["recurrence"] = _rule(recurrence, fields["start_zone"])
            item = meetings.create(tenant, self.box, fields)
            self._done()
            return Booked(tenant, self.address, item.number, item.uid)

    def change(self, event: Booked, **changes: Any) -> Booked:
        """Change a meeting; names as in book()."""
        return self._change(event, None, changes)

    def change_occurrence(self, event: Booked, original_date: date, **changes: Any) -> Booked:
        """Change one date of a series, named by the date on which the rule has it."""
        return self._change(event, original_date, changes)

    def _change(self, event: Booked, original: date | None, changes: dict[str, Any]) -> Booked:
        tenant = self.tenant
        with tenant.lock:
            item = self._item(event)
            current = item if original is None else item.occurrence(original)
            fields = self._fields(current, changes)
            if "recurrence" in changes:
                rule = changes["recurrence"]
                zone_name = fields.get("start_zone", item.start_zone)
                fields["recurrence"] = None if rule is None else _rule(rule, zone_name)
            elif item.recurrence and original is None and "start" in fields:
                fields["recurrence"] = _shifted_rule(item, fields)
            meetings.change(tenant, self.box, item, original, fields)
            self._done()
            return event

    def _fields(self, current: Item, changes: dict[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if not {"start", "end", "all_day", "zone"}.isdisjoint(changes):
            all_day = changes.get("all_day", current.all_day)
            start = changes.get("start", current.start_day if current.all_day else current.start)
            end = changes.get("end", current.end_day if current.all_day else current.end)
            fields |= self._span(start, end, all_day, changes.get("zone") or current.start_zone)
        if "subject" in changes:
            fields["subject"] = mutated(changes["subject"], self.tenant.mutators, self.tenant.switches)
        for name in ("sensitivity", "show_as", "body", "categories", "importance"):
            if name in changes:
                fields[name] = changes[name]
        if "rooms" in changes or "guests" in changes:
            rooms = changes.get("rooms", [a["address"] for a in current.attendees if a["type"] == "resource"])
            guests = changes.get("guests", [a["address"] for a in current.attendees if a["type"] != "resource"])
            fields["attendees"] = self._attendees(rooms, guests)
            if "rooms" in changes:
                fields |= self._where(rooms)
        return fields

    def cancel(self, event: Booked) -> None:
        """The organizer calls the meeting off."""
        with self.tenant.lock:
            meetings.cancel(self.tenant, self.box, self._own(event), None)
            self._done()

    def cancel_occurrence(self, event: Booked, original_date: date) -> None:
        """The organizer calls one date of a series off."""
        with self.tenant.lock:
            meetings.cancel(self.tenant, self.box, self._own(event), original_date)
            self._done()

    def delete(self, event: Booked) -> None:
        """The item is deleted from this calendar, an attendee's copy as well."""
        with self.tenant.lock:
            meetings.remove(self.tenant, self.box, self._item(event), None)
            self._done()

    def answer(self, event: Booked, response: str, original_date: date | None = None) -> None:
        """An attendee answers: accepted, tentativelyAccepted or declined."""
        with self.tenant.lock:
            meetings.respond(self.tenant, self.box, self._item(event), original_date, response)
            self._done()

    def _own(self, event: Booked) -> Item:
        item = self._item(event)
        if not item.is_organizer:
            raise PermissionError(f"{self.address} does not organize this meeting")
        return item

    def _item(self, event: Booked) -> Item:
        item = self.box.copy_of(event.ical_uid)
        if item is None:
            raise KeyError(f"{event.ical_uid} is not in the calendar of {self.address}")
        return item

    def _done(self) -> None:
        self.tenant.run_due()
        if self.tenant.on_change:
            self.tenant.on_change()

    def _span(self, start: Any, end: Any, all_day: bool, zone: str | None) -> dict[str, Any]:
        name = zone or self.box.time_zone
        fields: dict[str, Any] = {"all_day": all_day, "start_zone": name, "end_zone": name}
        if all_day:
            first, last = (day.date() if isinstance(day, datetime) else day for day in (start, end))
            begin, finish = day_bounds(first, last, name)
            return fields | {"start": begin, "end": finish, "start_day": first, "end_day": last}
        return fields | {
            "start": _instant(start, name),
            "end": _instant(end, name),
            "start_day": None,
            "end_day": None,
        }

    def _attendees(self, rooms: Sequence[str], guests: Sequence[str]) -> tuple[dict[str, Any], ...]:
        lines = []
        for kind, addresses in (("required", guests), ("resource", rooms)):
            for address in addresses:
                known = self.tenant.find_mailbox(address)
                name = known.name if known else address
                lines.append({"name": name, "address": address, "type": kind, "response": "none", "time": None})
        return tuple(lines)

    def _where(self, rooms: Sequence[str]) -> dict[str, Any]:
        """As Outlook's room finder writes it: text in location, addresses in locations."""
        names = {address: box.name if (box := self.tenant.find_mailbox(address)) else address for address in rooms}
        empty = {"street": "", "city": "", "state": "", "countryOrRegion": "", "postalCode": ""}
        lines = tuple(
            {
                "displayName": name,
                "locationUri": address,
                "locationType": "conferenceRoom",
                "uniqueId": address,
                "uniqueIdType": "directory",
                "address": empty,
                "coordinates": {},
            }
            for address, name in names.items()
        )
        return {"location": location({"displayName": "; ".join(names.values())}), "locations": lines}


def _instant(value: datetime, zone: str) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value.astimezone(times.zone("UTC")) if value.tzinfo else times.to_utc(value, zone)


def _rule(raw: dict[str, Any], zone: str) -> dict[str, Any]:
    return recurrence.normalise(raw, zone)


def _shifted_rule(item: Item, fields: dict[str, Any]) -> dict[str, Any]:
    """A series moved as a whole: its range begins at the new date."""
    rule = item.recurrence
    assert rule is not None
    first = times.in_zone(fields["start"], rule["range"]["recurrenceTimeZone"]).date().isoformat()
    return rule | {"range": rule["range"] | {"startDate": first}}
