"""The ledger of messages, and the dead letters."""
