"""What a run does in people's own mailboxes: looking at organizers' events, and changing them where that is allowed.

Nothing here is ever listed; each request has an event id or one of two filters, and stands in the ledger before
it is sent.
"""
