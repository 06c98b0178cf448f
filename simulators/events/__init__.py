"""What can happen to a city: events, and the scenarios they make up."""
