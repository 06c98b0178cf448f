"""Webhooks: conditions on what is stored, and the delivery of what becomes of them to addresses of pilots."""
