"""Overview: how things stand, and what needs a person."""
