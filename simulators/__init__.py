"""The simulators service: worlds of simulated city sensors."""
