"""Big queries, written to files in the background and kept for a while."""
