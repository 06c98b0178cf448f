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
    assert cayenne.decode(bytes.fromhex(message)) == expected


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", "no bytes"),
        ("03", "no type"),
        ("03 63 00", "type 99"),
        ("03 67 01", "ends before"),
        ("03 67 01 10 03 67 01 10", "two members"),
    ],
)
def test_what_is_none_says_why(message, reason):
    with pytest.raises(UplinkError, match=reason):
        cayenne.decode(bytes.fromhex(message))


@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(data):
    try:
        assert cayenne.decode(data)
    except UplinkError as error:
        assert str(error)


@given(
    st.sets(st.integers(0, 255), min_size=1), st.sampled_from(sorted(cayenne.TYPES)), st.binary(min_size=9, max_size=9)
)
def test_each_channel_has_its_own_properties(channels, type_, data):
    size = sum(part.size for part in cayenne.TYPES[type_].parts)
    message = b"".join(bytes((channel, type_)) + data[:size] for channel in sorted(channels))
    parts = len(cayenne.TYPES[type_].parts)
    if len(channels) * parts <= 256:
        assert len(cayenne.decode(message)) == len(channels) * parts
    else:
        with pytest.raises(UplinkError, match="properties in one message"):
            cayenne.decode(message)
