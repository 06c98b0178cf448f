"""Vocabulary: quantities, units, kinds, districts, sensors, readings, clocks; loads city packs."""
