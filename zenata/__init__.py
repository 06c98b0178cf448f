"""Zenata Sandbox: the library its services share."""
