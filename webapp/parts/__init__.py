"""The page of all components in all states, for those who develop them; see `SHOW_PARTS`."""
