"""The kinds of sensors, as data: what each observes, how often, and its setpoints."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """A setpoint of a device; it holds until the device goes back to its own control.

    Parameters
    ----------
    name : str
        The word in commands.
    unit : str
        SenML unit, or what is usual where there is none.
    low, high : float
        Range, in `unit`, both ends included.
    title : str
        What it does, for a person.
    limit : str or None
        Attribute of the sensor that bounds it too, such as its rated power.
    needs : str or None
        Attribute without which a sensor of the kind does not have it.
    whole : bool
        Whether only whole numbers are meant.
    """

    name: str
    unit: str
    low: float
    high: float
    title: str
    limit: str | None = None
    needs: str | None = None
    whole: bool = False


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
    settings : tuple of Setting
        What it obeys.
    """

    name: str
    title: str
    properties: tuple[str, ...]
    period: int
    on_change: bool = False
    settings: tuple[Setting, ...] = ()


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
        Kind(
            name="traffic",
            title="traffic detector",
            properties=("flow", "speed", "occupancy"),
            period=60,
            settings=(
                Setting(
                    name="split",
                    unit="/",
                    low=0.1,
                    high=0.9,
                    title="share of the cycle that the signal at the end of the detector's street gives that street",
                ),
            ),
        ),
        Kind(
            name="parking",
            title="parking bay sensor",
            properties=("occupied",),
            period=3600,
            on_change=True,
            settings=(Setting(name="price", unit="MAD/h", low=0, high=50, title="price of standing there"),),
        ),
        Kind(
            name="charger",
            title="electric vehicle charger",
            properties=("power", "energy", "occupied", "requested", "departure"),
            period=60,
            settings=(
                Setting(name="limit", unit="W", low=0, high=1e6, limit="watts", title="most that it may draw"),
                Setting(
                    name="stop",
                    unit="/",
                    low=0,
                    high=1,
                    whole=True,
                    title="1 pauses the session and takes no other, 0 resumes it",
                ),
            ),
        ),
        Kind(
            name="streetlight",
            title="street light",
            properties=("dim", "power", "illuminance"),
            period=900,
            settings=(Setting(name="dim", unit="/", low=0, high=1, title="dimming level, 1 is full light"),),
        ),
        Kind(
            name="pv",
            title="photovoltaic roof",
            properties=("power", "energy"),
            period=300,
            settings=(
                Setting(name="limit", unit="W", low=0, high=1e6, limit="watts_peak", title="most it may feed in"),
            ),
        ),
        Kind(name="power", title="transformer station", properties=("voltage", "current", "power"), period=60),
        Kind(name="meter", title="electricity meter", properties=("power", "energy"), period=900),
        Kind(
            name="water",
            title="water network logger",
            properties=("head", "discharge", "volume"),
            period=300,
            settings=(
                Setting(
                    name="valve",
                    unit="/",
                    low=0,
                    high=1,
                    whole=True,
                    needs="street",
                    title="0 shuts the pipe under its street at both ends, 1 opens it",
                ),
                Setting(
                    name="pumps",
                    unit="count",
                    low=0,
                    high=2,
                    whole=True,
                    needs="supply",
                    title="how many of its tank's pumps run",
                ),
            ),
        ),
        Kind(
            name="waste",
            title="waste container",
            properties=("fill", "temperature", "overflow"),
            period=900,
            settings=(
                Setting(
                    name="empty",
                    unit="/",
                    low=0,
                    high=1,
                    whole=True,
                    title="1 orders a truck, once; 0 leaves it out of the rounds",
                ),
                Setting(
                    name="truck",
                    unit="count",
                    low=1,
                    high=100,
                    whole=True,
                    title="number of the truck that comes; another comes where it does not go out",
                ),
                Setting(
                    name="rank",
                    unit="count",
                    low=0,
                    high=1e6,
                    whole=True,
                    title="place in its truck's tour, lowest first",
                ),
            ),
        ),
        Kind(name="crowd", title="crowd counter", properties=("people",), period=60),
        Kind(name="bus", title="bus", properties=("latitude", "longitude", "speed", "occupancy"), period=10),
    )
}
