"""One running instance of a city, tick by tick."""
