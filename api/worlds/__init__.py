"""Worlds: made, moved, disturbed, copied; events and commands in them."""
