"""The commands of `zenata` (up, serve, backup, doctor ...), and what puts the services together."""
