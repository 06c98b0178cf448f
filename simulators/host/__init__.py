"""Hosts worlds: their processes, clocks, commands and what they publish."""
