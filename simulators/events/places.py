"""Where events act: from the ids that people write to positions in the city."""

from zenata.city.model import City
from zenata.errors import ScenarioError


def street_of(city: City, target: str) -> int:
    """Return the position in ``city.streets`` of a street, or of that in which a sensor stands.

    Raises
    ------
    ScenarioError
        If it is neither.
    """
    sensor = city.sensor_by_id.get(target)
    name = str(sensor.attributes.get("street", "")) if sensor else target
    for place, street in enumerate(city.streets):
        if street.id == name:
            return place
    raise ScenarioError(f"{target!r} is no street, and no sensor in one: see the streets of the city")
