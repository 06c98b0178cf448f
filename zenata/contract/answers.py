"""Answers of the challenges of trials."""

from typing import Annotated, Literal

from msgspec import Meta

from .base import Body, Name

Share = Annotated[float, Meta(ge=0, le=1)]


class LeakAnswer(Body, frozen=True, kw_only=True):
    """Leaks that were found in a step of `leak-detection`.

    Parameters
    ----------
    streets : list of str
        The street under which each leaks; a leak needs naming only once.
    """

    streets: Annotated[tuple[Name, ...], Meta(max_length=1000, examples=[["street-0033"]])]


class ParkingForecast(Body, frozen=True, kw_only=True):
    """Share of a district's parking bays that will be taken.

    Parameters
    ----------
    district : str
    minutes : int
        How far ahead [min]: 15 or 60.
    quantiles : list of float
        At the levels 0.1, 0.2 ... 0.9, ascending.
    """

    district: Annotated[Name, Meta(examples=["retail"])]
    minutes: int
    quantiles: Annotated[tuple[Share, ...], Meta(min_length=9, max_length=9)]


class ParkingAnswer(Body, frozen=True, kw_only=True):
    """Forecasts of a step of `parking-forecast`.

    Parameters
    ----------
    forecasts : list of ParkingForecast
        One for each district and time ahead; what is missing is taken from the climatology.
    """

    forecasts: Annotated[tuple[ParkingForecast, ...], Meta(max_length=1000)]


class AirAlert(Body, frozen=True, kw_only=True):
    """How likely a station is to exceed a limit within the next six hours.

    Parameters
    ----------
    station : str
    pollutant : str
    probability : float
        From 0 to 1.
    """

    station: Annotated[Name, Meta(examples=["air-0042"])]
    pollutant: Literal["no2", "pm10", "pm25", "o3"]
    probability: Share


class AirAnswer(Body, frozen=True, kw_only=True):
    """Warnings of a step of `air-alert`.

    Parameters
    ----------
    alerts : list of AirAlert
        One for each station and pollutant; what is missing is taken from the climatology.
    """

    alerts: Annotated[tuple[AirAlert, ...], Meta(max_length=1000)]


class SuspectSensor(Body, frozen=True, kw_only=True):
    """How sure a service is that a sensor is broken.

    Parameters
    ----------
    sensor : str
    score : float
        From 0 to 1; from 0.5 on it is an alarm.
    fault : str, optional
        How it is broken.
    """

    sensor: Annotated[Name, Meta(examples=["waste-0042"])]
    score: Share
    fault: Literal["stuck", "drift", "noise", "spike", "step", "gain"] | None = None


class SensorAnswer(Body, frozen=True, kw_only=True):
    """Sensors under suspicion in a step of `sensor-quality`.

    Parameters
    ----------
    suspects : list of SuspectSensor
        All others have a score of 0.
    """

    suspects: Annotated[tuple[SuspectSensor, ...], Meta(max_length=1000)]


class IncidentAnswer(Body, frozen=True, kw_only=True):
    """Accidents that were found in a step of `traffic-incident`.

    Parameters
    ----------
    streets : list of str
        The street that each blocks; an accident needs naming only once.
    """

    streets: Annotated[tuple[Name, ...], Meta(max_length=1000, examples=[["street-0033"]])]


class NoAnswer(Body, frozen=True, kw_only=True):
    """Of challenges that take commands alone, such as `street-lighting`."""
