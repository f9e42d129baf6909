"""What one event must never be here, not for a moment either: two meetings of one room, ours and a stranger's."""

from __future__ import annotations

from tests.sync.oracle import live_here
from tests.sync.world import World
from webapp.domain.words import Home
from worker.sync.recognise import parse_mark


def taken_for_strangers(world: World, people: tuple[str, ...], edited: set[str]) -> list[str]:
    """Reservations that stand for an event which was made for another reservation that lives in the same room; one
    that its owner `edited` may look so, until it is found."""
    rows = [row for row in live_here(world) if row.meeting.home is Home.USER]
    made_for = {
        event["ical_uid"]: mark.public_id
        for who in people
        for event in world.tenant.events(world.address(who))
        if event["is_organizer"]
        and event["ical_uid"] not in edited
        and (mark := parse_mark(event["transaction_id"])) is not None
    }
    ours = {(made_for.get(row.meeting.ical_uid or ""), row.room_id): row for row in rows}
    by_public_id = {(row.public_id, row.room_id): row for row in rows}
    return [
        f"#{row.id} is taken for a stranger's meeting, and is #{by_public_id[key].id}"
        for key, row in ours.items()
        if key in by_public_id and by_public_id[key].meeting_id != row.meeting_id
    ]
