"""Activity > Mailbox ledger: every request to a person's mailbox."""
