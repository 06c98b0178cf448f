"""Running the embedded broker, and the rights of its users."""
