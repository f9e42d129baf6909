"""Series against an oracle and against calendars that were checked by hand."""
