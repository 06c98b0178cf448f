"""Webhooks: conditions, signed deliveries with retries, their tables and routes."""
