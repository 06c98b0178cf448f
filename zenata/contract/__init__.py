"""Every JSON document of the API, declared once."""
