"""The water network."""
