"""Physics of the city, a domain each: water, power, traffic, weather and the others."""
