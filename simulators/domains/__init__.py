"""The fields of the city's physics, one module each: pure vectorised functions below, a thin state above."""
