"""The simulators service."""
