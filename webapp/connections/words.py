"""Words of connections and of everything that a check can end in."""

from __future__ import annotations

from webapp.connections.check_words import CHECK_WORDS
from webapp.words import Words

WORDS: dict[str, Words] = {
    **CHECK_WORDS,
    "connection_not_found": Words("This connection does not exist", "Somebody removed it."),
    "check_not_found": Words("This check does not exist", "Its connection was removed, or the address is wrong."),
    "check_overtaken": Words(
        "A newer check took its place",
        "Set or CHECK CONNECTION was pressed again while this one was under way.",
        ("Look at Last check of this connection.",),
    ),
    "connection_name_taken": Words("There is a connection named <bdi>{name}</bdi> already. Choose another name."),
    "connection_stale": Words(
        "Not saved: someone else changed this connection", "<bdi>{name}</bdi> was saved after you opened it."
    ),
    "another_tenant": Words(
        "Link the rooms of <bdi>{name}</bdi> to another tenant?",
        "If {tenant} is another tenant, its calendars are other calendars, even at the same addresses. "
        "If it is the same tenant under another name, everything stays as it is.",
        ("Tick below that this is wanted, and press Set again.",),
    ),
    "connection_in_use": Words(
        "<bdi>{name}</bdi> is in use",
        "{number_of_rooms}: {rooms}.",
        ("Move them to another connection or unlink them first.",),
    ),
    "connection_has_history": Words(
        "<bdi>{name}</bdi> was in use",
        "Reservations remember which calendar they came from, so that linking a room again makes no doubles.",
        ("Leave the connection here; without rooms nothing is called with it.",),
    ),
}
