"""The city's vocabulary: quantities, kinds, districts, sensors, readings and clocks."""
