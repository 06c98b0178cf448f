"""The command line, and what puts the services together: the only room that knows them all."""
