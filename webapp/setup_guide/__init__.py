"""Setup guide: the 16 steps, ticked by what the panel sees, with the values to copy filled in."""
