"""The weather: a stochastic generator, and its interpolation."""
