"""Sun position and clear-sky irradiance: pure functions, tested against pvlib."""

import numpy as np

from zenata.city.readings import FloatArray

SOLAR_CONSTANT = 1361.0
"""Extraterrestrial irradiance at the mean distance [W m-2] (Kopp and Lean 2011, doi:10.1029/2010GL045777)."""

J2000 = 946_728_000.0
"""2000-01-01 12:00 UTC [s since the Unix epoch]."""


LOW_SUN = 0.065
"""Sine of the elevation (3.7 degrees) under which no direct beam is counted: its quotient is all error there."""


def sun_position(seconds: FloatArray, longitude: float, latitude: float) -> tuple[FloatArray, FloatArray]:
    """Return elevation without refraction, and azimuth clockwise from north, of the sun [deg].

    The Astronomical Almanac's low-precision formulas, good to 0.01 degrees from 1950 to 2050 (Michalsky 1988,
    doi:10.1016/0038-092X(88)90045-X).

    Parameters
    ----------
    seconds : ndarray, shape (n,) [s since the Unix epoch]
    longitude, latitude : float
        Of the observer, east and north positive [deg].
    """
    day = (seconds - J2000) / 86400
    anomaly = np.radians(357.528 + 0.9856003 * day)
    ecliptic = np.radians(280.460 + 0.9856474 * day + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.radians(23.439 - 4e-7 * day)
    ascension = np.arctan2(np.cos(obliquity) * np.sin(ecliptic), np.cos(ecliptic))
    declination = np.arcsin(np.sin(obliquity) * np.sin(ecliptic))
    sidereal = np.radians(15 * (6.697375 + 0.0657098242 * day + seconds / 3600 % 24) + longitude)
    angle, north = sidereal - ascension, np.radians(latitude)
    sine = np.sin(declination) * np.sin(north) + np.cos(declination) * np.cos(north) * np.cos(angle)
    azimuth = np.arctan2(-np.sin(angle), np.tan(declination) * np.cos(north) - np.sin(north) * np.cos(angle))
    return np.degrees(np.arcsin(sine)), np.degrees(azimuth) % 360


def extraterrestrial(seconds: FloatArray) -> FloatArray:
    """Return the irradiance above the air, normal to the sun [W m-2] (Spencer 1971, Search 2, 172)."""
    angle = 2 * np.pi * ((seconds / 86400) % 365.2425) / 365.2425
    nearness = 1.00011 + 0.034221 * np.cos(angle) + 0.00128 * np.sin(angle)
    nearness += 0.000719 * np.cos(2 * angle) + 0.000077 * np.sin(2 * angle)
    return np.asarray(SOLAR_CONSTANT * nearness)


def air_mass(elevation: FloatArray) -> FloatArray:
    """Return the relative optical air mass at `elevation` [deg] (Kasten and Young 1989, doi:10.1364/AO.28.004735)."""
    above = np.maximum(elevation, 0.0)
    return np.asarray(1 / (np.sin(np.radians(above)) + 0.50572 * (above + 6.07995) ** -1.6364))


def clear_sky(elevation: FloatArray, above: FloatArray, turbidity: float, altitude: float) -> FloatArray:
    """Return the global horizontal irradiance under a clear sky [W m-2].

    Ineichen and Perez (2002), equation 8, doi:10.1016/S0038-092X(02)00045-2, without the enhancement at high sun that
    its first coefficients already hold.

    Parameters
    ----------
    elevation : ndarray, shape (n,)
        Of the sun [deg].
    above : ndarray, shape (n,)
        Extraterrestrial irradiance [W m-2].
    turbidity : float
        Linke turbidity at air mass 2.
    altitude : float
        Of the site [m].
    """
    near, far = np.exp(-altitude / 8000), np.exp(-altitude / 1250)
    mass = air_mass(elevation) * np.exp(-altitude / 8434.5)
    through = np.exp(-(3.92e-5 * altitude + 0.0387) * mass * (near + far * (turbidity - 1)))
    horizontal = above * np.maximum(np.sin(np.radians(elevation)), 0.0)
    return np.asarray((5.09e-5 * altitude + 0.868) * horizontal * through)


def diffuse_share(clearness: FloatArray) -> FloatArray:
    """Return the diffuse share of global irradiance (Erbs et al. 1982, doi:10.1016/0038-092X(82)90302-4, eq. 1).

    Parameters
    ----------
    clearness : ndarray, shape (n,)
        Global over extraterrestrial horizontal irradiance.
    """
    middle = 0.9511 + clearness * (-0.1604 + clearness * (4.388 + clearness * (-16.638 + clearness * 12.336)))
    low, high = clearness <= 0.22, clearness > 0.80
    return np.asarray(np.where(low, 1 - 0.09 * clearness, np.where(high, 0.165, middle)))


def split(ghi: FloatArray, above: float, elevation: float) -> tuple[FloatArray, FloatArray]:
    """Return the direct normal and the diffuse horizontal part of a global horizontal irradiance [W m-2], shape (n,).

    Parameters
    ----------
    ghi : ndarray, shape (n,) [W m-2]
    above : float
        Extraterrestrial irradiance [W m-2].
    elevation : float
        Of the sun [deg].
    """
    sine = float(np.sin(np.radians(elevation)))
    if sine <= LOW_SUN:
        return np.zeros(len(ghi)), ghi
    diffuse = ghi * diffuse_share(ghi / (above * sine))
    return (ghi - diffuse) / sine, diffuse
