"""What the city is: districts, kinds, sensors, the map."""
