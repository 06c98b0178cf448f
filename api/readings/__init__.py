"""Readings: selected, queried, and encoded as JSON, CSV, Arrow or Parquet."""
