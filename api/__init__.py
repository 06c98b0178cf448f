"""The API service: HTTP for pilots, engineers and partners."""
