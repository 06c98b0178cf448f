"""Clients of others against the sandbox: what they ask by themselves is answered as they expect."""
