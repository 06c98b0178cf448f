"""Processes of one machine: supervision, signals, ports, logs, TLS, private files."""
