"""The quantities a city observes, each with its SenML unit and the range it can plausibly take.

Units are those of the SenML registries (RFC 8428 section 12.1, RFC 8798). A reading outside the range is a fault of
the sensor or of the message, not a rare event.
"""

from dataclasses import dataclass

SENML_UNITS = frozenset(
    # RFC 8428, section 12.1 (the primary units in use for cities)
    "m kg g s A K cd mol Hz rad sr N Pa J W C V F Ohm S Wb T H Cel lm lx Bq Gy Sv kat m2 m3 l m/s m/s2 m3/s l/s W/m2 "
    "cd/m2 bit bit/s lat lon pH dB dBW Bspl count / % %RH %EL EL 1/s 1/min beat/min beats S/m "
    # RFC 8798, sections 2 and 3 (additional primary and secondary units)
    "B VA VAs var vars J/m kg/m3 deg ms min h MHz kW kVA kvar Ah Wh kWh varh kvarh kVAh Wh/km KiB GB Mbit/s B/s MB/s "
    "mV mA dBm ug/m3 mm/h m/h ppm /100 /1000 hPa mm cm km km/h".split()
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantity:
    """What a property measures.

    Parameters
    ----------
    unit : str
        SenML unit.
    low, high : float
        Plausible range, in `unit`, both ends included.
    digits : int
        Decimals a reading carries.
    title : str
        What it is, for a person.
    """

    unit: str
    low: float
    high: float
    digits: int
    title: str


QUANTITIES: dict[str, Quantity] = {
    # weather
    "temperature": Quantity(unit="Cel", low=-15, high=60, digits=1, title="air temperature"),
    "humidity": Quantity(unit="%RH", low=0, high=100, digits=0, title="relative humidity"),
    "pressure": Quantity(unit="hPa", low=900, high=1070, digits=1, title="atmospheric pressure"),
    "wind_speed": Quantity(unit="m/s", low=0, high=60, digits=1, title="wind speed"),
    "wind_direction": Quantity(unit="deg", low=0, high=360, digits=0, title="direction the wind comes from"),
    "rain": Quantity(unit="mm/h", low=0, high=300, digits=1, title="rain intensity"),
    "ghi": Quantity(unit="W/m2", low=0, high=1500, digits=0, title="global horizontal irradiance"),
    # air
    "no2": Quantity(unit="ug/m3", low=0, high=2000, digits=1, title="nitrogen dioxide"),
    "pm10": Quantity(unit="ug/m3", low=0, high=3000, digits=1, title="particles under 10 um"),
    "pm25": Quantity(unit="ug/m3", low=0, high=2000, digits=1, title="particles under 2.5 um"),
    "o3": Quantity(unit="ug/m3", low=0, high=1000, digits=1, title="ozone"),
    "so2": Quantity(unit="ug/m3", low=0, high=3000, digits=1, title="sulphur dioxide"),
    # noise
    "laeq": Quantity(unit="dB", low=20, high=130, digits=1, title="equivalent A-weighted sound level"),
    # traffic
    "flow": Quantity(unit="1/min", low=0, high=300, digits=1, title="vehicles passing per minute"),
    "speed": Quantity(unit="km/h", low=0, high=250, digits=1, title="mean speed"),
    "occupancy": Quantity(unit="/", low=0, high=1, digits=3, title="share of the time, or of the places, taken"),
    # parking, chargers
    "occupied": Quantity(unit="/", low=0, high=1, digits=0, title="1 when a vehicle stands there, else 0"),
    "energy": Quantity(unit="kWh", low=0, high=1e9, digits=3, title="energy counted since installation"),
    "requested": Quantity(unit="kWh", low=0, high=1000, digits=1, title="energy the vehicle still wants"),
    "departure": Quantity(
        unit="min", low=0, high=100000, digits=0, title="time until the vehicle leaves, 0 without one"
    ),
    # light, power
    "power": Quantity(unit="W", low=-1e7, high=1e7, digits=1, title="active power, positive when consumed"),
    "dim": Quantity(unit="/", low=0, high=1, digits=2, title="dimming level, 1 is full light"),
    "illuminance": Quantity(unit="lx", low=0, high=200000, digits=0, title="illuminance"),
    "voltage": Quantity(unit="V", low=0, high=100000, digits=1, title="voltage"),
    "current": Quantity(unit="A", low=0, high=10000, digits=2, title="current"),
    # water
    "head": Quantity(unit="m", low=0, high=300, digits=2, title="water pressure as head above the pipe"),
    "discharge": Quantity(unit="l/s", low=-5000, high=5000, digits=3, title="water flow along the pipe"),
    "volume": Quantity(unit="m3", low=0, high=1e9, digits=3, title="volume counted since installation"),
    # waste, crowd, bus
    "fill": Quantity(unit="/", low=0, high=1, digits=2, title="share of the container that is full"),
    "overflow": Quantity(unit="kg", low=0, high=100000, digits=0, title="waste that lies beside the container"),
    "people": Quantity(unit="count", low=0, high=100000, digits=0, title="people present"),
    "latitude": Quantity(unit="lat", low=-90, high=90, digits=6, title="latitude, WGS 84"),
    "longitude": Quantity(unit="lon", low=-180, high=180, digits=6, title="longitude, WGS 84"),
}
