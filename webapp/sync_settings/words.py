"""Words of the External Calendar Sync page."""

from __future__ import annotations

from webapp.words import Words

WORDS: dict[str, Words] = {
    "settings_stale": Words(
        "Not saved: someone else changed these settings",
        "Enabled External Calendar Sync is now {theirs}; you wanted it {yours}.",
        ("Press SAVE CHANGES again to keep yours.",),
    ),
    "sync_all_while_off": Words(
        "External Calendar Sync is off", "Sync All Calendars can start once it is on.", ("Switch it on first.",)
    ),
    "sync_all_no_rooms": Words(
        "No room is linked yet", "There is no calendar to read.", ("Link a room in Manage Rooms first.",)
    ),
    "sync_all_running": Words(
        "Sync All Calendars is running",
        "It was started by <bdi>{started_by}</bdi> and has not reached every room yet.",
    ),
    "sync_all_too_early": Words(
        "Sync All Calendars rests for 10 minutes after each start", "It can be started again in {minutes_left} min."
    ),
}
