"""Pilots' own devices and their telemetry."""
