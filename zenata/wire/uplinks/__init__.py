"""Payload formats of pilots' own devices and of network servers, read by pure functions."""
