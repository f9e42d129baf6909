"""One sync of one room: claim, settle, push, read, plan, guard, write, record."""
