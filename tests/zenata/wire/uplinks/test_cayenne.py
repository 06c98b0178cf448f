import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenata.errors import UplinkError
from zenata.wire.uplinks import cayenne
from zenata.wire.uplinks.base import Measure


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        # The examples of the format's own documentation.
        ("03 67 01 10 05 67 00 FF", {"temperature_3": Measure(27.2, "Cel"), "temperature_5": Measure(25.5, "Cel")}),
        (
            "06 71 04 D2 FB 2E 00 00",
            {
                "accelerometer_6_x": Measure(1.234),
                "accelerometer_6_y": Measure(-1.234),
                "accelerometer_6_z": Measure(0),
            },
        ),
        (
            "01 88 06 76 5F F2 96 0A 00 03 E8",
            {
                "gps_1_latitude": Measure(42.3519, "lat"),
                "gps_1_longitude": Measure(-87.9094, "lon"),
                "gps_1_altitude": Measure(10, "m"),
            },
        ),
        ("01 67 FF D7", {"temperature_1": Measure(-4.1, "Cel")}),
        ("00 00 01 01 01 64", {"digital_in_0": Measure(1), "digital_out_1": Measure(100)}),
        (
            "07 68 A0 08 73 27 06",
            {"relative_humidity_7": Measure(80, "%RH"), "barometric_pressure_8": Measure(999, "hPa")},
        ),
        ("02 65 FF FF 02 66 01", {"luminosity_2": Measure(65535, "lx"), "presence_2": Measure(1)}),
        ("01 02 FF 9C 01 03 00 64", {"analog_in_1": Measure(-1), "analog_out_1": Measure(1)}),
    ],
)
def test_every_type_is_read(message, expected):
    assert cayenne.decode(bytes.fromhex(message)).properties == expected


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", "no bytes"),
        ("03", "no type"),
        ("03 63 00", "type 99"),
        ("03 67 01", "has fewer"),
    ],
)
def test_what_is_none_says_why(message, reason):
    with pytest.raises(UplinkError, match=reason):
        cayenne.decode(bytes.fromhex(message))


@given(
    st.sets(st.integers(0, 255), min_size=1), st.sampled_from(sorted(cayenne.TYPES)), st.binary(min_size=9, max_size=9)
)
def test_each_channel_has_its_own_properties(channels, type_, data):
    size = sum(part.size for part in cayenne.TYPES[type_].parts)
    message = b"".join(bytes((channel, type_)) + data[:size] for channel in sorted(channels))
    parts = len(cayenne.TYPES[type_].parts)
    members = cayenne.decode(message)
    if type_ == 133:  # a time
        assert len(members.left_out) == len(channels)
    elif len(channels) * parts <= 256:
        assert len(members.properties) == len(channels) * parts
    else:
        assert "properties in one message" in members.left_out[0].reason


# Sizes and steps as in the public table of the extended types (ElectronicCats CayenneLPP 1.4).
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("03 67 01 10 01 74 01 40", {"temperature_3": Measure(27.2, "Cel"), "voltage_1": Measure(3.2, "V")}),
        ("01 64 FF FF FF FF", {"generic_1": Measure(2**32 - 1)}),
        ("01 75 00 64", {"current_1": Measure(0.1, "A")}),
        ("01 76 00 00 00 32", {"frequency_1": Measure(50, "Hz")}),
        ("01 78 64", {"percentage_1": Measure(100, "%")}),
        ("01 79 FF F6", {"altitude_1": Measure(-10, "m")}),
        ("01 7D 01 90", {"concentration_1": Measure(400, "ppm")}),
        ("01 80 03 E8", {"power_1": Measure(1000, "W")}),
        ("01 82 00 00 03 E8", {"distance_1": Measure(1, "m")}),
        ("01 83 00 00 03 E8", {"energy_1": Measure(1, "kWh")}),
        ("01 84 01 0E", {"direction_1": Measure(270, "deg")}),
        (
            "01 87 FF 80 00",
            {"colour_1_red": Measure(255), "colour_1_green": Measure(128), "colour_1_blue": Measure(0)},
        ),
        ("01 8E 01", {"switch_1": Measure(1)}),
        ("03 67 01 10 03 67 01 11", {"temperature_3": Measure(27.2, "Cel"), "temperature_3_2": Measure(27.3, "Cel")}),
    ],
)
def test_t11_the_extended_types_and_repeated_channels_are_read(message, expected):
    assert cayenne.decode(bytes.fromhex(message)) == (expected, [])


def test_t11_what_comes_before_an_unknown_type_is_stored():
    properties, (left_out,) = cayenne.decode(bytes.fromhex("03 67 01 10 05 63 00"))
    assert properties == {"temperature_3": Measure(27.2, "Cel")}
    assert (left_out.name, left_out.rejected) == ("byte 4", True)
    assert "type 99, with 3 bytes not read" in left_out.reason
