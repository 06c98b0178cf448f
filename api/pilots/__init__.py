"""Pilots: their keys, quotas, budgets, activity and the audit log."""
