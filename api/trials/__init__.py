"""Trials: begun, moved on, answered and scored; their leaderboards."""
