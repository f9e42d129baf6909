"""Words of the import: why something is proposed, and refusals."""

from __future__ import annotations

from webapp.words import Words

WHY = {
    "same_name": "Same name",
    "seats_differ": "Same name, other number of seats",
    "other_building": "Same name in another building",
    "similar_name": "Similar name",
    "several": "Several rooms have this name",
    "no_such_room": "No room of this name",
    "no_seats": "Not a room: 0 seats",
    "linked": "Linked to this address already",
}
"""By `webapp.domain.room_matching.Why`."""

WORDS: dict[str, Words] = {
    "import_clash": Words(
        "Nothing was imported: one room cannot have two calendars",
        "<bdi>{room}</bdi> is chosen for {number}.",
        ("Choose another room, New room or Skip for one of them.",),
    ),
    "import_nothing": Words(
        "There is nothing to import", "Every room in the list is skipped.", ("Choose Link or New room for some.",)
    ),
    "import_zone": Words(
        "Nothing was imported: new rooms need a time zone",
        "Times of their reservations are shown and entered in it.",
        ("Choose the time zone in which the new rooms stand.",),
    ),
    "room_linked_meanwhile": Words(
        "<bdi>{room}</bdi> was linked to {address} meanwhile", "Somebody else was faster. It stays as it is."
    ),
}
