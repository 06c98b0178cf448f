"""Webhooks are held against both control databases."""

from tests.zenata.control.conftest import engine, fresh, postgres

__all__ = ["engine", "fresh", "postgres"]
