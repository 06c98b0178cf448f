"""The challenges there are."""

from zenata.trials import leaks, parking, sensor_quality
from zenata.trials.challenge import Challenge

CHALLENGES: dict[str, Challenge] = {
    module.CHALLENGE.name: module.CHALLENGE for module in (leaks, sensor_quality, parking)
}
"""By name."""
