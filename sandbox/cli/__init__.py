"""The command `zenata`."""
