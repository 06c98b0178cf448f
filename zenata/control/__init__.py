"""Pilots: the tenants of the sandbox, and their keys."""
