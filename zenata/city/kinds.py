"""The kinds of sensors, as data: what each observes and how often."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A family of sensors.

    Parameters
    ----------
    name : str
        The word used in topics, sensor ids and queries.
    title : str
        What it is, for a person.
    properties : tuple of str
        What a sensor of this kind observes; keys of `zenata.city.quantities.QUANTITIES`.
    period : int
        Time between two regular messages [s].
    on_change : bool
        Whether it also publishes when an observed value changes; `period` is then its keep-alive.
    """

    name: str
    title: str
    properties: tuple[str, ...]
    period: int
    on_change: bool = False


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="weather",
            title="weather station",
            properties=("temperature", "humidity", "pressure", "wind_speed", "wind_direction", "rain", "ghi"),
            period=10,
        ),
        Kind(name="air", title="air quality station", properties=("no2", "pm10", "pm25", "o3", "so2"), period=60),
        Kind(name="noise", title="sound level meter", properties=("laeq",), period=60),
        Kind(name="traffic", title="traffic detector", properties=("flow", "speed", "occupancy"), period=60),
        Kind(name="parking", title="parking bay sensor", properties=("occupied",), period=3600, on_change=True),
        Kind(name="charger", title="electric vehicle charger", properties=("power", "energy", "occupied"), period=60),
        Kind(name="streetlight", title="street light", properties=("dim", "power", "illuminance"), period=900),
        Kind(name="pv", title="photovoltaic roof", properties=("power", "energy"), period=300),
        Kind(name="power", title="transformer station", properties=("voltage", "current", "power"), period=60),
        Kind(name="meter", title="electricity meter", properties=("power", "energy"), period=900),
        Kind(name="water", title="water network logger", properties=("head", "discharge", "volume"), period=300),
        Kind(name="waste", title="waste container", properties=("fill", "temperature"), period=900),
        Kind(name="crowd", title="crowd counter", properties=("people",), period=60),
        Kind(name="bus", title="bus", properties=("latitude", "longitude", "speed", "occupancy"), period=10),
    )
}
