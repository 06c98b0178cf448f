"""The sun over the city."""
