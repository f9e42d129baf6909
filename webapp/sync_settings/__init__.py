"""External Calendar Sync: the master switch and Sync All Calendars."""
