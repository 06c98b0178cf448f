"""Events that happen to a city (leak, outage, accident, flood, faults ...), and scenarios."""
