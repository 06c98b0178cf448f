"""The challenges there are."""

from zenata.trials import air_alert, charging, incidents, leaks, lighting, parking, sensor_quality, waste_collection
from zenata.trials.challenge import Challenge

CHALLENGES: dict[str, Challenge] = {
    module.CHALLENGE.name: module.CHALLENGE
    for module in (leaks, sensor_quality, parking, air_alert, lighting, waste_collection, incidents, charging)
}
"""By name."""
