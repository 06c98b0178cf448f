"""The embedded broker, and the broker's users and their rights."""
