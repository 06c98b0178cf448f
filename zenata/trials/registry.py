"""The challenges there are."""

from zenata.trials import leaks, lighting, parking, sensor_quality
from zenata.trials.challenge import Challenge

CHALLENGES: dict[str, Challenge] = {
    module.CHALLENGE.name: module.CHALLENGE for module in (leaks, sensor_quality, parking, lighting)
}
"""By name."""
