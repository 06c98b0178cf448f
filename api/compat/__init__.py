"""Routes that clients of other products know."""
